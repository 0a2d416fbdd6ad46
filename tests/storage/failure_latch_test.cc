#include "lib/storage/failure_latch.h"

#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace tallystick::storage {
namespace {

using absl::StatusCode;
using testing::IsOk;
using testing::StatusIs;

TEST(FailureLatchTest, IsOkUntilItIsSet) {
  FailureLatch latch;
  EXPECT_THAT(latch.Check(), IsOk());
  latch.Set(absl::UnknownError("no such device"));
  EXPECT_THAT(latch.Check(), StatusIs(StatusCode::kFailedPrecondition, "UNKNOWN: no such device"));
}

TEST(FailureLatchTest, KeepsTheFirstFailure) {
  FailureLatch latch;
  latch.Set(absl::ResourceExhaustedError("first"));
  latch.Set(absl::UnknownError("second"));
  latch.Set(absl::OkStatus());
  EXPECT_THAT(latch.Check(), StatusIs(StatusCode::kFailedPrecondition, "RESOURCE_EXHAUSTED: first"));
}

TEST(FailureLatchTest, OneOfManyThreadsIsTheFirst) {
  constexpr int kThreads = 8;
  FailureLatch latch;
  std::latch start(kThreads);
  std::vector<std::string> seen(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      latch.Set(absl::UnknownError("failure " + std::to_string(i)));
      seen[static_cast<std::size_t>(i)] = latch.Check().ToString();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(seen[0], ::testing::HasSubstr("failure "));
  EXPECT_THAT(seen, ::testing::Each(seen[0]));
}

}  // namespace
}  // namespace tallystick::storage
