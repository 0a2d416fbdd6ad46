#include <utility>

#include "lib/base/status_macros.h"
#include "lib/metering/kept_meters.h"
#include "lib/query/reads.h"

namespace tallystick::query {

absl::StatusOr<std::vector<DeclaredMeter>> Meters(const View& view, const Uuid& account) {
  TALLYSTICK_ASSIGN_OR_RETURN(const std::vector<metering::StoredMeter> stored,
                              metering::ReadMeters(view.snapshot->database(), view.snapshot, account));
  std::vector<DeclaredMeter> meters;
  for (const metering::StoredMeter& one : stored) {
    meters.push_back({.name = one.meter->name,
                      .meter = one.meter->meter,
                      .complete = !one.building.has_value(),
                      .events_read = one.building.has_value() ? one.building->events_read : 0});
  }
  return meters;
}

}  // namespace tallystick::query
