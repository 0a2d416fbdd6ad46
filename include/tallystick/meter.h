// Meters: what the events of a range of time add up to, exactly, by window and group.
//
//   const auto usage = store->Query({.account = account,
//                                    .meter = {.event_type = "message-sent",
//                                              .aggregation = tallystick::Aggregation::kSum,
//                                              .property = "length"},
//                                    .from = october, .to = november,
//                                    .window = tallystick::Window::kDay, .time_zone = "Europe/Berlin"});
//
// Numbers are decimals, as written in the events; nothing is ever rounded but an average without an end. docs/GUIDE.md
// section 9 has the rules with examples.
//
// A meter can also be declared, under a name: the store then keeps what its events add up to by quarters of an hour and
// days, in the commits that write the events, and a query reads those sums instead of the events.
//
//   store->DefineMeter(account, "messages", {.event_type = "message-sent", ...});
//   const auto usage = store->Query({.account = account, .declared = "messages", .from = october, .to = november});
//
// Thread safety: plain values (thread-compatible).

#ifndef TALLYSTICK_METER_H_
#define TALLYSTICK_METER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tallystick/uuid.h"

namespace tallystick {

// What a meter makes of the values of its property. A number is a JSON number, or a JSON string that is wholly one
// (`"12.5"`). An event that has none is skipped, and counted as skipped.
enum class Aggregation {
  kCount,        // the number of events; has no property
  kSum,          // the exact sum of numbers
  kMin,          // the least number
  kMax,          // the greatest number
  kAverage,      // the sum by the number of events: exact when it ends within 34 digits, else rounded half-even to 34
  kUniqueCount,  // how many different values there are, by their string form; missing and null are skipped
  kLatest,       // the value at the greatest (eventTimestamp, sequence); missing and null are skipped
};

// A calendar window: the piece of time that one row of an answer covers, by the clocks and calendars of a time zone.
//   kMinute, kHour  start at each instant at which the local clock reads a full minute or hour. An hour that is read
//                   twice, because the clock goes back, is two windows; a change by half an hour makes one of 90
//                   minutes.
//   kDay, kMonth    start at the first instant of the local date, or of the month's first one: late when a change skips
//                   midnight, and once when midnight is read twice. A date that a zone left out has no window.
enum class Window { kMinute, kHour, kDay, kMonth };

// Which events count, and what is made of them.
//
// A property is named by its exact key in eventProperties, or, where there is no such key, by the way through nested
// objects with dots between the keys (`size.width`). Its string form is a string as it is, a number as written (`1` and
// `1.0` are two), `true` or `false`, and the minified text of an object or array.
struct Meter {
  std::string event_type{};
  Aggregation aggregation = Aggregation::kCount;
  std::string property{};  // empty for kCount, and only for that
  // One result for each combination of the string forms of these properties.
  std::vector<std::string> group_by{};
  // By property, the string forms that are allowed. An event must match all of them.
  std::map<std::string, std::vector<std::string>> filter{};
};

// A meter that the store keeps up to date. See `Store::DefineMeter`.
struct DeclaredMeter {
  std::string name{};
  Meter meter{};
  // Whether it has all events of before it was declared; queries of one that has not read the events.
  bool complete = false;
  std::uint64_t events_read = 0;  // of those events, by the building of a meter that is not complete
};

inline constexpr std::size_t kMeterNameBytesMax = 64;

struct QueryOptions {
  Uuid account{};
  // What is measured: a meter that is given here, or a declared one by its name. Not both: with a name, `meter` stays
  // as it is.
  Meter meter{};
  std::string declared{};
  // Of a declared meter, the properties to group by: some of its own, in any order. Absent: all of them.
  std::optional<std::vector<std::string>> group_by{};
  // The range is [from, to). The defaults leave both ends open. `from` at or after `to` is an empty range.
  absl::Time from = absl::InfinitePast();
  absl::Time to = absl::InfiniteFuture();
  // Only events of one of these customers; empty means all. The cost is then in proportion to these customers' events
  // in the range, not to everybody's.
  std::vector<std::string> customer_aliases{};
  // Absent: one result for the whole range.
  std::optional<Window> window{};
  // A name of the IANA time zone database, such as `Europe/Berlin`.
  std::string time_zone = "UTC";
  // How many threads may read, the caller's included; 0 means as many as the machine has. A small range takes one.
  int threads = 0;
  // Called now and then with the events read so far, from any of those threads, one at a time. Returning false ends the
  // query with CANCELLED. It must neither throw nor call the store.
  std::function<bool(std::uint64_t events_read)> progress{};
};

// The usage of one group in one window.
struct UsageRow {
  // The window, also where the range ends within it; without windows, the range. Absent where it is open, or lies
  // outside years 0001 to 9999.
  std::optional<absl::Time> from{};
  std::optional<absl::Time> to{};
  // The string forms of `Usage::group_by`, in its order; absent for an event without the property, or with null.
  std::vector<std::optional<std::string>> group{};
  // A decimal without exponent and trailing zeros. For kLatest, the string form of what is no number.
  std::string value{};
  std::optional<std::string> sum{};  // for kAverage
  std::uint64_t count = 0;           // of contributing events, at least 1
};

struct Usage {
  std::vector<std::string> group_by{};  // the properties that rows are grouped by
  std::vector<UsageRow> rows{};         // by (from, group); absent before all strings, which order by bytes
  std::uint64_t skipped = 0;  // events of the meter's type and filter without a value that its aggregation can take
  // Whether a declared meter's rollups answered. They leave out what they cannot: the pieces of a range or window that
  // are less than a quarter of an hour, for example. The events of those are read.
  bool from_rollups = false;
  std::uint64_t events_read = 0;
};

}  // namespace tallystick

#endif  // TALLYSTICK_METER_H_
