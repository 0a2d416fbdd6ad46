// How a cell of a declared meter changes when an event enters or leaves it, and what it adds to an answer.

#ifndef TALLYSTICK_LIB_METERING_CELLS_H_
#define TALLYSTICK_LIB_METERING_CELLS_H_

#include "absl/status/status.h"
#include "lib/encoding/rollup_rows.h"
#include "lib/metering/contributions.h"
#include "tallystick/meter.h"

namespace tallystick::metering {

// A cell without events, of a meter of this aggregation.
CellRow EmptyCell(Aggregation aggregation);

// Whether the cell is one of a meter of this aggregation.
bool IsCellOf(Aggregation aggregation, const CellRow& cell);

// An event enters the cell: exactly, whatever has left it before. `position` is the event's.
void Enter(const Contribution& contribution, const EventPosition& position, CellRow* cell);

// An event leaves that had entered: sums exactly; an extreme or latest value that was the event's own becomes stale,
// until one at least as far out enters. So where some leave and some enter together, those that leave go first.
// DATA_LOSS when no such event can have entered.
[[nodiscard]] absl::Status Leave(const Contribution& contribution, const EventPosition& position, CellRow* cell);

// Whether the cell's extreme or latest value must be looked for in the events.
bool IsStale(const CellRow& cell);

}  // namespace tallystick::metering

#endif  // TALLYSTICK_LIB_METERING_CELLS_H_
