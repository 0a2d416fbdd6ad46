#include "lib/ingest/rollups.h"

#include <utility>
#include <variant>

#include "lib/base/buckets.h"
#include "lib/base/status_macros.h"
#include "lib/metering/cells.h"
#include "lib/metering/kept_meters.h"

namespace tallystick::ingest {
namespace {

using metering::Contribution;
using metering::MeterReader;
using storage::Family;

// Room for so many changes is kept between commits.
constexpr std::size_t kStepsKept = 1 << 16;

bool CanBeStale(const CellRow& cell) {
  return std::holds_alternative<CellExtreme>(cell.state) || std::holds_alternative<CellLatest>(cell.state);
}

}  // namespace

Rollups::Rollups(std::shared_ptr<const storage::Database> database, std::size_t cache_bytes)
    : database_(std::move(database)), cells_(cache_bytes / 4 * 3), values_(cache_bytes / 4) {}

absl::Status Rollups::AddRows(storage::Batch* batch) {
  const absl::Status status = Apply();
  leaving_.clear();
  entering_.clear();
  if (entering_.capacity() > kStepsKept) {
    leaving_ = {};
    entering_ = {};
  }
  if (!status.ok()) {
    Clear();
    return status;
  }
  WriteCells(batch);
  values_.Write(batch, [](Values::Entry*) {});
  cells_.Trim();
  values_.Trim();
  return absl::OkStatus();
}

absl::Status Rollups::Apply() {
  for (Step& step : leaving_) Find(&step);
  for (Step& step : entering_) Find(&step);
  TALLYSTICK_RETURN_IF_ERROR(cells_.Load(*database_));
  TALLYSTICK_RETURN_IF_ERROR(values_.Load(*database_));
  // In this order: see metering::Leave().
  for (const Step& step : leaving_) TALLYSTICK_RETURN_IF_ERROR(Apply(step, false));
  for (const Step& step : entering_) TALLYSTICK_RETURN_IF_ERROR(Apply(step, true));
  return absl::OkStatus();
}

void Rollups::Find(Step* step) {
  const Change& change = step->change;
  const metering::KeptMeter& meter = *change.contribution->meter;
  const Aggregation aggregation = meter.meter.aggregation;
  const CellRow none = metering::EmptyCell(aggregation);
  const bool has_form =
      aggregation == Aggregation::kUniqueCount && change.contribution->part == MeterReader::Part::kContributes;
  CellKey key{.meter = meter.number, .group = change.contributions->Group(*change.contribution)};
  for (const std::string_view alias : {std::string_view(), change.customer_alias}) {
    key.customer_alias = alias;
    for (const BucketSize size : metering::BucketSizesOf(aggregation)) {
      key.size = size;
      key.bucket = BucketOf(change.position.time, size);
      key_.clear();
      key.AppendTo(&key_);
      step->cells[step->count] = cells_.At(key_, none);
      if (has_form) {
        const ValueKey value{.cell = key, .form = change.contributions->Form(*change.contribution)};
        step->values[step->count] = values_.At(value.Encode(), {});
      }
      ++step->count;
    }
  }
}

absl::Status Rollups::Apply(const Step& step, bool enters) {
  const Contribution& contribution = *step.change.contribution;
  for (std::size_t i = 0; i < step.count; ++i) {
    Cells::Entry* const cell = step.cells[i];
    if (!metering::IsCellOf(contribution.meter->meter.aggregation, cell->row)) {
      return absl::DataLossError("rollups: a cell is of another kind than its meter: " + DescribeRollupKey(cell->key));
    }
    Touch(cell);
    if (enters) {
      metering::Enter(contribution, step.change.position, &cell->row);
    } else {
      TALLYSTICK_RETURN_IF_ERROR(metering::Leave(contribution, step.change.position, &cell->row));
    }
    Values::Entry* const value = step.values[i];
    if (value == nullptr) continue;
    values_.Touch(value);
    if (!enters && value->row.count == 0) {
      return absl::DataLossError("rollups: a value that leaves is not there: " + DescribeRollupKey(value->key));
    }
    value->row.count += enters ? 1 : std::uint64_t(-1);
  }
  return absl::OkStatus();
}

// Marks the entry with whether the cell on disk is stale.
void Rollups::Touch(Cells::Entry* cell) {
  if (!cell->touched) cell->mark = metering::IsStale(cell->row);
  cells_.Touch(cell);
}

void Rollups::WriteCells(storage::Batch* batch) {
  cells_.Write(batch, [this, batch](Cells::Entry* cell) {
    if (!CanBeStale(cell->row)) return;
    if (cell->key == watched_) watched_changed_ = true;
    const bool stale = metering::IsStale(cell->row);
    if (stale == cell->mark) return;
    if (stale) {
      batch->Put(Family::kRollups, StaleKey(cell->key), {});
      ++became_stale_;
    } else {
      batch->Delete(Family::kRollups, StaleKey(cell->key));
    }
  });
}

void Rollups::Written() { stale_count_.store(became_stale_, std::memory_order_release); }

void Rollups::Watch(std::string_view cell_key) {
  watched_.assign(cell_key);
  watched_changed_ = false;
}

absl::StatusOr<bool> Rollups::Heal(Aggregation aggregation, const CellRow& found, storage::Batch* batch) {
  if (watched_changed_) return true;
  Cells::Entry* const cell = cells_.At(watched_, metering::EmptyCell(aggregation));
  if (const absl::Status status = cells_.Load(*database_); !status.ok()) {
    Clear();
    return status;
  }
  if (metering::IsStale(cell->row)) {
    Touch(cell);
    cell->row.state = found.state;
    WriteCells(batch);
  }
  cells_.Trim();
  return false;
}

void Rollups::Clear() {
  cells_.Clear();
  values_.Clear();
}

}  // namespace tallystick::ingest
