#include "lib/json/event_parser.h"

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "tallystick/event.h"
#include "tests/json/parsing.h"

namespace tallystick {
namespace {

using namespace std::string_view_literals;
using testing::Parsed;

constexpr char kAlias[] = "/customerAlias";
constexpr char kProperties[] = "/eventProperties";

// A document of which everything but `properties` is in order.
std::string WithProperties(std::string_view properties) {
  return R"({"customerAlias":"a","eventType":"t","eventProperties":)" + std::string(properties) + "}";
}

std::string WithAlias(std::string_view inside) {
  return R"({"eventType":"t","customerAlias":")" + std::string(inside) + "\"}";
}

// Takes the `^` out of a document: it stands before the byte that a rejection is to name.
std::string TakeMark(std::string_view marked, std::optional<std::size_t>* offset) {
  std::string document(marked);
  const std::size_t at = document.find('^');
  offset->reset();
  if (at != std::string::npos) {
    *offset = at;
    document.erase(at, 1);
  }
  return document;
}

struct Refused {
  std::string document;  // with `^` where the offset is; without one, none is known
  RejectReason reason;
  std::string pointer;
  std::string message;
};

class EventParserTest : public testing::OnEveryImplementation {
 protected:
  Parsed Parse(std::string_view document) { return testing::Parse(&parser_, document); }
  Parsed ParseProperties(std::string_view object) { return testing::ParseProperties(&parser_, object); }

  void ExpectRejection(const std::optional<Rejection>& actual, const Refused& expected,
                       std::optional<std::size_t> offset) {
    ASSERT_TRUE(actual.has_value());
    EXPECT_EQ(RejectReasonName(actual->reason), RejectReasonName(expected.reason));
    EXPECT_EQ(actual->pointer, expected.pointer);
    EXPECT_EQ(actual->message, expected.message);
    EXPECT_EQ(actual->offset, offset);
  }

  void ExpectRefused(const Refused& row) {
    SCOPED_TRACE(row.document.substr(0, 500));
    std::optional<std::size_t> offset;
    const std::string document = TakeMark(row.document, &offset);
    ExpectRejection(Parse(document).rejection, row, offset);
  }
  void ExpectRefused(std::initializer_list<Refused> table) {
    for (const Refused& row : table) ExpectRefused(row);
  }
  void ExpectNoJson(std::string_view document, const char* message) {
    ExpectRefused({std::string(document), RejectReason::kInvalidJson, "", message});
  }

  void ExpectAccepted(std::string_view document) {
    const Parsed parsed = Parse(document);
    EXPECT_FALSE(parsed.rejection.has_value()) << parsed.rejection.value_or(Rejection{}).ToString() << "\n"
                                               << document.substr(0, 500);
  }

  // `properties` are stored as `minified`, from an event and on their own.
  void ExpectStored(std::string_view properties, std::string_view minified) {
    SCOPED_TRACE(properties.substr(0, 500));
    ExpectAccepted(WithProperties(properties));
    EXPECT_EQ(Parse(WithProperties(properties)).event_properties, minified);
    const Parsed alone = ParseProperties(properties);
    EXPECT_FALSE(alone.rejection.has_value());
    EXPECT_EQ(alone.event_properties, minified);
  }

