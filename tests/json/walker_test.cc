#include "lib/json/walker.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "lib/json/tokenizer.h"

namespace tallystick {
namespace {

// A walker over a document, which lives as long.
class Walk {
 public:
  explicit Walk(std::string_view document)
      : document_(document), rejected_(tokenizer_.Tokenize(document_).has_value()) {
    EXPECT_FALSE(rejected_) << document;
    walker_.emplace(document_, tokenizer_);
  }
  Walker* operator->() { return &*walker_; }

 private:
  const std::string document_;
  Tokenizer tokenizer_;
  const bool rejected_;
  std::optional<Walker> walker_;
};

TEST(WalkerTest, SkipsOneValueOfAnyKind) {
  for (const char* value :
       {"1", "-0.5e7", "true", "null", R"("a\"b")", "[]", "{}", "[1,[2,[3]],{}]", R"({"a":{"b":[{"c":[]}]},"d":1})"}) {
    Walk walk("[" + std::string(value) + " , 7]");
    ASSERT_TRUE(walk->Peek().has_value());
    EXPECT_EQ(walk->Peek()->text, "[");
    EXPECT_TRUE(walk->SkipValue(1));
    EXPECT_FALSE(walk->Peek().has_value());
    EXPECT_TRUE(walk->ExpectEnd());

    Walk alone(std::string(value) + " 7");
    EXPECT_TRUE(alone->SkipValue(1));
    ASSERT_TRUE(alone->Peek().has_value());
    EXPECT_EQ(alone->Peek()->text, "7");
    EXPECT_FALSE(alone->ExpectEnd());
    EXPECT_EQ(alone->failure()->message, "has something behind its end");
  }
}

TEST(WalkerTest, ObjectGivesItsKeysAndItsEnd) {
  Walk walk(R"( { "a" : 1 , "b\n":[2], "":{"c":3} }  x)");
  std::vector<std::string> keys;
  std::vector<std::size_t> offsets;
  std::size_t end = 0;
  ASSERT_TRUE(walk->WalkObject(1, &end, [&](const Token& key) {
    keys.emplace_back(key.Inside());
    offsets.push_back(key.offset);
    return walk->SkipValue(2);
  }));
  EXPECT_EQ(keys, (std::vector<std::string>{"a", "b\\n", ""}));
  EXPECT_EQ(offsets, (std::vector<std::size_t>{3, 13, 24}));
  EXPECT_EQ(end, 36u);
  EXPECT_EQ(walk->Peek()->offset, 38u);
}

TEST(WalkerTest, ObjectEndsWhereItsMemberIsRefused) {
  Walk walk(R"({"a":1,"b":2})");
  std::size_t end = 0;
  int members = 0;
  EXPECT_FALSE(walk->WalkObject(1, &end, [&](const Token&) {
    ++members;
    return false;
  }));
  EXPECT_EQ(members, 1);
}

TEST(WalkerTest, LevelsAreCountedFromTheOneGiven) {
  for (int level = 1; level <= 64; ++level) {
    const auto levels = std::size_t{65} - static_cast<std::size_t>(level);
    Walk most(std::string(levels, '[') + std::string(levels, ']'));
    EXPECT_TRUE(most->SkipValue(level)) << level;
    Walk more(std::string(levels + 1, '[') + std::string(levels + 1, ']'));
    EXPECT_FALSE(more->SkipValue(level)) << level;
    EXPECT_EQ(more->failure()->reason, RejectReason::kTooDeep);
    EXPECT_EQ(more->failure()->offset, levels);
  }
  Walk walk("{}");
  std::size_t end = 0;
  EXPECT_FALSE(walk->WalkObject(65, &end, [](const Token&) { return true; }));
  EXPECT_EQ(walk->failure()->reason, RejectReason::kTooDeep);
}

TEST(WalkerTest, SeesWhetherThereIsWhitespaceToTakeOut) {
  const struct {
    const char* document;
    bool gap;
  } table[] = {
      {R"({"a":[1,{"b":"c d"}]})", false},
      {"  {\"a\":1}  ", false},  // around it, not in it
      {R"({ "a":1})", true},
      {R"({"a" :1})", true},
      {R"({"a": 1})", true},
      {R"({"a":1 })", true},
      {R"({"a":[1, 2]})", true},
      {"{\n}", true},
      {"{}", false},
  };
  for (const auto& row : table) {
    Walk walk(row.document);
    const std::size_t start = walk->Peek()->offset;
    ASSERT_TRUE(walk->SkipValue(1));
    EXPECT_EQ(walk->SawGapSince(start), row.gap) << row.document;
  }
}

TEST(WalkerTest, FirstFailureStays) {
  Walk walk("[1 2");
  EXPECT_FALSE(walk->SkipValue(1));
  EXPECT_EQ(walk->failure()->message, "expects ',' or ']'");
  EXPECT_EQ(walk->failure()->offset, 3u);
  EXPECT_FALSE(walk->SkipValue(1));
  EXPECT_EQ(walk->failure()->message, "expects ',' or ']'");
}

}  // namespace
}  // namespace tallystick
