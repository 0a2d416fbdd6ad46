#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tallystick/uuid.h"
#include "tests/cli/fixture.h"

namespace tallystick::cli {
namespace {

using GetTest = CliTest;

constexpr char kAccount[] = "0184421e-a9cc-711b-af93-bf0511d4d833";

TEST_F(GetTest, PrintsTheResponseForm) {
  const Finished imported = RunProgram(
      {"import", "--account", kAccount},
      R"({ "customerEventId": "event-1", "customerAlias": "acme", "eventType": "message-sent",)"
      R"( "eventTimestamp": "2022-10-01T02:00:00+02:00", "eventProperties": {"length": 500, "price": 1.10} })",
      Here());
  ASSERT_EQ(imported.status, 0);
  const std::string json = DataOf({"get", "--account", kAccount, "event-1"});
  EXPECT_TRUE(Uuid::Parse(json.substr(7, 36)).has_value()) << json;
  EXPECT_EQ(json[7 + 14], '7') << json;  // a UUIDv7
  EXPECT_EQ(WithoutStoredIds(json),
            R"({"customerEventId":"event-1","customerAlias":"acme","eventType":"message-sent",)"
            R"("sequenceAccountId":"0184421e-a9cc-711b-af93-bf0511d4d833","eventTimestamp":"2022-10-01T00:00:00Z",)"
            R"("eventProperties":{"length":500,"price":1.10}})"
            "\n");
}

TEST_F(GetTest, PrintsTheEventThatSuperseded) {
  Import(Line({.id = "a", .properties = R"({"length":1})"}) + "\n");
  const std::string before = DataOf({"get", "a"});
  Import(Line({.id = "a", .customer = "other", .properties = R"({"length":2})"}) + "\n");
  const std::string after = DataOf({"get", "a"});
  EXPECT_THAT(after, ::testing::HasSubstr(R"("customerAlias":"other")"));
  EXPECT_THAT(after, ::testing::HasSubstr(R"({"length":2})"));
  EXPECT_GT(after.substr(0, 43), before.substr(0, 43));  // {"id":"...": ids grow
}

TEST_F(GetTest, AnAbsentEventIsAFailure) {
  Import(Line({.id = "event-1"}) + "\n");
  for (const std::string id : {"event-2", "event-", "Event-1", "event-1 ", ""}) {
    const Finished finished = Tallystick({"get", id});
    EXPECT_EQ(finished.status, 1) << id;
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(finished.err, "tallystick: there is no event with this id\n");
  }
}

TEST_F(GetTest, AnEventWithoutAnIdIsFoundByTheOneItWasGiven) {
  ASSERT_EQ(Tallystick({"import"}, Line({})).status, 0);
  const std::string scan = DataOf({"scan"});
  EXPECT_EQ(DataOf({"get", EventIdsOf(scan).at(0)}), scan);
  EXPECT_EQ(scan.substr(7, 36), EventIdsOf(scan).at(0));
}

// Nothing that an id holds is taken for the program's own.
TEST_F(GetTest, AnIdMayBeAnyText) {
  const std::vector<std::string> kIds = {
      "import", "stats", "[a,b]", "{}",    "a,b", "a b", "#en.wikipedia/Caf\xc3\xa9", "%s", "=",
      "a=b",    "'",     "$HOME", "@file", "0",   "true"};
  const std::vector<std::string> kDashedIds = {"--", "-x", "--db", "--db=/elsewhere"};
  std::string input;
  for (const auto& ids : {kIds, kDashedIds}) {
    for (const std::string& id : ids) input += Line({.id = id}) + "\n";
  }
  Import(input);
  for (const std::string& id : kIds) EXPECT_THAT(EventIdsOf(DataOf({"get", id})), ::testing::ElementsAre(id));
  for (const std::string& id : kDashedIds) {
    EXPECT_THAT(EventIdsOf(DataOf({"get", "--", id})), ::testing::ElementsAre(id));
  }
}

TEST_F(GetTest, NothingOfAnotherAccountIsVisible) {
  Import(Line({.id = "a"}) + "\n");
  EXPECT_EQ(Tallystick({"get", "--account", kAccount, "a"}).status, 1);
  EXPECT_EQ(DataOf({"scan", "--account", kAccount}), "");
  EXPECT_NE(DataOf({"get", "--account", "00000000-0000-0000-0000-000000000000", "a"}), "");
}

}  // namespace
}  // namespace tallystick::cli
