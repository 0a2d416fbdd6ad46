#include "lib/ingest/meter_keeper.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/rollup_keys.h"
#include "lib/ingest/stale_cells.h"

namespace tallystick::ingest {
namespace {

using storage::Family;

// The rows of a meter but for its own.
constexpr RollupKind kKeptKinds[] = {RollupKind::kCell, RollupKind::kValue, RollupKind::kStale};

// Cells that changed while they were looked for are looked for again after this.
constexpr std::chrono::milliseconds kBetweenRounds(100);

// What a step writes: more than most do.
constexpr std::uint64_t kStepBytes = 64 * 1024;

// So many stale cells are taken note of at once.
constexpr std::size_t kPageCells = 1'000;

// Writers wait while a step decides. How many events fit this long differs a hundredfold: cells that are in memory take
// a microsecond or two for each, distinct values that are not take a look-up on disk.
constexpr std::chrono::milliseconds kStepTime(4);

// The number of events in a step, so that it takes about kStepTime.
class StepSize {
 public:
  std::size_t events() const { return events_; }
  void Adapt(std::chrono::steady_clock::duration took) {
    if (took > kStepTime) events_ = std::max(events_ / 2, kLeast);
    if (took < kStepTime / 3) events_ = std::min(events_ * 2, kMost);
  }

 private:
  static constexpr std::size_t kLeast = 16;
  static constexpr std::size_t kMost = 4096;
  std::size_t events_ = kLeast;
};

}  // namespace

MeterKeeper::MeterKeeper(const Parts& parts)
    : parts_(parts),
      step_parts_{.database = parts.database.get(), .meters = parts.meters, .rollups = parts.rollups},
      thread_([this] { Run(); }) {}

void MeterKeeper::Wake() {
  const std::lock_guard lock(mutex_);
  awake_ = true;
  wake_.notify_one();
}

void MeterKeeper::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  parts_.meters->Stop();
  if (thread_.joinable()) thread_.join();
}

void MeterKeeper::Run() {
  std::unique_lock lock(mutex_);
  bool done = false;
  while (!stopping_) {
    if (std::exchange(awake_, false) || !done) {
      lock.unlock();
      try {
        done = Work();
      } catch (const std::exception& thrown) {  // memory has run out
        parts_.report(absl::ResourceExhaustedError(std::string("declared meters: ") + thrown.what()));
        done = true;
      }
      lock.lock();
      if (!done && !stopping_ && !awake_) wake_.wait_for(lock, kBetweenRounds);
    } else {
      wake_.wait(lock);
    }
  }
}

bool MeterKeeper::Work() {
  lacks_room_ = false;
  for (const MeterBook::Meter& meter : parts_.meters->Unfinished()) Build(meter);
  for (const std::uint32_t dropped : parts_.meters->Dropped()) {
    const absl::Status cleaned = Clean(dropped);
    if (!cleaned.ok() && !stopping_) parts_.report(cleaned);
  }
  const std::uint64_t stale_count = parts_.rollups->stale_count();
  bool done = true;
  if (heal_ || stale_count != healed_at_) {
    const absl::StatusOr<bool> healed = Heal();
    if (!healed.ok() && !stopping_) parts_.report(healed.status());
    healed_at_ = stale_count;
    heal_ = !healed.ok() || !*healed;
    done = healed.value_or(true);
  }
  if (!lacks_room_) told_of_room_ = false;
  return done && !lacks_room_;
}

absl::Status MeterKeeper::AskForRoom() {
  const absl::Status room = parts_.reserve->Admit(kStepBytes);
  if (room.ok()) return room;
  lacks_room_ = true;
  if (!std::exchange(told_of_room_, true)) parts_.report(room);
  return room;
}

absl::Status MeterKeeper::Submit(const std::shared_ptr<LoneRequest>& step) {
  constexpr bool kSync = false;  // what the machine forgets is done again
  return parts_.queue->Submit(step, kSync, storage::CommitQueue::Clock::time_point::max());
}

