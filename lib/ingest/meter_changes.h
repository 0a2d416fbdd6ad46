// From what an event gives to meters to what that changes in the rollups.

#ifndef TALLYSTICK_LIB_INGEST_METER_CHANGES_H_
#define TALLYSTICK_LIB_INGEST_METER_CHANGES_H_

#include <string_view>

#include "lib/ingest/meter_book.h"
#include "lib/ingest/rollups.h"
#include "lib/metering/contributions.h"

namespace tallystick::ingest {

// Calls `take` with the change of each meter that has the event at `position`, or is to get it in this commit.
template <typename Take>
void ForEachChange(const MeterBook& meters, const metering::Contributions& contributions,
                   const metering::Contributions::Range& range, std::string_view customer_alias,
                   const EventPosition& position, Take take) {
  for (const metering::Contribution& contribution : contributions.At(range)) {
    if (!meters.Includes(*contribution.meter, position)) continue;
    take(Rollups::Change{.contributions = &contributions,
                         .contribution = &contribution,
                         .customer_alias = customer_alias,
                         .position = position});
  }
}

}  // namespace tallystick::ingest

#endif  // TALLYSTICK_LIB_INGEST_METER_CHANGES_H_
