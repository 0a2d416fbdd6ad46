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
      batch_(*database_),
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
  Lock lock(mutex_);
  request->sync_ = sync;
  request->may_lead_ = deadline == Clock::time_point::max();
  queue_.push_back(request);
  if (CanCommit() && LeaderOf(queue_) == nullptr) commit_thread_wake_.notify_one();
  return Wait(request, deadline, &lock);
}

absl::Status CommitQueue::Sync() {
  Lock lock(mutex_);
  // The rows of a group can be read a moment before the group counts as written.
  const std::uint64_t target = written_ + (committing_ ? 1 : 0);
  if (durable_ >= target) return failure_->Check();
  const auto request = std::make_shared<SyncRequest>();
  request->state_ = CommitRequest::State::kWritten;
  request->ticket_ = target;
  unsynced_.push_back(request);
  return Wait(request, Clock::time_point::max(), &lock);
}

absl::Status CommitQueue::Wait(const RequestPointer& request, Clock::time_point deadline, Lock* lock) {
  while (request->state_ != CommitRequest::State::kDone) {
    if (request->may_lead_ && request->state_ == CommitRequest::State::kQueued && CanCommit()) {
      LeadCommit(lock);
    } else if (request->may_lead_ && request->state_ == CommitRequest::State::kWritten && CanSync()) {
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
  WakeLeaders();
}

std::vector<CommitQueue::RequestPointer> CommitQueue::TakeGroup() {
  std::vector<RequestPointer> group;
  group.reserve(queue_.size());  // nothing has been taken yet when this fails
  std::size_t bytes = 0;
  const auto joins = [&](const CommitRequest& next) {
    if (group.empty()) return true;
    return !group.front()->alone() && !next.alone() && bytes + next.bytes() <= options_.group_bytes_max;
  };
  while (!queue_.empty() && joins(*queue_.front())) {
    bytes += queue_.front()->bytes();
    queue_.front()->state_ = CommitRequest::State::kCommitting;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return group;
}

absl::Status CommitQueue::Commit(absl::Span<const RequestPointer> group, std::vector<absl::Status>* statuses,
                                 bool* wrote) {
  std::vector<CommitRequest*> requests;
  for (const RequestPointer& request : group) requests.push_back(request.get());
  statuses->assign(group.size(), absl::OkStatus());
  committer_->Decide(requests, absl::MakeSpan(*statuses), &batch_);
  if (!batch_.empty()) {
    TALLYSTICK_RETURN_IF_ERROR(database_->Write(&batch_));
    *wrote = true;
  }
  committer_->Written();
  // One large group must not hold its memory for ever.
  if (batch_.bytes() > 4 * options_.group_bytes_max) {
    batch_ = Batch(*database_);
  } else {
    batch_.Clear();
  }
  return absl::OkStatus();
}

void CommitQueue::LeadCommit(Lock* lock) {
  const std::vector<RequestPointer> group = TakeGroup();
  committing_ = true;
  lock->unlock();

  std::vector<absl::Status> statuses;
  bool wrote = false;
  absl::Status failure = failure_->Check();
  if (failure.ok()) {
    // What was decided half-way must not be built upon.
    try {
      failure = Commit(group, &statuses, &wrote);
    } catch (const std::bad_alloc&) {
      failure = absl::ResourceExhaustedError("out of memory while committing");
    } catch (const std::exception& error) {
      failure = absl::InternalError(std::string("cannot commit: ") + error.what());
    }
    if (!failure.ok()) failure_->Set(failure);
  }

  lock->lock();
  committing_ = false;
  if (wrote || !failure.ok()) {
    if (durable_ == written_) unsynced_since_ = Clock::now();
    ++written_;
  } else {
    // Nothing was added to what has to be synced: who waits for this group waits for the one before.
    for (const RequestPointer& request : unsynced_) request->ticket_ = std::min(request->ticket_, written_);
  }
  for (std::size_t i = 0; i < group.size(); ++i) {
    const RequestPointer& request = group[i];
    const absl::Status& status = failure.ok() ? statuses[i] : failure;
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
  // The interval's clock starts.
  if (wrote && unsynced_.empty()) sync_thread_wake_.notify_one();
  WakeLeaders();
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
  if (written_ > durable_) sync_thread_wake_.notify_one();
  WakeLeaders();
}

void CommitQueue::FinishDurable() {
  for (; !unsynced_.empty() && unsynced_.front()->ticket_ <= durable_; unsynced_.pop_front()) {
    Finish(unsynced_.front(), absl::OkStatus());
  }
}

void CommitQueue::Finish(const RequestPointer& request, absl::Status status) {
  request->status_ = std::move(status);
  request->state_ = CommitRequest::State::kDone;
  request->wake_.notify_one();
}

CommitRequest* CommitQueue::LeaderOf(const std::deque<RequestPointer>& waiting) {
  const auto leader =
      std::find_if(waiting.begin(), waiting.end(), [](const RequestPointer& request) { return request->may_lead_; });
  return leader == waiting.end() ? nullptr : leader->get();
}

void CommitQueue::WakeLeaders() {
  if (CanCommit()) {
    CommitRequest* const leader = LeaderOf(queue_);
    (leader != nullptr ? leader->wake_ : commit_thread_wake_).notify_one();
  }
  if (CanSync()) {
    CommitRequest* const leader = LeaderOf(unsynced_);
    (leader != nullptr ? leader->wake_ : sync_thread_wake_).notify_one();
  }
}

void CommitQueue::RunCommits() {
  Lock lock(mutex_);
  while (true) {
    if (CanCommit() && LeaderOf(queue_) == nullptr) {
      LeadCommit(&lock);
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
    if (CanSync() && LeaderOf(unsynced_) == nullptr) {
      LeadSync(&lock);
    } else if (dirty && (stopping_ || Clock::now() >= due)) {
      LeadSync(&lock);
    } else if (stopping_) {
      return;
    } else if (dirty) {
      sync_thread_wake_.wait_until(lock, due);
    } else {
      sync_thread_wake_.wait(lock);
    }
  }
}

}  // namespace tallystick::storage
