#include "lib/ingest/event_committer.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <string>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/rows.h"
#include "lib/ingest/lone_request.h"
#include "lib/ingest/meter_changes.h"
#include "lib/ingest/storable_now.h"

namespace tallystick::ingest {

using storage::Family;

EventCommitter::EventCommitter(std::shared_ptr<const storage::Database> database,
                               std::shared_ptr<const storage::Identity> identity, const CommitPosition& position,
                               std::size_t recent_slots, std::function<absl::Time()> clock, const MeterBook* meters,
                               Rollups* rollups)
    : database_(std::move(database)),
      identity_(std::move(identity)),
      clock_(std::move(clock)),
      meters_(meters),
      rollups_(rollups),
      position_(position),
      visible_(position.sequence),
      recent_(recent_slots, 0) {
  assert((recent_slots & (recent_slots - 1)) == 0);
}

bool EventCommitter::MustWait(absl::Span<storage::CommitRequest* const> group) const {
  const std::shared_ptr<const metering::KeptMeters> meters = meters_->meters();
  const std::uint64_t visible = visible_sequence();
  return std::any_of(group.begin(), group.end(), [&](storage::CommitRequest* each) {
    const auto& request = static_cast<const PreparedBatch&>(*each);
    // Cells that the write changes would be read without it, or let go of before it.
    if (!meters->Of(request.account()).empty()) return true;
    return std::any_of(request.events().begin(), request.events().end(), [&](const PreparedEvent& event) {
      return event.id_key_size != 0 && LastDecided(event.identity_hash) > visible &&
             last_changed_.contains(event.identity_hash);
    });
  });
}

void EventCommitter::Decide(absl::Span<storage::CommitRequest* const> group, absl::Span<absl::Status> statuses,
                            storage::Batch* batch) {
  DecideGroup(group, statuses, batch);
  decided_sequences_[decided_groups_++ % decided_sequences_.size()] = position_.sequence;
}

void EventCommitter::DecideGroup(absl::Span<storage::CommitRequest* const> group, absl::Span<absl::Status> statuses,
                                 storage::Batch* batch) {
  last_changed_.clear();
  if (group.front()->alone()) {
    // Nothing but a LoneRequest is, and it is the whole group.
    statuses.front() = static_cast<LoneRequest*>(group.front())->Decide(batch);
    if (!statuses.front().ok()) batch->Clear();
    return;
  }
  const absl::Time now = clock_();
  const absl::StatusOr<Instant> now_instant = StorableNow(now);
  if (!now_instant.ok()) {
    for (absl::Status& status : statuses) status = now_instant.status();
    return;
  }
  now_ = *now_instant;
  receipt_ = Receipt::FromTime(now);
  current_meters_ = meters_->meters();
  decided_.clear();
  newest_.clear();
  leaving_.clear();
  for (std::size_t i = 0; i < group.size(); ++i) {
    auto* request = static_cast<PreparedBatch*>(group[i]);  // the queue is given no third kind
    statuses[i] = Refresh(request);
    if (!statuses[i].ok()) continue;
    DecideRequest(request, group.size() == 1);
    decided_.push_back(request);
  }

  if (const absl::Status status = AddRollups(batch); !status.ok()) {
    // The sequences that were given out stay gaps.
    batch->Clear();
    for (absl::Status& other : statuses) other.Update(status);
    return;
  }
  for (PreparedBatch* request : decided_) AddRows(request, batch);
  for (const Leaving& leaving : leaving_) {
    const StoredRow& row = leaving.stored.row;
    const Uuid& account = leaving.request->account();
    batch->Delete(Family::kEvents, EventKey{.account = account, .time = row.time, .sequence = row.sequence}.Encode());
    batch->Delete(Family::kCustomers, CustomerKey{.account = account,
                                                  .customer_alias = leaving.stored.customer_alias,
                                                  .time = row.time,
                                                  .sequence = row.sequence}
                                          .Encode());
    batch->Delete(Family::kChanges, ChangeKey{.sequence = row.sequence}.Encode());
  }
  if (batch->empty()) return;
  storage::PutPosition(position_, batch);
  for (PreparedBatch* request : decided_) MarkRecent(request);
}

absl::StatusOr<CommitPosition> EventCommitter::NextPosition() const {
  const absl::Time now = clock_();
  TALLYSTICK_RETURN_IF_ERROR(StorableNow(now).status());
  CommitPosition next = position_;
  next.receipt = std::max(next.receipt, Receipt{std::max<std::uint64_t>(Receipt::FromTime(now).ticks, 1) - 1});
  return next;
}

void EventCommitter::MarkRecent(PreparedBatch* request) {
  for (std::size_t i = 0; i < request->events().size(); ++i) {
    const Decision& decision = request->decisions()[i];
    const PreparedEvent& event = request->events()[i];
    if (decision.outcome == Outcome::kUnchanged || event.id_key_size == 0) continue;
    RecentSlot(event.identity_hash) = decision.sequence;
    last_changed_.insert(event.identity_hash);
  }
}

absl::Status EventCommitter::AddRollups(storage::Batch* batch) {
  for (const Leaving& leaving : leaving_) {
    const StoredRow& row = leaving.stored.row;
    ForEachChange(*meters_, leaving.request->contributions(), leaving.stored.metering, leaving.stored.customer_alias,
                  {.time = row.time, .sequence = row.sequence},
                  [this](const Rollups::Change& change) { rollups_->Leave(change); });
  }
  for (const PreparedBatch* const request : decided_) {
    for (const std::uint32_t i : request->by_time()) {
      const PreparedEvent& event = request->events()[i];
      const Decision& decision = request->decisions()[i];
      if (!decision.live) continue;
      ForEachChange(*meters_, request->contributions(), event.metering, request->Alias(event),
                    {.time = decision.time, .sequence = decision.sequence},
                    [this](const Rollups::Change& change) { rollups_->Enter(change); });
    }
  }
  return rollups_->AddRows(batch);
}

void EventCommitter::Written() {
  rollups_->Written();
  visible_.store(decided_sequences_[written_groups_++ % decided_sequences_.size()], std::memory_order_release);
}

absl::Status EventCommitter::Refresh(PreparedBatch* request) {
  // A meter was declared or dropped since.
  if (request->contributions().meters() != current_meters_) {
    TALLYSTICK_RETURN_IF_ERROR(request->Measure(current_meters_));
  }
  if (request->events().size() >= kSequenceEnd - position_.sequence) {
    return absl::ResourceExhaustedError("the store has used all its sequence numbers");
  }
  for (PreparedEvent& event : request->events()) {
    if (event.id_key_size == 0) continue;
    if (event.look_again || LastDecided(event.identity_hash) > request->looked_up_at()) {
      TALLYSTICK_ASSIGN_OR_RETURN(event.stored, ReadStored(*database_, request->account(), request->IdKey(event)));
    }
    if (event.stored.has_value() && event.stored->customer_alias.empty() && !event.SameAs(event.stored->row)) {
      const absl::Status read = request->ReadLeaving(*database_, &*event.stored);
      if (absl::IsNotFound(read)) return absl::DataLossError(read.message());
      TALLYSTICK_RETURN_IF_ERROR(read);
    }
  }
  return absl::OkStatus();
}

void EventCommitter::DecideRequest(PreparedBatch* request, bool alone) {
  std::vector<PreparedEvent>& events = request->events();
  for (std::size_t i = 0; i < events.size(); ++i) {
    const PreparedEvent& event = events[i];
    Decision& decision = request->decisions()[i];

    // What stands under the identity: as looked up, unless this group has changed it.
    Newest looked_up;
    if (event.stored.has_value()) looked_up = {.exists = true, .row = event.stored->row};
    Newest* newest = &looked_up;
    const bool met_again = event.id_key_size != 0 && (!alone || event.repeated);
    if (met_again) newest = &newest_.try_emplace(request->IdKey(event), looked_up).first->second;

    if (newest->exists && event.SameAs(newest->row)) {
      const StoredRow& row = newest->row;
      decision = {.outcome = Outcome::kUnchanged, .time = row.time, .sequence = row.sequence, .receipt = row.receipt};
      continue;
    }
    Store(*request, event, *newest, &decision);
    *newest = {.exists = true,
               .row = {.time = decision.time,
                       .sequence = decision.sequence,
                       .receipt = decision.receipt,
                       .fingerprint = event.fingerprint},
               .decision = &decision};
  }
}

void EventCommitter::Store(const PreparedBatch& request, const PreparedEvent& event, const Newest& replaced,
                           Decision* decision) {
  ++position_.sequence;
  // Far from its end: the clock stays below the year 10000, and every sequence there is takes two years of ticks.
  position_.receipt = std::max(receipt_, Receipt{position_.receipt.ticks + 1});

  decision->outcome = Outcome::kCreated;
  decision->live = true;
  decision->sequence = position_.sequence;
  decision->receipt = position_.receipt;
  decision->time = event.time.value_or(now_);
  if (!replaced.exists) return;

  decision->outcome = Outcome::kSuperseded;
  decision->replaced = ChangeRow::Replaced{.sequence = replaced.row.sequence, .receipt = replaced.row.receipt};
  if (replaced.decision != nullptr) {
    replaced.decision->live = false;  // its rows need not be written at all
  } else {
    leaving_.push_back({.request = &request, .stored = *event.stored});
  }
}

void EventCommitter::AddRows(PreparedBatch* request, storage::Batch* batch) const {
  std::vector<PreparedEvent>& events = request->events();
  const std::vector<Decision>& decisions = request->decisions();
  const Uuid& account = request->account();
  std::string value;

  const auto id_value = [&](std::size_t i) {
    value.clear();
    EventIdRow{.sequence = decisions[i].sequence, .fingerprint = events[i].fingerprint}.AppendTo(&value);
    return std::string_view(value);
  };
  for (const std::uint32_t i : request->by_id()) {
    if (decisions[i].live) batch->Put(Family::kEventIds, request->IdKey(events[i]), id_value(i));
  }
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (!decisions[i].live || events[i].id_key_size != 0) continue;
    const Uuid id = MakeEventId(identity_->event_id_key, decisions[i].receipt, decisions[i].sequence);
    batch->Put(Family::kEventIds, EventIdKey{account, id}.Encode(), id_value(i));
  }
  for (const std::uint32_t i : request->by_time()) {
    const Decision& decision = decisions[i];
    if (!decision.live) continue;
    batch->Put(Family::kEvents,
               EventKey{.account = account, .time = decision.time, .sequence = decision.sequence}.Encode(),
               request->Row(events[i], decision.receipt));
  }
  for (const std::uint32_t i : request->by_customer()) {
    const Decision& decision = decisions[i];
    if (!decision.live) continue;
    batch->Put(Family::kCustomers,
               CustomerKey{.account = account,
                           .customer_alias = request->Alias(events[i]),
                           .time = decision.time,
                           .sequence = decision.sequence}
                   .Encode(),
               {});
  }
  for (const Decision& decision : decisions) {
    if (!decision.live) continue;
    value.clear();
    ChangeRow{.account = account, .time = decision.time, .receipt = decision.receipt, .replaced = decision.replaced}
        .AppendTo(&value);
    batch->Put(Family::kChanges, ChangeKey{.sequence = decision.sequence}.Encode(), value);
  }
}

}  // namespace tallystick::ingest
