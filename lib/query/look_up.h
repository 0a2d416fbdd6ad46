// Looks up many rows of one family in any order.

#ifndef TALLYSTICK_LIB_QUERY_LOOK_UP_H_
#define TALLYSTICK_LIB_QUERY_LOOK_UP_H_

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "lib/storage/database.h"

namespace tallystick::query {

// Reuses its memory from round to round: Clear, Add some keys, Run, read the values.
class LookUp {
 public:
  void Clear() { keys_.clear(); }
  std::size_t size() const { return keys_.size(); }

  // The i-th call after Clear adds the i-th key; a key may come again.
  void Add(std::string_view key) { keys_.emplace_back(key); }

  absl::Status Run(storage::Family family, const storage::Snapshot& snapshot);

  const std::string& key(std::size_t i) const { return keys_[i]; }
  // After Run: the value under the i-th key, until the next Run; absent when there is no such row.
  std::optional<std::string_view> value(std::size_t i) const { return found_.value(place_[i]); }

  // After Run: the bytes of the longest value.
  std::size_t longest() const;

 private:
  std::vector<std::string> keys_;
  std::vector<std::size_t> order_;
  std::vector<std::string_view> unique_;  // sorted
  std::vector<std::size_t> place_;        // of each key in unique_
  storage::LookUps found_;
};

// How many rows of `events` to look up together. A row may hold 1 MiB, and all that a look-up finds is in memory at
// once: so as many as make about 1 MiB if they are like the longest of the last batch, and never so many that a
// first batch of long rows behind short ones would be felt in a small process. Begins small, for short reads.
class BatchSize {
 public:
  std::size_t rows() const { return rows_; }
  void Adapt(const LookUp& last) {
    rows_ =
        std::clamp<std::size_t>(kBytes / std::max<std::size_t>(last.longest(), 1), 1, std::min(rows_ * 2, kRowsMax));
  }

 private:
  static constexpr std::size_t kBytes = 1024 * 1024;
  static constexpr std::size_t kRowsMax = 16;
  std::size_t rows_ = 4;
};

}  // namespace tallystick::query

#endif  // TALLYSTICK_LIB_QUERY_LOOK_UP_H_
