#include "lib/encoding/rollup_rows.h"

#include <algorithm>
#include <cassert>
#include <utility>
#include <vector>

#include "lib/base/sorted_unique.h"
#include "lib/encoding/bytes.h"
#include "tallystick/event.h"

namespace tallystick {
namespace {

// Tags of the rows of declared meters and of values. Never reused.
constexpr std::uint8_t kMeterTag = 1;
constexpr std::uint8_t kValueTag = 1;

// What tells cells apart: the index in CellRow::state, and one more.
enum class CellTag : std::uint8_t { kCounts = 1, kSum = 2, kExtreme = 3, kLatest = 4 };

// Flags of extremes and latest values; the others are zero.
constexpr std::uint8_t kPresent = 1;
constexpr std::uint8_t kStale = 2;

constexpr std::size_t kMeterNumberSize = 4;
constexpr std::size_t kTextLengthSize = 4;
constexpr std::size_t kCountSize = 8;

// A sum's exponent is stored from 0 on, with the sign in the bit above.
constexpr std::uint16_t kNegative = 0x8000;

absl::Status BadRow(std::string_view what) {
  return absl::DataLossError("rollups: the row of a " + std::string(what) + " does not decode");
}

// A number in as many bytes as it needs, seven bits each from the lowest on; all but the last have their high bit set.
void AppendVarint(std::uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

std::optional<std::uint64_t> TakeVarint(ByteReader* reader) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const std::uint64_t byte = reader->Number(1);
    if (!reader->ok() || (shift == 63 && byte > 1)) return std::nullopt;
    value |= (byte & 0x7f) << shift;
    // One number has one form: no last byte adds nothing.
    if (byte < 0x80) return byte == 0 && shift > 0 ? std::nullopt : std::optional(value);
  }
  return std::nullopt;
}

void AppendText(std::string_view text, std::string* out) {
  AppendBigEndian(text.size(), kTextLengthSize, out);
  out->append(text);
}

std::string TakeText(ByteReader* reader) {
  return std::string(reader->Bytes(static_cast<std::size_t>(reader->Number(kTextLengthSize))));
}

void AppendNumber(const DecimalSumParts& parts, std::string* out) {
  const auto exponent = static_cast<std::uint16_t>(parts.exponent - DecimalSum::kExponentMin);
  AppendBigEndian(parts.negative ? exponent | kNegative : exponent, 2, out);
  out->append(parts.magnitude);
}

std::optional<DecimalSum> TakeNumber(ByteReader* reader) {
  const auto exponent = static_cast<std::uint16_t>(reader->Number(2));
  DecimalSumParts parts;
  parts.negative = (exponent & kNegative) != 0;
  parts.exponent = (exponent & ~kNegative) + DecimalSum::kExponentMin;
  parts.magnitude = reader->TakeRest();
  if (!reader->ok()) return std::nullopt;
  return DecimalSum::FromParts(parts);
}

// Whether it is what a declared meter can be: no row has any other.
bool IsMeter(const Meter& meter) {
  if (meter.event_type.empty() || meter.event_type.size() > kNameBytesMax) return false;
  if (meter.property.empty() != (meter.aggregation == Aggregation::kCount)) return false;
  const auto is_empty = [](const std::string& name) { return name.empty(); };
  if (std::any_of(meter.group_by.begin(), meter.group_by.end(), is_empty)) return false;
  if (SortedUnique(meter.group_by).size() != meter.group_by.size()) return false;
  return std::none_of(meter.filter.begin(), meter.filter.end(),
                      [](const auto& entry) { return entry.first.empty() || entry.second.empty(); });
}

void AppendFlags(bool present, bool stale, std::string* out) {
  out->push_back(static_cast<char>((present ? kPresent : 0) | (stale ? kStale : 0)));
}

}  // namespace

// --- Declared meters ---

std::string EncodeMeter(const Meter& meter) {
  std::string bytes;
  AppendText(meter.event_type, &bytes);
  bytes.push_back(static_cast<char>(static_cast<int>(meter.aggregation) + 1));
  AppendText(meter.property, &bytes);
  AppendBigEndian(meter.group_by.size(), kTextLengthSize, &bytes);
  for (const std::string& name : meter.group_by) AppendText(name, &bytes);
  AppendBigEndian(meter.filter.size(), kTextLengthSize, &bytes);
  for (const auto& [name, allowed] : meter.filter) {
    AppendText(name, &bytes);
    const std::vector<std::string> values = SortedUnique(allowed);
    AppendBigEndian(values.size(), kTextLengthSize, &bytes);
    for (const std::string& value : values) AppendText(value, &bytes);
  }
  return bytes;
}

std::string MeterRow::Encode() const {
  std::string value(1, static_cast<char>(kMeterTag));
  AppendBigEndian(number, kMeterNumberSize, &value);
  value.push_back(building.has_value() ? '\x01' : '\x00');
  if (building.has_value()) {
    AppendInstantBytes(building->next.time, &value);
    AppendBigEndian(building->next.sequence, kSequenceSize, &value);
    AppendBigEndian(building->events_read, kCountSize, &value);
  }
  return value + EncodeMeter(meter);
}

