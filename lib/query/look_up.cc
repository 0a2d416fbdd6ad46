#include "lib/query/look_up.h"

#include <algorithm>
#include <numeric>

namespace tallystick::query {

absl::Status LookUp::Run(storage::Family family, const storage::Snapshot& snapshot) {
  order_.resize(keys_.size());
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::sort(order_.begin(), order_.end(), [this](std::size_t a, std::size_t b) { return keys_[a] < keys_[b]; });
  unique_.clear();
  place_.resize(keys_.size());
  for (const std::size_t i : order_) {
    if (unique_.empty() || unique_.back() != keys_[i]) unique_.push_back(keys_[i]);
    place_[i] = unique_.size() - 1;
  }
  if (unique_.empty()) return absl::OkStatus();
  return snapshot.database().MultiGet(family, unique_, &snapshot, &found_);
}

std::size_t LookUp::longest() const {
  std::size_t longest = 0;
  for (std::size_t i = 0; i < unique_.size(); ++i) {
    const std::optional<std::string_view> value = found_.value(i);
    if (value.has_value()) longest = std::max(longest, value->size());
  }
  return longest;
}

}  // namespace tallystick::query
