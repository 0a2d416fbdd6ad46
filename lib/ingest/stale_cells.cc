#include "lib/ingest/stale_cells.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/buckets.h"
#include "lib/base/status_macros.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/rollup_keys.h"
#include "lib/encoding/rows.h"
#include "lib/metering/cells.h"
#include "lib/metering/contributions.h"

namespace tallystick::ingest {
namespace {

using metering::MeterReader;
using storage::Family;

// Adds up what one group's events give.
class CellFinder {
 public:
  CellFinder(const metering::KeptMeter& meter, std::string_view group)
      : meter_(meter), group_(group), reader_(meter.meter), cell_(metering::EmptyCell(meter.meter.aggregation)) {}

  absl::Status Add(std::string_view key, std::string_view value) {
    TALLYSTICK_ASSIGN_OR_RETURN(const EventKey position, EventKey::Decode(key));
    TALLYSTICK_ASSIGN_OR_RETURN(const EventRow row, EventRow::Decode(value));
    TALLYSTICK_ASSIGN_OR_RETURN(const MeterReader::Part part, reader_.Read(row));
    if (part != MeterReader::Part::kContributes || reader_.group() != group_) return absl::OkStatus();
    metering::Enter({.meter = &meter_, .part = part, .number = reader_.sample().number},
                    {.time = position.time, .sequence = position.sequence}, &cell_);
    return absl::OkStatus();
  }

  std::optional<CellRow> Take() { return cell_.empty() ? std::nullopt : std::optional(std::move(cell_)); }

 private:
  const metering::KeptMeter& meter_;
  const std::string_view group_;
  MeterReader reader_;
  CellRow cell_;
};

absl::Status ReadEverybody(const std::shared_ptr<const storage::Snapshot>& snapshot, const Uuid& account, Instant from,
                           Instant to, CellFinder* finder) {
  storage::RowIterator rows = snapshot->database().NewIterator(Family::kEvents, EventRange(account, from, to), snapshot,
                                                               storage::ReadLength::kShort);
  for (rows.SeekToFirst(); rows.Valid(); rows.Next()) {
    TALLYSTICK_RETURN_IF_ERROR(finder->Add(rows.key(), rows.value()));
  }
  return rows.status();
}

absl::Status ReadCustomer(const std::shared_ptr<const storage::Snapshot>& snapshot, const Uuid& account,
                          std::string_view customer_alias, Instant from, Instant to, CellFinder* finder) {
  const storage::Database& database = snapshot->database();
  storage::RowIterator rows = database.NewIterator(Family::kCustomers, CustomerRange(account, customer_alias, from, to),
                                                   snapshot, storage::ReadLength::kShort);
  for (rows.SeekToFirst(); rows.Valid(); rows.Next()) {
    TALLYSTICK_ASSIGN_OR_RETURN(const CustomerKey pointer, CustomerKey::Decode(rows.key()));
    const KeyBuffer key = EventKey{.account = account, .time = pointer.time, .sequence = pointer.sequence}.Encode();
    TALLYSTICK_ASSIGN_OR_RETURN(const std::optional<std::string> value,
                                database.Get(Family::kEvents, key, snapshot.get()));
    if (!value.has_value()) return absl::DataLossError("events: no row for " + DescribeEventKey(key));
    TALLYSTICK_RETURN_IF_ERROR(finder->Add(key, *value));
  }
  return rows.status();
}

// Of a day, from its quarters of an hour.
absl::StatusOr<std::optional<CellRow>> FromQuarters(const storage::Snapshot& snapshot, const metering::KeptMeter& meter,
                                                    const CellKey& day) {
  constexpr std::uint32_t kQuartersOfDay = BucketSeconds(BucketSize::kDay) / BucketSeconds(BucketSize::kQuarterHour);
  CellKey quarter = day;
  quarter.size = BucketSize::kQuarterHour;
  std::vector<std::string> keys;
  for (std::uint32_t i = 0; i < kQuartersOfDay; ++i) {
    quarter.bucket = day.bucket * kQuartersOfDay + i;
    keys.push_back(quarter.Encode());
  }
  storage::LookUps found;
  TALLYSTICK_RETURN_IF_ERROR(snapshot.database().MultiGet(
      Family::kRollups, std::vector<std::string_view>(keys.begin(), keys.end()), &snapshot, &found));
  CellRow whole = metering::EmptyCell(meter.meter.aggregation);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::optional<std::string_view> value = found.value(i);
    if (!value.has_value()) continue;
    TALLYSTICK_ASSIGN_OR_RETURN(const CellRow cell, CellRow::Decode(*value));
    if (!metering::IsCellOf(meter.meter.aggregation, cell)) {
      return absl::DataLossError("rollups: a cell is of another kind than its meter: " + DescribeRollupKey(keys[i]));
    }
    if (metering::IsStale(cell)) return std::optional<CellRow>();
    if (cell.count == 0) continue;
    if (const auto* const extreme = std::get_if<CellExtreme>(&cell.state); extreme != nullptr) {
      metering::Enter({.meter = &meter, .number = extreme->value}, {}, &whole);
    } else if (const auto* const latest = std::get_if<CellLatest>(&cell.state); latest != nullptr) {
      metering::Enter({.meter = &meter}, latest->position, &whole);
    }
  }
  return whole.empty() ? std::optional<CellRow>() : std::optional(std::move(whole));
}

}  // namespace

absl::StatusOr<std::optional<CellRow>> FindExtreme(const std::shared_ptr<const storage::Snapshot>& snapshot,
                                                   const metering::KeptMeter& meter, std::string_view cell_key) {
  TALLYSTICK_ASSIGN_OR_RETURN(const CellKey cell, CellKey::Decode(cell_key));
  if (cell.size == BucketSize::kDay) return FromQuarters(*snapshot, meter, cell);
  CellFinder finder(meter, cell.group);
  const Instant from = BucketStart(cell.bucket, cell.size);
  const Instant to = BucketStart(cell.bucket + 1, cell.size);
  if (cell.customer_alias.empty()) {
    TALLYSTICK_RETURN_IF_ERROR(ReadEverybody(snapshot, meter.account, from, to, &finder));
  } else {
    TALLYSTICK_RETURN_IF_ERROR(ReadCustomer(snapshot, meter.account, cell.customer_alias, from, to, &finder));
  }
  return finder.Take();
}

}  // namespace tallystick::ingest
