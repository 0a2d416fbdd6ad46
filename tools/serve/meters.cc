#include "serve/meters.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "meter_text.h"
#include "serve/message.h"
#include "serve/meter_body.h"
#include "serve/parameters.h"
#include "serve/url.h"
#include "tallystick/meter.h"
#include "tallystick/write.h"

namespace tallystick::tools {
namespace {

constexpr char kPath[] = "/api/usage-metrics";
constexpr char kJson[] = "application/json";

// Of the rows of one answer, together.
constexpr std::size_t kRowsBytesMax = 16 * 1024 * 1024;

std::string ToJson(const DeclaredMeter& meter) {
  std::string json = "{\"name\":\"" + meter.name + "\",";
  AppendDefinition(meter.meter, &json);
  json += meter.complete ? ",\"state\":\"complete\"}"
                         : ",\"state\":\"building\",\"eventsRead\":" + std::to_string(meter.events_read) + "}";
  return json;
}

absl::StatusOr<DeclaredMeter> Find(const Store& store, const Request& request, const std::string& name) {
  absl::StatusOr<std::vector<DeclaredMeter>> meters = store.Meters(request.account);
  if (!meters.ok()) return meters.status();
  const auto found =
      std::find_if(meters->begin(), meters->end(), [&name](const DeclaredMeter& meter) { return meter.name == name; });
  if (found == meters->end()) return absl::NotFoundError("there is no meter of this name");
  return std::move(*found);
}

Response Refused(const Rejection& rejection) {
  return {.status = 400, .body = "{\"error\":" + ErrorObject(rejection) + "}"};
}

Response Define(Store* store, const Request& request) {
  if (std::optional<Response> refusal = RefuseUnknownParameters(request.query, {})) return *std::move(refusal);
  DeclaredMeter meter;
  if (const auto rejection = ReadMeter(request.body, &meter.name, &meter.meter)) return Refused(*rejection);
  const absl::StatusOr<Outcome> outcome = store->DefineMeter(request.account, meter.name, meter.meter);
  if (!outcome.ok()) return ErrorResponse(outcome.status(), "/name");
  absl::StatusOr<DeclaredMeter> defined = Find(*store, request, meter.name);
  if (absl::IsNotFound(defined.status())) defined = std::move(meter);  // another client has dropped it since
  if (!defined.ok()) return ErrorResponse(defined.status());
  Response answer{.status = *outcome == Outcome::kCreated ? 201 : 200, .body = ToJson(*defined)};
  answer.headers.emplace_back("Location", std::string(kPath) + "/" + PercentEncode(defined->name));
  answer.headers.emplace_back("Tallystick-Outcome", OutcomeName(*outcome));
  return answer;
}

Response List(const Store& store, const Request& request) {
  if (std::optional<Response> refusal = RefuseUnknownParameters(request.query, {})) return *std::move(refusal);
  const absl::StatusOr<std::vector<DeclaredMeter>> meters = store.Meters(request.account);
  if (!meters.ok()) return ErrorResponse(meters.status());
  Response answer{.body = "{\"items\":["};
  for (const DeclaredMeter& meter : *meters) {
    if (answer.body.back() != '[') answer.body += ',';
    answer.body += ToJson(meter);
  }
  answer.body += "]}";
  return answer;
}

Response Get(const Store& store, const Request& request) {
  if (std::optional<Response> refusal = RefuseUnknownParameters(request.query, {})) return *std::move(refusal);
  const absl::StatusOr<DeclaredMeter> meter = Find(store, request, request.path_values.front());
  if (!meter.ok()) return ErrorResponse(meter.status());
  return {.body = ToJson(*meter)};
}

Response Drop(Store* store, const Request& request) {
  if (std::optional<Response> refusal = RefuseUnknownParameters(request.query, {})) return *std::move(refusal);
  const std::string& name = request.path_values.front();
  const absl::Status dropped = store->DropMeter(request.account, name);
  if (absl::IsNotFound(dropped)) return ErrorResponse(absl::NotFoundError("there is no meter of this name"));
  if (!dropped.ok()) return ErrorResponse(dropped);
  return {.body = "{\"name\":\"" + name + "\",\"outcome\":\"dropped\"}"};
}

// `query` is in order but for its time zone, at `zone_pointer`.
Response Calculate(const Store& store, QueryOptions query, std::string_view zone_error, std::string_view zone_pointer) {
  query.threads = 1;  // the readers are threads enough: one question must not take the time of all the others
  const absl::StatusOr<Usage> usage = store.Query(query);
  if (absl::IsInvalidArgument(usage.status())) {
    return ErrorResponse(400, zone_error, std::string(usage.status().message()), zone_pointer);
  }
  if (absl::IsOutOfRange(usage.status())) {
    return ErrorResponse(422, "out_of_range", std::string(usage.status().message()));
  }
  if (!usage.ok()) return ErrorResponse(usage.status());
  Response answer{.body = "{\"groupBy\":"};
  AppendStrings(usage->group_by, &answer.body);
  answer.body += ",\"items\":[";
  for (const UsageRow& row : usage->rows) {
    if (answer.body.back() != '[') answer.body += ',';
    AppendRow(row, usage->group_by, &answer.body);
    if (answer.body.size() > kRowsBytesMax) {
      return ErrorResponse(422, "too_many_rows",
                           "the rows have more than " + std::to_string(kRowsBytesMax) +
                               " bytes: ask for a shorter range, wider windows or fewer groups");
    }
  }
  answer.body += "],\"skipped\":" + std::to_string(usage->skipped);
  answer.body += usage->from_rollups ? ",\"fromRollups\":true" : ",\"fromRollups\":false";
  answer.body += ",\"eventsRead\":" + std::to_string(usage->events_read) + "}";
  return answer;
}

Response CalculateAdHoc(const Store& store, const Request& request) {
  if (std::optional<Response> refusal = RefuseUnknownParameters(request.query, {})) return *std::move(refusal);
  QueryOptions query{.account = request.account};
  if (const auto rejection = ReadQuery(request.body, &query)) return Refused(*rejection);
  return Calculate(store, std::move(query), RejectReasonName(RejectReason::kInvalidValue), "/timezone");
}

// Some of the meter's own properties, none of them for one `groupBy` with nothing in it, or all when it is not given.
absl::StatusOr<std::optional<std::vector<std::string>>> GroupByOf(const Query& query, const Meter& meter) {
  std::vector<std::string> names;
  for (const Query::Parameter& parameter : query.parameters()) {
    if (parameter.name == "groupBy") names.push_back(parameter.value);
  }
  if (names.empty()) return std::optional<std::vector<std::string>>();
  if (names == std::vector<std::string>{""}) return std::optional(std::vector<std::string>());
  std::set<std::string_view> seen;
  for (const std::string& name : names) {
    if (std::find(meter.group_by.begin(), meter.group_by.end(), name) == meter.group_by.end()) {
      return absl::InvalidArgumentError("must be one of the properties that the meter is grouped by");
    }
    if (!seen.insert(name).second) return absl::InvalidArgumentError("names a property twice");
  }
  return std::optional(std::move(names));
}

absl::StatusOr<std::optional<Window>> WindowOf(const Query& query) {
  const absl::StatusOr<std::optional<std::string>> text = OneValue(query, "window");
  if (!text.ok()) return text.status();
  if (!text->has_value()) return std::optional<Window>();
  const auto window = Windows().find(**text);
  if (window == Windows().end()) return absl::InvalidArgumentError("must be minute, hour, day or month");
  return std::optional(window->second);
}

absl::StatusOr<std::string> ZoneOf(const Query& query, const std::string& otherwise) {
  absl::StatusOr<std::optional<std::string>> text = OneValue(query, "timezone");
  if (!text.ok()) return text.status();
  return std::move(*text).value_or(otherwise);
}

Response CalculateDeclared(const Store& store, const Request& request) {
  const Query& asked = request.query;
  if (auto refusal = RefuseUnknownParameters(asked, {"customerAlias", "from", "to", "window", "timezone", "groupBy"})) {
    return *std::move(refusal);
  }
  QueryOptions query{.account = request.account, .declared = request.path_values.front()};
  if (auto bad = Take("customerAlias", AllValues(asked, "customerAlias"), &query.customer_aliases)) return *bad;
  if (auto bad = Take("from", TimeValue(asked, "from", query.from), &query.from)) return *bad;
  if (auto bad = Take("to", TimeValue(asked, "to", query.to), &query.to)) return *bad;
  if (auto bad = Take("window", WindowOf(asked), &query.window)) return *bad;
  if (auto bad = Take("timezone", ZoneOf(asked, query.time_zone), &query.time_zone)) return *bad;
  const absl::StatusOr<DeclaredMeter> meter = Find(store, request, query.declared);
  if (!meter.ok()) return ErrorResponse(meter.status());
  if (auto bad = Take("groupBy", GroupByOf(asked, meter->meter), &query.group_by)) return *bad;
  return Calculate(store, std::move(query), "invalid_request", "timezone");
}

}  // namespace

std::vector<Route> MeterRoutes(Store* store, Workers* readers, Workers* writers) {
  const std::string path = kPath;
  return {
      {.method = "GET", .path = path, .handler = readers->Handling([store](const Request& request) {
         return List(*store, request);
       })},
      {.method = "POST",
       .path = path,
       .body_bytes_max = kMeterBytesMax,
       .media_types = {kJson},
       .handler = writers->Handling([store](const Request& request) { return Define(store, request); })},
      {.method = "POST",
       .path = path + "/calculate",
       .body_bytes_max = kMeterBytesMax,
       .media_types = {kJson},
       .handler = readers->Handling([store](const Request& request) { return CalculateAdHoc(*store, request); })},
      {.method = "GET", .path = path + "/{name}", .handler = readers->Handling([store](const Request& request) {
         return Get(*store, request);
       })},
      {.method = "DELETE", .path = path + "/{name}", .handler = writers->Handling([store](const Request& request) {
         return Drop(store, request);
       })},
      {.method = "GET",
       .path = path + "/{name}/calculate",
       .handler = readers->Handling([store](const Request& request) { return CalculateDeclared(*store, request); })},
  };
}

}  // namespace tallystick::tools
