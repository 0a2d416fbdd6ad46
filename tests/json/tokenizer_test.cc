#include "lib/json/tokenizer.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "tests/json/parsing.h"

namespace tallystick {
namespace {

class TokenizerTest : public testing::OnEveryImplementation {
 protected:
  std::vector<std::uint32_t> Starts(std::string_view document) {
    const testing::Exact exact(document);
    const std::optional<Rejection> rejection = tokenizer_.Tokenize(exact.text());
    EXPECT_FALSE(rejection.has_value()) << document.substr(0, 200) << " " << rejection.value_or(Rejection{}).ToString();
    if (rejection.has_value()) return {};
    return {tokenizer_.starts(), tokenizer_.starts() + tokenizer_.count()};
  }

  Tokenizer tokenizer_;
};
TALLYSTICK_ON_EVERY_IMPLEMENTATION(TokenizerTest);

using Offsets = std::vector<std::uint32_t>;

TEST_P(TokenizerTest, FindsWhereTokensBegin) {
  EXPECT_EQ(Starts("{}"), (Offsets{0, 1}));
  EXPECT_EQ(Starts(R"( {"a b" : [ 1.5,true ] } )"), (Offsets{1, 2, 8, 10, 12, 15, 16, 21, 23}));
  EXPECT_EQ(Starts(R"(["{[:,]}\"\\",null])"), (Offsets{0, 1, 13, 14, 18}));
  EXPECT_EQ(Starts("  -0 "), (Offsets{2}));
}

TEST_P(TokenizerTest, ReadsNothingBehindTheEnd) {
  for (std::size_t size = 0; size < 200; ++size) {
    EXPECT_EQ(Starts(std::string(size, ' ') + "1"), (Offsets{static_cast<std::uint32_t>(size)}));
    EXPECT_EQ(Starts("\"" + std::string(size, 'x') + "\""), (Offsets{0}));
  }
}

TEST_P(TokenizerTest, TakesLargeAndSmallInTurn) {
  for (const std::size_t size : {10u, 5'000u, 10u, 300'000u, 250'000u, 2'000'000u, 2'100'000u, 100u, 4'096u}) {
    const std::string document = "[" + std::string(size, ' ') + "1" + std::string(size, ' ') + "]";
    EXPECT_EQ(Starts(document),
              (Offsets{0, static_cast<std::uint32_t>(size + 1), static_cast<std::uint32_t>(2 * size + 2)}));
  }
}

// The greatest number of tokens: every byte is one.
TEST_P(TokenizerTest, EveryByteMayBeAToken) {
  for (const std::size_t size : {1u, 63u, 64u, 65u, 4'095u, 4'096u, 4'097u, 300'000u}) {
    const Offsets starts = Starts(std::string(size, '['));
    ASSERT_EQ(starts.size(), size);
    EXPECT_EQ(starts.front(), 0u);
    EXPECT_EQ(starts.back(), size - 1);
  }
}

TEST_P(TokenizerTest, SaysWhyTextHasNoTokens) {
  const struct {
    std::string_view document;
    const char* message;
    std::optional<std::size_t> offset;
  } table[] = {
      {"", "is empty", std::nullopt},
      {" \n ", "is empty", std::nullopt},
      {R"({"a":"b)", "has a string that does not end", 5},
      {R"({"a\"":"b\\\")", "has a string that does not end", 7},
      {"[\"a\",\"b\tc\"]", "has a control character in a string that is not escaped", 7},
      {"[\"\\\"\n\"]", "has a control character in a string that is not escaped", 4},
      {"[\"a\xff\"]", "is not valid UTF-8", 3},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.document);
    const testing::Exact exact(row.document);
    const std::optional<Rejection> rejection = tokenizer_.Tokenize(exact.text());
    ASSERT_TRUE(rejection.has_value());
    EXPECT_EQ(rejection->reason, RejectReason::kInvalidJson);
    EXPECT_EQ(rejection->message, row.message);
    EXPECT_EQ(rejection->pointer, "");
    EXPECT_EQ(rejection->offset, row.offset);
  }
}

TEST(FaultOfTextTest, IsThatOfBytesAndStringsWhateverStandsBetween) {
  const struct {
    std::string_view document;
    std::string message;
    std::size_t offset = 0;
  } table[] = {
      {R"({"a\"":[1,"é"]} nul)", ""},
      {"[\"a\", \xff\"]", "is not valid UTF-8", 6},
      {"\"a \xc3", "is not valid UTF-8", 3},
      {R"(["a", \"b"])", "has a backslash outside of strings", 6},
      {R"(\)", "has a backslash outside of strings", 0},
      {R"(["a",b"c"])", "has a string right behind a word or number", 6},
      {"[\x0c\"a\"]", "has a string right behind a word or number", 2},
      {"[\"a\\\nb\"]", "has a control character in a string that is not escaped", 4},
      {"[\"a\tb", "has a control character in a string that is not escaped", 3},
      {"\n\t[1", ""},
      {R"("a" "b\")", "has a string that does not end", 4},
      {R"("a\)", "has a string that does not end", 0},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.document);
    const std::optional<Rejection> fault = FaultOfText(row.document);
    ASSERT_EQ(fault.has_value(), !row.message.empty());
    if (!fault.has_value()) continue;
    EXPECT_EQ(fault->reason, RejectReason::kInvalidJson);
    EXPECT_EQ(fault->message, row.message);
    EXPECT_EQ(fault->offset, row.offset);
  }
}

}  // namespace
}  // namespace tallystick
