#include "lib/base/decimal_sum.h"

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <cassert>
#include <cstddef>
#include <iterator>
#include <utility>

#include "lib/base/powers_of_ten.h"

namespace tallystick {
namespace {

// As boost::multiprecision::cpp_int, but that what an operator returns is a number, no expression yet to be computed.
using BigInt = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<>, boost::multiprecision::et_off>;

constexpr std::size_t kQuotientDigits = 34;

BigInt PowerOfTen(int exponent) { return boost::multiprecision::pow(BigInt(10), static_cast<unsigned>(exponent)); }

// By halves: whether Boost takes 128-bit integers depends on the compiler.
BigInt ToBig(absl::int128 value) {
  const bool negative = value < 0;
  const absl::int128 magnitude = negative ? -value : value;
  BigInt big = static_cast<std::uint64_t>(absl::Int128High64(magnitude));
  big <<= 64;
  big |= absl::Int128Low64(magnitude);
  if (negative) big = -big;
  return big;
}

}  // namespace

struct DecimalSum::Far {
  BigInt value;
  int exponent = 0;
};

DecimalSum::DecimalSum() = default;
DecimalSum::~DecimalSum() = default;
DecimalSum::DecimalSum(DecimalSum&& other) noexcept = default;
DecimalSum& DecimalSum::operator=(DecimalSum&& other) noexcept = default;

DecimalSum::DecimalSum(const DecimalSum& other)
    : near_(other.near_),
      near_exponent_(other.near_exponent_),
      far_(other.far_ ? std::make_unique<Far>(*other.far_) : nullptr) {}

DecimalSum& DecimalSum::operator=(const DecimalSum& other) { return *this = DecimalSum(other); }

void DecimalSum::Add(const DecimalSum& other) {
  // The far part first: `other` may be this sum, and AddNear moves values between its parts.
  if (other.far_) AddFar(*other.far_);
  AddNear(other.near_, other.near_exponent_);
}

void DecimalSum::Subtract(const DecimalSum& other) {
  if (other.far_) AddFar({-other.far_->value, other.far_->exponent});
  AddNear(-other.near_, other.near_exponent_);
}

void DecimalSum::AddNear(absl::int128 coefficient, int exponent) {
  if (coefficient == 0 || TryAddNear(coefficient, exponent)) return;
  AddFar({ToBig(near_), near_exponent_});
  near_ = coefficient;
  near_exponent_ = static_cast<std::int16_t>(exponent);
}

bool DecimalSum::TryAddNear(absl::int128 coefficient, int exponent) {
  absl::int128 near = near_;
  if (near == 0) {
    // Any exponent is that of 0.
  } else if (exponent > near_exponent_) {
    const auto scaled = TimesPowerOfTen(coefficient, exponent - near_exponent_);
    if (!scaled) return false;
    coefficient = *scaled;
    exponent = near_exponent_;
  } else if (exponent < near_exponent_) {
    const auto scaled = TimesPowerOfTen(near, near_exponent_ - exponent);
    if (!scaled) return false;
    near = *scaled;
  }
  // Both have at most 38 digits: the difference below fits 128 bits, where their sum might not.
  constexpr absl::int128 kLimit = kPowersOfTen[38];
  if (coefficient > 0 ? near >= kLimit - coefficient : near <= -kLimit - coefficient) return false;
  near_ = near + coefficient;
  near_exponent_ = static_cast<std::int16_t>(exponent);
  return true;
}

void DecimalSum::AddFar(Far value) {
  if (!far_) {
    if (!value.value.is_zero()) far_ = std::make_unique<Far>(std::move(value));
    return;
  }
  if (value.exponent > far_->exponent) {
    value.value *= PowerOfTen(value.exponent - far_->exponent);
  } else if (value.exponent < far_->exponent) {
    far_->value *= PowerOfTen(far_->exponent - value.exponent);
    far_->exponent = value.exponent;
  }
  far_->value += value.value;
  if (far_->value.is_zero()) far_.reset();
}

DecimalSum::Far DecimalSum::Total() const {
  if (!far_) return {ToBig(near_), near_exponent_};
  DecimalSum total = *this;
  total.AddFar({ToBig(near_), near_exponent_});
  return total.far_ ? std::move(*total.far_) : Far{};
}

bool DecimalSum::IsZero() const { return far_ ? near_ != 0 && Total().value.is_zero() : near_ == 0; }

bool operator==(const DecimalSum& a, const DecimalSum& b) {
  DecimalSum difference = a;
  difference.Subtract(b);
  return difference.IsZero();
}

std::string DecimalSum::ToString() const {
  if (!far_) return PlainDecimal(near_ < 0, Digits(near_ < 0 ? -near_ : near_), near_exponent_);
  const Far total = Total();
  return PlainDecimal(total.value < 0, abs(total.value).str(), total.exponent);
}

DecimalSumParts DecimalSum::ToParts() const {
  DecimalSumParts parts;
  if (!far_) {
    if (near_ == 0) return parts;
    absl::int128 value = near_ < 0 ? -near_ : near_;
    parts.negative = near_ < 0;
    parts.exponent = near_exponent_ + StripTrailingZeros(value);
    for (; value != 0; value >>= 8) parts.magnitude.push_back(static_cast<char>(absl::Int128Low64(value) & 0xff));
    std::reverse(parts.magnitude.begin(), parts.magnitude.end());
    return parts;
  }
  Far total = Total();
  if (total.value.is_zero()) return parts;
  parts.negative = total.value < 0;
  if (parts.negative) total.value = -total.value;
  parts.exponent = total.exponent + StripTrailingZeros(total.value);
  export_bits(total.value, std::back_inserter(parts.magnitude), 8);
  return parts;
}

std::optional<Decimal> DecimalSum::ToDecimal() const {
  if (!far_) return Decimal::FromParts(near_, near_exponent_);
  Far total = Total();
  if (total.value.is_zero()) return Decimal();
  const int exponent = total.exponent + StripTrailingZeros(total.value);
  if (abs(total.value) >= PowerOfTen(38)) return std::nullopt;
  absl::int128 coefficient = 0;
  std::string bytes;
  export_bits(abs(total.value), std::back_inserter(bytes), 8);
  for (const char byte : bytes) coefficient = (coefficient << 8) | static_cast<unsigned char>(byte);
  return Decimal::FromParts(total.value < 0 ? -coefficient : coefficient, exponent);
}

std::optional<DecimalSum> DecimalSum::FromParts(const DecimalSumParts& parts) {
  const std::string& bytes = parts.magnitude;
  DecimalSum sum;
  if (bytes.empty()) return parts == DecimalSumParts() ? std::optional(std::move(sum)) : std::nullopt;
  if (bytes.front() == '\0' || bytes.size() > kMagnitudeBytesMax) return std::nullopt;
  if (parts.exponent < kExponentMin || parts.exponent > kExponentMax) return std::nullopt;
  // 15 bytes have at most 37 digits.
  if (bytes.size() <= 15) {
    absl::int128 value = 0;
    for (const char byte : bytes) value = (value << 8) | static_cast<unsigned char>(byte);
    if (value % 10 == 0) return std::nullopt;
    sum.near_ = parts.negative ? -value : value;
    sum.near_exponent_ = static_cast<std::int16_t>(parts.exponent);
    return sum;
  }
  BigInt value;
  import_bits(value, bytes.begin(), bytes.end(), 8);
  if (value % 10 == 0) return std::nullopt;
  if (parts.negative) value = -value;
  sum.far_ = std::make_unique<Far>(Far{std::move(value), parts.exponent});
  return sum;
}

std::string Quotient(const DecimalSum& sum, std::uint64_t count) {
  assert(count != 0);
  const DecimalSum::Far total = sum.Total();
  if (total.value.is_zero()) return "0";
  const BigInt dividend = abs(total.value);

  // The quotient of an m-digit and an n-digit number has m - n digits before its point, or one more. So this many
  // digits behind the point, or before it where negative, make 34 digits or 35; with 35 it is one too many.
  int places = static_cast<int>(kQuotientDigits) - static_cast<int>(dividend.str().size()) +
               static_cast<int>(std::to_string(count).size());
  BigInt scaled, divisor, quotient, rest;
  for (;; --places) {
    scaled = places > 0 ? dividend * PowerOfTen(places) : dividend;
    divisor = count;
    if (places < 0) divisor *= PowerOfTen(-places);
    divide_qr(scaled, divisor, quotient, rest);
    if (quotient < PowerOfTen(kQuotientDigits)) break;
  }
  rest *= 2;
  if (rest > divisor || (rest == divisor && quotient % 2 != 0)) ++quotient;
  return PlainDecimal(total.value < 0, quotient.str(), total.exponent - places);
}

}  // namespace tallystick
