// The corners of JSON: what is valid is stored, returned and exported with its meaning and its text; what is not is
// rejected, each on its own, beside events that are stored.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tallystick/store.h"
#include "tests/support/bulk.h"
#include "tests/support/json_reader.h"
#include "tests/support/open_store.h"

namespace tallystick::testing {
namespace {

using namespace std::string_view_literals;
using ::testing::SizeIs;

std::string DocumentOf(std::size_t n, std::string_view value) {
  return R"({"customerEventId":"event-)" + std::to_string(n) + R"(","customerAlias":"acme","eventType":"t",)" +
         R"("eventTimestamp":"2022-10-01T00:00:00Z","eventProperties":{"value":)" + std::string(value) + "}}";
}

// Values, minified, and what their strings mean.
struct Valid {
  std::string_view value;
  std::vector<std::string_view> strings = {};
};

const std::vector<Valid>& ValidValues() {
  static const std::vector<Valid> values = {
      // Words and empty things.
      {"null"},
      {"true"},
      {"false"},
      {"[]"},
      {"{}"},
      {R"("")", {""sv}},
      {"[[],{},\"\",null]"},
      // Numbers that a double would change, merge, or not hold.
      {"0"},
      {"-0"},
      {"-0.0e-0"},
      {"1.10"},
      {"100e-2"},
      {"1E+2"},
      {"9007199254740993"},
      {"-9223372036854775809"},
      {"18446744073709551616"},
      {"340282366920938463463374607431768211457"},
      {"0.1000000000000000055511151231257827021181583404541015625"},
      {"4.9406564584124654e-324"},
      {"2.5e-325"},
      {"1.7976931348623157e309"},
      {"1e400"},
      {"1e-99999999999999999999"},
      {"0e99999999999999999999"},
      // Escapes: all of them, needed or not, in either case, and of characters beyond 16 bits.
      {R"("\"\\\/\b\f\n\r\t")", {"\"\\/\b\f\n\r\t"sv}},
      {R"("\u0000")", {"\0"sv}},
      {R"("a\u0000b\u001f")", {"a\0b\x1f"sv}},
      {R"("\u0041\u00e9\u20AC\u20ac")", {"A\xc3\xa9\xe2\x82\xac\xe2\x82\xac"sv}},
      {R"("\ud83d\ude00\uDBFF\uDFFF")", {"\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf"sv}},
      {R"("\\ud83d")", {"\\ud83d"sv}},
      {R"("\\\\\"")", {"\\\\\""sv}},
      {R"("\u005c\u0022")", {"\\\""sv}},
      {R"("\ufeff\uffff\ufdd0")", {"\xef\xbb\xbf\xef\xbf\xbf\xef\xb7\x90"sv}},
      // Characters as they are: the first and last of each length, no characters, line ends to JavaScript, marks that
      // combine and that change direction.
      {"\"\x7f\"", {"\x7f"sv}},
      {"\"\xc2\x80\xdf\xbf\"", {"\xc2\x80\xdf\xbf"sv}},
      {"\"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"", {"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"sv}},
      {"\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"", {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"sv}},
      {"\"\xef\xbb\xbf\"", {"\xef\xbb\xbf"sv}},
      {"\"\xe2\x80\xa8\xe2\x80\xa9\"", {"\xe2\x80\xa8\xe2\x80\xa9"sv}},
      {"\"e\xcc\x81\xc3\xa9\"", {"e\xcc\x81\xc3\xa9"sv}},
      {"\"\xe2\x80\xaeSU\"", {"\xe2\x80\xaeSU"sv}},
      // Strings that look like something else.
      {R"("null")", {"null"sv}},
      {R"("1e400")", {"1e400"sv}},
      {R"("{\"a\":1},")", {"{\"a\":1},"sv}},
      {R"("[[[[")", {"[[[["sv}},
      {R"("// no comment /* */")", {"// no comment /* */"sv}},
      {R"("  two  spaces  ")", {"  two  spaces  "sv}},
      // Keys: empty, escaped, like others but for case, given twice below the first level, like JavaScript's own.
      {R"({"":{"":""}})", {""sv}},
      {R"({"\u0061":1,"A":2})"},
      {R"({"a":1,"a":2,"\u0061":3})"},
      {R"({"a.b":{"a":{"b":1}},"a":{"b":2}})"},
      {R"({"__proto__":{"constructor":null},"toString":1})"},
      {"{\"\xc3\xa9\":1,\"e\xcc\x81\":2}"},
      {R"({"eventTimestamp":"not one","id":0})"},
      {R"([{"a":[{"a":[{"a":[]}]}]}])"},
  };
  return values;
}

// What a value's strings mean, in the order of the text.
void CollectStrings(const Json& json, std::vector<std::string>* strings) {
  if (json.kind == Json::kString) strings->push_back(json.string);
  for (const Json& value : json.values) CollectStrings(value, strings);
}

class JsonCornerCasesTest : public StoreTest {};

TEST_F(JsonCornerCasesTest, WhatIsValidComesBackWithItsTextAndItsMeaning) {
  std::vector<std::string> documents;
  for (std::size_t i = 0; i < ValidValues().size(); ++i) documents.push_back(DocumentOf(i, ValidValues()[i].value));
  const std::vector<std::string_view> views(documents.begin(), documents.end());
  ASSERT_OK_AND_ASSIGN(const std::vector<WriteResult> results, store().WriteJson(account_, views));
  Reopen();

  std::vector<std::string> exported;
  for (std::size_t i = 0; i < ValidValues().size(); ++i) {
    const Valid& valid = ValidValues()[i];
    SCOPED_TRACE(valid.value);
    EXPECT_EQ(OutcomeName(results[i].outcome), "created") << results[i].rejection.value_or(Rejection()).ToString();
    ASSERT_OK_AND_ASSIGN(const OwnedEvent event, store().Get(account_, "event-" + std::to_string(i)));
    EXPECT_EQ(event->event_properties, R"({"value":)" + std::string(valid.value) + "}");
    const std::string json = ToJson(*event);
    const std::optional<Json> returned = ReferenceReader(json).ReadDocument(1);
    ASSERT_TRUE(returned.has_value()) << json;
    const Json& value = returned->values.back().values.at(0);
    EXPECT_EQ(value.minified, valid.value);
    std::vector<std::string> strings;
    CollectStrings(value, &strings);
    if (!valid.strings.empty()) {
      EXPECT_EQ(strings, std::vector<std::string>(valid.strings.begin(), valid.strings.end()));
    }
    exported.push_back(json);
  }

  // What was returned can be sent again, by the other way, and is nothing new.
  ASSERT_OK_AND_ASSIGN(const BulkResult again, store().WriteBulk(account_, SourceOf(exported)));
  EXPECT_EQ(again.unchanged, exported.size());
  EXPECT_EQ(again.read(), exported.size());

  // A meter tells values apart by what they mean: null is not "null", and number and string of one text are one.
  ASSERT_OK_AND_ASSIGN(const Usage usage,
                       store().Query({.account = account_, .meter = {.event_type = "t", .group_by = {"value"}}}));
  std::map<std::optional<std::string>, std::uint64_t> counts;
  for (const UsageRow& row : usage.rows) counts[row.group.at(0)] = row.count;
  EXPECT_EQ(counts.size(), ValidValues().size() - 1);
  EXPECT_EQ(counts[std::nullopt], 1U);
  EXPECT_EQ(counts["null"], 1U);
  EXPECT_EQ(counts["1e400"], 2U);
  EXPECT_EQ(counts[std::string("\0", 1)], 1U);
  EXPECT_EQ(counts[std::string("a\0b\x1f", 4)], 1U);
}

TEST_F(JsonCornerCasesTest, WhatIsInvalidIsRejectedOneByOne) {
  const std::vector<std::string_view> invalid = {
      // Not quite a word.
      "nul"sv,
      "nulL"sv,
      "True"sv,
      "tru"sv,
      "truefalse"sv,
      "undefined"sv,
      "None"sv,
      "Infinity"sv,
      "-Infinity"sv,
      "NaN"sv,
      // Not quite a number.
      "+1"sv,
      "-"sv,
      "- 1"sv,
      "01"sv,
      "-01"sv,
      "00"sv,
      ".5"sv,
      "5."sv,
      "1.e1"sv,
      "1e"sv,
      "1e+"sv,
      "1e1.5"sv,
      "1..2"sv,
      "1,5"sv,
      "1_000"sv,
      "1 000"sv,
      "0x1F"sv,
      "0b1"sv,
      "0o7"sv,
      "1n"sv,
      "1f"sv,
      "--1"sv,
      "1-1"sv,
      "\xd9\xa1"sv,
      "\xef\xbc\x91"sv,
      // Not quite a string.
      "\"a"sv,
      "a\""sv,
      "'a'"sv,
      "`a`"sv,
      "\"a\" \"b\""sv,
      "\"a\"b"sv,
      "\"\n\""sv,
      "\"\t\""sv,
      "\"\0\""sv,
      "\"\x1f\""sv,
      "\"\\x41\""sv,
      "\"\\0\""sv,
      "\"\\'\""sv,
      "\"\\\n\""sv,
      "\"\\u12\""sv,
      "\"\\u12g4\""sv,
      "\"\\u{1F600}\""sv,
      "\"\\U0001F600\""sv,
      "\\u0041"sv,
      "\"\\\""sv,
      // Half a pair of surrogates.
      "\"\\ud83d\""sv,
      "\"\\ude00\""sv,
      "\"\\ude00\\ud83d\""sv,
      "\"\\ud83d\\u0041\""sv,
      "\"\\ud83dx\\ude00\""sv,
      "{\"\\ud83d\":1}"sv,
      // Not UTF-8: cut off, too long, surrogates, too great, other encodings.
      "\"\x80\""sv,
      "\"\xc3\""sv,
      "\"\xe2\x82\""sv,
      "\"\xf0\x9f\x98\""sv,
      "\"\xc0\x80\""sv,
      "\"\xc1\xbf\""sv,
      "\"\xe0\x9f\xbf\""sv,
      "\"\xf0\x8f\xbf\xbf\""sv,
      "\"\xed\xa0\xbd\xed\xb8\x80\""sv,
      "\"\xf4\x90\x80\x80\""sv,
      "\"\xf8\x88\x80\x80\x80\""sv,
      "\"\xfe\xff\""sv,
      "\"caf\xe9\""sv,
      "\xff"sv,
      // Not quite an array or object.
      "["sv,
      "]"sv,
      "[1"sv,
      "[1,"sv,
      "[1,]"sv,
      "[,1]"sv,
      "[,]"sv,
      "[1,,2]"sv,
      "[1 2]"sv,
      "[1;2]"sv,
      "[1}"sv,
      "[1]]"sv,
      "{"sv,
      "{]"sv,
      "{,}"sv,
      "{\"a\"}"sv,
      "{\"a\":}"sv,
      "{\"a\":1,}"sv,
      "{,\"a\":1}"sv,
      "{\"a\" 1}"sv,
      "{\"a\"=1}"sv,
      "{\"a\"::1}"sv,
      "{\"a\":1 \"b\":2}"sv,
      "{\"a\":1;\"b\":2}"sv,
      "{a:1}"sv,
      "{'a':1}"sv,
      "{1:1}"sv,
      "{null:1}"sv,
      "{[]:1}"sv,
      "{\"a\":1}}"sv,
      "{...a}"sv,
      "(1)"sv,
      "<1>"sv,
      // What other languages take for space or comments.
      "1/**/"sv,
      "/* */1"sv,
      "1//\n"sv,
      "1#\n"sv,
      "\xc2\xa0"
      "1"sv,
      "\xef\xbb\xbf"
      "1"sv,
      "\xe2\x80\xa8"
      "1"sv,
      "\x0b"
      "1"sv,
      "\x0c"
      "1"sv,
      "\0"
      "1"sv,
      // Nothing, and too much.
      ""sv,
      " "sv,
      ","sv,
      ":"sv,
      "1 1"sv,
      "null null"sv,
      "{}{}"sv,
  };
  std::vector<std::string> documents;
  for (std::size_t i = 0; i < invalid.size(); ++i) {
    documents.push_back(DocumentOf(i, "1"));
    documents.push_back(DocumentOf(i, invalid[i]));
    documents.push_back(DocumentOf(i, R"({"a":[0,{"b":)" + std::string(invalid[i]) + "}]}"));
  }
  // Around the event rather than in it.
  const std::string event = DocumentOf(0, "1");
  for (const std::string_view around : {"x"sv, "{}"sv, "\0"sv, "\x1e"sv, "\xef\xbb\xbf"sv, "//"sv, "]"sv}) {
    documents.push_back(event);
    documents.push_back(std::string(around) + event);
    documents.push_back(event + std::string(around));
  }
  const std::vector<std::string_view> views(documents.begin(), documents.end());
  ASSERT_OK_AND_ASSIGN(const std::vector<WriteResult> results, store().WriteJson(account_, views));
  ASSERT_THAT(results, SizeIs(documents.size()));
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (i % 3 == 0) {
      EXPECT_NE(results[i].outcome, Outcome::kRejected) << documents[i];
    } else {
      ASSERT_EQ(results[i].outcome, Outcome::kRejected) << documents[i];
      EXPECT_EQ(RejectReasonName(results[i].rejection->reason), "invalid_json") << documents[i];
    }
  }
  ASSERT_OK_AND_ASSIGN(const std::vector<Stored> stored, ReadAll(store().Scan({.account = account_})));
  ASSERT_THAT(stored, SizeIs(invalid.size()));
  for (const Stored& one : stored) EXPECT_EQ(one.event_properties, R"({"value":1})");
}

}  // namespace
}  // namespace tallystick::testing
