// Meters over the stored events.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tallystick/store.h"
#include "tests/support/open_store.h"

namespace tallystick::testing {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Group = std::vector<std::optional<std::string>>;

// As tests write rows down: the window (or the range), the group, the value, the sum of an average, the count.
using Row = std::tuple<std::string, Group, std::string, std::string, std::uint64_t>;

std::string Text(const std::optional<absl::Time>& time) { return time.has_value() ? FormatTimestamp(*time) : "open"; }

std::vector<Row> RowsOf(const Usage& usage) {
  std::vector<Row> rows;
  for (const UsageRow& row : usage.rows) {
    rows.emplace_back(Text(row.from) + "/" + Text(row.to), row.group, row.value, row.sum.value_or("none"), row.count);
  }
  return rows;
}

absl::Time Time(std::string_view text) { return ParseTimestamp(text).value(); }

class QueryTest : public StoreTest {
 protected:
  // Stores an event of the type "t" with these properties.
  void Put(std::string_view id, std::string_view time, std::string_view properties, std::string_view alias = "acme",
           std::string_view type = "t") {
    StoreTest::Put({.customer_event_id = id,
                    .customer_alias = alias,
                    .event_type = type,
                    .event_timestamp = Time(time),
                    .event_properties = properties});
  }
  // An event for each value of the property "v", a second apart, from midnight on.
  void PutValues(const std::vector<std::string>& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::string second = std::to_string(10 + i);
      Put("event-" + std::to_string(i), "2026-01-01T00:00:" + second + "Z", "{\"v\":" + values[i] + "}");
    }
  }
  absl::StatusOr<Usage> Query(QueryOptions options) {
    options.account = account_;
    if (options.meter.event_type.empty()) options.meter.event_type = "t";
    return store().Query(options);
  }
  Usage Answer(const QueryOptions& options) {
    absl::StatusOr<Usage> usage = Query(options);
    EXPECT_THAT(usage, IsOk());
    return usage.value_or(Usage());
  }
  static QueryOptions Of(Aggregation aggregation, const std::string& property = "v") {
    return {.meter = {.event_type = "t",
                      .aggregation = aggregation,
                      .property = aggregation == Aggregation::kCount ? "" : property}};
  }
};

TEST_F(QueryTest, EveryAggregationHasItsValue) {
  // One second apart: the last numeric value is "7.50", and null comes behind it.
  PutValues({"0.1", "0.2", "\"12.5\"", "-3", "\"text\"", "true", "[1, 2]", "\"\"", "\" 1\"", "\"7.50\"", "null"});
  Put("none", "2026-01-01T00:01:00Z", "{}");
  struct Case {
    Aggregation aggregation;
    std::string value;
    std::string sum;
    std::uint64_t count;
    std::uint64_t skipped;
  };
  for (const Case& expected : {Case{Aggregation::kCount, "12", "none", 12, 0},
                               {Aggregation::kSum, "17.3", "none", 5, 7},
                               {Aggregation::kMin, "-3", "none", 5, 7},
                               {Aggregation::kMax, "12.5", "none", 5, 7},
                               {Aggregation::kAverage, "3.46", "17.3", 5, 7},
                               {Aggregation::kUniqueCount, "10", "none", 10, 2},
                               {Aggregation::kLatest, "7.5", "none", 10, 2}}) {
    SCOPED_TRACE(static_cast<int>(expected.aggregation));
    const Usage usage = Answer(Of(expected.aggregation));
    EXPECT_THAT(RowsOf(usage), ElementsAre(Row("open/open", {}, expected.value, expected.sum, expected.count)));
    EXPECT_EQ(usage.skipped, expected.skipped);
    EXPECT_EQ(usage.events_read, 12u);
  }
}

TEST_F(QueryTest, StringFormsTellValuesApart) {
  PutValues({"1", "\"1\"", "1.0", "true", "\"true\"", "\"\\u0061\"", "\"a\"", "{\"b\": [1]}", "\"{\\\"b\\\":[1]}\""});
  EXPECT_THAT(RowsOf(Answer(Of(Aggregation::kUniqueCount))), ElementsAre(Row("open/open", {}, "5", "none", 9)));
}

