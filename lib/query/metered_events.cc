#include "lib/query/metered_events.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <future>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/rows.h"
#include "lib/metering/meter_reader.h"
#include "lib/query/event_decoder.h"
#include "lib/query/event_rows.h"

namespace tallystick::query {
namespace {

using metering::MeterReader;
using metering::Sample;

// A thread is not worth its while for less than this of an index.
constexpr std::uint64_t kBytesForThread = 4 * 1024 * 1024;

// More parts than threads, since they turn out unequal.
constexpr std::uint64_t kPartsForThread = 4;

// Reads the events of one part, in order of time.
class PartReader {
 public:
  PartReader(const View& view, const Metering& metering, Progress* progress)
      : view_(view),
        progress_(progress),
        meter_(metering.meter),
        answer_(metering.meter.aggregation, metering.windows, metering.whole) {}

  absl::Status Read(EventRows* rows);

  std::vector<AnswerCell> TakeCells() { return answer_.Take(); }
  std::uint64_t skipped() const { return skipped_; }

 private:
  absl::Status ReadRow(std::string_view key, std::string_view value);
  absl::Status Explain(const absl::Status& error, std::string_view key, std::string_view value) const;

  const View& view_;
  Progress* const progress_;
  MeterReader meter_;
  AnswerBuilder answer_;
  std::uint64_t skipped_ = 0;
};

absl::Status PartReader::Read(EventRows* rows) {
  std::uint64_t unreported = 0;
  for (; rows->Valid(); rows->Next()) {
    TALLYSTICK_RETURN_IF_ERROR(ReadRow(rows->key(), rows->value()));
    if (++unreported == Progress::kRowsBetweenReports && !progress_->Add(std::exchange(unreported, 0))) {
      return absl::OkStatus();
    }
  }
  progress_->Add(unreported);
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
  Sample sample = meter_.sample();
  sample.position = {.time = position.time, .sequence = position.sequence};
  answer_.At(position.time, meter_.group()).Add(sample);
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

// The parts that are read side by side, in order of time for each range.
std::vector<MeteredRange> PartsOf(const View& view, const Metering& metering, const std::vector<MeteredRange>& ranges) {
  if (metering.threads == 1) return ranges;
  std::vector<MeteredRange> parts;
  for (const MeteredRange& whole : ranges) {
    const ScanOptions scan{.account = metering.account, .customer_aliases = whole.customer_aliases};
    const std::uint64_t bytes = ApproximateBytes(*view.snapshot, scan, whole.range);
    if (bytes < 2 * kBytesForThread) {
      parts.push_back(whole);
      continue;
    }
    const auto most = static_cast<std::uint64_t>(metering.threads) * kPartsForThread;
    for (const TimeRange& range :
         SplitTime(*view.snapshot, scan, whole.range, static_cast<int>(std::min(most, bytes / kBytesForThread)))) {
      parts.push_back({.range = range, .customer_aliases = whole.customer_aliases});
    }
  }
  return parts;
}

}  // namespace

absl::StatusOr<MeteredEvents> MeterEvents(const View& view, const Metering& metering,
                                          const std::vector<MeteredRange>& ranges, Progress* progress) {
  const std::vector<MeteredRange> parts = PartsOf(view, metering, ranges);
  MeteredEvents metered;
  metered.cells.resize(parts.size());
  std::vector<absl::Status> statuses(parts.size());
  std::atomic<std::uint64_t> skipped = 0;
  std::atomic<std::size_t> next = 0;
  const auto read_parts = [&] {
    for (std::size_t i = next++; i < parts.size() && !progress->stopped(); i = next++) {
      PartReader part(view, metering, progress);
      const std::unique_ptr<EventRows> rows =
          RowsOf(view, {.account = metering.account, .from = parts[i].range.from, .to = parts[i].range.to},
                 parts[i].customer_aliases);
      statuses[i] = part.Read(rows.get());
      if (!statuses[i].ok()) progress->Stop();
      metered.cells[i] = part.TakeCells();
      skipped += part.skipped();
    }
  };
  // Futures hand on what a thread throws, and wait for it when they go.
  std::vector<std::future<void>> helpers;
  try {
    while (helpers.size() + 1 < std::min(parts.size(), static_cast<std::size_t>(metering.threads))) {
      helpers.push_back(std::async(std::launch::async, read_parts));
    }
  } catch (const std::system_error&) {
    // The machine has no thread to give: those that there are do the work.
  }
  read_parts();
  for (std::future<void>& helper : helpers) helper.get();
  for (const absl::Status& status : statuses) TALLYSTICK_RETURN_IF_ERROR(status);
  metered.skipped = skipped;
  return metered;
}

}  // namespace tallystick::query
