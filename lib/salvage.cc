// Store::Salvage: what can be read of a damaged store, written into a new one as if it were sent again.
//
// Rows come from every file by itself, in no order and in all versions that are left (lib/storage/remains.h). What was
// stored last is found by what the rows say: each event has its sequence, and of one identity the greatest counts. So
// neither a manifest nor tombstones are needed. What is known is gathered in a database of its own beside the new
// store, since it may be more than memory takes:
//
//   events     sequence                 the event's key and row
//   event_ids  identity and sequence    -               each sequence that the identity was seen with
//   default    sequence                 -               sequences whose identity is known
//   changes    sequence                 the row
//   customers  sequence                 -               sequences that a later event replaced
//   consumers  sequence                 identity        the greatest of each identity

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/encoding/bytes.h"
#include "lib/encoding/event_id.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/meta_rows.h"
#include "lib/encoding/rollup_keys.h"
#include "lib/encoding/rollup_rows.h"
#include "lib/encoding/rows.h"
#include "lib/storage/database.h"
#include "lib/storage/folder.h"
#include "lib/storage/remains.h"
#include "tallystick/store.h"

namespace tallystick {
namespace {

using storage::Family;

constexpr std::size_t kLostMax = 10'000;
constexpr std::size_t kBatchBytes = 1024 * 1024;
constexpr std::size_t kBatchEvents = 1000;

std::string SequenceKey(std::uint64_t sequence) {
  std::string key;
  AppendBigEndian(sequence, kSequenceSize, &key);
  return key;
}

// An event: its key, with its length before it, and its row.
std::string EventValue(std::string_view key, std::string_view row) {
  std::string value;
  AppendBigEndian(key.size(), 1, &value);
  value += key;
  value += row;
  return value;
}
struct EventParts {
  EventKey key;
  EventRow row;  // views into the value
};
absl::StatusOr<EventParts> PartsOf(std::string_view value) {
  ByteReader reader(value);
  EventParts parts;
  TALLYSTICK_ASSIGN_OR_RETURN(parts.key, EventKey::Decode(reader.ShortText()));
  TALLYSTICK_ASSIGN_OR_RETURN(parts.row, EventRow::Decode(reader.TakeRest()));
  return parts;
}

std::uint64_t SequenceOf(std::string_view key) { return ByteReader(key).Number(kSequenceSize); }

// The key of `event_ids`, with its length before it so that no other one begins with it.
std::string IdentityKey(std::string_view id_key, std::uint64_t sequence) {
  std::string key;
  AppendBigEndian(id_key.size(), 2, &key);
  key += id_key;
  AppendBigEndian(sequence, kSequenceSize, &key);
  return key;
}

class Salvager {
 public:
  Salvager(const std::string& from, const SalvageOptions& options)
      : remains_(storage::DataPath(from)), options_(options) {}

  void TryToOpen(const std::string& from);
  absl::Status Gather(std::shared_ptr<storage::Database> scratch);
  absl::Status FindNewest();
  absl::Status WriteEvents(Store* store);
  absl::Status FindTraces();
  absl::Status DeclareMeters(Store* store);
  SalvageReport TakeReport();

 private:
  absl::Status Take(const storage::Remains::Row& row);
  absl::Status TakeMeter(const storage::Remains::Row& row);
  absl::Status DoesNotDecode(Family family) {
    ++undecodable_[family];
    return absl::OkStatus();
  }
  void Put(Family family, std::string_view key, std::string_view value) { batch_->Put(family, key, value); }
  absl::Status FlushBatch(bool all);
  absl::StatusOr<bool> Has(Family family, std::uint64_t sequence) const;
  absl::StatusOr<std::optional<std::string>> FindEvent(std::uint64_t sequence, const Uuid& account) const;
  absl::StatusOr<std::optional<ChangeRow>> FindChange(std::uint64_t sequence) const;
  void Lose(LostEvent event);
  absl::Status WriteBatchOf(Store* store, const Uuid& account);
  absl::Status Walk(Family family,
                    const std::function<absl::Status(std::string_view key, std::string_view value)>& take);
  void Progress() {
    if (options_.progress && ++steps_ % 1000 == 0) options_.progress(rows_, report_.events);
  }

  storage::Remains remains_;
  const SalvageOptions& options_;
  SalvageReport report_;
  std::uint64_t rows_ = 0;
  std::uint64_t steps_ = 0;