  EventParser parser_;
};
TALLYSTICK_ON_EVERY_IMPLEMENTATION(EventParserTest);

// ---- What is accepted

TEST_P(EventParserTest, TakesEveryField) {
  const Parsed parsed = Parse(R"({
    "customerEventId": "event-id-1",
    "customerAlias": "customer \u00e9\ud83d\ude00",
    "eventType": "message-sent",
    "eventTimestamp": "2022-10-01T02:00:00.5+02:00",
    "eventProperties": {"length": 500, "type": "text_message"}
  })");
  ASSERT_FALSE(parsed.rejection.has_value()) << parsed.rejection->ToString();
  EXPECT_EQ(parsed.customer_event_id, "event-id-1");
  EXPECT_EQ(parsed.customer_alias, "customer \xc3\xa9\xf0\x9f\x98\x80");
  EXPECT_EQ(parsed.event_type, "message-sent");
  EXPECT_EQ(parsed.event_timestamp, (Instant{63'800'179'200, 500'000'000}));
  EXPECT_EQ(parsed.event_properties, R"({"length":500,"type":"text_message"})");
}

TEST_P(EventParserTest, OptionalFieldsMayBeAbsentOrNull) {
  for (
      const char* document : {
          R"({"customerAlias":"a","eventType":"t"})",
          R"({"eventType":"t","customerAlias":"a"})",
          R"({"customerEventId":null,"customerAlias":"a","eventType":"t","eventTimestamp":null,"eventProperties":null})",
      }) {
    const Parsed parsed = Parse(document);
    ASSERT_FALSE(parsed.rejection.has_value()) << document;
    EXPECT_EQ(parsed.customer_event_id, std::nullopt);
    EXPECT_EQ(parsed.customer_alias, "a");
    EXPECT_EQ(parsed.event_type, "t");
    EXPECT_EQ(parsed.event_timestamp, std::nullopt);
    EXPECT_EQ(parsed.event_properties, "{}");
  }
}

TEST_P(EventParserTest, FieldsMayBeWrittenWithEscapes) {
  const Parsed parsed =
      Parse(R"({"\u0063ustomerEventId":"\u0069\/1","customer\u0041lias":"a\"\\","event\u0054ype":"t\u00e9",)"
            R"("eventTimestam\u0070":"2022-10-01T00:00:00\u005a","eventPropertie\u0073":{"\u006b":"\u0076"}})");
  ASSERT_FALSE(parsed.rejection.has_value()) << parsed.rejection->ToString();
  EXPECT_EQ(parsed.customer_event_id, "i/1");
  EXPECT_EQ(parsed.customer_alias, "a\"\\");
  EXPECT_EQ(parsed.event_type, "t\xc3\xa9");
  EXPECT_EQ(parsed.event_timestamp, (Instant{63'800'179'200, 0}));
  EXPECT_EQ(parsed.event_properties, R"({"\u006b":"\u0076"})");
}

TEST_P(EventParserTest, PlainTextIsNotCopied) {
  const std::string document =
      R"({"customerEventId":"i","customerAlias":"a","eventType":"t","eventProperties":{"n":1}})";
  ParsedEvent event;
  ASSERT_FALSE(parser_.Parse(document, &event).has_value());
  for (const std::string_view text :
       {*event.customer_event_id, event.customer_alias, event.event_type, event.event_properties}) {
    EXPECT_TRUE(text.data() >= document.data() && text.data() + text.size() <= document.data() + document.size())
        << text;
  }
}

// So that an export can be imported.
TEST_P(EventParserTest, IdAndAccountMayHoldAnyJson) {
  for (const std::string_view json : {
           R"("0184421a-8202-70ea-a729-30308a40bbf7")"sv,
           "null"sv,
           "true"sv,
           "-1.5e400"sv,
           R"("")"sv,
           R"("\u0000\n")"sv,
           "[]"sv,
           R"([1,{"a":null,"a":null},[[]]])"sv,
           R"({"customerAlias":1,"x":{"y":[{}]}})"sv,
       }) {
    const std::string value(json);
    ExpectAccepted(R"({"id":)" + value + R"(,"customerAlias":"a","eventType":"t","sequenceAccountId":)" + value + "}");
  }
  ExpectAccepted(R"({"id":")" + std::string(1000, 'x') + R"(","customerAlias":"a","eventType":"t"})");
  // Any JSON, but JSON.
  ExpectNoJson(R"({"id":^01,"customerAlias":"a","eventType":"t"})", "expects a value");
  ExpectNoJson(R"({"sequenceAccountId":"^\ud800","customerAlias":"a","eventType":"t"})",
               "has an escape in a string that stands for no character");
}

TEST_P(EventParserTest, WhitespaceMayStandBetweenAllTokens) {
  const std::string_view tokens[] = {"{",      R"("customerAlias")",
                                     ":",      R"("a b")",
                                     ",",      R"("eventType")",
                                     ":",      R"("t")",
                                     ",",      R"("eventProperties")",
                                     ":",      "{",
                                     R"("k")", ":",
                                     "[",      "1",
                                     ",",      "true",
                                     ",",      "{",
                                     "}",      ",",
                                     "[",      "]",
                                     "]",      ",",
                                     R"("l")", ":",
                                     "{",      R"("m")",
                                     ":",      "null",
                                     "}",      "}",
                                     "}"};
  for (const std::string_view space : {""sv, " "sv, "\t"sv, "\n"sv, "\r\n"sv, " \n\t\r "sv,
                                       "                                                                       "sv}) {
    std::string document(space);
    for (const std::string_view token : tokens) document.append(token).append(space);
    const Parsed parsed = Parse(document);
    ASSERT_FALSE(parsed.rejection.has_value()) << document;
    EXPECT_EQ(parsed.customer_alias, "a b");
    EXPECT_EQ(parsed.event_properties, R"({"k":[1,true,{},[]],"l":{"m":null}})");
  }
}

TEST_P(EventParserTest, PropertiesKeepTheirTextAndTheirOrder) {
  ExpectStored("{}", "{}");
  ExpectStored("{ }", "{}");
  ExpectStored(R"({"z":1,"a":2,"m":3})", R"({"z":1,"a":2,"m":3})");
  ExpectStored(R"({ "a b" : " c  d " , "e" : [ 1 , 2 ] })", R"({"a b":" c  d ","e":[1,2]})");
  ExpectStored("{\"a\":\"\\t \\n \"\t,\n\"b\":\"\\\" : , \\\\\" }", R"({"a":"\t \n ","b":"\" : , \\"})");
  // Escapes as written, whether they were needed or not.
  ExpectStored(R"({"\u0041":"\u00e9\/\u000A\ud83d\ude00\b\f\n\r\t\"\\"})",
               R"({"\u0041":"\u00e9\/\u000A\ud83d\ude00\b\f\n\r\t\"\\"})");
  ExpectStored("{\"\xc3\xa9\":\"\xf0\x9f\x98\x80\x7f\"}", "{\"\xc3\xa9\":\"\xf0\x9f\x98\x80\x7f\"}");
  // Only the first level's keys must differ.
  ExpectStored(R"({"a":{"b":1,"b":2},"c":[{"d":1,"d":1}]})", R"({"a":{"b":1,"b":2},"c":[{"d":1,"d":1}]})");
  ExpectStored(R"({"":{"":""}})", R"({"":{"":""}})");
}

// Whatever a double would make of them.
TEST_P(EventParserTest, NumbersAreTakenByGrammarAndKeepTheirText) {
  for (const char* number : {"0",
                             "-0",
                             "0.0",
                             "-0.0",
                             "1.10",
                             "1.0",
                             "10",
                             "-17",
                             "9007199254740993",
                             "18446744073709551616",
                             "123456789012345678901234567890123456789012345678901234567890",
                             "0.1000000000000000055511151231257827",
                             "1e5",
                             "1E5",
                             "1e+5",
                             "1e-5",
                             "1.50e+007",
                             "0e0",
                             "1e400",
                             "-1e-400",
                             "1e99999999999999999999"}) {
    ExpectStored(std::string("{\"n\":") + number + "}", std::string("{\"n\":") + number + "}");
    ExpectStored(std::string("{\"n\": [ ") + number + " ,\n" + number + " ] }",
                 std::string("{\"n\":[") + number + "," + number + "]}");
  }
  for (const char* none :
       {"-",   "+1",   ".5",       "5.",        "1.e5",  "01",    "00",           "-01", "-00", "1e",   "1e+",
        "1E-", "0x10", "1_000",    "1.5.5",     "1e5e5", "1e5.5", "1-2",          "--1", "-+1", "1a",   "1f",
        "NaN", "nan",  "Infinity", "-Infinity", "-inf",  "1e 5x", "\xef\xbc\x91", "-a",  "0b1", "1,5e", "1.-5"}) {
    SCOPED_TRACE(none);
    const Parsed parsed = Parse(WithProperties(std::string("{\"n\":") + none + "}"));
    ASSERT_TRUE(parsed.rejection.has_value());
    EXPECT_EQ(RejectReasonName(parsed.rejection->reason), "invalid_json");
  }
}

// The tokenizer works in blocks of 64 bytes; a string must not notice where one ends.
TEST_P(EventParserTest, StringsMayLieAnywhere) {
  for (std::size_t shift = 0; shift < 130; ++shift) {
    const std::string spaces(shift, ' ');
    const std::string minified = R"({"a\\":"\\\"","b":"{\\\\","c":"\\\\\\\" : [","d":-1.5e3})";
    const std::string spread =
        "{" + spaces + R"("a\\":"\\\"","b":"{\\\\",)" + "\n" + R"("c":"\\\\\\\" : [","d" : -1.5e3})";
    ExpectStored(spread, minified);
    const std::string text(shift, 'x');
    ExpectStored("{\"" + text + R"(\\":"\"", "k":1})", "{\"" + text + R"(\\":"\"","k":1})");
    ExpectStored("{\"k\":\"" + text + R"(\ud83d\ude00", "l":0})", "{\"k\":\"" + text + R"(\ud83d\ude00","l":0})");

    ExpectNoJson("{" + spaces + "\"a\":^\"\\\\\\\"}", "has a string that does not end");
    ExpectNoJson("{" + spaces + "\"a\":\"" + text + "^\n\"}",
                 "has a control character in a string that is not escaped");
    ExpectNoJson("{" + spaces + "\"a\":\"" + text + "^\xe2\x82\"}", "is not valid UTF-8");
    ExpectNoJson("{" + spaces + "\"a\":1,^x}", "expects a key in quotes");
    ExpectNoJson("{" + spaces + "\"a\":^1x}", "expects a value");
  }
}