absl::StatusOr<MeterRow> MeterRow::Decode(std::string_view value) {
  ByteReader reader(value);
  if (reader.Number(1) != kMeterTag) return BadRow("meter");
  MeterRow row;
  row.number = static_cast<std::uint32_t>(reader.Number(kMeterNumberSize));
  const std::uint64_t building = reader.Number(1);
  if (building > 1) return BadRow("meter");
  if (building == 1) {
    MeterBuilding& progress = row.building.emplace();
    progress.next.time = reader.TakeInstant();
    progress.next.sequence = reader.Number(kSequenceSize);
    progress.events_read = reader.Number(kCountSize);
  }
  row.meter.event_type = TakeText(&reader);
  const std::uint64_t aggregation = reader.Number(1);
  row.meter.property = TakeText(&reader);
  for (std::uint64_t left = reader.Number(kTextLengthSize); left > 0 && reader.ok(); --left) {
    row.meter.group_by.push_back(TakeText(&reader));
  }
  // One meter has one form: names and values stand in their order, each once.
  for (std::uint64_t left = reader.Number(kTextLengthSize); left > 0 && reader.ok(); --left) {
    std::string name = TakeText(&reader);
    if (!row.meter.filter.empty() && name <= row.meter.filter.rbegin()->first) return BadRow("meter");
    std::vector<std::string>& allowed = row.meter.filter[std::move(name)];
    for (std::uint64_t more = reader.Number(kTextLengthSize); more > 0 && reader.ok(); --more) {
      std::string text = TakeText(&reader);
      if (!allowed.empty() && text <= allowed.back()) return BadRow("meter");
      allowed.push_back(std::move(text));
    }
  }
  constexpr auto kLastAggregation = static_cast<std::uint64_t>(Aggregation::kLatest) + 1;
  if (!reader.at_end() || row.number == 0 || aggregation < 1 || aggregation > kLastAggregation) return BadRow("meter");
  row.meter.aggregation = static_cast<Aggregation>(aggregation - 1);
  if (!IsMeter(row.meter)) return BadRow("meter");
  return row;
}

// --- Cells ---

std::string CellRow::Encode() const {
  std::string value(1, static_cast<char>(state.index() + 1));
  AppendVarint(count, &value);
  AppendVarint(skipped, &value);
  AppendVarint(inexact, &value);
  if (const auto* const sum = std::get_if<DecimalSum>(&state); sum != nullptr) {
    AppendNumber(sum->ToParts(), &value);
  } else if (const auto* const extreme = std::get_if<CellExtreme>(&state); extreme != nullptr) {
    AppendFlags(count > 0, extreme->stale, &value);
    if (count > 0) {
      DecimalSum number;
      number.Add(extreme->value);
      AppendNumber(number.ToParts(), &value);
    }
  } else if (const auto* const latest = std::get_if<CellLatest>(&state); latest != nullptr) {
    AppendFlags(count > 0, latest->stale, &value);
    if (count > 0) {
      AppendInstantBytes(latest->position.time, &value);
      AppendBigEndian(latest->position.sequence, kSequenceSize, &value);
    }
  }
  return value;
}

absl::StatusOr<CellRow> CellRow::Decode(std::string_view value) {
  const absl::Status bad = BadRow("cell");
  ByteReader reader(value);
  const auto tag = static_cast<CellTag>(reader.Number(1));
  const std::optional<std::uint64_t> count = TakeVarint(&reader);
  const std::optional<std::uint64_t> skipped = TakeVarint(&reader);
  const std::optional<std::uint64_t> inexact = TakeVarint(&reader);
  if (!count.has_value() || !skipped.has_value() || !inexact.has_value()) return bad;
  CellRow row;
  row.count = *count;
  row.skipped = *skipped;
  row.inexact = *inexact;
  if (row.empty()) return bad;
  if (tag == CellTag::kSum) {
    std::optional<DecimalSum> sum = TakeNumber(&reader);
    if (!sum.has_value() || (row.count == 0 && !sum->IsZero())) return bad;
    row.state = *std::move(sum);
  } else if (tag == CellTag::kExtreme || tag == CellTag::kLatest) {
    const std::uint64_t flags = reader.Number(1);
    const bool present = (flags & kPresent) != 0;
    const bool stale = (flags & kStale) != 0;
    if (flags > (kPresent | kStale) || present != (row.count > 0) || (stale && !present)) return bad;
    if (tag == CellTag::kLatest) {
      CellLatest& latest = row.state.emplace<CellLatest>();
      latest.stale = stale;
      if (present) {
        latest.position.time = reader.TakeInstant();
        latest.position.sequence = reader.TakeSequence();
      }
    } else {
      CellExtreme& extreme = row.state.emplace<CellExtreme>();
      extreme.stale = stale;
      if (present) {
        const std::optional<DecimalSum> number = TakeNumber(&reader);
        const std::optional<Decimal> decimal = number.has_value() ? number->ToDecimal() : std::nullopt;
        if (!decimal.has_value()) return bad;
        extreme.value = *decimal;
      }
    }
  } else if (tag != CellTag::kCounts) {
    return bad;
  }
  return reader.at_end() ? absl::StatusOr<CellRow>(std::move(row)) : bad;
}

// --- Values of distinct counts ---

std::string ValueRow::Encode() const {
  std::string value(1, static_cast<char>(kValueTag));
  AppendVarint(count, &value);
  return value;
}

absl::StatusOr<ValueRow> ValueRow::Decode(std::string_view value) {
  ByteReader reader(value);
  const std::uint64_t tag = reader.Number(1);
  const std::optional<std::uint64_t> count = TakeVarint(&reader);
  if (tag != kValueTag || !count.has_value() || *count == 0 || !reader.at_end()) return BadRow("value");
  return ValueRow{.count = *count};
}

}  // namespace tallystick
