#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/encoding/group.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/rollup_keys.h"
#include "tests/fuzz/targets.h"
#include "tests/support/parsed_event.h"

namespace tallystick::fuzz {
namespace {

using Values = std::vector<std::optional<std::string>>;

// --- What keys order by, part by part, as docs/FORMAT.md has it ---

auto Parts(const EventIdKey& key) {
  // An id that is a UUID comes before all texts.
  const std::optional<Uuid>& uuid = key.customer_event_id.uuid();
  return std::tuple(key.account, !uuid.has_value(), uuid.value_or(Uuid{}), key.customer_event_id.text());
}
auto Parts(const EventKey& key) { return std::tuple(key.account, key.time, key.sequence); }
auto Parts(const CustomerKey& key) {
  return std::tuple(key.account, key.customer_alias.size(), key.customer_alias, key.time, key.sequence);
}
auto Parts(const ChangeKey& key) { return std::tuple(key.sequence); }
auto Parts(const MeterKey& key) { return std::tuple(key.account, key.name); }
auto Parts(const DroppedKey& key) { return std::tuple(key.meter); }
auto Place(const CellKey& cell) {
  return std::tuple(cell.meter, cell.customer_alias.size(), cell.customer_alias, cell.size, cell.bucket);
}
auto Parts(const CellKey& cell) { return std::tuple_cat(Place(cell), std::tuple(cell.group)); }
auto Parts(const ValueKey& key) {
  // A text has its length before it; that of a digest is greater than any.
  return std::tuple_cat(Place(key.cell), std::tuple(key.form.size(), key.form, key.cell.group));
}

// --- Ranges ---

bool Holds(const KeyRange& range, std::string_view key) {
  return key >= range.start && (range.limit.empty() || key < range.limit);
}

// Of what is in `a`, up to what is in `b`: whether the range holds of the two what it should, and nothing else.
Finding CheckRanges(const EventIdKey& a, const EventIdKey& b) {
  const bool held = Holds(EventIdRange(a.account), b.Encode());
  if (held != (a.account == b.account)) return "the range of an account's ids holds another's, or not its own";
  return std::nullopt;
}
Finding CheckRanges(const EventKey& a, const EventKey& b) {
  for (const EventKey& key : {a, b}) {
    const bool expected = key.account == a.account && key.time >= a.time && key.time < b.time;
    if (Holds(EventRange(a.account, a.time, b.time), key.Encode()) != expected) return "a range of events is another";
  }
  return std::nullopt;
}
Finding CheckRanges(const CustomerKey& a, const CustomerKey& b) {
  for (const CustomerKey& key : {a, b}) {
    const bool expected =
        key.account == a.account && key.customer_alias == a.customer_alias && key.time >= a.time && key.time < b.time;
    if (Holds(CustomerRange(a.account, a.customer_alias, a.time, b.time), key.Encode()) != expected) {
      return "a customer's range is another";
    }
  }
  return std::nullopt;
}
Finding CheckRanges(const ChangeKey& a, const ChangeKey& b) {
  for (const ChangeKey& key : {a, b}) {
    const bool expected = key.sequence > a.sequence && key.sequence <= b.sequence;
    if (Holds(ChangeRange(a.sequence, b.sequence), key.Encode()) != expected) return "a range of changes is another";
  }
  return std::nullopt;
}
Finding CheckRanges(const MeterKey& a, const MeterKey& b) {
  if (Holds(MeterRange(a.account), b.Encode()) != (a.account == b.account)) {
    return "the range of an account's meters holds another's, or not its own";
  }
  return Holds(MeterRange(), a.Encode()) ? std::nullopt : Finding("the range of meters does not hold one");
}
Finding CheckRanges(const DroppedKey& a, const DroppedKey&) {
  return Holds(DroppedRange(), a.Encode()) ? std::nullopt : Finding("the range of dropped meters does not hold one");
}
Finding CheckRanges(const CellKey& a, const CellKey& b) {
  for (const CellKey& key : {a, b}) {
    const bool expected = key.meter == a.meter && key.customer_alias == a.customer_alias && key.size == a.size &&
                          key.bucket >= a.bucket && key.bucket < b.bucket;
    const KeyRange range = CellRange(a.meter, a.customer_alias, a.size, a.bucket, b.bucket);
    if (Holds(range, key.Encode()) != expected) return "a range of cells is another";
  }
  if (Holds(RangeOfMeter(RollupKind::kCell, a.meter), b.Encode()) != (a.meter == b.meter)) {
    return "the range of a meter's cells holds another's, or not its own";
  }
  const std::string stale = StaleKey(a.Encode());
  const absl::StatusOr<std::string> cell = StaleCell(stale);
  if (!cell.ok() || *cell != std::string_view(a.Encode())) return "a mark leads to another cell";
  return Holds(StaleRange(), stale) ? std::nullopt : Finding("the range of marks does not hold one");
}
Finding CheckRanges(const ValueKey& a, const ValueKey& b) {
  const KeyRange bucket =
      ValueRange(a.cell.meter, a.cell.customer_alias, a.cell.size, a.cell.bucket, a.cell.bucket + 1);
  if (Holds(bucket, b.Encode()) == (Place(a.cell) == Place(b.cell))) return std::nullopt;
  return "a bucket's range holds another's value, or not its own";
}

// --- One kind of key ---

template <typename Key>
Finding CheckForm(std::string_view what, const absl::StatusOr<Key>& decoded, std::string_view key) {
  if (!decoded.ok()) {
    if (decoded.status().code() == absl::StatusCode::kDataLoss) return std::nullopt;
    return "a key of " + std::string(what) + " is refused with another code";
  }
  if (std::string_view(decoded->Encode()) == key) return std::nullopt;
  return "a key of " + std::string(what) + " is taken in a form that is not its own";
}

template <typename Key>
Finding CheckKeys(std::string_view what, std::string_view one, std::string_view other) {
  const absl::StatusOr<Key> a = Key::Decode(one);
  const absl::StatusOr<Key> b = Key::Decode(other);
  if (const Finding finding = CheckForm(what, a, one)) return finding;
  if (const Finding finding = CheckForm(what, b, other)) return finding;
  if (!a.ok() || !b.ok()) return std::nullopt;
  if ((one <=> other) != (Parts(*a) <=> Parts(*b))) {
    return "keys of " + std::string(what) + " order otherwise than what they mean";
  }
  for (const auto& [from, to] : {std::tuple(*a, *b), std::tuple(*b, *a), std::tuple(*a, *a)}) {
    if (const Finding finding = CheckRanges(from, to)) return finding;
  }
  return std::nullopt;
}

// --- Groups, and ids of any text ---

Finding CheckGroups(std::string_view one, std::string_view other) {
  const absl::StatusOr<Values> a = DecodeGroup(one);
  const absl::StatusOr<Values> b = DecodeGroup(other);
  for (const auto& [group, values] : {std::tuple(one, a), std::tuple(other, b)}) {
    if (!values.ok()) continue;
    std::string again;
    for (const std::optional<std::string>& value : *values) AppendGroupValue(value, &again);
    if (again != group) return "a group is taken in a form that is not its own";
  }
  if (a.ok() && b.ok() && a->size() == b->size() && (one <=> other) != (*a <=> *b)) {
    return "groups order otherwise than their values";
  }
  // The two as values, together and beside an absent one.
  const std::string x(one);
  const std::string y(other);
  const std::vector<Values> made = {{std::nullopt, x}, {x, std::nullopt}, {x, y}, {y, x}};
  std::vector<std::string> encoded(made.size());
  for (std::size_t i = 0; i < made.size(); ++i) {
    for (const std::optional<std::string>& value : made[i]) AppendGroupValue(value, &encoded[i]);
    const absl::StatusOr<Values> decoded = DecodeGroup(encoded[i]);
    if (!decoded.ok() || *decoded != made[i]) return "two values do not come back";
    for (std::size_t k = 0; k < i; ++k) {
      if ((encoded[k] <=> encoded[i]) != (made[k] <=> made[i])) return "groups order otherwise than their values";
    }
  }
  return std::nullopt;
}

Finding CheckIds(std::string_view one, std::string_view other) {
  if (!CustomerEventId::IsPossible(one) || !CustomerEventId::IsPossible(other)) return std::nullopt;
  const KeyBuffer a = EventIdKey{.customer_event_id = one}.Encode();
  const KeyBuffer b = EventIdKey{.customer_event_id = other}.Encode();
  if ((a.view() == b.view()) != (one == other)) return "two ids have one key, or one id has two";
  const absl::StatusOr<EventIdKey> decoded = EventIdKey::Decode(a);
  std::string buffer;
  if (!decoded.ok() || decoded->customer_event_id.ToText(&buffer) != one) return "an id does not come back";
  return std::nullopt;
}

// Text for a person, whatever the bytes are.
Finding CheckDescriptions(std::string_view key) {
  for (const auto describe :
       {DescribeEventIdKey, DescribeEventKey, DescribeCustomerKey, DescribeChangeKey, DescribeRollupKey}) {
    if (describe(key).empty()) return "is not described";
  }
  if (KeyAfter(key) <= key) return "is behind the key behind it";
  return std::nullopt;
}

}  // namespace

Finding FuzzKeys(std::string_view keys) {
  if (keys.empty()) return std::nullopt;
  const std::size_t size = std::min<std::size_t>(static_cast<unsigned char>(keys.front()), keys.size() - 1);
  const testing::Exact first(keys.substr(1, size));
  const testing::Exact second(keys.substr(1 + size));
  const std::string_view one = first.text();
  const std::string_view other = second.text();
  if (const Finding finding = CheckKeys<EventIdKey>("event_ids", one, other)) return finding;
  if (const Finding finding = CheckKeys<EventKey>("events", one, other)) return finding;
  if (const Finding finding = CheckKeys<CustomerKey>("customers", one, other)) return finding;
  if (const Finding finding = CheckKeys<ChangeKey>("changes", one, other)) return finding;
  if (const Finding finding = CheckKeys<MeterKey>("declared meters", one, other)) return finding;
  if (const Finding finding = CheckKeys<DroppedKey>("dropped meters", one, other)) return finding;
  if (const Finding finding = CheckKeys<CellKey>("cells", one, other)) return finding;
  if (const Finding finding = CheckKeys<ValueKey>("values", one, other)) return finding;
  if (const Finding finding = CheckGroups(one, other)) return finding;
  if (const Finding finding = CheckIds(one, other)) return finding;
  return CheckDescriptions(one);
}

}  // namespace tallystick::fuzz
