// Meters the events of some ranges of time, in several threads when that is worth it.

#ifndef TALLYSTICK_LIB_QUERY_METERED_EVENTS_H_
#define TALLYSTICK_LIB_QUERY_METERED_EVENTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/base/windows.h"
#include "lib/query/answer.h"
#include "lib/query/progress.h"
#include "lib/query/reads.h"
#include "lib/query/split.h"
#include "tallystick/meter.h"
#include "tallystick/uuid.h"

namespace tallystick::query {

// The events of a range: everybody's, or those of some customers.
struct MeteredRange {
  TimeRange range{};
  std::vector<std::string> customer_aliases{};
};

// What all ranges have in common.
struct Metering {
  Uuid account{};
  Meter meter{};
  std::optional<Windows> windows{};  // absent: one window, `whole`
  WindowRange whole{};
  int threads = 1;
};

struct MeteredEvents {
  std::vector<std::vector<AnswerCell>> cells{};  // see MergeCells()
  std::uint64_t skipped = 0;
};

// Reads every event of the ranges once. OUT_OF_RANGE, DATA_LOSS: as for Store::Query. Ends early, and then with less,
// when `progress` is stopped.
absl::StatusOr<MeteredEvents> MeterEvents(const View& view, const Metering& metering,
                                          const std::vector<MeteredRange>& ranges, Progress* progress);

}  // namespace tallystick::query

#endif  // TALLYSTICK_LIB_QUERY_METERED_EVENTS_H_
