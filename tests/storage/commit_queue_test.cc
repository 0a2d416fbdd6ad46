// The queue over a real database, with a committer that the test can stop in the middle and a disk whose syncs it can
// stop, count and fail. Nothing here waits for time to pass: a thread is known to stand in the queue once the queue
// shares its request.

#include "lib/storage/commit_queue.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/file_calls.h"
#include "tests/support/open_database.h"

namespace tallystick::storage {
namespace {

using absl::StatusCode;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Not;
using testing::StatusIs;
using Clock = CommitQueue::Clock;

constexpr Clock::time_point kNoDeadline = Clock::time_point::max();

// A place that threads pass through and the test can close.
class Gate {
 public:
  void Close() {
    const std::lock_guard lock(mutex_);
    open_ = false;
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void Pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    ++passed_;
  }
  int arrived() const {
    const std::lock_guard lock(mutex_);
    return arrived_;
  }
  int passed() const {
    const std::lock_guard lock(mutex_);
    return passed_;
  }
  void WaitForArrivals(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return arrived_ >= count; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  int arrived_ = 0;
  int passed_ = 0;
};

// --- The disk ---

// Every write and sync of a log goes through here.
struct Disk : testing::FileCallWatcher {
  testing::CallFate Begins(const testing::FileCall& call) override {
    if (call.name == "write" && call.path.ends_with(".log")) {
      write_gate.Pass();
      return write_broken ? testing::CallFate::Fails() : testing::CallFate();
    }
    if (call.name != "fdatasync") return {};
    {
      const std::lock_guard lock(mutex);
      threads.insert(std::this_thread::get_id());
    }
    gate.Pass();
    return broken ? testing::CallFate::Fails() : testing::CallFate();
  }

  Gate write_gate;
  std::atomic<bool> write_broken = false;
  Gate gate;  // of syncs
  std::atomic<bool> broken = false;
  std::mutex mutex;
  std::set<std::thread::id> threads;  // guarded by mutex: who has synced
};

// --- Requests and their committer ---

struct FakeRequest : CommitRequest {
  explicit FakeRequest(std::string its_name) : name(std::move(its_name)) {}
  std::size_t bytes() const override { return size; }

  const std::string name;
  std::size_t size = 1;
  bool alone() const override { return lone; }
  bool unchanged = false;  // writes nothing
  bool lone = false;       // a group of its own
  bool waits = false;      // is decided only when all before can be read
  absl::Status fate;       // what Decide says of it
};

using Request = std::shared_ptr<FakeRequest>;
using Names = std::vector<std::string>;

Request MakeRequest(const std::string& name) { return std::make_shared<FakeRequest>(name); }
Request MakeRequest(const std::string& name, std::size_t size) {
  Request request = MakeRequest(name);
  request->size = size;
  return request;
}
Request MakeUnchanged(const std::string& name) {
  Request request = MakeRequest(name);
  request->unchanged = true;
  return request;
}

class FakeCommitter : public Committer {
 public:
  bool MustWait(absl::Span<CommitRequest* const> group) const override {
    asked.Pass();
    return std::any_of(group.begin(), group.end(),
                       [](const CommitRequest* request) { return static_cast<const FakeRequest*>(request)->waits; });
  }
  void Decide(absl::Span<CommitRequest* const> group, absl::Span<absl::Status> statuses, Batch* batch) override {
    if (throws) throw std::bad_alloc();
    EXPECT_FALSE(deciding_.exchange(true)) << "two threads decide at once";
    EXPECT_TRUE(batch->empty());
    ASSERT_EQ(statuses.size(), group.size());
    Names names;
    for (std::size_t i = 0; i < group.size(); ++i) {
      const auto& request = static_cast<const FakeRequest&>(*group[i]);
      EXPECT_THAT(statuses[i], IsOk());
      names.push_back(request.name);
      statuses[i] = request.fate;
      if (request.fate.ok() && !request.unchanged) batch->Put(Family::kEvents, request.name, "");
    }
    {
      const std::lock_guard lock(mutex_);
      groups_.push_back(names);
      written_before_.push_back(written.passed());
      threads_.insert(std::this_thread::get_id());
    }
    gate.Pass();
    deciding_ = false;
  }
  void Written() override { written.Pass(); }

  std::vector<Names> groups() const {
    const std::lock_guard lock(mutex_);
    return groups_;
  }
  // For each group, how many could be read when it was decided.
  std::vector<int> written_before() const {
    const std::lock_guard lock(mutex_);
    return written_before_;
  }
  Names order() const {
    Names order;
    for (const Names& group : groups()) order.insert(order.end(), group.begin(), group.end());
    return order;
  }
  std::set<std::thread::id> threads() const {
    const std::lock_guard lock(mutex_);
    return threads_;
  }

  std::atomic<bool> throws = false;
  mutable Gate asked;  // whether a group must wait
  Gate gate;           // in the middle of deciding
  Gate written;        // behind the write

