#include "lib/encoding/rows.h"

#include <array>
#include <cassert>
#include <cstring>

#include "lib/encoding/bytes.h"
#include "lib/encoding/keys.h"
#include "tallystick/event.h"

namespace tallystick {
namespace {

// Tags of `events` and `changes` rows. Never reused.
constexpr std::uint8_t kEventRowTag = 1;
constexpr std::uint8_t kChangeRowEventTag = 1;
// 2 in `changes`: tombstone (reserved).

// How an `events` row has its customerEventId. Never reused.
enum class IdForm : std::uint8_t { kAbsent = 0, kText = 1, kUuid = 2 };

// Where SetReceipt finds it: behind the tag.
constexpr std::size_t kEventRowReceiptOffset = 1;

absl::Status BadRow(std::string_view family, std::string_view what) {
  return absl::DataLossError(std::string(family) + ": a row " + std::string(what));
}

// These return where the next field goes.
char* StoreText(std::string_view text, char* out) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

char* StoreShortText(std::string_view text, char* out) {
  assert(!text.empty() && text.size() <= kNameBytesMax);
  *out++ = static_cast<char>(text.size());
  return StoreText(text, out);
}

Receipt TakeReceipt(ByteReader* reader) { return Receipt{reader->Number(kReceiptSize)}; }

}  // namespace

void EventIdRow::AppendTo(std::string* out) const {
  char bytes[1 + kSequenceSize + sizeof fingerprint];
  bytes[0] = static_cast<char>(state);
  StoreBigEndian(sequence, kSequenceSize, bytes + 1);
  StoreBigEndian(fingerprint, sizeof fingerprint, bytes + 1 + kSequenceSize);
  out->append(bytes, sizeof bytes);
}

absl::StatusOr<EventIdRow> EventIdRow::Decode(std::string_view value) {
  ByteReader reader(value);
  const std::uint64_t tag = reader.Number(1);
  EventIdRow row;
  row.sequence = reader.TakeSequence();
  row.fingerprint = reader.Number(sizeof row.fingerprint);
  if (tag != static_cast<std::uint64_t>(EventIdState::kLive)) return BadRow("event_ids", "has an unknown tag");
  if (!reader.at_end()) return BadRow("event_ids", "does not decode");
  return row;
}

void EventRow::AppendTo(std::string* out) const {
  const std::size_t before = out->size();
  out->resize(before + EncodedSize());
  EncodeTo(out->data() + before);
}

std::size_t EventRow::EncodedSize() const {
  return ContentOffset() + 1 + customer_alias.size() + 1 + event_type.size() + event_properties.size();
}

void EventRow::EncodeTo(char* out) const {
  *out++ = static_cast<char>(kEventRowTag);
  StoreBigEndian(receipt.ticks, kReceiptSize, out);
  out += kReceiptSize;
  if (!customer_event_id.has_value()) {
    *out++ = static_cast<char>(IdForm::kAbsent);
  } else if (customer_event_id->uuid().has_value()) {
    *out++ = static_cast<char>(IdForm::kUuid);
    out = StoreText(BytesOf(*customer_event_id->uuid()), out);
  } else {
    *out++ = static_cast<char>(IdForm::kText);
    out = StoreShortText(customer_event_id->text(), out);
  }
  out = StoreShortText(customer_alias, out);
  out = StoreShortText(event_type, out);
  StoreText(event_properties, out);
}

std::size_t EventRow::ContentOffset() const {
  std::size_t id_size = 0;
  if (customer_event_id.has_value()) {
    id_size = customer_event_id->uuid().has_value() ? kUuidSize : 1 + customer_event_id->text().size();
  }
  return kEventRowReceiptOffset + kReceiptSize + 1 + id_size;
}

void EventRow::SetReceipt(Receipt receipt, char* row) {
  StoreBigEndian(receipt.ticks, kReceiptSize, row + kEventRowReceiptOffset);
}

absl::StatusOr<EventRow> EventRow::Decode(std::string_view value) {
  ByteReader reader(value);
  if (reader.Number(1) != kEventRowTag) return BadRow("events", "has an unknown tag");
  absl::StatusOr<EventRow> decoded(absl::in_place);  // filled where it is returned: scans decode millions a second
  EventRow& row = *decoded;
  row.receipt = TakeReceipt(&reader);
  switch (static_cast<IdForm>(reader.Number(1))) {
    case IdForm::kAbsent:
      break;
    case IdForm::kText: {
      const std::string_view text = reader.ShortText();
      row.customer_event_id.emplace(text);
      // A UUID has one form, and this is not it.
      if (!CustomerEventId::IsPossible(text) || row.customer_event_id->uuid().has_value()) {
        return BadRow("events", "does not decode");
      }
      break;
    }
    case IdForm::kUuid:
      row.customer_event_id.emplace(reader.TakeUuid());
      break;
    default:
      return BadRow("events", "has an unknown form of customerEventId");
  }
  row.customer_alias = reader.ShortText();
  row.event_type = reader.ShortText();
  row.event_properties = reader.TakeRest();
  const bool object =
      row.event_properties.size() >= 2 && row.event_properties.front() == '{' && row.event_properties.back() == '}';
  if (!reader.ok() || !object || row.receipt.ticks >= Receipt::kTicksEnd) return BadRow("events", "does not decode");
  return decoded;
}

void ChangeRow::AppendTo(std::string* out) const {
  char bytes[1 + kUuidSize + kInstantSize + kReceiptSize + 1 + kSequenceSize + kReceiptSize];
  char* next = bytes;
  const auto number = [&next](std::uint64_t value, std::size_t size) {
    StoreBigEndian(value, size, next);
    next += size;
  };
  number(kChangeRowEventTag, 1);
  next = StoreText(BytesOf(account), next);
  const std::array<char, kInstantSize> instant = InstantBytes(time);
  next = StoreText({instant.data(), instant.size()}, next);
  number(receipt.ticks, kReceiptSize);
  number(replaced.has_value() ? 1 : 0, 1);
  if (replaced.has_value()) {
    number(replaced->sequence, kSequenceSize);
    number(replaced->receipt.ticks, kReceiptSize);
  }
  out->append(bytes, static_cast<std::size_t>(next - bytes));
}

absl::StatusOr<ChangeRow> ChangeRow::Decode(std::string_view value) {
  ByteReader reader(value);
  if (reader.Number(1) != kChangeRowEventTag) return BadRow("changes", "has an unknown tag");
  ChangeRow row;
  row.account = reader.TakeUuid();
  row.time = reader.TakeInstant();
  row.receipt = TakeReceipt(&reader);
  const std::uint64_t replaces = reader.Number(1);
  if (replaces > 1) return BadRow("changes", "has unknown flags");
  if (replaces == 1) {
    Replaced replaced;
    replaced.sequence = reader.TakeSequence();
    replaced.receipt = TakeReceipt(&reader);
    if (replaced.receipt.ticks >= Receipt::kTicksEnd) return BadRow("changes", "does not decode");
    row.replaced = replaced;
  }
  if (!reader.at_end() || row.receipt.ticks >= Receipt::kTicksEnd) return BadRow("changes", "does not decode");
  return row;
}

absl::StatusOr<ChangeRow> ChangeRow::DecodeOf(const Uuid& account, std::uint64_t sequence, std::string_view value) {
  absl::StatusOr<ChangeRow> row = Decode(value);
  if (row.ok() && row->account != account) {
    return BadRow("changes", "to which 'event_ids' leads is of another account: sequence " + std::to_string(sequence));
  }
  return row;
}

}  // namespace tallystick
