#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/encoding/fingerprint.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/rows.h"
#include "lib/query/event_decoder.h"
#include "lib/query/look_up.h"
#include "lib/query/reads.h"
#include "lib/query/verification.h"
#include "lib/query/verify_rollups.h"

namespace tallystick::query {
namespace {

using storage::Family;
using Row = Verification::Row;
using Chunk = Verification::Chunk;

// First every event against the other families, then every row of those back against the events: together they make
// sure that each event has exactly one row in each family, and that no other row is there.
class Verifier {
 public:
  Verifier(const View& view, const VerifyOptions& options)
      : view_(view), verification_(view, options), report_(verification_.report()), decoder_(view.identity) {}

  absl::StatusOr<VerifyReport> Run();

 private:
  using KeyDescriber = std::string (*)(std::string_view key);

  using ChunkCheck = absl::Status (Verifier::*)(Chunk chunk);
  absl::Status Walk(Family family, std::uint64_t* count, ChunkCheck check) {
    return verification_.Walk(family, count, [this, check](Chunk chunk) { return (this->*check)(chunk); });
  }

  absl::Status CheckEvents(Chunk chunk);
  absl::Status CheckEventIds(Chunk chunk);
  absl::Status CheckCustomers(Chunk chunk);
  absl::Status CheckChanges(Chunk chunk);
  absl::Status CheckUnused(Family family);

  // The rows that the last look-ups found for the i-th event of the chunk.
  void CompareIdRow(const EventKey& position, const EventRow& row, std::size_t i);
  void CheckCustomerRow(std::size_t i);
  void CompareChangeRow(const EventKey& position, const EventRow& row, std::size_t i);

  // A row of the chunk, and the key of the event that it points to.
  struct Pointer {
    const Row* row;
    EventKey event;
  };
  // Called with the event's row; absent when there is none.
  using PointerCheck = std::function<void(const Pointer& pointer, std::optional<std::string_view> event)>;
  absl::Status LookUpEvents(const std::vector<Pointer>& pointers, const PointerCheck& check);
  void TakeTimesFromChanges(std::vector<Pointer>* pointers);

  void Report(Family family, std::string key, std::string problem) {
    verification_.Report(family, std::move(key), std::move(problem));
  }
  void ReportAt(Family family, KeyDescriber describe, std::string_view key, std::string problem) {
    Report(family, describe(key), std::move(problem));
  }

  const View& view_;
  Verification verification_;
  VerifyReport& report_;  // its
  EventDecoder decoder_;

