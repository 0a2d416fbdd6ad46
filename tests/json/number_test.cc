#include "lib/json/number.h"

#include <string_view>

#include "gtest/gtest.h"

namespace tallystick {
namespace {

using namespace std::string_view_literals;

TEST(IsJsonNumberTest, TakesTheGrammarWhateverTheValue) {
  for (const char* number : {"0",
                             "-0",
                             "1",
                             "-1",
                             "10",
                             "1234567890",
                             "0.5",
                             "-0.50",
                             "1.10",
                             "1e5",
                             "1E5",
                             "1e+5",
                             "1e-5",
                             "0e0",
                             "-0.0e-00",
                             "1e400",
                             "1e-400",
                             "12.5",
                             "9007199254740993",
                             "99999999999999999999999999999999999999999",
                             "1e99999999999999999999"}) {
    EXPECT_TRUE(IsJsonNumber(number)) << number;
  }
}

TEST(IsJsonNumberTest, RefusesWhatIsNotWhollyANumber) {
  for (const std::string_view none :
       {""sv,    "-"sv,   "+"sv,    "+1"sv,           " 1"sv,        "1 "sv,    "\n1"sv,   "1\n"sv,   "01"sv,
        "-01"sv, "00"sv,  "00.5"sv, ".5"sv,           "-.5"sv,       "5."sv,    "5.e1"sv,  "."sv,     "e"sv,
        "e5"sv,  "1e"sv,  "1e+"sv,  "1e-"sv,          "1e+-5"sv,     "1e5.0"sv, "1.2.3"sv, "1e5e5"sv, "--1"sv,
        "-+1"sv, "1-1"sv, "0x10"sv, "0b1"sv,          "1_000"sv,     "1,000"sv, "1,5"sv,   "1f"sv,    "1L"sv,
        "NaN"sv, "nan"sv, "inf"sv,  "Infinity"sv,     "-Infinity"sv, "true"sv,  "null"sv,  "\"1\""sv, "1\0"sv,
        "\0"sv,  "1/2"sv, "1:"sv,   "\xef\xbc\x91"sv, "\xd9\xa1"sv}) {
    EXPECT_FALSE(IsJsonNumber(none)) << none;
  }
}

}  // namespace
}  // namespace tallystick
