#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tallystick/event.h"
#include "tests/json/parsing.h"
#include "tests/support/status_matchers.h"

namespace tallystick {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::StatusIs;

constexpr std::size_t kMany = 1000;

using ArrayTest = testing::OnEveryImplementation;
TALLYSTICK_ON_EVERY_IMPLEMENTATION(ArrayTest);

TEST_P(ArrayTest, ElementsAreTheirTexts) {
  EXPECT_THAT(SplitJsonArray("[]", kMany), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(SplitJsonArray(" [ ] \n", kMany), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(SplitJsonArray(R"([1])", kMany), IsOkAndHolds(ElementsAre("1")));
  EXPECT_THAT(SplitJsonArray("\t[ {\"a\" : [1, {}]} ,-0.5e7, \"x,]\\\"\" , null,[ [] , 2 ] ]", kMany),
              IsOkAndHolds(ElementsAre(R"({"a" : [1, {}]})", "-0.5e7", R"("x,]\"")", "null", "[ [] , 2 ]")));
}

TEST_P(ArrayTest, WhatOnlyEventsMayNotHaveIsLeftToTheWrite) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_THAT(SplitJsonArray("[" + deep + ",1]", kMany), IsOkAndHolds(ElementsAre(deep, "1")));
  EXPECT_THAT(SplitJsonArray(R"(["\ud800","\udc00x",1e400,{"a":1,"a":2}])", kMany),
              IsOkAndHolds(ElementsAre(R"("\ud800")", R"("\udc00x")", "1e400", R"({"a":1,"a":2})")));
}

TEST_P(ArrayTest, WhatIsNoArrayIsRefused) {
  for (const char* text : {
           "",
           " ",
           "{}",
           "1",
           "\"[]\"",
           "[",
           "[1",
           "[1,",
           "[1,]",
           "[,1]",
           "[1 2]",
           "[1,,2]",
           "[1]]",
           "[1][",
           "[1]1",
           "[1],",
           "]",
           "[}",
           "[{]",
           "[{]}",
           "[{\"a\"}]",
           "[{\"a\":}]",
           "[{\"a\":1,}]",
           "[{,}]",
           "[{1:2}]",
           "[{\"a\" 1}]",
           "[[1,2]",
           "[{\"a\":1]}",
           "[01]",
           "[tru]",
           "[truex]",
           "[1.]",
           "[\"\\x\"]",
           "[\"\\u12g4\"]",
           "[\"\\u12\"]",
           "[\"a]",
           "[\"a\"b]",
           "[\"a\" \"b\"]",
           "[\"\x01\"]",
           "[\xff]",
           "[\"\xff\"]",
           "[:]",
           "[1:2]",
           "[{\"a\":1:2}]",
           "[{\"a\",1}]",
           "[{\"\\q\":1}]",
           "\xef\xbb\xbf[]",
       }) {
    EXPECT_THAT(SplitJsonArray(text, kMany), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
  EXPECT_THAT(SplitJsonArray("[1, tru]", kMany), StatusIs(absl::StatusCode::kInvalidArgument, "byte 4"));
}

TEST_P(ArrayTest, ThereAreSoManyElementsAtMost) {
  EXPECT_THAT(SplitJsonArray("[1,[2,3],4]", 3), IsOk());
  EXPECT_THAT(SplitJsonArray("[1,[2,3],4,5]", 3), StatusIs(absl::StatusCode::kOutOfRange, "3"));
  EXPECT_THAT(SplitJsonArray("[]", 0), IsOk());
}

TEST(EscapesTest, AnEscapeIsOfTheGrammar) {
  // Elsewhere in these tests Unescape() refuses the same, and lone surrogates too.
  EXPECT_THAT(SplitJsonArray(R"(["\"\\\/\b\f\n\r\t\uFfFf\u0000"])", kMany), IsOk());
}

}  // namespace
}  // namespace tallystick