// ---- What is no JSON

TEST_P(EventParserTest, EmptyTextIsNoJson) {
  // The first document that a parser ever saw: it once read through a null pointer.
  ExpectNoJson("", "is empty");
  for (const char* space :
       {" ", "\n", " \t\r\n ", "                                                                  "}) {
    ExpectNoJson(space, "is empty");
  }
}

TEST_P(EventParserTest, StructureIsThatOfRfc8259) {
  ExpectNoJson("{^", "ends too early");
  ExpectNoJson(R"({"customerAlias"^)", "ends too early");
  ExpectNoJson(R"({"customerAlias":^)", "ends too early");
  ExpectNoJson(R"({"customerAlias":"a"^)", "ends too early");
  ExpectNoJson(R"({"customerAlias":"a",^)", "ends too early");
  ExpectNoJson(R"({"customerAlias":"a",  ^)", "ends too early");
  ExpectNoJson(R"({"unknown":^)", "ends too early");
  ExpectNoJson(R"({"eventProperties":{^)", "ends too early");
  ExpectNoJson(R"({"eventProperties":{"a":[1,^)", "ends too early");
  ExpectNoJson("[^", "ends too early");
  ExpectNoJson(R"({^customerAlias:"a"})", "expects a key in quotes");
  ExpectNoJson(R"({^'customerAlias':'a'})", "expects a key in quotes");
  ExpectNoJson(R"({^1:2})", "expects a key in quotes");
  ExpectNoJson(R"({^null:2})", "expects a key in quotes");
  ExpectNoJson(R"({^,"customerAlias":"a"})", "expects a key in quotes");
  ExpectNoJson(R"({^{}})", "expects a key in quotes");
  ExpectNoJson(R"({^:1})", "expects a key in quotes");
  ExpectNoJson(R"({"customerAlias":"a",^})", "expects a key in quotes");
  ExpectNoJson(R"({"customerAlias":"a",^,"eventType":"t"})", "expects a key in quotes");
  ExpectNoJson(R"({"customerAlias"^"a"})", "expects ':'");
  ExpectNoJson(R"({"customerAlias"^,"a"})", "expects ':'");
  ExpectNoJson(R"({"customerAlias"^})", "expects ':'");
  ExpectNoJson(R"({"customerAlias"^="a"})", "expects ':'");
  ExpectNoJson(R"({"customerAlias":^:"a"})", "expects a value");
  ExpectNoJson(R"({"customerAlias":^})", "expects a value");
  ExpectNoJson(R"({"customerAlias":^,"eventType":"t"})", "expects a value");
  ExpectNoJson(R"({"customerAlias":^])", "expects a value");
  ExpectNoJson(R"({"customerAlias":"a"^"eventType":"t"})", "expects ',' or '}'");
  ExpectNoJson(R"({"customerAlias":"a"^:"eventType"})", "expects ',' or '}'");
  ExpectNoJson(R"({"customerAlias":"a"^;"eventType":"t"})", "expects ',' or '}'");
  ExpectNoJson(R"({"customerAlias":"a"^b})", "expects ',' or '}'");
  ExpectNoJson(R"({"customerAlias":"a"^])", "expects ',' or '}'");
  ExpectNoJson(R"({"customerAlias":^'a'})", "expects a value");
  ExpectNoJson(R"({"customerAlias":^a})", "expects a value");
  ExpectNoJson(R"({"customerAlias":^a"b"})", "expects a value");
  ExpectNoJson(WithProperties("[^,1]"), "expects a value");
  ExpectNoJson(WithProperties("[1,^]"), "expects a value");
  ExpectNoJson(WithProperties("[1,^,2]"), "expects a value");
  ExpectNoJson(WithProperties("[1 ^2]"), "expects ',' or ']'");
  ExpectNoJson(WithProperties("[1^:2]"), "expects ',' or ']'");
  ExpectNoJson(WithProperties("[1^}"), "expects ',' or ']'");
  ExpectNoJson(WithProperties("[[]^[]]"), "expects ',' or ']'");
  ExpectNoJson(WithProperties("[^}"), "expects a value");
  ExpectNoJson(WithProperties(R"({"a":{"b":1^]})"), "expects ',' or '}'");
  ExpectNoJson(WithProperties(R"({"a":{"b":1 ^"c":2}})"), "expects ',' or '}'");
  ExpectNoJson(WithProperties(R"({"a":{"b":1,^}})"), "expects a key in quotes");
  ExpectNoJson(WithProperties(R"({"a":[{^]}]})"), "expects a key in quotes");
  ExpectNoJson(WithProperties(R"({"a":1^]})"), "expects ',' or '}'");
}