  std::shared_ptr<storage::Database> scratch_;
  std::optional<storage::Batch> batch_;
  std::optional<HashKey> event_id_key_;
  std::map<std::string, std::string, std::less<>> meters_;  // rows by key, of each the one with the greatest number
  std::vector<std::uint32_t> dropped_;
  std::map<Family, std::uint64_t> undecodable_;  // rows

  // Events of one account that go into the new store next.
  struct Next {
    std::uint64_t sequence = 0;
    std::string id{};
    std::string event{};  // see EventValue()
  };
  std::vector<Next> next_;
  std::size_t next_bytes_ = 0;
};

// --- Gathering ---

// A file that is not there at all, or ends too early, looks whole to who reads what is there.
void Salvager::TryToOpen(const std::string& from) {
  const absl::Status opened = storage::Database::Open(storage::DataPath(from), {.read_only = true}).status();
  if (opened.ok()) return;
  report_.unreadable.push_back({.file = "", .family = "", .problem = std::string(opened.message())});
  report_.lost_all_known = false;
}

absl::Status Salvager::Gather(std::shared_ptr<storage::Database> scratch) {
  scratch_ = std::move(scratch);
  batch_.emplace(*scratch_);
  TALLYSTICK_RETURN_IF_ERROR(remains_.Read([this](const storage::Remains::Row& row) {
    ++rows_;
    Progress();
    TALLYSTICK_RETURN_IF_ERROR(Take(row));
    return FlushBatch(false);
  }));
  TALLYSTICK_RETURN_IF_ERROR(FlushBatch(true));
  for (const storage::Remains::Unreadable& part : remains_.unreadable()) {
    report_.unreadable.push_back(
        {.file = part.file,
         .family = part.family.has_value() ? std::string(storage::FamilyName(*part.family)) : "",
         .problem = part.problem});
    if (!part.family.has_value() || *part.family == Family::kEventIds) report_.lost_all_known = false;
  }
  for (const auto& [family, rows] : undecodable_) {
    report_.unreadable.push_back({.file = "",
                                  .family = std::string(storage::FamilyName(family)),
                                  .problem = std::to_string(rows) + " rows do not decode"});
    report_.lost_all_known = false;
  }
  return absl::OkStatus();
}

absl::Status Salvager::FlushBatch(bool all) {
  if (batch_->empty() || (!all && batch_->bytes() < kBatchBytes)) return absl::OkStatus();
  TALLYSTICK_RETURN_IF_ERROR(scratch_->Write(&*batch_));
  batch_->Clear();
  return absl::OkStatus();
}

absl::Status Salvager::Take(const storage::Remains::Row& row) {
  switch (row.family) {
    case Family::kMeta:
      if (row.key == meta_key::kEventIdKey && row.value.size() == HashKey().bytes.size()) {
        std::copy(row.value.begin(), row.value.end(), event_id_key_.emplace().bytes.begin());
      }
      return absl::OkStatus();
    case Family::kEventIds: {
      const absl::StatusOr<EventIdRow> value = EventIdRow::Decode(row.value);
      if (!value.ok() || !EventIdKey::Decode(row.key).ok()) return DoesNotDecode(row.family);
      Put(Family::kEventIds, IdentityKey(row.key, value->sequence), "");
      Put(Family::kMeta, SequenceKey(value->sequence), "");
      return absl::OkStatus();
    }
    case Family::kEvents: {
      const absl::StatusOr<EventKey> key = EventKey::Decode(row.key);
      const absl::StatusOr<EventRow> value = EventRow::Decode(row.value);
      if (!key.ok() || !value.ok()) return DoesNotDecode(row.family);
      Put(Family::kEvents, SequenceKey(key->sequence), EventValue(row.key, row.value));
      return absl::OkStatus();
    }
    case Family::kChanges: {
      const absl::StatusOr<ChangeKey> key = ChangeKey::Decode(row.key);
      const absl::StatusOr<ChangeRow> value = ChangeRow::Decode(row.value);
      if (!key.ok() || !value.ok()) return DoesNotDecode(row.family);
      Put(Family::kChanges, row.key, row.value);
      if (value->replaced.has_value()) Put(Family::kCustomers, SequenceKey(value->replaced->sequence), "");
      return absl::OkStatus();
    }
    case Family::kRollups:
      return TakeMeter(row);
    case Family::kCustomers:
    case Family::kConsumers:
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::Status Salvager::TakeMeter(const storage::Remains::Row& row) {
  const absl::StatusOr<RollupKind> kind = RollupKindOf(row.key);
  if (kind.ok() && *kind == RollupKind::kDropped) {
    if (const absl::StatusOr<DroppedKey> key = DroppedKey::Decode(row.key); key.ok()) dropped_.push_back(key->meter);
  }
  if (!kind.ok() || *kind != RollupKind::kMeter || !MeterKey::Decode(row.key).ok()) return absl::OkStatus();
  std::string& best = meters_[std::string(row.key)];
  const absl::StatusOr<MeterRow> before = MeterRow::Decode(best);
  const absl::StatusOr<MeterRow> now = MeterRow::Decode(row.value);
  if (!before.ok() || (now.ok() && now->number > before->number)) best = std::string(row.value);
  return absl::OkStatus();
}

// --- What was stored last ---

absl::Status Salvager::Walk(Family family,
                            const std::function<absl::Status(std::string_view key, std::string_view value)>& take) {
  TALLYSTICK_RETURN_IF_ERROR(FlushBatch(true));
  storage::RowIterator row =
      scratch_->NewIterator(family, KeyRange(), scratch_->TakeSnapshot(), storage::ReadLength::kLong);
  for (row.SeekToFirst(); row.Valid(); row.Next()) {
    Progress();
    TALLYSTICK_RETURN_IF_ERROR(take(row.key(), row.value()));
    TALLYSTICK_RETURN_IF_ERROR(FlushBatch(false));
  }
  return row.status();
}

absl::Status Salvager::FindNewest() {
  // The identity of each event that can be read.
  TALLYSTICK_RETURN_IF_ERROR(
      Walk(Family::kEvents, [this](std::string_view key, std::string_view value) -> absl::Status {
        TALLYSTICK_ASSIGN_OR_RETURN(const EventParts event, PartsOf(value));
        std::optional<CustomerEventId> id = event.row.customer_event_id;
        if (!id.has_value() && event_id_key_.has_value()) {
          id = MakeEventId(*event_id_key_, event.row.receipt, event.key.sequence);
        }
        if (!id.has_value()) return absl::OkStatus();  // `event_ids` may know
        Put(Family::kEventIds, IdentityKey(EventIdKey{event.key.account, *id}.Encode().view(), event.key.sequence), "");
        Put(Family::kMeta, key, "");
        return absl::OkStatus();
      }));
  std::string newest;  // of the identity under way
  const auto note = [this](const std::string& identity) {
    if (identity.empty()) return;
    const std::string_view id = std::string_view(identity).substr(2, identity.size() - 2 - kSequenceSize);
    Put(Family::kConsumers, std::string_view(identity).substr(identity.size() - kSequenceSize), id);
  };
  TALLYSTICK_RETURN_IF_ERROR(Walk(Family::kEventIds, [&](std::string_view key, std::string_view /*value*/) {
    const std::string_view identity = key.substr(0, key.size() - kSequenceSize);
    if (!newest.empty() && std::string_view(newest).substr(0, newest.size() - kSequenceSize) != identity) note(newest);
    newest = std::string(key);
    return absl::OkStatus();
  }));
  note(newest);
  return FlushBatch(true);
}

absl::StatusOr<bool> Salvager::Has(Family family, std::uint64_t sequence) const {
  TALLYSTICK_ASSIGN_OR_RETURN(const std::optional<std::string> row, scratch_->Get(family, SequenceKey(sequence)));
  return row.has_value();
}

absl::StatusOr<std::optional<ChangeRow>> Salvager::FindChange(std::uint64_t sequence) const {
  TALLYSTICK_ASSIGN_OR_RETURN(std::optional<std::string> row, scratch_->Get(Family::kChanges, SequenceKey(sequence)));
  if (!row.has_value()) row = remains_.Find(Family::kChanges, SequenceKey(sequence));
  const absl::StatusOr<ChangeRow> change = ChangeRow::Decode(row.value_or(""));
  return change.ok() ? std::optional(*change) : std::nullopt;
}

absl::StatusOr<std::optional<std::string>> Salvager::FindEvent(std::uint64_t sequence, const Uuid& account) const {
  TALLYSTICK_ASSIGN_OR_RETURN(std::optional<std::string> event, scratch_->Get(Family::kEvents, SequenceKey(sequence)));
  if (event.has_value()) return event;
  // Between two places that are damaged, it may have been passed over.
  TALLYSTICK_ASSIGN_OR_RETURN(const std::optional<ChangeRow> change, FindChange(sequence));
  if (!change.has_value() || change->account != account) return std::optional<std::string>();
  const KeyBuffer key = EventKey{.account = account, .time = change->time, .sequence = sequence}.Encode();
  const std::optional<std::string> row = remains_.Find(Family::kEvents, key.view());
  if (row.has_value()) event = EventValue(key.view(), *row);
  return event;
}

// --- Writing ---

absl::Status Salvager::WriteEvents(Store* store) {
  std::optional<Uuid> account;
  TALLYSTICK_RETURN_IF_ERROR(Walk(Family::kConsumers, [&](std::string_view key, std::string_view id) -> absl::Status {
    const std::uint64_t sequence = SequenceOf(key);
    TALLYSTICK_ASSIGN_OR_RETURN(const EventIdKey identity, EventIdKey::Decode(id));
    TALLYSTICK_ASSIGN_OR_RETURN(std::optional<std::string> event, FindEvent(sequence, identity.account));
    TALLYSTICK_ASSIGN_OR_RETURN(const bool replaced, Has(Family::kCustomers, sequence));
    std::string text;
    std::string id_text(identity.customer_event_id.ToText(&text));
    if (!event.has_value() || replaced) {
      LostEvent lost{.sequence = sequence,
                     .account = identity.account,
                     .customer_event_id = std::move(id_text),
                     .event_timestamp = {}};
      TALLYSTICK_ASSIGN_OR_RETURN(const std::optional<ChangeRow> change, FindChange(sequence));
      if (change.has_value() && !replaced) lost.event_timestamp = change->time.ToTime();
      Lose(std::move(lost));
      return absl::OkStatus();
    }
    if (account != identity.account || next_.size() >= kBatchEvents || next_bytes_ >= kBatchBytes) {
      if (account.has_value()) TALLYSTICK_RETURN_IF_ERROR(WriteBatchOf(store, *account));
      account = identity.account;
    }
    next_bytes_ += event->size();
    next_.push_back({.sequence = sequence, .id = std::move(id_text), .event = *std::move(event)});
    return absl::OkStatus();
  }));
  if (account.has_value()) TALLYSTICK_RETURN_IF_ERROR(WriteBatchOf(store, *account));
  return store->Sync();
}

absl::Status Salvager::WriteBatchOf(Store* store, const Uuid& account) {
  std::vector<Event> events;
  for (const Next& next : next_) {
    TALLYSTICK_ASSIGN_OR_RETURN(const EventParts parts, PartsOf(next.event));
    events.push_back({.customer_event_id = next.id,
                      .customer_alias = parts.row.customer_alias,
                      .event_type = parts.row.event_type,
                      .event_timestamp = parts.key.time.ToTime(),
                      .event_properties = parts.row.event_properties});
  }
  TALLYSTICK_ASSIGN_OR_RETURN(const std::vector<WriteResult> results,
                              store->Write(account, events, {.durability = Durability::kBuffered}));
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].outcome == Outcome::kCreated) {
      ++report_.events;
    } else {
      Lose({.sequence = next_[i].sequence,
            .account = account,
            .customer_event_id = next_[i].id,
            .event_timestamp = events[i].event_timestamp});
    }
  }
  next_.clear();
  next_bytes_ = 0;
  return absl::OkStatus();
}

// --- What is lost ---

void Salvager::Lose(LostEvent event) {
  ++report_.lost_count;
  if (report_.lost.size() < kLostMax) report_.lost.push_back(std::move(event));
}

// Where ids cannot all be read, the change feed may still know of events. An entry may also be left of an event that
// was superseded long ago; where all ids can be read, none of them tells anything new.
absl::Status Salvager::FindTraces() {
  if (report_.lost_all_known) return absl::OkStatus();
  TALLYSTICK_RETURN_IF_ERROR(
      Walk(Family::kEvents, [this](std::string_view key, std::string_view value) -> absl::Status {
        TALLYSTICK_ASSIGN_OR_RETURN(const bool known, Has(Family::kMeta, SequenceOf(key)));
        if (known) return absl::OkStatus();
        TALLYSTICK_ASSIGN_OR_RETURN(const EventParts event, PartsOf(value));
        // It came without an id, and neither its id nor the key to it can be read.
        Lose({.sequence = event.key.sequence,
              .account = event.key.account,
              .customer_event_id = {},
              .event_timestamp = event.key.time.ToTime()});
        Put(Family::kMeta, key, "");
        return absl::OkStatus();
      }));
  return Walk(Family::kChanges, [this](std::string_view key, std::string_view value) -> absl::Status {
    const std::uint64_t sequence = SequenceOf(key);
    TALLYSTICK_ASSIGN_OR_RETURN(const bool known, Has(Family::kMeta, sequence));
    TALLYSTICK_ASSIGN_OR_RETURN(const bool replaced, Has(Family::kCustomers, sequence));
    if (known || replaced) return absl::OkStatus();
    TALLYSTICK_ASSIGN_OR_RETURN(const ChangeRow change, ChangeRow::Decode(value));
    Lose({.sequence = sequence,
          .account = change.account,
          .customer_event_id = {},
          .event_timestamp = change.time.ToTime()});
    return absl::OkStatus();
  });
}

absl::Status Salvager::DeclareMeters(Store* store) {
  for (const auto& [key, value] : meters_) {
    TALLYSTICK_ASSIGN_OR_RETURN(const MeterKey meter, MeterKey::Decode(key));
    const absl::StatusOr<MeterRow> row = MeterRow::Decode(value);
    if (row.ok() && std::find(dropped_.begin(), dropped_.end(), row->number) != dropped_.end()) continue;
    const std::string name(meter.name);
    report_.meters.push_back({.account = meter.account, .name = name, .declared = row.ok()});
    if (!row.ok()) continue;
    TALLYSTICK_RETURN_IF_ERROR(store->DefineMeter(meter.account, name, row->meter).status());
    TALLYSTICK_RETURN_IF_ERROR(store->AwaitMeter(meter.account, name));
  }
  return absl::OkStatus();
}

SalvageReport Salvager::TakeReport() {
  batch_.reset();
  scratch_.reset();
  std::sort(report_.lost.begin(), report_.lost.end(),
            [](const LostEvent& a, const LostEvent& b) { return a.sequence < b.sequence; });
  return std::move(report_);
}

absl::Status CheckTarget(const std::string& to) {
  TALLYSTICK_ASSIGN_OR_RETURN(const storage::FolderState state, storage::InspectFolder(to));
  if (state == storage::FolderState::kComplete) return absl::AlreadyExistsError(to + ": the store exists");
  if (state != storage::FolderState::kRestoring) return absl::OkStatus();
  return absl::FailedPreconditionError(to + ": a restore into this folder has not ended");
}

}  // namespace

