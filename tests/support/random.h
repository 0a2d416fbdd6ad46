// Random numbers that a failed test can be run again with.

#ifndef TALLYSTICK_TESTS_SUPPORT_RANDOM_H_
#define TALLYSTICK_TESTS_SUPPORT_RANDOM_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

namespace tallystick::testing {

// Seeded from $TALLYSTICK_TEST_SEED where that is set, otherwise anew each time; prints the seed.
class Random {
 public:
  Random() : Random(ChooseSeed()) {}
  explicit Random(std::uint64_t seed) : engine_(seed) {
    std::cout << "seed: TALLYSTICK_TEST_SEED=" << seed << std::endl;
  }

  // A number in [0, end); `end` is at least 1.
  std::uint64_t Below(std::uint64_t end) { return std::uniform_int_distribution<std::uint64_t>(0, end - 1)(engine_); }

  bool OneIn(std::uint64_t n) { return Below(n) == 0; }

  // One element of an array, vector or string.
  template <typename Container>
  decltype(auto) PickFrom(const Container& container) {
    return container[static_cast<std::size_t>(Below(std::size(container)))];
  }

 private:
  static std::uint64_t ChooseSeed() {
    const char* const given = std::getenv("TALLYSTICK_TEST_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  }

  std::mt19937_64 engine_;
};

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_RANDOM_H_
