// The calls about meters over the real server.

#include <signal.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/serve/fixture.h"

namespace tallystick::serve {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kMeters[] = "/api/usage-metrics";

// A meter of the tests' events, without a name.
constexpr char kSpending[] =
    R"("eventType":"call","aggregation":"sum","property":"price","groupBy":["channel","country"],"filter":{})";

std::string Named(const std::string& name, const std::string& definition) {
  return R"({"name":")" + name + R"(",)" + definition + "}";
}

std::string EventOf(const std::string& id, const std::string& time, const std::string& properties,
                    const std::string& customer = "acme") {
  return R"({"customerEventId":")" + id + R"(","customerAlias":")" + customer +
         R"(","eventType":"call","eventTimestamp":")" + time + R"(","eventProperties":)" + properties + "}";
}

class MetersTest : public ServeTest {
 protected:
  Reply Ask(const std::string& method, const std::string& target, const std::string& body = "") {
    return Call({.method = method,
                 .target = target,
                 .credential = credential_,
                 .content_type = method == "POST" ? "application/json" : "",
                 .body = body});
  }
  Reply Get(const std::string& target) { return Ask("GET", kMeters + target); }
  Reply Define(const std::string& body) { return Ask("POST", kMeters, body); }
  Reply Calculate(const std::string& body) { return Ask("POST", std::string(kMeters) + "/calculate", body); }

  // Around the end of a day in Berlin.
  void StoreEvents() {
    const Reply stored =
        Ask("POST", "/api/usage-events/batch",
            "[" + EventOf("1", "2022-10-01T21:00:00Z", R"({"price":0.1,"channel":"sms","country":"DE"})") + "," +
                EventOf("2", "2022-10-01T22:00:00Z", R"({"price":"0.20","channel":"sms","country":"FR"})") + "," +
                EventOf("3", "2022-10-01T22:30:00Z", R"({"price":12345678901234567890.5,"country":"FR"})", "zeta") +
                "," + EventOf("4", "2022-10-01T23:00:00Z", R"({"channel":"sms"})") + "]");
    ASSERT_EQ(stored.status, 200);
  }

  // Until the store has built it.
  std::string Complete(const std::string& name) {
    std::string state;
    do {
      state = Get("/" + name).body;
    } while (MemberOf(state, "state") == "building");
    return state;
  }

  static std::string RowsOf(const Reply& reply) {
    EXPECT_EQ(reply.status, 200) << reply.body;
    const std::size_t begin = reply.body.find("\"items\":") + 8;
    return reply.body.substr(begin, reply.body.find(",\"skipped\"") - begin);
  }
};

