// Which meters are declared, and how far each has come.

#ifndef TALLYSTICK_LIB_INGEST_METER_BOOK_H_
#define TALLYSTICK_LIB_INGEST_METER_BOOK_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/encoding/rollup_rows.h"
#include "lib/metering/kept_meters.h"
#include "lib/storage/database.h"
#include "tallystick/meter.h"
#include "tallystick/uuid.h"
#include "tallystick/write.h"

namespace tallystick::ingest {

// The functions that take a batch change what is declared: they put rows into the batch and take effect at once, for
// the commit under way. Only the thread that commits calls them, and Includes(); the others are thread-safe.
class MeterBook {
 public:
  using Meter = metering::KeptMeters::Pointer;

  // Reads what is declared. DATA_LOSS when a row does not decode.
  static absl::StatusOr<std::unique_ptr<MeterBook>> Load(const storage::Database& database);

  MeterBook(const MeterBook&) = delete;
  MeterBook& operator=(const MeterBook&) = delete;

  std::shared_ptr<const metering::KeptMeters> meters() const;

  // --- By the thread that commits ---

  // See Store::DefineMeter and Store::DropMeter.
  absl::StatusOr<Outcome> Define(const Uuid& account, const std::string& name, const tallystick::Meter& meter,
                                 storage::Batch* batch);
  absl::StatusOr<Meter> Drop(const Uuid& account, const std::string& name, storage::Batch* batch);

  // Whether the rollups of the meter have, or are to get, an event at `position`: those that its building has not come
  // to yet are added by that.
  bool Includes(const metering::KeptMeter& meter, const EventPosition& position) const {
    if (building_.empty()) return true;
    const auto found = building_.find(meter.number);
    return found == building_.end() || position < found->second.next;
  }

  // How far the building has come; absent when the meter is complete, or dropped.
  std::optional<MeterBuilding> BuildingOf(const metering::KeptMeter& meter) const;
  // The building has come to `building`, or to its end; in that case Completed() follows, or Fail().
  void SetBuilding(const Meter& meter, const std::optional<MeterBuilding>& building, storage::Batch* batch);

  // Nothing of the dropped meter is left.
  void Forget(std::uint32_t dropped, storage::Batch* batch);

  // --- By any thread ---

  bool IsComplete(const metering::KeptMeter& meter) const;
  std::vector<Meter> Unfinished() const;  // the meters that are being built, but for those that failed
  std::vector<std::uint32_t> Dropped() const;

  // The commit that completed the meter can be read by everybody.
  void Completed(const Meter& meter);
  // The building cannot go on in this process.
  void Fail(const Meter& meter, const absl::Status& failure);
  // The building waits, and goes on by itself; until then, whoever awaits it is told why.
  void HoldUp(const Meter& meter, const absl::Status& reason);
  // Ends every wait.
  void Stop();

  // See Store::AwaitMeter; `total` is what `progress` is told as the number of events.
  absl::Status Await(const Uuid& account, const std::string& name,
                     const std::function<bool(std::uint64_t, std::uint64_t)>& progress,
                     const std::function<std::uint64_t()>& total) const;

 private:
  MeterBook() = default;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  // Guarded by mutex_, all of them. The thread that commits is the only one to change the first three, and reads them
  // without it.
  std::shared_ptr<const metering::KeptMeters> meters_;
  std::map<std::uint32_t, MeterBuilding> building_;  // by the meter's number
  std::set<std::uint32_t> dropped_;
  std::set<std::uint32_t> completing_;  // complete for the thread that commits, and not yet for those that read
  std::map<std::uint32_t, absl::Status> failed_;
  std::map<std::uint32_t, absl::Status> held_up_;
  bool stopped_ = false;
};

}  // namespace tallystick::ingest

#endif  // TALLYSTICK_LIB_INGEST_METER_BOOK_H_
