#include "lib/ingest/meter_book.h"

#include <algorithm>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/encoding/rollup_keys.h"

namespace tallystick::ingest {
namespace {

using metering::KeptMeter;
using metering::KeptMeters;
using storage::Family;

constexpr std::chrono::milliseconds kBetweenReports(100);

absl::Status NoSuchMeter(const std::string& name) { return absl::NotFoundError("there is no meter '" + name + "'"); }

void PutMeter(const KeptMeter& meter, const std::optional<MeterBuilding>& building, storage::Batch* batch) {
  batch->Put(Family::kRollups, MeterKey{.account = meter.account, .name = meter.name}.Encode(),
             MeterRow{.number = meter.number, .building = building, .meter = meter.meter}.Encode());
}

}  // namespace

absl::StatusOr<std::unique_ptr<MeterBook>> MeterBook::Load(const storage::Database& database) {
  std::unique_ptr<MeterBook> book(new MeterBook);
  TALLYSTICK_ASSIGN_OR_RETURN(const std::vector<metering::StoredMeter> stored,
                              metering::ReadMeters(database, nullptr, std::nullopt));
  std::vector<Meter> meters;
  for (const metering::StoredMeter& one : stored) {
    meters.push_back(one.meter);
    if (one.building.has_value()) book->building_[one.meter->number] = *one.building;
  }
  book->meters_ = std::make_shared<const KeptMeters>(std::move(meters));
  storage::RowIterator rows =
      database.NewIterator(Family::kRollups, DroppedRange(), nullptr, storage::ReadLength::kShort);
  for (rows.SeekToFirst(); rows.Valid(); rows.Next()) {
    TALLYSTICK_ASSIGN_OR_RETURN(const DroppedKey key, DroppedKey::Decode(rows.key()));
    book->dropped_.insert(key.meter);
  }
  TALLYSTICK_RETURN_IF_ERROR(rows.status());
  return book;
}

std::shared_ptr<const KeptMeters> MeterBook::meters() const {
  const std::lock_guard lock(mutex_);
  return meters_;
}

absl::StatusOr<Outcome> MeterBook::Define(const Uuid& account, const std::string& name, const tallystick::Meter& meter,
                                          storage::Batch* batch) {
  if (const Meter known = meters_->Find(account, name); known != nullptr) {
    if (EncodeMeter(known->meter) == EncodeMeter(meter)) return Outcome::kUnchanged;
    return absl::AlreadyExistsError("another meter has the name '" + name + "'");
  }
  // Greater than those of which a row may be left.
  std::uint32_t last = dropped_.empty() ? 0 : *dropped_.rbegin();
  for (const Meter& other : meters_->all()) last = std::max(last, other->number);
  const std::uint32_t number = last + 1;
  if (number == 0) return absl::ResourceExhaustedError("the store has used all its numbers of meters");
  const auto defined =
      std::make_shared<const KeptMeter>(KeptMeter{.account = account, .name = name, .number = number, .meter = meter});
  const MeterBuilding building;
  PutMeter(*defined, building, batch);

  const std::lock_guard lock(mutex_);
  meters_ = std::make_shared<const KeptMeters>(meters_->With(defined));
  building_[number] = building;
  return Outcome::kCreated;
}

absl::StatusOr<MeterBook::Meter> MeterBook::Drop(const Uuid& account, const std::string& name, storage::Batch* batch) {
  const Meter meter = meters_->Find(account, name);
  if (meter == nullptr) return NoSuchMeter(name);
  batch->Delete(Family::kRollups, MeterKey{.account = account, .name = name}.Encode());
  batch->Put(Family::kRollups, DroppedKey{.meter = meter->number}.Encode(), {});

  const std::lock_guard lock(mutex_);
  meters_ = std::make_shared<const KeptMeters>(meters_->Without(meter));
  building_.erase(meter->number);
  completing_.erase(meter->number);
  failed_.erase(meter->number);
  held_up_.erase(meter->number);
  dropped_.insert(meter->number);
  changed_.notify_all();
  return meter;
}

std::optional<MeterBuilding> MeterBook::BuildingOf(const KeptMeter& meter) const {
  const auto found = building_.find(meter.number);
  return found == building_.end() ? std::nullopt : std::optional(found->second);
}

void MeterBook::SetBuilding(const Meter& meter, const std::optional<MeterBuilding>& building, storage::Batch* batch) {
  PutMeter(*meter, building, batch);
  const std::lock_guard lock(mutex_);
  held_up_.erase(meter->number);
  if (building.has_value()) {
    building_[meter->number] = *building;
  } else {
    building_.erase(meter->number);
    completing_.insert(meter->number);
  }
}

void MeterBook::Forget(std::uint32_t dropped, storage::Batch* batch) {
  batch->Delete(Family::kRollups, DroppedKey{.meter = dropped}.Encode());
  const std::lock_guard lock(mutex_);
  dropped_.erase(dropped);
}

bool MeterBook::IsComplete(const KeptMeter& meter) const {
  const std::lock_guard lock(mutex_);
  return !building_.contains(meter.number);
}

std::vector<MeterBook::Meter> MeterBook::Unfinished() const {
  const std::lock_guard lock(mutex_);
  std::vector<Meter> unfinished;
  for (const Meter& meter : meters_->all()) {
    if (building_.contains(meter->number) && !failed_.contains(meter->number)) unfinished.push_back(meter);
  }
  return unfinished;
}

std::vector<std::uint32_t> MeterBook::Dropped() const {
  const std::lock_guard lock(mutex_);
  return {dropped_.begin(), dropped_.end()};
}

void MeterBook::Completed(const Meter& meter) {
  const std::lock_guard lock(mutex_);
  completing_.erase(meter->number);
  changed_.notify_all();
}

void MeterBook::Fail(const Meter& meter, const absl::Status& failure) {
  const std::lock_guard lock(mutex_);
  if (meters_->Find(meter->account, meter->name) != meter) return;  // dropped, and its number may be another's
  failed_.emplace(meter->number, failure);
  changed_.notify_all();
}

void MeterBook::HoldUp(const Meter& meter, const absl::Status& reason) {
  const std::lock_guard lock(mutex_);
  if (meters_->Find(meter->account, meter->name) != meter) return;
  held_up_[meter->number] = reason;
  changed_.notify_all();
}

void MeterBook::Stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

absl::Status MeterBook::Await(const Uuid& account, const std::string& name,
                              const std::function<bool(std::uint64_t, std::uint64_t)>& progress,
                              const std::function<std::uint64_t()>& total) const {
  std::unique_lock lock(mutex_);
  const Meter meter = meters_->Find(account, name);
  std::uint64_t events_read = 0;
  while (true) {
    if (meter == nullptr || meters_->Find(account, name) != meter) return NoSuchMeter(name);
    const auto building = building_.find(meter->number);
    if (building == building_.end() && !completing_.contains(meter->number)) return absl::OkStatus();
    if (const auto failed = failed_.find(meter->number); failed != failed_.end()) return failed->second;
    if (const auto held = held_up_.find(meter->number); held != held_up_.end()) return held->second;
    if (stopped_) return absl::FailedPreconditionError("the store is closed");
    if (!progress) {
      changed_.wait(lock);
      continue;
    }
    if (building != building_.end()) events_read = building->second.events_read;
    lock.unlock();
    if (!progress(events_read, std::max(events_read, total()))) {
      return absl::CancelledError("the wait for the meter was cancelled");
    }
    lock.lock();
    changed_.wait_for(lock, kBetweenReports);
  }
}

}  // namespace tallystick::ingest
