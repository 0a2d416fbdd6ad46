#include "lib/encoding/event_id.h"

#include <cstddef>
#include <cstdint>
#include <set>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/support/counting_key.h"
#include "tests/support/random.h"

namespace tallystick {
namespace {

using testing::CountingKey;

constexpr std::uint64_t kMilliseconds = 0x0184'421a'8202;  // 2022-11-04T14:27:52.578Z
constexpr Receipt kReceipt{kMilliseconds << 12 | 0x0ea};
constexpr Receipt kLastReceipt{Receipt::kTicksEnd - 1};
constexpr std::uint64_t kLastSequence = (std::uint64_t{1} << 48) - 1;

TEST(ReceiptTest, CountsTicksOfTheMillisecond) {
  const absl::Time time = absl::FromUnixMillis(kMilliseconds);
  const std::uint64_t ticks = kMilliseconds << 12;
  EXPECT_EQ(Receipt::FromTime(time).ticks, ticks);
  EXPECT_EQ(Receipt::FromTime(time + absl::Nanoseconds(500'000)).ticks, ticks + 2048);
  EXPECT_EQ(Receipt::FromTime(time + absl::Nanoseconds(999'999)).ticks, ticks + 4095);
  EXPECT_EQ(Receipt::FromTime(time - absl::Nanoseconds(1)).ticks, ticks - 1);
  // A tick is 244.14 ns.
  EXPECT_EQ(Receipt::FromTime(time + absl::Nanoseconds(244)).ticks, ticks);
  EXPECT_EQ(Receipt::FromTime(time + absl::Nanoseconds(245)).ticks, ticks + 1);
  EXPECT_EQ(Receipt{ticks}.ToTime(), time);
  EXPECT_EQ(Receipt{ticks + 2048}.ToTime(), time + absl::Nanoseconds(500'000));
}

TEST(ReceiptTest, IsClampedToWhatAnIdCanHold) {
  EXPECT_EQ(Receipt::FromTime(absl::UnixEpoch()).ticks, 0u);
  EXPECT_EQ(Receipt::FromTime(absl::UnixEpoch() - absl::Nanoseconds(1)).ticks, 0u);
  EXPECT_EQ(Receipt::FromTime(absl::FromUnixSeconds(-62'135'596'800)).ticks, 0u);
  EXPECT_EQ(Receipt::FromTime(absl::InfinitePast()).ticks, 0u);
  const absl::Time end = absl::FromUnixMillis(std::int64_t{1} << 48);
  EXPECT_EQ(Receipt::FromTime(end - absl::Nanoseconds(1)), kLastReceipt);
  EXPECT_EQ(Receipt::FromTime(end), kLastReceipt);
  EXPECT_EQ(Receipt::FromTime(absl::InfiniteFuture()), kLastReceipt);
}

TEST(ReceiptTest, TimeIsWithinATickAndNeverAhead) {
  testing::Random random;
  for (int i = 0; i < 20'000; ++i) {
    const absl::Time time = absl::FromUnixNanos(static_cast<std::int64_t>(random.Below(std::uint64_t{1} << 62)));
    const absl::Duration lost = time - Receipt::FromTime(time).ToTime();
    ASSERT_GE(lost, absl::ZeroDuration()) << time;
    ASSERT_LT(lost, absl::Nanoseconds(246)) << time;  // a tick, and the cut to a nanosecond
  }
}

// The ids are not stored: these must come out the same for ever. Computed by an independent program.
TEST(EventIdTest, ValuesArePinned) {
  EXPECT_EQ(MakeEventId(CountingKey(), kReceipt, 1).ToString(), "0184421a-8202-70ea-b49d-6f78be6a0730");
  EXPECT_EQ(MakeEventId(CountingKey(), kReceipt, 2).ToString(), "0184421a-8202-70ea-89d9-004c77e3b89d");
  EXPECT_EQ(MakeEventId(CountingKey(), Receipt{0}, 1).ToString(), "00000000-0000-7000-b5ed-2f06e013d3e6");
  EXPECT_EQ(MakeEventId(CountingKey(), kLastReceipt, kLastSequence).ToString(), "ffffffff-ffff-7fff-93ca-e86cc1ca0a8b");
}

TEST(EventIdTest, IsUuidVersion7OfTheReceipt) {
  testing::Random random;
  for (int i = 0; i < 10'000; ++i) {
    const Receipt receipt{random.Below(Receipt::kTicksEnd)};
    const Uuid id = MakeEventId(CountingKey(), receipt, 1 + random.Below(kLastSequence));
    std::uint64_t milliseconds = 0;
    for (std::size_t byte = 0; byte < 6; ++byte) milliseconds = milliseconds << 8 | id.bytes[byte];
    ASSERT_EQ(milliseconds, receipt.ticks / 4096);
    ASSERT_EQ(id.bytes[6] >> 4, 7);  // version
    ASSERT_EQ((id.bytes[6] & 0x0f) << 8 | id.bytes[7], static_cast<int>(receipt.ticks % 4096));
    ASSERT_EQ(id.bytes[8] >> 6, 2);  // variant 10
  }
}

TEST(EventIdTest, IncreasesWithTheReceiptWhateverTheSequence) {
  testing::Random random;
  for (int i = 0; i < 10'000; ++i) {
    const Receipt receipt{random.Below(Receipt::kTicksEnd - 1)};
    const Uuid earlier = MakeEventId(CountingKey(), receipt, 1 + random.Below(kLastSequence));
    const Uuid later = MakeEventId(CountingKey(), Receipt{receipt.ticks + 1}, 1 + random.Below(kLastSequence));
    ASSERT_LT(earlier, later);
  }
}

TEST(EventIdTest, FollowsKeyAndSequence) {
  std::set<Uuid> ids;
  for (std::uint64_t sequence = 1; sequence <= 1000; ++sequence) {
    ids.insert(MakeEventId(CountingKey(), kReceipt, sequence));
    ids.insert(MakeEventId(HashKey(), kReceipt, sequence));
  }
  EXPECT_EQ(ids.size(), 2000u);
}

}  // namespace
}  // namespace tallystick
