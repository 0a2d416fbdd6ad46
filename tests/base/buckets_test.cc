#include "lib/base/buckets.h"

#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "tests/support/random.h"
#include "tests/support/status_matchers.h"

namespace tallystick {
namespace {

using testing::Random;

constexpr BucketSize kSizes[] = {BucketSize::kQuarterHour, BucketSize::kDay};

Instant At(std::string_view text) {
  const absl::StatusOr<Instant> instant = ParseInstant(text);
  EXPECT_THAT(instant, testing::IsOk()) << text;
  return instant.value_or(Instant::Min());
}

// These numbers are in keys.
TEST(BucketsTest, AreCountedFromTheFirstInstant) {
  EXPECT_EQ(static_cast<int>(BucketSize::kQuarterHour), 1);
  EXPECT_EQ(static_cast<int>(BucketSize::kDay), 2);
  const struct {
    const char* instant;
    std::uint32_t day;
    std::uint32_t quarter;
  } table[] = {
      {"0001-01-01T00:00:00Z", 0, 0},
      {"0001-01-01T00:14:59.999999999Z", 0, 0},
      {"0001-01-01T00:15:00Z", 0, 1},
      {"0001-01-01T23:59:59.999999999Z", 0, 95},
      {"0001-01-02T00:00:00Z", 1, 96},
      {"1970-01-01T00:00:00Z", 719'162, 69'039'552},
      {"2022-10-01T00:00:00Z", 738'428, 70'889'088},
      {"2022-10-01T00:00:00.000000001Z", 738'428, 70'889'088},
      {"2022-10-01T10:29:59Z", 738'428, 70'889'088 + 41},
      {"2022-10-01T10:30:00Z", 738'428, 70'889'088 + 42},
      {"9999-12-31T23:59:59.999999999Z", 3'652'058, 350'597'663},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.instant);
    EXPECT_EQ(BucketOf(At(row.instant), BucketSize::kDay), row.day);
    EXPECT_EQ(BucketOf(At(row.instant), BucketSize::kQuarterHour), row.quarter);
  }
  EXPECT_EQ(BucketEnd(BucketSize::kDay), 3'652'059u);
  EXPECT_EQ(BucketEnd(BucketSize::kQuarterHour), 350'597'664u);
}

TEST(BucketsTest, LieEndToEnd) {
  Random random;
  for (const BucketSize size : kSizes) {
    EXPECT_EQ(BucketStart(0, size), Instant::Min());
    EXPECT_EQ(BucketStart(BucketEnd(size), size), Instant::End());
    for (int i = 0; i < 1'000; ++i) {
      const std::uint32_t bucket = static_cast<std::uint32_t>(random.Below(BucketEnd(size)));
      const Instant start = BucketStart(bucket, size);
      const Instant last{BucketStart(bucket + 1, size).seconds - 1, 999'999'999};
      ASSERT_LT(start, last);
      ASSERT_EQ(BucketOf(start, size), bucket);
      ASSERT_EQ(BucketOf(last, size), bucket);
      ASSERT_EQ(BucketOf(last.Next(), size), bucket + 1);
    }
  }
}

TEST(BucketsTest, TheNextOneBeginsAtAnInstantOrBehindIt) {
  for (const BucketSize size : kSizes) {
    const Instant start = BucketStart(70'000, size);
    EXPECT_EQ(BucketAtOrAfter(start, size), 70'000u);
    EXPECT_EQ(BucketAtOrAfter({start.seconds, 1}, size), 70'001u);
    EXPECT_EQ(BucketAtOrAfter({start.seconds + BucketSeconds(size) - 1, 999'999'999}, size), 70'001u);
    EXPECT_EQ(BucketAtOrAfter({start.seconds - 1, 999'999'999}, size), 70'000u);
    EXPECT_EQ(BucketAtOrAfter(Instant::Min(), size), 0u);
    EXPECT_EQ(BucketAtOrAfter({Instant::kSecondsEnd - 1, 999'999'999}, size), BucketEnd(size));
    EXPECT_EQ(BucketAtOrAfter(Instant::End(), size), BucketEnd(size));
  }
}

// A day is 96 quarters, and they are those of the same time: cells of days are healed from cells of quarters.
TEST(BucketsTest, ADayIsMadeOfWholeQuarters) {
  for (const std::uint32_t day : {0u, 1u, 738'428u, 3'652'058u}) {
    EXPECT_EQ(BucketStart(day * 96, BucketSize::kQuarterHour), BucketStart(day, BucketSize::kDay));
  }
  EXPECT_EQ(BucketEnd(BucketSize::kDay) * 96, BucketEnd(BucketSize::kQuarterHour));
}

}  // namespace
}  // namespace tallystick
