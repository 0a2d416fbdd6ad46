// Declared meters: what is kept equals what the events say.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tallystick/store.h"
#include "tests/support/open_store.h"

namespace tallystick::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DeclaredMetersTest : public StoreTest {
 protected:
  static constexpr Aggregation kAll[] = {Aggregation::kCount, Aggregation::kSum,     Aggregation::kMin,
                                         Aggregation::kMax,   Aggregation::kAverage, Aggregation::kUniqueCount,
                                         Aggregation::kLatest};

  static Meter Of(Aggregation aggregation, std::vector<std::string> group_by = {}) {
    return {.event_type = "t",
            .aggregation = aggregation,
            .property = aggregation == Aggregation::kCount ? "" : "v",
            .group_by = std::move(group_by)};
  }
  static std::string NameOf(Aggregation aggregation) {
    return "meter-" + std::to_string(static_cast<int>(aggregation));
  }

  void DefineAll(const std::vector<std::string>& group_by) {
    for (const Aggregation aggregation : kAll) {
      EXPECT_THAT(store().DefineMeter(account_, NameOf(aggregation), Of(aggregation, group_by)), IsOk());
    }
    for (const Aggregation aggregation : kAll) {
      EXPECT_THAT(store().AwaitMeter(account_, NameOf(aggregation)), IsOk());
    }
  }

  void Put(std::string_view id, std::string_view time, std::string_view properties, std::string_view alias = "acme",
           std::string_view type = "t") {
    StoreTest::Put({.customer_event_id = id,
                    .customer_alias = alias,
                    .event_type = type,
                    .event_timestamp = ParseTimestamp(time).value(),
                    .event_properties = properties});
  }

  // The declared meter and the same one ad hoc give one answer; returns the declared one's.
  Usage Compare(Aggregation aggregation, const std::vector<std::string>& group_by, QueryOptions options = {}) {
    options.account = account_;
    QueryOptions declared = options;
    declared.declared = NameOf(aggregation);
    declared.group_by = group_by;
    options.meter = Of(aggregation, group_by);
    const absl::StatusOr<Usage> expected = store().Query(options);
    const absl::StatusOr<Usage> actual = store().Query(declared);
    EXPECT_EQ(actual.status(), expected.status());
    if (!actual.ok() || !expected.ok()) return {};
    EXPECT_EQ(Text(*actual), Text(*expected));
    EXPECT_TRUE(actual->from_rollups);
    return *actual;
  }

  static std::string Text(const Usage& usage) {
    std::string text = "skipped " + std::to_string(usage.skipped) + "\n";
    for (const UsageRow& row : usage.rows) {
      text += row.from ? FormatTimestamp(*row.from) : "open";
      text += row.to ? "/" + FormatTimestamp(*row.to) : "/open";
      for (const auto& value : row.group) text += " [" + value.value_or("null") + "]";
      text += " " + row.value + " " + row.sum.value_or("-") + " " + std::to_string(row.count) + "\n";
    }
    return text;
  }
};

