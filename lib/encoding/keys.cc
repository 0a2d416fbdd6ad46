#include "lib/encoding/keys.h"

#include <array>
#include <cassert>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "lib/encoding/bytes.h"
#include "tallystick/event.h"

namespace tallystick {
namespace {

// Begins the id of a key in `event_ids` that is a UUID in its 16 bytes; no text begins so.
constexpr char kUuidMark = 1;

absl::Status BadKey(std::string_view family) {
  return absl::DataLossError(std::string(family) + ": a key does not decode");
}

void AppendPosition(Instant time, std::uint64_t sequence, KeyBuffer* key) {
  const std::array<char, kInstantSize> bytes = InstantBytes(time);
  key->Append({bytes.data(), bytes.size()});
  key->AppendBigEndian(sequence, kSequenceSize);
}

void AppendAlias(const Uuid& account, std::string_view customer_alias, KeyBuffer* key) {
  assert(!customer_alias.empty() && customer_alias.size() <= kNameBytesMax);
  key->Append(BytesOf(account));
  key->AppendBigEndian(customer_alias.size(), 1);
  key->Append(customer_alias);
}

KeyRange TimeRange(const std::string& prefix, Instant from, Instant to) {
  KeyRange range{.start = prefix, .limit = prefix};
  AppendInstantBytes(from, &range.start);
  AppendInstantBytes(to, &range.limit);
  return range;
}

std::string InHex(std::string_view key) {
  return "key " + absl::BytesToHexString(absl::string_view(key.data(), key.size()));
}

std::string Describe(Instant time, std::uint64_t sequence) {
  std::string text = "time ";
  AppendInstant(time, &text);
  return text + ", sequence " + std::to_string(sequence);
}

}  // namespace

KeyBuffer EventIdKey::Encode() const {
  KeyBuffer key;
  key.Append(BytesOf(account));
  if (customer_event_id.uuid().has_value()) {
    key.AppendBigEndian(kUuidMark, 1);
    key.Append(BytesOf(*customer_event_id.uuid()));
  } else {
    assert(CustomerEventId::IsPossible(customer_event_id.text()));
    key.Append(customer_event_id.text());
  }
  return key;
}

absl::StatusOr<EventIdKey> EventIdKey::Decode(std::string_view key) {
  ByteReader reader(key);
  EventIdKey decoded;
  decoded.account = reader.TakeUuid();
  if (!reader.rest().empty() && reader.rest().front() == kUuidMark) {
    reader.Bytes(1);
    decoded.customer_event_id = reader.TakeUuid();
    return reader.at_end() ? absl::StatusOr<EventIdKey>(decoded) : BadKey("event_ids");
  }
  const std::string_view text = reader.TakeRest();
  decoded.customer_event_id = text;
  // A UUID has one form, and this is not it.
  const bool uuid = decoded.customer_event_id.uuid().has_value();
  if (!reader.ok() || uuid || !CustomerEventId::IsPossible(text)) return BadKey("event_ids");
  return decoded;
}

KeyBuffer EventKey::Encode() const {
  KeyBuffer key;
  key.Append(BytesOf(account));
  AppendPosition(time, sequence, &key);
  return key;
}

absl::StatusOr<EventKey> EventKey::Decode(std::string_view key) {
  // Scans decode millions a second: all of one size, and filled where it is returned.
  if (key.size() != kUuidSize + kInstantSize + kSequenceSize) return BadKey("events");
  ByteReader reader(key);
  absl::StatusOr<EventKey> decoded(absl::in_place);
  decoded->account = reader.TakeUuid();
  decoded->time = reader.TakeInstant();
  decoded->sequence = reader.TakeSequence();
  if (!reader.ok()) return BadKey("events");
  return decoded;
}

KeyBuffer CustomerKey::Encode() const {
  KeyBuffer key;
  AppendAlias(account, customer_alias, &key);
  AppendPosition(time, sequence, &key);
  return key;
}

absl::StatusOr<CustomerKey> CustomerKey::Decode(std::string_view key) {
  ByteReader reader(key);
  CustomerKey decoded;
  decoded.account = reader.TakeUuid();
  decoded.customer_alias = reader.ShortText();
  decoded.time = reader.TakeInstant();
  decoded.sequence = reader.TakeSequence();
  if (!reader.at_end()) return BadKey("customers");
  return decoded;
}

KeyBuffer ChangeKey::Encode() const {
  KeyBuffer key;
  key.AppendBigEndian(sequence, kSequenceSize);
  return key;
}

absl::StatusOr<ChangeKey> ChangeKey::Decode(std::string_view key) {
  ByteReader reader(key);
  ChangeKey decoded;
  decoded.sequence = reader.TakeSequence();
  if (!reader.at_end()) return BadKey("changes");
  return decoded;
}

KeyRange PrefixRange(std::string prefix) {
  KeyRange range{.start = prefix, .limit = std::move(prefix)};
  // Behind them comes what has one more in the last byte that can have more; behind a prefix of 0xff alone, nothing.
  while (range.limit.ends_with('\xff')) range.limit.pop_back();
  if (!range.limit.empty()) range.limit.back() = static_cast<char>(range.limit.back() + 1);
  return range;
}

KeyRange EventIdRange(const Uuid& account) { return PrefixRange(std::string(BytesOf(account))); }

KeyRange EventRange(const Uuid& account, Instant from, Instant to) {
  return TimeRange(std::string(BytesOf(account)), from, to);
}

KeyRange CustomerRange(const Uuid& account, std::string_view customer_alias, Instant from, Instant to) {
  KeyBuffer prefix;
  AppendAlias(account, customer_alias, &prefix);
  return TimeRange(std::string(prefix.view()), from, to);
}

KeyRange ChangeRange(std::uint64_t after, std::uint64_t last) {
  assert(last < kSequenceEnd);
  // Not the key of the next sequence: the greatest one has no next, and 2^48 would be encoded as 0.
  return {.start = KeyAfter(ChangeKey{after}.Encode()), .limit = KeyAfter(ChangeKey{last}.Encode())};
}

std::string KeyAfter(std::string_view key) { return std::string(key) + '\0'; }

std::string DescribeEventIdKey(std::string_view key) {
  const absl::StatusOr<EventIdKey> decoded = EventIdKey::Decode(key);
  if (!decoded.ok()) return InHex(key);
  std::string buffer;
  return "account " + decoded->account.ToString() + ", customerEventId '" +
         std::string(decoded->customer_event_id.ToText(&buffer)) + "'";
}

std::string DescribeEventKey(std::string_view key) {
  const absl::StatusOr<EventKey> decoded = EventKey::Decode(key);
  if (!decoded.ok()) return InHex(key);
  return "account " + decoded->account.ToString() + ", " + Describe(decoded->time, decoded->sequence);
}

std::string DescribeCustomerKey(std::string_view key) {
  const absl::StatusOr<CustomerKey> decoded = CustomerKey::Decode(key);
  if (!decoded.ok()) return InHex(key);
  return "account " + decoded->account.ToString() + ", customerAlias '" + std::string(decoded->customer_alias) + "', " +
         Describe(decoded->time, decoded->sequence);
}

std::string DescribeChangeKey(std::string_view key) {
  const absl::StatusOr<ChangeKey> decoded = ChangeKey::Decode(key);
  return decoded.ok() ? "sequence " + std::to_string(decoded->sequence) : InHex(key);
}

}  // namespace tallystick
