#include "lib/base/utf8.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace tallystick {
namespace {

using namespace std::string_view_literals;

TEST(FindInvalidUtf8Test, AcceptsTheEdgesOfEveryLength) {
  for (const std::string_view text : {
           ""sv,
           "\0"sv,
           "\x7f"sv,  // U+0000, U+007F
           "\xc2\x80"sv,
           "\xdf\xbf"sv,  // U+0080, U+07FF
           "\xe0\xa0\x80"sv,
           "\xed\x9f\xbf"sv,
           "\xee\x80\x80"sv,  // U+0800, U+D7FF, U+E000
           "\xef\xbf\xbe"sv,
           "\xef\xbf\xbf"sv,  // U+FFFE and U+FFFF: scalar values all the same
           "\xf0\x90\x80\x80"sv,
           "\xf4\x8f\xbf\xbf"sv,  // U+10000, U+10FFFF
           "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"sv,
       }) {
    EXPECT_EQ(FindInvalidUtf8(text), std::nullopt) << text;
  }
}

TEST(FindInvalidUtf8Test, FindsAWrongByteWhereverItStands) {
  for (std::size_t size = 1; size <= 40; ++size) {
    for (std::size_t wrong = 0; wrong < size; ++wrong) {
      std::string text(size, 'a');
      EXPECT_EQ(FindInvalidUtf8(text), std::nullopt);
      text[wrong] = '\xff';
      EXPECT_EQ(FindInvalidUtf8(text), wrong) << size;
      if (wrong + 1 == size) continue;
      text[wrong] = '\xc3';
      EXPECT_EQ(FindInvalidUtf8(text), wrong) << size;  // the next byte does not continue it
      text[wrong + 1] = '\xa9';
      EXPECT_EQ(FindInvalidUtf8(text), std::nullopt) << size;
    }
  }
}

TEST(FindInvalidUtf8Test, NamesTheFirstByteThatIsWrong) {
  const struct {
    std::string_view text;
    std::size_t offset;
  } table[] = {
      {"\x80"sv, 0},  // continues nothing
      {"\xbf"sv, 0},
      {"\xc0\x80"sv, 0},          // overlong U+0000
      {"\xc1\xbf"sv, 0},          // overlong U+007F
      {"\xe0\x9f\xbf"sv, 0},      // overlong U+07FF
      {"\xf0\x8f\xbf\xbf"sv, 0},  // overlong U+FFFF
      {"\xed\xa0\x80"sv, 0},      // U+D800
      {"\xed\xbf\xbf"sv, 0},      // U+DFFF
      {"\xf4\x90\x80\x80"sv, 0},  // U+110000
      {"\xf5\x80\x80\x80"sv, 0},
      {"\xff"sv, 0},
      {"\xfe"sv, 0},
      {"abc\xff"
       "def"sv,
       3},
      {"\xc3\xa9\xc3"sv, 2},  // cut short by the end
      {"\xe2\x82"sv, 0},
      {"\xf0\x9f\x98"sv, 0},
      {"ab\xc3z"sv, 2},  // cut short by another character
      {"ab\xe2\x82z"sv, 2},
      {"ab\xf0\x9f\x98z"sv, 2},
      {"\xc3\xa9\xa9"sv, 2},  // one byte too many
      {"\0\0\x80"sv, 2},
  };
  for (const auto& row : table) EXPECT_EQ(FindInvalidUtf8(row.text), row.offset) << row.text;
}

TEST(AppendUtf8Test, EveryScalarValueIsValidAndSurroundingTextStays) {
  std::size_t bytes = 0;
  for (char32_t scalar = 0; scalar <= 0x10ffff; ++scalar) {
    if (scalar == 0xd800) scalar = 0xe000;
    std::string text;
    AppendUtf8(scalar, &text);
    ASSERT_EQ(FindInvalidUtf8(text), std::nullopt) << static_cast<std::uint32_t>(scalar);
    bytes += text.size();
  }
  // 128 of one byte, 1,920 of two, 61,440 of three, 1,048,576 of four.
  EXPECT_EQ(bytes, 128 + 2 * 1'920 + 3 * 61'440 + 4 * 1'048'576);

  std::string text = "price ";
  AppendUtf8(U'\u20ac', &text);
  AppendUtf8(U'\U0001f600', &text);
  AppendUtf8(U'\u00e9', &text);
  AppendUtf8(U'A', &text);
  EXPECT_EQ(text,
            "price \xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9"
            "A");
}

}  // namespace
}  // namespace tallystick
