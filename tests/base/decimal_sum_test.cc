#include "lib/base/decimal_sum.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/base/decimals.h"
#include "tests/support/process.h"
#include "tests/support/random.h"

namespace tallystick {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using testing::Number;
using testing::Zeros;

const std::string kNines(38, '9');

template <typename Numbers>
DecimalSum SumOf(const Numbers& numbers) {
  DecimalSum sum;
  for (const auto& number : numbers) sum.Add(Number(number));
  return sum;
}

DecimalSum SumOf(std::initializer_list<std::string_view> numbers) {
  return SumOf<std::initializer_list<std::string_view>>(numbers);
}

// That the sum is zero by every account.
void ExpectZero(const DecimalSum& sum) {
  EXPECT_TRUE(sum.IsZero());
  EXPECT_EQ(sum, DecimalSum());
  EXPECT_EQ(sum.ToString(), "0");
  EXPECT_EQ(sum.ToParts(), DecimalSumParts());
  EXPECT_EQ(Quotient(sum, 3), "0");
}

TEST(DecimalSumTest, IsSmall) { EXPECT_EQ(sizeof(DecimalSum), 32U); }

TEST(DecimalSumTest, IsExact) {
  const struct {
    std::vector<std::string> numbers;
    std::string sum;
  } table[] = {
      {{}, "0"},
      {{"0"}, "0"},
      {{"0.1", "0.2"}, "0.3"},
      {{"1", "-1.0"}, "0"},
      {{"0.5", "0.5"}, "1"},
      {{"1e20", "1e-10"}, "100000000000000000000.0000000001"},
      {{"1e-10", "1e20"}, "100000000000000000000.0000000001"},
      {{"-20", "3"}, "-17"},
      // Up to 38 digits, and one more.
      {{kNines}, kNines},
      {{kNines, "1"}, "1" + Zeros(38)},
      {{"-" + kNines, "-1"}, "-1" + Zeros(38)},
      {{kNines, kNines}, "1" + std::string(37, '9') + "8"},
      {{"-" + kNines, "-" + kNines, "-" + kNines}, "-2" + std::string(37, '9') + "7"},
      {{"1e37", "0.1"}, "1" + Zeros(37) + ".1"},
      {{"1e38", "0.1"}, "1" + Zeros(38) + ".1"},
      {{"1e36", "1"}, "1" + Zeros(35) + "1"},
      {{"1e38", "1"}, "1" + Zeros(37) + "1"},
      {{"1", "1e37", "1e38"}, "11" + Zeros(36) + "1"},
      // As far apart as can be.
      {{"1e400", "1e-400"}, "1" + Zeros(400) + "." + Zeros(399) + "1"},
      {{"-1e-400", "1e400"}, std::string(400, '9') + "." + std::string(400, '9')},
      {{"1e400", "1e-400", "-1e400"}, "0." + Zeros(399) + "1"},
      {{"1e400", "1e-400", "-1e-400"}, "1" + Zeros(400)},
      {{kNines + "e400", "1e400"}, "1" + Zeros(438)},
  };
  for (const auto& row : table) EXPECT_EQ(SumOf(row.numbers).ToString(), row.sum);
}

TEST(DecimalSumTest, CancelsToZero) {
  ExpectZero(DecimalSum());
  ExpectZero(SumOf({"0.1", "0.2", "-0.3"}));
  ExpectZero(SumOf({"1e400", "1e-400", "-1e-400", "-1e400"}));
  ExpectZero(SumOf({"1e400", "1e-400", "-1e400", "-1e-400"}));
  ExpectZero(SumOf({kNines, kNines, "-" + kNines, "-" + kNines}));
  ExpectZero(SumOf({kNines, "1", "-1e38"}));
  ExpectZero(SumOf({"1e38", "-" + kNines, "-1"}));
}

TEST(DecimalSumTest, ZerosOfOtherScalesChangeNothing) {
  DecimalSum sum = SumOf({kNines, "0e400", "0", "0.000"});
  EXPECT_EQ(sum.ToString(), kNines);
  sum.Subtract(Decimal());
  EXPECT_EQ(sum.ToString(), kNines);
}

TEST(DecimalSumTest, SubtractUndoesAdd) {
  DecimalSum sum = SumOf({"17", "0.25"});
  for (const std::string_view number : {"1e400"sv, "3.5"sv, "1e-400"sv, "-7e38"sv}) sum.Add(Number(number));
  for (const std::string_view number : {"-7e38"sv, "1e400"sv, "1e-400"sv, "3.5"sv}) sum.Subtract(Number(number));
  EXPECT_EQ(sum.ToString(), "17.25");
  EXPECT_EQ(sum, SumOf({"17.25"}));
  sum.Subtract(Number("17.25"));
  ExpectZero(sum);
}

TEST(DecimalSumTest, SumsAddUpAsTheirNumbersDo) {
  const std::vector<std::vector<std::string>> parts = {
      {}, {"0.5"}, {"-17", "1e20"}, {kNines, kNines}, {"1e400", "1e-400"}, {"-1e400", "3"}, {"1e38", "-1e-3"},
  };
  for (const auto& left : parts) {
    for (const auto& right : parts) {
      std::vector<std::string> both = left;
      both.insert(both.end(), right.begin(), right.end());
      DecimalSum sum = SumOf(left);
      sum.Add(SumOf(right));
      EXPECT_EQ(sum, SumOf(both));
      sum.Subtract(SumOf(right));
      EXPECT_EQ(sum, SumOf(left));
    }
  }
}

TEST(DecimalSumTest, ASumCanBeAddedToItself) {
  for (const auto& numbers : {std::vector{kNines}, {"1e400"s, "1e-400"s, "5"s}, {"-0.5"s}}) {
    DecimalSum sum = SumOf(numbers);
    const DecimalSum once = sum;
    sum.Add(sum);
    DecimalSum twice = SumOf(numbers);
    for (const auto& number : numbers) twice.Add(Number(number));
    EXPECT_EQ(sum, twice);
    EXPECT_NE(sum, once);
    sum.Subtract(sum);
    ExpectZero(sum);
  }
}

TEST(DecimalSumTest, CopiesAreApart) {
  for (const auto& numbers : {std::vector{"5"s}, {"1e400"s, "1e-400"s}}) {
    DecimalSum sum = SumOf(numbers);
    DecimalSum copy = sum;
    copy.Add(Number("2e300"));
    EXPECT_EQ(sum, SumOf(numbers));
    EXPECT_NE(copy, sum);
    sum = copy;
    copy.Subtract(Number("2e300"));
    EXPECT_EQ(copy, SumOf(numbers));
    const DecimalSum moved = std::move(sum);
    copy.Add(Number("2e300"));
    EXPECT_EQ(moved, copy);
  }
}

// Numbers that cancel, carry, and lie far apart.
std::string AnyNumber(testing::Random& random) {
  constexpr std::string_view kNumbers[] = {"1", "-1",   "0.5",   "-0.25", "1000",
                                           "9", "1e30", "-1e30", "7e-30", "123456789"};
  if (random.OneIn(50)) return random.OneIn(2) ? "1e400" : "-1e-400";
  if (random.OneIn(20)) return (random.OneIn(2) ? "-" : "") + kNines;
  if (random.OneIn(3)) return std::to_string(static_cast<std::int64_t>(random.Below(UINT64_MAX))) + "e-6";
  return std::string(random.PickFrom(kNumbers));
}

TEST(DecimalSumTest, SumsAreExactWhateverTheirOrder) {
  testing::Random random;
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> numbers;
    for (std::uint64_t i = random.Below(40); i > 0; --i) numbers.push_back(AnyNumber(random));
    const DecimalSum sum = SumOf(numbers);

    // Another order, in two halves.
    for (std::size_t i = numbers.size(); i > 1; --i) std::swap(numbers[i - 1], numbers[random.Below(i)]);
    DecimalSum other;
    DecimalSum half;
    for (const std::string& number : numbers) (random.OneIn(2) ? other : half).Add(Number(number));
    other.Add(half);
    ASSERT_EQ(sum, other);
    ASSERT_EQ(sum.ToString(), other.ToString());
    ASSERT_EQ(sum.ToParts(), other.ToParts());
    ASSERT_EQ(Quotient(sum, 7), Quotient(other, 7));
    ASSERT_EQ(DecimalSum::FromParts(sum.ToParts()), sum);

    for (const std::string& number : numbers) other.Subtract(Number(number));
    ASSERT_TRUE(other.IsZero());
  }
}

