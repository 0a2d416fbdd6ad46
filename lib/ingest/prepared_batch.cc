#include "lib/ingest/prepared_batch.h"

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "lib/base/status_macros.h"
#include "lib/encoding/bytes.h"
#include "lib/encoding/fingerprint.h"
#include "lib/encoding/keys.h"
#include "lib/ingest/prefix_sort.h"

namespace tallystick::ingest {
namespace {

// How many bytes the texts begin with alike, which tell nothing of their order; empty ones do not count.
template <typename TextOf>
std::size_t CommonPrefixOf(const std::vector<PreparedEvent>& events, TextOf text_of) {
  std::string_view common;
  for (const PreparedEvent& event : events) {
    const std::string_view text = text_of(event);
    if (text.empty()) continue;
    common = common.data() == nullptr ? text : common.substr(0, CommonPrefix(common, text));
  }
  return common.size();
}

void TakePlaces(const std::vector<SortKey>& keys, std::vector<std::uint32_t>* places) {
  places->clear();
  places->reserve(keys.size());
  for (const SortKey key : keys) places->push_back(static_cast<std::uint32_t>(PlaceOf(key)));
}

}  // namespace

absl::StatusOr<StoredRow> StoredRow::Join(const Uuid& account, const EventIdRow& id_row, std::string_view change) {
  TALLYSTICK_ASSIGN_OR_RETURN(const ChangeRow row, ChangeRow::DecodeOf(account, id_row.sequence, change));
  return StoredRow{
      .time = row.time, .sequence = id_row.sequence, .receipt = row.receipt, .fingerprint = id_row.fingerprint};
}

void PreparedBatch::Reserve(std::size_t events, std::size_t text_bytes) {
  events_.reserve(events);
  // An event's text is kept once in its row, and its id once more in its key.
  text_.reserve(text_bytes + events * 64);
}

void PreparedBatch::Add(std::size_t input_index, const ParsedEvent& event, const HashKey& fingerprint_key) {
  PreparedEvent& prepared = events_.emplace_back();
  prepared.input_index = static_cast<std::uint32_t>(input_index);
  prepared.time = event.event_timestamp;
  const std::optional<CustomerEventId> id(event.customer_event_id);  // told from a UUID once
  if (id.has_value()) {
    const KeyBuffer id_key = EventIdKey{account_, *id}.Encode();
    prepared.id_key_offset = static_cast<std::uint32_t>(text_.size());
    prepared.id_key_size = static_cast<std::uint32_t>(id_key.view().size());
    prepared.identity_hash = absl::HashOf(absl::string_view(id_key.view().data(), id_key.view().size()));
    text_.append(id_key.view());
  }
  const EventRow row = {.receipt = {},
                        .customer_event_id = id,
                        .customer_alias = event.customer_alias,
                        .event_type = event.event_type,
                        .event_properties = event.event_properties};
  prepared.row_offset = static_cast<std::uint32_t>(text_.size());
  row.AppendTo(&text_);
  prepared.row_size = static_cast<std::uint32_t>(text_.size() - prepared.row_offset);
  prepared.fingerprint =
      FingerprintOfContent(fingerprint_key, std::string_view(text_).substr(prepared.row_offset + row.ContentOffset()));
  prepared.alias_offset = prepared.row_offset + static_cast<std::uint32_t>(row.AliasOffset());
  prepared.alias_size = static_cast<std::uint8_t>(event.customer_alias.size());
}

void PreparedBatch::Sort() {
  const auto count = static_cast<std::uint32_t>(events_.size());
  std::vector<SortKey> keys;
  keys.reserve(count);

  const auto id_of = [this](const PreparedEvent& event) {
    return event.id_key_size == 0 ? std::string_view() : IdKey(event).substr(account_.bytes.size());
  };
  const std::size_t common_id = CommonPrefixOf(events_, id_of);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (events_[i].id_key_size > 0) keys.push_back(MakeSortKey(PrefixOf(id_of(events_[i]).substr(common_id)), i));
  }
  SortByPrefix(&keys, [&](std::uint64_t a, std::uint64_t b) { return id_of(events_[a]) < id_of(events_[b]); });
  TakePlaces(keys, &by_id_);
  for (std::size_t i = 1; i < by_id_.size(); ++i) {
    PreparedEvent& one = events_[by_id_[i - 1]];
    PreparedEvent& other = events_[by_id_[i]];
    if (one.identity_hash == other.identity_hash && IdKey(one) == IdKey(other)) one.repeated = other.repeated = true;
  }

