#include "serve/url.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallystick::tools {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;
using ::testing::Pair;

std::optional<std::vector<std::pair<std::string, std::string>>> Pairs(std::string_view text) {
  const std::optional<Query> query = Query::Parse(text);
  if (!query.has_value()) return std::nullopt;
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const Query::Parameter& parameter : query->parameters()) pairs.emplace_back(parameter.name, parameter.value);
  return pairs;
}

TEST(UrlTest, EveryByteGoesThroughItsEncoding) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  const std::string encoded = PercentEncode(all);
  EXPECT_THAT(PercentDecode(encoded), Optional(all));
  EXPECT_EQ(encoded.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%"),
            std::string::npos);
  EXPECT_EQ(PercentEncode("#en.wikipedia/Talk:Oswald Tilghman"), "%23en.wikipedia%2FTalk%3AOswald%20Tilghman");
  EXPECT_EQ(PercentEncode("a-._~Z9"), "a-._~Z9");
}

TEST(UrlTest, APercentSignStandsBeforeTwoHexDigits) {
  EXPECT_THAT(PercentDecode("%2f%2F+"), Optional(std::string("//+")));
  for (const char* text : {"%", "%2", "a%", "%2g", "%g2", "%%20", "%-1"})
    EXPECT_EQ(PercentDecode(text), std::nullopt) << text;
}

TEST(UrlTest, AQueryHasParametersInOrder) {
  EXPECT_THAT(Pairs(""), Optional(ElementsAre()));
  EXPECT_THAT(Pairs("a=1&b=&c&a=2=3&&=x"),
              Optional(ElementsAre(Pair("a", "1"), Pair("b", ""), Pair("c", ""), Pair("a", "2=3"), Pair("", "x"))));
  EXPECT_THAT(Pairs("customer%41lias=a+b%2Bc%26d"), Optional(ElementsAre(Pair("customerAlias", "a b+c&d"))));
  EXPECT_EQ(Pairs("a=%"), std::nullopt);
  EXPECT_EQ(Pairs("%x=1"), std::nullopt);
}

TEST(UrlTest, ATargetIsAPathOrAWholeUrl) {
  const auto parts = [](std::string_view text) {
    const std::optional<RequestTarget> target = ParseTarget(text);
    return target.has_value() ? std::string(target->path) + " " + std::string(target->query) : "none";
  };
  EXPECT_EQ(parts("/"), "/ ");
  EXPECT_EQ(parts("/a/b?c=d?e"), "/a/b c=d?e");
  EXPECT_EQ(parts("/a?"), "/a ");
  EXPECT_EQ(parts("http://user:secret@host:80/a?b"), "/a b");
  EXPECT_EQ(parts("http://host"), "/ ");
  EXPECT_EQ(parts("/a://b"), "/a://b ");
  for (const char* text : {"", "a", "*", "?a=/", "host:80", "http://host?a"}) EXPECT_EQ(parts(text), "none") << text;
}

}  // namespace
}  // namespace tallystick::tools