  LookUp ids_;
  LookUp customers_;
  LookUp changes_;
  LookUp events_;
  BatchSize batch_size_;  // of events_
  std::string scratch_;
  std::uint64_t last_change_ticks_ = 0;
};

absl::StatusOr<VerifyReport> Verifier::Run() {
  const storage::Database& database = view_.snapshot->database();
  // First, since it names the file; and rows do not touch every block of it.
  TALLYSTICK_RETURN_IF_ERROR(database.VerifyTables());
  TALLYSTICK_ASSIGN_OR_RETURN(const CommitPosition position, storage::ReadPosition(database, view_.snapshot.get()));
  report_.last_sequence = position.sequence;
  for (const Family family :
       {Family::kEvents, Family::kEventIds, Family::kCustomers, Family::kChanges, Family::kRollups}) {
    verification_.Expect(database.ApproximateRows(family));
  }
  // What is kept of declared meters is checked by reading the events once more.
  if (database.ApproximateRows(Family::kRollups) > 0) verification_.Expect(database.ApproximateRows(Family::kEvents));
  TALLYSTICK_RETURN_IF_ERROR(Walk(Family::kEvents, &report_.events, &Verifier::CheckEvents));
  TALLYSTICK_RETURN_IF_ERROR(Walk(Family::kEventIds, &report_.event_ids, &Verifier::CheckEventIds));
  TALLYSTICK_RETURN_IF_ERROR(Walk(Family::kCustomers, &report_.customers, &Verifier::CheckCustomers));
  TALLYSTICK_RETURN_IF_ERROR(Walk(Family::kChanges, &report_.changes, &Verifier::CheckChanges));
  if (last_change_ticks_ > position.receipt.ticks) {
    Report(Family::kMeta, std::string(meta_key::kPosition), "its receipt lies before that of a stored event");
  }
  TALLYSTICK_RETURN_IF_ERROR(VerifyRollups(&verification_));
  TALLYSTICK_RETURN_IF_ERROR(CheckUnused(Family::kConsumers));
  return std::move(report_);
}

// --- Every event against the other families ---

absl::Status Verifier::CheckEvents(Chunk chunk) {
  struct Event {
    EventKey position;
    EventRow row;
  };
  std::vector<Event> events;
  ids_.Clear();
  customers_.Clear();
  changes_.Clear();
  for (const Row& row : chunk) {
    StoredEvent event;
    if (const absl::Status status = decoder_.Decode(row.key, row.value, &event); !status.ok()) {
      ReportAt(Family::kEvents, DescribeEventKey, row.key, std::string(status.message()));
      continue;
    }
    // Both decode: the decoder has just done the same.
    const EventKey position = *EventKey::Decode(row.key);
    events.push_back({.position = position, .row = *EventRow::Decode(row.value)});
    ids_.Add(EventIdKey{position.account, event.customer_event_id}.Encode());
    customers_.Add(CustomerKey{.account = position.account,
                               .customer_alias = event.customer_alias,
                               .time = position.time,
                               .sequence = position.sequence}
                       .Encode());
    changes_.Add(ChangeKey{.sequence = position.sequence}.Encode());
    if (position.sequence > report_.last_sequence) {
      ReportAt(Family::kEvents, DescribeEventKey, row.key, "its sequence is greater than the store's last");
    }
  }
  TALLYSTICK_RETURN_IF_ERROR(ids_.Run(Family::kEventIds, *view_.snapshot));
  TALLYSTICK_RETURN_IF_ERROR(customers_.Run(Family::kCustomers, *view_.snapshot));
  TALLYSTICK_RETURN_IF_ERROR(changes_.Run(Family::kChanges, *view_.snapshot));
  for (std::size_t i = 0; i < events.size(); ++i) {
    CompareIdRow(events[i].position, events[i].row, i);
    CheckCustomerRow(i);
    CompareChangeRow(events[i].position, events[i].row, i);
  }
  return absl::OkStatus();
}

void Verifier::CompareIdRow(const EventKey& position, const EventRow& row, std::size_t i) {
  const auto report = [&](std::string problem) {
    ReportAt(Family::kEventIds, DescribeEventIdKey, ids_.key(i), std::move(problem));
  };
  const std::optional<std::string_view> value = ids_.value(i);
  if (!value.has_value()) return report("is missing, though an event has this id");
  const absl::StatusOr<EventIdRow> found = EventIdRow::Decode(*value);
  if (!found.ok()) return;  // the pass over this family reports it
  if (found->sequence != position.sequence) {
    return report("points elsewhere, though an event with this id stands at sequence " +
                  std::to_string(position.sequence));
  }
  const std::uint64_t fingerprint =
      Fingerprint(view_.identity->fingerprint_key, row.customer_alias, row.event_type, row.event_properties, &scratch_);
  if (found->fingerprint != fingerprint) report("has another fingerprint than its event");
}

void Verifier::CheckCustomerRow(std::size_t i) {
  const std::optional<std::string_view> value = customers_.value(i);
  if (!value.has_value()) {
    ReportAt(Family::kCustomers, DescribeCustomerKey, customers_.key(i), "is missing, though there is such an event");
  }
}

void Verifier::CompareChangeRow(const EventKey& position, const EventRow& row, std::size_t i) {
  const auto report = [&](std::string problem) {
    ReportAt(Family::kChanges, DescribeChangeKey, changes_.key(i), std::move(problem));
  };
  const std::optional<std::string_view> value = changes_.value(i);
  if (!value.has_value()) return report("is missing, though an event has this sequence");
  const absl::StatusOr<ChangeRow> found = ChangeRow::Decode(*value);
  if (!found.ok()) return;  // the pass over this family reports it
  if (found->account != position.account || found->time != position.time) {
    return report("points elsewhere, though an event has this sequence");
  }
  if (found->receipt != row.receipt) report("has another receipt than its event");
}

// --- Every other row back against the events ---

absl::Status Verifier::LookUpEvents(const std::vector<Pointer>& pointers, const PointerCheck& check) {
  for (std::size_t begin = 0; begin < pointers.size(); begin += events_.size()) {
    const std::size_t end = std::min(pointers.size(), begin + batch_size_.rows());
    events_.Clear();
    for (std::size_t i = begin; i < end; ++i) events_.Add(pointers[i].event.Encode());
    TALLYSTICK_RETURN_IF_ERROR(events_.Run(Family::kEvents, *view_.snapshot));
    for (std::size_t i = begin; i < end; ++i) check(pointers[i], events_.value(i - begin));
    batch_size_.Adapt(events_);
  }
  return absl::OkStatus();
}

// Completes the pointers by the rows that the last look-up found for them, and drops those that lead nowhere.
void Verifier::TakeTimesFromChanges(std::vector<Pointer>* pointers) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < pointers->size(); ++i) {
    Pointer pointer = (*pointers)[i];
    const auto report = [&](std::string problem) {
      ReportAt(Family::kEventIds, DescribeEventIdKey, pointer.row->key, std::move(problem));
    };
    const std::optional<std::string_view> value = changes_.value(i);
    const absl::StatusOr<ChangeRow> change = ChangeRow::Decode(value.value_or(""));
    if (!value.has_value()) {
      report("points to a sequence that 'changes' does not have");
    } else if (!change.ok()) {
      report("points to a row of 'changes' that does not decode");
    } else if (change->account != pointer.event.account) {
      report("points to an event of another account");
    } else {
      pointer.event.time = change->time;
      (*pointers)[kept++] = pointer;
    }
  }
  pointers->resize(kept);
}

