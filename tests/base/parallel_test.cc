#include "lib/base/parallel.h"

#include <atomic>
#include <functional>
#include <latch>
#include <mutex>
#include <new>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace tallystick {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using testing::IsOk;
using testing::StatusIs;

using Tasks = std::vector<std::function<absl::Status()>>;

TEST(RunTasksTest, DoesEachOnce) {
  for (const int threads : {-1, 0, 1, 2, 3, 8}) {
    std::vector<std::atomic<int>> done(20);
    Tasks tasks;
    for (auto& one : done) {
      tasks.emplace_back([&one] {
        ++one;
        return absl::OkStatus();
      });
    }
    EXPECT_THAT(RunTasks(threads, tasks), IsOk());
    for (const auto& one : done) EXPECT_EQ(one, 1) << threads;
  }
  EXPECT_THAT(RunTasks(4, {}), IsOk());
}

TEST(RunTasksTest, OneThreadIsTheCallersAndGoesByTheOrder) {
  std::vector<int> order;
  Tasks tasks;
  for (int i = 0; i < 5; ++i) {
    tasks.emplace_back([&order, i, caller = std::this_thread::get_id()] {
      EXPECT_EQ(std::this_thread::get_id(), caller);
      order.push_back(i);
      return absl::OkStatus();
    });
  }
  EXPECT_THAT(RunTasks(1, tasks), IsOk());
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4));
}

// With fewer threads, or with the caller's standing by, this does not end.
TEST(RunTasksTest, AsManyRunAtOnceAsThereAreThreads) {
  constexpr int kThreads = 3;
  std::latch together(kThreads);
  std::mutex mutex;
  std::set<std::thread::id> ids;
  Tasks tasks(kThreads, [&] {
    together.arrive_and_wait();
    const std::lock_guard lock(mutex);
    ids.insert(std::this_thread::get_id());
    return absl::OkStatus();
  });
  EXPECT_THAT(RunTasks(kThreads, tasks), IsOk());
  EXPECT_EQ(ids.size(), 3u);
  EXPECT_TRUE(ids.contains(std::this_thread::get_id()));
}

TEST(RunTasksTest, AfterAFailureNoneIsBegun) {
  int begun = 0;
  Tasks tasks;
  for (int i = 0; i < 6; ++i) {
    tasks.emplace_back([&begun, i] {
      ++begun;
      return i >= 2 ? absl::DataLossError("task " + std::to_string(i)) : absl::OkStatus();
    });
  }
  EXPECT_THAT(RunTasks(1, tasks), StatusIs(StatusCode::kDataLoss, "task 2"));
  EXPECT_EQ(begun, 3);
}

// The second fails first, and waits for nothing; the first one is still that which is told.
TEST(RunTasksTest, TheFirstOfTheListIsToldWhicheverFailsFirst) {
  std::latch second_fails(1);
  const Tasks tasks = {[&] {
                         second_fails.wait();
                         return absl::InternalError("first");
                       },
                       [&] {
                         second_fails.count_down();
                         return absl::InternalError("second");
                       }};
  EXPECT_THAT(RunTasks(2, tasks), StatusIs(StatusCode::kInternal, "first"));
}

TEST(RunTasksTest, AnExceptionIsAFailure) {
  for (const int threads : {1, 2}) {
    EXPECT_THAT(RunTasks(threads, {[] { return absl::OkStatus(); },
                                   []() -> absl::Status { throw std::runtime_error("it was thrown"); }}),
                StatusIs(StatusCode::kInternal, "it was thrown"));
    EXPECT_THAT(RunTasks(threads, {[]() -> absl::Status { throw std::bad_alloc(); }}),
                StatusIs(StatusCode::kResourceExhausted, "memory"));
  }
}

TEST(RunTasksTest, TheMachineRunsAtLeastOneThread) { EXPECT_GE(HardwareThreads(), 1); }

}  // namespace
}  // namespace tallystick
