#include "serve/events.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "serve/batch.h"
#include "serve/event_page.h"
#include "serve/message.h"
#include "serve/parameters.h"
#include "serve/url.h"
#include "tallystick/event.h"
#include "tallystick/write.h"

namespace tallystick::tools {
namespace {

constexpr char kPath[] = "/api/usage-events";
constexpr char kJson[] = "application/json";

// The stored event, which a retry gets too.
Response AnswerOf(const absl::StatusOr<WriteResult>& result) {
  if (absl::IsUnavailable(result.status())) return Overloaded();
  if (!result.ok()) return ErrorResponse(result.status());
  if (result->rejection.has_value()) {
    return {.status = 400, .body = "{\"error\":" + ErrorObject(*result->rejection) + "}"};
  }
  const StoredEvent& event = **result->event;
  Response answer{.status = 201, .body = ToJson(event)};
  answer.headers.emplace_back("Location", std::string(kPath) + "/" + PercentEncode(event.customer_event_id));
  answer.headers.emplace_back("Tallystick-Outcome", OutcomeName(result->outcome));
  return answer;
}

void Post(Gatherer* gatherer, Request request, Respond respond) {
  if (std::optional<Response> refusal = RefuseUnknownParameters(request.query, {})) return respond(*std::move(refusal));
  gatherer->Add(
      request.account, std::move(request.body),
      [respond = std::move(respond)](const absl::StatusOr<WriteResult>& result) mutable { respond(AnswerOf(result)); });
}

Response Get(const Store& store, const Request& request) {
  if (std::optional<Response> refusal = RefuseUnknownParameters(request.query, {})) return *std::move(refusal);
  const absl::StatusOr<OwnedEvent> event = store.Get(request.account, request.path_values.front());
  if (!event.ok()) return ErrorResponse(event.status());
  return {.body = ToJson(**event)};
}

}  // namespace

std::vector<Route> EventRoutes(const EventServices& services) {
  Store* const store = services.store;
  Gatherer* const gatherer = services.gatherer;
  return {
      {.method = "POST",
       .path = kPath,
       .body_bytes_max = kEventJsonBytesMax,
       .media_types = {kJson},
       .handler = [gatherer](Request request,
                             Respond respond) { Post(gatherer, std::move(request), std::move(respond)); }},
      {.method = "POST",
       .path = std::string(kPath) + "/batch",
       .body_bytes_max = kBatchBytesMax,
       .media_types = {kJson, kNdjson},
       .handler = services.writers->Handling([store](const Request& request) { return StoreBatch(store, request); })},
      {.method = "GET", .path = kPath, .handler = services.readers->Handling([store](const Request& request) {
         return ListEvents(*store, request);
       })},
      {.method = "GET",
       .path = std::string(kPath) + "/{customerEventId}",
       .handler = services.readers->Handling([store](const Request& request) { return Get(*store, request); })},
  };
}

}  // namespace tallystick::tools