TEST_F(DeclaredMetersTest, AnswersAsTheEventsDo) {
  DefineAll({"g"});
  Put("a", "2026-01-01T00:00:00Z", R"({"v":1,"g":"x"})");
  Put("b", "2026-01-01T23:59:59Z", R"({"v":"2.5","g":"y"})");
  Put("c", "2026-01-02T00:00:00Z", R"({"v":"text"})", "globex");
  Put("d", "2026-01-02T10:20:00Z", R"({"v":4,"g":"x"})", "globex");
  Put("e", "2026-02-02T10:20:00Z", R"({"v":4,"g":"x"})");
  Put("other", "2026-01-02T10:20:00Z", R"({"v":4,"g":"x"})", "acme", "u");
  for (int step = 0; step < 6; ++step) {
    for (const Aggregation aggregation : kAll) {
      SCOPED_TRACE(static_cast<int>(aggregation));
      for (const std::vector<std::string>& group_by : {std::vector<std::string>{"g"}, {}}) {
        for (const std::vector<std::string>& customers :
             {std::vector<std::string>{}, {"acme"}, {"globex"}, {"acme", "globex", "none"}}) {
          Compare(aggregation, group_by, {.customer_aliases = customers});
          Compare(aggregation, group_by, {.customer_aliases = customers, .window = Window::kDay});
          Compare(aggregation, group_by,
                  {.customer_aliases = customers, .window = Window::kDay, .time_zone = "Asia/Kathmandu"});
          Compare(aggregation, group_by,
                  {.from = ParseTimestamp("2026-01-01T00:00:00.5Z").value(),
                   .to = ParseTimestamp("2026-01-02T10:20:00Z").value(),
                   .customer_aliases = customers,
                   .window = Window::kMinute});
        }
      }
    }
    switch (step) {
      case 0:
        Put("d", "2026-01-02T10:20:00Z", R"({"v":"gone","g":"x"})", "globex");
        break;
      case 1:
        Put("b", "2026-03-01T23:59:59Z", R"({"v":"2.5","g":"y"})", "globex");
        break;
      case 2:
        Put("a", "2026-01-01T00:00:00Z", R"({"v":-1,"g":"x"})");
        break;
      case 3:
        Reopen();
        break;
      case 4:
        Put("e", "2026-02-02T10:20:00Z", R"({"v":4,"g":"x"})", "acme", "u");
        break;
    }
  }
}

TEST_F(DeclaredMetersTest, ReadsOnlyTheEventsThatCellsCannotStandFor) {
  DefineAll({"g"});
  for (int i = 0; i < 96; ++i) {
    const absl::Time time = ParseTimestamp("2026-01-01T00:07:30Z").value() + absl::Minutes(15 * i);
    Put("event-" + std::to_string(i), FormatTimestamp(time), R"({"v":1,"g":"x"})");
  }
  const auto read = [&](QueryOptions options, Aggregation aggregation = Aggregation::kSum) {
    return Compare(aggregation, {"g"}, std::move(options)).events_read;
  };
  const auto at = [](const char* time) { return ParseTimestamp(time).value(); };
  EXPECT_EQ(read({}), 0u);
  EXPECT_EQ(read({.window = Window::kHour, .time_zone = "Asia/Kathmandu"}), 0u);
  EXPECT_EQ(read({.from = at("2026-01-01T06:00:00Z"), .to = at("2026-01-01T18:15:00Z")}), 0u);
  EXPECT_EQ(read({.customer_aliases = {"acme"}, .window = Window::kMonth, .time_zone = "America/St_Johns"}), 0u);
  // Half a quarter at each end.
  EXPECT_EQ(read({.from = at("2026-01-01T06:01:00Z"), .to = at("2026-01-01T18:14:00Z")}), 2u);
  EXPECT_EQ(read({.window = Window::kMinute}), 96u);
  // Distinct values are kept by day alone; the latest value is read from its event.
  EXPECT_EQ(read({}, Aggregation::kUniqueCount), 0u);
  EXPECT_EQ(read({.window = Window::kHour}, Aggregation::kUniqueCount), 96u);
  EXPECT_EQ(read({}, Aggregation::kLatest), 1u);
}

