#include "lib/storage/commit_queue.h"

#include <algorithm>
#include <cassert>
#include <utility>

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
      batch_(*database_),
      worker_([this] { RunWorker(); }) {}

CommitQueue::~CommitQueue() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    worker_wake_.notify_one();
  }
  worker_.join();
}

absl::Status CommitQueue::Submit(const RequestPointer& request, bool sync, Clock::time_point deadline) {
  Lock lock(mutex_);
  request->sync_ = sync;
  request->may_lead_ = deadline == Clock::time_point::max();
  queue_.push_back(request);
  if (CanCommit() && !queue_.front()->may_lead_) Wake(*queue_.front());
  return Wait(request, deadline, &lock);
}

absl::Status CommitQueue::Sync() {
  Lock lock(mutex_);
  if (durable_ >= written_) return failure_->Check();
  const auto request = std::make_shared<SyncRequest>();
  request->state_ = CommitRequest::State::kWritten;
  request->ticket_ = written_;
  unsynced_.push_back(request);
  return Wait(request, Clock::time_point::max(), &lock);
}

absl::Status CommitQueue::Wait(const RequestPointer& request, Clock::time_point deadline, Lock* lock) {
  while (request->state_ != CommitRequest::State::kDone) {
    if (request->may_lead_ && CanCommit() && queue_.front() == request) {
      LeadCommit(lock);
    } else if (request->may_lead_ && CanSync() && unsynced_.front() == request) {
      LeadSync(lock);
    } else if (deadline == Clock::time_point::max()) {
      request->wake_.wait(*lock);
    } else if (request->wake_.wait_until(*lock, deadline) == std::cv_status::timeout &&
               request->state_ != CommitRequest::State::kDone) {
      Abandon(request);
      return absl::DeadlineExceededError("the write took longer than its timeout; it may still be stored");
    }
  }
  return request->status_;
}

// The caller leaves. What is queued has not begun, and need not; what has begun ends without it.
void CommitQueue::Abandon(const RequestPointer& request) {
  std::erase(queue_, request);
  std::erase(unsynced_, request);
  WakeNext();
}

std::vector<CommitQueue::RequestPointer> CommitQueue::TakeGroup() {
  std::vector<RequestPointer> group;
  std::size_t bytes = 0;
  while (!queue_.empty() && (group.empty() || bytes + queue_.front()->bytes() <= options_.group_bytes_max)) {
    bytes += queue_.front()->bytes();
    queue_.front()->state_ = CommitRequest::State::kCommitting;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return group;
}

void CommitQueue::LeadCommit(Lock* lock) {
  committing_ = true;
  const std::vector<RequestPointer> group = TakeGroup();
  lock->unlock();

  std::vector<absl::Status> statuses(group.size());
  bool wrote = false;
  absl::Status failure = failure_->Check();
  if (failure.ok()) {
    std::vector<CommitRequest*> requests;
    requests.reserve(group.size());
    for (const RequestPointer& request : group) requests.push_back(request.get());
    committer_->Decide(requests, absl::MakeSpan(statuses), &batch_);
    if (!batch_.empty()) {
      failure = database_->Write(&batch_);
      wrote = failure.ok();
      if (!wrote) failure_->Set(failure);
    }
    if (failure.ok()) committer_->Written();
    // One large group must not hold its memory for ever.
    if (batch_.bytes() > 4 * options_.group_bytes_max) {
      batch_ = Batch(*database_);
    } else {
      batch_.Clear();
    }
  }

  lock->lock();
  committing_ = false;
  bool sync = false;
  if (wrote) {
    if (durable_ == written_) unsynced_since_ = Clock::now();
    ++written_;
  }
  for (std::size_t i = 0; i < group.size(); ++i) {
    const RequestPointer& request = group[i];
    const absl::Status& status = failure.ok() ? statuses[i] : failure;
    // A request that wrote nothing itself still waits: what it was told of ("unchanged") may not be synced yet.
    if (status.ok() && request->sync_ && durable_ < written_) {
      request->state_ = CommitRequest::State::kWritten;
      request->ticket_ = written_;
      unsynced_.push_back(request);
      sync = true;
    } else {
      Finish(request, status);
    }
  }
  // The worker's clock starts when nobody else is going to sync.
  if (wrote && !sync) worker_wake_.notify_one();
  WakeNext();
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
    durable_ = target;
    unsynced_since_ = began;
    if (written_ > durable_) worker_wake_.notify_one();
  }
  while (!unsynced_.empty() && (!status.ok() || unsynced_.front()->ticket_ <= durable_)) {
    Finish(unsynced_.front(), status);
    unsynced_.pop_front();
  }
  WakeNext();
}

void CommitQueue::Finish(const RequestPointer& request, absl::Status status) {
  request->status_ = std::move(status);
  request->state_ = CommitRequest::State::kDone;
  request->wake_.notify_one();
}

// Whoever stands first leads next.
void CommitQueue::WakeNext() {
  if (CanCommit()) Wake(*queue_.front());
  if (CanSync()) Wake(*unsynced_.front());
}

void CommitQueue::Wake(CommitRequest& request) {
  if (request.may_lead_) {
    request.wake_.notify_one();
  } else {
    worker_wake_.notify_one();
  }
}

void CommitQueue::RunWorker() {
  Lock lock(mutex_);
  while (true) {
    const bool dirty = written_ > durable_ && failure_->Check().ok();
    if (CanCommit() && !queue_.front()->may_lead_) {
      LeadCommit(&lock);
    } else if (CanSync() && !unsynced_.front()->may_lead_) {
      LeadSync(&lock);
    } else if (stopping_) {
      return;
    } else if (dirty && !syncing_ && Clock::now() >= unsynced_since_ + options_.sync_interval) {
      LeadSync(&lock);
    } else if (dirty && !syncing_) {
      worker_wake_.wait_until(lock, unsynced_since_ + options_.sync_interval);
    } else {
      worker_wake_.wait(lock);
    }
  }
}

}  // namespace tallystick::storage
