#include "lib/json/strings.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace tallystick {
namespace {

using namespace std::string_view_literals;

TEST(UnescapeTest, AppendsWhatTheTextMeans) {
  const struct {
    std::string_view inside;
    std::string_view meaning;
  } table[] = {
      {"", ""},
      {"plain \xc3\xa9", "plain \xc3\xa9"},
      {R"(\"\\\/\b\f\n\r\t)", "\"\\/\b\f\n\r\t"},
      {R"(a\nb\nc)", "a\nb\nc"},
      {R"(\u0041\u00e9\u20AC\uFFFF)", "A\xc3\xa9\xe2\x82\xac\xef\xbf\xbf"},
      {R"(\u0000)", "\0"sv},
      {R"(\ud83d\ude00)", "\xf0\x9f\x98\x80"},
      {R"(\uD800\uDC00\uDBFF\uDFFF)", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
      {R"(\ud7ff\ue000)", "\xed\x9f\xbf\xee\x80\x80"},
      {R"(\\u0041)", "\\u0041"},
      {R"(\u00411)", "A1"},
      {R"(x\\)", "x\\"},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.inside);
    std::string out = "before ";
    EXPECT_EQ(Unescape(row.inside, &out), std::nullopt);
    EXPECT_EQ(out, "before " + std::string(row.meaning));
    EXPECT_EQ(Unescape(row.inside, nullptr), std::nullopt);
    EXPECT_EQ(HasEscapes(row.inside), row.inside.find('\\') != std::string_view::npos);
  }
}

TEST(UnescapeTest, NamesTheFirstEscapeThatIsNone) {
  const struct {
    std::string_view inside;
    std::size_t offset;
  } table[] = {
      {R"(\)", 0},  // nothing follows
      {R"(abc\)", 3},
      {R"(\\\)", 2},
      {R"(\x)", 0},
      {R"(a\'b)", 1},
      {R"(\n\0)", 2},
      {"\\\0"sv, 0},
      {"\\\xc3\xa9"sv, 0},
      {R"(\u)", 0},
      {R"(\u004)", 0},
      {R"(x\u00g1)", 1},
      {R"(\u 041)", 0},
      {R"(\u+041)", 0},
      {R"(\U0041)", 0},
      {R"(\ud800)", 0},  // half a pair
      {R"(ab\udbffcd)", 2},
      {R"(\udc00)", 0},
      {R"(\udfff\ud800)", 0},
      {R"(\ud800\u0041)", 0},
      {R"(\ud800\n)", 0},
      {R"(\ud800\ud800\udc00)", 0},
      {R"(\ud800\udc0)", 0},
      {R"(\ud800\\udc00)", 0},
      {R"(\ud83d\ude00\ude00)", 12},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.inside);
    std::string out;
    EXPECT_EQ(Unescape(row.inside, &out), row.offset);
    EXPECT_EQ(Unescape(row.inside, nullptr), row.offset);
  }
}

}  // namespace
}  // namespace tallystick
