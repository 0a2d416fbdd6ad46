// Random tests that can be run again: the seed is printed, and TALLYSTICK_TEST_SEED sets it.

#ifndef TALLYSTICK_TESTS_SUPPORT_SEED_H_
#define TALLYSTICK_TESTS_SUPPORT_SEED_H_

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

namespace tallystick::testing {

inline std::uint64_t TestSeed() {
  const char* given = std::getenv("TALLYSTICK_TEST_SEED");
  const std::uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device()();
  std::cout << "seed " << seed << " (TALLYSTICK_TEST_SEED=" << seed << " runs this again)" << std::endl;
  return seed;
}

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  // 0 <= result < limit.
  std::size_t Below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(engine_); }
  bool OneIn(std::size_t n) { return Below(n) == 0; }
  template <typename Container>
  const auto& Pick(const Container& container) {
    return container[Below(container.size())];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_SEED_H_
