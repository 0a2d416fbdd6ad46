// The calls about events over the real server: what they answer, and what they refuse.

#include <algorithm>
#include <cstddef>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "serve/url.h"
#include "tallystick/event.h"
#include "tests/serve/fixture.h"

namespace tallystick::serve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

class CallsTest : public ServeTest {
 protected:
  Ask GetOf(const std::string& target) const { return {.method = "GET", .target = target, .credential = credential_}; }
  Reply Get(const std::string& target) { return Call(GetOf(target)); }

  Reply Batch(const std::string& body, const std::string& query = "", const std::string& type = "application/json") {
    return Call({.method = "POST",
                 .target = "/api/usage-events/batch" + query,
                 .credential = credential_,
                 .content_type = type,
                 .body = body});
  }

  std::string RefusalOf(const std::string& target) { return ErrorOf(Get(target)); }
};

std::string EventJson(const std::string& id, const std::string& second, const std::string& customer = "acme",
                      const std::string& type = "call") {
  return R"({"customerEventId":")" + id + R"(","customerAlias":")" + customer + R"(","eventType":")" + type +
         R"(","eventTimestamp":"2022-10-01T00:00:)" + second + R"(Z"})";
}

TEST_F(CallsTest, AnEventIsAnsweredInTheResponseFormWithItsOutcome) {
  const Ask post = PostOf("event-1", R"({ "length": 5.00, "type": "text_message" })");
  const Reply created = Call(post);
  EXPECT_EQ(created.status, 201);
  EXPECT_EQ(created.header("tallystick-outcome"), "created");
  EXPECT_EQ(created.header("location"), "/api/usage-events/event-1");
  EXPECT_EQ(created.header("content-type"), "application/json");
  EXPECT_EQ(created.header("sequence-version"), "2024-07-30");
  const std::string id = MemberOf(created.body, "id");
  EXPECT_EQ(
      created.body,
      R"({"id":")" + id + R"(","customerEventId":"event-1","customerAlias":"acme","eventType":"call",)" +
          R"("sequenceAccountId":")" + account_.ToString() +
          R"(","eventTimestamp":"2022-10-01T00:00:00Z","eventProperties":{"length":5.00,"type":"text_message"}})");

  const Reply unchanged = Call(post);
  EXPECT_EQ(unchanged.status, 201);
  EXPECT_EQ(unchanged.header("tallystick-outcome"), "unchanged");
  EXPECT_EQ(unchanged.body, created.body);

  const Reply superseded = Call(PostOf("event-1", R"({"length":6})"));
  EXPECT_EQ(superseded.status, 201);
  EXPECT_EQ(superseded.header("tallystick-outcome"), "superseded");
  EXPECT_NE(MemberOf(superseded.body, "id"), id);
  EXPECT_EQ(Get("/api/usage-events/event-1").body, superseded.body);
}

TEST_F(CallsTest, AnIdIsPercentEncodedInPaths) {
  const std::string id = "#en.wikipedia/Talk:Oswald Tilghman?%2F+";
  const Reply created = Call(PostOf(id));
  EXPECT_EQ(created.header("location"), "/api/usage-events/%23en.wikipedia%2FTalk%3AOswald%20Tilghman%3F%252F%2B");
  EXPECT_EQ(Get(created.header("location")).body, created.body);
  EXPECT_EQ(RefusalOf("/api/usage-events/%23en.wikipedia/Talk:Oswald%20Tilghman"), "404 not_found ");
}

TEST_F(CallsTest, AnEventWithoutAnIdIsFoundByTheOneItGot) {
  Ask post = PostOf("x");
  post.body = R"({"customerAlias":"acme","eventType":"call"})";
  const Reply created = Call(post);
  const std::string id = MemberOf(created.body, "id");
  EXPECT_EQ(MemberOf(created.body, "customerEventId"), id);
  EXPECT_EQ(created.header("location"), "/api/usage-events/" + id);
  EXPECT_EQ(Get(created.header("location")).body, created.body);
}

