// The values that group events, as bytes: in an order that is that of the groups, and of which no two groups share any.

#ifndef TALLYSTICK_LIB_ENCODING_GROUP_H_
#define TALLYSTICK_LIB_ENCODING_GROUP_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace tallystick {

// Adds one value to a group. Groups of equally many values compare by memcmp as their values do, one after the other,
// an absent one before all texts. Costs two bytes more than the text, and one for each zero byte in it.
void AppendGroupValue(std::optional<std::string_view> value, std::string* group);

// The values of a group. DATA_LOSS when it does not decode.
absl::StatusOr<std::vector<std::optional<std::string>>> DecodeGroup(std::string_view group);

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_ENCODING_GROUP_H_
