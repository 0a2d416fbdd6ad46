#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "lib/json/event_parser.h"
#include "tallystick/event.h"
#include "tests/json/parsing.h"
#include "tests/support/hex.h"
#include "tests/support/json_reader.h"
#include "tests/support/random.h"

namespace tallystick {
namespace {

using namespace std::string_view_literals;

StoredEvent Example() {
  return {.id = *Uuid::Parse("0184421a-8202-70ea-a729-30308a40bbf7"),
          .account = *Uuid::Parse("0184421e-a9cc-711b-af93-bf0511d4d833"),
          .customer_event_id = "event-id-1",
          .customer_alias = "customer-id-2",
          .event_type = "message-sent",
          .event_timestamp = absl::FromCivil(absl::CivilSecond(2022, 10, 1), absl::UTCTimeZone()),
          .event_properties = R"({"length":500,"type":"text_message"})",
          .received = absl::UnixEpoch(),
          .sequence = 7};
}

TEST(ToJsonTest, IsTheResponseForm) {
  EXPECT_EQ(ToJson(Example()),
            R"({"id":"0184421a-8202-70ea-a729-30308a40bbf7","customerEventId":"event-id-1",)"
            R"("customerAlias":"customer-id-2","eventType":"message-sent",)"
            R"("sequenceAccountId":"0184421e-a9cc-711b-af93-bf0511d4d833","eventTimestamp":"2022-10-01T00:00:00Z",)"
            R"("eventProperties":{"length":500,"type":"text_message"}})");
}

TEST(ToJsonTest, EscapesNamesAndLeavesPropertiesAsTheyAre) {
  StoredEvent event = Example();
  event.customer_event_id = "a\"b\\c/";
  event.customer_alias = "\xc3\xa9\x7f\xf0\x9f\x98\x80";
  event.event_type = "\"";
  event.event_timestamp += absl::Milliseconds(500);
  event.event_properties = R"({"a":1.10,"b":"\u0041"})";
  EXPECT_EQ(ToJson(event), R"({"id":"0184421a-8202-70ea-a729-30308a40bbf7","customerEventId":"a\"b\\c/",)"
                           "\"customerAlias\":\"\xc3\xa9\x7f\xf0\x9f\x98\x80\","
                           R"("eventType":"\"","sequenceAccountId":"0184421e-a9cc-711b-af93-bf0511d4d833",)"
                           R"("eventTimestamp":"2022-10-01T00:00:00.500Z","eventProperties":{"a":1.10,"b":"\u0041"}})");
}

TEST(ToJsonTest, AppendsToWhatIsThere) {
  std::string out = "before ";
  AppendJson(Example(), &out);
  EXPECT_EQ(out, "before " + ToJson(Example()));
}

// An export can be imported.
TEST(ToJsonTest, ReadsBackAsTheSameEvent) {
  StoredEvent event = Example();
  event.customer_event_id = "\"\\ \xe2\x82\xac";
  event.event_timestamp += absl::Nanoseconds(1);
  EventParser parser;
  const testing::Parsed parsed = testing::Parse(&parser, ToJson(event));
  ASSERT_FALSE(parsed.rejection.has_value()) << parsed.rejection->ToString();
  EXPECT_EQ(parsed.customer_event_id, event.customer_event_id);
  EXPECT_EQ(parsed.customer_alias, event.customer_alias);
  EXPECT_EQ(parsed.event_type, event.event_type);
  EXPECT_EQ(parsed.event_timestamp->ToTime(), event.event_timestamp);
  EXPECT_EQ(parsed.event_properties, event.event_properties);
}

TEST(AppendJsonStringTest, EscapesWhatJsonAsksFor) {
  const struct {
    std::string_view text;
    std::string_view json;
  } table[] = {
      {"", R"("")"},
      {"plain text", R"("plain text")"},
      {"\"", R"("\"")"},
      {"\\", R"("\\")"},
      {"/", R"("/")"},
      {"\b\f\n\r\t", R"("\b\f\n\r\t")"},
      {"a\nb", R"("a\nb")"},
      {"\0"sv, R"("\u0000")"},
      {"a\0b"sv, R"("a\u0000b")"},
      {"\x01\x0b\x1f", R"("\u0001\u000b\u001f")"},
      {"\x7f", "\"\x7f\""},
      {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
      {"\"\xc3\xa9\\", "\"\\\"\xc3\xa9\\\\\""},
  };
  for (const auto& row : table) {
    std::string out = "[";
    EXPECT_TRUE(AppendJsonString(row.text, &out));
    EXPECT_EQ(out, "[" + std::string(row.json)) << testing::ToHex(row.text);
  }
}

TEST(AppendJsonStringTest, BytesThatAreNoUtf8BecomeReplacementCharacters) {
  const std::string r = "\xef\xbf\xbd";
  const struct {
    std::string_view text;
    std::string json;
  } table[] = {
      {"\xff", "\"" + r + "\""},
      {"a\x80z", "\"a" + r + "z\""},
      {"\xff\xfe\xff", "\"" + r + r + r + "\""},
      {"\xe2\x82", "\"" + r + r + "\""},
      {"\xe2\x82z", "\"" + r + r + "z\""},
      {"\xed\xa0\x80", "\"" + r + r + r + "\""},
      {"\xc3\xa9\xc3", "\"\xc3\xa9" + r + "\""},
      {"\n\xff\"", "\"\\n" + r + "\\\"\""},
      {"\xef\xbf\xbd\xff", "\"" + r + r + "\""},
  };
  for (const auto& row : table) {
    std::string out;
    EXPECT_FALSE(AppendJsonString(row.text, &out)) << testing::ToHex(row.text);
    EXPECT_EQ(out, row.json) << testing::ToHex(row.text);
  }
}

TEST(AppendJsonStringTest, IsAlwaysValidJsonThatMeansTheText) {
  testing::Random random;
  for (int i = 0; i < 5'000; ++i) {
    std::string text;
    while (!random.OneIn(12)) text.push_back(static_cast<char>(random.Below(random.OneIn(2) ? 256 : 128)));
    std::string out;
    const bool valid = AppendJsonString(text, &out);
    const std::optional<testing::Json> json = testing::ReferenceReader(out).ReadDocument(1);
    ASSERT_TRUE(json.has_value()) << testing::ToHex(text);
    ASSERT_EQ(json->kind, testing::Json::kString);
    ASSERT_EQ(valid, json->string == text) << testing::ToHex(text);
  }
}

}  // namespace
}  // namespace tallystick