TEST_F(CallsTest, AccountsDoNotSeeEachOther) {
  const Reply mine = Call(PostOf("same", R"({"n":1})"));
  Ask post = PostOf("same", R"({"n":2})");
  post.credential = other_credential_;
  const Reply theirs = Call(post);
  EXPECT_EQ(theirs.header("tallystick-outcome"), "created");
  EXPECT_EQ(Get("/api/usage-events/same").body, mine.body);
  EXPECT_EQ(Call({.target = "/api/usage-events/same", .credential = other_credential_}).body, theirs.body);
  EXPECT_EQ(EventIdsIn(Get("/api/usage-events").body).size(), 1u);
}

TEST_F(CallsTest, ARejectedEventNamesItsFault) {
  const std::vector<std::pair<std::string, std::string>> faults = {
      {"", "400 invalid_json "},
      {"{", "400 invalid_json "},
      {"[]", "400 wrong_type "},
      {"\xff", "400 invalid_json "},
      {R"({"customerAlias":"a","eventType":"\ud800"})", "400 invalid_json "},
      {R"({"eventType":"b"})", "400 missing_field /customerAlias"},
      {R"({"customerAlias":null,"eventType":"b"})", "400 missing_field /customerAlias"},
      {R"({"customerAlias":1,"eventType":"b"})", "400 wrong_type /customerAlias"},
      {R"({"customerAlias":"","eventType":"b"})", "400 invalid_value /customerAlias"},
      {R"({"customerAlias":"a","eventType":"b","eventTimestamp":"2022-10-01"})", "400 invalid_value /eventTimestamp"},
      {R"({"customerAlias":"a","eventType":"b","eventTimestmp":"2022-10-01T00:00:00Z"})",
       "400 unknown_field /eventTimestmp"},
      {R"({"customerAlias":"a","customerAlias":"a","eventType":"b"})", "400 duplicate_key /customerAlias"},
      {R"({"customerAlias":"a","eventType":"b","eventProperties":{"x/y":1,"x/y":2}})",
       "400 duplicate_key /eventProperties/x~1y"},
      {R"({"customerAlias":"a","eventType":"b","eventProperties":)" + std::string(64, '[') + std::string(64, ']') + "}",
       "400 too_deep "},
      {R"({"customerAlias":"a","eventType":"b","eventProperties":{"x":")" + std::string(kPropertiesBytesMax, 'x') +
           "\"}}",
       "400 too_large /eventProperties"},
  };
  for (const auto& [body, error] : faults) {
    Ask post = PostOf("x");
    post.body = body;
    EXPECT_EQ(ErrorOf(Call(post)), error) << body.substr(0, 100);
  }
  EXPECT_EQ(Get("/api/usage-events").body, R"({"items":[],"pagination":{"after":null,"before":null}})");
}

TEST_F(CallsTest, ABatchTellsOfEachEventInOrder) {
  const std::string lone_surrogate = R"({"customerAlias":"a","eventType":"\udc00"})";
  const Reply reply = Batch("[" + EventJson("a", "01") + ", " + EventJson("a", "02") + " ,17," + lone_surrogate + "," +
                            EventJson("b", "03") + "]");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body,
              MatchesRegex(R"(\{"outcomes":\[\{"outcome":"created","id":"[0-9a-f-]+"\},)"
                           R"(\{"outcome":"superseded","id":"[0-9a-f-]+","supersededId":"[0-9a-f-]+"\},)"
                           R"(\{"outcome":"rejected","error":\{"type":"wrong_type","message":".*","pointer":""\}\},)"
                           R"(\{"outcome":"rejected","error":\{"type":"invalid_json","message":".*","pointer":""\}\},)"
                           R"(\{"outcome":"created","id":"[0-9a-f-]+"\}\]\})"));
  EXPECT_THAT(EventIdsIn(Get("/api/usage-events").body), ElementsAre("b", "a"));
  EXPECT_EQ(Batch("[]").body, R"({"outcomes":[]})");
}

TEST_F(CallsTest, ABatchMayBeLines) {
  const std::string ndjson = "application/x-ndjson";
  const Reply reply = Batch("\xef\xbb\xbf" + EventJson("a", "01") + "\r\n\n  \n{\n" + EventJson("b", "02"), "", ndjson);
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body, MatchesRegex(R"(.*"created".*"rejected","error":\{"type":"invalid_json".*"created".*)"));
  EXPECT_EQ(Batch("", "", ndjson).body, R"({"outcomes":[]})");
  EXPECT_THAT(EventIdsIn(Get("/api/usage-events").body), ElementsAre("b", "a"));
}

