#include "lib/query/expected_rollups.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "lib/base/buckets.h"
#include "lib/base/status_macros.h"
#include "lib/encoding/rows.h"
#include "lib/metering/cells.h"

namespace tallystick::query {
namespace {

using metering::Contribution;
using metering::KeptMeters;
using metering::MeterReader;
using storage::Family;

constexpr std::uint64_t kEventsBetweenReports = 1024;

// A row beside its key: in the map, which is half empty at worst, in the batch that is handed out, and what the
// allocator adds.
constexpr std::size_t kRowBytes = 400;
std::size_t BytesOf(std::string_view key) { return kRowBytes + key.size(); }

std::shared_ptr<const KeptMeters> Kept(const std::vector<metering::StoredMeter>& meters) {
  std::vector<KeptMeters::Pointer> kept;
  for (const metering::StoredMeter& meter : meters) kept.push_back(meter.meter);
  return std::make_shared<const KeptMeters>(std::move(kept));
}

}  // namespace

// By bits that the map, which has the same hash, does not use.
bool ExpectedRollups::Share::Has(std::string_view key) const {
  return IsAll() || ((std::uint64_t{absl::HashOf(absl::string_view(key.data(), key.size()))} >> 32) & mask) == bits;
}

ExpectedRollups::ExpectedRollups(const View& view, const std::vector<metering::StoredMeter>& meters,
                                 std::size_t bytes_max)
    : view_(view),
      account_(meters.front().meter->account),
      bytes_max_(bytes_max),
      contributions_(Kept(meters), account_) {
  for (const metering::StoredMeter& meter : meters) {
    if (meter.building.has_value()) built_to_.emplace(meter.meter.get(), meter.building->next);
  }
}

absl::Status ExpectedRollups::Read(const Callbacks& callbacks) {
  callbacks_ = &callbacks;
  storage::RowIterator rows = Rows(Instant::Min(), Instant::End());
  for (rows.SeekToFirst(); rows.Valid(); rows.Next()) {
    const absl::StatusOr<EventKey> position = EventKey::Decode(rows.key());
    if (!position.ok()) continue;
    if (const std::uint32_t day = BucketOf(position->time, BucketSize::kDay); day != today_) {
      TALLYSTICK_RETURN_IF_ERROR(EndDay());
      today_ = day;
    }
    TALLYSTICK_RETURN_IF_ERROR(AddEvent(*position, rows.key(), rows.value()));
  }
  TALLYSTICK_RETURN_IF_ERROR(rows.status());
  TALLYSTICK_RETURN_IF_ERROR(EndDay());
  callbacks_->read(std::exchange(events_read_, 0));
  return HandOut(Which::kAll);
}

storage::RowIterator ExpectedRollups::Rows(Instant from, Instant to) const {
  return view_.snapshot->database().NewIterator(Family::kEvents, EventRange(account_, from, to), view_.snapshot,
                                                storage::ReadLength::kLong);
}

absl::Status ExpectedRollups::AddEvent(const EventKey& position, std::string_view key, std::string_view value) {
  if (++events_read_ == kEventsBetweenReports) callbacks_->read(std::exchange(events_read_, 0));
  const absl::StatusOr<EventRow> row = EventRow::Decode(value);
  if (!row.ok()) return absl::OkStatus();
  contributions_.Clear();
  const absl::StatusOr<metering::Contributions::Range> range = contributions_.Add(*row);
  if (!range.ok()) {
    // A day that is read again tells no news.
    if (share_.bits == 0 && callbacks_->unreadable) callbacks_->unreadable(key);
    return absl::OkStatus();
  }
  const EventPosition at{.time = position.time, .sequence = position.sequence};
  for (const Contribution& contribution : contributions_.At(*range)) {
    if (const auto built = built_to_.find(contribution.meter); built != built_to_.end() && at >= built->second) {
      continue;
    }
    AddTo(contribution, row->customer_alias, at);
  }
  return bytes_ > bytes_max_ ? MakeRoom() : absl::OkStatus();
}

// By itself, and not as lib/ingest/ finds its rows: a fault there must not be one here.
void ExpectedRollups::AddTo(const Contribution& contribution, std::string_view customer_alias,
                            const EventPosition& position) {
  const metering::KeptMeter& meter = *contribution.meter;
  const Aggregation aggregation = meter.meter.aggregation;
  const bool has_form =
      aggregation == Aggregation::kUniqueCount && contribution.part == MeterReader::Part::kContributes;
  for (const std::string_view alias : {std::string_view(), customer_alias}) {
    for (const BucketSize size : metering::BucketSizesOf(aggregation)) {
      const CellKey cell{.meter = meter.number,
                         .customer_alias = alias,
                         .size = size,
                         .bucket = BucketOf(position.time, size),
                         .group = contributions_.Group(contribution)};
      key_.clear();
      cell.AppendTo(&key_);
      if (Expected* const expected = At(key_, meter); expected != nullptr) {
        if (std::holds_alternative<std::monostate>(*expected)) *expected = metering::EmptyCell(aggregation);
        metering::Enter(contribution, position, &std::get<CellRow>(*expected));
      }
      if (!has_form) continue;
      key_ = ValueKey{.cell = cell, .form = contributions_.Form(contribution)}.Encode();
      if (Expected* const expected = At(key_, meter); expected != nullptr) {
        if (std::holds_alternative<std::monostate>(*expected)) *expected = ValueRow();
        ++std::get<ValueRow>(*expected).count;
      }
    }
  }
}

ExpectedRollups::Expected* ExpectedRollups::At(const std::string& key, const metering::KeptMeter& meter) {
  if (!share_.Has(key)) return nullptr;
  const auto [found, is_new] = expected_.try_emplace(key);
  if (is_new) {
    found->second.meter = &meter;
    found->second.day = today_;
    bytes_ += BytesOf(key);
  }
  return &found->second.row;
}

absl::Status ExpectedRollups::EndDay() {
  while (!share_.IsAll()) {
    TALLYSTICK_RETURN_IF_ERROR(HandOut(Which::kAll));
    if (shares_left_.empty()) {
      share_ = {};
      break;
    }
    share_ = shares_left_.back();
    shares_left_.pop_back();
    storage::RowIterator rows = Rows(BucketStart(today_, BucketSize::kDay), BucketStart(today_ + 1, BucketSize::kDay));
    for (rows.SeekToFirst(); rows.Valid(); rows.Next()) {
      const absl::StatusOr<EventKey> position = EventKey::Decode(rows.key());
      if (position.ok()) TALLYSTICK_RETURN_IF_ERROR(AddEvent(*position, rows.key(), rows.value()));
    }
    TALLYSTICK_RETURN_IF_ERROR(rows.status());
  }
  // So that most days begin with room.
  return bytes_ > bytes_max_ / 2 ? HandOut(Which::kAll) : absl::OkStatus();
}

absl::Status ExpectedRollups::MakeRoom() {
  TALLYSTICK_RETURN_IF_ERROR(HandOut(Which::kBeforeToday));
  // Half of the room, so that the next event does not fill it again.
  while (bytes_ > bytes_max_ / 2 && expected_.size() > 1 && share_.mask + 1 != 0) Halve();
  return absl::OkStatus();
}

void ExpectedRollups::Halve() {
  const std::uint32_t bit = share_.mask + 1;
  shares_left_.push_back({.mask = share_.mask | bit, .bits = share_.bits | bit});
  share_.mask |= bit;
  absl::erase_if(expected_, [this](const auto& row) {
    if (share_.Has(row.first)) return false;
    bytes_ -= BytesOf(row.first);
    return true;
  });
}

absl::Status ExpectedRollups::HandOut(Which which) {
  const auto leaves = [this, which](const Entry& entry) { return which == Which::kAll || entry.day != today_; };
  std::vector<Row> rows;
  for (const auto& [key, entry] : expected_) {
    if (leaves(entry)) rows.push_back({.key = key, .meter = entry.meter, .row = &entry.row});
  }
  if (rows.empty()) return absl::OkStatus();
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.key < b.key; });
  TALLYSTICK_RETURN_IF_ERROR(callbacks_->rows(rows));
  absl::erase_if(expected_, [&](const auto& row) {
    if (!leaves(row.second)) return false;
    bytes_ -= BytesOf(row.first);
    return true;
  });
  return absl::OkStatus();
}

}  // namespace tallystick::query
