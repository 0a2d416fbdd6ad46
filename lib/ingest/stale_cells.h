// Looks in the events for the extreme or latest value of a cell that has lost it.

#ifndef TALLYSTICK_LIB_INGEST_STALE_CELLS_H_
#define TALLYSTICK_LIB_INGEST_STALE_CELLS_H_

#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/encoding/rollup_rows.h"
#include "lib/metering/kept_meters.h"
#include "lib/storage/database.h"

namespace tallystick::ingest {

// What the cell should be at the snapshot: a quarter of an hour from its events, a day from its quarters. Of the answer
// the state alone counts. Absent when it has no such event, or when one of the day's quarters is stale itself. `meter`
// must be complete and the cell its own. DATA_LOSS when a row that is needed cannot be read.
absl::StatusOr<std::optional<CellRow>> FindExtreme(const std::shared_ptr<const storage::Snapshot>& snapshot,
                                                   const metering::KeptMeter& meter, std::string_view cell_key);

}  // namespace tallystick::ingest

#endif  // TALLYSTICK_LIB_INGEST_STALE_CELLS_H_
