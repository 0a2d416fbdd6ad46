// The commit queue: callers hand in what they have prepared; one of them at a time commits a group of them.
//
// A caller either finds the queue idle and leads, or waits. A leader takes what has queued up, has the committer decide
// it in order, and writes one batch. The lead is handed on when the write begins: the next leader takes and decides the
// next group meanwhile, and writes it when that write has ended. So there is one group being decided and one being
// written at most, each by one thread, in one order.
//
// Syncing is a second, separate lead: one of those who wait for stable storage syncs the log for everything written so
// far, while the next groups are being committed. A request with a deadline never leads (it could not leave a write
// that hangs): where all have one, the queue's own two threads lead, of which one also syncs buffered writes in time.
//
// Why a queue: sequences become visible in order, two requests with one id meet in one place, and nothing is locked
// during an fsync.

#ifndef TALLYSTICK_LIB_STORAGE_COMMIT_QUEUE_H_
#define TALLYSTICK_LIB_STORAGE_COMMIT_QUEUE_H_

#include <array>
#include <atomic>
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
#include "lib/storage/parker.h"

namespace tallystick::storage {

class CommitQueue;

// One caller's part of a group. Shared by the caller, who may leave at its deadline, and whoever commits it.
class CommitRequest {
 public:
  virtual ~CommitRequest() = default;

  // About how many bytes it adds to a batch.
  virtual std::size_t bytes() const = 0;

  // Whether it must be a group of its own: when it is decided, all that was decided before can be read, and nothing
  // else is decided until it is written.
  virtual bool alone() const { return false; }

 private:
  friend class CommitQueue;
  enum class State { kQueued, kCommitting, kWritten };

  // Guarded by CommitQueue::mutex_:
  State state_ = State::kQueued;
  bool sync_ = false;
  bool may_lead_ = true;
  std::uint64_t ticket_ = 0;  // how many groups must be on stable storage before it is done

  Parker parker_;        // where its caller sleeps
  absl::Status status_;  // of a request that is done
  std::atomic<bool> done_ = false;
};

// Decides what groups write.
class Committer {
 public:
  virtual ~Committer() = default;

  // Whether the group can be decided only when all that was decided before can be read. Asked just before Decide(),
  // where a write is under way, by the same thread.
  virtual bool MustWait(absl::Span<CommitRequest* const> group) const = 0;

  // Adds the group's rows to `batch`, which is empty. `statuses` (OK, one for each request) takes what fails a request
  // by itself: nothing of such a request may be in the batch. Called by one thread at a time, in commit order, perhaps
  // while the group before is being written.
  virtual void Decide(absl::Span<CommitRequest* const> group, absl::Span<absl::Status> statuses, Batch* batch) = 0;

  // Of the groups that were decided, the first for which this has not been called yet can be read by everybody. Called
  // by one thread at a time, perhaps beside Decide() of the next group.
  virtual void Written() = 0;
};

class CommitQueue {
 public:
  using Clock = std::chrono::steady_clock;

  struct Options {
    std::size_t group_bytes_max = 0;  // a group takes no further request beyond this
    // When so much has queued up, it is decided while the group before is being written. Less is left to gather until
    // that write has ended, and while a sync is under way that all of it would have to wait for anyway: many small
    // writes cost more than one.
    std::size_t early_bytes_min = 0;
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

  // Waits until `request` is done, leading when it is its turn. Called with the lock.
  absl::Status Wait(const RequestPointer& request, Clock::time_point deadline, Lock* lock);
  void Abandon(const RequestPointer& request, Lock* lock);
  // Of a request that enters queue_, or leaves it.
  void CountQueued(const CommitRequest& request, bool enters);

  bool CanCommit() const {
    if (deciding_ || queue_.empty()) return false;
    return queued_bytes_ >= options_.early_bytes_min || (!writing_ && (unsynced_.empty() || queued_buffered_ > 0));
  }
  bool CanSync() const { return !syncing_ && !unsynced_.empty() && unsynced_.front()->ticket_ <= written_; }
  // The caller among `waiting` who leads next; null when none may.
  static RequestPointer LeaderOf(const std::deque<RequestPointer>& waiting);

  // Each is called with the lock, works without, and leaves it unlocked.
  void LeadCommit(Lock* lock);
  void LeadSync(Lock* lock);

  // Until no write is under way; with the lock.
  void AwaitWrite(Lock* lock) {
    write_ended_.wait(*lock, [this] { return !writing_; });
  }

  struct Group {
    std::vector<RequestPointer> requests;
    std::vector<absl::Status> statuses;
    bool wrote = false;
  };
  void TakeGroup(Group* group);
  // The two halves of a commit, without the lock. An error is that of the store, not of a request; the store stops.
  absl::Status Decide(Group* group, bool write_under_way, Batch* batch);
  absl::Status Write(Group* group, Batch* batch);
  template <typename Step>
  absl::Status Guarded(Step step);

  // With the lock: these note whom to wake. WakeNoted() does it without, and leaves it unlocked; who is going to lead
  // comes first.
  void Finish(const RequestPointer& request, absl::Status status);
  void FinishGroup(Group* group, const absl::Status& failure);
  void FinishDurable();
  // With the lock: sees to it that the oldest unsynced write does not stay so for longer than the interval.
  void WatchInterval();
  void NoteLeaders();
  void WakeNoted(Lock* lock);

  void RunCommits();
  void RunSyncs();

  const std::shared_ptr<Database> database_;
  const std::shared_ptr<FailureLatch> failure_;
  Committer* const committer_;
  const Options options_;

  mutable std::mutex mutex_;
  // Guarded by mutex_, all of them:
  std::deque<RequestPointer> queue_;     // in commit order, before their group is taken
  std::size_t queued_bytes_ = 0;         // of queue_
  std::size_t queued_buffered_ = 0;      // how many in queue_ wait for no sync
  std::deque<RequestPointer> unsynced_;  // waiting for stable storage, by ticket
  bool deciding_ = false;                // a group has been taken, and its write has not begun
  bool writing_ = false;
  bool syncing_ = false;
  std::uint64_t written_ = 0;  // groups written; one whose write failed counts, and never becomes durable
  std::uint64_t durable_ = 0;  // of these, on stable storage
  // Not after the first write behind `durable_`; means something while written_ > durable_.
  Clock::time_point unsynced_since_;
  bool interval_watched_ = false;  // the sync thread sleeps until the time of a write that is no later than the oldest
  bool stopping_ = false;
  std::vector<RequestPointer> leaders_noted_;  // whom to wake: see WakeNoted()
  std::vector<RequestPointer> done_noted_;
  std::condition_variable write_ended_;  // for who has decided a group, or must wait before
  std::condition_variable commit_thread_wake_;
  std::condition_variable sync_thread_wake_;

  // A leader's, from when it takes a group to the end of its write: of the one who decides, and of the one who writes.
  std::array<Batch, 2> batches_;
  std::size_t next_batch_ = 0;  // guarded by mutex_: of the next who decides

  std::thread commit_thread_;
  std::thread sync_thread_;
};

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_COMMIT_QUEUE_H_
