// Keeps the cells of declared meters up to date, in the commits that write the events.

#ifndef TALLYSTICK_LIB_INGEST_ROLLUPS_H_
#define TALLYSTICK_LIB_INGEST_ROLLUPS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/encoding/rollup_keys.h"
#include "lib/encoding/rollup_rows.h"
#include "lib/ingest/hot_rows.h"
#include "lib/metering/contributions.h"
#include "lib/storage/database.h"

namespace tallystick::ingest {

// Used by the thread that commits, but for what is said to be thread-safe.
//
// A group says which events leave and enter; AddRows() then reads the cells that are not in memory, changes them and
// puts them into the group's batch.
class Rollups {
 public:
  // `cache_bytes` is about what it may keep in memory between commits.
  Rollups(std::shared_ptr<const storage::Database> database, std::size_t cache_bytes);

  // What an event gives, to one meter. All arguments must stay until AddRows().
  struct Change {
    const metering::Contributions* contributions = nullptr;
    const metering::Contribution* contribution = nullptr;
    std::string_view customer_alias{};
    EventPosition position{};  // of the event
  };
  void Leave(const Change& change) { leaving_.push_back({.change = change}); }
  void Enter(const Change& change) { entering_.push_back({.change = change}); }

  // Adds the rows of all changes since the last call. After an error nothing is changed: DATA_LOSS when a cell cannot
  // be read or does not have what leaves it.
  absl::Status AddRows(storage::Batch* batch);

  // What the last AddRows() added can be read by everybody.
  void Written();

  // --- Stale cells: see lib/ingest/stale_cells.h ---

  // How often cells became stale, as far as everybody can read their marks. Thread-safe.
  std::uint64_t stale_count() const { return stale_count_.load(std::memory_order_acquire); }

  // From now on, until the next call, it is noticed when this cell changes. In a turn of its own: what was committed
  // before can be read.
  void Watch(std::string_view cell_key);

  // Gives the cell that is watched, of a meter of this aggregation, the value that was found since Watch(). Does
  // nothing when the cell has changed, or is not stale. Returns whether it has changed.
  absl::StatusOr<bool> Heal(Aggregation aggregation, const CellRow& found, storage::Batch* batch);

  // Forgets the rows in memory: someone else changes them.
  void Clear();

 private:
  using Cells = HotRows<CellRow>;
  using Values = HotRows<ValueRow>;

  // Everybody's and the customer's, by sizes.
  static constexpr std::size_t kPlacesMax = 4;

  struct Step {
    Change change{};
    std::size_t count = 0;
    std::array<Cells::Entry*, kPlacesMax> cells{};
    std::array<Values::Entry*, kPlacesMax> values{};  // of a distinct count
  };

  void Find(Step* step);
  absl::Status Apply(const Step& step, bool enters);
  absl::Status Apply();
  void Touch(Cells::Entry* cell);
  void WriteCells(storage::Batch* batch);

  const std::shared_ptr<const storage::Database> database_;
  Cells cells_;
  Values values_;
  std::vector<Step> leaving_;
  std::vector<Step> entering_;
  std::string key_;

  std::string watched_;
  bool watched_changed_ = false;
  std::uint64_t became_stale_ = 0;  // with the commit under way
  std::atomic<std::uint64_t> stale_count_ = 0;
};

}  // namespace tallystick::ingest

#endif  // TALLYSTICK_LIB_INGEST_ROLLUPS_H_