TEST(DecimalSumTest, PartsAreTheOneFormOfASum) {
  const struct {
    std::vector<std::string> numbers;
    DecimalSumParts parts;
  } table[] = {
      {{}, {}},
      {{"1"}, {false, 0, "\x01"}},
      {{"-1"}, {true, 0, "\x01"}},
      {{"0.5", "0.5"}, {false, 0, "\x01"}},
      {{"255"}, {false, 0, "\xff"}},
      {{"256"}, {false, 0, "\x01\0"s}},
      {{"-25.6"}, {true, -1, "\x01\0"s}},
      {{"2560000"}, {false, 4, "\x01\0"s}},
      {{"1e400", "9e400"}, {false, 401, "\x01"}},
      {{"1e-400"}, {false, -400, "\x01"}},
      {{"1e400", "-25.6", "-1e400"}, {true, -1, "\x01\0"s}},
      // 2^120 - 1, 2^120 and 2^128: 15, 16 and 17 bytes.
      {{"1329227995784915872903807060280344575"}, {false, 0, std::string(15, '\xff')}},
      {{"1329227995784915872903807060280344576"}, {false, 0, "\x01" + std::string(15, '\0')}},
      {{"340282366920938463463374607431768e6", "211456"}, {false, 0, "\x01" + std::string(16, '\0')}},
      {{"-340282366920938463463374607431768e6", "-211456"}, {true, 0, "\x01" + std::string(16, '\0')}},
  };
  for (const auto& row : table) {
    const DecimalSum sum = SumOf(row.numbers);
    SCOPED_TRACE(sum.ToString());
    EXPECT_EQ(sum.ToParts(), row.parts);
    EXPECT_EQ(DecimalSum::FromParts(row.parts), sum);
  }
}

