#include "lib/query/verify_rollups.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "lib/base/status_macros.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/rollup_keys.h"
#include "lib/encoding/rollup_rows.h"
#include "lib/metering/cells.h"
#include "lib/metering/kept_meters.h"
#include "lib/metering/meter_reader.h"
#include "lib/query/expected_rollups.h"
#include "lib/query/look_up.h"

namespace tallystick::query {
namespace {

using metering::KeptMeter;
using metering::StoredMeter;
using storage::Family;

constexpr std::size_t kRowsLookedUp = 1024;

// Keys that are remembered at once, by a hash: 64 MiB at most.
constexpr std::uint64_t kHashesMax = std::uint64_t{1} << 22;

constexpr char kDoesNotDecode[] = "does not decode";

std::uint64_t HashOf(std::string_view key) { return absl::HashOf(absl::string_view(key.data(), key.size())); }

std::string KeyOf(const KeptMeter& meter) { return MeterKey{.account = meter.account, .name = meter.name}.Encode(); }

// The number of the meter whose cell, value or stale mark this is; absent for the key of none, or when it does not
// decode.
std::optional<std::uint32_t> NumberIn(std::string_view key) {
  if (const auto cell = CellKey::Decode(key); cell.ok()) return cell->meter;
  if (const auto value = ValueKey::Decode(key); value.ok()) return value->cell.meter;
  if (const auto cell_key = StaleCell(key); cell_key.ok()) return NumberIn(*cell_key);
  return std::nullopt;
}

// What a cell says, for a person.
std::string Text(const CellRow& cell) {
  std::string text = std::to_string(cell.count) + " events, " + std::to_string(cell.skipped) + " skipped, " +
                     std::to_string(cell.inexact) + " inexact";
  if (const auto* const sum = std::get_if<DecimalSum>(&cell.state); sum != nullptr) {
    text += ", sum " + sum->ToString();
  } else if (const auto* const extreme = std::get_if<CellExtreme>(&cell.state); extreme != nullptr) {
    if (cell.count > 0) text += (extreme->stale ? ", once " : ", extreme ") + extreme->value.ToString();
  } else if (const auto* const latest = std::get_if<CellLatest>(&cell.state); latest != nullptr && cell.count > 0) {
    text += latest->stale ? ", once " : ", latest ";
    AppendInstant(latest->position.time, &text);
    text += " at sequence " + std::to_string(latest->position.sequence);
  }
  return text;
}

// Whether what the events make is not beyond a bound.
template <typename Extreme, typename Value>
bool IsWithin(Aggregation aggregation, const CellRow& expected, const CellRow& stored, Value Extreme::*field) {
  const Value& value = std::get<Extreme>(expected.state).*field;
  const Value& bound = std::get<Extreme>(stored.state).*field;
  return aggregation == Aggregation::kMin ? value >= bound : value <= bound;
}

// Whether a cell says what it must. Both are of the aggregation; `encoded` is the stored one as it lies there.
bool Agree(Aggregation aggregation, const CellRow& expected, const CellRow& stored, std::string_view encoded) {
  if (!metering::IsStale(stored)) return expected.Encode() == encoded;
  if (expected.count == 0) return false;
  const bool within = aggregation == Aggregation::kLatest
                          ? IsWithin(aggregation, expected, stored, &CellLatest::position)
                          : IsWithin(aggregation, expected, stored, &CellExtreme::value);
  CellRow bounded = expected;
  bounded.state = stored.state;
  return within && bounded.Encode() == encoded;
}

// First every row by itself, which also tells what is declared; then what the events make against the rows. When there
// are more rows than those, a last pass finds which.
class RollupVerifier {
 public:
  explicit RollupVerifier(Verification* verification) : verification_(*verification) {}

  absl::Status Run();

 private:
  using Row = Verification::Row;
  using Chunk = Verification::Chunk;

  struct Declared {
    StoredMeter meter{};
    bool shares_number = false;  // with another, so that nobody can tell whose its rows are
    std::uint64_t expected = 0;  // cells and values that its events make
    std::uint64_t surplus = 0;   // cells and values that are there, without those that were expected
    std::uint64_t named = 0;     // of the surplus
  };

  // --- Every row by itself ---
  absl::Status CheckChunk(Chunk chunk);
  void CheckMeter(const Row& row);
  void CheckDropped(const Row& row);
  void CheckCell(const Row& row);
  void CheckValue(const Row& row);
  void CheckStale(const Row& row);
  // The meter whose rows have this number; null when they are not to be checked any further.
  Declared* OwnerOf(std::uint32_t number, std::string_view key);

