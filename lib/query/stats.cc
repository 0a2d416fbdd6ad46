#include <algorithm>
#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "lib/base/status_macros.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/rows.h"
#include "lib/query/reads.h"

namespace tallystick::query {
namespace {

// std::string_view look-ups into std::string keys, whichever string_view Abseil is built with.
class Counter {
 public:
  void Add(std::string_view name) {
    key_.assign(name);
    ++counts_[key_];
  }

  std::vector<CountOf> LargestFirst() const {
    std::vector<CountOf> counts;
    counts.reserve(counts_.size());
    for (const auto& [name, events] : counts_) counts.push_back({.name = name, .events = events});
    std::sort(counts.begin(), counts.end(), [](const CountOf& a, const CountOf& b) {
      return a.events != b.events ? a.events > b.events : a.name < b.name;
    });
    return counts;
  }

 private:
  std::string key_;
  absl::flat_hash_map<std::string, std::uint64_t> counts_;
};

}  // namespace

absl::StatusOr<StoreStats> Stats(const View& view, const Uuid& account) {
  const storage::Database& database = view.snapshot->database();
  StoreStats stats;
  Counter types;
  Counter customers;
  storage::RowIterator rows =
      database.NewIterator(storage::Family::kEvents, {}, view.snapshot, storage::ReadLength::kLong);
  for (rows.SeekToFirst(); rows.Valid(); rows.Next()) {
    TALLYSTICK_ASSIGN_OR_RETURN(const EventKey key, EventKey::Decode(rows.key()));
    ++stats.store_events;
    if (key.account != account) continue;
    TALLYSTICK_ASSIGN_OR_RETURN(const EventRow row, EventRow::Decode(rows.value()));
    ++stats.events;
    types.Add(row.event_type);
    customers.Add(row.customer_alias);
  }
  TALLYSTICK_RETURN_IF_ERROR(rows.status());
  stats.event_types = types.LargestFirst();
  stats.customer_aliases = customers.LargestFirst();

  TALLYSTICK_ASSIGN_OR_RETURN(const CommitPosition position, storage::ReadPosition(database, view.snapshot.get()));
  stats.last_sequence = position.sequence;
  std::uint64_t bytes = 0;
  for (const storage::Family family : storage::kAllFamilies) {
    stats.families.push_back({.name = std::string(storage::FamilyName(family)),
                              .file_bytes = database.FileBytes(family),
                              .memory_bytes = database.MemoryBytes(family)});
    bytes += stats.families.back().file_bytes + stats.families.back().memory_bytes;
  }
  stats.compaction_owed_bytes = database.CompactionOwedBytes();
  if (stats.store_events > 0) {
    stats.bytes_per_event = static_cast<double>(bytes) / static_cast<double>(stats.store_events);
  }
  return stats;
}

}  // namespace tallystick::query
