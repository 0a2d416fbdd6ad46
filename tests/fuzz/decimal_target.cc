#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/decimal.h"
#include "lib/base/decimal_sum.h"
#include "lib/json/number.h"
#include "tests/fuzz/targets.h"
#include "tests/support/decimal_reference.h"
#include "tests/support/json_reader.h"

namespace tallystick::fuzz {
namespace {

using testing::LongInteger;

// A number that is exact, both ways.
struct Number {
  Decimal decimal;
  LongInteger value;
};

bool IsReferenceNumber(std::string_view text) {
  const std::optional<testing::Json> json = testing::ReferenceReader(text).ReadDocument(1);
  return json.has_value() && json->kind == testing::Json::kNumber && json->minified == text;
}

// One line. Sets `*number` when it is an exact number.
Finding Read(std::string_view text, std::optional<Number>* number) {
  if (IsJsonNumber(text) != IsReferenceNumber(text)) return "is a JSON number or not: " + std::string(text);
  if (!IsJsonNumber(text)) return std::nullopt;
  const std::optional<LongInteger> expected = testing::ReferenceDecimal(text);
  const std::optional<Decimal> decimal = Decimal::Parse(text);
  if (decimal.has_value() != expected.has_value()) return "is exact or not: " + std::string(text);
  if (!decimal.has_value()) return std::nullopt;
  const std::string plain = decimal->ToString();
  if (plain != testing::ReferencePlain(*expected, testing::kReferencePlaces)) return "is printed as " + plain;
  if (Decimal::Parse(plain) != *decimal) return "is not read back from " + plain;
  if (Decimal::FromParts(decimal->coefficient(), decimal->exponent()) != *decimal) return "has other parts";
  *number = Number{*decimal, *expected};
  return std::nullopt;
}

Finding CheckSum(const DecimalSum& sum, const LongInteger& expected) {
  const std::string plain = sum.ToString();
  if (plain != testing::ReferencePlain(expected, testing::kReferencePlaces)) return "adds up to " + plain;
  if (sum.IsZero() != (expected == 0)) return "adds up to nothing, or not";
  const std::optional<DecimalSum> again = DecimalSum::FromParts(sum.ToParts());
  if (!again.has_value() || !(*again == sum) || again->ToParts() != sum.ToParts()) return "has a sum of other parts";
  const std::optional<LongInteger> exact = testing::ReferenceDecimal(plain);
  const std::optional<Decimal> decimal = sum.ToDecimal();
  if (decimal.has_value() != exact.has_value()) return "has a sum that is a decimal, or not";
  if (decimal.has_value() && decimal->ToString() != plain) return "has a sum that is another decimal";
  return std::nullopt;
}

}  // namespace

Finding FuzzDecimal(std::string_view lines) {
  std::optional<Number> before;
  LongInteger total = 0, halves[2] = {0, 0};
  DecimalSum sum, half_sums[2];
  std::uint64_t count = 0;
  for (std::size_t at = 0; at <= lines.size();) {
    const std::size_t end = std::min(lines.find('\n', at), lines.size());
    std::optional<Number> number;
    if (const Finding finding = Read(lines.substr(at, end - at), &number)) return finding;
    at = end + 1;
    if (!number.has_value()) continue;
    if (before.has_value() && ((before->decimal <=> number->decimal < 0) != (before->value < number->value) ||
                               (before->decimal == number->decimal) != (before->value == number->value))) {
      return "is ordered otherwise: " + before->decimal.ToString() + " and " + number->decimal.ToString();
    }
    before = number;
    // Every other number goes into one half; what is in the second half is subtracted in the end.
    const std::size_t half = count++ % 2;
    total += number->value;
    halves[half] += number->value;
    sum.Add(number->decimal);
    half_sums[half].Add(number->decimal);
  }
  if (const Finding finding = CheckSum(sum, total)) return finding;
  for (const std::uint64_t divisor : {count, std::uint64_t{7}, ~std::uint64_t{0} - count}) {
    if (divisor == 0) continue;
    const std::string quotient = Quotient(sum, divisor);
    if (quotient != testing::ReferenceQuotient(total, divisor)) {
      return "divided by " + std::to_string(divisor) + " is " + quotient;
    }
  }
  DecimalSum joined = half_sums[0];
  joined.Add(half_sums[1]);
  if (!(joined == sum) || joined.ToParts() != sum.ToParts()) return "adds up to something else by halves";
  joined.Subtract(half_sums[1]);
  joined.Subtract(half_sums[1]);
  return CheckSum(joined, halves[0] - halves[1]);
}

}  // namespace tallystick::fuzz
