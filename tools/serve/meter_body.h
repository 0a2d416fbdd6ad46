// The bodies that say what a meter is, and what is asked of it: JSON objects.

#ifndef TALLYSTICK_TOOLS_SERVE_METER_BODY_H_
#define TALLYSTICK_TOOLS_SERVE_METER_BODY_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "tallystick/meter.h"
#include "tallystick/write.h"

namespace tallystick::tools {

inline constexpr std::size_t kMeterBytesMax = 64 * 1024;

// A meter and its name: `name`, `eventType`, `aggregation`, and where they are wanted `property`, `groupBy` and
// `filter`. Returns what is wrong with the body, in the terms of an event's rejection. A null is as no member.
std::optional<Rejection> ReadMeter(std::string_view body, std::string* name, Meter* meter);

// A meter, without a name, and what is asked of it: `customerAlias` (a string, or an array of them), `from`, `to`,
// `window`, `timezone`. Likewise. What is left for the store to say no to is the time zone.
std::optional<Rejection> ReadQuery(std::string_view body, QueryOptions* query);

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_SERVE_METER_BODY_H_
