#include "lib/storage/commit_queue.h"

#include <algorithm>
#include <exception>
#include <new>
#include <string>
#include <utility>

#include "lib/base/status_macros.h"

namespace tallystick::storage {
namespace {

// Asks for nothing but stable storage.
class SyncRequest : public CommitRequest {
 public:
  std::size_t bytes() const override { return 0; }
};

}  // namespace

CommitQueue::CommitQueue(std::shared_ptr<Database> database, std::shared_ptr<FailureLatch> failure,
                         Committer* committer, const Options& options)
    : database_(std::move(database)),
      failure_(std::move(failure)),
      committer_(committer),
      options_(options),
      batches_{Batch(*database_), Batch(*database_)},
      commit_thread_([this] { RunCommits(); }),
      sync_thread_([this] { RunSyncs(); }) {}

CommitQueue::~CommitQueue() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    commit_thread_wake_.notify_one();
    sync_thread_wake_.notify_one();
  }
  commit_thread_.join();
  sync_thread_.join();
}

absl::Status CommitQueue::Submit(const RequestPointer& request, bool sync, Clock::time_point deadline) {
  request->sync_ = sync;
  request->may_lead_ = deadline == Clock::time_point::max();
  request->state_ = CommitRequest::State::kQueued;
  request->done_ = false;
  Lock lock(mutex_);
  queue_.push_back(request);
  CountQueued(*request, true);
  // Who may lead does so itself. Otherwise, it may be what the queue had too little of for one that waits.
  if (!request->may_lead_) NoteLeaders();
  if (!leaders_noted_.empty()) {
    WakeNoted(&lock);
    lock.lock();
  }
  return Wait(request, deadline, &lock);
}

absl::Status CommitQueue::Sync() {
  Lock lock(mutex_);
  // The rows of a group can be read a moment before the group counts as written.
  const std::uint64_t target = written_ + (writing_ ? 1 : 0);
  if (durable_ >= target) return failure_->Check();
  const auto request = std::make_shared<SyncRequest>();
  request->state_ = CommitRequest::State::kWritten;
  request->ticket_ = target;
  unsynced_.push_back(request);
  return Wait(request, Clock::time_point::max(), &lock);
}

absl::Status CommitQueue::Wait(const RequestPointer& request, Clock::time_point deadline, Lock* lock) {
  while (true) {
    if (request->may_lead_ && request->state_ == CommitRequest::State::kQueued && CanCommit()) {
      LeadCommit(lock);
    } else if (request->may_lead_ && request->state_ == CommitRequest::State::kWritten && CanSync()) {
      LeadSync(lock);
    } else {
      lock->unlock();
      if (!request->parker_.Park(deadline)) {
        lock->lock();
        if (request->done_) return request->status_;
        Abandon(request, lock);
        return absl::DeadlineExceededError("the write took longer than its timeout; it may still be stored");
      }
    }
    if (request->done_) return request->status_;
    lock->lock();
    if (request->done_) return request->status_;
  }
}

// The caller leaves. What is queued has not begun, and need not; what has begun ends without it.
void CommitQueue::Abandon(const RequestPointer& request, Lock* lock) {
  if (std::erase(queue_, request) > 0) CountQueued(*request, false);
  std::erase(unsynced_, request);
  NoteLeaders();
  WakeNoted(lock);
}

