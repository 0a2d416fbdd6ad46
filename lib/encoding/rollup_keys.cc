#include "lib/encoding/rollup_keys.h"

#include <cassert>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "lib/base/digest.h"
#include "lib/encoding/bytes.h"
#include "lib/encoding/group.h"
#include "tallystick/event.h"
#include "tallystick/meter.h"

namespace tallystick {
namespace {

constexpr std::size_t kMeterNumberSize = 4;
constexpr std::size_t kBucketSize = 4;

// The length of a form that is a digest.
constexpr char kDigestForm = '\xff';
constexpr std::size_t kFormTextMax = 32;

absl::Status BadKey() { return absl::DataLossError("rollups: a key does not decode"); }

std::string Begin(RollupKind kind) { return std::string(1, static_cast<char>(kind)); }

bool TakeKind(RollupKind kind, ByteReader* reader) { return reader->Number(1) == static_cast<std::uint64_t>(kind); }

void AppendPlace(std::uint32_t meter, std::string_view customer_alias, BucketSize size, std::uint32_t bucket,
                 std::string* out) {
  assert(customer_alias.size() <= kNameBytesMax);
  AppendBigEndian(meter, kMeterNumberSize, out);
  out->push_back(static_cast<char>(customer_alias.size()));
  out->append(customer_alias);
  out->push_back(static_cast<char>(size));
  AppendBigEndian(bucket, kBucketSize, out);
}

bool TakePlace(ByteReader* reader, CellKey* cell) {
  cell->meter = static_cast<std::uint32_t>(reader->Number(kMeterNumberSize));
  cell->customer_alias = reader->Bytes(static_cast<std::size_t>(reader->Number(1)));
  const std::uint64_t size = reader->Number(1);
  cell->bucket = static_cast<std::uint32_t>(reader->Number(kBucketSize));
  if (size != static_cast<std::uint64_t>(BucketSize::kQuarterHour) &&
      size != static_cast<std::uint64_t>(BucketSize::kDay)) {
    return false;
  }
  cell->size = static_cast<BucketSize>(size);
  return reader->ok() && cell->meter != 0 && cell->bucket < BucketEnd(cell->size);
}

KeyRange PlaceRange(RollupKind kind, std::uint32_t meter, std::string_view customer_alias, BucketSize size,
                    std::uint32_t from, std::uint32_t to) {
  KeyRange range{.start = Begin(kind), .limit = Begin(kind)};
  AppendPlace(meter, customer_alias, size, from, &range.start);
  AppendPlace(meter, customer_alias, size, to, &range.limit);
  return range;
}

std::string InHex(std::string_view bytes) {
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

std::string Describe(const CellKey& cell) {
  std::string text = "meter " + std::to_string(cell.meter);
  if (!cell.customer_alias.empty()) text += ", customerAlias '" + std::string(cell.customer_alias) + "'";
  text += cell.size == BucketSize::kDay ? ", day of " : ", quarter hour of ";
  AppendInstant(BucketStart(cell.bucket, cell.size), &text);
  return text + ", group " + InHex(cell.group);
}

std::string DescribeForm(std::string_view form) {
  if (form.size() > kFormTextMax) return ", value of digest " + InHex(form.substr(1));
  return ", value '" + absl::Utf8SafeCHexEscape(absl::string_view(form.data(), form.size())) + "'";
}

}  // namespace

absl::StatusOr<RollupKind> RollupKindOf(std::string_view key) {
  if (key.empty() || key.front() < static_cast<char>(RollupKind::kMeter) ||
      key.front() > static_cast<char>(RollupKind::kStale)) {
    return BadKey();
  }
  return static_cast<RollupKind>(key.front());
}

std::string MeterKey::Encode() const {
  assert(!name.empty() && name.size() <= kMeterNameBytesMax);
  return Begin(RollupKind::kMeter).append(BytesOf(account)).append(name);
}

absl::StatusOr<MeterKey> MeterKey::Decode(std::string_view key) {
  ByteReader reader(key);
  const bool kind = TakeKind(RollupKind::kMeter, &reader);
  MeterKey decoded;
  decoded.account = reader.TakeUuid();
  decoded.name = reader.TakeRest();
  if (!kind || !reader.ok() || decoded.name.empty() || decoded.name.size() > kMeterNameBytesMax) return BadKey();
  return decoded;
}

KeyRange MeterRange() { return PrefixRange(Begin(RollupKind::kMeter)); }

KeyRange MeterRange(const Uuid& account) { return PrefixRange(Begin(RollupKind::kMeter).append(BytesOf(account))); }

std::string DroppedKey::Encode() const {
  std::string key = Begin(RollupKind::kDropped);
  AppendBigEndian(meter, kMeterNumberSize, &key);
  return key;
}

absl::StatusOr<DroppedKey> DroppedKey::Decode(std::string_view key) {
  ByteReader reader(key);
  const bool kind = TakeKind(RollupKind::kDropped, &reader);
  DroppedKey decoded;
  decoded.meter = static_cast<std::uint32_t>(reader.Number(kMeterNumberSize));
  if (!kind || !reader.at_end() || decoded.meter == 0) return BadKey();
  return decoded;
}

KeyRange DroppedRange() { return PrefixRange(Begin(RollupKind::kDropped)); }

void CellKey::AppendTo(std::string* out) const {
  out->push_back(static_cast<char>(RollupKind::kCell));
  AppendPlace(meter, customer_alias, size, bucket, out);
  out->append(group);
}

std::string CellKey::Encode() const {
  std::string key;
  AppendTo(&key);
  return key;
}

absl::StatusOr<CellKey> CellKey::Decode(std::string_view key) {
  ByteReader reader(key);
  CellKey decoded;
  if (!TakeKind(RollupKind::kCell, &reader) || !TakePlace(&reader, &decoded)) return BadKey();
  decoded.group = reader.TakeRest();
  return decoded;
}

KeyRange CellRange(std::uint32_t meter, std::string_view customer_alias, BucketSize size, std::uint32_t from,
                   std::uint32_t to) {
  return PlaceRange(RollupKind::kCell, meter, customer_alias, size, from, to);
}

std::string ValueKey::Encode() const {
  assert(form.size() <= kFormTextMax || (form.size() == kDigestSize + 1 && form.front() == kDigestForm));
  std::string key = Begin(RollupKind::kValue);
  AppendPlace(cell.meter, cell.customer_alias, cell.size, cell.bucket, &key);
  if (form.size() <= kFormTextMax) key.push_back(static_cast<char>(form.size()));
  return key.append(form).append(cell.group);
}

absl::StatusOr<ValueKey> ValueKey::Decode(std::string_view key) {
  ByteReader reader(key);
  ValueKey decoded;
  if (!TakeKind(RollupKind::kValue, &reader) || !TakePlace(&reader, &decoded.cell)) return BadKey();
  const std::size_t place = key.size() - reader.rest().size();
  const std::uint64_t size = reader.Number(1);
  if (size == static_cast<unsigned char>(kDigestForm)) {
    reader.Bytes(kDigestSize);
    decoded.form = key.substr(place, 1 + kDigestSize);
  } else {
    if (size > kFormTextMax) return BadKey();
    decoded.form = reader.Bytes(static_cast<std::size_t>(size));
  }
  if (!reader.ok()) return BadKey();
  decoded.cell.group = reader.TakeRest();
  return decoded;
}

KeyRange ValueRange(std::uint32_t meter, std::string_view customer_alias, BucketSize size, std::uint32_t from,
                    std::uint32_t to) {
  return PlaceRange(RollupKind::kValue, meter, customer_alias, size, from, to);
}

std::string StaleKey(std::string_view cell_key) { return Begin(RollupKind::kStale).append(cell_key.substr(1)); }

absl::StatusOr<std::string> StaleCell(std::string_view key) {
  ByteReader reader(key);
  if (!TakeKind(RollupKind::kStale, &reader)) return BadKey();
  std::string cell_key = Begin(RollupKind::kCell).append(reader.rest());
  if (!CellKey::Decode(cell_key).ok()) return BadKey();
  return cell_key;
}

KeyRange StaleRange() { return PrefixRange(Begin(RollupKind::kStale)); }

KeyRange RangeOfMeter(RollupKind kind, std::uint32_t meter) {
  std::string prefix = Begin(kind);
  AppendBigEndian(meter, kMeterNumberSize, &prefix);
  return PrefixRange(std::move(prefix));
}

std::string UniqueForm(std::string_view string_form) {
  if (string_form.size() <= kFormTextMax) return std::string(string_form);
  return kDigestForm + Digest(string_form);
}

std::string DescribeRollupKey(std::string_view key) {
  const absl::StatusOr<RollupKind> kind = RollupKindOf(key);
  if (kind.ok() && *kind == RollupKind::kMeter) {
    if (const auto meter = MeterKey::Decode(key); meter.ok()) {
      return "account " + meter->account.ToString() + ", meter '" + std::string(meter->name) + "'";
    }
  } else if (kind.ok() && *kind == RollupKind::kDropped) {
    if (const auto dropped = DroppedKey::Decode(key); dropped.ok()) {
      return "dropped meter " + std::to_string(dropped->meter);
    }
  } else if (kind.ok() && *kind == RollupKind::kCell) {
    if (const auto cell = CellKey::Decode(key); cell.ok()) return Describe(*cell);
  } else if (kind.ok() && *kind == RollupKind::kValue) {
    if (const auto value = ValueKey::Decode(key); value.ok()) return Describe(value->cell) + DescribeForm(value->form);
  } else if (kind.ok()) {
    if (const auto cell_key = StaleCell(key); cell_key.ok()) return "stale " + Describe(*CellKey::Decode(*cell_key));
  }
  return "key " + InHex(key);
}

}  // namespace tallystick