TEST_F(QueryTest, LatestGoesByTimeThenSequenceAndPrintsWhatIsNoExactNumberAsWritten) {
  Put("b", "2026-01-02T00:00:00Z", R"({"v":"b"})");
  EXPECT_EQ(Answer(Of(Aggregation::kLatest)).rows.at(0).value, "b");
  Put("a", "2026-01-02T00:00:00Z", R"({"v":{"n": 1}})");
  EXPECT_EQ(Answer(Of(Aggregation::kLatest)).rows.at(0).value, R"({"n":1})");
  Put("earlier", "2026-01-01T00:00:00Z", R"({"v":"earlier"})");
  EXPECT_EQ(Answer(Of(Aggregation::kLatest)).rows.at(0).value, R"({"n":1})");
  Put("c", "2026-01-03T00:00:00Z", R"({"v":1.50e2})");
  EXPECT_EQ(Answer(Of(Aggregation::kLatest)).rows.at(0).value, "150");
  Put("c", "2026-01-03T00:00:00Z", R"({"v":1e401})");
  EXPECT_EQ(Answer(Of(Aggregation::kLatest)).rows.at(0).value, "1e401");
}

TEST_F(QueryTest, AnEmptyAnswerIsAnAnswer) {
  const Usage empty = Answer(Of(Aggregation::kSum));
  EXPECT_THAT(empty.rows, IsEmpty());
  EXPECT_EQ(empty.events_read, 0u);
  PutValues({"null", "\"none\""});
  const Usage skipped = Answer(Of(Aggregation::kSum));
  EXPECT_THAT(skipped.rows, IsEmpty());
  EXPECT_EQ(skipped.skipped, 2u);
}

TEST_F(QueryTest, GroupsOrderNullFirstAndTellItFromTheEmptyString) {
  Put("1", "2026-01-01T00:00:01Z", R"({"region":"eu","tier":1,"v":1})");
  Put("2", "2026-01-01T00:00:02Z", R"({"region":"eu","tier":"1","v":2})");
  Put("3", "2026-01-01T00:00:03Z", R"({"region":"","v":4})");
  Put("4", "2026-01-01T00:00:04Z", R"({"region":null,"tier":true,"v":8})");
  Put("5", "2026-01-01T00:00:05Z", R"({"v":16})");
  Put("6", "2026-01-01T00:00:06Z", R"({"region":"a","v":"none"})");
  QueryOptions options = Of(Aggregation::kSum);
  options.meter.group_by = {"region", "tier"};
  const Usage usage = Answer(options);
  EXPECT_THAT(RowsOf(usage), ElementsAre(Row("open/open", {std::nullopt, std::nullopt}, "16", "none", 1),
                                         Row("open/open", {std::nullopt, "true"}, "8", "none", 1),
                                         Row("open/open", {"", std::nullopt}, "4", "none", 1),
                                         Row("open/open", {"eu", "1"}, "3", "none", 2)));
  EXPECT_EQ(usage.skipped, 1u);
}

TEST_F(QueryTest, AFilterLetsThroughWhatMatchesAllOfIt) {
  Put("1", "2026-01-01T00:00:01Z", R"({"size":{"unit":"kg"},"n":2,"v":1})");
  Put("2", "2026-01-01T00:00:02Z", R"({"size.unit":"g","size":{"unit":"kg"},"n":"2","v":2})");
  Put("3", "2026-01-01T00:00:03Z", R"({"size":{"unit":"g"},"n":2.0,"v":4})");
  Put("4", "2026-01-01T00:00:04Z", R"({"size":{"unit":null},"n":2,"v":8})");
  Put("5", "2026-01-01T00:00:05Z", R"({"size":{"unit":"g"},"n":2,"v":"none"})");
  Put("6", "2026-01-01T00:00:06Z", R"({"size":{"unit":"g"},"n":2,"v":16})", "acme", "other");
  QueryOptions options = Of(Aggregation::kSum);
  options.meter.filter = {{"size.unit", {"g", "t"}}, {"n", {"1", "2"}}};
  const Usage usage = Answer(options);
  EXPECT_THAT(RowsOf(usage), ElementsAre(Row("open/open", {}, "2", "none", 1)));
  EXPECT_EQ(usage.skipped, 1u);
  EXPECT_EQ(usage.events_read, 6u);
}

