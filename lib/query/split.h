// Cuts a scan's range of time into pieces of about equal size.

#ifndef TALLYSTICK_LIB_QUERY_SPLIT_H_
#define TALLYSTICK_LIB_QUERY_SPLIT_H_

#include <cstdint>
#include <vector>

#include "lib/base/instant.h"
#include "lib/storage/database.h"
#include "tallystick/read.h"

namespace tallystick::query {

struct TimeRange {
  Instant from{};
  Instant to{};
};

// About how many bytes of an index a scan of `range` reads; of `options`, the account and the customers count. An
// estimate of RocksDB's.
std::uint64_t ApproximateBytes(const storage::Snapshot& snapshot, const ScanOptions& options, const TimeRange& range);

// Up to `parts` (at least 1) ranges, in order of time, that together are those of `whole`. Of `options`, the account
// and the customers count. Goes by RocksDB's estimates of size, which are coarse below some blocks' worth of rows: a
// small range may come back whole. No event is read.
std::vector<TimeRange> SplitTime(const storage::Snapshot& snapshot, const ScanOptions& options, const TimeRange& whole,
                                 int parts);

}  // namespace tallystick::query

#endif  // TALLYSTICK_LIB_QUERY_SPLIT_H_