TEST_F(CallsTest, AnArrayThatIsNotJsonStoresNothing) {
  for (const std::string& body :
       std::vector<std::string>{"", "{}", "[" + EventJson("a", "01") + ",]", "[" + EventJson("a", "01") + ",tru]",
                                "[" + EventJson("a", "01"), EventJson("a", "01")}) {
    EXPECT_EQ(ErrorOf(Batch(body)), "400 invalid_json ") << body;
  }
  EXPECT_THAT(EventIdsIn(Get("/api/usage-events").body), IsEmpty());
}

TEST_F(CallsTest, AnAtomicBatchStoresAllOrNothing) {
  const Reply refused = Batch("[" + EventJson("a", "01") + R"(,{"customerAlias":"x"}])", "?atomic=true");
  EXPECT_EQ(ErrorOf(refused), "400 missing_field /1/eventType");
  EXPECT_THAT(refused.body, HasSubstr(R"(,"outcomes":[{"outcome":"not_stored"},{"outcome":"rejected","error":{)"));
  EXPECT_EQ(RefusalOf("/api/usage-events/a"), "404 not_found ");

  EXPECT_EQ(Batch("[" + EventJson("a", "01") + "," + EventJson("b", "01") + "]", "?atomic=true").status, 200);
  EXPECT_EQ(Batch(R"([{"customerAlias":"x"}])", "?atomic=false").status, 200);
  EXPECT_EQ(ErrorOf(Batch("[]", "?atomic=1")), "400 invalid_request atomic");
  EXPECT_EQ(ErrorOf(Batch("[]", "?atomic=true&atomic=true")), "400 invalid_request atomic");
  EXPECT_EQ(ErrorOf(Batch("[]", "?atomc=true")), "400 unknown_parameter atomc");
}