 private:
  std::atomic<bool> deciding_ = false;
  mutable std::mutex mutex_;
  std::vector<Names> groups_;          // guarded by mutex_
  std::vector<int> written_before_;    // guarded by mutex_
  std::set<std::thread::id> threads_;  // guarded by mutex_
};

class CommitQueueTest : public testing::DatabaseTest {
 protected:
  ~CommitQueueTest() override {
    OpenGates();
    for (Caller& caller : callers_) {
      if (caller.thread.joinable()) caller.thread.join();
    }
    queue_.reset();
    testing::WatchFileCalls(nullptr);
  }

  CommitQueue& queue() {
    if (queue_ == nullptr) {
      queue_ = std::make_unique<CommitQueue>(database(), failure_, &committer_, options_);
      testing::WatchFileCalls(watcher_);
    }
    return *queue_;
  }

  absl::Status Submit(const Request& request, bool sync = false, Clock::time_point deadline = kNoDeadline) {
    return queue().Submit(request, sync, deadline);
  }

  // A thread that submits, and what it got.
  struct Caller {
    Request request;
    absl::Status status;
    int syncs_after = 0;  // those that the disk had finished when it returned
    std::atomic<bool> returned = false;
    std::thread thread;

    const absl::Status& Wait() {
      if (thread.joinable()) thread.join();
      return status;
    }
  };

  // Returns once the request stands in the queue, which shares it then, or is done already.
  Caller& SubmitBeside(const Request& request, bool sync = false, Clock::time_point deadline = kNoDeadline) {
    CommitQueue& queue = this->queue();
    Caller& caller = callers_.emplace_back();
    caller.request = request;
    const long shared = request.use_count();
    caller.thread = std::thread([this, &caller, &queue, sync, deadline] {
      caller.status = queue.Submit(caller.request, sync, deadline);
      caller.syncs_after = disk_.gate.passed();
      caller.returned = true;
    });
    while (request.use_count() <= shared && !caller.returned) std::this_thread::yield();
    return caller;
  }

  // Starts a commit and stops it while it decides.
  Caller& HoldACommit(const std::string& name = "held") {
    committer_.gate.Close();
    const int arrived = committer_.gate.arrived();
    Caller& caller = SubmitBeside(MakeRequest(name));
    committer_.gate.WaitForArrivals(arrived + 1);
    return caller;
  }

  // Starts a commit and stops it between its write and its end.
  Caller& HoldAWrite(const std::string& name = "held", bool sync = false) {
    committer_.written.Close();
    const int arrived = committer_.written.arrived();
    Caller& caller = SubmitBeside(MakeRequest(name), sync);
    committer_.written.WaitForArrivals(arrived + 1);
    return caller;
  }

  // As when a store is closed.
  void EndQueue() { queue_.reset(); }

  void OpenGates() {
    committer_.gate.Open();
    committer_.written.Open();
    disk_.write_gate.Open();
    disk_.gate.Open();
  }

  // Submits `request` with ever longer deadlines until one passes after the commit (or whatever `reached` looks at) has
  // begun, which the test must hold up. How long that takes is up to the machine; the outcome is not.
  template <typename Reached>
  void LeaveWhen(const Reached& reached, const std::string& name, bool sync) {
    for (Clock::duration wait = std::chrono::milliseconds(1); !reached(); wait *= 2) {
      EXPECT_THAT(Submit(MakeRequest(name), sync, Clock::now() + wait), StatusIs(StatusCode::kDeadlineExceeded));
    }
  }

  Names Stored() {
    Names names;
    for (const auto& [key, value] : RowsOf(Family::kEvents)) names.push_back(key);
    return names;
  }

  const std::shared_ptr<FailureLatch> failure_ = std::make_shared<FailureLatch>();
  FakeCommitter committer_;
  const std::shared_ptr<Disk> watcher_ = std::make_shared<Disk>();
  Disk& disk_ = *watcher_;
  CommitQueue::Options options_{.group_bytes_max = 100, .sync_interval = std::chrono::hours(1)};

