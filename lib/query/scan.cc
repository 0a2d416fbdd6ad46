#include <algorithm>
#include <utility>

#include "lib/base/sorted_unique.h"
#include "lib/base/status_macros.h"
#include "lib/encoding/cursor.h"
#include "lib/encoding/keys.h"
#include "lib/query/event_decoder.h"
#include "lib/query/event_rows.h"
#include "lib/query/reads.h"
#include "lib/query/sources.h"
#include "lib/query/split.h"

namespace tallystick::query {
namespace {

// A scan of fewer events than this may as well stay in the cache.
constexpr std::uint64_t kShortScan = 1000;

// More parts than any machine has threads; each costs some dozens of estimates.
constexpr int kPartsMax = 1024;

CursorScope ScopeOf(const ScanOptions& options) {
  return {.account = options.account,
          .descending = options.direction == Direction::kDescending,
          .event_types = options.event_types,
          .customer_aliases = options.customer_aliases};
}

// Where the scan goes on; absent from the start.
absl::StatusOr<std::optional<CursorPosition>> CursorOf(const View& view, const ScanOptions& options) {
  if (options.cursor.empty()) return std::optional<CursorPosition>();
  return DecodeCursor(view.identity->cursor_key, ScopeOf(options), options.cursor);
}

// Filters by type, decodes, and stops at the limit.
class ScanSource final : public internal::EventSource {
 public:
  ScanSource(const View& view, const ScanOptions& options, std::unique_ptr<EventRows> rows)
      : identity_(view.identity),
        scope_(ScopeOf(options)),
        event_types_(SortedUnique(options.event_types)),
        remaining_(options.limit),
        rows_(std::move(rows)),
        decoder_(view.identity) {
    FindMatch();
    if (remaining_ == std::uint64_t{0}) valid_ = false;  // a page of nothing, behind which there is no place to go on
  }

  void Next() override {
    if (remaining_.has_value() && --*remaining_ == 0) {
      EndPage();
      return;
    }
    rows_->Next();
    FindMatch();
  }

  absl::Status status() const override { return status_; }
  std::optional<std::string> cursor() const override { return cursor_; }

  std::string CursorAt(bool reversed) const override {
    CursorScope scope = scope_;
    scope.descending = scope_.descending != reversed;
    return EncodeCursor(identity_->cursor_key, scope, Position());
  }

 private:
  CursorPosition Position() const {
    return {.time = Instant::FromTime(event_.event_timestamp).value_or(Instant()), .sequence = event_.sequence};
  }

  // Behind the last event of the page: where the next one begins, if there is one.
  void EndPage() {
    const CursorPosition shown = Position();
    rows_->Next();
    FindMatch();
    if (valid_) cursor_ = EncodeCursor(identity_->cursor_key, scope_, shown);
    valid_ = false;
  }

  void FindMatch() {
    valid_ = false;
    for (; rows_->Valid(); rows_->Next()) {
      status_ = decoder_.Decode(rows_->key(), rows_->value(), &event_);
      if (!status_.ok()) return;
      if (event_types_.empty() || std::binary_search(event_types_.begin(), event_types_.end(), event_.event_type)) {
        valid_ = true;
        return;
      }
    }
    status_ = rows_->status();
  }

  const std::shared_ptr<const storage::Identity> identity_;
  const CursorScope scope_;
  const std::vector<std::string> event_types_;
  std::optional<std::uint64_t> remaining_;  // counts the current event
  std::unique_ptr<EventRows> rows_;
  EventDecoder decoder_;
  absl::Status status_;
  std::optional<std::string> cursor_;
};

}  // namespace

EventIterator Scan(const View& view, const ScanOptions& options) {
  RowSelection selection{
      .account = options.account,
      .from = Instant::CeilFromTime(options.from),
      .to = Instant::CeilFromTime(options.to),
      .direction = options.direction,
      .length =
          options.limit.value_or(kShortScan) < kShortScan ? storage::ReadLength::kShort : storage::ReadLength::kLong,
  };
  const absl::StatusOr<std::optional<CursorPosition>> cursor = CursorOf(view, options);
  if (!cursor.ok()) return EventIterator(cursor.status());
  selection.behind = *cursor;
  if (selection.from >= selection.to) return EventIterator(absl::OkStatus());

  std::unique_ptr<EventRows> rows = RowsOf(view, selection, options.customer_aliases);
  return EventIterator(std::make_unique<ScanSource>(view, options, std::move(rows)));
}

absl::StatusOr<std::vector<EventIterator>> SplitScan(const View& view, const ScanOptions& options, int parts) {
  if (parts < 1) return absl::InvalidArgumentError("a scan is split into at least one part");
  if (options.limit.has_value()) return absl::InvalidArgumentError("a scan with a limit cannot be split");
  TimeRange whole{.from = Instant::CeilFromTime(options.from), .to = Instant::CeilFromTime(options.to)};
  TALLYSTICK_ASSIGN_OR_RETURN(const std::optional<CursorPosition> cursor, CursorOf(view, options));
  if (cursor.has_value()) {  // no part for what lies before it
    if (options.direction == Direction::kAscending) {
      whole.from = std::max(whole.from, cursor->time);
    } else {
      whole.to = std::min(whole.to, cursor->time.Next());
    }
  }
  std::vector<TimeRange> ranges = SplitTime(*view.snapshot, options, whole, std::min(parts, kPartsMax));
  if (options.direction == Direction::kDescending) std::reverse(ranges.begin(), ranges.end());
  std::vector<EventIterator> iterators;
  for (const TimeRange& range : ranges) {
    ScanOptions part = options;
    part.from = range.from.ToTime();
    part.to = range.to.ToTime();
    iterators.push_back(Scan(view, part));
    TALLYSTICK_RETURN_IF_ERROR(iterators.back().status());
  }
  return iterators;
}

}  // namespace tallystick::query