  keys.clear();
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::optional<Instant>& time = events_[i].time;
    keys.push_back(
        MakeSortKey(time.has_value() ? PrefixOf(*time) : ~std::uint64_t{0}, i));  // receipt is mostly the latest
  }
  SortByPrefix(&keys, [this](std::uint64_t a, std::uint64_t b) {
    return events_[a].time.value_or(Instant()).nanos < events_[b].time.value_or(Instant()).nanos;
  });
  TakePlaces(keys, &by_time_);

  // Keys in `customers` begin with the alias's length, and order by time within one customer.
  const std::size_t common_alias = CommonPrefixOf(events_, [this](const PreparedEvent& event) { return Alias(event); });
  keys.clear();
  for (std::uint32_t rank = 0; rank < count; ++rank) {
    const PreparedEvent& event = events_[by_time_[rank]];
    const std::uint64_t size = event.alias_size;
    keys.push_back(MakeSortKey(size << 56 | PrefixOf(Alias(event).substr(common_alias)) >> 8, rank));
  }
  SortByPrefix(&keys, [this](std::uint64_t a, std::uint64_t b) {
    return Alias(events_[by_time_[a]]) < Alias(events_[by_time_[b]]);
  });
  TakePlaces(keys, &by_customer_);
  for (std::uint32_t& rank : by_customer_) rank = by_time_[rank];

  decisions_.resize(count);
}

absl::Status PreparedBatch::Measure(const std::shared_ptr<const metering::KeptMeters>& meters) {
  const bool again = contributions_.has_value();
  contributions_.emplace(meters, account_);
  const bool any = !meters->Of(account_).empty();
  if (!any && !again) return absl::OkStatus();
  for (PreparedEvent& event : events_) {
    event.metering = {};
    // What it gave to the meters of before is forgotten: an alias that is empty is read again, and the rest with it.
    if (event.stored.has_value()) event.stored = Stored{.row = event.stored->row};
    if (!any) continue;
    TALLYSTICK_ASSIGN_OR_RETURN(const EventRow row, EventRow::Decode(Row(event, {})));
    TALLYSTICK_ASSIGN_OR_RETURN(event.metering, contributions_->Add(row));
  }
  return absl::OkStatus();
}

absl::Status PreparedBatch::LookUp(const storage::Database& database, std::uint64_t committed) {
  looked_up_at_ = committed;
  if (by_id_.empty()) return absl::OkStatus();
  std::vector<std::string_view> keys;
  keys.reserve(by_id_.size());
  for (const std::uint32_t i : by_id_) {
    if (const std::string_view key = IdKey(events_[i]); keys.empty() || keys.back() != key) keys.push_back(key);
  }
  storage::LookUps found;
  TALLYSTICK_RETURN_IF_ERROR(database.MultiGet(storage::Family::kEventIds, keys, nullptr, &found));

  std::vector<Hit> hits;
  std::size_t at = 0;
  for (const std::uint32_t i : by_id_) {
    if (keys[at] != IdKey(events_[i])) ++at;
    const std::optional<std::string_view> value = found.value(at);
    if (!value.has_value()) continue;
    TALLYSTICK_ASSIGN_OR_RETURN(const EventIdRow row, EventIdRow::Decode(*value));
    hits.push_back({.row = row, .event = i});
  }
  return hits.empty() ? absl::OkStatus() : LookUpHits(database, &hits);
}

