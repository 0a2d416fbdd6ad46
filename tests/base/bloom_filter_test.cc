#include "lib/base/bloom_filter.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/random.h"

namespace tallystick {
namespace {

std::vector<std::uint64_t> Hashes(std::size_t count) {
  testing::Random random;
  std::vector<std::uint64_t> hashes;
  for (std::size_t i = 0; i < count; ++i) hashes.push_back(random.Below(~std::uint64_t{0}));
  return hashes;
}

TEST(BloomFilterTest, NeverMissesWhatItHas) {
  // From nearly empty to far too full.
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{64}, std::size_t{1000}, std::size_t{1} << 20}) {
    BloomFilter filter(bytes);
    const std::vector<std::uint64_t> hashes = Hashes(10'000);
    for (const std::uint64_t hash : hashes) filter.TestAndAdd(hash);
    for (const std::uint64_t hash : hashes) {
      ASSERT_TRUE(filter.MayContain(hash)) << bytes;
      ASSERT_TRUE(filter.TestAndAdd(hash)) << bytes;
    }
  }
}

// The rates that the class states, with room for chance.
TEST(BloomFilterTest, SeldomHasWhatItWasNotGiven) {
  constexpr std::size_t kCount = 100'000;
  for (const auto& [bits, one_in] : {std::pair(16, 400), std::pair(8, 25)}) {
    BloomFilter filter(kCount * static_cast<std::size_t>(bits) / 8);
    const std::vector<std::uint64_t> hashes = Hashes(2 * kCount);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < kCount; ++i) filter.TestAndAdd(hashes[i]);
    for (std::size_t i = kCount; i < 2 * kCount; ++i) wrong += filter.MayContain(hashes[i]) ? 1 : 0;
    EXPECT_LT(wrong, kCount / static_cast<std::size_t>(one_in)) << bits;
  }
}

TEST(BloomFilterTest, TellsWhetherItHadOne) {
  BloomFilter filter(1 << 20);
  EXPECT_FALSE(filter.MayContain(17));
  EXPECT_FALSE(filter.TestAndAdd(17));
  EXPECT_TRUE(filter.TestAndAdd(17));
  EXPECT_TRUE(filter.MayContain(17));
}

}  // namespace
}  // namespace tallystick
