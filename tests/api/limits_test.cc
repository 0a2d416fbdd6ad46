// Events of exactly the limits, and a byte beyond: by every way into a store, they come back as they were sent, or are
// rejected with their reason and leave nothing behind.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tallystick/store.h"
#include "tests/support/bulk.h"
#include "tests/support/open_store.h"

namespace tallystick::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

enum class Way { kStruct, kJson, kBulk };

struct Fields {
  std::string id = "a";
  std::string alias = "acme";
  std::string type = "message-sent";
  std::string time = "2022-10-01T00:00:00Z";
  std::string properties = "{}";
};

std::string Document(const Fields& fields) {
  std::string document = R"({"customerEventId":)";
  AppendJsonString(fields.id, &document);
  document += R"(,"customerAlias":)";
  AppendJsonString(fields.alias, &document);
  document += R"(,"eventType":)";
  AppendJsonString(fields.type, &document);
  return document + R"(,"eventTimestamp":")" + fields.time + R"(","eventProperties":)" + fields.properties + "}";
}

// `document` with spaces behind it, up to a size.
std::string Padded(std::string document, std::size_t size) {
  document.resize(size, ' ');
  return document;
}

// Properties of so many bytes when minified, spread out or not.
std::string PropertiesOf(std::size_t size, std::string_view space = "") {
  const std::string text(size - std::string_view(R"({"a":""})").size(), 'x');
  return "{" + std::string(space) + R"("a":)" + std::string(space) + "\"" + text + "\"}";
}

// Properties whose innermost array is at this level; they are at level 2 themselves.
std::string NestedTo(std::size_t level) {
  return R"({"a":)" + std::string(level - 2, '[') + std::string(level - 2, ']') + "}";
}

class LimitsTest : public StoreTest {
 protected:
  // What the store says to an event; absent when it was created.
  std::optional<Rejection> Send(Way way, const Fields& fields) {
    if (way != Way::kStruct) return SendText(way, Document(fields));
    const absl::StatusOr<absl::Time> time = ParseTimestamp(fields.time);
    EXPECT_THAT(time, IsOk());
    return RejectionOf(store().Put(account(), {.customer_event_id = fields.id,
                                               .customer_alias = fields.alias,
                                               .event_type = fields.type,
                                               .event_timestamp = *time,
                                               .event_properties = fields.properties}));
  }

  std::optional<Rejection> SendText(Way way, const std::string& document) {
    if (way == Way::kJson) {
      const std::string_view documents[] = {document};
      const absl::StatusOr<std::vector<WriteResult>> results = store().WriteJson(account(), documents);
      EXPECT_THAT(results, IsOkAndHolds(SizeIs(1)));
      return RejectionOf(results->front());
    }
    std::optional<Rejection> rejected;
    const auto on_rejected = [&rejected](const BulkDocument&, const Rejection& rejection) {
      rejected = rejection;
      return true;
    };
    const absl::StatusOr<BulkResult> result =
        store().WriteBulk(account(), SourceOf({document}), {.on_rejected = on_rejected});
    EXPECT_THAT(result, IsOk());
    EXPECT_EQ(result->created, rejected.has_value() ? 0U : 1U);
    EXPECT_EQ(result->rejected, rejected.has_value() ? 1U : 0U);
    return rejected;
  }

  void ExpectStored(const Fields& fields) {
    const absl::StatusOr<std::vector<Stored>> stored = ReadAll(store().Scan({.account = account()}));
    ASSERT_THAT(stored, IsOkAndHolds(SizeIs(1)));
    const Stored& event = stored->front();
    EXPECT_EQ(event.customer_event_id, fields.id);
    EXPECT_EQ(event.customer_alias, fields.alias);
    EXPECT_EQ(event.event_type, fields.type);
    EXPECT_EQ(event.event_timestamp, *ParseTimestamp(fields.time));
    std::string minified = fields.properties;
    std::erase(minified, ' ');
    EXPECT_EQ(event.event_properties, minified);
    // Every index leads to it.
    ASSERT_OK_AND_ASSIGN(const OwnedEvent by_id, store().Get(account(), fields.id));
    EXPECT_EQ(Stored(*by_id), event);
    EXPECT_THAT(ReadAll(store().Scan({.account = account(), .customer_aliases = {fields.alias}})),
                IsOkAndHolds(ElementsAre(event)));
    EXPECT_THAT(ReadAll(store().Changes({.account = account()})), IsOkAndHolds(ElementsAre(StoredChange{event})));
  }

  void ExpectNothing() {
    EXPECT_THAT(Ids(store().Scan({.account = account()})), IsOkAndHolds(IsEmpty()));
    EXPECT_THAT(ReadAll(store().Changes({.account = account()})), IsOkAndHolds(IsEmpty()));
  }

  void ExpectRejection(const std::optional<Rejection>& rejection, RejectReason reason, std::string_view pointer) {
    ASSERT_TRUE(rejection.has_value());
    EXPECT_EQ(RejectReasonName(rejection->reason), RejectReasonName(reason));
    EXPECT_EQ(rejection->pointer, pointer);
  }

