// What is done for declared meters in the background, beside the writers: building those that are new, deleting what is
// left of those that were dropped, and finding the extremes that cells have lost. See lib/ingest/meter_steps.h.

#ifndef TALLYSTICK_LIB_INGEST_METER_KEEPER_H_
#define TALLYSTICK_LIB_INGEST_METER_KEEPER_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/ingest/lone_request.h"
#include "lib/ingest/meter_book.h"
#include "lib/ingest/meter_steps.h"
#include "lib/ingest/rollups.h"
#include "lib/storage/commit_queue.h"
#include "lib/storage/database.h"
#include "lib/storage/space_reserve.h"

namespace tallystick::ingest {

class MeterKeeper {
 public:
  // What it works on; all of it outlives the keeper.
  struct Parts {
    std::shared_ptr<storage::Database> database{};
    MeterBook* meters = nullptr;
    Rollups* rollups = nullptr;
    storage::CommitQueue* queue = nullptr;
    storage::SpaceReserve* reserve = nullptr;
    std::function<void(const absl::Status&)> report{};  // what stopped a piece of work; from its own thread
  };

  explicit MeterKeeper(const Parts& parts);
  MeterKeeper(const MeterKeeper&) = delete;
  MeterKeeper& operator=(const MeterKeeper&) = delete;
  ~MeterKeeper() { Stop(); }

  // There may be something to do. Thread-safe, cheap.
  void Wake();
  // Returns when the step under way is done. What is left is done after the next opening.
  void Stop();

 private:
  // What became of a stale cell.
  enum class Healing {
    kDone,     // it has its value
    kLeft,     // it cannot have it yet: its meter is being built, or a quarter of its day is stale
    kChanged,  // it changed meanwhile: to be looked for again
  };

  void Run();
  // Does what there is to do. Whether that was all that can be done for now.
  bool Work();

  void Build(const MeterBook::Meter& meter);
  absl::Status Clean(std::uint32_t dropped);
  // Whether no cell has changed while its value was looked for.
  absl::StatusOr<bool> Heal();
  absl::StatusOr<Healing> HealCell(const std::string& cell_key);

  absl::Status Submit(const std::shared_ptr<LoneRequest>& step);
  // Before what is written here: RESOURCE_EXHAUSTED while there is no room. It is tried again soon.
  absl::Status AskForRoom();

  const Parts parts_;
  const StepParts step_parts_;
  std::uint64_t healed_at_ = 0;  // Rollups::stale_count() when the last full round of healing began
  bool lacks_room_ = false;      // in this round of work
  bool told_of_room_ = false;    // that there is none; since there was some
  bool heal_ = true;             // there was none yet, or it left something: the next wake begins another

  std::mutex mutex_;
  std::condition_variable wake_;
  bool awake_ = true;                   // guarded by mutex_
  std::atomic<bool> stopping_ = false;  // set under mutex_
  std::thread thread_;
};

}  // namespace tallystick::ingest

#endif  // TALLYSTICK_LIB_INGEST_METER_KEEPER_H_
