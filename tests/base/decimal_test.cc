#include "lib/base/decimal.h"

#include <compare>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "tests/base/decimals.h"

namespace tallystick {
namespace {

using testing::Number;
using testing::Zeros;

constexpr std::string_view kNines = "99999999999999999999999999999999999999";  // 38 of them
constexpr absl::int128 kTenTo19 = 10'000'000'000'000'000'000ULL;

struct Parsed {
  std::string number;
  absl::int128 coefficient;
  int exponent;
};

void ExpectParsed(std::initializer_list<Parsed> table) {
  for (const Parsed& row : table) {
    SCOPED_TRACE(row.number);
    const std::optional<Decimal> value = Decimal::Parse(row.number);
    ASSERT_TRUE(value.has_value());
    EXPECT_EQ(value->coefficient(), row.coefficient);
    EXPECT_EQ(value->exponent(), row.exponent);
  }
}

TEST(DecimalTest, OneFormStandsForEveryWayToWriteANumber) {
  ExpectParsed({
      {"7", 7, 0},
      {"-7", -7, 0},
      {"7.0", 7, 0},
      {"0.7", 7, -1},
      {"-0.70", -7, -1},
      {"70", 7, 1},
      {"700.00", 7, 2},
      {"1.10", 11, -1},
      {"0.007", 7, -3},
      {"7e0", 7, 0},
      {"7E5", 7, 5},
      {"7e+05", 7, 5},
      {"-70e-5", -7, -4},
      {"0.070e-5", 7, -7},
      {"1.5e1", 15, 0},
      {"10.05e-00000000000000000000000000000002", 1005, -4},
  });
}

TEST(DecimalTest, ShortAndLongNumbersAreReadAlike) {
  // Up to 19 characters are read in 64 bits, more in 128.
  ExpectParsed({
      {"9999999999999999999", kTenTo19 - 1, 0},
      {"-9999999999999999999", 1 - kTenTo19, 0},
      {"99999999999999999999", kTenTo19 * 10 - 1, 0},
      {"10000000000000000001", kTenTo19 + 1, 0},
      {"99999999.9999999999", 999'999'999'999'999'999, -10},
      {"99999999.99999999999", kTenTo19 - 1, -11},
      {"1000000000000000000", 1, 18},
      {"10000000000000000000", 1, 19},
      {"0.00000000000000001", 1, -17},
      {"0.000000000000000001", 1, -18},
      {"1.000000000000000000000000", 1, 0},
      {"12345678901234567890.12345678900", 1234567890 * kTenTo19 + 1234567890123456789, -9},
  });
}

TEST(DecimalTest, ZeroHasOneFormWhateverItsExponent) {
  for (const std::string_view number :
       {"0", "-0", "0.000", "-0.0e5", "0e99999999999999999999", "0.0E-99999999999999999999", "0.0000000000000000000000",
        "-0.0000000000000000000000e-500"}) {
    EXPECT_EQ(Decimal::Parse(number), Decimal()) << number;
  }
  EXPECT_EQ(Decimal().coefficient(), 0);
  EXPECT_EQ(Decimal().exponent(), 0);
}

TEST(DecimalTest, ReachesExactlyToItsLimits) {
  const std::string nines(kNines);
  const absl::int128 largest = kTenTo19 * kTenTo19 - 1;
  const std::string million = Zeros(1'000'000);
  ExpectParsed({
      {nines, largest, 0},
      {"-" + nines, -largest, 0},
      {"0." + nines, largest, -38},
      {nines + Zeros(400), largest, 400},
      {nines + "e400", largest, 400},
      {nines + "e-400", largest, -400},
      {"1" + Zeros(38), 1, 38},
      {"1" + Zeros(50), 1, 50},
      {"1" + Zeros(400), 1, 400},
      {"1e400", 1, 400},
      {"1e-400", 1, -400},
      {"0." + Zeros(399) + "1", 1, -400},
      {"10e399", 1, 400},
      {"10e-401", 1, -400},
      {"0.1e401", 1, 400},
      {"0.1e-399", 1, -400},
      // Far apart, and close together all the same.
      {"1" + Zeros(500) + "e-500", 1, 0},
      {"0." + Zeros(500) + "1e500", 1, -1},
      {"0." + million + "5e1000000", 5, -1},
      {"5" + million + "." + million + "e-1000000", 5, 0},
  });
}

TEST(DecimalTest, RefusesWhatLiesBeyondItsLimits) {
  const std::string nines(kNines);
  for (const std::string& number : {
           "1" + Zeros(37) + "1",
           "-1" + Zeros(37) + "1",
           "0.1" + Zeros(37) + "1",
           "1" + Zeros(18) + "." + Zeros(18) + "01",
           nines + "9",
           "0." + nines + "1",
           "1" + Zeros(401),
           std::string("1e401"),
           std::string("-1e401"),
           std::string("1e-401"),
           "0." + Zeros(400) + "1",
           std::string("10e400"),
           std::string("0.1e-400"),
           std::string("1e99999999999999999999"),
           std::string("1e-99999999999999999999"),
           // As 64 bits these exponents would be 0.
           std::string("1e18446744073709551616"),
           std::string("1e-18446744073709551616"),
           "1" + Zeros(500) + "e-901",
           "0." + Zeros(500) + "1e902",
           "1e1" + Zeros(1'000'000),
       }) {
    EXPECT_EQ(Decimal::Parse(number), std::nullopt) << number.substr(0, 100);
  }
}

TEST(DecimalTest, PrintsPlain) {
  const std::string nines(kNines);
  const struct {
    std::string number;
    std::string plain;
  } table[] = {
      {"0", "0"},
      {"-0", "0"},
      {"-0.000", "0"},
      {"0.30", "0.3"},
      {"-17", "-17"},
      {"-17.0", "-17"},
      {"-0.5", "-0.5"},
      {"1e3", "1000"},
      {"12.5e1", "125"},
      {"12.5e-1", "1.25"},
      {"12.5e-2", "0.125"},
      {"12.5e-3", "0.0125"},
      {"100000000000000000000.0000000001", "100000000000000000000.0000000001"},
      {nines, nines},
      {"-" + nines + "e-38", "-0." + nines},
      {nines + "e-39", "0.0" + nines},
      {nines + "e-37", "9." + nines.substr(1)},
      {"1e400", "1" + Zeros(400)},
      {"-1e-400", "-0." + Zeros(399) + "1"},
  };
  for (const auto& row : table) EXPECT_EQ(Number(row.number).ToString(), row.plain);
}

TEST(DecimalTest, OrdersByValueAcrossExponents) {
  const std::string nines(kNines);
  const std::string ascending[] = {
      "-" + nines + "e400",
      "-1e400",
      "-1e39",
      "-1e38",
      "-" + nines,
      "-1e37",
      "-10",
      "-9.9",
      "-1",
      "-1e-10",
      "-1e-400",
      "0",
      "1e-400",
      nines + "e-400",
      "1e-362",  // one more in the last place
      "1e-38",
      "0.0999",
      "0.1",
      "0.99999999999999999999999999999999999999",
      "1",
      "1.0000000000000000000000000000000000001",
      "9",
      "10",
      "10.1",
      "11",
      "1e37",
      "10000000000000000000000000000000000001",
      nines,
      "1e38",
      "2e38",  // more than 127 bits
      "1e39",
      "1e400",
      nines + "e399",
      nines + "e400",
  };
  for (std::size_t i = 0; i < std::size(ascending); ++i) {
    for (std::size_t j = 0; j < std::size(ascending); ++j) {
      SCOPED_TRACE(ascending[i] + " <=> " + ascending[j]);
      EXPECT_EQ(Number(ascending[i]) <=> Number(ascending[j]), i <=> j);
      EXPECT_EQ(Number(ascending[i]) == Number(ascending[j]), i == j);
    }
  }
}

TEST(DecimalTest, PartsAreBroughtToTheOneForm) {
  EXPECT_EQ(Decimal::FromParts(0, 12345), Decimal());
  EXPECT_EQ(Decimal::FromParts(-1200, -1), Number("-120"));
  EXPECT_EQ(Decimal::FromParts(1200, 398), Number("12e400"));
  EXPECT_EQ(Decimal::FromParts(1200, 399), std::nullopt);
  EXPECT_EQ(Decimal::FromParts(10, -401), Number("1e-400"));
  EXPECT_EQ(Decimal::FromParts(1, -401), std::nullopt);
  EXPECT_EQ(Decimal::FromParts(kTenTo19 * kTenTo19, 0), Number("1e38"));
  EXPECT_EQ(Decimal::FromParts(kTenTo19 * kTenTo19 - 1, 0), Number(kNines));
  EXPECT_EQ(Decimal::FromParts(kTenTo19 * kTenTo19 + 1, 0), std::nullopt);
  EXPECT_EQ(Decimal::FromParts(-kTenTo19 * kTenTo19 - 1, 0), std::nullopt);
  EXPECT_EQ(Decimal::FromParts(absl::Int128Max(), 0), std::nullopt);
  EXPECT_EQ(Decimal::FromParts(absl::Int128Min(), 0), std::nullopt);
}

TEST(DecimalTest, AgreesWithPythonOnWhatIsPrinted) {
  for (const auto& words : testing::DecimalCases("parse")) {
    const std::optional<Decimal> value = Decimal::Parse(words[1]);
    EXPECT_EQ(value ? value->ToString() : "-", words[2]) << words[1];
  }
}

TEST(DecimalTest, AgreesWithPythonOnWhichIsLess) {
  for (const auto& words : testing::DecimalCases("compare")) {
    const Decimal a = Number(words[1]);
    const Decimal b = Number(words[2]);
    EXPECT_EQ(a < b ? "<" : a > b ? ">" : "=", words[3]) << words[1] << " " << words[2];
    EXPECT_EQ(a == b, words[3] == "=") << words[1] << " " << words[2];
  }
}

}  // namespace
}  // namespace tallystick