  // Each case has an account of its own.
  Uuid account() const { return Account(case_); }
  void NextCase() { ++case_; }

 private:
  static std::optional<Rejection> RejectionOf(const absl::StatusOr<WriteResult>& result) {
    EXPECT_THAT(result, IsOk());
    EXPECT_EQ(result->outcome, result->rejection.has_value() ? Outcome::kRejected : Outcome::kCreated);
    return result->rejection;
  }

  std::uint8_t case_ = 1;
};

TEST_F(LimitsTest, EveryFieldReachesToItsLimitAndNotAByteFurther) {
  const std::string four_byte_characters = [] {
    std::string text;
    for (int i = 0; i < 63; ++i) text += "\xf0\x9f\x98\x80";
    return text;  // 252 bytes
  }();
  constexpr auto kValue = RejectReason::kInvalidValue;
  const struct {
    std::string what;
    Fields within;
    Fields beyond;
    RejectReason reason;
    std::string pointer;
  } table[] = {
      {"id", {.id = std::string(255, 'x')}, {.id = std::string(256, 'x')}, kValue, "/customerEventId"},
      {"alias", {.alias = std::string(255, 'x')}, {.alias = std::string(256, 'x')}, kValue, "/customerAlias"},
      {"type", {.type = std::string(255, 'x')}, {.type = std::string(256, 'x')}, kValue, "/eventType"},
      {"least id", {.id = " "}, {.id = ""}, kValue, "/customerEventId"},
      {"least alias", {.alias = "\x7f"}, {.alias = ""}, kValue, "/customerAlias"},
      {"least type", {.type = "\\"}, {.type = ""}, kValue, "/eventType"},
      {"bytes, not characters",
       {.id = four_byte_characters + "\xe2\x82\xac"},
       {.id = four_byte_characters + "\xf0\x9f\x98\x80"},
       kValue,
       "/customerEventId"},
      {"least character of a name",
       {.alias = "a b"},
       {.alias = "a\x1f"
                 "b"},
       kValue,
       "/customerAlias"},
      {"properties",
       {.properties = PropertiesOf(kPropertiesBytesMax)},
       {.properties = PropertiesOf(kPropertiesBytesMax + 1)},
       RejectReason::kTooLarge,
       "/eventProperties"},
      {"properties with spaces",
       {.properties = PropertiesOf(kPropertiesBytesMax, "     ")},
       {.properties = PropertiesOf(kPropertiesBytesMax + 1, "     ")},
       RejectReason::kTooLarge,
       "/eventProperties"},
  };
  std::uint64_t stored = 0;
  for (const Way way : {Way::kStruct, Way::kJson, Way::kBulk}) {
    for (const auto& row : table) {
      SCOPED_TRACE(row.what + ", way " + std::to_string(static_cast<int>(way)));
      ExpectRejection(Send(way, row.beyond), row.reason, row.pointer);
      ExpectNothing();
      EXPECT_EQ(Send(way, row.within).value_or(Rejection()).message, "");
      ExpectStored(row.within);
      ++stored;
      NextCase();
    }
  }
  Reopen();
  ASSERT_OK_AND_ASSIGN(const VerifyReport report, store().Verify());
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.events, stored);
}

TEST_F(LimitsTest, NestingReachesToLevel64) {
  for (const Way way : {Way::kStruct, Way::kJson, Way::kBulk}) {
    SCOPED_TRACE(static_cast<int>(way));
    ExpectRejection(Send(way, {.properties = NestedTo(65)}), RejectReason::kTooDeep,
                    way == Way::kStruct ? "/eventProperties" : "");
    ExpectNothing();
    EXPECT_EQ(Send(way, {.properties = NestedTo(64)}).value_or(Rejection()).message, "");
    ExpectStored({.properties = NestedTo(64)});
    NextCase();
  }
}

TEST_F(LimitsTest, NestingAHundredThousandDeepIsRejectedWhereverItStands) {
  constexpr int kDeep = 100'000;
  const auto repeat = [](std::string_view text) {
    std::string repeated;
    for (int i = 0; i < kDeep; ++i) repeated += text;
    return repeated;
  };
  const std::string arrays = repeat("[") + repeat("]");
  const std::string objects = repeat(R"({"a":)") + "0" + repeat("}");
  for (const Way way : {Way::kStruct, Way::kJson, Way::kBulk}) {
    SCOPED_TRACE(static_cast<int>(way));
    for (const std::string& deep : {arrays, objects, repeat("["), repeat(R"({"a":[)")}) {
      ExpectRejection(Send(way, {.properties = R"({"a":)" + deep + "}"}), RejectReason::kTooDeep,
                      way == Way::kStruct ? "/eventProperties" : "");
      if (way == Way::kStruct) continue;
      ExpectRejection(SendText(way, R"({"id":)" + deep + "}"), RejectReason::kTooDeep, "");
      ExpectRejection(SendText(way, deep), RejectReason::kTooDeep, "");
    }
    // No way in at all: only closing ones.
    ExpectRejection(Send(way, {.properties = repeat("]")}), RejectReason::kInvalidJson,
                    way == Way::kStruct ? "/eventProperties" : "");
  }
  ExpectNothing();
  // A string is as deep as it looks to nobody.
  const Fields text{.properties = R"({"a":")" + repeat("[") + "\"}"};
  for (const Way way : {Way::kStruct, Way::kJson, Way::kBulk}) {
    EXPECT_EQ(Send(way, text).value_or(Rejection()).message, "");
    ExpectStored(text);
    NextCase();
  }
}

