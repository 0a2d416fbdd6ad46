#include "lib/ingest/meter_steps.h"

#include <memory>
#include <optional>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/encoding/rows.h"
#include "lib/metering/contributions.h"

namespace tallystick::ingest {
namespace {

using storage::Family;

// What a step of building reads at most, and how many rows one deletes.
constexpr std::size_t kStepBytes = 1024 * 1024;
constexpr std::size_t kStepRows = 4'000;

// The place right behind that of an event.
EventPosition Behind(const EventPosition& position) {
  if (position.sequence + 1 < kSequenceEnd) return {.time = position.time, .sequence = position.sequence + 1};
  return {.time = position.time.Next(), .sequence = 0};
}

bool IsDeclared(const MeterBook& meters, const MeterBook::Meter& meter) {
  return meters.meters()->Find(meter->account, meter->name) == meter;
}

}  // namespace

absl::Status BuildStep::Decide(storage::Batch* batch) {
  const auto began = std::chrono::steady_clock::now();
  const absl::Status status = Add(batch);
  took_ = std::chrono::steady_clock::now() - began;
  return status;
}

absl::Status BuildStep::Add(storage::Batch* batch) {
  const std::optional<MeterBuilding> building = parts_.meters->BuildingOf(*meter_);
  if (!building.has_value() || !IsDeclared(*parts_.meters, meter_)) {
    done_ = true;  // dropped meanwhile
    return absl::OkStatus();
  }
  struct Event {
    metering::Contributions::Range range{};
    std::string customer_alias{};
    EventPosition position{};
  };
  const EventKey at{.account = meter_->account, .time = building->next.time, .sequence = building->next.sequence};
  KeyRange range = EventRange(meter_->account, at.time, Instant::End());
  range.start = at.Encode().view();
  storage::RowIterator rows = parts_.database->NewIterator(Family::kEvents, range, nullptr, storage::ReadLength::kLong);
  metering::Contributions contributions(
      std::make_shared<const metering::KeptMeters>(std::vector<MeterBook::Meter>{meter_}), meter_->account);
  std::vector<Event> events;
  std::size_t bytes = 0;
  for (rows.SeekToFirst(); rows.Valid() && events.size() < events_max_ && bytes < kStepBytes; rows.Next()) {
    TALLYSTICK_ASSIGN_OR_RETURN(const EventKey key, EventKey::Decode(rows.key()));
    TALLYSTICK_ASSIGN_OR_RETURN(const EventRow row, EventRow::Decode(rows.value()));
    Event& event = events.emplace_back();
    TALLYSTICK_ASSIGN_OR_RETURN(event.range, contributions.Add(row));
    if (event.range.count > 0) event.customer_alias = row.customer_alias;
    event.position = {.time = key.time, .sequence = key.sequence};
    bytes += rows.value().size();
  }
  TALLYSTICK_RETURN_IF_ERROR(rows.status());
  done_ = !rows.Valid();
  for (const Event& event : events) {
    for (const metering::Contribution& contribution : contributions.At(event.range)) {
      parts_.rollups->Enter({.contributions = &contributions,
                             .contribution = &contribution,
                             .customer_alias = event.customer_alias,
                             .position = event.position});
    }
  }
  TALLYSTICK_RETURN_IF_ERROR(parts_.rollups->AddRows(batch));
  MeterBuilding next = *building;
  next.events_read += events.size();
  if (!events.empty()) next.next = Behind(events.back().position);
  parts_.meters->SetBuilding(meter_, done_ ? std::nullopt : std::optional(next), batch);
  return absl::OkStatus();
}

absl::Status DeleteStep::Decide(storage::Batch* batch) {
  storage::RowIterator rows =
      parts_.database->NewIterator(Family::kRollups, range_, nullptr, storage::ReadLength::kLong);
  std::size_t deleted = 0;
  for (rows.SeekToFirst(); rows.Valid() && deleted < kStepRows; rows.Next(), ++deleted) {
    batch->Delete(Family::kRollups, rows.key());
    range_.start = KeyAfter(rows.key());
  }
  done_ = !rows.Valid();
  return rows.status();
}

absl::Status ForgetStep::Decide(storage::Batch* batch) {
  parts_.rollups->Clear();  // the number may be given to another meter
  parts_.meters->Forget(meter_, batch);
  return absl::OkStatus();
}

absl::Status WatchStep::Decide(storage::Batch*) {
  parts_.rollups->Watch(cell_key_);
  return absl::OkStatus();
}

absl::Status HealStep::Decide(storage::Batch* batch) {
  if (!IsDeclared(*parts_.meters, meter_)) return absl::OkStatus();
  TALLYSTICK_ASSIGN_OR_RETURN(changed_, parts_.rollups->Heal(meter_->meter.aggregation, found_, batch));
  return absl::OkStatus();
}

}  // namespace tallystick::ingest
