// The parser against a plain one, on documents that nobody thought of.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "lib/json/event_parser.h"
#include "tests/json/parsing.h"
#include "tests/support/event_reference.h"
#include "tests/support/hex.h"
#include "tests/support/mutated.h"
#include "tests/support/random.h"

namespace tallystick {
namespace {

using namespace std::string_view_literals;
using testing::Parsed;
using testing::Random;
using testing::ReferenceParser;

// Agreement on everything but messages, and on where a text stops being JSON.
void ExpectSame(const Parsed& actual, const Parsed& expected, std::string_view document) {
  ASSERT_EQ(testing::Difference(actual, expected), std::nullopt) << document << "\n" << testing::ToHex(document);
  const Rejection rejection = actual.rejection.value_or(Rejection());
  ASSERT_LE(rejection.offset.value_or(0), document.size()) << document;
}

// Makes JSON text of any shape, and knows what it is when minified.
class Generator {
 public:
  explicit Generator(Random* random) : random_(random) {}

  struct Text {
    std::string spread;
    std::string minified;
    void Append(std::string_view token) {
      spread.append(token);
      minified.append(token);
    }
  };

  void Space(Text* text) {
    while (random_->OneIn(3)) text->spread += random_->PickFrom(" \n\r\t"sv);
    if (random_->OneIn(40)) text->spread.append(static_cast<std::size_t>(random_->Below(140)), ' ');
  }

  void Value(int levels, Text* text) {
    switch (random_->Below(levels > 0 ? 7 : 5)) {
      case 0:
        return text->Append(random_->PickFrom(std::vector<std::string>{"true", "false", "null"}));
      case 1:
      case 2:
        return Number(text);
      case 3:
      case 4:
        return String("", text);
      case 5:
        return Object(levels, text);
      default:
        return Array(levels, text);
    }
  }

  void Object(int levels, Text* text) {
    text->Append("{");
    Space(text);
    for (std::uint64_t i = 0, count = random_->Below(5); i < count; ++i) {
      if (i > 0) {
        text->Append(",");
        Space(text);
      }
      String("k" + std::to_string(i), text);  // so that no key is there twice
      Space(text);
      text->Append(":");
      Space(text);
      Value(levels - 1, text);
      Space(text);
    }
    text->Append("}");
  }

 private:
  void Array(int levels, Text* text) {
    text->Append("[");
    Space(text);
    for (std::uint64_t i = 0, count = random_->Below(5); i < count; ++i) {
      if (i > 0) {
        text->Append(",");
        Space(text);
      }
      Value(levels - 1, text);
      Space(text);
    }
    text->Append("]");
  }

  void Digits(Text* text) {
    do {
      text->Append(std::string(1, random_->PickFrom("0123456789"sv)));
    } while (!random_->OneIn(3));
  }

  void Number(Text* text) {
    if (random_->OneIn(2)) text->Append("-");
    text->Append(random_->OneIn(4) ? "0" : std::string(1, random_->PickFrom("123456789"sv)));
    if (text->minified.back() != '0' && random_->OneIn(2)) Digits(text);
    if (random_->OneIn(2)) {
      text->Append(".");
      Digits(text);
    }
    if (random_->OneIn(3)) {
      text->Append(random_->PickFrom(std::vector<std::string>{"e", "E", "e+", "E-"}));
      Digits(text);
    }
  }

  void String(std::string_view start, Text* text) {
    static const std::vector<std::string> kPieces = {"a",
                                                     "bc",
                                                     " ",
                                                     "  ",
                                                     "{",
                                                     "}",
                                                     "[",
                                                     "]",
                                                     ":",
                                                     ",",
                                                     "'",
                                                     "/",
                                                     "null",
                                                     "1.0",
                                                     "\\\"",
                                                     "\\\\",
                                                     "\\/",
                                                     "\\b",
                                                     "\\f",
                                                     "\\n",
                                                     "\\r",
                                                     "\\t",
                                                     "\\u0000",
                                                     "\\u00e9",
                                                     "\\uABCD",
                                                     "\\ud83d\\ude00",
                                                     "\\uDBFF\\uDFFF",
                                                     "\x7f",
                                                     "\xc2\x80",
                                                     "\xc3\xa9",
                                                     "\xe2\x82\xac",
                                                     "\xef\xbf\xbf",
                                                     "\xf0\x9f\x98\x80",
                                                     "\xf4\x8f\xbf\xbf"};
    text->Append("\"");
    text->Append(start);
    if (random_->OneIn(20)) text->Append(std::string(static_cast<std::size_t>(random_->Below(140)), 'x'));
    while (!random_->OneIn(4)) text->Append(random_->PickFrom(kPieces));
    text->Append("\"");
  }