TEST_F(LimitsTest, TextReachesToTwoMebibytes) {
  for (const Way way : {Way::kJson, Way::kBulk}) {
    SCOPED_TRACE(static_cast<int>(way));
    const Fields fields{.properties = PropertiesOf(kPropertiesBytesMax)};
    ExpectRejection(SendText(way, Padded(Document(fields), kEventJsonBytesMax + 1)), RejectReason::kTooLarge, "");
    ExpectNothing();
    EXPECT_EQ(SendText(way, Padded(Document(fields), kEventJsonBytesMax)).value_or(Rejection()).message, "");
    ExpectStored(fields);
    NextCase();
  }
  // A struct's properties are held to the same text before they are minified.
  const std::string space(kEventJsonBytesMax - 2, ' ');
  ExpectRejection(Send(Way::kStruct, {.properties = "{" + space + " }"}), RejectReason::kTooLarge, "/eventProperties");
  EXPECT_EQ(Send(Way::kStruct, {.properties = "{" + space + "}"}).value_or(Rejection()).message, "");
  ExpectStored({});
}

TEST_F(LimitsTest, TimeReachesFromYear1ToYear9999AndToTheNanosecond) {
  const struct {
    std::string within;
    std::string beyond;
  } table[] = {
      {"0001-01-01T00:00:00Z", "0000-12-31T23:59:59.999999999Z"},
      {"0001-01-01T23:59:00+23:59", "0001-01-01T23:58:59.999999999+23:59"},
      {"9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:60Z"},
      {"9999-12-31T00:00:59.999999999-23:59", "9999-12-31T00:01:00-23:59"},
      {"2022-10-01T00:00:00.0000000010000Z", "2022-10-01T00:00:00.0000000001Z"},
      {"2022-10-01T00:00:00+23:59", "2022-10-01T00:00:00+24:00"},
      {"2022-12-31T23:59:60Z", "2022-12-31T23:59:61Z"},
      {"2024-02-29T00:00:00Z", "2023-02-29T00:00:00Z"},
  };
  for (const Way way : {Way::kJson, Way::kBulk}) {
    for (const auto& row : table) {
      SCOPED_TRACE(row.beyond + ", way " + std::to_string(static_cast<int>(way)));
      ExpectRejection(Send(way, {.time = row.beyond}), RejectReason::kInvalidValue, "/eventTimestamp");
      ExpectNothing();
      EXPECT_EQ(Send(way, {.time = row.within}).value_or(Rejection()).message, "");
      ExpectStored({.time = row.within});
      NextCase();
    }
  }
}

TEST_F(LimitsTest, NumbersAddUpToTheirLimitsAndFailTheSumBeyond) {
  const Meter meter{.event_type = "message-sent", .aggregation = Aggregation::kSum, .property = "n"};
  const std::string digits(38, '9');
  const struct {
    std::string within;
    std::string sum;
    std::string beyond;
  } table[] = {
      {digits, digits, "1" + std::string(37, '0') + "1"},
      {"1e400", "1" + std::string(400, '0'), "1e401"},
      {"1e-400", "0." + std::string(399, '0') + "1", "1e-401"},
      {"\"1.5e1\"", "15", "\"15e-402\""},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.beyond);
    EXPECT_EQ(Send(Way::kJson, {.properties = R"({"n":)" + row.within + "}"}).value_or(Rejection()).message, "");
    ASSERT_OK_AND_ASSIGN(const Usage usage, store().Query({.account = account(), .meter = meter}));
    ASSERT_THAT(usage.rows, SizeIs(1));
    EXPECT_EQ(usage.rows[0].value, row.sum);
    EXPECT_EQ(Send(Way::kJson, {.id = "beyond", .properties = R"({"n":)" + row.beyond + "}"}).has_value(), false);
    EXPECT_THAT(store().Query({.account = account(), .meter = meter}),
                StatusIs(absl::StatusCode::kOutOfRange, "'beyond'"));
    NextCase();
  }
}

TEST_F(LimitsTest, AMetersNameReachesTo64Characters) {
  const Meter meter{.event_type = "message-sent"};
  EXPECT_THAT(store().DefineMeter(account_, std::string(64, 'm'), meter), IsOkAndHolds(Outcome::kCreated));
  EXPECT_THAT(store().DefineMeter(account_, std::string(65, 'm'), meter), StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_OK_AND_ASSIGN(const std::vector<DeclaredMeter> meters, store().Meters(account_));
  ASSERT_THAT(meters, SizeIs(1));
  EXPECT_EQ(meters[0].name, std::string(64, 'm'));
}

}  // namespace
}  // namespace tallystick::testing
