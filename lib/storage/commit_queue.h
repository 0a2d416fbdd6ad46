// The commit queue: callers hand in what they have prepared; one of them at a time commits a group of them.
//
// A caller either finds the queue idle and leads, or waits. A leader takes what has queued up, has the committer decide
// it in order, writes one batch, and hands the lead on. Syncing is a second, separate lead: one of those who wait for
// stable storage syncs the log for everything written so far, while the next group is being committed. A request with a
// deadline never leads (it could not leave a write that hangs): where all have one, the queue's own two threads lead,
// of which one also syncs buffered writes in time.
//
// Why a queue: sequences become visible in order, two requests with one id meet in one place, and nothing is locked
// during an fsync.

#ifndef TALLYSTICK_LIB_STORAGE_COMMIT_QUEUE_H_
#define TALLYSTICK_LIB_STORAGE_COMMIT_QUEUE_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "lib/storage/database.h"
#include "lib/storage/failure_latch.h"

namespace tallystick::storage {

class CommitQueue;

// One caller's part of a group. Shared by the caller, who may leave at its deadline, and whoever commits it.
class CommitRequest {
 public:
  virtual ~CommitRequest() = default;

  // About how many bytes it adds to a batch.
  virtual std::size_t bytes() const = 0;

  // Whether it must be a group of its own: when it is decided, all that was decided before can be read.
  virtual bool alone() const { return false; }

 private:
  friend class CommitQueue;
  enum class State { kQueued, kCommitting, kWritten, kDone };

  // All guarded by CommitQueue::mutex_.
  State state_ = State::kQueued;
  bool sync_ = false;
  bool may_lead_ = true;
  std::uint64_t ticket_ = 0;  // how many groups must be on stable storage before it is done
  absl::Status status_;
  std::condition_variable wake_;
};

// Decides what a group writes. Called by one thread at a time, in commit order.
class Committer {
 public:
  virtual ~Committer() = default;

  // Adds the group's rows to `batch`, which is empty. `statuses` (OK, one for each request) takes what fails a request
  // by itself: nothing of such a request may be in the batch.
  virtual void Decide(absl::Span<CommitRequest* const> group, absl::Span<absl::Status> statuses, Batch* batch) = 0;

  // The batch of the last Decide can be read by everybody.
  virtual void Written() = 0;
};

class CommitQueue {
 public:
  using Clock = std::chrono::steady_clock;

  struct Options {
    std::size_t group_bytes_max = 0;  // a group takes no further request beyond this
    Clock::duration sync_interval{};  // the longest time for which a write stays unsynced
  };

  // `committer` outlives the queue.
  CommitQueue(std::shared_ptr<Database> database, std::shared_ptr<FailureLatch> failure, Committer* committer,
              const Options& options);
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;
  ~CommitQueue();  // no call may be under way

  // Commits the request; with `sync`, returns when it, and all that was committed before it, is on stable storage.
  // DEADLINE_EXCEEDED: the outcome is unknown, and the request may be committed later.
  absl::Status Submit(const std::shared_ptr<CommitRequest>& request, bool sync, Clock::time_point deadline);

  // Returns when all that has been written is on stable storage; at once when it is already.
  absl::Status Sync();

 private:
  using Lock = std::unique_lock<std::mutex>;
  using RequestPointer = std::shared_ptr<CommitRequest>;

  // Waits until `request` is done, leading when it is its turn.
  absl::Status Wait(const RequestPointer& request, Clock::time_point deadline, Lock* lock);
  void Abandon(const RequestPointer& request);

  bool CanCommit() const { return !committing_ && !queue_.empty(); }
  bool CanSync() const { return !syncing_ && !unsynced_.empty() && unsynced_.front()->ticket_ <= written_; }
  // The caller among `waiting` who leads next; null when none may.
  static CommitRequest* LeaderOf(const std::deque<RequestPointer>& waiting);
  void WakeLeaders();

  // Each takes a lock and leaves it locked, but works without.
  void LeadCommit(Lock* lock);
  void LeadSync(Lock* lock);

  std::vector<RequestPointer> TakeGroup();
  // Decides and writes the group. An error is that of the store, not of a request.
  absl::Status Commit(absl::Span<const RequestPointer> group, std::vector<absl::Status>* statuses, bool* wrote);
  void FinishDurable();
  void Finish(const RequestPointer& request, absl::Status status);

  void RunCommits();
  void RunSyncs();

  const std::shared_ptr<Database> database_;
  const std::shared_ptr<FailureLatch> failure_;
  Committer* const committer_;
  const Options options_;
  Batch batch_;  // the leader's

  mutable std::mutex mutex_;
  // Guarded by mutex_, all of them:
  std::deque<RequestPointer> queue_;     // in commit order, before their group is taken
  std::deque<RequestPointer> unsynced_;  // waiting for stable storage, by ticket
  bool committing_ = false;
  bool syncing_ = false;
  std::uint64_t written_ = 0;  // groups written; one whose write failed counts, and never becomes durable
  std::uint64_t durable_ = 0;  // of these, on stable storage
  // Not after the first write behind `durable_`; means something while written_ > durable_.
  Clock::time_point unsynced_since_;
  bool stopping_ = false;
  std::condition_variable commit_thread_wake_;
  std::condition_variable sync_thread_wake_;

  std::thread commit_thread_;
  std::thread sync_thread_;
};

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_COMMIT_QUEUE_H_