TEST(DecimalSumTest, PartsInAnyOtherFormAreRefused) {
  constexpr int kMin = DecimalSum::kExponentMin;
  constexpr int kMax = DecimalSum::kExponentMax;
  const std::string twenty_bytes = std::string(19, '\x01') + '\x02';
  const DecimalSumParts refused[] = {
      {true, 0, ""},      // minus zero
      {false, 1, ""},     // zero with an exponent
      {false, 0, "\0"s},  // a leading zero byte
      {false, 0, "\0\x01"s},
      {false, 0, "\0"s + twenty_bytes},
      {false, 0, "\x0a"},                                   // 10
      {false, 0, "\x01" + std::string(18, '\0') + "\x04"},  // 2^152 + 4, a multiple of ten
      {false, kMin - 1, "\x01"},
      {false, kMax + 1, "\x01"},
      {false, kMax + 65'536, "\x01"},
      {false, 0, std::string(DecimalSum::kMagnitudeBytesMax + 1, '\x01')},
  };
  for (const DecimalSumParts& parts : refused) {
    SCOPED_TRACE(::testing::PrintToString(parts.magnitude));
    EXPECT_EQ(DecimalSum::FromParts(parts), std::nullopt);
  }
  for (const DecimalSumParts& parts : std::initializer_list<DecimalSumParts>{
           {false, kMin, "\x01"},
           {true, kMax, "\x01"},
           {true, kMax, twenty_bytes},
           {false, 0, std::string(DecimalSum::kMagnitudeBytesMax, '\x01')},
       }) {
    const std::optional<DecimalSum> sum = DecimalSum::FromParts(parts);
    ASSERT_TRUE(sum.has_value());
    EXPECT_EQ(sum->ToParts(), parts);
  }
}

TEST(DecimalSumTest, TheLongestSumFitsItsParts) {
  // 2^64 - 1 times the largest number, by doubling, and the smallest number.
  DecimalSum doubled = SumOf({kNines + "e400"});
  DecimalSum sum = SumOf({"1e-400"});
  for (int i = 0; i < 64; ++i) {
    sum.Add(doubled);
    doubled.Add(doubled);
  }
  const DecimalSumParts parts = sum.ToParts();
  EXPECT_EQ(parts.exponent, DecimalSum::kExponentMin);
  EXPECT_EQ(parts.magnitude.size(), 356U);
  EXPECT_EQ(DecimalSum::FromParts(parts), sum);
  EXPECT_EQ(sum.ToString(), "18446744073709551614" + std::string(18, '9') + "81553255926290448385" + Zeros(400) + "." +
                                Zeros(399) + "1");
}

TEST(DecimalSumTest, IsADecimalWithinTheLimitsOfOne) {
  const std::string one_and_nines = "1" + std::string(36, '9') + "1";  // 38 digits
  const struct {
    std::vector<std::string> numbers;
    std::optional<std::string> decimal;
  } table[] = {
      {{}, "0"},
      {{"5", "-5"}, "0"},
      {{"-17"}, "-17"},
      {{"0.1", "0.2"}, "0.3"},
      {{"1e400"}, "1e400"},
      {{"-1e-400"}, "-1e-400"},
      {{kNines}, kNines},
      {{"-" + kNines + "e400"}, "-" + kNines + "e400"},
      // 1e401 is none, 1e400 and 1e38 are, however they come about.
      {{"9e400", "1e400"}, std::nullopt},
      {{"99e399", "1e399"}, std::nullopt},
      {{"9e399", "1e399"}, "1e400"},
      {{kNines, "1"}, "1e38"},
      {{"-" + kNines, "-1"}, "-1e38"},
      // Too long by one digit.
      {{kNines, kNines}, std::nullopt},
      {{"1e38", "1"}, std::nullopt},
      {{"-1e38", "-0.1"}, std::nullopt},
      {{"1e37", "1"}, "1" + Zeros(36) + "1"},
      // From far apart, and back to what one decimal can be.
      {{"1e400", "1e-400"}, std::nullopt},
      {{"1e400", "1e-400", "-1e400"}, "1e-400"},
      {{"1e400", "1e-400", "-1e-400"}, "1e400"},
      {{"1e400", "1e-400", "-1e-400", "-1e400"}, "0"},
      {{"1e400", one_and_nines, "-1e400"}, one_and_nines},
      {{"1e400", "-" + one_and_nines + "e-38", "-1e400"}, "-" + one_and_nines + "e-38"},
      {{"1e400", "2000", "-1e400"}, "2000"},
      {{kNines + "e400", "1e400", "1e-400", "-1e-400"}, std::nullopt},
  };
  for (const auto& row : table) {
    const DecimalSum sum = SumOf(row.numbers);
    SCOPED_TRACE(sum.ToString());
    const std::optional<Decimal> decimal = sum.ToDecimal();
    EXPECT_EQ(decimal, row.decimal.has_value() ? std::optional(Number(*row.decimal)) : std::nullopt);
    // As it is kept, too.
    ASSERT_EQ(DecimalSum::FromParts(sum.ToParts()), sum);
    EXPECT_EQ(DecimalSum::FromParts(sum.ToParts())->ToDecimal(), decimal);
  }
}

TEST(DecimalSumTest, ASumOfOneDecimalIsThatDecimal) {
  testing::Random random;
  for (int i = 0; i < 2'000; ++i) {
    // Any number of digits and any exponent, at their limits more often.
    std::string digits(1, "123456789"[random.Below(9)]);
    const std::uint64_t more = random.OneIn(3) ? 37 : random.Below(38);
    while (digits.size() <= more) digits.push_back(static_cast<char>('0' + random.Below(10)));
    const int exponent = random.OneIn(4) ? 400 : random.OneIn(3) ? -400 : static_cast<int>(random.Below(801)) - 400;
    const std::optional<Decimal> decimal =
        Decimal::Parse((random.OneIn(2) ? "-" : "") + digits + "e" + std::to_string(exponent));
    if (!decimal.has_value()) continue;
    DecimalSum sum;
    sum.Add(*decimal);
    ASSERT_EQ(sum.ToDecimal(), decimal);
    // Through the other form, that of far sums.
    for (const std::string_view far : {"1e400"sv, "1e-400"sv}) sum.Add(Number(far));
    for (const std::string_view far : {"1e400"sv, "1e-400"sv}) sum.Subtract(Number(far));
    ASSERT_EQ(sum.ToDecimal(), decimal);
    ASSERT_EQ(DecimalSum::FromParts(sum.ToParts())->ToDecimal(), decimal);
  }
}

TEST(QuotientTest, IsExactWithin34DigitsAndElseRoundedHalfEven) {
  const struct {
    std::vector<std::string> numbers;
    std::uint64_t count;
    std::string quotient;
  } table[] = {
      {{}, 5, "0"},
      {{"10"}, 4, "2.5"},
      {{"-10"}, 4, "-2.5"},
      {{"6"}, 3, "2"},
      {{"1e400"}, 1, "1" + Zeros(400)},
      {{"1e-400"}, 8, "0." + Zeros(400) + "125"},
      {{"1"}, 3, "0.3333333333333333333333333333333333"},
      {{"2"}, 3, "0.6666666666666666666666666666666667"},
      {{"-200"}, 3, "-66.66666666666666666666666666666667"},
      {{"1"}, UINT64_MAX, "0.0000000000000000000542101086242752217033113759205528"},
      {{"18446744073709551615"}, UINT64_MAX, "1"},
      {{"1e400", "1e-400"}, 2, "5" + Zeros(399)},
      // 34 digits stay, more are rounded, also when they end.
      {{"1234567890123456789012345678901234"}, 1, "1234567890123456789012345678901234"},
      {{"12345678901234567890123456789012341"}, 1, "12345678901234567890123456789012340"},
      {{"12345678901234567890123456789012345"}, 1, "12345678901234567890123456789012340"},
      {{"12345678901234567890123456789012355"}, 1, "12345678901234567890123456789012360"},
      {{"-12345678901234567890123456789012345"}, 1, "-12345678901234567890123456789012340"},
      {{"-12345678901234567890123456789012355"}, 1, "-12345678901234567890123456789012360"},
      {{"12345678901234567890123456789012345001"}, 1, "12345678901234567890123456789012350000"},
      {{"12345678901234567890123456789012345", "1e-400"}, 1, "12345678901234567890123456789012350"},
      {{"12345678901234567890123456789012355", "-1e-400"}, 1, "12345678901234567890123456789012350"},
      // A half that the division makes.
      {{"2469135780246913578024691357802469"}, 2, "1234567890123456789012345678901234"},
      {{"2469135780246913578024691357802471"}, 2, "1234567890123456789012345678901236"},
      // Rounded up to one digit more.
      {{kNines}, 1, "1" + Zeros(38)},
      {{"0." + kNines}, 1, "1"},
      {{"9999999999999999999999999999999999"}, 1, "9999999999999999999999999999999999"},
  };
  for (const auto& row : table) EXPECT_EQ(Quotient(SumOf(row.numbers), row.count), row.quotient);
}

TEST(DecimalSumTest, AgreesWithPythonOnSums) {
  for (const auto& words : testing::DecimalCases("sum")) {
    // sum A + B - C TOTAL
    DecimalSum sum = SumOf({words[1]});
    for (std::size_t i = 2; i + 2 < words.size(); i += 2) {
      words[i] == "+" ? sum.Add(Number(words[i + 1])) : sum.Subtract(Number(words[i + 1]));
    }
    EXPECT_EQ(sum.ToString(), words.back());
    EXPECT_EQ(sum.IsZero(), words.back() == "0");
  }
}

TEST(QuotientTest, AgreesWithPythonOnAverages) {
  for (const auto& words : testing::DecimalCases("average")) {
    EXPECT_EQ(Quotient(SumOf({words[1]}), std::stoull(words[2])), words[3]) << words[1] << " / " << words[2];
  }
}

TEST(DecimalCasesTest, TheFileIsWhatTheGeneratorGives) {
  const std::string generator = TALLYSTICK_SOURCE_FOLDER "/tests/base/make-decimal-cases.py";
  const testing::Finished generated = testing::Process("python3", {generator}).Wait();
  EXPECT_EQ(generated.status, 0) << generated.err;
  std::ifstream file(testing::kDecimalCases, std::ios::binary);
  const std::string cases{std::istreambuf_iterator<char>(file), {}};
  EXPECT_TRUE(generated.out == cases) << "run tests/base/make-decimal-cases.py > tests/testdata/decimal-cases.txt";
}

}  // namespace
}  // namespace tallystick