TEST_P(EventParserTest, OnlyThreeWordsAreValues) {
  for (const char* word : {"True", "TRUE", "tru", "truee", "nul", "nulll", "NULL", "None", "fals", "falsee",
                           "undefined", "truefalse", "t", "n", "f", "null0", "true\xc2\xa0"}) {
    ExpectNoJson(WithProperties(std::string("{\"a\":^") + word + "}"), "expects a value");
    ExpectNoJson(WithProperties(std::string("[true,^") + word + "]"), "expects a value");
    ExpectNoJson(R"({"customerAlias":^)" + std::string(word) + "}", "expects a value");
    ExpectNoJson("^" + std::string(word), "expects a value");
  }
}

TEST_P(EventParserTest, NothingElseIsWhitespaceAndThereAreNoComments) {
  for (const std::string_view none : {"\x0b"sv, "\x0c"sv, "\0"sv, "\x08"sv, "\x1a"sv, "\x1e"sv, "\x1f"sv, "\x7f"sv,
                                      "\xc2\xa0"sv, "\xe2\x80\xa8"sv, "\xef\xbb\xbf"sv, "/* */"sv, "//\n"sv, "#\n"sv}) {
    const std::string other(none);
    ExpectNoJson("{^" + other + R"("customerAlias":"a","eventType":"t"})", "expects a key in quotes");
    ExpectNoJson(R"({"customerAlias":"a"^)" + other + R"(,"eventType":"t"})", "expects ',' or '}'");
    ExpectNoJson(R"({"customerAlias":"a","eventType":"t"}^)" + other, "has something behind its end");
    ExpectNoJson("^" + other + R"({"customerAlias":"a","eventType":"t"})", "expects a value");
    // Behind a number either is at fault.
    const Parsed parsed = Parse(WithProperties("{\"a\":1" + other + "}"));
    ASSERT_TRUE(parsed.rejection.has_value()) << other;
    EXPECT_EQ(RejectReasonName(parsed.rejection->reason), "invalid_json") << other;
  }
}

TEST_P(EventParserTest, NothingMayFollowTheDocument) {
  for (const char* more : {"x", "{}", "}", "]", ",", "null", "1", "\"\"", "  x", "\n{\"customerAlias\":\"a\"}"}) {
    std::string tail(more);
    tail.insert(tail.find_first_not_of(" \n"), "^");
    ExpectNoJson(R"({"customerAlias":"a","eventType":"t"})" + tail, "has something behind its end");
    ExpectNoJson("null " + tail, "has something behind its end");
  }
  ExpectAccepted("{\"customerAlias\":\"a\",\"eventType\":\"t\"} \r\n\t");
}

TEST_P(EventParserTest, StringsMustEndAndHoldNoRawControlCharacter) {
  ExpectNoJson(R"({"customerAlias":^"a})", "has a string that does not end");
  ExpectNoJson(R"({"customerAlias":^"a\"})", "has a string that does not end");
  ExpectNoJson(R"({"customerAlias":"a"^"})", "has a string that does not end");
  ExpectNoJson("^\"", "has a string that does not end");
  for (char c = 0; c < 0x20; ++c) {
    const std::string control = std::string("^") + c;
    ExpectNoJson(WithAlias("a" + control), "has a control character in a string that is not escaped");
    ExpectNoJson(WithProperties("{\"" + control + "\":1}"), "has a control character in a string that is not escaped");
    ExpectNoJson(R"({"id":")" + control + "\"}", "has a control character in a string that is not escaped");
  }
  ExpectAccepted(WithAlias("\x7f"));
}

TEST_P(EventParserTest, EscapesMustStandForCharacters) {
  constexpr char kMessage[] = "has an escape in a string that stands for no character";
  for (const char* escape : {
           R"(^\x41)",
           R"(^\a)",
           R"(^\0)",
           R"(^\')",
           R"(^\U0041)",
           R"(^\ )",
           R"(^\u)",
           R"(^\u004)",
           R"(^\u00g0)",
           R"(^\u+041)",
           R"(^\u 041)",
           R"(^\u-041)",
           R"(^\u{41})",
           // Half a surrogate pair, the halves the wrong way round, a half twice.
           R"(^\ud800)",
           R"(^\udbff)",
           R"(^\udc00)",
           R"(^\udfff)",
           R"(^\uDFFF)",
           R"(^\ud800x)",
           R"(^\ud800\n)",
           R"(^\ud800\u0041)",
           R"(^\ud800\ue000)",
           R"(^\ude00\ud83d)",
           R"(^\ud83d\ud83d\ude00)",
           R"(\ud83d\ude00^\ude00)",
           R"(\u0041^\ud800)",
           R"(^\ud83d\u)",
           R"(^\ud83d\ude0)",
           R"(^\ud83d\\ude00)",
       }) {
    ExpectNoJson(WithAlias(escape), kMessage);
    ExpectNoJson(R"({")" + std::string(escape) + R"(":1})", kMessage);
    ExpectNoJson(WithProperties(R"({"a":[{"b":")" + std::string(escape) + R"("}]})"), kMessage);
    ExpectNoJson(WithProperties(R"({"a":{")" + std::string(escape) + R"(":1}})"), kMessage);
    ExpectNoJson(WithProperties("{\"" + std::string(escape) + "\":1}"), kMessage);
  }
}