absl::Status PreparedBatch::LookUpHits(const storage::Database& database, std::vector<Hit>* hits) {
  std::sort(hits->begin(), hits->end(), [](const Hit& a, const Hit& b) {
    return a.row.sequence != b.row.sequence ? a.row.sequence < b.row.sequence : a.event < b.event;
  });
  std::string text;
  text.reserve(hits->size() * kSequenceSize);  // stays where it is
  std::vector<std::string_view> keys;
  keys.reserve(hits->size());
  for (std::size_t i = 0; i < hits->size(); ++i) {
    if (i > 0 && (*hits)[i - 1].row.sequence == (*hits)[i].row.sequence) continue;
    text.append(ChangeKey{(*hits)[i].row.sequence}.Encode().view());
    keys.push_back(std::string_view(text).substr(text.size() - kSequenceSize));
  }
  storage::LookUps found;
  TALLYSTICK_RETURN_IF_ERROR(database.MultiGet(storage::Family::kChanges, keys, nullptr, &found));

  // A row that is not found was superseded since the one that led to it was read, or is lost: the committer, who looks
  // again, tells which.
  std::size_t at = 0;
  for (std::size_t i = 0; i < hits->size(); ++i) {
    const EventIdRow& id_row = (*hits)[i].row;
    if (i > 0 && (*hits)[i - 1].row.sequence != id_row.sequence) ++at;
    PreparedEvent& event = events_[(*hits)[i].event];
    const std::optional<std::string_view> value = found.value(at);
    if (!value.has_value()) {
      event.look_again = true;
      continue;
    }
    TALLYSTICK_ASSIGN_OR_RETURN(const StoredRow row, StoredRow::Join(account_, id_row, *value));
    Stored& stored = event.stored.emplace(Stored{.row = row});
    if (event.SameAs(row)) continue;
    const absl::Status read = ReadLeaving(database, &stored);
    if (!read.ok() && !absl::IsNotFound(read)) return read;
  }
  return absl::OkStatus();
}

absl::Status PreparedBatch::ReadLeaving(const storage::Database& database, Stored* stored) {
  const EventKey key = {.account = account_, .time = stored->row.time, .sequence = stored->row.sequence};
  TALLYSTICK_ASSIGN_OR_RETURN(const std::optional<std::string> value,
                              database.Get(storage::Family::kEvents, key.Encode()));
  if (!value.has_value()) return absl::NotFoundError("events: no row for " + DescribeEventKey(key.Encode()));
  TALLYSTICK_ASSIGN_OR_RETURN(const EventRow event, EventRow::Decode(*value));
  TALLYSTICK_ASSIGN_OR_RETURN(stored->metering, contributions_->Add(event));
  stored->customer_alias = event.customer_alias;
  return absl::OkStatus();
}

std::size_t PreparedBatch::bytes() const {
  constexpr std::size_t kOtherRowBytes = 200;  // of one event in the families that do not hold its text
  return text_.size() + events_.size() * kOtherRowBytes;
}

std::string_view PreparedBatch::IdKey(const PreparedEvent& event) const {
  return std::string_view(text_).substr(event.id_key_offset, event.id_key_size);
}

std::string_view PreparedBatch::Alias(const PreparedEvent& event) const {
  return std::string_view(text_).substr(event.alias_offset, event.alias_size);
}

std::string_view PreparedBatch::Row(const PreparedEvent& event, Receipt receipt) {
  EventRow::SetReceipt(receipt, text_.data() + event.row_offset);
  return std::string_view(text_).substr(event.row_offset, event.row_size);
}

absl::StatusOr<std::optional<Stored>> ReadStored(const storage::Database& database, const Uuid& account,
                                                 std::string_view id_key) {
  TALLYSTICK_ASSIGN_OR_RETURN(const std::optional<std::string> value, database.Get(storage::Family::kEventIds, id_key));
  if (!value.has_value()) return std::optional<Stored>();
  TALLYSTICK_ASSIGN_OR_RETURN(const EventIdRow id_row, EventIdRow::Decode(*value));
  const KeyBuffer change_key = ChangeKey{id_row.sequence}.Encode();
  TALLYSTICK_ASSIGN_OR_RETURN(const std::optional<std::string> change,
                              database.Get(storage::Family::kChanges, change_key));
  if (!change.has_value()) {
    return absl::DataLossError("changes: the row is missing that 'event_ids' points to: " +
                               DescribeChangeKey(change_key) + ", of " + DescribeEventIdKey(id_key));
  }
  TALLYSTICK_ASSIGN_OR_RETURN(const StoredRow row, StoredRow::Join(account, id_row, *change));
  return std::optional<Stored>(Stored{.row = row});
}

}  // namespace tallystick::ingest