TEST_F(CallsTest, ABatchHasItsLimits) {
  std::string many = "[1";
  for (int i = 1; i < 10'000; ++i) many += ",1";
  EXPECT_EQ(Batch(many + "]").status, 200);
  EXPECT_EQ(ErrorOf(Batch(many + ",1]")), "413 too_large ");
  std::string lines;
  for (int i = 0; i < 10'000; ++i) lines += "1\n";
  EXPECT_EQ(Batch(lines, "", "application/x-ndjson").status, 200);
  EXPECT_EQ(ErrorOf(Batch(lines + "1", "", "application/x-ndjson")), "413 too_large ");
}

TEST_F(CallsTest, AListIsFiltered) {
  Batch("[" + EventJson("1", "01", "acme", "call") + "," + EventJson("2", "02", "a b+c", "call") + "," +
        EventJson("3", "03", "acme", "text") + "," + EventJson("4", "04", "zeta", "text") + "]");
  const auto ids = [&](const std::string& query) { return EventIdsIn(Get("/api/usage-events" + query).body); };
  EXPECT_THAT(ids(""), ElementsAre("4", "3", "2", "1"));
  EXPECT_THAT(ids("?sortOrder=ASC"), ElementsAre("1", "2", "3", "4"));
  EXPECT_THAT(ids("?sortOrder=DESC&limit=2"), ElementsAre("4", "3"));
  EXPECT_THAT(ids("?customerAlias=acme"), ElementsAre("3", "1"));
  EXPECT_THAT(ids("?customerAlias=a+b%2Bc&customerAlias=zeta"), ElementsAre("4", "2"));
  EXPECT_THAT(ids("?eventType=text&customerAlias=acme"), ElementsAre("3"));
  EXPECT_THAT(ids("?eventType=text&eventType=call&limit=1000"), ElementsAre("4", "3", "2", "1"));
  EXPECT_THAT(ids("?eventTimestampAfter=2022-10-01T00:00:02Z&eventTimestampBefore=2022-10-01T02:00:04%2B02:00"),
              ElementsAre("3", "2"));
  EXPECT_THAT(ids("?eventTimestampAfter=2023-01-01T00:00:00Z&eventTimestampBefore=2022-01-01T00:00:00Z"), IsEmpty());
}

TEST_F(CallsTest, AListRefusesWhatItDoesNotKnow) {
  const std::string list = "/api/usage-events?";
  for (const char* limit : {"", "0", "1001", "-1", "+1", "1e2", "10x", "99999999999999999999"}) {
    EXPECT_EQ(RefusalOf(list + "limit=" + tools::PercentEncode(limit)), "400 invalid_request limit") << limit;
  }
  EXPECT_EQ(RefusalOf(list + "limit=1&limit=2"), "400 invalid_request limit");
  EXPECT_EQ(RefusalOf(list + "sortOrder=asc"), "400 invalid_request sortOrder");
  EXPECT_EQ(RefusalOf(list + "customeralias=acme"), "400 unknown_parameter customeralias");
  EXPECT_EQ(RefusalOf(list + "customerAlias="), "400 invalid_request customerAlias");
  EXPECT_EQ(RefusalOf(list + "eventType="), "400 invalid_request eventType");
  EXPECT_EQ(RefusalOf(list + "eventTimestampAfter=2022-10-01"), "400 invalid_request eventTimestampAfter");
  EXPECT_EQ(RefusalOf(list + "eventTimestampBefore="), "400 invalid_request eventTimestampBefore");
  EXPECT_THAT(Get(list + "eventTimestampBefore=2022-10-01T00:00:00+01:00").body, HasSubstr("%2B"));
  EXPECT_EQ(RefusalOf(list + "after=x"), "400 invalid_request after");
  EXPECT_EQ(RefusalOf(list + "before=x"), "400 invalid_request before");
  EXPECT_EQ(RefusalOf(list + "after="), "400 invalid_request after");
  EXPECT_EQ(RefusalOf(list + "after=x&before=x"), "400 invalid_request before");
  EXPECT_EQ(RefusalOf(list + "after=%"), "400 invalid_request ");
  EXPECT_EQ(RefusalOf("/api/usage-events/a?x=1"), "400 unknown_parameter x");
}

TEST_F(CallsTest, PagesLeadOnwardAndBack) {
  for (const std::string& order : {std::string("ASC"), std::string("DESC")}) {
    std::string all = "[" + EventJson("0", "00");
    for (int i = 1; i < 7; ++i) all += "," + EventJson(std::to_string(i), "0" + std::to_string(i / 2));
    Batch(all + "]");
    std::vector<std::string> expected = {"0", "1", "2", "3", "4", "5", "6"};
    if (order == "DESC") std::reverse(expected.begin(), expected.end());
    const auto page = [&](const std::string& more) {
      const std::string body = Get("/api/usage-events?limit=3&eventType=call&sortOrder=" + order + more).body;
      return std::tuple(EventIdsIn(body), MemberOf(body, "after"), MemberOf(body, "before"));
    };
    const auto slice = [&](std::size_t begin, std::size_t end) {
      return std::vector<std::string>(expected.begin() + static_cast<std::ptrdiff_t>(begin),
                                      expected.begin() + static_cast<std::ptrdiff_t>(end));
    };
    const auto [first, to_second, before_first] = page("");
    EXPECT_EQ(first, slice(0, 3));
    EXPECT_EQ(before_first, "null");
    const auto [second, to_third, back_to_first] = page("&after=" + to_second);
    EXPECT_EQ(second, slice(3, 6));
    const auto [third, after_third, back_to_second] = page("&after=" + to_third);
    EXPECT_EQ(third, slice(6, 7));
    EXPECT_EQ(after_third, "null");

    const auto [second_again, to_third_again, back_again] = page("&before=" + back_to_second);
    EXPECT_EQ(second_again, second);
    EXPECT_EQ(std::get<0>(page("&after=" + to_third_again)), third);
    const auto [first_again, onward, nothing] = page("&before=" + back_again);
    EXPECT_EQ(first_again, first);
    EXPECT_EQ(nothing, "null");
    EXPECT_EQ(std::get<0>(page("&after=" + onward)), second);
    EXPECT_EQ(back_again, back_to_first);

    // A cursor is bound to its order and filters.
    const std::string other = order == "ASC" ? "DESC" : "ASC";
    EXPECT_EQ(RefusalOf("/api/usage-events?eventType=call&sortOrder=" + other + "&after=" + to_second),
              "400 invalid_request after");
    EXPECT_EQ(RefusalOf("/api/usage-events?sortOrder=" + order + "&before=" + back_to_second),
              "400 invalid_request before");
  }
}

TEST_F(CallsTest, NoCursorLeadsToWhatIsNotThereAnyMore) {
  Batch("[" + EventJson("1", "01") + "," + EventJson("2", "02") + "," + EventJson("3", "03") + "]");
  const std::string list = "/api/usage-events?sortOrder=ASC&limit=1";
  const std::string to_second = MemberOf(Get(list).body, "after");
  const std::string second = Get(list + "&after=" + to_second).body;
  EXPECT_THAT(EventIdsIn(second), ElementsAre("2"));
  EXPECT_NE(MemberOf(second, "before"), "null");

  Batch("[" + EventJson("1", "04") + "]");  // it moves behind the others
  const std::string first_now = Get(list + "&after=" + to_second).body;
  EXPECT_THAT(EventIdsIn(first_now), ElementsAre("2"));
  EXPECT_EQ(MemberOf(first_now, "before"), "null");
}

TEST_F(CallsTest, APageEndsBeforeItIsTooLong) {
  const std::string properties = R"({"x":")" + std::string(1'000'000, 'x') + "\"}";
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Call(PostOf(std::to_string(i), properties)).status, 201);
  const Reply first = Get("/api/usage-events?sortOrder=ASC");
  const std::vector<std::string> ids = EventIdsIn(first.body);
  EXPECT_EQ(ids.size(), 16u);
  EXPECT_EQ(EventIdsIn(Get("/api/usage-events?sortOrder=ASC&after=" + MemberOf(first.body, "after")).body),
            (std::vector<std::string>{"16", "17", "18", "19"}));
}