TEST_P(EventParserTest, TextMustBeUtf8) {
  for (const std::string_view bytes :
       {"\x80"sv, "\xff"sv, "\xc0\x80"sv, "\xed\xa0\x80"sv, "\xf4\x90\x80\x80"sv, "\xe2\x82"sv, "\xf0\x9f\x98"sv}) {
    const std::string invalid = "^" + std::string(bytes);
    ExpectNoJson(WithAlias("a\xc3\xa9" + invalid), "is not valid UTF-8");
    ExpectNoJson(WithProperties("{\"" + invalid + "\":1}"), "is not valid UTF-8");
    ExpectNoJson(R"({"id":[")" + invalid + "\"]}", "is not valid UTF-8");
  }
}

TEST_P(EventParserTest, EveryTrueBeginningIsRefused) {
  const std::string whole = R"({"id":[true,null,false],"customerEventId":"i\"","customerAlias":"a\ud83d\ude00",)"
                            "\"eventType\":\"t\xc3\xa9\","
                            R"("eventTimestamp":"2022-10-01T00:00:00Z","eventProperties":{"n":-1.5e+3,"o":{"p":[]}}})";
  ExpectAccepted(whole);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Parsed parsed = Parse(whole.substr(0, size));
    ASSERT_TRUE(parsed.rejection.has_value()) << whole.substr(0, size);
    EXPECT_EQ(RejectReasonName(parsed.rejection->reason), "invalid_json") << whole.substr(0, size);
  }
}

// ---- Fields

TEST_P(EventParserTest, DocumentMustBeAnObject) {
  for (const char* document :
       {"^null", "^true", "^1.5", R"(^"customerAlias")", "^[]", R"(^[{"customerAlias":"a"}])", " \n^[]", "\t^null "}) {
    ExpectRefused({document, RejectReason::kWrongType, "", "must be a JSON object"});
  }
}

TEST_P(EventParserTest, RequiredFieldsAreRequired) {
  constexpr RejectReason kMissing = RejectReason::kMissingField;
  ExpectRefused({
      {R"({"eventType":"t"})", kMissing, kAlias, "is required"},
      {R"({"customerAlias":"a"})", kMissing, "/eventType", "is required"},
      {"{}", kMissing, kAlias, "is required"},
      {R"({"customerAlias":^null,"eventType":"t"})", kMissing, kAlias, "is required, and must not be null"},
      {R"({"customerAlias":"a","eventType": ^null})", kMissing, "/eventType", "is required, and must not be null"},
  });
}

TEST_P(EventParserTest, FieldsHaveTheirType) {
  for (const char* other : {"1", "true", "false", "[]", R"(["a"])", "{}", R"({"a":"b"})", "-0.5e7"}) {
    const std::string value = std::string("^") + other;
    for (const std::string field : {"customerEventId", "customerAlias", "eventType", "eventTimestamp"}) {
      ExpectRefused({"{\"" + field + "\": " + value + "}", RejectReason::kWrongType, "/" + field, "must be a string"});
    }
    if (other[0] == '{') continue;
    ExpectRefused({WithProperties(value), RejectReason::kWrongType, kProperties, "must be a JSON object"});
  }
  ExpectRefused({WithProperties(R"(^"{}")"), RejectReason::kWrongType, kProperties, "must be a JSON object"});
  ExpectRefused({R"({"eventTimestamp":^1664582400})", RejectReason::kWrongType, "/eventTimestamp", "must be a string"});
}

