#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/base/status_macros.h"
#include "lib/base/time_zone.h"
#include "lib/base/windows.h"
#include "lib/encoding/group.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/rows.h"
#include "lib/metering/meter_reader.h"
#include "lib/metering/tally.h"
#include "lib/query/event_decoder.h"
#include "lib/query/event_rows.h"
#include "lib/query/reads.h"
#include "lib/query/split.h"

namespace tallystick::query {
namespace {

using metering::MeterReader;
using metering::Sample;
using metering::Tally;

// A thread is not worth its while for less than this of an index.
constexpr std::uint64_t kBytesForThread = 4 * 1024 * 1024;

// More parts than threads, since they turn out unequal.
constexpr std::uint64_t kPartsForThread = 4;

constexpr std::uint64_t kRowsBetweenReports = 4096;

// One row of the answer in the making.
struct Cell {
  WindowRange window;
  std::string group;
  Tally tally;

  friend bool operator<(const Cell& a, const Cell& b) {
    return std::tie(a.window.from, a.group) < std::tie(b.window.from, b.group);
  }
};

// What the threads of a query share.
class Progress {
 public:
  explicit Progress(const std::function<bool(std::uint64_t)>& report) : report_(report) {}

  // Adds rows that were read; whether to go on.
  bool Add(std::uint64_t rows) {
    const std::uint64_t read = read_.fetch_add(rows, std::memory_order_relaxed) + rows;
    if (report_ && !stopped()) {
      const std::lock_guard lock(mutex_);
      if (!stopped() && !report_(read)) {
        cancelled_ = true;
        Stop();
      }
    }
    return !stopped();
  }
  void Stop() { stopped_.store(true, std::memory_order_relaxed); }

  bool stopped() const { return stopped_.load(std::memory_order_relaxed); }
  bool cancelled() const { return cancelled_; }  // when all threads are done
  std::uint64_t rows_read() const { return read_.load(std::memory_order_relaxed); }

 private:
  const std::function<bool(std::uint64_t)>& report_;
  std::mutex mutex_;
  std::atomic<std::uint64_t> read_ = 0;
  std::atomic<bool> stopped_ = false;
  bool cancelled_ = false;  // guarded by mutex_
};

// Reads the events of one part of the range, in order of time.
class PartReader {
 public:
  PartReader(const View& view, const QueryOptions& options, const std::optional<Windows>& windows,
             const WindowRange& whole, Progress* progress)
      : view_(view), options_(options), whole_(whole), progress_(progress), windows_(windows), meter_(options.meter) {}

  absl::Status Read(EventRows* rows);

  std::vector<Cell>& cells() { return cells_; }
  std::uint64_t skipped() const { return skipped_; }

 private:
  absl::Status ReadRow(std::string_view key, std::string_view value);
  absl::Status Explain(const absl::Status& error, std::string_view key, std::string_view value) const;
  void Enter(Instant time);
  void LeaveWindow();

  const View& view_;
  const QueryOptions& options_;
  const WindowRange& whole_;
  Progress* const progress_;
  std::optional<Windows> windows_;
  MeterReader meter_;