 private:
  std::deque<Caller> callers_;
  std::unique_ptr<CommitQueue> queue_;
};

// --- Order and groups ---

TEST_F(CommitQueueTest, ARequestIsWrittenBeforeItReturns) {
  EXPECT_THAT(Submit(MakeRequest("a")), IsOk());
  EXPECT_THAT(Stored(), ElementsAre("a"));
  EXPECT_EQ(committer_.written.passed(), 1);
  EXPECT_THAT(Submit(MakeRequest("b")), IsOk());
  EXPECT_THAT(committer_.groups(), ElementsAre(Names{"a"}, Names{"b"}));
}

TEST_F(CommitQueueTest, WhatQueuesUpDuringACommitIsOneGroupInTheOrderOfSubmission) {
  HoldACommit();
  const Names names = {"e", "b", "d", "a", "c"};
  for (const std::string& name : names) SubmitBeside(MakeRequest(name));
  EXPECT_THAT(Stored(), IsEmpty());
  committer_.gate.Open();
  EXPECT_THAT(SubmitBeside(MakeRequest("z")).Wait(), IsOk());
  EXPECT_THAT(committer_.groups()[0], ElementsAre("held"));
  EXPECT_EQ(committer_.groups()[1].front(), "e");
  EXPECT_THAT(committer_.order(), ElementsAre("held", "e", "b", "d", "a", "c", "z"));
  EXPECT_LE(committer_.groups().size(), 3u);
  EXPECT_THAT(Stored(), ElementsAre("a", "b", "c", "d", "e", "held", "z"));
}

TEST_F(CommitQueueTest, AGroupStaysBelowItsSizeAndALargerRequestGoesAlone) {
  HoldACommit();
  const std::vector<std::pair<std::string, std::size_t>> sizes = {{"a", 40},  {"b", 60}, {"c", 1},  {"d", 100},
                                                                  {"e", 500}, {"f", 10}, {"g", 90}, {"h", 0}};
  std::vector<Caller*> callers;
  for (const auto& [name, size] : sizes) callers.push_back(&SubmitBeside(MakeRequest(name, size)));
  committer_.gate.Open();
  for (Caller* caller : callers) EXPECT_THAT(caller->Wait(), IsOk());
  EXPECT_THAT(committer_.groups(),
              ElementsAre(Names{"held"}, Names{"a", "b"}, Names{"c"}, Names{"d"}, Names{"e"}, Names{"f", "g", "h"}));
}

TEST_F(CommitQueueTest, ARequestThatMustBeAloneJoinsNobodyAndNobodyJoinsIt) {
  HoldACommit();
  std::vector<Caller*> callers;
  for (const std::string name : {"a", "b", "Lone", "Lonely", "c", "d"}) {
    const Request request = MakeRequest(name);
    request->lone = name.front() == 'L';
    callers.push_back(&SubmitBeside(request));
  }
  committer_.gate.Open();
  for (Caller* caller : callers) EXPECT_THAT(caller->Wait(), IsOk());
  EXPECT_THAT(committer_.groups(),
              ElementsAre(Names{"held"}, Names{"a", "b"}, Names{"Lone"}, Names{"Lonely"}, Names{"c", "d"}));
}

TEST_F(CommitQueueTest, ManyThreadsAreEachCommittedOnceAndInTheirOrder) {
  constexpr int kThreads = 8;
  constexpr int kRequests = 60;
  queue();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < kRequests; ++i) {
        Request request = MakeRequest(std::to_string(t) + "-" + std::to_string(1000 + i), 30);
        const Clock::time_point deadline = t % 4 == 0 ? Clock::now() + std::chrono::hours(1) : kNoDeadline;
        EXPECT_THAT(Submit(request, (t + i) % 3 == 0, deadline), IsOk());
        if (i % 20 == 0) {
          EXPECT_THAT(queue().Sync(), IsOk());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::map<char, Names> by_thread;
  for (const std::string& name : committer_.order()) by_thread[name[0]].push_back(name);
  ASSERT_EQ(by_thread.size(), static_cast<std::size_t>(kThreads));
  for (const auto& [thread, names] : by_thread) {
    EXPECT_EQ(names.size(), static_cast<std::size_t>(kRequests));
    EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  }
  EXPECT_EQ(Stored().size(), static_cast<std::size_t>(kThreads * kRequests));
}

TEST_F(CommitQueueTest, ARequestThatDecideFailsFailsAlone) {
  HoldACommit();
  const Request bad = MakeRequest("bad");
  bad->fate = absl::DataLossError("its row is damaged");
  Caller& first = SubmitBeside(MakeRequest("first"), true);
  Caller& failed = SubmitBeside(bad, true);
  Caller& last = SubmitBeside(MakeRequest("last"));
  committer_.gate.Open();
  EXPECT_THAT(first.Wait(), IsOk());
  EXPECT_THAT(failed.Wait(), StatusIs(StatusCode::kDataLoss, "its row is damaged"));
  EXPECT_THAT(last.Wait(), IsOk());
  EXPECT_THAT(Stored(), ElementsAre("first", "held", "last"));
  EXPECT_THAT(failure_->Check(), IsOk());
}

// --- A group is decided while the one before is written ---

TEST_F(CommitQueueTest, TheNextGroupIsDecidedDuringAWriteAndWrittenBehindIt) {
  Caller& first = HoldAWrite("first");
  Caller& second = SubmitBeside(MakeRequest("second"));
  committer_.gate.WaitForArrivals(2);
  Caller& third = SubmitBeside(MakeRequest("third"));
  Caller& fourth = SubmitBeside(MakeRequest("fourth"));
  EXPECT_THAT(committer_.groups(), ElementsAre(Names{"first"}, Names{"second"}));
  EXPECT_THAT(committer_.written_before(), ElementsAre(0, 0));
  EXPECT_THAT(Stored(), ElementsAre("first")) << "one is written at a time";
  EXPECT_FALSE(second.returned);
  committer_.written.Open();
  for (Caller* caller : {&first, &second, &third, &fourth}) EXPECT_THAT(caller->Wait(), IsOk());
  EXPECT_THAT(committer_.order(), ElementsAre("first", "second", "third", "fourth"));
  EXPECT_THAT(Stored(), ElementsAre("first", "fourth", "second", "third"));
}

// A disk that hangs stops the first group within its write.
TEST_F(CommitQueueTest, WhatIsDecidedEarlyCannotBeReadBeforeTheGroupBeforeIt) {
  queue();
  disk_.write_gate.Close();
  Caller& first = SubmitBeside(MakeRequest("first"));
  disk_.write_gate.WaitForArrivals(1);
  Caller& second = SubmitBeside(MakeRequest("second"));
  committer_.gate.WaitForArrivals(2);
  EXPECT_THAT(Stored(), IsEmpty());
  EXPECT_EQ(committer_.written.arrived(), 0);
  EXPECT_EQ(disk_.write_gate.arrived(), 1);
  disk_.write_gate.Open();
  EXPECT_THAT(second.Wait(), IsOk());
  EXPECT_THAT(first.Wait(), IsOk());
  EXPECT_THAT(Stored(), ElementsAre("first", "second"));
}

TEST_F(CommitQueueTest, AGroupThatMustWaitIsDecidedWhenTheOneBeforeCanBeRead) {
  Caller& first = HoldAWrite("first");
  const Request waits = MakeRequest("waits");
  waits->waits = true;
  Caller& second = SubmitBeside(waits);
  committer_.asked.WaitForArrivals(1);
  EXPECT_THAT(committer_.groups(), ElementsAre(Names{"first"}));
  Caller& third = SubmitBeside(MakeRequest("third"));
  committer_.written.Open();
  for (Caller* caller : {&first, &second, &third}) EXPECT_THAT(caller->Wait(), IsOk());
  EXPECT_THAT(committer_.groups(), ElementsAre(Names{"first"}, Names{"waits"}, Names{"third"}));
  EXPECT_EQ(committer_.written_before()[1], 1);
}

TEST_F(CommitQueueTest, ALoneRequestIsDecidedAndWrittenBesideNothing) {
  Caller& first = HoldAWrite("first");
  const Request lone = MakeRequest("lone");
  lone->lone = true;
  Caller& second = SubmitBeside(lone);
  Caller& third = SubmitBeside(MakeRequest("third"));
  EXPECT_THAT(committer_.groups(), ElementsAre(Names{"first"}));
  committer_.written.Open();
  for (Caller* caller : {&first, &second, &third}) EXPECT_THAT(caller->Wait(), IsOk());
  EXPECT_THAT(committer_.groups(), ElementsAre(Names{"first"}, Names{"lone"}, Names{"third"}));
  EXPECT_THAT(committer_.written_before(), ElementsAre(0, 1, 2));
}

TEST_F(CommitQueueTest, AGroupTooSmallToBeDecidedEarlyGathersMore) {
  options_.early_bytes_min = 50;
  HoldAWrite("first");
  SubmitBeside(MakeRequest("a", 20));
  SubmitBeside(MakeRequest("b", 20));
  // This one fills it, but may not lead: the others must be woken.
  const Clock::time_point far = Clock::now() + std::chrono::hours(1);
  SubmitBeside(MakeRequest("c", 20), false, far);
  committer_.gate.WaitForArrivals(2);
  EXPECT_THAT(committer_.groups(), ElementsAre(Names{"first"}, Names{"a", "b", "c"}));
  EXPECT_THAT(committer_.written_before(), ElementsAre(0, 0));
}

TEST_F(CommitQueueTest, SyncedRequestsGatherDuringASyncThatTheyWouldWaitForAnyway) {
  options_.early_bytes_min = 50;
  queue();
  disk_.gate.Close();
  Caller& first = SubmitBeside(MakeRequest("first"), true);
  disk_.gate.WaitForArrivals(1);
  std::vector<Caller*> callers = {&first};
  for (const char* name : {"a", "b", "c"}) callers.push_back(&SubmitBeside(MakeRequest(name), true));
  EXPECT_THAT(committer_.groups(), ElementsAre(Names{"first"}));
  disk_.gate.Open();
  for (Caller* caller : callers) EXPECT_THAT(caller->Wait(), IsOk());
  EXPECT_THAT(committer_.groups(), ElementsAre(Names{"first"}, Names{"a", "b", "c"}));
  EXPECT_EQ(disk_.gate.passed(), 2);
}

TEST_F(CommitQueueTest, WhatGathersDuringASyncGoesAlongWithWhatNeedNotWait) {
  options_.early_bytes_min = 50;
  queue();
  disk_.gate.Close();
  SubmitBeside(MakeRequest("first"), true);
  disk_.gate.WaitForArrivals(1);
  SubmitBeside(MakeRequest("a"), true);
  EXPECT_THAT(Submit(MakeRequest("buffered")), IsOk());
  EXPECT_THAT(committer_.groups(), ElementsAre(Names{"first"}, Names{"a", "buffered"}));
  SubmitBeside(MakeRequest("b", 25), true);
  SubmitBeside(MakeRequest("c", 25), true);  // now it is enough for a group
  committer_.written.WaitForArrivals(3);
  EXPECT_THAT(committer_.groups()[2], ElementsAre("b", "c"));
  EXPECT_EQ(disk_.gate.passed(), 0);
}

TEST_F(CommitQueueTest, AGroupTooSmallToBeDecidedEarlyIsDecidedWhenTheWriteEnds) {
  options_.early_bytes_min = 50;
  Caller& first = HoldAWrite("first");
  Caller& second = SubmitBeside(MakeRequest("a", 20));
  // Its bytes leave the queue with it.
  EXPECT_THAT(Submit(MakeRequest("late", 25), false, Clock::now() - std::chrono::hours(1)),
              StatusIs(StatusCode::kDeadlineExceeded));
  Caller& third = SubmitBeside(MakeRequest("b", 25));
  EXPECT_EQ(committer_.asked.arrived(), 0);
  committer_.written.Open();
  for (Caller* caller : {&first, &second, &third}) EXPECT_THAT(caller->Wait(), IsOk());
  EXPECT_THAT(committer_.order(), ElementsAre("first", "a", "b"));
  EXPECT_EQ(committer_.written_before()[1], 1);
}

// The second request is decided when the sync that the first one asks for has not begun.
TEST_F(CommitQueueTest, ARequestDecidedEarlyWaitsForASyncBehindItsOwnWrite) {
  Caller& first = HoldAWrite("first", true);
  Caller& second = SubmitBeside(MakeRequest("second"), true);
  committer_.gate.WaitForArrivals(2);
  disk_.gate.Close();
  committer_.written.Open();
  disk_.gate.WaitForArrivals(1);
  committer_.written.WaitForArrivals(2);
  EXPECT_FALSE(first.returned);
  EXPECT_FALSE(second.returned);
  disk_.gate.Open();
  EXPECT_THAT(first.Wait(), IsOk());
  EXPECT_THAT(second.Wait(), IsOk());
  EXPECT_GE(first.syncs_after, 1);
  EXPECT_EQ(second.syncs_after, disk_.gate.passed());
}

// --- Deadlines ---

TEST_F(CommitQueueTest, ADeadlineThatPassesInTheQueueLeavesNoTrace) {
  HoldACommit();
  EXPECT_THAT(Submit(MakeRequest("late"), false, Clock::now()), StatusIs(StatusCode::kDeadlineExceeded));
  EXPECT_THAT(Submit(MakeRequest("later"), true, Clock::now() - std::chrono::hours(1)),
              StatusIs(StatusCode::kDeadlineExceeded));
  Caller& patient = SubmitBeside(MakeRequest("patient"));
  committer_.gate.Open();
  EXPECT_THAT(patient.Wait(), IsOk());
  EXPECT_THAT(committer_.order(), ElementsAre("held", "patient"));
  EXPECT_THAT(Stored(), ElementsAre("held", "patient"));
}

TEST_F(CommitQueueTest, WhoLeavesTheFrontOfTheQueueLeavesItsPlaceToTheNext) {
  Caller& held = HoldACommit();
  Caller& front = SubmitBeside(MakeRequest("front"), false, Clock::now() + std::chrono::milliseconds(1));
  Caller& next = SubmitBeside(MakeRequest("next"));
  EXPECT_THAT(front.Wait(), StatusIs(StatusCode::kDeadlineExceeded));
  committer_.gate.Open();
  EXPECT_THAT(held.Wait(), IsOk());
  EXPECT_THAT(next.Wait(), IsOk());
  EXPECT_THAT(committer_.order(), ElementsAre("held", "next"));
}

TEST_F(CommitQueueTest, WhoLeavesACommitThatHasBegunLeavesItToHappen) {
  committer_.gate.Close();
  LeaveWhen([this] { return committer_.gate.arrived() > 0; }, "left", false);
  EXPECT_THAT(Stored(), IsEmpty());
  committer_.gate.Open();
  EXPECT_THAT(Submit(MakeRequest("next")), IsOk());
  EXPECT_THAT(Stored(), ElementsAre("left", "next"));
}

TEST_F(CommitQueueTest, WhoLeavesASyncLeavesTheWriteBehind) {
  disk_.gate.Close();
  LeaveWhen([this] { return disk_.gate.arrived() > 0; }, "left", true);
  EXPECT_THAT(Stored(), ElementsAre("left"));
  // Others write meanwhile, and whoever stands behind in the line for the disk is not forgotten.
  EXPECT_THAT(Submit(MakeRequest("buffered")), IsOk());
  Caller& next = SubmitBeside(MakeRequest("synced"), true);
  disk_.gate.Open();
  EXPECT_THAT(next.Wait(), IsOk());
  EXPECT_THAT(Stored(), ElementsAre("buffered", "left", "synced"));
}

TEST_F(CommitQueueTest, ADiskThatHangsInASyncHoldsUpNoCommit) {
  disk_.gate.Close();
  LeaveWhen([this] { return disk_.gate.arrived() > 0; }, "left", true);
  const Clock::time_point far = Clock::now() + std::chrono::hours(1);
  EXPECT_THAT(Submit(MakeRequest("with a deadline"), false, far), IsOk());
  EXPECT_THAT(Submit(MakeRequest("without"), false), IsOk());
  EXPECT_EQ(disk_.gate.passed(), 0);
}

TEST_F(CommitQueueTest, ARequestWithADeadlineLeadsNeitherCommitNorSync) {
  const Clock::time_point far = Clock::now() + std::chrono::hours(1);
  EXPECT_THAT(Submit(MakeRequest("a"), false, far), IsOk());
  EXPECT_THAT(Submit(MakeRequest("b"), true, far), IsOk());
  const auto me = std::this_thread::get_id();
  EXPECT_THAT(committer_.threads(), Not(Contains(me)));
  EXPECT_THAT(disk_.threads, Not(Contains(me)));
  EXPECT_EQ(disk_.threads.size(), 1u);
  // One without a deadline need not wake another thread.
  EXPECT_THAT(Submit(MakeRequest("c"), true), IsOk());
  EXPECT_THAT(committer_.threads(), Contains(me));
  EXPECT_THAT(disk_.threads, Contains(me));
}

TEST_F(CommitQueueTest, WithAndWithoutDeadlineMakeOneGroup) {
  HoldACommit();
  const Clock::time_point far = Clock::now() + std::chrono::hours(1);
  Caller& first = SubmitBeside(MakeRequest("first"), true, far);
  Caller& second = SubmitBeside(MakeRequest("second"), true);
  Caller& third = SubmitBeside(MakeRequest("third"), false, far);
  committer_.gate.Open();
  for (Caller* caller : {&first, &second, &third}) EXPECT_THAT(caller->Wait(), IsOk());
  EXPECT_THAT(committer_.groups(), ElementsAre(Names{"held"}, Names{"first", "second", "third"}));
}

// --- Stable storage ---

// A reader of the feed takes its snapshot and then syncs. The group below is in its snapshot, so it must be in the
// sync.
TEST_F(CommitQueueTest, ASyncCoversAGroupThatCanBeReadButIsNotDoneYet) {
  committer_.written.Close();
  SubmitBeside(MakeRequest("a"));
  committer_.written.WaitForArrivals(1);
  EXPECT_THAT(Stored(), ElementsAre("a"));
  std::atomic<bool> began = false;
  int syncs = 0;
  std::thread reader([&] {
    began = true;
    EXPECT_THAT(queue().Sync(), IsOk());
    syncs = disk_.gate.passed();
  });
  while (!began) std::this_thread::yield();
  committer_.written.Open();
  reader.join();
  EXPECT_EQ(syncs, 1);
}

TEST_F(CommitQueueTest, ASyncBesideAGroupThatWritesNothingEnds) {
  EXPECT_THAT(Submit(MakeRequest("first")), IsOk());
  EXPECT_THAT(queue().Sync(), IsOk());
  committer_.written.Close();
  Caller& unchanged = SubmitBeside(MakeUnchanged("unchanged"), true);
  committer_.written.WaitForArrivals(2);
  std::thread reader([this] { EXPECT_THAT(queue().Sync(), IsOk()); });
  committer_.written.Open();
  reader.join();
  EXPECT_THAT(unchanged.Wait(), IsOk());
  EXPECT_EQ(disk_.gate.passed(), 1);
}

TEST_F(CommitQueueTest, WhatIsBufferedIsSyncedWhenTheQueueEnds) {
  EXPECT_THAT(Submit(MakeRequest("a")), IsOk());
  EXPECT_EQ(disk_.gate.passed(), 0);
  EndQueue();
  EXPECT_EQ(disk_.gate.passed(), 1);
}

TEST_F(CommitQueueTest, ABufferedRequestWaitsForNoSync) {
  disk_.gate.Close();
  EXPECT_THAT(Submit(MakeRequest("a")), IsOk());
  EXPECT_EQ(disk_.gate.arrived(), 0);
}

TEST_F(CommitQueueTest, ASyncedRequestReturnsAfterASyncThatBeganBehindItsWrite) {
  EXPECT_THAT(Submit(MakeRequest("a"), true), IsOk());
  EXPECT_EQ(disk_.gate.passed(), 1);

  disk_.gate.Close();
  Caller& first = SubmitBeside(MakeRequest("first"), true);
  disk_.gate.WaitForArrivals(2);
  // The sync that is under way began before these were written, and does not count for them.
  Caller& second = SubmitBeside(MakeRequest("second"), true);
  Caller& third = SubmitBeside(MakeRequest("third"), true);
  EXPECT_THAT(Submit(MakeRequest("behind them")), IsOk());
  disk_.gate.Open();
  for (Caller* caller : {&first, &second, &third}) EXPECT_THAT(caller->Wait(), IsOk());
  EXPECT_GE(first.syncs_after, 2);
  EXPECT_EQ(second.syncs_after, 3);
  EXPECT_EQ(third.syncs_after, 3) << "one sync is enough for both";
}

TEST_F(CommitQueueTest, AGroupSharesOneSync) {
  HoldACommit();
  std::vector<Caller*> callers;
  for (const char* name : {"a", "b", "c", "d"}) callers.push_back(&SubmitBeside(MakeRequest(name), true));
  committer_.gate.Open();
  for (Caller* caller : callers) EXPECT_THAT(caller->Wait(), IsOk());
  EXPECT_EQ(disk_.gate.passed(), 1);
}

TEST_F(CommitQueueTest, ASyncedRequestThatChangesNothingWaitsForWhatWasWrittenBefore) {
  EXPECT_THAT(Submit(MakeUnchanged("of an empty store"), true), IsOk());
  EXPECT_EQ(disk_.gate.arrived(), 0);
  EXPECT_THAT(Submit(MakeRequest("a")), IsOk());
  EXPECT_THAT(Submit(MakeUnchanged("a again"), true), IsOk());
  EXPECT_EQ(disk_.gate.passed(), 1);
  // Now all is on stable storage, and nothing is left to wait for.
  EXPECT_THAT(Submit(MakeUnchanged("a again"), true), IsOk());
  EXPECT_EQ(disk_.gate.arrived(), 1);
}

TEST_F(CommitQueueTest, SyncPutsWhatWasWrittenOnStableStorageOnce) {
  EXPECT_THAT(queue().Sync(), IsOk());
  EXPECT_EQ(disk_.gate.arrived(), 0);
  EXPECT_THAT(Submit(MakeRequest("a")), IsOk());
  EXPECT_THAT(Submit(MakeRequest("b")), IsOk());
  EXPECT_THAT(queue().Sync(), IsOk());
  EXPECT_EQ(disk_.gate.passed(), 1);
  EXPECT_THAT(queue().Sync(), IsOk());
  EXPECT_EQ(disk_.gate.arrived(), 1);
}

TEST_F(CommitQueueTest, ABufferedWriteIsSyncedInTimeThoughNobodyAsks) {
  options_.sync_interval = std::chrono::milliseconds(1);
  for (int i = 1; i <= 3; ++i) {
    EXPECT_THAT(Submit(MakeRequest(std::to_string(i))), IsOk());
    disk_.gate.WaitForArrivals(i);
    EXPECT_THAT(queue().Sync(), IsOk());  // until that sync is over
  }
}

TEST_F(CommitQueueTest, AWriteDuringASyncIsSyncedInTimeAsWell) {
  options_.sync_interval = std::chrono::milliseconds(1);
  for (const bool led_by_a_caller : {false, true}) {
    const int arrived = disk_.gate.arrived();
    disk_.gate.Close();
    SubmitBeside(MakeRequest("a"), led_by_a_caller);
    disk_.gate.WaitForArrivals(arrived + 1);
    EXPECT_THAT(Submit(MakeRequest("b")), IsOk());
    disk_.gate.Open();
    disk_.gate.WaitForArrivals(arrived + 2);
    EXPECT_THAT(queue().Sync(), IsOk());  // until that sync is over
  }
}

// --- Failures ---

TEST_F(CommitQueueTest, MemoryThatRunsOutWhileDecidingStopsTheQueueAndHangsNobody) {
  committer_.throws = true;
  EXPECT_THAT(Submit(MakeRequest("a"), true), StatusIs(StatusCode::kResourceExhausted, "memory"));
  const Clock::time_point far = Clock::now() + std::chrono::hours(1);
  EXPECT_THAT(Submit(MakeRequest("b"), false, far), StatusIs(StatusCode::kFailedPrecondition, "memory"));
  EXPECT_THAT(queue().Sync(), StatusIs(StatusCode::kFailedPrecondition));
}

TEST_F(CommitQueueTest, AFailedWriteFailsItsGroupAndEveryLaterRequest) {
  database();
  Reopen({.read_only = true});  // on which every write fails
  HoldACommit("first");
  Caller& unchanged = SubmitBeside(MakeUnchanged("unchanged"));
  Caller& second = SubmitBeside(MakeRequest("second"));
  committer_.gate.Open();
  EXPECT_THAT(second.Wait(), StatusIs(StatusCode::kFailedPrecondition, "INTERNAL"));
  EXPECT_THAT(unchanged.Wait(), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(failure_->Check(), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(Submit(MakeRequest("third"), true), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(Submit(MakeRequest("fourth"), true, Clock::now() + std::chrono::hours(1)),
              StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(queue().Sync(), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_LE(committer_.groups().size(), 2u) << "nothing is decided behind a failure";
  EXPECT_EQ(committer_.written.arrived(), 0) << "and nothing has become visible";
}

TEST_F(CommitQueueTest, ARequestOfTheGroupThatCouldNotBeWrittenIsToldTheCause) {
  database();
  Reopen({.read_only = true});
  EXPECT_THAT(Submit(MakeRequest("a")), StatusIs(StatusCode::kInternal, "cannot write"));
}

TEST_F(CommitQueueTest, AFailedWriteFailsWhatWasDecidedBehindIt) {
  queue();
  disk_.write_gate.Close();
  disk_.write_broken = true;
  Caller& first = SubmitBeside(MakeRequest("first"));
  disk_.write_gate.WaitForArrivals(1);
  Caller& second = SubmitBeside(MakeRequest("second"), true);
  committer_.gate.WaitForArrivals(2);
  Caller& third = SubmitBeside(MakeUnchanged("third"));
  disk_.write_gate.Open();
  EXPECT_THAT(first.Wait(), StatusIs(StatusCode::kUnknown, "cannot write"));
  EXPECT_THAT(second.Wait(), StatusIs(StatusCode::kFailedPrecondition, "cannot write"));
  EXPECT_THAT(third.Wait(), StatusIs(StatusCode::kFailedPrecondition, "cannot write"));
  EXPECT_THAT(committer_.order(), ElementsAre("first", "second"));
  EXPECT_EQ(committer_.written.arrived(), 0) << "nothing has become visible";
  EXPECT_EQ(disk_.write_gate.arrived(), 1) << "and nothing was written behind the failure";
}

TEST_F(CommitQueueTest, AFailedWriteFailsWhatWaitedForItToBeDecided) {
  queue();
  disk_.write_gate.Close();
  disk_.write_broken = true;
  Caller& first = SubmitBeside(MakeRequest("first"));
  disk_.write_gate.WaitForArrivals(1);
  const Request waits = MakeRequest("waits");
  waits->waits = true;
  Caller& second = SubmitBeside(waits);
  committer_.asked.WaitForArrivals(1);
  disk_.write_gate.Open();
  EXPECT_THAT(first.Wait(), StatusIs(StatusCode::kUnknown));
  EXPECT_THAT(second.Wait(), StatusIs(StatusCode::kFailedPrecondition, "cannot write"));
  EXPECT_THAT(committer_.order(), ElementsAre("first"));
}

TEST_F(CommitQueueTest, MemoryThatRunsOutWhileDecidingEarlyLeavesTheWriteBeforeAlone) {
  Caller& first = HoldAWrite("first");
  committer_.throws = true;
  Caller& second = SubmitBeside(MakeRequest("second"));
  // Once it has failed nothing more is decided, while the first one's write goes on.
  while (failure_->Check().ok()) std::this_thread::yield();
  EXPECT_FALSE(second.returned) << "requests end in their order";
  committer_.written.Open();
  EXPECT_THAT(first.Wait(), IsOk());
  EXPECT_THAT(second.Wait(), StatusIs(StatusCode::kResourceExhausted, "memory"));
  EXPECT_THAT(Stored(), ElementsAre("first"));
}

TEST_F(CommitQueueTest, AFailedSyncFailsWhoWaitsForItAndEveryLaterRequest) {
  EXPECT_THAT(Submit(MakeRequest("a")), IsOk());
  disk_.broken = true;
  disk_.gate.Close();
  Caller& first = SubmitBeside(MakeRequest("first"), true);
  disk_.gate.WaitForArrivals(1);
  Caller& second = SubmitBeside(MakeRequest("second"), true);
  committer_.written.WaitForArrivals(3);
  disk_.gate.Open();
  EXPECT_THAT(first.Wait(), StatusIs(StatusCode::kUnknown, "cannot sync the log"));
  EXPECT_FALSE(second.Wait().ok());
  disk_.broken = false;  // the disk may say that all is well again: what it lost stays lost
  EXPECT_THAT(queue().Sync(), StatusIs(StatusCode::kFailedPrecondition, "cannot sync the log"));
  EXPECT_THAT(Submit(MakeRequest("later")), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(Submit(MakeUnchanged("unchanged"), true), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(committer_.order(), Not(Contains("later")));
  EXPECT_EQ(disk_.gate.passed(), 1) << "nobody syncs again";
}

TEST_F(CommitQueueTest, AFailureOfABackgroundSyncIsRemembered) {
  options_.sync_interval = std::chrono::milliseconds(1);
  disk_.broken = true;
  EXPECT_THAT(Submit(MakeRequest("a")), IsOk());
  disk_.gate.WaitForArrivals(1);
  // Whichever comes first, this request's own sync or the end of the other: it must not be told that all is well.
  EXPECT_FALSE(Submit(MakeRequest("b"), true).ok());
  EXPECT_THAT(Submit(MakeRequest("c")), StatusIs(StatusCode::kFailedPrecondition));
}

TEST_F(CommitQueueTest, AFailureElsewhereStopsTheQueue) {
  EXPECT_THAT(Submit(MakeRequest("a")), IsOk());
  failure_->Set(absl::UnknownError("background work failed"));
  EXPECT_THAT(Submit(MakeRequest("b")), StatusIs(StatusCode::kFailedPrecondition, "background work failed"));
  EXPECT_THAT(queue().Sync(), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(Stored(), ElementsAre("a"));
}

}  // namespace
}  // namespace tallystick::storage