TEST_P(EventParserTest, NamesHaveOneTo255BytesWithoutControlCharacters) {
  std::string accented;  // 128 characters, 256 bytes
  for (int i = 0; i < 128; ++i) accented += "\xc3\xa9";
  std::string escaped;  // the same text, six bytes for each character
  for (int i = 0; i < 128; ++i) escaped += "\\u00e9";
  const struct {
    std::string inside;
    const char* message;  // null: accepted
  } table[] = {
      {"", "must not be empty"},
      {"x", nullptr},
      {" ", nullptr},
      {std::string(255, 'x'), nullptr},
      {std::string(256, 'x'), "is longer than 255 bytes"},
      {std::string(100'000, 'x'), "is longer than 255 bytes"},
      {accented, "is longer than 255 bytes"},
      {accented.substr(2), nullptr},
      {escaped, "is longer than 255 bytes"},
      {escaped.substr(6) + "x", nullptr},
      {"a\\u0000b", "has a control character (U+0000 to U+001F)"},
      {"\\u0000", "has a control character (U+0000 to U+001F)"},
      {"\\u001f", "has a control character (U+0000 to U+001F)"},
      {"a\\n", "has a control character (U+0000 to U+001F)"},
      {"\\tb", "has a control character (U+0000 to U+001F)"},
      {"\\b", "has a control character (U+0000 to U+001F)"},
      {"\\f", "has a control character (U+0000 to U+001F)"},
      {"\\r", "has a control character (U+0000 to U+001F)"},
      {"\\u0020", nullptr},
      {"\\u007f", nullptr},
      {"\\u0080", nullptr},
      {"\\ufffe\\uffff", nullptr},
      {"\\ud800\\udc00\\udbff\\udfff", nullptr},
      {"\\\"\\\\\\/", nullptr},
  };
  for (const auto& row : table) {
    for (const std::string field : {"customerEventId", "customerAlias", "eventType"}) {
      std::string document = "{\"" + field + "\" : ^\"" + row.inside + "\"";
      if (field != "customerAlias") document += R"(,"customerAlias":"a")";
      if (field != "eventType") document += R"(,"eventType":"t")";
      document += "}";
      if (row.message != nullptr) {
        ExpectRefused({document, RejectReason::kInvalidValue, "/" + field, row.message});
      } else {
        document.erase(document.find('^'), 1);
        ExpectAccepted(document);
      }
    }
  }
}

TEST_P(EventParserTest, TimestampsKeepTheirRule) {
  const auto document = [](const char* text) {
    return R"({"customerAlias":"a","eventType":"t","eventTimestamp":)" + std::string(text) + "}";
  };
  ExpectAccepted(document(R"("2016-12-31t18:59:60.123456789000-05:00")"));
  constexpr RejectReason kInvalid = RejectReason::kInvalidValue;
  ExpectRefused({
      {document(R"(^"")"), kInvalid, "/eventTimestamp",
       "is not an RFC 3339 date-time: the date is not of the form '2022-10-01'"},
      {document(R"( ^"2022-10-01 00:00:00Z")"), kInvalid, "/eventTimestamp",
       "is not an RFC 3339 date-time: no 'T' between date and time"},
      {document(R"(^"2022-10-01T00:00:00")"), kInvalid, "/eventTimestamp",
       "has no offset from UTC: 'Z' or such as '+02:00'"},
      {document(R"(^"2023-02-29T00:00:00Z")"), kInvalid, "/eventTimestamp", "names a day that does not exist"},
      {document(R"(^"2022-10-01T00:00:00Z\u0000")"), kInvalid, "/eventTimestamp", "has something behind its offset"},
      {document(R"(^"2022-10-01T00:00:00.0000000001Z")"), kInvalid, "/eventTimestamp", "is finer than a nanosecond"},
  });
}

TEST_P(EventParserTest, UnknownFieldsAreRefused) {
  constexpr RejectReason kUnknown = RejectReason::kUnknownField;
  constexpr char kMessage[] = "is not a field of an event";
  ExpectRefused({
      {R"({"customerAlias":"a","eventType":"t",^"eventTimestmp":"2022-10-01T00:00:00Z"})", kUnknown, "/eventTimestmp",
       kMessage},
      {R"({"customerAlias":"a","eventType":"t", ^"EventType":"t"})", kUnknown, "/EventType", kMessage},
      {R"({"customerAlias":"a","eventType":"t",^"eventType ":null})", kUnknown, "/eventType ", kMessage},
      {R"({"customerAlias":"a","eventType":"t",^"":1})", kUnknown, "/", kMessage},
      {R"({"customerAlias":"a","eventType":"t",^"a/b~c":1})", kUnknown, "/a~1b~0c", kMessage},
      {R"({"customerAlias":"a","eventType":"t",^"\u0061\"\n":{}})", kUnknown, "/a\"\n", kMessage},
      {R"({^"eventType\u0000":"t"})", kUnknown, std::string("/eventType\0", 11), kMessage},
      {R"({^"x":1,"x":2})", kUnknown, "/x", kMessage},
  });
}

TEST_P(EventParserTest, NoFieldIsGivenTwice) {
  constexpr RejectReason kTwice = RejectReason::kDuplicateKey;
  for (const std::string field : {"customerEventId", "customerAlias", "eventType", "eventTimestamp", "eventProperties",
                                  "id", "sequenceAccountId"}) {
    // Even where it says nothing, or the same, or is written in another way.
    const std::string value = field == "eventProperties"  ? "{}"
                              : field == "eventTimestamp" ? "\"2022-10-01T00:00:00Z\""
                                                          : "\"a\"";
    ExpectRefused(
        {"{\"" + field + "\":" + value + ",^\"" + field + "\":" + value + "}", kTwice, "/" + field, "is given twice"});
    std::string escaped = field;
    escaped.replace(1, 1,
                    field[1] == 'd'   ? "\\u0064"
                    : field[1] == 'u' ? "\\u0075"
                    : field[1] == 'v' ? "\\u0076"
                                      : "\\u0065");
    ExpectRefused(
        {"{\"" + field + "\":" + value + ",^\"" + escaped + "\":null}", kTwice, "/" + field, "is given twice"});
  }
}

TEST_P(EventParserTest, NoFirstLevelPropertyIsGivenTwice) {
  constexpr RejectReason kTwice = RejectReason::kDuplicateKey;
  const auto twice = [](const std::string& properties, const std::string& pointer) {
    return Refused{WithProperties(properties), kTwice, kProperties + pointer, "is given twice"};
  };
  ExpectRefused({
      twice(R"({"a":1,^"a":1})", "/a"),
      twice(R"({"a":1,"b":2, ^"a":null})", "/a"),
      twice(R"({"a":1,^"\u0061":1})", "/a"),
      twice(R"({"\u0061":1,^"a":1})", "/a"),
      twice(R"({"\u0061":1,"x":"\u0062",^"\u0061":1})", "/a"),
      twice(R"({"":1,^"":2})", "/"),
      twice(R"({"/~":1,^"\/~":2})", "/~1~0"),
      twice(R"({"\ud83d\ude00":1,)"
            "^\"\xf0\x9f\x98\x80\":2}",
            "/\xf0\x9f\x98\x80"),
      // The first repetition in the text is the one that is named.
      twice(R"({"b":1,"a":1,^"b":2,"a":2})", "/b"),
      twice(R"({"b":1,"a":1,^"a":2,"b":2,"b":3})", "/a"),
      twice(R"({"a":{"a":{}},^"a":1})", "/a"),
  });
  ExpectAccepted(WithProperties(R"({"a":1,"A":2,"a ":3,"":4,"\u0000":5,"a\u0000":6})"));
}