TEST_F(MetersTest, AMeterIsDefinedOnceAndBuiltInTheBackground) {
  StoreEvents();
  const std::string definition = Named("spending", kSpending);
  const Reply created = Define(definition);
  EXPECT_EQ(created.status, 201);
  EXPECT_EQ(created.header("location"), "/api/usage-metrics/spending");
  EXPECT_EQ(created.header("tallystick-outcome"), "created");
  EXPECT_EQ(created.header("sequence-version"), "2024-07-30");
  EXPECT_THAT(created.body, StartsWith(definition.substr(0, definition.size() - 1) + R"(,"state":")"));
  EXPECT_THAT(MemberOf(created.body, "state"), AnyOf("building", "complete"));

  const std::string complete = definition.substr(0, definition.size() - 1) + R"(,"state":"complete"})";
  EXPECT_EQ(Complete("spending"), complete);
  EXPECT_EQ(Get("").body, R"({"items":[)" + complete + "]}");
  const Reply unchanged = Define(definition);
  EXPECT_EQ(unchanged.status, 200);
  EXPECT_EQ(unchanged.header("tallystick-outcome"), "unchanged");
  EXPECT_EQ(unchanged.body, complete);
}

TEST_F(MetersTest, AnotherMeterOfTheNameIsAConflict) {
  EXPECT_EQ(Define(Named("m", kSpending)).status, 201);
  const std::string other = R"("eventType":"call","aggregation":"count")";
  EXPECT_EQ(ErrorOf(Define(Named("m", other))), "409 already_exists /name");
  EXPECT_EQ(Define(Named("n", other)).status, 201);
  EXPECT_EQ(Complete("n"),
            R"({"name":"n","eventType":"call","aggregation":"count","property":null,"groupBy":[],"filter":{},)"
            R"("state":"complete"})");
}

TEST_F(MetersTest, ADroppedMeterIsGone) {
  Define(Named("m", kSpending));
  const Reply dropped = Ask("DELETE", "/api/usage-metrics/m");
  EXPECT_EQ(dropped.status, 200);
  EXPECT_EQ(dropped.body, R"({"name":"m","outcome":"dropped"})");
  EXPECT_EQ(Get("").body, R"({"items":[]})");
  for (const Reply& reply :
       {Ask("DELETE", "/api/usage-metrics/m"), Ask("DELETE", "/api/usage-metrics/a%2Fb"), Get("/m"),
        Get("/m/calculate"), Get("/m/calculate?groupBy=channel"), Get("/a%2Fb/calculate"), Get("/calculate")}) {
    EXPECT_EQ(ErrorOf(reply), "404 not_found ");
  }
}

TEST_F(MetersTest, AccountsDoNotSeeEachOthersMeters) {
  Define(Named("m", kSpending));
  EXPECT_EQ(Call({.target = kMeters, .credential = other_credential_}).body, R"({"items":[]})");
  for (const char* method : {"GET", "DELETE"}) {
    EXPECT_EQ(ErrorOf(Call({.method = method, .target = "/api/usage-metrics/m", .credential = other_credential_})),
              "404 not_found ");
  }
  EXPECT_EQ(Get("/m").status, 200);
}

TEST_F(MetersTest, MetersOutliveTheServer) {
  StoreEvents();
  Define(Named("m", kSpending));
  const std::string complete = Complete("m");
  EXPECT_EQ(End(SIGKILL).status, -SIGKILL);
  Start();
  EXPECT_EQ(Get("/m").body, complete);
}

TEST_F(MetersTest, ADeclaredMeterAnswersExactly) {
  StoreEvents();
  Define(Named("m", kSpending));
  Complete("m");
  const std::string open = R"("from":null,"to":null,)";
  EXPECT_EQ(
      Get("/m/calculate").body,
      R"({"groupBy":["channel","country"],"items":[)"
      R"({"from":null,"to":null,"group":{"channel":null,"country":"FR"},"value":"12345678901234567890.5","count":1},)"
      R"({"from":null,"to":null,"group":{"channel":"sms","country":"DE"},"value":"0.1","count":1},)"
      R"({"from":null,"to":null,"group":{"channel":"sms","country":"FR"},"value":"0.2","count":1}],)"
      R"("skipped":1,"fromRollups":true,"eventsRead":0})");
  EXPECT_EQ(RowsOf(Get("/m/calculate?groupBy=")),
            R"([{)" + open + R"("group":{},"value":"12345678901234567890.8","count":3}])");
  EXPECT_EQ(RowsOf(Get("/m/calculate?groupBy=channel&customerAlias=acme")),
            R"([{)" + open + R"("group":{"channel":"sms"},"value":"0.3","count":2}])");
  EXPECT_EQ(RowsOf(Get("/m/calculate?groupBy=country&groupBy=channel&customerAlias=zeta")),
            R"([{)" + open + R"("group":{"country":"FR","channel":null},"value":"12345678901234567890.5","count":1}])");
  EXPECT_EQ(RowsOf(Get("/m/calculate?groupBy=&customerAlias=acme&window=day&timezone=Europe%2FBerlin")),
            R"([{"from":"2022-09-30T22:00:00Z","to":"2022-10-01T22:00:00Z","group":{},"value":"0.1","count":1},)"
            R"({"from":"2022-10-01T22:00:00Z","to":"2022-10-02T22:00:00Z","group":{},"value":"0.2","count":1}])");
  EXPECT_EQ(RowsOf(Get("/m/calculate?groupBy=&from=2022-10-01T22:00:00Z&to=2022-10-02T00:30:00%2B02:00")),
            R"([{"from":"2022-10-01T22:00:00Z","to":"2022-10-01T22:30:00Z","group":{},"value":"0.2","count":1}])");
  EXPECT_EQ(RowsOf(Get("/m/calculate?from=2023-10-01T22:00:00Z")), "[]");
}

TEST_F(MetersTest, AMeterThatIsBeingBuiltAnswersAsOneThatIsComplete) {
  // So many that the building does not end before the question comes, most of the time; the answer is one at all times.
  std::string batch = "[";
  for (int i = 0; i < 10'000; ++i) {
    if (i > 0) batch += ',';
    batch += EventOf(std::to_string(i), "2022-10-01T00:00:00Z", R"({"price":0.01,"channel":"sms"})");
  }
  ASSERT_EQ(Ask("POST", "/api/usage-events/batch", batch + "]").status, 200);
  Define(Named("m", kSpending));
  const std::string rows = RowsOf(Get("/m/calculate?groupBy="));
  EXPECT_EQ(rows, R"([{"from":null,"to":null,"group":{},"value":"100","count":10000}])");
  Complete("m");
  EXPECT_EQ(RowsOf(Get("/m/calculate?groupBy=")), rows);
}

TEST_F(MetersTest, AMeterNeedNotBeDeclared) {
  StoreEvents();
  const std::string meter = R"({"eventType":"call","aggregation":)";
  EXPECT_EQ(Calculate(meter + R"("count"})").body,
            R"({"groupBy":[],"items":[{"from":null,"to":null,"group":{},"value":"4","count":4}],)"
            R"("skipped":0,"fromRollups":false,"eventsRead":4})");
  EXPECT_EQ(RowsOf(Calculate(meter + R"("avg","property":"price","customerAlias":"acme"})")),
            R"([{"from":null,"to":null,"group":{},"value":"0.15","sum":"0.3","count":2}])");
  EXPECT_EQ(RowsOf(Calculate(meter + R"("latest","property":"country","customerAlias":["zeta","nobody"]})")),
            R"([{"from":null,"to":null,"group":{},"value":"FR","count":1}])");
  EXPECT_EQ(RowsOf(Calculate(meter + R"("sum","property":"price","groupBy":["country"],"filter":{"channel":["sms"]},)" +
                             R"("from":"2022-10-01T21:30:00Z","to":"2022-10-02T00:00:00Z","window":"month",)" +
                             R"("timezone":"Europe/Berlin"})")),
            R"([{"from":"2022-09-30T22:00:00Z","to":"2022-10-31T23:00:00Z","group":{"country":"FR"},"value":"0.2",)"
            R"("count":1}])");
  EXPECT_EQ(RowsOf(Calculate(meter + R"("count","property":null,"groupBy":null,"filter":null,"window":null})")),
            R"([{"from":null,"to":null,"group":{},"value":"4","count":4}])");
  EXPECT_EQ(RowsOf(Calculate(R"({"eventType":"other","aggregation":"count"})")), "[]");
}

TEST_F(MetersTest, ABodyThatSaysNoMeterNamesItsFault) {
  const std::string good = R"("name":"m","eventType":"call","aggregation":"count")";
  const std::string sum = R"({"name":"m","eventType":"call","aggregation":"sum","property":"p",)";
  const std::vector<std::pair<std::string, std::string>> faults = {
      {"", "400 invalid_json "},
      {"{", "400 invalid_json "},
      {"{" + good + "} 1", "400 invalid_json "},
      {"[]", "400 wrong_type "},
      {R"({"eventType":"call","aggregation":"count"})", "400 missing_field /name"},
      {R"({"name":"m","aggregation":"count"})", "400 missing_field /eventType"},
      {R"({"name":"m","eventType":null,"aggregation":"count"})", "400 missing_field /eventType"},
      {R"({"name":"m","eventType":"call"})", "400 missing_field /aggregation"},
      {R"({"name":"m","eventType":"call","aggregation":"sum"})", "400 missing_field /property"},
      {R"({"name":"","eventType":"call","aggregation":"count"})", "400 invalid_value /name"},
      {R"({"name":"a/b","eventType":"call","aggregation":"count"})", "400 invalid_value /name"},
      {R"({"name":")" + std::string(65, 'm') + R"(","eventType":"call","aggregation":"count"})",
       "400 invalid_value /name"},
      {R"({"name":1,"eventType":"call","aggregation":"count"})", "400 wrong_type /name"},
      {R"({"name":"m","eventType":"","aggregation":"count"})", "400 invalid_value /eventType"},
      {R"({"name":"m","eventType":")" + std::string(256, 'x') + R"(","aggregation":"count"})",
       "400 invalid_value /eventType"},
      {R"({"name":"m","eventType":"\ud800","aggregation":"count"})", "400 invalid_json "},
      {R"({"name":"m","eventType":"\udc00","aggregation":"count"})", "400 invalid_json "},
      {R"({"name":"m","eventType":"\ud800\u0041","aggregation":"count"})", "400 invalid_json "},
      {R"({"name":"m","eventType":"call","aggregation":"COUNT"})", "400 invalid_value /aggregation"},
      {"{" + good + R"(,"property":"p"})", "400 invalid_value /property"},
      {"{" + good + R"(,"name":"m"})", "400 duplicate_key /name"},
      {"{" + good + R"(,"a/b":1})", "400 unknown_field /a~1b"},
      {"{" + good + R"(,"window":"day"})", "400 unknown_field /window"},
      {sum + R"("property":"p"})", "400 duplicate_key /property"},
      {sum + R"("groupBy":"channel"})", "400 wrong_type /groupBy"},
      {sum + R"("groupBy":["a",1]})", "400 wrong_type /groupBy/1"},
      {sum + R"("groupBy":["a",""]})", "400 invalid_value /groupBy/1"},
      {sum + R"("groupBy":["a","b","a"]})", "400 invalid_value /groupBy/2"},
      {sum + R"("filter":[]})", "400 wrong_type /filter"},
      {sum + R"("filter":{"":["x"]}})", "400 invalid_value /filter/"},
      {sum + R"("filter":{"a~":"x"}})", "400 wrong_type /filter/a~0"},
      {sum + R"("filter":{"a":[]}})", "400 invalid_value /filter/a"},
      {sum + R"("filter":{"a":["x",2]}})", "400 wrong_type /filter/a/1"},
      {sum + R"("filter":{"a":["x"],"a":["y"]}})", "400 duplicate_key /filter/a"},
      {sum + R"("filter":{"\udc00":["x"]}})", "400 invalid_json "},
  };
  for (const auto& [body, error] : faults) EXPECT_EQ(ErrorOf(Define(body)), error) << body;
  EXPECT_EQ(ErrorOf(Ask("POST", "/api/usage-metrics?x=1", "{" + good + "}")), "400 unknown_parameter x");
  EXPECT_EQ(ErrorOf(Define(std::string(64 * 1024 + 1, ' '))), "413 too_large ");
  EXPECT_EQ(Get("").body, R"({"items":[]})");
}

TEST_F(MetersTest, AQuestionNamesItsFault) {
  Define(Named("m", kSpending));
  const std::vector<std::pair<std::string, std::string>> parameters = {
      {"groupBy=price", "400 invalid_request groupBy"},
      {"groupBy=&groupBy=channel", "400 invalid_request groupBy"},
      {"groupBy=channel&groupBy=channel", "400 invalid_request groupBy"},
      {"window=DAY", "400 invalid_request window"},
      {"window=", "400 invalid_request window"},
      {"window=day&window=day", "400 invalid_request window"},
      {"timezone=Europe%2FBrelin", "400 invalid_request timezone"},
      {"timezone=", "400 invalid_request timezone"},
      {"from=2022-10-01", "400 invalid_request from"},
      {"to=", "400 invalid_request to"},
      {"customerAlias=", "400 invalid_request customerAlias"},
      {"customeralias=acme", "400 unknown_parameter customeralias"},
  };
  for (const auto& [query, error] : parameters) EXPECT_EQ(ErrorOf(Get("/m/calculate?" + query)), error) << query;

  const std::vector<std::pair<std::string, std::string>> members = {
      {R"("window":"week")", "400 invalid_value /window"},
      {R"("window":1)", "400 wrong_type /window"},
      {R"("timezone":"Europe/Brelin")", "400 invalid_value /timezone"},
      {R"("timezone":"")", "400 invalid_value /timezone"},
      {R"("from":"2022-10-01")", "400 invalid_value /from"},
      {R"("to":5)", "400 wrong_type /to"},
      {R"("customerAlias":"")", "400 invalid_value /customerAlias"},
      {R"("customerAlias":["a",""])", "400 invalid_value /customerAlias/1"},
      {R"("customerAlias":5)", "400 wrong_type /customerAlias"},
      {R"("name":"m")", "400 unknown_field /name"},
      {R"("property":"p")", "400 invalid_value /property"},
  };
  for (const auto& [member, error] : members) {
    EXPECT_EQ(ErrorOf(Calculate(R"({"eventType":"call","aggregation":"count",)" + member + "}")), error) << member;
  }
}

TEST_F(MetersTest, ANumberBeyondWhatIsExactIsNamed) {
  ASSERT_EQ(Call(PostOf("huge", R"({"price":0.1234567890123456789012345678901234567891})")).status, 201);
  Define(Named("m", kSpending));
  const std::string sum = R"({"eventType":"call","aggregation":"sum","property":"price"})";
  for (const Reply& reply : {Get("/m/calculate"), Calculate(sum)}) {
    EXPECT_EQ(ErrorOf(reply), "422 out_of_range ");
    EXPECT_THAT(reply.body, HasSubstr("huge"));
  }
  Call(PostOf("huge", R"({"price":1e4})"));
  EXPECT_EQ(RowsOf(Calculate(sum)), R"([{"from":null,"to":null,"group":{},"value":"10000","count":1}])");
}

TEST_F(MetersTest, RowsThatAreTooManyAreRefused) {
  const std::string text(1'000'000, 'x');
  for (int i = 0; i < 17; ++i) {
    ASSERT_EQ(Call(PostOf(std::to_string(i), R"({"text":")" + text + std::to_string(i) + "\"}")).status, 201);
  }
  const std::string count = R"({"eventType":"call","aggregation":"count","groupBy":["text"])";
  EXPECT_EQ(ErrorOf(Calculate(count + "}")), "422 too_many_rows ");
  EXPECT_EQ(Calculate(count + R"(,"filter":{"text":[")" + "y" + R"("]}})").status, 200);
}

}  // namespace
}  // namespace tallystick::serve
