#include <algorithm>
#include <cstddef>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/encoding/keys.h"
#include "lib/query/event_rows.h"
#include "lib/query/look_up.h"
#include "lib/storage/database.h"

namespace tallystick::query {
namespace {

// Walks the index rows of several customers as one, by (time, sequence).
class MergedIndex {
 public:
  MergedIndex(const View& view, const RowSelection& selection, const std::vector<std::string>& customer_aliases)
      : ascending_(selection.direction == Direction::kAscending) {
    // All of them are open at once.
    const storage::ReadLength length = selection.length == storage::ReadLength::kShort
                                           ? storage::ReadLength::kShort
                                           : storage::ReadLength::kLongOneOfMany;
    for (const std::string& alias : customer_aliases) {
      KeyRange range = CustomerRange(selection.account, alias, selection.from, selection.to);
      if (selection.behind.has_value()) {
        const CustomerKey shown{.account = selection.account,
                                .customer_alias = alias,
                                .time = selection.behind->time,
                                .sequence = selection.behind->sequence};
        if (ascending_) {
          range.start = std::max(range.start, KeyAfter(shown.Encode()));
        } else {
          range.limit = std::min(range.limit, std::string(shown.Encode().view()));
        }
      }
      storage::RowIterator rows =
          view.snapshot->database().NewIterator(storage::Family::kCustomers, range, view.snapshot, length);
      if (ascending_) {
        rows.SeekToFirst();
      } else {
        rows.SeekToLast();
      }
      Push(std::make_unique<storage::RowIterator>(std::move(rows)));
    }
  }

  bool Valid() const { return status_.ok() && !heap_.empty(); }
  const EventKey& position() const { return heap_.front().position; }
  const absl::Status& status() const { return status_; }

  void Next() {
    std::pop_heap(heap_.begin(), heap_.end(), Later{ascending_});
    std::unique_ptr<storage::RowIterator> rows = std::move(heap_.back().rows);
    heap_.pop_back();
    if (ascending_) {
      rows->Next();
    } else {
      rows->Prev();
    }
    Push(std::move(rows));
  }

 private:
  struct Entry {
    EventKey position;
    std::unique_ptr<storage::RowIterator> rows;
  };

  // Puts the entry that comes first at the heap's front.
  struct Later {
    bool ascending;
    bool operator()(const Entry& a, const Entry& b) const {
      const auto order =
          std::pair(a.position.time, a.position.sequence) <=> std::pair(b.position.time, b.position.sequence);
      return ascending ? order > 0 : order < 0;
    }
  };

  void Push(std::unique_ptr<storage::RowIterator> rows) {
    if (!rows->Valid()) {
      status_.Update(rows->status());
      return;
    }
    const absl::StatusOr<CustomerKey> key = CustomerKey::Decode(rows->key());
    if (!key.ok()) {
      status_.Update(key.status());
      return;
    }
    heap_.push_back(
        {.position = {.account = key->account, .time = key->time, .sequence = key->sequence}, .rows = std::move(rows)});
    std::push_heap(heap_.begin(), heap_.end(), Later{ascending_});
  }

  const bool ascending_;
  std::vector<Entry> heap_;
  absl::Status status_;
};

class CustomerRows final : public EventRows {
 public:
  CustomerRows(const View& view, const RowSelection& selection, const std::vector<std::string>& customer_aliases)
      : snapshot_(view.snapshot), index_(view, selection, customer_aliases) {
    Fill();
  }

  void Next() override {
    if (++at_ == records_.size()) {
      Fill();
    } else {
      ShowRow();
    }
  }
  absl::Status status() const override { return status_; }

 private:
  void Fill() {
    status_ = ReadBatch();
    at_ = 0;
    ShowRow();
  }

  void ShowRow() {
    if (status_.ok() && at_ < records_.size()) {
      Show(records_.key(at_), *records_.value(at_));
    } else {
      ShowEnd();
    }
  }

  absl::Status ReadBatch() {
    records_.Clear();
    for (; index_.Valid() && records_.size() < batch_size_.rows(); index_.Next())
      records_.Add(index_.position().Encode());
    TALLYSTICK_RETURN_IF_ERROR(index_.status());
    TALLYSTICK_RETURN_IF_ERROR(records_.Run(storage::Family::kEvents, *snapshot_));
    batch_size_.Adapt(records_);
    for (std::size_t i = 0; i < records_.size(); ++i) {
      if (!records_.value(i).has_value()) {
        return absl::DataLossError("events: the row is missing that 'customers' points to: " +
                                   DescribeEventKey(records_.key(i)));
      }
    }
    return absl::OkStatus();
  }

  const std::shared_ptr<const storage::Snapshot> snapshot_;
  MergedIndex index_;
  LookUp records_;
  BatchSize batch_size_;
  std::size_t at_ = 0;
  absl::Status status_;
};

}  // namespace

std::unique_ptr<EventRows> RowsOfCustomers(const View& view, const RowSelection& selection,
                                           const std::vector<std::string>& customer_aliases) {
  return std::make_unique<CustomerRows>(view, selection, customer_aliases);
}

}  // namespace tallystick::query