// Many keys are compared in another way than few.
TEST_P(EventParserTest, ManyPropertiesAreComparedToo) {
  for (const int count : {2, 3, 11, 12, 13, 14, 100, 3000}) {
    SCOPED_TRACE(count);
    std::string keys;
    for (int i = 0; i < count; ++i)
      keys += "\"k" + std::to_string(i * 7919 % count) + "_" + std::to_string(i) + "\":1,";
    const std::string last_key = keys.substr(keys.rfind("\"k"), keys.rfind("\":") + 1 - keys.rfind("\"k"));
    const std::string last = last_key.substr(1, last_key.size() - 2);
    ExpectAccepted(WithProperties("{" + keys + "\"z\":1}"));
    const auto twice = [](const std::string& properties, const std::string& key) {
      return Refused{WithProperties(properties), RejectReason::kDuplicateKey, kProperties + ("/" + key),
                     "is given twice"};
    };
    ExpectRefused({
        twice("{" + keys + "^" + last_key + ":1}", last),
        twice("{\"z\":1," + keys + "^\"z\":1,\"z\":2}", "z"),
        twice("{\"y\":1,\"z\":1," + keys + "^\"z\":1,\"y\":2}", "z"),
        twice("{\"z\":1,\"y\":1," + keys + "^\"\\u007a\":1,\"y\":2}", "z"),
    });
  }
}

// ---- Limits

std::string Nested(int levels, std::string_view innermost = "") {
  std::string text;
  for (int i = 0; i < levels; ++i) text += i % 2 == 0 ? "{\"a\":" : "[";
  if (!innermost.empty()) {
    text += innermost;
  } else {
    text += "0";
  }
  for (int i = levels; i-- > 0;) text += i % 2 == 0 ? "}" : "]";
  return text;
}

