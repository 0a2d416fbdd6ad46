#include "serve/parameters.h"

#include <algorithm>

#include "absl/status/status.h"
#include "tallystick/event.h"

namespace tallystick::tools {

std::optional<Response> RefuseUnknownParameters(const Query& query, std::initializer_list<std::string_view> known) {
  for (const Query::Parameter& parameter : query.parameters()) {
    if (std::find(known.begin(), known.end(), parameter.name) != known.end()) continue;
    return ErrorResponse(400, "unknown_parameter", "there is no such parameter", parameter.name);
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<std::string>> OneValue(const Query& query, std::string_view name) {
  std::optional<std::string> value;
  for (const Query::Parameter& parameter : query.parameters()) {
    if (parameter.name != name) continue;
    if (value.has_value()) return absl::InvalidArgumentError("is given twice");
    value = parameter.value;
  }
  return value;
}

absl::StatusOr<std::vector<std::string>> AllValues(const Query& query, std::string_view name) {
  std::vector<std::string> values;
  for (const Query::Parameter& parameter : query.parameters()) {
    if (parameter.name != name) continue;
    if (parameter.value.empty()) return absl::InvalidArgumentError("must not be empty");
    values.push_back(parameter.value);
  }
  return values;
}

absl::StatusOr<absl::Time> TimeValue(const Query& query, std::string_view name, absl::Time otherwise) {
  const absl::StatusOr<std::optional<std::string>> text = OneValue(query, name);
  if (!text.ok()) return text.status();
  if (!text->has_value()) return otherwise;
  absl::StatusOr<absl::Time> time = ParseTimestamp(**text);
  if (!time.ok() && (*text)->find(' ') != std::string::npos) {
    return absl::InvalidArgumentError(std::string(time.status().message()) + "; a plus sign is written %2B here");
  }
  return time;
}

}  // namespace tallystick::tools
