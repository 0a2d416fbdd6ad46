// Powers of ten in 128 bits: what decimals and their sums compute with.

#ifndef TALLYSTICK_LIB_BASE_POWERS_OF_TEN_H_
#define TALLYSTICK_LIB_BASE_POWERS_OF_TEN_H_

#include <array>
#include <cstddef>
#include <optional>

#include "absl/numeric/int128.h"

namespace tallystick {

// 10^0 to 10^38. The last is the largest that fits: 2^127 is 1.7 * 10^38.
inline constexpr auto kPowersOfTen = [] {
  std::array<absl::int128, 39> powers{1};
  // 8 and 2 times the one before: absl::int128 multiplies, but not in a constant expression.
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = (powers[i - 1] << 3) + (powers[i - 1] << 1);
  return powers;
}();

// Whether `value` has at most `digits` digits, which is 0 to 38.
inline bool FitsDigits(absl::int128 value, std::size_t digits) {
  return value < kPowersOfTen[digits] && value > -kPowersOfTen[digits];
}

// value * 10^power where that has at most 38 digits; absent otherwise. `value` is not 0, `power` not negative.
inline std::optional<absl::int128> TimesPowerOfTen(absl::int128 value, int power) {
  if (power >= 38 || !FitsDigits(value, 38 - static_cast<std::size_t>(power))) return std::nullopt;
  return value * kPowersOfTen[static_cast<std::size_t>(power)];
}

// Takes the trailing zeros off `value`, which is not 0; returns how many there were.
template <typename Integer>
int StripTrailingZeros(Integer& value) {
  int zeros = 0;
  for (; value % 10 == 0; ++zeros) value /= 10;
  return zeros;
}

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_BASE_POWERS_OF_TEN_H_
