#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/rows.h"
#include "lib/query/event_decoder.h"
#include "lib/query/look_up.h"
#include "lib/query/reads.h"
#include "lib/query/sources.h"

namespace tallystick::query {
namespace {

class FeedSource : public internal::ChangeSource {
 public:
  FeedSource(const View& view, const ChangesOptions& options, std::uint64_t last)
      : view_(view),
        account_(options.account),
        remaining_(options.limit),
        last_(last),
        position_(options.after),
        rows_(view.snapshot->database().NewIterator(storage::Family::kChanges, ChangeRange(options.after, last),
                                                    view.snapshot, storage::ReadLength::kLong)),
        decoder_(view.identity) {
    if (remaining_ == std::uint64_t{0}) return;
    rows_.SeekToFirst();
    Fill();
  }

  bool Valid() const override { return at_ < batch_.size(); }

  void Next() override {
    if (remaining_.has_value() && --*remaining_ == 0) {
      batch_.clear();  // the position stays at the last one shown
      return;
    }
    if (++at_ < batch_.size()) {
      Show();
    } else {
      Fill();
    }
  }

  const Change& change() const override { return change_; }
  absl::Status status() const override { return status_; }
  std::uint64_t position() const override { return position_; }

 private:
  struct Row {
    std::uint64_t sequence = 0;
    ChangeRow row;
  };

  void Fill() {
    at_ = 0;
    status_ = ReadBatch();
    if (!status_.ok()) {
      batch_.clear();
    } else if (batch_.empty()) {
      position_ = std::max(position_, last_);
    } else {
      Show();
    }
  }

  absl::Status ReadBatch() {
    batch_.clear();
    records_.Clear();
    for (; rows_.Valid() && batch_.size() < batch_size_.rows(); rows_.Next()) {
      TALLYSTICK_ASSIGN_OR_RETURN(const ChangeKey key, ChangeKey::Decode(rows_.key()));
      TALLYSTICK_ASSIGN_OR_RETURN(const ChangeRow row, ChangeRow::Decode(rows_.value()));
      if (account_.has_value() && row.account != *account_) continue;
      batch_.push_back({.sequence = key.sequence, .row = row});
      records_.Add(EventKey{.account = row.account, .time = row.time, .sequence = key.sequence}.Encode());
    }
    TALLYSTICK_RETURN_IF_ERROR(rows_.status());
    TALLYSTICK_RETURN_IF_ERROR(records_.Run(storage::Family::kEvents, *view_.snapshot));
    batch_size_.Adapt(records_);
    return absl::OkStatus();
  }

  void Show() {
    status_ = Decode();
    if (status_.ok()) {
      position_ = batch_[at_].sequence;
    } else {
      batch_.clear();
    }
  }

  absl::Status Decode() {
    const std::optional<std::string_view> value = records_.value(at_);
    if (!value.has_value()) {
      return absl::DataLossError("events: the row is missing that 'changes' points to: " +
                                 DescribeEventKey(records_.key(at_)));
    }
    TALLYSTICK_RETURN_IF_ERROR(decoder_.Decode(records_.key(at_), *value, &change_.event));
    const std::optional<ChangeRow::Replaced>& replaced = batch_[at_].row.replaced;
    change_.replaced.reset();
    if (replaced.has_value()) {
      change_.replaced =
          Change::Replaced{.id = MakeEventId(view_.identity->event_id_key, replaced->receipt, replaced->sequence),
                           .sequence = replaced->sequence};
    }
    return absl::OkStatus();
  }

  const View view_;
  const std::optional<Uuid> account_;
  std::optional<std::uint64_t> remaining_;  // counts the current change
  const std::uint64_t last_;                // the newest sequence of the snapshot
  std::uint64_t position_;
  storage::RowIterator rows_;
  EventDecoder decoder_;
  BatchSize batch_size_;
  std::vector<Row> batch_;
  LookUp records_;  // one for each row of the batch
  std::size_t at_ = 0;
  Change change_;
  absl::Status status_;
};

}  // namespace

ChangeIterator Changes(const View& view, const ChangesOptions& options) {
  if (options.history.has_value() && *options.history != view.identity->history.id) {
    return ChangeIterator(
        absl::InvalidArgumentError("the position belongs to the history " + options.history->ToString() +
                                   "; the store's is " + view.identity->history.id.ToString()),
        options.after);
  }
  const absl::StatusOr<CommitPosition> position = storage::ReadPosition(view.snapshot->database(), view.snapshot.get());
  if (!position.ok()) return ChangeIterator(position.status(), options.after);
  // A reader ahead of the store has a position of another history; to say that nothing is new would hide it.
  if (options.after > position->sequence) {
    return ChangeIterator(
        absl::InvalidArgumentError("the position " + std::to_string(options.after) +
                                   " is greater than the store's last sequence, " + std::to_string(position->sequence)),
        options.after);
  }
  return ChangeIterator(std::make_unique<FeedSource>(view, options, position->sequence));
}

}  // namespace tallystick::query