TEST_F(QueryTest, CustomersAreReadAlone) {
  for (const char* alias : {"acme", "globex", "initech"}) {
    Put(std::string("1") + alias, "2026-01-01T00:00:00Z", R"({"v":1})", alias);
    Put(std::string("2") + alias, "2026-01-02T00:00:00Z", R"({"v":2})", alias);
  }
  struct Case {
    std::vector<std::string> aliases;
    std::vector<Row> rows;
    std::uint64_t events_read;
  };
  for (const Case& expected : {Case{{}, {{"open/open", {}, "9", "none", 6}}, 6},
                               {{"globex"}, {{"open/open", {}, "3", "none", 2}}, 2},
                               {{"initech", "globex", "initech"}, {{"open/open", {}, "6", "none", 4}}, 4},
                               {{"nobody"}, {}, 0},
                               {{""}, {}, 0}}) {
    SCOPED_TRACE(::testing::PrintToString(expected.aliases));
    QueryOptions options = Of(Aggregation::kSum);
    options.customer_aliases = expected.aliases;
    const Usage usage = Answer(options);
    EXPECT_EQ(RowsOf(usage), expected.rows);
    EXPECT_EQ(usage.events_read, expected.events_read);
  }
}

// The clock goes forward in Berlin on 2026-03-29.
TEST_F(QueryTest, RowsNameWholeWindowsAndCountTheRangeAlone) {
  Put("1", "2026-03-27T22:59:59.999999999Z", R"({"v":1})");  // the 27th in Berlin
  Put("2", "2026-03-27T23:00:00Z", R"({"v":2})");            // the 28th
  Put("3", "2026-03-28T22:59:59Z", R"({"v":4})");
  Put("4", "2026-03-28T23:00:00Z", R"({"v":8})");  // the 29th
  Put("5", "2026-03-29T21:59:59Z", R"({"v":16})");
  Put("6", "2026-03-29T22:00:00Z", R"({"v":32})");  // the 30th
  Put("7", "2026-03-30T00:00:00Z", R"({"v":64})");
  QueryOptions options = Of(Aggregation::kSum);
  options.window = Window::kDay;
  options.time_zone = "Europe/Berlin";
  options.from = Time("2026-03-27T23:00:00Z") + absl::Nanoseconds(0.25);
  options.to = Time("2026-03-30T00:00:00Z");
  EXPECT_THAT(RowsOf(Answer(options)),
              ElementsAre(Row("2026-03-27T23:00:00Z/2026-03-28T23:00:00Z", {}, "4", "none", 1),
                          Row("2026-03-28T23:00:00Z/2026-03-29T22:00:00Z", {}, "24", "none", 2),
                          Row("2026-03-29T22:00:00Z/2026-03-30T22:00:00Z", {}, "32", "none", 1)));
  options.window.reset();
  options.from = Time("2026-03-27T23:00:00Z");
  options.to = absl::InfiniteFuture();
  EXPECT_THAT(RowsOf(Answer(options)), ElementsAre(Row("2026-03-27T23:00:00Z/open", {}, "126", "none", 6)));
  options.to = options.from;
  EXPECT_THAT(Answer(options).rows, IsEmpty());
}

TEST_F(QueryTest, WindowsAtTheEndsOfTimeAreOpen) {
  Put("first", "0001-01-01T00:00:00Z", R"({"v":1})");
  Put("last", "9999-12-31T23:59:59.999999999Z", R"({"v":2})");
  QueryOptions options = Of(Aggregation::kSum);
  options.window = Window::kDay;
  options.time_zone = "Asia/Kathmandu";
  const Usage usage = Answer(options);
  ASSERT_THAT(usage.rows, SizeIs(2));
  EXPECT_FALSE(usage.rows[0].from.has_value());
  EXPECT_TRUE(usage.rows[0].to.has_value());
  EXPECT_EQ(Text(usage.rows[1].from), "9999-12-31T18:15:00Z");
  EXPECT_FALSE(usage.rows[1].to.has_value());
}

