// What the tests of decimals share.

#ifndef TALLYSTICK_TESTS_BASE_DECIMALS_H_
#define TALLYSTICK_TESTS_BASE_DECIMALS_H_

#include <cstddef>
#include <fstream>
#include <iterator>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "lib/base/decimal.h"
#include "lib/base/decimal_sum.h"

namespace tallystick {

// So that a failure shows a number, not its bytes.
inline void PrintTo(const Decimal& value, std::ostream* out) { *out << value.ToString(); }
inline void PrintTo(const DecimalSum& sum, std::ostream* out) { *out << sum.ToString(); }

namespace testing {

// `number`, which lies within the limits.
inline Decimal Number(std::string_view number) {
  const std::optional<Decimal> value = Decimal::Parse(number);
  EXPECT_TRUE(value.has_value()) << number;
  return value.value_or(Decimal());
}

inline std::string Zeros(std::size_t count) { return std::string(count, '0'); }

inline constexpr const char* kDecimalCases = TALLYSTICK_SOURCE_FOLDER "/tests/testdata/decimal-cases.txt";

// The cases of one kind that tests/base/make-decimal-cases.py has computed, each as its words, `kind` the first.
inline std::vector<std::vector<std::string>> DecimalCases(std::string_view kind) {
  std::vector<std::vector<std::string>> cases;
  std::ifstream file(kDecimalCases);
  for (std::string line; std::getline(file, line);) {
    std::istringstream text(line);
    std::vector<std::string> words{std::istream_iterator<std::string>(text), {}};
    if (words.front() == kind) cases.push_back(std::move(words));
  }
  EXPECT_GE(cases.size(), 500U) << kDecimalCases;
  return cases;
}

}  // namespace testing
}  // namespace tallystick

#endif  // TALLYSTICK_TESTS_BASE_DECIMALS_H_
