#include "lib/ingest/future.h"

#include <optional>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/support/fake_clock.h"

namespace tallystick::ingest {
namespace {

ParsedEvent At(std::optional<Instant> time) {
  return {
      .customer_event_id = {}, .customer_alias = {}, .event_type = {}, .event_timestamp = time, .event_properties = {}};
}

TEST(FutureTest, WithoutALimitNothingIsRejected) {
  const Options options;
  EXPECT_EQ(FutureOf(options), std::nullopt);
  EXPECT_FALSE(RejectFuture(At(Instant::FromTime(absl::FromUnixSeconds(200'000'000'000))), std::nullopt).has_value());
}

TEST(FutureTest, TheLimitItselfIsAcceptedAndANanosecondMoreIsNot) {
  testing::FakeClock clock;
  for (const absl::Duration beyond : {absl::ZeroDuration(), absl::Nanoseconds(0.25)}) {
    // A clock finer than a nanosecond says nothing about the one that has begun.
    testing::FakeClock finer;
    finer.Advance(beyond);
    Options options;
    options.clock = finer.function();
    options.future_limit = absl::Seconds(10);
    const std::optional<Instant> future = FutureOf(options);
    ASSERT_TRUE(future.has_value());
    const absl::Time limit = clock.Now() + absl::Seconds(10);
    EXPECT_FALSE(RejectFuture(At(Instant::FromTime(limit)), future).has_value());
    const absl::Time next = limit + absl::Nanoseconds(beyond == absl::ZeroDuration() ? 1 : 2);
    const std::optional<Rejection> rejection = RejectFuture(At(Instant::FromTime(next)), future);
    ASSERT_TRUE(rejection.has_value());
    EXPECT_EQ(rejection->reason, RejectReason::kInFuture);
    EXPECT_EQ(rejection->pointer, "/eventTimestamp");
  }
}

TEST(FutureTest, AnEventWithoutATimeIsOfNow) {
  Options options;
  options.future_limit = absl::ZeroDuration();
  EXPECT_FALSE(RejectFuture(At(std::nullopt), FutureOf(options)).has_value());
}

}  // namespace
}  // namespace tallystick::ingest