void CommitQueue::TakeGroup(Group* group) {
  group->requests.reserve(queue_.size());  // nothing has been taken yet when this fails
  std::size_t bytes = 0;
  const auto joins = [&](const CommitRequest& next) {
    if (group->requests.empty()) return true;
    return !group->requests.front()->alone() && !next.alone() && bytes + next.bytes() <= options_.group_bytes_max;
  };
  while (!queue_.empty() && joins(*queue_.front())) {
    bytes += queue_.front()->bytes();
    CountQueued(*queue_.front(), false);
    queue_.front()->state_ = CommitRequest::State::kCommitting;
    group->requests.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
}

void CommitQueue::CountQueued(const CommitRequest& request, bool enters) {
  const std::size_t sign = enters ? 1 : std::size_t(-1);
  queued_bytes_ += sign * request.bytes();
  if (!request.sync_) queued_buffered_ += sign;
}

template <typename Step>
absl::Status CommitQueue::Guarded(Step step) {
  absl::Status failure = failure_->Check();
  if (!failure.ok()) return failure;
  // What was done half-way must not be built upon.
  try {
    failure = step();
  } catch (const std::bad_alloc&) {
    failure = absl::ResourceExhaustedError("out of memory while committing");
  } catch (const std::exception& error) {
    failure = absl::InternalError(std::string("cannot commit: ") + error.what());
  }
  if (!failure.ok()) failure_->Set(failure);
  return failure;
}

absl::Status CommitQueue::Decide(Group* group, bool write_under_way, Batch* batch) {
  return Guarded([&]() -> absl::Status {
    std::vector<CommitRequest*> requests;
    requests.reserve(group->requests.size());
    for (const RequestPointer& request : group->requests) requests.push_back(request.get());
    if (write_under_way && committer_->MustWait(requests)) {
      Lock lock(mutex_);
      AwaitWrite(&lock);
      TALLYSTICK_RETURN_IF_ERROR(failure_->Check());  // nothing is decided behind a failure
    }
    group->statuses.resize(requests.size());
    committer_->Decide(requests, absl::MakeSpan(group->statuses), batch);
    return absl::OkStatus();
  });
}

absl::Status CommitQueue::Write(Group* group, Batch* batch) {
  return Guarded([&]() -> absl::Status {
    if (!batch->empty()) {
      TALLYSTICK_RETURN_IF_ERROR(database_->Write(batch));
      group->wrote = true;
    }
    committer_->Written();
    // One large group must not hold its memory for ever.
    if (batch->bytes() > 4 * options_.group_bytes_max) {
      *batch = Batch(*database_);
    } else {
      batch->Clear();
    }
    return absl::OkStatus();
  });
}

void CommitQueue::LeadCommit(Lock* lock) {
  Group group;
  TakeGroup(&group);
  deciding_ = true;
  const bool alone = group.requests.front()->alone();
  if (alone) AwaitWrite(lock);
  const bool write_under_way = writing_;
  Batch* const batch = &batches_[next_batch_];
  lock->unlock();

  absl::Status failure = Decide(&group, write_under_way, batch);

  lock->lock();
  AwaitWrite(lock);
  writing_ = true;
  next_batch_ = 1 - next_batch_;  // the other one's write has ended
  if (!alone) {
    deciding_ = false;
    NoteLeaders();
  }
  WakeNoted(lock);

  if (failure.ok()) failure = Write(&group, batch);

  lock->lock();
  writing_ = false;
  if (alone) deciding_ = false;
  FinishGroup(&group, failure);
  NoteLeaders();
  WakeNoted(lock);
}

void CommitQueue::FinishGroup(Group* group, const absl::Status& failure) {
  if (group->wrote || !failure.ok()) {
    if (durable_ == written_) {
      // The interval's clock starts.
      unsynced_since_ = Clock::now();
      WatchInterval();
    }
    ++written_;
  } else {
    // Nothing was added to what has to be synced: who waits for this group waits for the one before.
    for (const RequestPointer& request : unsynced_) request->ticket_ = std::min(request->ticket_, written_);
  }
  for (std::size_t i = 0; i < group->requests.size(); ++i) {
    const RequestPointer& request = group->requests[i];
    // What failed a request by itself says more than that the store stopped.
    const bool failed = i < group->statuses.size() && !group->statuses[i].ok();
    const absl::Status& status = failed || failure.ok() ? group->statuses[i] : failure;
    // A request that wrote nothing itself still waits: what it was told of ("unchanged") may not be synced yet.
    if (status.ok() && request->sync_ && durable_ < written_) {
      request->state_ = CommitRequest::State::kWritten;
      request->ticket_ = written_;
      unsynced_.push_back(request);
    } else {
      Finish(request, status);
    }
  }
  FinishDurable();
}

void CommitQueue::LeadSync(Lock* lock) {
  syncing_ = true;
  const std::uint64_t target = written_;
  const Clock::time_point began = Clock::now();
  lock->unlock();
  absl::Status status = failure_->Check();
  if (status.ok()) {
    status = database_->SyncLog();
    if (!status.ok()) failure_->Set(status);
  }
  lock->lock();
  syncing_ = false;
  if (status.ok()) {
    durable_ = std::max(durable_, target);
    unsynced_since_ = began;
    FinishDurable();
  } else {
    for (; !unsynced_.empty(); unsynced_.pop_front()) Finish(unsynced_.front(), status);
  }
  if (written_ > durable_) WatchInterval();
  NoteLeaders();
  WakeNoted(lock);
}

void CommitQueue::FinishDurable() {
  for (; !unsynced_.empty() && unsynced_.front()->ticket_ <= durable_; unsynced_.pop_front()) {
    Finish(unsynced_.front(), absl::OkStatus());
  }
}

void CommitQueue::Finish(const RequestPointer& request, absl::Status status) {
  request->status_ = std::move(status);
  request->done_ = true;
  done_noted_.push_back(request);
}

void CommitQueue::WatchInterval() {
  // Who sleeps until an earlier write's time looks then when this one's is.
  if (!interval_watched_) sync_thread_wake_.notify_one();
}

CommitQueue::RequestPointer CommitQueue::LeaderOf(const std::deque<RequestPointer>& waiting) {
  const auto leader =
      std::find_if(waiting.begin(), waiting.end(), [](const RequestPointer& request) { return request->may_lead_; });
  return leader == waiting.end() ? nullptr : *leader;
}

void CommitQueue::NoteLeaders() {
  const auto note = [this](const std::deque<RequestPointer>& waiting, std::condition_variable* own_thread) {
    if (RequestPointer leader = LeaderOf(waiting); leader != nullptr) {
      leaders_noted_.push_back(std::move(leader));
    } else {
      own_thread->notify_one();
    }
  };
  if (CanCommit()) note(queue_, &commit_thread_wake_);
  if (CanSync()) note(unsynced_, &sync_thread_wake_);
}

void CommitQueue::WakeNoted(Lock* lock) {
  const std::vector<RequestPointer> leaders = std::exchange(leaders_noted_, {});
  const std::vector<RequestPointer> done = std::exchange(done_noted_, {});
  lock->unlock();
  write_ended_.notify_one();
  for (const RequestPointer& request : leaders) request->parker_.Unpark();
  for (const RequestPointer& request : done) request->parker_.Unpark();
}

void CommitQueue::RunCommits() {
  Lock lock(mutex_);
  while (true) {
    if (CanCommit() && LeaderOf(queue_) == nullptr) {
      LeadCommit(&lock);
      lock.lock();
    } else if (stopping_) {
      return;
    } else {
      commit_thread_wake_.wait(lock);
    }
  }
}

void CommitQueue::RunSyncs() {
  Lock lock(mutex_);
  while (true) {
    const bool dirty = written_ > durable_ && !syncing_ && failure_->Check().ok();
    const Clock::time_point due = unsynced_since_ + options_.sync_interval;
    if ((CanSync() && LeaderOf(unsynced_) == nullptr) || (dirty && (stopping_ || Clock::now() >= due))) {
      LeadSync(&lock);
      lock.lock();
    } else if (stopping_) {
      return;
    } else if (dirty) {
      interval_watched_ = true;
      sync_thread_wake_.wait_until(lock, due);
      interval_watched_ = false;
    } else {
      sync_thread_wake_.wait(lock);
    }
  }
}

}  // namespace tallystick::storage