TEST_F(DeclaredMetersTest, AnExtremeThatLeftIsLookedForInItsQuarterHourAndFound) {
  DefineAll({"g"});
  for (int i = 0; i < 96; ++i) {
    const absl::Time time = ParseTimestamp("2026-01-01T00:07:30Z").value() + absl::Minutes(15 * i);
    for (const char* half : {"a", "b"}) {
      Put(std::to_string(i) + half, FormatTimestamp(time), "{\"v\":" + std::to_string(i + 10) + ",\"g\":\"x\"}");
    }
  }
  // Both that had the greatest value.
  Put("95a", "2026-01-01T23:52:30Z", R"({"v":2,"g":"x"})");
  Put("95b", "2026-01-01T23:52:30Z", R"({"v":3,"g":"x"})");
  for (const Aggregation aggregation : kAll) EXPECT_LE(Compare(aggregation, {"g"}).events_read, 2u);
  EXPECT_EQ(Compare(Aggregation::kMax, {"g"}).rows.at(0).value, "104");
  // In the background the cells get their extremes back; until then, their quarter's events are read.
  int asked = 0;
  while (Compare(Aggregation::kMax, {"g"}).events_read > 0 || Compare(Aggregation::kMin, {"g"}).events_read > 0 ||
         Compare(Aggregation::kMax, {"g"}, {.customer_aliases = {"acme"}}).events_read > 0) {
    ASSERT_FALSE(HasFailure());
    ASSERT_LT(++asked, 100'000) << "nobody looks for what the cells have lost";
  }
  ASSERT_OK_AND_ASSIGN(const VerifyReport report, store().Verify());
  EXPECT_TRUE(report.ok());
}

TEST_F(DeclaredMetersTest, AnInexactNumberFailsTheQueriesThatMeetItUntilItIsSuperseded) {
  DefineAll({});
  Put("a", "2026-01-01T00:00:00Z", R"({"v":1})");
  Put("bad", "2026-01-02T00:00:00Z", R"({"v":1e401})");
  for (const Aggregation aggregation :
       {Aggregation::kSum, Aggregation::kMin, Aggregation::kMax, Aggregation::kAverage}) {
    EXPECT_THAT(store().Query({.account = account_, .declared = NameOf(aggregation)}),
                StatusIs(absl::StatusCode::kOutOfRange, "event 'bad' at 2026-01-02T00:00:00Z"));
    EXPECT_THAT(store().Query({.account = account_,
                               .declared = NameOf(aggregation),
                               .to = ParseTimestamp("2026-01-02T00:00:00Z").value()}),
                IsOk());
  }
  for (const Aggregation aggregation : {Aggregation::kCount, Aggregation::kUniqueCount, Aggregation::kLatest}) {
    EXPECT_EQ(Compare(aggregation, {}).rows.at(0).count, 2u);
  }
  Put("bad", "2026-01-02T00:00:00Z", R"({"v":2})");
  for (const Aggregation aggregation : kAll) EXPECT_EQ(Compare(aggregation, {}).rows.at(0).count, 2u);
}

TEST_F(DeclaredMetersTest, LongTextsAreValuesAndGroupsLikeOthers) {
  DefineAll({"g"});
  const std::string base(1000, 'x');
  for (const std::string& value : {base, base + "y", base + "y", std::string(32, 'x'), std::string(33, 'x')}) {
    static int id = 0;
    Put(std::to_string(++id), "2026-01-01T00:00:00Z", "{\"v\":\"" + value + "\",\"g\":\"" + value + "\"}");
  }
  EXPECT_EQ(Compare(Aggregation::kUniqueCount, {}).rows.at(0).value, "4");
  EXPECT_THAT(Compare(Aggregation::kCount, {"g"}).rows, SizeIs(4));
  EXPECT_EQ(Compare(Aggregation::kLatest, {}).rows.at(0).value, std::string(33, 'x'));
}

TEST_F(DeclaredMetersTest, ADeclarationIsOneOfItsAccount) {
  const Meter meter = Of(Aggregation::kSum, {"g"});
  EXPECT_THAT(store().DefineMeter(account_, "m", meter), IsOkAndHolds(Outcome::kCreated));
  EXPECT_THAT(store().DefineMeter(account_, "m", meter), IsOkAndHolds(Outcome::kUnchanged));
  EXPECT_THAT(store().DefineMeter(account_, "m", Of(Aggregation::kMax, {"g"})),
              StatusIs(absl::StatusCode::kAlreadyExists, "'m'"));
  EXPECT_THAT(store().DefineMeter(Account(2), "m", Of(Aggregation::kMax)), IsOkAndHolds(Outcome::kCreated));
  Put("a", "2026-01-01T00:00:00Z", R"({"v":1})");
  EXPECT_THAT(store().AwaitMeter(account_, "m"), IsOk());
  EXPECT_THAT(store().AwaitMeter(Account(2), "m"), IsOk());
  ASSERT_OK_AND_ASSIGN(const Usage other, store().Query({.account = Account(2), .declared = "m"}));
  EXPECT_THAT(other.rows, IsEmpty());
  EXPECT_TRUE(other.from_rollups);
  ASSERT_OK_AND_ASSIGN(const std::vector<DeclaredMeter> meters, store().Meters(account_));
  ASSERT_THAT(meters, SizeIs(1));
  EXPECT_EQ(meters[0].name, "m");
  EXPECT_EQ(meters[0].meter.group_by, meter.group_by);
  EXPECT_TRUE(meters[0].complete);

  EXPECT_THAT(store().DropMeter(account_, "m"), IsOk());
  EXPECT_THAT(store().DropMeter(account_, "m"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store().Query({.account = account_, .declared = "m"}), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store().AwaitMeter(account_, "m"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store().Meters(Account(2)), IsOkAndHolds(SizeIs(1)));
  // Another meter may take the name at once.
  EXPECT_THAT(store().DefineMeter(account_, "m", Of(Aggregation::kMax)), IsOkAndHolds(Outcome::kCreated));
}

TEST_F(DeclaredMetersTest, RefusesWhatIsNoDeclarationAndNoQueryOfOne) {
  const auto invalid = StatusIs(absl::StatusCode::kInvalidArgument);
  for (const std::string& name : {std::string(), std::string(65, 'a'), std::string("a b"), std::string("ä"),
                                  std::string("a\0b", 3), std::string("a/b")}) {
    EXPECT_THAT(store().DefineMeter(account_, name, Of(Aggregation::kSum)), invalid) << name;
    EXPECT_THAT(store().DropMeter(account_, name), StatusIs(absl::StatusCode::kNotFound)) << name;
  }
  EXPECT_THAT(store().DefineMeter(account_, "m", {}), invalid);
  EXPECT_THAT(store().DefineMeter(account_, std::string(64, '-'), Of(Aggregation::kSum, {"g", "h"})), IsOk());
  const std::string name(64, '-');
  EXPECT_THAT(store().Query({.account = account_, .meter = Of(Aggregation::kSum), .declared = name}), invalid);
  EXPECT_THAT(store().Query({.account = account_, .meter = Of(Aggregation::kSum), .group_by = {{"g"}}}), invalid);
  EXPECT_THAT(store().Query({.account = account_, .declared = name, .group_by = {{"v"}}}), invalid);
  EXPECT_THAT(store().Query({.account = account_, .declared = name, .group_by = {{"g", "g"}}}), invalid);
  EXPECT_THAT(store().Query({.account = account_, .declared = name, .group_by = {{"h", "g"}}}), IsOk());
}

// --- Building ---

class BuildingTest : public DeclaredMetersTest {
 protected:
  static constexpr int kEvents = 5000;  // several steps

  BuildingTest() {
    std::vector<std::string> ids;
    std::vector<std::string> properties;
    for (int i = 0; i < kEvents; ++i) {
      ids.push_back("event-" + std::to_string(i));
      properties.push_back("{\"v\":" + std::to_string(i % 97) + ",\"g\":\"" + std::to_string(i % 3) + "\"}");
    }
    std::vector<Event> events;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      // Many events of one time.
      events.push_back(
          MakeEvent(ids[i], static_cast<double>(i / 700) * 5000, i % 2 == 0 ? "acme" : "globex", "t", properties[i]));
    }
    EXPECT_THAT(store().Write(account_, events), IsOk());
  }

  void Change(int id) {
    StoreTest::Put(MakeEvent("event-" + std::to_string(id), id % 10 * 4321, "initech", "t", R"({"v":1000,"g":"3"})"));
  }

  void CompareAll() {
    for (const Aggregation aggregation : kAll) {
      SCOPED_TRACE(static_cast<int>(aggregation));
      Compare(aggregation, {"g"});
      Compare(aggregation, {}, {.customer_aliases = {"globex"}, .window = Window::kHour});
    }
    ASSERT_OK_AND_ASSIGN(const VerifyReport report, store().Verify());
    for (const Difference& difference : report.differences) ADD_FAILURE() << difference.key << difference.problem;
  }
};

TEST_F(BuildingTest, GoesOnBesideWritesAndAnswersFromTheEventsMeanwhile) {
  for (const Aggregation aggregation : kAll) {
    EXPECT_THAT(store().DefineMeter(account_, NameOf(aggregation), Of(aggregation, {"g"})), IsOk());
  }
  for (int i = 0; i < 300; ++i) {
    Change(i * 13);
    const absl::StatusOr<Usage> usage = store().Query({.account = account_, .declared = NameOf(Aggregation::kSum)});
    ASSERT_THAT(usage, IsOk());
    EXPECT_TRUE(usage->from_rollups || usage->events_read == kEvents);
  }
  for (const Aggregation aggregation : kAll) EXPECT_THAT(store().AwaitMeter(account_, NameOf(aggregation)), IsOk());
  CompareAll();
}

TEST_F(BuildingTest, ThatIsCutShortGoesOnAfterTheNextOpening) {
  for (int opening = 0; opening < 4; ++opening) {
    for (const Aggregation aggregation : kAll) {
      EXPECT_THAT(store().DefineMeter(account_, NameOf(aggregation), Of(aggregation, {"g"})), IsOk());
    }
    Change(opening * 1234);
    Reopen();
    // Whatever has been built is right.
    ASSERT_OK_AND_ASSIGN(const VerifyReport report, store().Verify());
    EXPECT_TRUE(report.ok());
  }
  for (const Aggregation aggregation : kAll) EXPECT_THAT(store().AwaitMeter(account_, NameOf(aggregation)), IsOk());
  CompareAll();
}

TEST_F(BuildingTest, AWaitTellsHowFarItIsAndCanBeEnded) {
  EXPECT_THAT(store().DefineMeter(account_, "m", Of(Aggregation::kSum)), IsOk());
  const absl::Status waited = store().AwaitMeter(account_, "m", [](std::uint64_t events_read, std::uint64_t total) {
    EXPECT_LE(events_read, total);
    return false;
  });
  // Unless it was complete before anybody asked.
  if (!waited.ok()) {
    EXPECT_THAT(waited, StatusIs(absl::StatusCode::kCancelled));
  }
  EXPECT_THAT(store().AwaitMeter(account_, "m"), IsOk());
}

TEST_F(BuildingTest, ADroppedMeterGivesItsSpaceBack) {
  for (const Aggregation aggregation : kAll) {
    EXPECT_THAT(store().DefineMeter(account_, NameOf(aggregation), Of(aggregation, {"g"})), IsOk());
    EXPECT_THAT(store().AwaitMeter(account_, NameOf(aggregation)), IsOk());
  }
  Reopen();
  const auto rollups = [&] { return store().Verify().value().rollups; };
  EXPECT_GT(rollups(), 100u);
  for (const Aggregation aggregation : kAll) EXPECT_THAT(store().DropMeter(account_, NameOf(aggregation)), IsOk());
  for (int asked = 0; rollups() > 0; ++asked) {
    ASSERT_FALSE(HasFailure());
    ASSERT_LT(asked, 10'000);
  }
  // RocksDB keeps what a snapshot has: when those that this test takes were in the way, it does the rest once something
  // else has been written.
  const auto bytes = [&] {
    const StoreStats stats = store().Stats(account_).value();
    return std::find_if(stats.families.begin(), stats.families.end(),
                        [](const FamilySize& family) { return family.name == "rollups"; })
        ->file_bytes;
  };
  for (int i = 0; bytes() > 4096; ++i) {
    ASSERT_LT(i, 100'000);
    StoreTest::Put(MakeEvent("other", i, "acme", "u"));
  }
  // And the numbers of the dropped may come again.
  for (const Aggregation aggregation : kAll) {
    EXPECT_THAT(store().DefineMeter(account_, NameOf(aggregation), Of(aggregation, {"g"})), IsOk());
    EXPECT_THAT(store().AwaitMeter(account_, NameOf(aggregation)), IsOk());
  }
  CompareAll();
}

}  // namespace
}  // namespace tallystick::testing
