// Decimal numbers that are never rounded: what meters add up and compare.

#ifndef TALLYSTICK_LIB_BASE_DECIMAL_H_
#define TALLYSTICK_LIB_BASE_DECIMAL_H_

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/numeric/int128.h"

namespace tallystick {

// coefficient * 10^exponent, where the coefficient has at most 38 digits and no trailing zero, and the exponent lies in
// [-400, 400]. Each number has one such form, so equal numbers have equal parts; that of 0 is 0 * 10^0.
class Decimal {
 public:
  static constexpr int kExponentMax = 400;

  Decimal() = default;  // 0

  // Reads `number`, which must be a JSON number by its grammar (RFC 8259 section 6), of any length. Absent when it lies
  // beyond the limits above: 1e400 and a 1 with fifty zeros are numbers, 1e401 is none, 0e401 is 0. Some nanoseconds
  // for up to 19 characters without an exponent.
  static std::optional<Decimal> Parse(std::string_view number);

  // Any `coefficient`, with trailing zeros or without. Absent beyond the limits.
  static std::optional<Decimal> FromParts(absl::int128 coefficient, int exponent);

  absl::int128 coefficient() const { return coefficient_; }
  int exponent() const { return exponent_; }

  // As PlainDecimal writes it; up to 440 characters.
  std::string ToString() const;

  friend bool operator==(const Decimal&, const Decimal&) = default;
  friend std::strong_ordering operator<=>(const Decimal& a, const Decimal& b);

 private:
  Decimal(absl::int128 coefficient, int exponent)
      : coefficient_(coefficient), exponent_(static_cast<std::int16_t>(exponent)) {}

  static std::optional<Decimal> ParseAny(bool negative, std::string_view number);

  absl::int128 coefficient_ = 0;
  std::int16_t exponent_ = 0;
};

// The digits of an integer that is not negative.
std::string Digits(absl::int128 value);

// digits * 10^exponent without an exponent, without a zero that could be left out, and with a digit on both sides of a
// point: `0.3`, `-17`, `100000000000000000000.0000000001`, and `0` for 0 of either sign. `digits` has no leading zero,
// unless it is "0".
std::string PlainDecimal(bool negative, std::string_view digits, int exponent);

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_BASE_DECIMAL_H_