absl::StatusOr<SalvageReport> Store::Salvage(const std::string& from, const std::string& to,
                                             const SalvageOptions& options) {
  TALLYSTICK_ASSIGN_OR_RETURN(const storage::FolderState state, storage::InspectFolder(from));
  if (state != storage::FolderState::kComplete) return absl::NotFoundError(from + ": there is no store");
  TALLYSTICK_ASSIGN_OR_RETURN(const std::unique_ptr<storage::FolderLock> lock,
                              storage::FolderLock::AcquireToRead(from));
  TALLYSTICK_RETURN_IF_ERROR(CheckTarget(to));
  TALLYSTICK_RETURN_IF_ERROR(storage::PrepareSalvage(to));
  TALLYSTICK_ASSIGN_OR_RETURN(const std::unique_ptr<storage::FolderLock> writing, storage::FolderLock::Acquire(to));
  TALLYSTICK_RETURN_IF_ERROR(CheckTarget(to));
  SalvageReport report;
  TALLYSTICK_RETURN_IF_ERROR(storage::SalvageData(to, [&](const std::string& path) -> absl::Status {
    TALLYSTICK_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                                Open(path, {.error_if_exists = true, .reserve_bytes = 0}));
    Salvager salvager(from, options);
    TALLYSTICK_ASSIGN_OR_RETURN(std::shared_ptr<storage::Database> gathered,
                                storage::Database::Open(path + "/gathered", {.create = true}));
    salvager.TryToOpen(from);
    TALLYSTICK_RETURN_IF_ERROR(salvager.Gather(std::move(gathered)));
    TALLYSTICK_RETURN_IF_ERROR(salvager.FindNewest());
    TALLYSTICK_RETURN_IF_ERROR(salvager.WriteEvents(store.get()));
    TALLYSTICK_RETURN_IF_ERROR(salvager.FindTraces());
    TALLYSTICK_RETURN_IF_ERROR(salvager.DeclareMeters(store.get()));
    report = salvager.TakeReport();
    return store->Close();
  }));
  return report;
}

}  // namespace tallystick