  std::optional<WindowRange> window_;                // that of `tallies_`
  absl::flat_hash_map<std::string, Tally> tallies_;  // by group
  std::string group_key_;
  std::vector<Cell> cells_;
  std::uint64_t skipped_ = 0;
};

absl::Status PartReader::Read(EventRows* rows) {
  std::uint64_t unreported = 0;
  for (; rows->Valid(); rows->Next()) {
    TALLYSTICK_RETURN_IF_ERROR(ReadRow(rows->key(), rows->value()));
    if (++unreported == kRowsBetweenReports && !progress_->Add(std::exchange(unreported, 0))) return absl::OkStatus();
  }
  progress_->Add(unreported);
  LeaveWindow();
  return rows->status();
}

absl::Status PartReader::ReadRow(std::string_view key, std::string_view value) {
  const absl::StatusOr<EventRow> row = EventRow::Decode(value);
  if (!row.ok()) return Explain(row.status(), key, value);
  const absl::StatusOr<MeterReader::Part> part = meter_.Read(*row);
  if (!part.ok()) return Explain(part.status(), key, value);
  if (*part == MeterReader::Part::kInexact) return Explain(meter_.InexactError(), key, value);
  if (*part == MeterReader::Part::kSkipped) ++skipped_;
  if (*part != MeterReader::Part::kContributes) return absl::OkStatus();
  TALLYSTICK_ASSIGN_OR_RETURN(const EventKey position, EventKey::Decode(key));
  Enter(position.time);
  Sample sample = meter_.sample();
  sample.time = position.time;
  sample.sequence = position.sequence;
  group_key_.assign(meter_.group());
  tallies_.try_emplace(group_key_, options_.meter.aggregation).first->second.Add(sample);
  return absl::OkStatus();
}

// The error with the name of the event that it is about.
absl::Status PartReader::Explain(const absl::Status& error, std::string_view key, std::string_view value) const {
  EventDecoder decoder(view_.identity);
  StoredEvent event;
  const absl::Status decoded = decoder.Decode(key, value, &event);
  if (!decoded.ok()) return decoded;
  return absl::Status(error.code(), "event '" + std::string(event.customer_event_id) + "' at " +
                                        FormatTimestamp(event.event_timestamp) + ": " + std::string(error.message()));
}

// Makes the window that holds `time` the current one.
void PartReader::Enter(Instant time) {
  if (window_.has_value() && window_->Contains(time)) return;
  LeaveWindow();
  window_ = windows_.has_value() ? windows_->Containing(time) : whole_;
}

void PartReader::LeaveWindow() {
  const std::size_t first = cells_.size();
  for (auto& [group, tally] : tallies_) {
    cells_.push_back({.window = *window_, .group = group, .tally = std::move(tally)});
  }
  std::sort(cells_.begin() + static_cast<std::ptrdiff_t>(first), cells_.end());
  tallies_.clear();
}

// The parts that are read side by side, in order of time.
std::vector<TimeRange> PartsOf(const View& view, const ScanOptions& scan, const TimeRange& range, int threads) {
  const std::uint64_t bytes = ApproximateBytes(*view.snapshot, scan, range);
  const auto most = static_cast<std::uint64_t>(threads) * kPartsForThread;
  if (threads == 1 || bytes < 2 * kBytesForThread) return {range};
  return SplitTime(*view.snapshot, scan, range, static_cast<int>(std::min(most, bytes / kBytesForThread)));
}

// Makes one cell of those that stand for the same row.
std::vector<Cell> Merge(std::vector<std::vector<Cell>> parts) {
  std::vector<Cell> all;
  for (std::vector<Cell>& part : parts) std::move(part.begin(), part.end(), std::back_inserter(all));
  std::stable_sort(all.begin(), all.end());
  std::vector<Cell> merged;
  for (Cell& cell : all) {
    if (merged.empty() || merged.back() < cell) {
      merged.push_back(std::move(cell));
    } else {
      merged.back().tally.Merge(std::move(cell.tally));
    }
  }
  return merged;
}

absl::StatusOr<UsageRow> RowOf(const Cell& cell) {
  UsageRow row;
  if (cell.window.from.has_value()) row.from = cell.window.from->ToTime();
  if (cell.window.to.has_value()) row.to = cell.window.to->ToTime();
  TALLYSTICK_ASSIGN_OR_RETURN(row.group, DecodeGroup(cell.group));
  row.value = cell.tally.Value();
  row.sum = cell.tally.Sum();
  row.count = cell.tally.count();
  return row;
}

}  // namespace

absl::Status CheckQuery(const QueryOptions& options) {
  TALLYSTICK_RETURN_IF_ERROR(metering::CheckMeter(options.meter));
  if (options.threads < 0) return absl::InvalidArgumentError("QueryOptions::threads must not be negative");
  return LoadZone(options.time_zone).status();
}

absl::StatusOr<Usage> Query(const View& view, const QueryOptions& options) {
  TALLYSTICK_RETURN_IF_ERROR(CheckQuery(options));
  const TimeRange range{.from = Instant::CeilFromTime(options.from), .to = Instant::CeilFromTime(options.to)};
  if (range.from >= range.to) return Usage();
  WindowRange whole;
  if (range.from > Instant::Min()) whole.from = range.from;
  if (range.to < Instant::End()) whole.to = range.to;
  std::optional<Windows> windows;
  if (options.window.has_value()) {
    TALLYSTICK_ASSIGN_OR_RETURN(const absl::TimeZone zone, LoadZone(options.time_zone));
    windows.emplace(*options.window, zone);
  }

  const ScanOptions scan{.account = options.account, .customer_aliases = options.customer_aliases};
  const int threads =
      options.threads > 0 ? options.threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const std::vector<TimeRange> ranges = PartsOf(view, scan, range, threads);

  Progress progress(options.progress);
  std::vector<std::vector<Cell>> cells(ranges.size());
  std::vector<absl::Status> statuses(ranges.size());
  std::atomic<std::uint64_t> skipped = 0;
  std::atomic<std::size_t> next = 0;
  const auto read_parts = [&] {
    for (std::size_t i = next++; i < ranges.size() && !progress.stopped(); i = next++) {
      PartReader part(view, options, windows, whole, &progress);
      const std::unique_ptr<EventRows> rows = RowsOf(
          view, {.account = options.account, .from = ranges[i].from, .to = ranges[i].to}, options.customer_aliases);
      statuses[i] = part.Read(rows.get());
      if (!statuses[i].ok()) progress.Stop();
      cells[i] = std::move(part.cells());
      skipped += part.skipped();
    }
  };
  // Futures hand on what a thread throws, and wait for it when they go.
  std::vector<std::future<void>> helpers;
  try {
    while (helpers.size() + 1 < std::min(ranges.size(), static_cast<std::size_t>(threads))) {
      helpers.push_back(std::async(std::launch::async, read_parts));
    }
  } catch (const std::system_error&) {
    // The machine has no thread to give: those that there are do the work.
  }
  read_parts();
  for (std::future<void>& helper : helpers) helper.get();
  for (const absl::Status& status : statuses) TALLYSTICK_RETURN_IF_ERROR(status);
  if (progress.cancelled()) return absl::CancelledError("the query was cancelled");

  Usage usage;
  usage.skipped = skipped;
  usage.events_read = progress.rows_read();
  for (const Cell& cell : Merge(std::move(cells))) {
    TALLYSTICK_ASSIGN_OR_RETURN(UsageRow row, RowOf(cell));
    usage.rows.push_back(std::move(row));
  }
  return usage;
}

}  // namespace tallystick::query