void MeterKeeper::Build(const MeterBook::Meter& meter) {
  StepSize size;
  while (!stopping_) {
    if (const absl::Status room = AskForRoom(); !room.ok()) return parts_.meters->HoldUp(meter, room);
    const auto step = std::make_shared<BuildStep>(step_parts_, meter, size.events());
    if (const absl::Status status = Submit(step); !status.ok()) {
      parts_.meters->Fail(meter, status);
      parts_.report(status);
      return;
    }
    if (step->done()) {
      parts_.meters->Completed(meter);
      return;
    }
    size.Adapt(step->took());
  }
}

absl::Status MeterKeeper::Clean(std::uint32_t dropped) {
  for (const RollupKind kind : kKeptKinds) {
    const KeyRange all = RangeOfMeter(kind, dropped);
    KeyRange left = all;
    for (bool done = false; !done;) {
      if (stopping_) return absl::OkStatus();
      const auto step = std::make_shared<DeleteStep>(step_parts_, left);
      TALLYSTICK_RETURN_IF_ERROR(Submit(step));
      left = step->left();
      done = step->done();
    }
    // The rows take no more space when the files that hold them are written anew. Where there is no room for that,
    // they go when files are merged.
    const absl::Status compacted = parts_.database->Compact(Family::kRollups, all, &stopping_);
    if (!absl::IsResourceExhausted(compacted)) TALLYSTICK_RETURN_IF_ERROR(compacted);
  }
  return Submit(std::make_shared<ForgetStep>(step_parts_, dropped));
}

absl::StatusOr<bool> MeterKeeper::Heal() {
  bool none_changed = true;
  absl::Status first_error;
  // In order: a day's quarters come before it.
  KeyRange left = StaleRange();
  for (std::vector<std::string> cells; !stopping_; cells.clear()) {
    storage::RowIterator rows =
        parts_.database->NewIterator(Family::kRollups, left, nullptr, storage::ReadLength::kShort);
    for (rows.SeekToFirst(); rows.Valid() && cells.size() < kPageCells; rows.Next()) {
      left.start = KeyAfter(rows.key());
      if (absl::StatusOr<std::string> cell = StaleCell(rows.key()); cell.ok()) {
        cells.push_back(*std::move(cell));
      } else {
        first_error.Update(cell.status());
      }
    }
    TALLYSTICK_RETURN_IF_ERROR(rows.status());
    if (cells.empty()) break;
    for (const std::string& cell : cells) {
      if (stopping_) break;
      if (!AskForRoom().ok()) return false;
      // One that cannot be read must not keep the others from it.
      const absl::StatusOr<Healing> healing = HealCell(cell);
      first_error.Update(healing.status());
      if (healing.ok() && *healing == Healing::kChanged) none_changed = false;
    }
  }
  TALLYSTICK_RETURN_IF_ERROR(first_error);
  return none_changed;
}

absl::StatusOr<MeterKeeper::Healing> MeterKeeper::HealCell(const std::string& cell_key) {
  TALLYSTICK_ASSIGN_OR_RETURN(const CellKey cell, CellKey::Decode(cell_key));
  const std::shared_ptr<const metering::KeptMeters> meters = parts_.meters->meters();
  const auto found = std::find_if(meters->all().begin(), meters->all().end(),
                                  [&](const MeterBook::Meter& meter) { return meter->number == cell.meter; });
  if (found == meters->all().end()) return Healing::kDone;  // of a dropped meter
  const MeterBook::Meter& meter = *found;
  // Events that the building has not come to may leave again without a word: what they have is not the cell's.
  if (!parts_.meters->IsComplete(*meter)) return Healing::kLeft;

  TALLYSTICK_RETURN_IF_ERROR(Submit(std::make_shared<WatchStep>(step_parts_, cell_key)));
  TALLYSTICK_ASSIGN_OR_RETURN(std::optional<CellRow> value,
                              FindExtreme(parts_.database->TakeSnapshot(), *meter, cell_key));
  if (!value.has_value()) return Healing::kLeft;
  const auto step = std::make_shared<HealStep>(step_parts_, meter, *std::move(value));
  TALLYSTICK_RETURN_IF_ERROR(Submit(step));
  return step->changed() ? Healing::kChanged : Healing::kDone;
}

}  // namespace tallystick::ingest