TEST_F(QueryTest, ARangeFromTheFirstInstantOnIsNotOpen) {
  Put("first", "0001-01-01T00:00:00Z", R"({"v":1})");
  QueryOptions options = Of(Aggregation::kSum);
  options.from = Time("0001-01-01T00:00:00Z");
  EXPECT_THAT(RowsOf(Answer(options)), ElementsAre(Row("0001-01-01T00:00:00Z/open", {}, "1", "none", 1)));
  options.from -= absl::Nanoseconds(0.25);
  options.to = Time("9999-12-31T23:59:59.999999999Z") + absl::Nanoseconds(1);
  EXPECT_THAT(RowsOf(Answer(options)), ElementsAre(Row("open/open", {}, "1", "none", 1)));
}

TEST_F(QueryTest, RowsOrderByWindowThenGroup) {
  int id = 0;
  for (const char* hour : {"03", "01", "02"}) {
    for (const char* region : {"us", "eu"}) {
      Put(std::to_string(id++), "2026-01-01T" + std::string(hour) + ":30:00Z",
          "{\"region\":\"" + std::string(region) + "\"}");
    }
  }
  QueryOptions options = Of(Aggregation::kCount);
  options.meter.group_by = {"region"};
  options.window = Window::kHour;
  std::vector<std::string> order;
  for (const UsageRow& row : Answer(options).rows) order.push_back(Text(row.from).substr(11, 2) + *row.group[0]);
  EXPECT_THAT(order, ElementsAre("01eu", "01us", "02eu", "02us", "03eu", "03us"));
}

TEST_F(QueryTest, ASupersededEventDoesNotCount) {
  Put("1", "2026-01-01T00:00:00Z", R"({"v":1})");
  Put("1", "2026-01-02T00:00:00Z", R"({"v":2})", "globex");
  EXPECT_THAT(RowsOf(Answer(Of(Aggregation::kSum))), ElementsAre(Row("open/open", {}, "2", "none", 1)));
  Put("1", "2026-01-02T00:00:00Z", R"({"v":2})", "globex", "other");
  EXPECT_THAT(Answer(Of(Aggregation::kSum)).rows, IsEmpty());
}

TEST_F(QueryTest, ANumberThatIsNotExactFailsWhoNeedsItUntilItIsSuperseded) {
  Put("fine", "2026-01-01T00:00:00Z", R"({"v":1})");
  for (const char* value : {"1e401", "\"1e-401\"", "123456789012345678901234567890123456789"}) {
    SCOPED_TRACE(value);
    Put("too long", "2026-01-02T00:00:00Z", "{\"v\":" + std::string(value) + "}");
    for (const Aggregation aggregation :
         {Aggregation::kSum, Aggregation::kMin, Aggregation::kMax, Aggregation::kAverage}) {
      EXPECT_THAT(Query(Of(aggregation)),
                  StatusIs(absl::StatusCode::kOutOfRange, "event 'too long' at 2026-01-02T00:00:00Z: "));
    }
    for (const Aggregation aggregation : {Aggregation::kCount, Aggregation::kUniqueCount, Aggregation::kLatest}) {
      EXPECT_EQ(Answer(Of(aggregation)).rows.at(0).count, 2u);
    }
    QueryOptions others = Of(Aggregation::kSum);
    others.to = Time("2026-01-02T00:00:00Z");
    EXPECT_EQ(Answer(others).rows.at(0).value, "1");
  }
  Put("too long", "2026-01-02T00:00:00Z", R"({"v":2})");
  EXPECT_EQ(Answer(Of(Aggregation::kSum)).rows.at(0).value, "3");
}

