// Random tests that can be run again: the seed is printed, and TALLYSTICK_TEST_SEED sets it.

#ifndef TALLYSTICK_TESTS_SUPPORT_RANDOM_H_
#define TALLYSTICK_TESTS_SUPPORT_RANDOM_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

namespace tallystick::testing {

// $TALLYSTICK_TEST_SEED where that is set, otherwise another one each time; prints it.
inline std::uint64_t TestSeed() {
  const char* const given = std::getenv("TALLYSTICK_TEST_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << "seed: TALLYSTICK_TEST_SEED=" << seed << std::endl;
  return seed;
}

class Random {
 public:
  Random() : Random(TestSeed()) {}
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  // A number in [0, end); `end` is at least 1.
  std::uint64_t Below(std::uint64_t end) { return std::uniform_int_distribution<std::uint64_t>(0, end - 1)(engine_); }

  bool OneIn(std::uint64_t n) { return Below(n) == 0; }

  // One element of an array, vector or string.
  template <typename Container>
  decltype(auto) PickFrom(const Container& container) {
    return container[static_cast<std::size_t>(Below(std::size(container)))];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_RANDOM_H_