TEST_F(CallsTest, EveryErrorHasItsForm) {
  EXPECT_EQ(ErrorOf(Call({.target = "/"})), "404 not_found ");
  EXPECT_EQ(ErrorOf(Call({.target = "/api/usage-events/"})), "404 not_found ");
  const Reply method = Call({.method = "PUT", .target = "/api/usage-events"});
  EXPECT_EQ(ErrorOf(method), "405 method_not_allowed ");
  EXPECT_EQ(method.header("allow"), "POST, GET, HEAD");
  const Reply unknown = Call({.target = "/api/usage-events", .credential = "bm9ib2R5OmtleQ=="});
  EXPECT_EQ(ErrorOf(unknown), "401 unauthorized Authorization");
  EXPECT_THAT(unknown.header("www-authenticate"), ::testing::StartsWith("Basic"));
  EXPECT_EQ(ErrorOf(Call({.target = "/api/usage-events"})), "401 unauthorized Authorization");
  Ask post = PostOf("a");
  post.content_type = "application/x-www-form-urlencoded";
  EXPECT_EQ(ErrorOf(Call(post)), "415 unsupported_media_type Content-Type");
  post = PostOf("a");
  post.headers = "Sequence-Version: 2023-01-01\r\n";
  EXPECT_EQ(ErrorOf(Call(post)), "400 UnrecognisedApiVersion Sequence-Version");
  post.headers = "Sequence-Version: 2024-07-30\r\n";
  EXPECT_EQ(Call(post).status, 201);
}

TEST_F(CallsTest, ARateLimitIsToldOfWithWhenToComeBack) {
  Start({"--rate-limit", "1"});
  Reply reply = Get("/api/usage-events");
  EXPECT_EQ(reply.status, 200);
  while (reply.status == 200) reply = Get("/api/usage-events");  // until two come in one second
  EXPECT_EQ(ErrorOf(reply), "429 rate_limited ");
  EXPECT_EQ(reply.header("retry-after"), "1");
  EXPECT_EQ(Call({.target = "/healthz"}).status, 200);
}

TEST_F(CallsTest, HealthNeedsNoCredential) {
  EXPECT_EQ(Call({.target = "/healthz"}).body, R"({"status":"alive"})");
  EXPECT_EQ(Call({.target = "/readyz"}).body, R"({"status":"ready"})");
  const Reply head = Call({.method = "HEAD", .target = "/healthz"});
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), "18");
}

}  // namespace
}  // namespace tallystick::serve
