#include "lib/encoding/instant_bytes.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "tests/encoding/damage.h"
#include "tests/support/hex.h"
#include "tests/support/random.h"

namespace tallystick {
namespace {

std::optional<Instant> InstantOf(std::string_view bytes) {
  Instant instant;
  return ReadInstant(bytes, &instant) ? std::optional(instant) : std::nullopt;
}

using testing::Hex;
using testing::ToHex;

constexpr Instant kLast{Instant::kSecondsEnd - 1, 999'999'999};

std::string Encode(Instant instant) {
  const auto bytes = InstantBytes(instant);
  return {bytes.data(), bytes.size()};
}

TEST(InstantBytesTest, ArePinned) {
  EXPECT_EQ(ToHex(Encode(Instant::Min())), "000000000000000000");
  EXPECT_EQ(ToHex(Encode({63'800'179'200, 0})), "0edac97a0000000000");
  EXPECT_EQ(ToHex(Encode({63'800'179'200, 1})), "0edac97a0000000004");
  EXPECT_EQ(ToHex(Encode({63'800'179'200, 1000})), "0edac97a0000001000");
  EXPECT_EQ(ToHex(Encode({63'800'179'200, 1'000'000})), "0edac97a0000400000");
  EXPECT_EQ(ToHex(Encode({63'800'179'200, 500'000'000})), "0edac97a007d000000");
  EXPECT_EQ(ToHex(Encode({63'800'179'200, 123'456'789})), "0edac97a001edc8c54");
  EXPECT_EQ(ToHex(Encode(kLast)), "497786387ff9fe7f9c");
  // Bounds of ranges, never of an event.
  EXPECT_EQ(ToHex(Encode(Instant::End())), "497786388000000000");
}

// The reason for the form.
TEST(InstantBytesTest, OfMillisecondsEndWithZeroes) {
  for (std::uint32_t millis = 0; millis < 1000; ++millis) {
    EXPECT_EQ(Encode({1, millis * 1'000'000}).substr(7), std::string(2, '\0')) << millis;
  }
}

TEST(InstantBytesTest, OrderAsInstantsDoAndReadBack) {
  testing::Random random(testing::TestSeed());
  std::vector<std::uint32_t> nanos;
  for (const std::uint32_t edge :
       {0u, 999u, 1000u, 1023u, 1024u, 999'999u, 1'000'000u, 1'023'999u, 1'048'576u, 999'000'000u, 999'999'000u}) {
    for (const std::uint32_t step : {0u, 1u, 2u}) nanos.push_back(edge + step);
    if (edge > 0) nanos.push_back(edge - 1);
  }
  nanos.push_back(999'999'998);
  nanos.push_back(999'999'999);
  std::vector<Instant> instants = {Instant::Min(), kLast};
  for (const std::uint32_t fraction : nanos) {
    for (const std::uint64_t second : {std::uint64_t{0}, std::uint64_t{255}, std::uint64_t{256},
                                       std::uint64_t{63'800'179'200}, Instant::kSecondsEnd - 1}) {
      instants.push_back({second, fraction});
    }
  }
  for (int i = 0; i < 20'000; ++i) {
    // Some of them in one second, so that the fractions decide.
    const std::uint64_t second = random.OneIn(2) ? 63'800'179'200 : random.Below(Instant::kSecondsEnd);
    auto fraction = static_cast<std::uint32_t>(random.Below(1'000'000'000));
    if (random.OneIn(4)) fraction = fraction / 1000 * 1000;
    if (random.OneIn(4)) fraction = fraction / 1'000'000 * 1'000'000;
    instants.push_back({second, fraction});
  }
  std::sort(instants.begin(), instants.end());
  for (std::size_t i = 0; i < instants.size(); ++i) {
    const std::string bytes = Encode(instants[i]);
    ASSERT_EQ(InstantOf(bytes), instants[i]) << ToHex(bytes);
    if (i == 0) continue;
    ASSERT_EQ(Encode(instants[i - 1]) < bytes, instants[i - 1] < instants[i]) << ToHex(bytes);
  }
}

TEST(InstantBytesTest, WhatNoInstantGivesIsNone) {
  for (const std::string_view hex : {
           "0edac97a00 fa000000",  // 1000 milliseconds
           "0edac97a00 ffc00000",
           "0edac97a00 003e8000",  // 1000 microseconds
           "0edac97a00 003ff000",
           "0edac97a00 00000fa0",  // 1000 nanoseconds
           "0edac97a00 00000ffc",
           "0edac97a00 00000001",  // what is below
           "0edac97a00 00000002",
           "0edac97a00 7d000003",
           "4977863880 00000000",  // the year 10000
           "ffffffffff 00000000",
           "",
           "0edac97a00 000000",
           "0edac97a00 0000000000",
       }) {
    EXPECT_EQ(InstantOf(Hex(hex)), std::nullopt) << hex;
  }
}

// Bytes that are damaged, or made up, are read as an instant only if they are its bytes.
TEST(InstantBytesTest, OneInstantHasOneForm) {
  testing::Random random(testing::TestSeed());
  int read = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string bytes =
        Encode({random.Below(Instant::kSecondsEnd), static_cast<std::uint32_t>(random.Below(1'000'000'000))});
    if (i % 2 == 0) bytes = testing::Damaged(bytes, &random);
    const std::optional<Instant> instant = InstantOf(bytes);
    if (!instant.has_value()) continue;
    ++read;
    ASSERT_EQ(ToHex(Encode(*instant)), ToHex(bytes));
  }
  EXPECT_GE(read, 25'000);
}

}  // namespace
}  // namespace tallystick