TEST_P(EventParserTest, NestingEndsAtLevel64) {
  // The event is level 1, and its properties level 2.
  ExpectStored(Nested(63), Nested(63));
  ExpectStored(Nested(62, "{}"), Nested(62, "{}"));
  ExpectAccepted(R"({"customerAlias":"a","eventType":"t","id":)" + Nested(63) + "}");
  const auto too_deep = [](const std::string& document) {
    return Refused{document, RejectReason::kTooDeep, "", "is nested deeper than 64 levels"};
  };
  for (const char* innermost : {"^{}", "^[]", "^[0]", R"(^{"b":0})", "^[[[[[["}) {
    ExpectRefused({too_deep(WithProperties(Nested(63, innermost))), too_deep(R"({"id":)" + Nested(63, innermost) + "}"),
                   too_deep(R"({"unknown":)" + Nested(63, innermost) + "}"),
                   too_deep(R"({"customerAlias":)" + Nested(63, innermost) + "}"),
                   too_deep("[" + Nested(63, innermost) + "]")});
  }
  // Depth is not size: many neighbours are no nesting.
  std::string neighbours = "{\"a\":[[]";
  for (int i = 0; i < 1000; ++i) neighbours += ",[{}]";
  ExpectStored(neighbours + "]}", neighbours + "]}");
  // And no stack is used up.
  ExpectRefused(too_deep("{\"id\":" + std::string(63, '[') + "^" + std::string(500'000, '[')));
}

TEST_P(EventParserTest, PropertiesEndAtOneMebibyteMinified) {
  const auto of_size = [](std::size_t size) { return "{\"a\":[1,2],\"b\":\"" + std::string(size - 18, 'x') + "\"}"; };
  ASSERT_EQ(of_size(100).size(), 100u);
  const std::string most = of_size(kPropertiesBytesMax);
  ASSERT_EQ(most.size(), 1'048'576u);
  ExpectAccepted(WithProperties(most));
  EXPECT_EQ(Parse(WithProperties(most)).event_properties, most);
  // Whitespace does not count.
  const std::string spread =
      "{  \"a\" : [ 1 ,\n 2 ]  ,\t" + most.substr(11, most.size() - 12) + std::string(900'000, ' ') + "}";
  EXPECT_EQ(Parse(WithProperties(spread)).event_properties, most);
  EXPECT_EQ(ParseProperties(spread).event_properties, most);

  const Refused over{WithProperties("^" + of_size(kPropertiesBytesMax + 1)), RejectReason::kTooLarge, kProperties,
                     "is longer than 1048576 bytes without whitespace"};
  ExpectRefused(over);
  ExpectRefused(
      {WithProperties("^{ " + of_size(kPropertiesBytesMax + 1).substr(1)), over.reason, over.pointer, over.message});
}

TEST_P(EventParserTest, TextEndsAtTwoMebibytesAndMoreIsRefusedUnread) {
  std::string document = R"({"customerAlias":"a","eventType":"t"})";
  document.append(kEventJsonBytesMax - document.size(), ' ');
  ASSERT_EQ(document.size(), 2'097'152u);
  ExpectAccepted(document);
  const Refused over{"", RejectReason::kTooLarge, "", "is longer than 2097152 bytes"};
  ExpectRefused({document + " ", over.reason, over.pointer, over.message});
  ExpectRefused({std::string(kEventJsonBytesMax + 1, '\xff'), over.reason, over.pointer, over.message});
  ExpectAccepted(document);
  ExpectAccepted(R"({"customerAlias":"a","eventType":"t"})");  // the large one's memory is let go
}

// ---- Which of several

TEST_P(EventParserTest, WhatIsNoJsonIsSaidBeforeAnyFaultOfAField) {
  ExpectNoJson(R"({"unknown":1,"customerAlias":"","eventType":^x})", "expects a value");
  ExpectNoJson(R"({"customerAlias":1,"customerAlias":2}^,)", "has something behind its end");
  ExpectNoJson(R"({"eventProperties":{"a":1,"a":2}^)", "ends too early");
  ExpectNoJson("[1,2^", "ends too early");
  ExpectRefused({R"({"unknown":1,"eventProperties":)" + Nested(63, "^[]") + "}", RejectReason::kTooDeep, "",
                 "is nested deeper than 64 levels"});
}

TEST_P(EventParserTest, BytesAndStringsAreCheckedBeforeDepth) {
  const std::string too_deep = "[\"a\"," + std::string(64, '[');
  ExpectRefused({too_deep.substr(0, 68) + "^[1", RejectReason::kTooDeep, "", "is nested deeper than 64 levels"});
  ExpectNoJson(too_deep + "\"^\xff\"", "is not valid UTF-8");
  ExpectNoJson(too_deep + "^\"b", "has a string that does not end");
  ExpectNoJson(too_deep + "\"^\n\"", "has a control character in a string that is not escaped");
  // Not all implementations see these before the walk: the reason once depended on the machine.
  ExpectNoJson(too_deep + "^\xff", "is not valid UTF-8");
  ExpectNoJson(too_deep + "^\\\"b", "has a backslash outside of strings");
  ExpectNoJson(too_deep + "^\\\"\"b", "has a backslash outside of strings");
  ExpectNoJson(too_deep + "b^\":\"[1", "has a string right behind a word or number");
  ExpectNoJson(too_deep + "\"\\^\n\"", "has a control character in a string that is not escaped");
}

TEST_P(EventParserTest, FirstFaultyFieldInTheTextIsNamedAndMissingOnesLast) {
  ExpectRefused({
      {R"({"eventType":^"","customerAlias":"","unknown":1})", RejectReason::kInvalidValue, "/eventType",
       "must not be empty"},
      {R"({^"unknown":1,"customerAlias":""})", RejectReason::kUnknownField, "/unknown", "is not a field of an event"},
      {R"({"customerAlias":^null,"eventType":1})", RejectReason::kMissingField, kAlias,
       "is required, and must not be null"},
      {R"({"eventTimestamp":^"now"})", RejectReason::kInvalidValue, "/eventTimestamp",
       "is not an RFC 3339 date-time: the date is not of the form '2022-10-01'"},
      {R"({"eventProperties":{"a":1,^"a":2},"customerAlias":1})", RejectReason::kDuplicateKey, "/eventProperties/a",
       "is given twice"},
      {R"({"eventProperties":^[],"customerAlias":1})", RejectReason::kWrongType, kProperties, "must be a JSON object"},
      {R"({"customerEventId":^"","eventProperties":{"a":1,"a":2}})", RejectReason::kInvalidValue, "/customerEventId",
       "must not be empty"},
  });
}

// ---- Properties on their own

TEST_P(EventParserTest, PropertiesAloneAreRefusedAtTheirField) {
  const Refused table[] = {
      {"", RejectReason::kInvalidJson, kProperties, "is empty"},
      {" ", RejectReason::kInvalidJson, kProperties, "is empty"},
      {"^[]", RejectReason::kWrongType, kProperties, "must be a JSON object"},
      {"^null", RejectReason::kWrongType, kProperties, "must be a JSON object"},
      {" \n^[]", RejectReason::kWrongType, kProperties, "must be a JSON object"},
      {"^nul", RejectReason::kInvalidJson, kProperties, "expects a value"},
      {"{}^{}", RejectReason::kInvalidJson, kProperties, "has something behind its end"},
      {"[]^]", RejectReason::kInvalidJson, kProperties, "has something behind its end"},
      {"{^", RejectReason::kInvalidJson, kProperties, "ends too early"},
      {R"({"a":^"})", RejectReason::kInvalidJson, kProperties, "has a string that does not end"},
      {R"({"a":1,^"a":2})", RejectReason::kDuplicateKey, "/eventProperties/a", "is given twice"},
      {R"({"a":1,"a":2}^x)", RejectReason::kInvalidJson, kProperties, "has something behind its end"},
      {Nested(63, "^{}"), RejectReason::kTooDeep, kProperties, "is nested deeper than 64 levels"},
      {Nested(63, "{}") + "^\xff", RejectReason::kInvalidJson, kProperties, "is not valid UTF-8"},
      {"^[" + Nested(62) + "]", RejectReason::kWrongType, kProperties, "must be a JSON object"},
      {"[" + Nested(62, "^[]") + "]", RejectReason::kTooDeep, kProperties, "is nested deeper than 64 levels"},
      {"^{\"a\":\"" + std::string(kPropertiesBytesMax - 7, 'x') + "\"}", RejectReason::kTooLarge, kProperties,
       "is longer than 1048576 bytes without whitespace"},
      {std::string(kEventJsonBytesMax + 1, ' '), RejectReason::kTooLarge, kProperties, "is longer than 2097152 bytes"},
  };
  for (const Refused& row : table) {
    SCOPED_TRACE(row.document.substr(0, 500));
    std::optional<std::size_t> offset;
    const std::string object = TakeMark(row.document, &offset);
    ExpectRejection(ParseProperties(object).rejection, row, offset);
    // By a parser that has seen nothing yet, too.
    EventParser fresh;
    ExpectRejection(testing::ParseProperties(&fresh, object).rejection, row, offset);
  }
}

TEST(CheckNameTest, IsTheRuleForIdAliasAndType) {
  const struct {
    std::string text;
    const char* message;  // null: accepted
  } table[] = {
      {"a", nullptr},
      {std::string(255, 'x'), nullptr},
      {"\xc3\xa9 \x7f", nullptr},
      {"", "must not be empty"},
      {std::string(256, 'x'), "is longer than 255 bytes"},
      {std::string(1, '\0'), "has a control character (U+0000 to U+001F)"},
      {std::string("a\0b", 3), "has a control character (U+0000 to U+001F)"},
      {"a\n", "has a control character (U+0000 to U+001F)"},
      {"\x1f", "has a control character (U+0000 to U+001F)"},
      // From JSON this cannot come; from `Event` it can.
      {"a\xff", "is not valid UTF-8"},
      {"\xed\xa0\x80", "is not valid UTF-8"},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.text);
    const std::optional<Rejection> rejection = CheckName(row.text, "/eventType");
    ASSERT_EQ(rejection.has_value(), row.message != nullptr);
    if (!rejection.has_value()) continue;
    EXPECT_EQ(rejection->reason, RejectReason::kInvalidValue);
    EXPECT_EQ(rejection->message, row.message);
    EXPECT_EQ(rejection->pointer, "/eventType");
    EXPECT_EQ(rejection->offset, std::nullopt);
  }
}

}  // namespace
}  // namespace tallystick
