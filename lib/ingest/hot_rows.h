// Rows of `rollups` that commits change again and again, kept in memory as they will be once the commit under way is
// written. Used by one thread at a time, that of the commits.

#ifndef TALLYSTICK_LIB_INGEST_HOT_ROWS_H_
#define TALLYSTICK_LIB_INGEST_HOT_ROWS_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "lib/base/status_macros.h"
#include "lib/storage/database.h"

namespace tallystick::ingest {

// `Row` has Encode(), Decode() and empty(); an empty row is none on disk.
template <typename Row>
class HotRows {
 public:
  struct Entry {
    std::string key;
    Row row;
    bool stored = false;   // there is such a row on disk, or in the batch
    bool touched = false;  // in this group
    bool mark = false;     // for who uses it
  };

  // Keeps about `bytes_max` bytes between groups.
  explicit HotRows(std::size_t bytes_max) : half_(bytes_max / 2) {}

  // The row under `key`, which is known after the next Load(): as it is on disk, else `none`. Stays where it is until
  // the next Trim() or Clear().
  Entry* At(std::string_view key, const Row& none) {
    const absl::string_view view(key.data(), key.size());
    if (const auto found = young_.find(view); found != young_.end()) return found->second.get();
    std::unique_ptr<Entry> entry;
    if (const auto found = old_.find(view); found != old_.end()) {
      entry = std::move(found->second);
      old_.erase(found);
    } else {
      entry = std::make_unique<Entry>();
      entry->key.assign(key);
      entry->row = none;
      missing_.push_back(entry.get());
    }
    Entry* const kept = entry.get();
    young_bytes_ += kEntryBytes + kept->key.size();
    young_.emplace(absl::string_view(kept->key.data(), kept->key.size()), std::move(entry));
    return kept;
  }

  // Reads what At() did not have. After an error the rows mean nothing: Clear() them.
  absl::Status Load(const storage::Database& database) {
    std::sort(missing_.begin(), missing_.end(), [](const Entry* a, const Entry* b) { return a->key < b->key; });
    std::vector<std::string_view> keys;
    keys.reserve(missing_.size());
    for (const Entry* const entry : missing_) keys.push_back(entry->key);
    if (!keys.empty()) {
      TALLYSTICK_RETURN_IF_ERROR(database.MultiGet(storage::Family::kRollups, keys, nullptr, &found_));
    }
    for (std::size_t i = 0; i < missing_.size(); ++i) {
      const std::optional<std::string_view> value = found_.value(i);
      if (!value.has_value()) continue;
      missing_[i]->stored = true;
      TALLYSTICK_ASSIGN_OR_RETURN(missing_[i]->row, Row::Decode(*value));
    }
    // What was found pins blocks of the cache, and room for a large batch is not kept.
    if (missing_.size() > kFoundKept) found_ = storage::LookUps();
    missing_.clear();
    return absl::OkStatus();
  }

  void Touch(Entry* entry) {
    if (std::exchange(entry->touched, true)) return;
    touched_.push_back(entry);
  }

  // Puts what was touched into the batch, in order; `each` sees every such entry first.
  template <typename Each>
  void Write(storage::Batch* batch, Each each) {
    std::sort(touched_.begin(), touched_.end(), [](const Entry* a, const Entry* b) { return a->key < b->key; });
    for (Entry* const entry : touched_) {
      each(entry);
      entry->touched = false;
      if (!entry->row.empty()) {
        batch->Put(storage::Family::kRollups, entry->key, entry->row.Encode());
      } else if (entry->stored) {
        batch->Delete(storage::Family::kRollups, entry->key);
      }
      entry->stored = !entry->row.empty();
    }
    touched_.clear();
  }

  // Forgets what has not been used for long, when there is too much. Pointers to entries end here.
  void Trim() {
    if (young_bytes_ <= half_) return;
    old_ = std::exchange(young_, {});
    young_bytes_ = 0;
  }

  void Clear() {
    young_.clear();
    old_.clear();
    young_bytes_ = 0;
    missing_.clear();
    touched_.clear();
  }

 private:
  // An entry beside its key: itself, its place in the map, and what the allocator adds.
  static constexpr std::size_t kEntryBytes = sizeof(Entry) + 64;

  static constexpr std::size_t kFoundKept = 1024;

  // By key, which the entry holds.
  using Map = absl::flat_hash_map<absl::string_view, std::unique_ptr<Entry>>;

  const std::size_t half_;
  // What was used since the last exchange, and what was used before it: together the rows used lately.
  Map young_;
  Map old_;
  std::size_t young_bytes_ = 0;
  std::vector<Entry*> missing_;
  std::vector<Entry*> touched_;
  storage::LookUps found_;
};

}  // namespace tallystick::ingest

#endif  // TALLYSTICK_LIB_INGEST_HOT_ROWS_H_
