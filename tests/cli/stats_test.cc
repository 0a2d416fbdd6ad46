#include <regex>
#include <string>

#include "gtest/gtest.h"
#include "simdjson.h"
#include "tests/cli/fixture.h"

namespace tallystick::cli {
namespace {

using StatsTest = CliTest;

// Sizes differ from run to run: only that they are numbers is told.
std::string WithoutSizes(const std::string& json) {
  static const std::regex bytes(R"re(("(?:fileBytes|memoryBytes|compactionOwedBytes)"):\d+)re");
  static const std::regex bytes_per_event(R"re(("bytesPerEvent"):\d+\.\d)re");
  return std::regex_replace(std::regex_replace(json, bytes, "$1:#"), bytes_per_event, "$1:#");
}

TEST_F(StatsTest, CountsByTypeAndCustomerLargestFirst) {
  Import(Line({.id = "a", .customer = "zeta"}) + "\n" + Line({.id = "b", .customer = "caf\xc3\xa9"}) + "\n" +
         Line({.id = "c", .customer = "zeta", .type = "call"}) + "\n" +
         Line({.id = "d", .customer = "beta", .type = R"(a\"b)"}) + "\n" +
         Line({.id = "a", .customer = "zeta", .type = "call"}) + "\n");
  const std::string other = "0184421e-a9cc-711b-af93-bf0511d4d833";
  ASSERT_EQ(RunProgram({"import", "--account", other}, Line({.id = "a"}), Here()).status, 0);

  const std::string json = DataOf({"stats"});
  EXPECT_EQ(
      WithoutSizes(json),
      R"({"account":"00000000-0000-0000-0000-000000000000","events":4,)"
      R"("eventTypes":[{"name":"call","events":2},{"name":"a\"b","events":1},{"name":"message-sent","events":1}],)"
      R"("customers":[{"name":"zeta","events":2},{"name":"beta","events":1},{"name":"café","events":1}],)"
      R"("store":{"events":5,"lastSequence":6,"families":[{"name":"default","fileBytes":#,"memoryBytes":#},)"
      R"({"name":"event_ids","fileBytes":#,"memoryBytes":#},{"name":"events","fileBytes":#,"memoryBytes":#},)"
      R"({"name":"customers","fileBytes":#,"memoryBytes":#},{"name":"changes","fileBytes":#,"memoryBytes":#},)"
      R"({"name":"rollups","fileBytes":#,"memoryBytes":#},{"name":"consumers","fileBytes":#,"memoryBytes":#}],)"
      R"("compactionOwedBytes":#,"bytesPerEvent":#}})"
      "\n");
  simdjson::dom::parser parser;
  EXPECT_EQ(parser.parse(json).error(), simdjson::SUCCESS);
}

TEST_F(StatsTest, AnEmptyStoreHasNothing) {
  Import("");
  EXPECT_EQ(
      WithoutSizes(DataOf({"stats"})).substr(0, 104),
      R"({"account":"00000000-0000-0000-0000-000000000000","events":0,"eventTypes":[],"customers":[],"store":{"ev)");
}

}  // namespace
}  // namespace tallystick::cli
