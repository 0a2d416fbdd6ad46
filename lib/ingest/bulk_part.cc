#include "lib/ingest/bulk_part.h"

#include <cstring>
#include <new>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "lib/base/status_macros.h"
#include "lib/encoding/fingerprint.h"
#include "lib/encoding/keys.h"
#include "lib/ingest/future.h"

namespace tallystick::ingest {
namespace {

// At most what an event has beside its text: its key's account and what is between the parts of its row. Its text has
// the names of its fields, which are longer than the id that is kept twice.
constexpr std::size_t kEventBytes = 320;

}  // namespace

void BulkPart::Read(const BulkInput& input, const std::optional<Instant>& future, const HashKey& fingerprint_key,
                    EventParser* parser, PageArena* arena) {
  std::size_t text_bytes = 0;
  for (const BulkDocument& document : input.documents) text_bytes += document.text.size();
  const std::size_t events_bytes = input.documents.size() * sizeof(BulkEvent);
  auto* const events = reinterpret_cast<BulkEvent*>(arena->Room(events_bytes));
  arena->Take(events_bytes);
  // What is not used is never touched.
  text_ = arena->Room(text_bytes + input.documents.size() * kEventBytes);
  std::size_t count = 0;
  ParsedEvent event;
  for (const BulkDocument& document : input.documents) {
    std::optional<Rejection> rejection =
        document.cut ? std::optional(TooLargeDocument()) : parser->Parse(document.text, &event);
    if (!rejection.has_value()) rejection = RejectFuture(event, future);
    if (rejection.has_value()) {
      Reject(document, count, *std::move(rejection));
    } else {
      Add(event, fingerprint_key, new (events + count) BulkEvent());
      ++count;
    }
  }
  events_ = absl::MakeSpan(events, count);
  arena->Take(text_size_);
}

void BulkPart::Reject(const BulkDocument& document, std::size_t before, Rejection rejection) {
  Rejected& rejected = rejected_.emplace_back();
  rejected.before = before;
  rejected.text = std::make_unique<char[]>(document.text.size());
  document.text.copy(rejected.text.get(), document.text.size());
  rejected.document = document;
  rejected.document.text = {rejected.text.get(), document.text.size()};
  rejected.rejection = std::move(rejection);
  rejected_bytes_ += sizeof(Rejected) + document.text.size();
}

std::uint32_t BulkPart::NumberOf(std::string_view alias) {
  const auto [found, added] = alias_numbers_.try_emplace(absl::string_view(alias.data(), alias.size()),
                                                         static_cast<std::uint32_t>(aliases_.size()));
  if (added) aliases_.push_back(alias);
  return found->second;
}

void BulkPart::Add(const ParsedEvent& event, const HashKey& fingerprint_key, BulkEvent* kept) {
  kept->has_time = event.event_timestamp.has_value();
  kept->time = event.event_timestamp.value_or(Instant());
  const std::optional<CustomerEventId> id(event.customer_event_id);  // told from a UUID once
  if (id.has_value()) {
    const KeyBuffer id_key = EventIdKey{account_, *id}.Encode();
    const std::string_view key = id_key.view();
    kept->id_key_offset = static_cast<std::uint32_t>(text_size_);
    kept->id_key_size = static_cast<std::uint16_t>(key.size());
    kept->identity_hash = absl::HashOf(absl::string_view(key.data(), key.size()));
    std::memcpy(text_ + text_size_, key.data(), key.size());
    text_size_ += key.size();
  }
  const EventRow row = {.receipt = {},
                        .customer_event_id = id,
                        .customer_alias = event.customer_alias,
                        .event_type = event.event_type,
                        .event_properties = event.event_properties};
  char* const text = text_ + text_size_;
  const std::size_t size = row.EncodedSize();
  row.EncodeTo(text);
  kept->fingerprint = FingerprintOfContent(fingerprint_key, std::string_view(text, size).substr(row.ContentOffset()));
  kept->row_offset = static_cast<std::uint32_t>(text_size_);
  kept->row_size = static_cast<std::uint32_t>(size);
  kept->alias = NumberOf({text + row.AliasOffset(), event.customer_alias.size()});
  text_size_ += size;
}

absl::Status BulkPart::Measure(const std::shared_ptr<const metering::KeptMeters>& meters) {
  contributions_.emplace(meters, account_);
  metering_.clear();
  if (meters->Of(account_).empty()) return absl::OkStatus();
  metering_.reserve(events_.size());
  for (const BulkEvent& event : events_) {
    TALLYSTICK_ASSIGN_OR_RETURN(const EventRow row, EventRow::Decode(Row(event, {})));
    TALLYSTICK_ASSIGN_OR_RETURN(metering_.emplace_back(), contributions_->Add(row));
  }
  return absl::OkStatus();
}

}  // namespace tallystick::ingest