  Random* const random_;
};

// NOLINTBEGIN(bugprone-suspicious-missing-comma): long documents are written in pieces.
const std::vector<std::string>& Documents() {
  static const std::vector<std::string> documents = {
      R"({"customerAlias":"a","eventType":"t"})",
      R"({"customerEventId":"event-id-1","customerAlias":"customer-1","eventType":"message-sent",)"
      R"("eventTimestamp":"2022-10-01T00:00:00Z","eventProperties":{"length":500,"type":"text_message"}})",
      R"({ "id" : "0184421a-8202-70ea-a729-30308a40bbf7" , "sequenceAccountId" : [ null , { } ] , "eventType" : "t\u00e9",)"
      "\n\t"
      R"( "customerAlias" : "\ud83d\ude00" , "eventTimestamp" : null , "customerEventId" : null })",
      R"({"eventProperties":{"a":[1,-2.5e+10,0.0,true,false,null,"\\\"\n",{"b":{"c":[[],{}]}}],"d":"x y"},)"
      "\"customerAlias\":\"\xc3\xa9\xf0\x9f\x98\x80\",\"eventType\":\"t\"}",
      R"({"customerAlias":"a\\","eventType":"\"t\"","eventTimestamp":"2016-12-31T18:59:60.5-05:00","eventProperties":{)"
      R"("0":0,"1":1,"2":2,"3":3,"4":4,"5":5,"6":6,"7":7,"8":8,"9":9,"10":10,"11":11,"12":12,"13":13}})",
      R"({"eventProperties": {"deep": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[0)"
      R"(]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]] }, "customerAlias":"a","eventType":"t"})",
      R"({"customerAlias":"                                                                ","eventType":"\\\\\\\\\\\\\\",)"
      R"("eventProperties":{"\\\\":"\\\\\"\\\\\"","                                  ":"                        \\"}})",
  };
  return documents;
}
// NOLINTEND(bugprone-suspicious-missing-comma)

std::string Mutated(Random* random, std::string text) {
  static const std::vector<std::string> kPieces = {"{",
                                                   "}",
                                                   "[",
                                                   "]",
                                                   ":",
                                                   ",",
                                                   "\"",
                                                   "\\",
                                                   "\\\\",
                                                   "\\\"",
                                                   "null",
                                                   "true",
                                                   "0",
                                                   "-",
                                                   ".",
                                                   "e",
                                                   "1",
                                                   "+",
                                                   "E5",
                                                   "{}",
                                                   "[]",
                                                   "\"\"",
                                                   "\"a\":1,",
                                                   "\"id\":1,",
                                                   "\"customerAlias\":\"b\",",
                                                   "\"x\":0",
                                                   "\\u0000",
                                                   "\\u0041",
                                                   "\\ud83d",
                                                   "\\ude00",
                                                   "\\u",
                                                   "\\n",
                                                   " ",
                                                   "\n",
                                                   "\t",
                                                   "\r",
                                                   "\f",
                                                   "\v",
                                                   std::string(1, '\0'),
                                                   "\x1f",
                                                   "\x7f",
                                                   "\x80",
                                                   "\xc0",
                                                   "\xc3",
                                                   "\xc3\xa9",
                                                   "\xed\xa0\x80",
                                                   "\xf0\x9f",
                                                   "\xff",
                                                   "\xef\xbb\xbf",
                                                   "//",
                                                   "/**/",
                                                   "'",
                                                   "NaN",
                                                   "01",
                                                   "1.",
                                                   "[[[[",
                                                   "]]]]",
                                                   "                                                                "};
  return testing::Mutated(random, std::move(text), kPieces);
}

class EventParserRandomTest : public testing::OnEveryImplementation {
 protected:
  Random random_;
  EventParser parser_;
};
TALLYSTICK_ON_EVERY_IMPLEMENTATION(EventParserRandomTest);

TEST_P(EventParserRandomTest, ReferenceTakesTheDocumentsToo) {
  for (const std::string& document : Documents()) {
    ASSERT_FALSE(ReferenceParser::Parse(document).rejection.has_value()) << document;
    ExpectSame(testing::Parse(&parser_, document), ReferenceParser::Parse(document), document);
  }
}

TEST_P(EventParserRandomTest, MutatedDocumentsAreReadAsTheReferenceReadsThem) {
  int accepted = 0;
  constexpr int kDocuments = 8'000;
  for (int i = 0; i < kDocuments && !HasFatalFailure(); ++i) {
    const std::string document = Mutated(&random_, random_.PickFrom(Documents()));
    const Parsed expected = ReferenceParser::Parse(document);
    if (!expected.rejection.has_value()) ++accepted;
    ExpectSame(testing::Parse(&parser_, document), expected, document);
  }
  // Both answers must come up often, or nothing is compared.
  EXPECT_GT(accepted, kDocuments / 50);
  EXPECT_LT(accepted, kDocuments * 9 / 10);
}

TEST_P(EventParserRandomTest, MutatedPropertiesAreReadAsTheReferenceReadsThem) {
  int accepted = 0;
  constexpr int kObjects = 8'000;
  Generator generator(&random_);
  for (int i = 0; i < kObjects && !HasFatalFailure(); ++i) {
    Generator::Text text;
    generator.Object(4, &text);
    const std::string object = Mutated(&random_, text.spread);
    const Parsed expected = ReferenceParser::ParseProperties(object);
    if (!expected.rejection.has_value()) ++accepted;
    Parsed actual = testing::ParseProperties(&parser_, object);
    ExpectSame(actual, expected, object);
  }
  EXPECT_GT(accepted, kObjects / 50);
  EXPECT_LT(accepted, kObjects * 9 / 10);
}

TEST_P(EventParserRandomTest, GeneratedPropertiesAreTakenAndMinified) {
  Generator generator(&random_);
  for (int i = 0; i < 3'000 && !HasFatalFailure(); ++i) {
    Generator::Text text;
    generator.Object(static_cast<int>(random_.Below(12)), &text);
    SCOPED_TRACE(text.spread);
    const Parsed alone = testing::ParseProperties(&parser_, text.spread);
    ASSERT_FALSE(alone.rejection.has_value()) << alone.rejection->ToString();
    ASSERT_EQ(alone.event_properties, text.minified);
    const Parsed event =
        testing::Parse(&parser_, R"({"customerAlias":"a","eventProperties":)" + text.spread + R"(,"eventType":"t"})");
    ASSERT_FALSE(event.rejection.has_value()) << event.rejection->ToString();
    ASSERT_EQ(event.event_properties, text.minified);
  }
}

}  // namespace
}  // namespace tallystick