TEST_F(QueryTest, RefusesWhatIsNoQuery) {
  const auto sum = [](const auto& change) {
    QueryOptions options = Of(Aggregation::kSum);
    change(&options);
    return options;
  };
  const std::vector<std::pair<QueryOptions, std::string>> cases = {
      {sum([](auto* o) { o->meter.event_type = std::string(256, 't'); }), "event_type"},
      {sum([](auto* o) { o->meter.property = ""; }), "property"},
      {sum([](auto* o) { o->meter.aggregation = Aggregation::kCount; }), "property"},
      {sum([](auto* o) {
         o->meter.group_by = {"a", ""};
       }),
       "group_by"},
      {sum([](auto* o) {
         o->meter.group_by = {"a", "b", "a"};
       }),
       "'a' twice"},
      {sum([](auto* o) {
         o->meter.filter = {{"", {"x"}}};
       }),
       "filter"},
      {sum([](auto* o) {
         o->meter.filter = {{"a", {}}};
       }),
       "'a'"},
      {sum([](auto* o) { o->time_zone = "Mars/Olympus"; }), "Mars/Olympus"},
      {sum([](auto* o) { o->threads = -1; }), "threads"},
  };
  for (const auto& [options, message] : cases) {
    EXPECT_THAT(Query(options), StatusIs(absl::StatusCode::kInvalidArgument, message));
  }
  EXPECT_THAT(store().Query({}), StatusIs(absl::StatusCode::kInvalidArgument, "event_type"));
}

// Large enough for the range to be read in many parts.
class LargeQueryTest : public QueryTest {
 protected:
  static constexpr int kEvents = 12'000;

  void SetUp() override {
    const std::string padding(1000, 'x');
    std::vector<std::string> texts;
    std::vector<Event> events;
    for (int i = 0; i < kEvents; ++i) {
      texts.push_back(std::to_string(i));
      texts.push_back("{\"padding\":\"" + padding + "\",\"v\":" + std::to_string(i) +
                      ".1,\"g\":" + std::to_string(i % 3) + "}");
    }
    for (int i = 0; i < kEvents; ++i) {
      const auto at = static_cast<std::size_t>(2 * i);
      events.push_back(MakeEvent(texts[at], i, i % 2 == 0 ? "acme" : "globex", "t", texts[at + 1]));
    }
    ASSERT_THAT(store().Write(account_, events), IsOk());
    Close();  // into table files, whose sizes estimates go by
  }
};

TEST_F(LargeQueryTest, ThreadsChangeNothing) {
  for (const Aggregation aggregation :
       {Aggregation::kSum, Aggregation::kUniqueCount, Aggregation::kMin, Aggregation::kLatest, Aggregation::kAverage}) {
    for (const std::optional<Window> window : {std::optional<Window>(), std::optional(Window::kHour)}) {
      QueryOptions options = Of(aggregation);
      options.meter.group_by = {"g"};
      options.window = window;
      options.threads = 1;
      const Usage one = Answer(options);
      EXPECT_EQ(one.events_read, static_cast<std::uint64_t>(kEvents));
      options.threads = 4;
      const Usage four = Answer(options);
      EXPECT_EQ(RowsOf(four), RowsOf(one));
      EXPECT_EQ(four.events_read, one.events_read);
    }
  }
}

TEST_F(LargeQueryTest, ReportsProgressAndCanBeCancelled) {
  for (const int threads : {1, 4}) {
    QueryOptions options = Of(Aggregation::kSum);
    options.threads = threads;
    std::vector<std::uint64_t> reports;
    options.progress = [&](std::uint64_t events_read) {
      reports.push_back(events_read);
      return true;
    };
    Answer(options);
    ASSERT_FALSE(reports.empty());
    EXPECT_EQ(*std::max_element(reports.begin(), reports.end()), static_cast<std::uint64_t>(kEvents));
    EXPECT_GT(reports.size(), 1u);

    options.progress = [&](std::uint64_t /*events_read*/) { return false; };
    EXPECT_THAT(Query(options), StatusIs(absl::StatusCode::kCancelled));
  }
}

TEST_F(LargeQueryTest, TheErrorOfAnyPartIsTheQuerys) {
  Put("early", "2025-10-09T11:00:00Z", R"({"v":1e401})");
  Put("late", "2030-01-01T00:00:00Z", R"({"v":1e401})");
  QueryOptions options = Of(Aggregation::kSum);
  options.threads = 4;
  EXPECT_THAT(Query(options), AnyOf(StatusIs(absl::StatusCode::kOutOfRange, "event 'early'"),
                                    StatusIs(absl::StatusCode::kOutOfRange, "event 'late'")));
}

}  // namespace
}  // namespace tallystick::testing
