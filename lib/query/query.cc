#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "lib/base/sorted_unique.h"
#include "lib/base/status_macros.h"
#include "lib/base/time_zone.h"
#include "lib/base/windows.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/rows.h"
#include "lib/metering/kept_meters.h"
#include "lib/metering/meter_reader.h"
#include "lib/query/answer.h"
#include "lib/query/metered_events.h"
#include "lib/query/progress.h"
#include "lib/query/reads.h"
#include "lib/query/rollup_reader.h"

namespace tallystick::query {
namespace {

// So many cells may stand apart before those of one row are merged.
constexpr std::size_t kCellsApart = 10'000;

using metering::KeptMeter;
using metering::MeterReader;

bool IsDeclared(const QueryOptions& options) { return !options.declared.empty(); }

// What is to be added up, with all names resolved.
struct Plan {
  std::optional<metering::StoredMeter> declared{};
  std::vector<std::size_t> group_by{};  // of a declared meter, by their index in it
  TimeRange range{};
  Metering metering{};
};

// The chosen properties by their index in the meter's own.
absl::StatusOr<std::vector<std::size_t>> ChooseGroups(const Meter& meter, const std::vector<std::string>& chosen) {
  std::vector<std::size_t> indexes;
  for (const std::string& name : chosen) {
    const auto found = std::find(meter.group_by.begin(), meter.group_by.end(), name);
    if (found == meter.group_by.end()) {
      return absl::InvalidArgumentError("the meter is not grouped by '" + name + "'");
    }
    const auto index = static_cast<std::size_t>(found - meter.group_by.begin());
    if (std::find(indexes.begin(), indexes.end(), index) != indexes.end()) {
      return absl::InvalidArgumentError("QueryOptions::group_by names '" + name + "' twice");
    }
    indexes.push_back(index);
  }
  return indexes;
}

absl::StatusOr<Plan> MakePlan(const View& view, const QueryOptions& options) {
  Plan plan;
  plan.range = {.from = Instant::CeilFromTime(options.from), .to = Instant::CeilFromTime(options.to)};
  plan.metering.account = options.account;
  plan.metering.meter = options.meter;
  plan.metering.threads =
      options.threads > 0 ? options.threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  if (options.from >= Instant::Min().ToTime()) plan.metering.whole.from = plan.range.from;
  if (plan.range.to < Instant::End()) plan.metering.whole.to = plan.range.to;
  if (options.window.has_value()) {
    TALLYSTICK_ASSIGN_OR_RETURN(const absl::TimeZone zone, LoadZone(options.time_zone));
    plan.metering.windows.emplace(*options.window, zone);
  }
  if (!IsDeclared(options)) return plan;
  TALLYSTICK_ASSIGN_OR_RETURN(plan.declared, metering::ReadMeter(view.snapshot->database(), view.snapshot.get(),
                                                                 options.account, options.declared));
  const Meter& meter = plan.declared->meter->meter;
  plan.metering.meter = meter;
  plan.metering.meter.group_by = options.group_by.value_or(meter.group_by);
  TALLYSTICK_ASSIGN_OR_RETURN(plan.group_by, ChooseGroups(meter, plan.metering.meter.group_by));
  return plan;
}

// Finds the values of which a declared meter keeps the place alone.
absl::Status ResolveLatest(const View& view, const Plan& plan, Progress* progress, std::vector<AnswerCell>* cells) {
  MeterReader reader(plan.metering.meter);
  for (AnswerCell& cell : *cells) {
    const std::optional<EventPosition> position = cell.tally.unresolved();
    if (!position.has_value()) continue;
    const KeyBuffer key =
        EventKey{.account = plan.metering.account, .time = position->time, .sequence = position->sequence}.Encode();
    TALLYSTICK_ASSIGN_OR_RETURN(const std::optional<std::string> value,
                                view.snapshot->database().Get(storage::Family::kEvents, key, view.snapshot.get()));
    const absl::Status missing =
        absl::DataLossError("events: the row is missing that 'rollups' points to: " + DescribeEventKey(key));
    if (!value.has_value()) return missing;
    TALLYSTICK_ASSIGN_OR_RETURN(const EventRow row, EventRow::Decode(*value));
    TALLYSTICK_ASSIGN_OR_RETURN(const MeterReader::Part part, reader.Read(row));
    if (part != MeterReader::Part::kContributes) return missing;
    cell.tally.Resolve(reader.sample().text);
    if (!progress->Add(1)) break;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckQuery(const QueryOptions& options) {
  if (IsDeclared(options)) {
    if (!options.meter.event_type.empty()) {
      return absl::InvalidArgumentError("QueryOptions::meter must be left empty for a declared meter");
    }
  } else {
    TALLYSTICK_RETURN_IF_ERROR(metering::CheckMeter(options.meter));
    if (options.group_by.has_value()) {
      return absl::InvalidArgumentError("QueryOptions::group_by is for declared meters; others have their own");
    }
  }
  if (options.threads < 0) return absl::InvalidArgumentError("QueryOptions::threads must not be negative");
  return LoadZone(options.time_zone).status();
}

absl::StatusOr<Usage> Query(const View& view, const QueryOptions& options) {
  TALLYSTICK_RETURN_IF_ERROR(CheckQuery(options));
  TALLYSTICK_ASSIGN_OR_RETURN(const Plan plan, MakePlan(view, options));
  Usage usage;
  usage.group_by = plan.metering.meter.group_by;
  usage.from_rollups = plan.declared.has_value() && !plan.declared->building.has_value();
  if (plan.range.from >= plan.range.to) return usage;

  Progress progress(options.progress);
  std::vector<MeteredRange> ranges;  // for the events
  std::vector<std::vector<AnswerCell>> cells;
  if (usage.from_rollups) {
    const KeptMeter& meter = *plan.declared->meter;
    RollupReader rollups(view, meter, plan.group_by, plan.metering.windows, plan.metering.whole, &progress);
    std::vector<std::string> aliases = SortedUnique(options.customer_aliases);
    const bool everybody = aliases.empty();
    std::size_t kept = 0;
    if (everybody) aliases.emplace_back();
    for (const std::string& alias : aliases) {
      // No event has a name of another length.
      if (!everybody && (alias.empty() || alias.size() > kNameBytesMax)) continue;
      TALLYSTICK_ASSIGN_OR_RETURN(const std::vector<TimeRange> left, rollups.Read(alias, plan.range));
      for (const TimeRange& range : left) {
        ranges.push_back(
            {.range = range, .customer_aliases = everybody ? std::vector<std::string>() : std::vector{alias}});
      }
      cells.push_back(rollups.TakeCells());
      // Many customers add to the same rows: memory is that of the rows.
      kept += cells.back().size();
      if (kept > 2 * cells.front().size() + kCellsApart) {
        std::vector<AnswerCell> merged = MergeCells(std::move(cells));
        kept = merged.size();
        cells.clear();
        cells.push_back(std::move(merged));
      }
    }
    usage.skipped = rollups.skipped();
  } else {
    ranges.push_back({.range = plan.range, .customer_aliases = options.customer_aliases});
  }

  TALLYSTICK_ASSIGN_OR_RETURN(MeteredEvents metered, MeterEvents(view, plan.metering, ranges, &progress));
  usage.skipped += metered.skipped;
  std::move(metered.cells.begin(), metered.cells.end(), std::back_inserter(cells));
  std::vector<AnswerCell> merged = MergeCells(std::move(cells));
  TALLYSTICK_RETURN_IF_ERROR(ResolveLatest(view, plan, &progress, &merged));
  if (progress.cancelled()) return absl::CancelledError("the query was cancelled");
  usage.events_read = progress.events_read();
  for (const AnswerCell& cell : merged) {
    TALLYSTICK_ASSIGN_OR_RETURN(UsageRow row, RowOf(cell));
    usage.rows.push_back(std::move(row));
  }
  return usage;
}

}  // namespace tallystick::query
