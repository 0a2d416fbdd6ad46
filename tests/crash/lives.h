// Runs lives of stores on disks that fail them: classes that are made of a seed, and whose Run() says what went wrong.

#ifndef TALLYSTICK_TESTS_CRASH_LIVES_H_
#define TALLYSTICK_TESTS_CRASH_LIVES_H_

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/random.h"

namespace tallystick::testing {

// In parts that can run side by side.
inline constexpr std::uint64_t kParts = 2;

// An ordinary run lives the same lives each time, as far as threads do, so that a change is judged by itself;
// tools/torture.sh takes new ones.
inline std::uint64_t FirstSeed() { return std::getenv("TALLYSTICK_TEST_SEED") != nullptr ? TestSeed() : 1; }

// Lives one life; what went wrong in it may be an exception.
template <typename Life, typename Figures>
std::vector<std::string> Live(std::uint64_t seed, Figures* figures) {
  try {
    return Life(seed).Run(figures);
  } catch (const std::exception& error) {
    return {std::string("an exception: ") + error.what()};
  }
}

// Lives those of a part, $TALLYSTICK_TORTURE_SEEDS or as many as an ordinary run does, up to the first in which
// something went wrong.
template <typename Life, typename Figures>
void RunLives(std::uint64_t part, std::uint64_t ordinarily) {
  const char* const given = std::getenv("TALLYSTICK_TORTURE_SEEDS");
  const std::uint64_t seeds = given != nullptr ? std::strtoull(given, nullptr, 10) : ordinarily;
  const std::uint64_t first = FirstSeed() + part * seeds;
  Figures figures;
  for (std::uint64_t seed = first; seed < first + seeds && !::testing::Test::HasFailure(); ++seed) {
    EXPECT_THAT(Live<Life>(seed, &figures), ::testing::IsEmpty())
        << "again: TALLYSTICK_TEST_SEED=" << seed << " TALLYSTICK_TORTURE_SEEDS=1";
  }
  std::cout << seeds << " seeds from " << first << "; " << figures << std::endl;
}

// For a test of the test: that some of ten lives on a disk that lies about syncs go wrong.
template <typename Life, typename Figures>
void ExpectLiesAreFoundOut() {
  const std::uint64_t first = FirstSeed();
  int found_out = 0;
  for (std::uint64_t seed = first; seed < first + 10; ++seed) {
    Figures figures;
    Life life(seed);
    life.LieAboutSyncs();
    if (!life.Run(&figures).empty()) ++found_out;
  }
  EXPECT_GT(found_out, 0);
}

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_CRASH_LIVES_H_
