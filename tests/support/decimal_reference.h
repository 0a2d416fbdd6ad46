// Numbers as long integers, to compare decimals and their sums with: every number is a count of 10^-400, without any
// thought of speed.

#ifndef TALLYSTICK_TESTS_SUPPORT_DECIMAL_REFERENCE_H_
#define TALLYSTICK_TESTS_SUPPORT_DECIMAL_REFERENCE_H_

#include <boost/multiprecision/cpp_int.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace tallystick::testing {

// Without expression templates, as values are passed around.
using LongInteger =
    boost::multiprecision::number<boost::multiprecision::cpp_int_backend<>, boost::multiprecision::et_off>;

inline constexpr int kReferencePlaces = 400;

inline const LongInteger& PowerOfTen(std::size_t exponent) {
  static std::deque<LongInteger> powers = {1};
  while (powers.size() <= exponent) powers.push_back(powers.back() * 10);
  return powers[exponent];
}

// A JSON number as a count of 10^-400; absent where it has more than 38 digits, or an exponent beyond -400 to 400, once
// all trailing zeros are in its exponent.
inline std::optional<LongInteger> ReferenceDecimal(std::string_view number) {
  const bool negative = number.front() == '-';
  std::string digits;
  LongInteger exponent = 0;
  bool fraction = false;
  for (std::size_t i = negative ? 1 : 0; i < number.size(); ++i) {
    if (number[i] == 'e' || number[i] == 'E') {
      const bool below = number[i + 1] == '-';
      LongInteger value = 0;
      for (const char c : number.substr(i + (below || number[i + 1] == '+' ? 2 : 1))) value = value * 10 + (c - '0');
      exponent += below ? -value : value;
      break;
    }
    if (number[i] == '.') {
      fraction = true;
      continue;
    }
    digits += number[i];
    if (fraction) --exponent;
  }
  const std::size_t first = digits.find_first_not_of('0');
  if (first == std::string::npos) return LongInteger(0);
  digits.erase(0, first);
  for (; digits.back() == '0'; digits.pop_back()) ++exponent;
  if (digits.size() > 38 || exponent < -kReferencePlaces || exponent > 400) return std::nullopt;
  const LongInteger count =
      LongInteger(digits) * PowerOfTen(static_cast<std::size_t>(static_cast<int>(exponent) + kReferencePlaces));
  return negative ? -count : count;
}

// The plain text of value * 10^-places.
inline std::string ReferencePlain(const LongInteger& value, std::size_t places) {
  std::string digits = LongInteger(abs(value)).str();
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  std::string text = digits.substr(0, digits.size() - places);
  std::string fraction = digits.substr(digits.size() - places);
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  if (!fraction.empty()) text += "." + fraction;
  return (value < 0 ? "-" : "") + text;
}

// sum / count to 34 significant digits, half-even, as plain text.
inline std::string ReferenceQuotient(const LongInteger& sum, std::uint64_t count) {
  if (sum == 0) return "0";
  const LongInteger dividend = abs(sum);
  const LongInteger divisor = LongInteger(count) * PowerOfTen(kReferencePlaces);
  const auto scaled = [&](int by, const LongInteger& value) {
    return by > 0 ? value * PowerOfTen(static_cast<std::size_t>(by)) : value;
  };
  // As many places as leave 34 digits before the point, beginning with too few: the quotient has `whole` or one less.
  const auto whole = static_cast<int>(dividend.str().size()) - static_cast<int>(divisor.str().size()) + 1;
  int places = 33 - whole;
  while (scaled(places, dividend) / scaled(-places, divisor) < PowerOfTen(33)) ++places;
  LongInteger quotient = scaled(places, dividend) / scaled(-places, divisor);
  const LongInteger twice = (scaled(places, dividend) - quotient * scaled(-places, divisor)) * 2;
  if (twice > scaled(-places, divisor) || (twice == scaled(-places, divisor) && quotient % 2 == 1)) ++quotient;
  if (sum < 0) quotient = -quotient;
  return places > 0 ? ReferencePlain(quotient, static_cast<std::size_t>(places))
                    : ReferencePlain(scaled(-places, quotient), 0);
}

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_DECIMAL_REFERENCE_H_
