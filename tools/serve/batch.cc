#include "serve/batch.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "serve/events.h"
#include "serve/parameters.h"
#include "tallystick/event.h"
#include "tallystick/write.h"

namespace tallystick::tools {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// The lines that are not blank, without their ends: as `tallystick import` takes them.
absl::StatusOr<std::vector<std::string_view>> SplitLines(std::string_view text, std::size_t lines_max) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (lines.size() == lines_max) return absl::OutOfRangeError("");
    lines.push_back(line);
  }
  return lines;
}

void AppendOutcome(const WriteResult& result, std::string* json) {
  *json += "{\"outcome\":\"";
  *json += OutcomeName(result.outcome);
  *json += '"';
  if (result.sequence > 0) *json += ",\"id\":\"" + result.id.ToString() + "\"";
  if (result.superseded_id.has_value()) *json += ",\"supersededId\":\"" + result.superseded_id->ToString() + "\"";
  if (result.rejection.has_value()) *json += ",\"error\":" + ErrorObject(*result.rejection);
  *json += '}';
}

std::string Outcomes(const std::vector<WriteResult>& results) {
  std::string json = "\"outcomes\":[";
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (i > 0) json += ',';
    AppendOutcome(results[i], &json);
  }
  json += ']';
  return json;
}

// What an atomic batch is refused for: its first rejected event, the pointer leading there from the whole batch.
Response RefusedBatch(const std::vector<WriteResult>& results) {
  const auto rejected = std::find_if(results.begin(), results.end(),
                                     [](const WriteResult& result) { return result.rejection.has_value(); });
  Rejection rejection = *rejected->rejection;
  rejection.pointer = "/" + std::to_string(rejected - results.begin()) + rejection.pointer;
  rejection.offset.reset();  // it counts from the event's beginning
  return {.status = 400, .body = "{\"error\":" + ErrorObject(rejection) + "," + Outcomes(results) + "}"};
}

}  // namespace

Response StoreBatch(Store* store, const Request& request) {
  if (std::optional<Response> refusal = RefuseUnknownParameters(request.query, {"atomic"})) return *std::move(refusal);
  const absl::StatusOr<std::optional<std::string>> atomic = OneValue(request.query, "atomic");
  if (!atomic.ok()) return ErrorResponse(atomic.status(), "atomic");
  if (atomic->has_value() && *atomic != "true" && *atomic != "false") {
    return ErrorResponse(400, "invalid_request", "must be true or false", "atomic");
  }

  const bool lines = request.media_type == kNdjson;
  const absl::StatusOr<std::vector<std::string_view>> documents =
      lines ? SplitLines(request.body, kBatchEventsMax) : SplitJsonArray(request.body, kBatchEventsMax);
  if (absl::IsOutOfRange(documents.status())) {
    return ErrorResponse(413, "too_large", "the batch has more than " + std::to_string(kBatchEventsMax) + " events");
  }
  if (!documents.ok()) return ErrorResponse(400, "invalid_json", std::string(documents.status().message()));

  const BatchMode mode = *atomic == "true" ? BatchMode::kAtomic : BatchMode::kPartial;
  const absl::StatusOr<std::vector<WriteResult>> results =
      store->WriteJson(request.account, *documents, {.durability = Durability::kSynced, .mode = mode});
  if (!results.ok()) return ErrorResponse(results.status());
  const bool refused = mode == BatchMode::kAtomic &&
                       std::any_of(results->begin(), results->end(),
                                   [](const WriteResult& result) { return result.outcome == Outcome::kRejected; });
  if (refused) return RefusedBatch(*results);
  return {.body = "{" + Outcomes(*results) + "}"};
}

}  // namespace tallystick::tools