absl::Status Verifier::CheckEventIds(Chunk chunk) {
  std::vector<Pointer> pointers;  // their times are in `changes`
  changes_.Clear();
  for (const Row& row : chunk) {
    const absl::StatusOr<EventIdKey> key = EventIdKey::Decode(row.key);
    const absl::StatusOr<EventIdRow> value = EventIdRow::Decode(row.value);
    if (!key.ok() || !value.ok()) {
      ReportAt(Family::kEventIds, DescribeEventIdKey, row.key, "does not decode");
      continue;
    }
    pointers.push_back({&row, {.account = key->account, .sequence = value->sequence}});
    changes_.Add(ChangeKey{.sequence = value->sequence}.Encode());
  }
  TALLYSTICK_RETURN_IF_ERROR(changes_.Run(Family::kChanges, *view_.snapshot));
  TakeTimesFromChanges(&pointers);
  return LookUpEvents(pointers, [this](const Pointer& pointer, std::optional<std::string_view> value) {
    StoredEvent event;
    if (!value.has_value()) {
      ReportAt(Family::kEventIds, DescribeEventIdKey, pointer.row->key, "points to an event that is not there");
    } else if (decoder_.Decode(pointer.event.Encode(), *value, &event).ok() &&
               EventIdKey{event.account, event.customer_event_id}.Encode().view() != pointer.row->key) {
      ReportAt(Family::kEventIds, DescribeEventIdKey, pointer.row->key, "points to an event with another id");
    }
  });
}

absl::Status Verifier::CheckCustomers(Chunk chunk) {
  std::vector<Pointer> pointers;
  for (const Row& row : chunk) {
    const absl::StatusOr<CustomerKey> key = CustomerKey::Decode(row.key);
    if (!key.ok() || !row.value.empty()) {
      ReportAt(Family::kCustomers, DescribeCustomerKey, row.key, "does not decode");
      continue;
    }
    pointers.push_back({&row, {.account = key->account, .time = key->time, .sequence = key->sequence}});
  }
  return LookUpEvents(pointers, [this](const Pointer& pointer, std::optional<std::string_view> value) {
    if (!value.has_value()) {
      ReportAt(Family::kCustomers, DescribeCustomerKey, pointer.row->key, "points to an event that is not there");
      return;
    }
    const absl::StatusOr<EventRow> event = EventRow::Decode(*value);
    if (event.ok() && event->customer_alias != CustomerKey::Decode(pointer.row->key)->customer_alias) {
      ReportAt(Family::kCustomers, DescribeCustomerKey, pointer.row->key, "points to an event of another customer");
    }
  });
}

absl::Status Verifier::CheckChanges(Chunk chunk) {
  std::vector<Pointer> pointers;
  for (const Row& row : chunk) {
    const absl::StatusOr<ChangeKey> key = ChangeKey::Decode(row.key);
    const absl::StatusOr<ChangeRow> value = ChangeRow::Decode(row.value);
    if (!key.ok() || !value.ok()) {
      ReportAt(Family::kChanges, DescribeChangeKey, row.key, "does not decode");
      continue;
    }
    pointers.push_back({&row, {.account = value->account, .time = value->time, .sequence = key->sequence}});
    if (value->receipt.ticks <= last_change_ticks_) {
      ReportAt(Family::kChanges, DescribeChangeKey, row.key, "has a receipt that is not after the one before it");
    }
    last_change_ticks_ = value->receipt.ticks;
    if (key->sequence > report_.last_sequence) {
      ReportAt(Family::kChanges, DescribeChangeKey, row.key, "is greater than the store's last sequence");
    }
    if (value->replaced.has_value() &&
        (value->replaced->sequence >= key->sequence || value->replaced->receipt >= value->receipt)) {
      ReportAt(Family::kChanges, DescribeChangeKey, row.key, "replaces an event that came after it");
    }
  }
  return LookUpEvents(pointers, [this](const Pointer& pointer, std::optional<std::string_view> value) {
    if (!value.has_value()) {
      ReportAt(Family::kChanges, DescribeChangeKey, pointer.row->key, "points to an event that is not there");
    }
  });
}

// Nothing writes this family yet.
absl::Status Verifier::CheckUnused(Family family) {
  std::uint64_t rows = 0;
  TALLYSTICK_RETURN_IF_ERROR(verification_.Walk(family, &rows, [](Chunk) { return absl::OkStatus(); }));
  if (rows > 0) Report(family, "", "holds " + std::to_string(rows) + " rows that this format version does not have");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<VerifyReport> Verify(const View& view, const VerifyOptions& options) {
  return Verifier(view, options).Run();
}

}  // namespace tallystick::query
