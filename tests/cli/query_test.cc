#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/fixture.h"

namespace tallystick::cli {
namespace {

using ::testing::HasSubstr;

class QueryTest : public CliTest {
 protected:
  void SetUp() override {
    const auto event = [](const std::string& id, const std::string& customer, const std::string& time,
                          const std::string& properties) {
      return R"({"customerEventId":")" + id + R"(","customerAlias":")" + customer +
             R"(","eventType":"message-sent","eventTimestamp":")" + time + R"(","eventProperties":)" + properties +
             "}\n";
    };
    Import(event("a", "acme", "2022-10-01T00:00:00Z", R"({"length":0.1,"region":"eu"})") +
           event("b", "acme", "2022-10-01T23:30:00Z", R"({"length":"0.2","region":"e\"u"})") +
           event("c", "globex", "2022-10-02T12:00:00Z", R"({"length":500})") +
           event("d", "globex", "2022-10-02T12:00:01Z", R"({"length":"long","region":"eu"})"));
  }

  Finished Query(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"query", "--type", "message-sent"});
    return Tallystick(arguments);
  }
};

TEST_F(QueryTest, PrintsARowForEachWindowAndGroup) {
  struct Case {
    std::vector<std::string> arguments;
    std::string rows;
  };
  for (const Case& expected : std::vector<Case>{
           {{"--aggregation", "count"},
            R"({"from":null,"to":null,"group":{},"value":"4","count":4})"
            "\n"},
           {{"--aggregation", "SUM", "--property", "length", "--group-by", "region"},
            R"({"from":null,"to":null,"group":{"region":null},"value":"500","count":1})"
            "\n"
            R"({"from":null,"to":null,"group":{"region":"e\"u"},"value":"0.2","count":1})"
            "\n"
            R"({"from":null,"to":null,"group":{"region":"eu"},"value":"0.1","count":1})"
            "\n"},
           {{"--aggregation", "avg", "--property", "length", "--customer", "acme", "--from", "2022-10-01T00:00:00Z"},
            R"({"from":"2022-10-01T00:00:00Z","to":null,"group":{},"value":"0.15","sum":"0.3","count":2})"
            "\n"},
           {{"--aggregation", "Unique_Count", "--property", "region", "--window", "Day", "--timezone", "Europe/Berlin"},
            R"({"from":"2022-09-30T22:00:00Z","to":"2022-10-01T22:00:00Z","group":{},"value":"1","count":1})"
            "\n"
            R"({"from":"2022-10-01T22:00:00Z","to":"2022-10-02T22:00:00Z","group":{},"value":"2","count":2})"
            "\n"},
           {{"--aggregation", "latest", "--property", "length", "--filter", "region=eu", "--filter", "region=e\"u",
             "--to", "2022-10-02T00:00:00Z"},
            R"({"from":null,"to":"2022-10-02T00:00:00Z","group":{},"value":"0.2","count":2})"
            "\n"},
           {{"--aggregation", "max", "--property", "length", "--filter", "region=mars"}, ""}}) {
    SCOPED_TRACE(::testing::PrintToString(expected.arguments));
    const Finished query = Query(expected.arguments);
    EXPECT_EQ(query.status, 0) << query.err;
    EXPECT_EQ(query.out, expected.rows);
  }
}

TEST_F(QueryTest, TellsHowManyEventsAreSkipped) {
  const Finished query = Query({"--aggregation", "min", "--property", "length"});
  EXPECT_EQ(query.out, R"({"from":null,"to":null,"group":{},"value":"0.1","count":3})"
                       "\n");
  EXPECT_THAT(query.err, HasSubstr("1 event was skipped"));
  EXPECT_THAT(Query({"--aggregation", "sum", "--property", "size"}).err, HasSubstr("4 events were skipped"));
  EXPECT_EQ(Query({"--aggregation", "count"}).err, "");
}

TEST_F(QueryTest, WrongUsageIsTold) {
  struct Case {
    std::vector<std::string> arguments;
    std::string message;
  };
  for (const Case& expected :
       std::vector<Case>{{{}, "--aggregation"},
                         {{"--aggregation", "median"}, "'median' is none of avg, count, latest"},
                         {{"--aggregation", "sum"}, "property"},
                         {{"--aggregation", "count", "--filter", "region"}, "PROPERTY=VALUE"},
                         {{"--aggregation", "count", "--filter", "=eu"}, "PROPERTY=VALUE"},
                         {{"--aggregation", "count", "--window", "week"}, "'week' is none of"},
                         {{"--aggregation", "count", "--timezone", "Europe/Atlantis"}, "Europe/Atlantis"}}) {
    SCOPED_TRACE(::testing::PrintToString(expected.arguments));
    const Finished query = Query(expected.arguments);
    EXPECT_EQ(query.status, 2);
    EXPECT_EQ(query.out, "");
    EXPECT_THAT(query.err, HasSubstr(expected.message));
  }
}

TEST_F(QueryTest, FailsOnANumberThatIsNotExact) {
  Import(
      R"({"customerEventId":"e","customerAlias":"acme","eventType":"message-sent","eventProperties":{"length":1e401}})"
      "\n");
  const Finished query = Query({"--aggregation", "sum", "--property", "length"});
  EXPECT_EQ(query.status, 1);
  EXPECT_EQ(query.out, "");
  EXPECT_THAT(query.err, HasSubstr("event 'e' at "));
}

}  // namespace
}  // namespace tallystick::cli
