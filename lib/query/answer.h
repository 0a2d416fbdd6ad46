// The rows of a query's answer in the making.

#ifndef TALLYSTICK_LIB_QUERY_ANSWER_H_
#define TALLYSTICK_LIB_QUERY_ANSWER_H_

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "lib/base/windows.h"
#include "lib/metering/tally.h"
#include "tallystick/meter.h"

namespace tallystick::query {

// One row.
struct AnswerCell {
  WindowRange window;
  std::string group;  // see encoding/group.h
  metering::Tally tally;

  friend bool operator<(const AnswerCell& a, const AnswerCell& b) {
    return std::tie(a.window.from, a.group) < std::tie(b.window.from, b.group);
  }
};

// Adds up by window and group what comes in about the order of time. Not thread-safe.
class AnswerBuilder {
 public:
  // `windows` absent: all of it is one window, `whole`.
  AnswerBuilder(Aggregation aggregation, const std::optional<Windows>& windows, const WindowRange& whole)
      : aggregation_(aggregation), windows_(windows), whole_(whole) {}

  // The window that contains `time`.
  const WindowRange& WindowAt(Instant time);

  // The tally of the window that contains `time`, and of the group. To be used at once.
  metering::Tally& At(Instant time, std::string_view group);

  // All that was added up. Cells of one row may stand in it more than once.
  std::vector<AnswerCell> Take();

 private:
  void LeaveWindow();

  const Aggregation aggregation_;
  std::optional<Windows> windows_;
  const WindowRange whole_;
  WindowRange window_;                                         // the one asked for last
  std::optional<WindowRange> current_;                         // that of `tallies_`
  absl::flat_hash_map<std::string, metering::Tally> tallies_;  // by group
  std::string group_key_;
  std::vector<AnswerCell> cells_;
};

// Makes one cell of those that stand for the same row, in the order of rows.
std::vector<AnswerCell> MergeCells(std::vector<std::vector<AnswerCell>> parts);

// DATA_LOSS when the group does not decode.
absl::StatusOr<UsageRow> RowOf(const AnswerCell& cell);

}  // namespace tallystick::query

#endif  // TALLYSTICK_LIB_QUERY_ANSWER_H_
