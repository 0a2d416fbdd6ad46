// The values of the family `rollups`, as docs/FORMAT.md section 4.6 specifies them.

#ifndef TALLYSTICK_LIB_ENCODING_ROLLUP_ROWS_H_
#define TALLYSTICK_LIB_ENCODING_ROLLUP_ROWS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"
#include "lib/base/decimal.h"
#include "lib/base/decimal_sum.h"
#include "lib/base/instant.h"
#include "tallystick/meter.h"

namespace tallystick {

// The place of an event in the order of time.
struct EventPosition {
  Instant time{};
  std::uint64_t sequence = 0;  // 0 stands before all events of the time

  friend constexpr auto operator<=>(const EventPosition&, const EventPosition&) = default;
};

// How far the building of a meter has come.
struct MeterBuilding {
  EventPosition next{};           // events before it are in the rollups, the others are not
  std::uint64_t events_read = 0;  // of the account

  friend bool operator==(const MeterBuilding&, const MeterBuilding&) = default;
};

// The row of a declared meter.
struct MeterRow {
  std::uint32_t number = 0;                 // stands for the meter in the keys of its rows; at least 1
  std::optional<MeterBuilding> building{};  // absent: it is complete
  Meter meter{};

  std::string Encode() const;
  static absl::StatusOr<MeterRow> Decode(std::string_view value);
};

// The bytes of a meter: equal for equal meters, whatever the order in which a filter's values were given.
std::string EncodeMeter(const Meter& meter);

// The least or greatest number of a cell.
struct CellExtreme {
  Decimal value{};
  // The number has left, and none beyond it has come: what is left is this much or less (for a least one, more), and
  // only the events tell.
  bool stale = false;

  friend bool operator==(const CellExtreme&, const CellExtreme&) = default;
};

// Where the latest value of a cell is.
struct CellLatest {
  EventPosition position{};
  bool stale = false;  // as above

  friend bool operator==(const CellLatest&, const CellLatest&) = default;
};

// What the events of one bucket and group add up to. A row exists while any of the three counts is not 0.
struct CellRow {
  std::uint64_t count = 0;    // events that contribute
  std::uint64_t skipped = 0;  // events without a value that the aggregation takes
  std::uint64_t inexact = 0;  // events with a number that is beyond what is exact
  // By aggregation: nothing for counts; for kSum and kAverage the sum, which is 0 while `count` is; for the other three
  // what they look for, which is there exactly while `count` is not 0.
  std::variant<std::monostate, DecimalSum, CellExtreme, CellLatest> state{};

  bool empty() const { return count == 0 && skipped == 0 && inexact == 0; }

  std::string Encode() const;
  static absl::StatusOr<CellRow> Decode(std::string_view value);
  friend bool operator==(const CellRow&, const CellRow&) = default;
};

// The row of one value of a distinct count. A row exists while the count is not 0.
struct ValueRow {
  std::uint64_t count = 0;  // events that have the value

  bool empty() const { return count == 0; }

  std::string Encode() const;
  static absl::StatusOr<ValueRow> Decode(std::string_view value);
  friend bool operator==(const ValueRow&, const ValueRow&) = default;
};

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_ENCODING_ROLLUP_ROWS_H_
