// The parameters of a query, as calls take them.

#ifndef TALLYSTICK_TOOLS_SERVE_PARAMETERS_H_
#define TALLYSTICK_TOOLS_SERVE_PARAMETERS_H_

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "serve/message.h"
#include "serve/url.h"

namespace tallystick::tools {

// 400 for the first parameter that is none of `known`: a filter that is misspelt must not widen the answer.
std::optional<Response> RefuseUnknownParameters(const Query& query, std::initializer_list<std::string_view> known);

// Errors of the functions below are INVALID_ARGUMENT; the message does not name the parameter.

// Of a parameter that is given once at most.
absl::StatusOr<std::optional<std::string>> OneValue(const Query& query, std::string_view name);

// Of one that may be given again; each has something in it.
absl::StatusOr<std::vector<std::string>> AllValues(const Query& query, std::string_view name);

// An RFC 3339 date-time; `otherwise` when it is not given.
absl::StatusOr<absl::Time> TimeValue(const Query& query, std::string_view name, absl::Time otherwise);

// Puts what one of them found into `*field`, or says what is wrong with it.
template <typename Value, typename Field>
std::optional<Response> Take(std::string_view name, absl::StatusOr<Value> value, Field* field) {
  if (!value.ok()) return ErrorResponse(value.status(), name);
  *field = *std::move(value);
  return std::nullopt;
}

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_SERVE_PARAMETERS_H_
