#include "lib/base/decimal.h"

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>

#include "lib/base/powers_of_ten.h"

namespace tallystick {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The value of `[+-]digits`. One so large that no number is long enough to make up for it stays about that large.
std::int64_t ReadExponent(std::string_view text) {
  constexpr std::int64_t kFar = 100'000'000'000'000'000;
  const bool negative = text.front() == '-';
  if (!IsDigit(text.front())) text.remove_prefix(1);
  std::int64_t value = 0;
  for (const char c : text) {
    assert(IsDigit(c));
    if (value < kFar) value = value * 10 + (c - '0');
  }
  return negative ? -value : value;
}

}  // namespace

std::optional<Decimal> Decimal::Parse(std::string_view number) {
  const bool negative = number.starts_with('-');
  if (negative) number.remove_prefix(1);
  assert(!number.empty() && IsDigit(number.front()) && IsDigit(number.back()));
  // 19 digits always fit 64 bits (without a sign).
  if (number.size() > 19) return ParseAny(negative, number);
  std::uint64_t value = 0;
  std::size_t behind_point = 0;  // where the fraction begins; 0 without one
  for (std::size_t i = 0; i < number.size(); ++i) {
    if (IsDigit(number[i])) {
      value = value * 10 + static_cast<std::uint64_t>(number[i] - '0');
    } else if (number[i] == '.') {
      behind_point = i + 1;
    } else {
      return ParseAny(negative, number);
    }
  }
  if (value == 0) return Decimal();
  const int zeros = StripTrailingZeros(value);
  const int fraction = behind_point == 0 ? 0 : static_cast<int>(number.size() - behind_point);
  const absl::int128 coefficient = value;
  return Decimal(negative ? -coefficient : coefficient, zeros - fraction);
}

std::optional<Decimal> Decimal::ParseAny(bool negative, std::string_view number) {
  const std::size_t e = number.find_first_of("eE");
  const std::string_view digits = number.substr(0, e);
  const std::size_t point = digits.find('.');
  // The coefficient is what stands between these two.
  const std::size_t first = digits.find_first_not_of("0.");
  if (first == std::string_view::npos) return Decimal();
  const std::size_t last = digits.find_last_not_of("0.");
  const bool point_inside = first < point && point < last;
  if (last - first + (point_inside ? 0 : 1) > 38) return std::nullopt;

  const std::size_t units = (point == std::string_view::npos ? digits.size() : point) - 1;  // where 10^0 stands
  std::int64_t exponent = static_cast<std::int64_t>(units) - static_cast<std::int64_t>(last);
  if (last > units) ++exponent;  // the point is no digit
  if (e != std::string_view::npos) exponent += ReadExponent(number.substr(e + 1));
  if (exponent < -kExponentMax || exponent > kExponentMax) return std::nullopt;

  absl::int128 coefficient = 0;
  for (const char c : digits.substr(first, last - first + 1)) {
    if (c == '.') continue;
    assert(IsDigit(c));
    coefficient = coefficient * 10 + (c - '0');
  }
  return Decimal(negative ? -coefficient : coefficient, static_cast<int>(exponent));
}

std::optional<Decimal> Decimal::FromParts(absl::int128 coefficient, int exponent) {
  if (coefficient == 0) return Decimal();
  exponent += StripTrailingZeros(coefficient);
  if (!FitsDigits(coefficient, 38) || exponent < -kExponentMax || exponent > kExponentMax) return std::nullopt;
  return Decimal(coefficient, exponent);
}

std::string Decimal::ToString() const {
  const bool negative = coefficient_ < 0;
  return PlainDecimal(negative, Digits(negative ? -coefficient_ : coefficient_), exponent_);
}

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) {
  const auto order = [](absl::int128 x, absl::int128 y) {
    return x < y ? std::strong_ordering::less : x == y ? std::strong_ordering::equal : std::strong_ordering::greater;
  };
  if (a.exponent_ == b.exponent_ || a.coefficient_ == 0 || b.coefficient_ == 0) {
    return order(a.coefficient_, b.coefficient_);
  }
  // Brought to one exponent. What then has more than 38 digits is larger in amount than the other, which has not.
  if (a.exponent_ > b.exponent_) {
    const auto scaled = TimesPowerOfTen(a.coefficient_, a.exponent_ - b.exponent_);
    return scaled ? order(*scaled, b.coefficient_) : order(a.coefficient_, 0);
  }
  return 0 <=> (b <=> a);
}

std::string Digits(absl::int128 value) {
  assert(value >= 0);
  std::array<char, 39> text;
  std::size_t at = text.size();
  do {
    text[--at] = static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value != 0);
  return {text.data() + at, text.size() - at};
}

std::string PlainDecimal(bool negative, std::string_view digits, int exponent) {
  assert(!digits.empty() && (digits.front() != '0' || digits == "0"));
  if (digits == "0") return "0";
  const std::size_t kept = digits.find_last_not_of('0') + 1;
  exponent += static_cast<int>(digits.size() - kept);
  digits = digits.substr(0, kept);

  std::string text = negative ? "-" : "";
  if (exponent >= 0) {
    text.append(digits).append(static_cast<std::size_t>(exponent), '0');
  } else if (const auto fraction = static_cast<std::size_t>(-exponent); fraction < digits.size()) {
    text.append(digits.substr(0, digits.size() - fraction)).append(".");
    text.append(digits.substr(digits.size() - fraction));
  } else {
    text.append("0.").append(fraction - digits.size(), '0').append(digits);
  }
  return text;
}

}  // namespace tallystick
