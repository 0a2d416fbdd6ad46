#include "lib/query/rollup_reader.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/encoding/group.h"
#include "lib/metering/cells.h"

namespace tallystick::query {
namespace {

// Adds a range behind the others; one that goes on where the last ends makes it longer.
void Append(const TimeRange& range, std::vector<TimeRange>* ranges) {
  if (range.from >= range.to) return;
  if (!ranges->empty() && ranges->back().to == range.from) {
    ranges->back().to = range.to;
  } else {
    ranges->push_back(range);
  }
}

TimeRange RangeOf(std::uint32_t bucket, BucketSize size) {
  return {.from = BucketStart(bucket, size), .to = BucketStart(bucket + 1, size)};
}

bool AreAll(const std::vector<std::size_t>& group_by, const Meter& meter) {
  std::vector<std::size_t> all(meter.group_by.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return group_by == all;
}

}  // namespace

RollupReader::RollupReader(const View& view, const metering::KeptMeter& meter, std::vector<std::size_t> group_by,
                           const std::optional<Windows>& windows, const WindowRange& whole, Progress* progress)
    : view_(view),
      meter_(meter),
      group_by_(std::move(group_by)),
      all_groups_(AreAll(group_by_, meter.meter)),
      progress_(progress),
      answer_(meter.meter.aggregation, windows, whole) {}

absl::StatusOr<std::vector<TimeRange>> RollupReader::Read(std::string_view customer_alias, const TimeRange& range) {
  std::vector<TimeRange> ranges = {range};
  for (const BucketSize size : metering::BucketSizesOf(meter_.meter.aggregation)) {
    std::vector<TimeRange> left;
    for (const TimeRange& one : ranges) TALLYSTICK_RETURN_IF_ERROR(ReadSize(customer_alias, size, one, &left));
    ranges = std::move(left);
  }
  return ranges;
}

absl::Status RollupReader::ReadSize(std::string_view customer_alias, BucketSize size, const TimeRange& range,
                                    std::vector<TimeRange>* left) {
  const std::uint32_t from = BucketAtOrAfter(range.from, size);
  const std::uint32_t to = BucketOf(range.to, size);
  if (from >= to) {
    Append(range, left);
    return absl::OkStatus();
  }
  Append({.from = range.from, .to = BucketStart(from, size)}, left);
  std::vector<TimeRange> cut;
  TALLYSTICK_RETURN_IF_ERROR(ReadCells(customer_alias, size, from, to, &cut));
  if (meter_.meter.aggregation == Aggregation::kUniqueCount) {
    TALLYSTICK_RETURN_IF_ERROR(ReadValues(customer_alias, size, from, to, cut));
  }
  for (const TimeRange& one : cut) Append(one, left);
  Append({.from = BucketStart(to, size), .to = range.to}, left);
  return absl::OkStatus();
}

absl::Status RollupReader::ReadCells(std::string_view customer_alias, BucketSize size, std::uint32_t from,
                                     std::uint32_t to, std::vector<TimeRange>* left) {
  Bucket bucket;
  const auto finish = [&]() -> absl::Status {
    if (bucket.cells.empty()) return absl::OkStatus();
    if (CanUse(bucket, size)) {
      TALLYSTICK_RETURN_IF_ERROR(Use(bucket, size));
    } else {
      Append(RangeOf(bucket.number, size), left);
    }
    bucket.groups.clear();
    bucket.cells.clear();
    return absl::OkStatus();
  };
  storage::RowIterator rows = view_.snapshot->database().NewIterator(
      storage::Family::kRollups, CellRange(meter_.number, customer_alias, size, from, to), view_.snapshot,
      storage::ReadLength::kShort);
  for (rows.SeekToFirst(); rows.Valid() && GoOn(); rows.Next()) {
    TALLYSTICK_ASSIGN_OR_RETURN(const CellKey key, CellKey::Decode(rows.key()));
    TALLYSTICK_ASSIGN_OR_RETURN(CellRow cell, CellRow::Decode(rows.value()));
    if (!metering::IsCellOf(meter_.meter.aggregation, cell)) {
      return absl::DataLossError("rollups: a cell is of another kind than its meter: " + DescribeRollupKey(rows.key()));
    }
    if (key.bucket != bucket.number) {
      TALLYSTICK_RETURN_IF_ERROR(finish());
      bucket.number = key.bucket;
    }
    bucket.groups.emplace_back(key.group);
    bucket.cells.push_back(std::move(cell));
  }
  TALLYSTICK_RETURN_IF_ERROR(finish());
  return rows.status();
}

bool RollupReader::CanUse(const Bucket& bucket, BucketSize size) {
  const TimeRange range = RangeOf(bucket.number, size);
  const WindowRange& window = answer_.WindowAt(range.from);
  if (window.to.has_value() && *window.to < range.to) return false;
  return std::none_of(bucket.cells.begin(), bucket.cells.end(),
                      [](const CellRow& cell) { return cell.inexact > 0 || metering::IsStale(cell); });
}

absl::Status RollupReader::Use(const Bucket& bucket, BucketSize size) {
  for (std::size_t i = 0; i < bucket.cells.size(); ++i) {
    skipped_ += bucket.cells[i].skipped;
    if (bucket.cells[i].count == 0) continue;
    TALLYSTICK_ASSIGN_OR_RETURN(const std::string_view group, Regroup(bucket.groups[i]));
    answer_.At(BucketStart(bucket.number, size), group).Add(bucket.cells[i]);
  }
  return absl::OkStatus();
}

// The different values of the buckets that were used.
absl::Status RollupReader::ReadValues(std::string_view customer_alias, BucketSize size, std::uint32_t from,
                                      std::uint32_t to, const std::vector<TimeRange>& left) {
  auto next_left = left.begin();
  storage::RowIterator rows = view_.snapshot->database().NewIterator(
      storage::Family::kRollups, ValueRange(meter_.number, customer_alias, size, from, to), view_.snapshot,
      storage::ReadLength::kLong);
  for (rows.SeekToFirst(); rows.Valid() && GoOn(); rows.Next()) {
    TALLYSTICK_ASSIGN_OR_RETURN(const ValueKey key, ValueKey::Decode(rows.key()));
    const Instant time = BucketStart(key.cell.bucket, size);
    while (next_left != left.end() && next_left->to <= time) ++next_left;
    if (next_left != left.end() && next_left->from <= time) continue;
    TALLYSTICK_RETURN_IF_ERROR(ValueRow::Decode(rows.value()).status());
    TALLYSTICK_ASSIGN_OR_RETURN(const std::string_view group, Regroup(key.cell.group));
    answer_.At(time, group).AddForm(key.form);
  }
  return rows.status();
}

absl::StatusOr<std::string_view> RollupReader::Regroup(std::string_view group) {
  if (all_groups_) return group;
  TALLYSTICK_ASSIGN_OR_RETURN(const std::vector<std::optional<std::string>> values, DecodeGroup(group));
  if (values.size() != meter_.meter.group_by.size()) return absl::DataLossError("rollups: a group does not decode");
  group_.clear();
  for (const std::size_t i : group_by_) AppendGroupValue(values[i], &group_);
  return group_;
}

}  // namespace tallystick::query
