#include <algorithm>
#include <utility>

#include "lib/encoding/keys.h"
#include "lib/query/event_rows.h"
#include "lib/storage/database.h"

namespace tallystick::query {
namespace {

class TimeRows final : public EventRows {
 public:
  TimeRows(storage::RowIterator rows, Direction direction) : rows_(std::move(rows)), direction_(direction) {
    if (direction_ == Direction::kAscending) {
      rows_.SeekToFirst();
    } else {
      rows_.SeekToLast();
    }
    ShowRow();
  }

  void Next() override {
    if (direction_ == Direction::kAscending) {
      rows_.Next();
    } else {
      rows_.Prev();
    }
    ShowRow();
  }
  absl::Status status() const override { return rows_.status(); }

 private:
  void ShowRow() {
    if (rows_.Valid()) {
      Show(rows_.key(), rows_.value());
    } else {
      ShowEnd();
    }
  }

  storage::RowIterator rows_;
  const Direction direction_;
};

}  // namespace

std::unique_ptr<EventRows> RowsByTime(const View& view, const RowSelection& selection) {
  KeyRange range = EventRange(selection.account, selection.from, selection.to);
  if (selection.behind.has_value()) {
    const EventKey shown{
        .account = selection.account, .time = selection.behind->time, .sequence = selection.behind->sequence};
    if (selection.direction == Direction::kAscending) {
      range.start = std::max(range.start, KeyAfter(shown.Encode()));
    } else {
      range.limit = std::min(range.limit, std::string(shown.Encode().view()));
    }
  }
  return std::make_unique<TimeRows>(
      view.snapshot->database().NewIterator(storage::Family::kEvents, range, view.snapshot, selection.length),
      selection.direction);
}

}  // namespace tallystick::query