  // --- Against the events ---
  absl::Status CompareAll();
  absl::Status Compare(absl::Span<const ExpectedRollups::Row> rows);
  void CompareCell(const KeptMeter& meter, std::string_view key, const CellRow& expected, std::string_view value);
  void CompareValue(std::string_view key, const ValueRow& expected, std::string_view value);

  // --- Rows too many ---
  absl::Status FindSurplus();

  // Reads the events of the meters that are chosen, account by account.
  absl::Status ReadEvents(const std::function<bool(const Declared&)>& choose,
                          const ExpectedRollups::Callbacks& callbacks);

  void Report(std::string_view key, std::string problem);
  std::string Describe(std::string_view key) const;

  Verification& verification_;
  std::map<std::uint32_t, Declared> declared_;  // by number
  std::vector<std::uint32_t> numbers_;          // of all meters, by account and name
  std::set<std::uint32_t> dropped_;

  LookUp marks_;        // of stale cells
  LookUp stale_cells_;  // of marks
  LookUp rows_;
};

absl::Status RollupVerifier::Run() {
  TALLYSTICK_RETURN_IF_ERROR(verification_.Walk(Family::kRollups, &verification_.report().rollups,
                                                [this](Chunk chunk) { return CheckChunk(chunk); }));
  TALLYSTICK_RETURN_IF_ERROR(CompareAll());
  return FindSurplus();
}

void RollupVerifier::Report(std::string_view key, std::string problem) {
  verification_.Report(Family::kRollups, Describe(key), std::move(problem));
}

// With the name of the meter, where the key has only its number.
std::string RollupVerifier::Describe(std::string_view key) const {
  const std::string text = DescribeRollupKey(key);
  const std::optional<std::uint32_t> number = NumberIn(key);
  const auto found = number.has_value() ? declared_.find(*number) : declared_.end();
  if (found == declared_.end() || found->second.shares_number) return text;
  return DescribeRollupKey(KeyOf(*found->second.meter.meter)) + ": " + text;
}

// --- Every row by itself ---

absl::Status RollupVerifier::CheckChunk(Chunk chunk) {
  marks_.Clear();
  stale_cells_.Clear();
  for (const Row& row : chunk) {
    const absl::StatusOr<RollupKind> kind = RollupKindOf(row.key);
    if (!kind.ok()) {
      Report(row.key, kDoesNotDecode);
      continue;
    }
    switch (*kind) {
      case RollupKind::kMeter:
        CheckMeter(row);
        break;
      case RollupKind::kDropped:
        CheckDropped(row);
        break;
      case RollupKind::kCell:
        CheckCell(row);
        break;
      case RollupKind::kValue:
        CheckValue(row);
        break;
      case RollupKind::kStale:
        CheckStale(row);
        break;
    }
  }
  const storage::Snapshot& snapshot = *verification_.view().snapshot;
  TALLYSTICK_RETURN_IF_ERROR(marks_.Run(Family::kRollups, snapshot));
  TALLYSTICK_RETURN_IF_ERROR(stale_cells_.Run(Family::kRollups, snapshot));
  for (std::size_t i = 0; i < marks_.size(); ++i) {
    if (!marks_.value(i).has_value()) Report(marks_.key(i), "is missing, though the cell is stale");
  }
  for (std::size_t i = 0; i < stale_cells_.size(); ++i) {
    const std::optional<std::string_view> value = stale_cells_.value(i);
    const absl::StatusOr<CellRow> cell = value.has_value() ? CellRow::Decode(*value) : CellRow();
    if (!cell.ok()) continue;  // it has been reported
    if (!metering::IsStale(*cell)) Report(StaleKey(stale_cells_.key(i)), "is there, though no such cell is stale");
  }
  return absl::OkStatus();
}

// Those come first of all rows, and those of dropped meters next.
void RollupVerifier::CheckMeter(const Row& row) {
  const absl::StatusOr<MeterKey> key = MeterKey::Decode(row.key);
  const absl::StatusOr<MeterRow> value = MeterRow::Decode(row.value);
  if (!key.ok() || !value.ok() || value->Encode() != row.value) return Report(row.key, kDoesNotDecode);
  for (const absl::Status& status : {metering::CheckMeterName(key->name), metering::CheckMeter(value->meter)}) {
    if (!status.ok()) return Report(row.key, "is not a meter: " + std::string(status.message()));
  }
  const auto [found, is_new] = declared_.try_emplace(value->number);
  if (!is_new) {
    found->second.shares_number = true;
    return Report(row.key, "has the number " + std::to_string(value->number) +
                               " of another meter: " + DescribeRollupKey(KeyOf(*found->second.meter.meter)));
  }
  numbers_.push_back(value->number);
  found->second.meter = {
      .meter = std::make_shared<const KeptMeter>(KeptMeter{
          .account = key->account, .name = std::string(key->name), .number = value->number, .meter = value->meter}),
      .building = value->building};
}

void RollupVerifier::CheckDropped(const Row& row) {
  const absl::StatusOr<DroppedKey> key = DroppedKey::Decode(row.key);
  if (!key.ok() || !row.value.empty()) return Report(row.key, kDoesNotDecode);
  dropped_.insert(key->meter);
  if (declared_.contains(key->meter)) Report(row.key, "is there, though a meter has this number");
}

RollupVerifier::Declared* RollupVerifier::OwnerOf(std::uint32_t number, std::string_view key) {
  const auto found = declared_.find(number);
  if (found != declared_.end()) return found->second.shares_number ? nullptr : &found->second;
  if (!dropped_.contains(number)) Report(key, "is of a meter that is neither declared nor dropped");
  return nullptr;
}

void RollupVerifier::CheckCell(const Row& row) {
  const absl::StatusOr<CellKey> key = CellKey::Decode(row.key);
  if (!key.ok()) return Report(row.key, kDoesNotDecode);
  const absl::StatusOr<CellRow> value = CellRow::Decode(row.value);
  if (!value.ok()) Report(row.key, kDoesNotDecode);
  Declared* const owner = OwnerOf(key->meter, row.key);
  if (owner == nullptr) return;
  ++owner->surplus;
  if (!value.ok()) return;
  if (!metering::IsCellOf(owner->meter.meter->meter.aggregation, *value)) {
    return Report(row.key, "is of another kind than its meter");
  }
  if (metering::IsStale(*value)) marks_.Add(StaleKey(row.key));
}

void RollupVerifier::CheckValue(const Row& row) {
  const absl::StatusOr<ValueKey> key = ValueKey::Decode(row.key);
  if (!key.ok()) return Report(row.key, kDoesNotDecode);
  if (!ValueRow::Decode(row.value).ok()) Report(row.key, kDoesNotDecode);
  if (Declared* const owner = OwnerOf(key->cell.meter, row.key); owner != nullptr) ++owner->surplus;
}

void RollupVerifier::CheckStale(const Row& row) {
  const absl::StatusOr<std::string> cell_key = StaleCell(row.key);
  const absl::StatusOr<CellKey> key = cell_key.ok() ? CellKey::Decode(*cell_key) : cell_key.status();
  if (!key.ok() || !row.value.empty()) return Report(row.key, kDoesNotDecode);
  if (OwnerOf(key->meter, row.key) != nullptr) stale_cells_.Add(*cell_key);
}

// --- Against the events ---

absl::Status RollupVerifier::ReadEvents(const std::function<bool(const Declared&)>& choose,
                                        const ExpectedRollups::Callbacks& callbacks) {
  std::vector<StoredMeter> meters;  // of one account
  const auto read = [&]() -> absl::Status {
    if (meters.empty()) return absl::OkStatus();
    return ExpectedRollups(verification_.view(), std::exchange(meters, {})).Read(callbacks);
  };
  for (const std::uint32_t number : numbers_) {
    const Declared& declared = declared_.at(number);
    if (declared.shares_number || !choose(declared)) continue;
    if (!meters.empty() && meters.front().meter->account != declared.meter.meter->account) {
      TALLYSTICK_RETURN_IF_ERROR(read());
    }
    meters.push_back(declared.meter);
  }
  return read();
}

absl::Status RollupVerifier::CompareAll() {
  return ReadEvents([](const Declared&) { return true; },
                    {.rows = [this](absl::Span<const ExpectedRollups::Row> rows) { return Compare(rows); },
                     .read = [this](std::uint64_t events) { verification_.AddRead(events); },
                     .unreadable =
                         [this](std::string_view event_key) {
                           verification_.Report(Family::kEvents, DescribeEventKey(event_key),
                                                "has properties that do not decode");
                         }});
}

absl::Status RollupVerifier::Compare(absl::Span<const ExpectedRollups::Row> rows) {
  for (std::size_t begin = 0; begin < rows.size(); begin += kRowsLookedUp) {
    const absl::Span<const ExpectedRollups::Row> some = rows.subspan(begin, kRowsLookedUp);
    rows_.Clear();
    for (const ExpectedRollups::Row& row : some) rows_.Add(row.key);
    TALLYSTICK_RETURN_IF_ERROR(rows_.Run(Family::kRollups, *verification_.view().snapshot));
    for (std::size_t i = 0; i < some.size(); ++i) {
      const ExpectedRollups::Row& row = some[i];
      Declared& declared = declared_.at(row.meter->number);
      ++declared.expected;
      const std::optional<std::string_view> value = rows_.value(i);
      if (!value.has_value()) {
        Report(row.key, "is missing, though there are such events");
        continue;
      }
      --declared.surplus;
      if (const auto* const cell = std::get_if<CellRow>(row.row); cell != nullptr) {
        CompareCell(*row.meter, row.key, *cell, *value);
      } else {
        CompareValue(row.key, std::get<ValueRow>(*row.row), *value);
      }
    }
  }
  return absl::OkStatus();
}

void RollupVerifier::CompareCell(const KeptMeter& meter, std::string_view key, const CellRow& expected,
                                 std::string_view value) {
  const Aggregation aggregation = meter.meter.aggregation;
  const absl::StatusOr<CellRow> stored = CellRow::Decode(value);
  if (!stored.ok() || !metering::IsCellOf(aggregation, *stored)) return;  // it has been reported
  if (Agree(aggregation, expected, *stored, value)) return;
  Report(key, "says " + Text(*stored) + "; its events make " + Text(expected));
}

void RollupVerifier::CompareValue(std::string_view key, const ValueRow& expected, std::string_view value) {
  const absl::StatusOr<ValueRow> stored = ValueRow::Decode(value);
  if (!stored.ok() || expected.Encode() == value) return;
  Report(key, "says " + std::to_string(stored->count) + " events; there are " + std::to_string(expected.count));
}

// --- Rows too many ---

absl::Status RollupVerifier::FindSurplus() {
  const View& view = verification_.view();
  std::uint64_t expected = 0;
  bool found = false;
  for (const auto& [number, declared] : declared_) {
    if (declared.surplus == 0) continue;
    found = true;
    expected += declared.expected;
  }
  if (!found) return absl::OkStatus();
  const std::uint64_t shares = std::bit_ceil(expected / kHashesMax + 1);
  for (std::uint64_t share = 0; share < shares; ++share) {
    const auto is_in_share = [&](std::uint64_t hash) { return (hash >> 32) % shares == share; };
    absl::flat_hash_set<std::uint64_t> hashes;
    TALLYSTICK_RETURN_IF_ERROR(ReadEvents([](const Declared& declared) { return declared.surplus > 0; },
                                          {.rows =
                                               [&](absl::Span<const ExpectedRollups::Row> rows) {
                                                 for (const ExpectedRollups::Row& row : rows) {
                                                   if (const auto hash = HashOf(row.key); is_in_share(hash))
                                                     hashes.insert(hash);
                                                 }
                                                 return absl::OkStatus();
                                               },
                                           .read = [this](std::uint64_t events) { verification_.AddRead(events); }}));
    for (auto& [number, declared] : declared_) {
      if (declared.surplus == 0) continue;
      for (const RollupKind kind : {RollupKind::kCell, RollupKind::kValue}) {
        storage::RowIterator rows = view.snapshot->database().NewIterator(Family::kRollups, RangeOfMeter(kind, number),
                                                                          view.snapshot, storage::ReadLength::kLong);
        for (rows.SeekToFirst(); rows.Valid(); rows.Next()) {
          const std::uint64_t hash = HashOf(rows.key());
          if (!is_in_share(hash) || hashes.contains(hash) || !NumberIn(rows.key()).has_value()) continue;
          Report(rows.key(), "is there, though there is no such event");
          ++declared.named;
        }
        TALLYSTICK_RETURN_IF_ERROR(rows.status());
      }
    }
  }
  // Two keys of one hash: hardly ever, and no reason to say that all is well.
  for (const auto& [number, declared] : declared_) {
    if (declared.named < declared.surplus) {
      Report(KeyOf(*declared.meter.meter),
             "has " + std::to_string(declared.surplus - declared.named) + " rows more than its events make");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status VerifyRollups(Verification* verification) { return RollupVerifier(verification).Run(); }

}  // namespace tallystick::query
