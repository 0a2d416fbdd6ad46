// Answers a query of a declared meter from its cells, as far as they go.

#ifndef TALLYSTICK_LIB_QUERY_ROLLUP_READER_H_
#define TALLYSTICK_LIB_QUERY_ROLLUP_READER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "lib/base/buckets.h"
#include "lib/base/windows.h"
#include "lib/encoding/rollup_keys.h"
#include "lib/encoding/rollup_rows.h"
#include "lib/metering/kept_meters.h"
#include "lib/query/answer.h"
#include "lib/query/progress.h"
#include "lib/query/reads.h"
#include "lib/query/split.h"

namespace tallystick::query {

// A sieve: a range goes through the days first; what those leave goes through the quarters of an hour; and what these
// leave is for the events. A size of buckets leaves the edges of the range that are less than one of its buckets, the
// buckets that a window's edge cuts, and those of which a cell is stale or has inexact numbers. So it costs about as
// much as there are cells in the range, and never more rows than there are events.
//
// Not thread-safe.
class RollupReader {
 public:
  // The meter must be complete at the view. `group_by` are some of its own groups, by their index in it.
  RollupReader(const View& view, const metering::KeptMeter& meter, std::vector<std::size_t> group_by,
               const std::optional<Windows>& windows, const WindowRange& whole, Progress* progress);

  // Adds up a range of one customer's, or with an empty alias everybody's. Returns what is left for the events, in
  // order of time. DATA_LOSS when a row does not decode.
  absl::StatusOr<std::vector<TimeRange>> Read(std::string_view customer_alias, const TimeRange& range);

  std::vector<AnswerCell> TakeCells() { return answer_.Take(); }
  std::uint64_t skipped() const { return skipped_; }

 private:
  // The cells of one bucket.
  struct Bucket {
    std::uint32_t number = 0;
    std::vector<std::string> groups;
    std::vector<CellRow> cells;
  };

  absl::Status ReadSize(std::string_view customer_alias, BucketSize size, const TimeRange& range,
                        std::vector<TimeRange>* left);
  absl::Status ReadCells(std::string_view customer_alias, BucketSize size, std::uint32_t from, std::uint32_t to,
                         std::vector<TimeRange>* left);
  absl::Status ReadValues(std::string_view customer_alias, BucketSize size, std::uint32_t from, std::uint32_t to,
                          const std::vector<TimeRange>& left);
  bool CanUse(const Bucket& bucket, BucketSize size);
  absl::Status Use(const Bucket& bucket, BucketSize size);
  // The group that a cell's group is part of.
  absl::StatusOr<std::string_view> Regroup(std::string_view group);
  bool GoOn() { return ++rows_ % Progress::kRowsBetweenReports != 0 || progress_->Add(0); }

  const View& view_;
  const metering::KeptMeter& meter_;
  const std::vector<std::size_t> group_by_;
  const bool all_groups_;
  Progress* const progress_;
  AnswerBuilder answer_;
  std::uint64_t skipped_ = 0;
  std::uint64_t rows_ = 0;
  std::string group_;
};

}  // namespace tallystick::query

#endif  // TALLYSTICK_LIB_QUERY_ROLLUP_READER_H_
