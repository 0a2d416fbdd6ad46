#include "lib/query/answer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/encoding/group.h"

namespace tallystick::query {

const WindowRange& AnswerBuilder::WindowAt(Instant time) {
  window_ = windows_.has_value() ? windows_->Containing(time) : whole_;
  return window_;
}

metering::Tally& AnswerBuilder::At(Instant time, std::string_view group) {
  if (!current_.has_value() || !current_->Contains(time)) {
    LeaveWindow();
    current_ = WindowAt(time);
  }
  group_key_.assign(group);
  return tallies_.try_emplace(group_key_, aggregation_).first->second;
}

void AnswerBuilder::LeaveWindow() {
  const std::size_t first = cells_.size();
  for (auto& [group, tally] : tallies_) {
    cells_.push_back({.window = *current_, .group = group, .tally = std::move(tally)});
  }
  std::sort(cells_.begin() + static_cast<std::ptrdiff_t>(first), cells_.end());
  tallies_.clear();
}

std::vector<AnswerCell> AnswerBuilder::Take() {
  LeaveWindow();
  current_.reset();
  return std::exchange(cells_, {});
}

std::vector<AnswerCell> MergeCells(std::vector<std::vector<AnswerCell>> parts) {
  std::vector<AnswerCell> all;
  for (std::vector<AnswerCell>& part : parts) std::move(part.begin(), part.end(), std::back_inserter(all));
  std::stable_sort(all.begin(), all.end());
  std::vector<AnswerCell> merged;
  for (AnswerCell& cell : all) {
    if (merged.empty() || merged.back() < cell) {
      merged.push_back(std::move(cell));
    } else {
      merged.back().tally.Merge(std::move(cell.tally));
    }
  }
  return merged;
}

absl::StatusOr<UsageRow> RowOf(const AnswerCell& cell) {
  UsageRow row;
  if (cell.window.from.has_value()) row.from = cell.window.from->ToTime();
  if (cell.window.to.has_value()) row.to = cell.window.to->ToTime();
  TALLYSTICK_ASSIGN_OR_RETURN(row.group, DecodeGroup(cell.group));
  row.value = cell.tally.Value();
  row.sum = cell.tally.Sum();
  row.count = cell.tally.count();
  return row;
}

}  // namespace tallystick::query
