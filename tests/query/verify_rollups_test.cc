// Verify of declared meters: nothing to say of what the store itself keeps, whatever happened to it, and exactly the
// damage that was planted behind its back.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/buckets.h"
#include "lib/encoding/group.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/rollup_keys.h"
#include "lib/encoding/rollup_rows.h"
#include "lib/encoding/rows.h"
#include "tallystick/store.h"
#include "tests/support/open_store.h"
#include "tests/support/random.h"
#include "tests/support/raw_rows.h"

namespace tallystick::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr Aggregation kAll[] = {Aggregation::kCount, Aggregation::kSum,     Aggregation::kMin,
                                Aggregation::kMax,   Aggregation::kAverage, Aggregation::kUniqueCount,
                                Aggregation::kLatest};

std::string NameOf(Aggregation aggregation) { return "meter-" + std::to_string(static_cast<int>(aggregation)); }

std::string PropertiesOf(std::string_view value, std::string_view group) {
  std::string properties = "{";
  if (!value.empty()) properties += "\"v\":" + std::string(value);
  if (!value.empty() && !group.empty()) properties += ",";
  if (!group.empty()) properties += "\"g\":\"" + std::string(group) + "\"";
  return properties + "}";
}

class VerifyRollupsTest : public StoreTest {
 protected:
  static Meter MeterOf(Aggregation aggregation) {
    return {.event_type = "t",
            .aggregation = aggregation,
            .property = aggregation == Aggregation::kCount ? "" : "v",
            .group_by = {"g"}};
  }
  // One meter of each aggregation, numbered from 1 on.
  void DefineAll(const Uuid& account) {
    for (const Aggregation aggregation : kAll) {
      EXPECT_THAT(store().DefineMeter(account, NameOf(aggregation), MeterOf(aggregation)), IsOk());
    }
  }
  void DefineAll() { DefineAll(account_); }
  void AwaitAll() {
    for (const Aggregation aggregation : kAll) EXPECT_THAT(store().AwaitMeter(account_, NameOf(aggregation)), IsOk());
  }

  void PutEvent(std::string_view id, std::string_view time, std::string_view alias, std::string_view properties) {
    clock_.Advance(absl::Seconds(1));
    Put({.customer_event_id = id,
         .customer_alias = alias,
         .event_type = "t",
         .event_timestamp = ParseTimestamp(time).value(),
         .event_properties = properties});
  }

  // Changes rows of the store as it was at the first call, behind its back. From then on it is only read: nobody is to
  // repair anything.
  void Damage(const std::function<void(RawRows*)>& damage) {
    Close();
    options_.read_only = true;
    const std::string healthy = folder_.path("healthy");
    const bool first = !std::filesystem::exists(healthy);
    if (!first) std::filesystem::remove_all(path_);
    std::filesystem::copy(first ? path_ : healthy, first ? healthy : path_, std::filesystem::copy_options::recursive);
    RawRows rows(path_);
    damage(&rows);
  }

  VerifyReport Verify() {
    absl::StatusOr<VerifyReport> report = store().Verify();
    EXPECT_THAT(report, IsOk());
    return report.ok() ? *std::move(report) : VerifyReport();
  }

  // `family`, `key`, `problem` of each difference.
  using Differences = std::vector<std::vector<std::string>>;
  Differences Found() {
    const VerifyReport report = Verify();
    Differences found;
    for (const Difference& difference : report.differences) {
      found.push_back({difference.family, difference.key, difference.problem});
    }
    EXPECT_EQ(report.difference_count, found.size());
    return found;
  }
};

// --- What the store itself keeps ---

TEST_F(VerifyRollupsTest, FindsNothingInAHealthyStoreAndCountsItsRows) {
  EXPECT_EQ(Verify().rollups, 0u);
  ASSERT_THAT(store().DefineMeter(account_, "count", MeterOf(Aggregation::kCount)), IsOk());
  ASSERT_THAT(store().AwaitMeter(account_, "count"), IsOk());
  PutEvent("a", "2026-01-01T00:00:00Z", "acme", "{}");
  PutEvent("b", "2026-01-01T12:00:00Z", "acme", "{}");
  const VerifyReport report = Verify();
  EXPECT_THAT(report.differences, IsEmpty());
  // The meter; everybody's day and quarters of an hour, and the customer's.
  EXPECT_EQ(report.rollups, 1u + 2 * (1 + 2));
}

TEST_F(VerifyRollupsTest, TellsOfItsProgress) {
  DefineAll();
  AwaitAll();
  PutEvent("a", "2026-01-01T00:00:00Z", "acme", PropertiesOf("1", "x"));
  std::vector<std::pair<std::uint64_t, std::uint64_t>> steps;
  ASSERT_THAT(
      store().Verify({.progress = [&](std::uint64_t read, std::uint64_t all) { steps.emplace_back(read, all); }}),
      IsOk());
  EXPECT_TRUE(std::is_sorted(steps.begin(), steps.end()));
  for (const auto& [read, all] : steps) EXPECT_LE(read, all);
  // The event is read twice.
  EXPECT_EQ(steps.back().first, 5 + Verify().rollups);
}

// Events that come, change, move in time and between customers and types, and lose their value.
class RandomEvents {
 public:
  explicit RandomEvents(Random* random) : random_(*random) {}

  std::vector<Event> Batch(std::size_t size) {
    texts_.clear();
    texts_.reserve(2 * size);
    std::vector<Event> events;
    for (std::size_t i = 0; i < size; ++i) {
      const std::string& id = texts_.emplace_back("event-" + std::to_string(random_.Below(400)));
      const std::string& properties =
          texts_.emplace_back(PropertiesOf(random_.PickFrom(kValues), random_.PickFrom(kGroups)));
      events.push_back({.customer_event_id = id,
                        .customer_alias = random_.PickFrom(kAliases),
                        .event_type = random_.OneIn(8) ? "u" : "t",
                        .event_timestamp = absl::FromUnixSeconds(1'760'000'000) +
                                           absl::Minutes(static_cast<int>(random_.Below(3 * 24 * 60))),
                        .event_properties = properties});
    }
    return events;
  }

 private:
  const std::vector<std::string> kValues = {"",
                                            "null",
                                            "1",
                                            "1.0",
                                            "-2.5",
                                            "\"17\"",
                                            "\"text\"",
                                            "1e300",
                                            "1e-300",
                                            "1e999",
                                            "true",
                                            R"({"a":1})",
                                            "\"more than the thirty-two bytes that a key holds\"",
                                            "12345678901234567890123456789012345678"};
  const std::vector<std::string> kGroups = {"", "x", "y"};
  const std::vector<std::string_view> kAliases = {"acme", "globex", "initech"};

  Random& random_;
  std::vector<std::string> texts_;
};

TEST_F(VerifyRollupsTest, FindsNothingAfterRandomWrites) {
  Random random;
  RandomEvents events(&random);
  ASSERT_THAT(store().Write(account_, events.Batch(300)), IsOk());
  ASSERT_THAT(store().Write(Account(2), events.Batch(100)), IsOk());
  ASSERT_THAT(store().Write(Account(3), events.Batch(100)), IsOk());
  DefineAll();
  DefineAll(Account(3));
  for (int round = 0; round < 12; ++round) {
    SCOPED_TRACE(round);
    for (int batch = 0; batch < 5; ++batch) {
      clock_.Advance(absl::Seconds(1));
      ASSERT_THAT(store().Write(account_, events.Batch(1 + random.Below(40))), IsOk());
      ASSERT_THAT(store().Write(Account(3), events.Batch(1 + random.Below(10))), IsOk());
    }
    if (random.OneIn(3)) Reopen();
    EXPECT_THAT(Found(), IsEmpty());
  }
  AwaitAll();
  EXPECT_THAT(Found(), IsEmpty());
}

// The store is closed in the middle of building and of deleting, where it happens to be.
TEST_F(VerifyRollupsTest, FindsNothingInWhatIsHalfBuiltOrHalfDeleted) {
  Random random;
  RandomEvents events(&random);
  for (int i = 0; i < 6; ++i) {
    std::vector<Event> batch = events.Batch(1000);
    for (Event& event : batch) event.customer_event_id.reset();
    ASSERT_THAT(store().Write(account_, batch), IsOk());
  }
  ASSERT_THAT(store().Write(account_, events.Batch(400)), IsOk());
  DefineAll();
  for (int round = 0; round < 4; ++round) {
    SCOPED_TRACE(round);
    clock_.Advance(absl::Seconds(1));
    ASSERT_THAT(store().Write(account_, events.Batch(100)), IsOk());
    Close();
    options_.read_only = true;
    EXPECT_THAT(Found(), IsEmpty());
    options_.read_only = false;
    Reopen();
  }
  AwaitAll();
  EXPECT_THAT(Found(), IsEmpty());
  for (const Aggregation aggregation : {Aggregation::kSum, Aggregation::kUniqueCount}) {
    ASSERT_THAT(store().DropMeter(account_, NameOf(aggregation)), IsOk());
  }
  Close();
  options_.read_only = true;
  EXPECT_THAT(Found(), IsEmpty());
}

// A batch that was measured before the last meter of its account was dropped, and is committed after it, once still
// asked for what it had given to that meter.
TEST_F(VerifyRollupsTest, FindsNothingAfterWritesBesideDeclarations) {
  Random random;
  RandomEvents events(&random);
  ASSERT_THAT(store().Write(account_, events.Batch(100)), IsOk());
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    while (!stop) EXPECT_THAT(store().Write(account_, events.Batch(20)), IsOk());
  });
  for (int i = 0; i < 100; ++i) {
    EXPECT_THAT(store().DefineMeter(account_, "sum", MeterOf(Aggregation::kSum)), IsOk());
    EXPECT_THAT(store().DropMeter(account_, "sum"), IsOk());
  }
  EXPECT_THAT(store().DefineMeter(account_, "sum", MeterOf(Aggregation::kSum)), IsOk());
  stop = true;
  writer.join();
  EXPECT_THAT(store().AwaitMeter(account_, "sum"), IsOk());
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(VerifyRollupsTest, AMeterThatIsBeingBuiltHasTheEventsBeforeItsPosition) {
  PutEvent("a", "2026-01-01T00:00:00Z", "acme", PropertiesOf("1", "x"));
  PutEvent("b", "2026-01-01T08:00:00Z", "globex", PropertiesOf("2", "x"));
  // In another copy of the store, the meters are complete with these two.
  Close();
  std::string early = folder_.path("early");
  std::filesystem::copy(path_, early, std::filesystem::copy_options::recursive);
  std::swap(path_, early);
  DefineAll();
  AwaitAll();
  Close();
  std::swap(path_, early);
  PutEvent("c", "2026-01-01T08:00:00Z", "acme", PropertiesOf("3", "x"));
  PutEvent("d", "2026-01-02T00:00:00Z", "acme", PropertiesOf("4", "x"));
  const auto plant = [&](const EventPosition& next) {
    Damage([&](RawRows* rows) {
      for (const auto& [key, value] : RawRows(early).All("rollups")) {
        absl::StatusOr<MeterRow> meter = MeterRow::Decode(value);
        if (MeterKey::Decode(key).ok() && meter.ok()) meter->building = {.next = next, .events_read = 2};
        rows->Put("rollups", key, MeterKey::Decode(key).ok() ? meter->Encode() : value);
      }
    });
  };
  const Instant eight = *Instant::FromTime(ParseTimestamp("2026-01-01T08:00:00Z").value());
  plant({.time = eight, .sequence = 3});
  EXPECT_THAT(Found(), IsEmpty());
  // With "c": all meters lack it in the cells of its group, day and quarter of an hour, everybody's and "acme"'s; and
  // of the different values, which have no quarters, also the value.
  plant({.time = eight, .sequence = 4});
  EXPECT_THAT(Found(), SizeIs(6 * 4 + 2 + 2));
  // Without "b".
  plant({.time = eight, .sequence = 2});
  EXPECT_THAT(Found(), SizeIs(6 * 4 + 2 + 2));
}

// --- Damage ---

class DamagedRollupsTest : public VerifyRollupsTest {
 protected:
  void SetUp() override {
    DefineAll();
    AwaitAll();
    PutEvent("a", "2026-01-01T00:00:00Z", "acme", PropertiesOf("1", "x"));
    PutEvent("b", "2026-01-01T00:05:00Z", "acme", PropertiesOf("3", "x"));
    PutEvent("c", "2026-01-02T10:20:00Z", "globex", PropertiesOf("\"text\"", ""));
    PutEvent("d", "2026-01-02T10:25:00Z", "globex", PropertiesOf("4", "x"));
  }

  static std::uint32_t NumberOf(Aggregation aggregation) { return static_cast<std::uint32_t>(aggregation) + 1; }
  std::string MeterRowKey(Aggregation aggregation) const {
    return MeterKey{.account = account_, .name = NameOf(aggregation)}.Encode();
  }
  static const std::string& Group(bool x) {
    static const std::string groups[] = {[] {
                                           std::string group;
                                           AppendGroupValue(std::nullopt, &group);
                                           return group;
                                         }(),
                                         [] {
                                           std::string group;
                                           AppendGroupValue("x", &group);
                                           return group;
                                         }()};
    return groups[x ? 1 : 0];
  }
  // A cell of the group "x", by default that of "a" and "b" which is everybody's.
  struct Place {
    std::string_view alias{};
    BucketSize size = BucketSize::kDay;
    std::string_view time = "2026-01-01T00:00:00Z";
    bool has_group = true;
  };
  static CellKey Cell(Aggregation aggregation, const Place& place) {
    return {.meter = NumberOf(aggregation),
            .customer_alias = place.alias,
            .size = place.size,
            .bucket = BucketOf(*Instant::FromTime(ParseTimestamp(place.time).value()), place.size),
            .group = Group(place.has_group)};
  }
  static std::string CellRowKey(Aggregation aggregation, const Place& place) {
    return Cell(aggregation, place).Encode();
  }
  static std::string ValueRowKey(std::string_view form, const Place& place) {
    return ValueKey{.cell = Cell(Aggregation::kUniqueCount, place), .form = form}.Encode();
  }

  static std::string ValueOf(const RawRows& rows, const std::string& key) {
    for (const auto& [name, value] : rows.All("rollups")) {
      if (name == key) return value;
    }
    ADD_FAILURE() << "no such row: " << DescribeRollupKey(key);
    return "";
  }
  // Decodes a row, changes it, and puts it back.
  template <typename Row>
  static void Alter(RawRows* rows, const std::string& key, const std::function<void(Row*)>& alter) {
    absl::StatusOr<Row> row = Row::Decode(ValueOf(*rows, key));
    ASSERT_THAT(row, IsOk());
    alter(&*row);
    rows->Put("rollups", key, row->Encode());
  }
  void AlterCell(Aggregation aggregation, const Place& place, const std::function<void(CellRow*)>& alter) {
    Damage([&](RawRows* rows) { Alter<CellRow>(rows, CellRowKey(aggregation, place), alter); });
  }

  // Of a row that belongs to a meter.
  std::vector<std::string> Of(Aggregation aggregation, const std::string& key, const std::string& problem) const {
    return {"rollups", DescribeRollupKey(MeterRowKey(aggregation)) + ": " + DescribeRollupKey(key), problem};
  }
  // Of any other row.
  static std::vector<std::string> Of(const std::string& key, const std::string& problem) {
    return {"rollups", DescribeRollupKey(key), problem};
  }
};

TEST_F(DamagedRollupsTest, WithoutDamageThereIsNone) {
  Damage([](RawRows*) {});
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(DamagedRollupsTest, ACellThatSaysSomethingElseIsNamed) {
  struct Case {
    Aggregation aggregation;
    Place place;
    std::function<void(CellRow*)> alter;
    std::string problem;
  };
  const auto quarter = BucketSize::kQuarterHour;
  const std::vector<Case> cases = {
      {Aggregation::kCount,
       {},
       [](CellRow* cell) { ++cell->count; },
       "says 3 events, 0 skipped, 0 inexact; its events make 2 events, 0 skipped, 0 inexact"},
      {Aggregation::kCount,
       {.alias = "acme", .size = quarter},
       [](CellRow* cell) { --cell->count; },
       "says 1 events, 0 skipped, 0 inexact; its events make 2 events, 0 skipped, 0 inexact"},
      {Aggregation::kSum,
       {.alias = "globex", .size = quarter, .time = "2026-01-02T10:15:00Z", .has_group = false},
       [](CellRow* cell) { ++cell->skipped; },
       "says 0 events, 2 skipped, 0 inexact, sum 0; its events make 0 events, 1 skipped, 0 inexact, sum 0"},
      {Aggregation::kMax,
       {},
       [](CellRow* cell) { ++cell->inexact; },
       "says 2 events, 0 skipped, 1 inexact, extreme 3; its events make 2 events, 0 skipped, 0 inexact, extreme 3"},
      {Aggregation::kSum,
       {.alias = "acme"},
       [](CellRow* cell) { std::get<DecimalSum>(cell->state).Add(*Decimal::Parse("0.5")); },
       "says 2 events, 0 skipped, 0 inexact, sum 4.5; its events make 2 events, 0 skipped, 0 inexact, sum 4"},
      {Aggregation::kAverage,
       {.size = quarter},
       [](CellRow* cell) { std::get<DecimalSum>(cell->state).Add(*Decimal::Parse("1")); },
       "says 2 events, 0 skipped, 0 inexact, sum 5; its events make 2 events, 0 skipped, 0 inexact, sum 4"},
      {Aggregation::kMin,
       {},
       [](CellRow* cell) { std::get<CellExtreme>(cell->state).value = *Decimal::Parse("2"); },
       "says 2 events, 0 skipped, 0 inexact, extreme 2; its events make 2 events, 0 skipped, 0 inexact, extreme 1"},
      {Aggregation::kLatest,
       {},
       [](CellRow* cell) { std::get<CellLatest>(cell->state).position.sequence = 1; },
       "says 2 events, 0 skipped, 0 inexact, latest 2026-01-01T00:05:00Z at sequence 1; its events make 2 events, 0 "
       "skipped, 0 inexact, latest 2026-01-01T00:05:00Z at sequence 2"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.problem);
    AlterCell(c.aggregation, c.place, c.alter);
    EXPECT_EQ(Found(), Differences({Of(c.aggregation, CellRowKey(c.aggregation, c.place), c.problem)}));
  }
}

TEST_F(DamagedRollupsTest, ACellThatIsMissingIsNamed) {
  for (const Aggregation aggregation : kAll) {
    for (const std::string_view alias : {"", "acme"}) {
      const std::string key = CellRowKey(aggregation, {.alias = alias});
      Damage([&](RawRows* rows) { rows->Delete("rollups", key); });
      EXPECT_EQ(Found(), Differences({Of(aggregation, key, "is missing, though there are such events")}));
    }
  }
}

TEST_F(DamagedRollupsTest, ACellTooManyIsNamed) {
  const Place places[] = {
      {.has_group = false},                                                                 // another group
      {.alias = "initech"},                                                                 // another customer
      {.time = "2026-01-03T00:00:00Z"},                                                     // another day
      {.alias = "acme", .size = BucketSize::kQuarterHour, .time = "2026-01-01T00:15:00Z"},  // another quarter
  };
  for (const Place& place : places) {
    const std::string key = CellRowKey(Aggregation::kSum, place);
    Damage([&](RawRows* rows) { rows->Put("rollups", key, ValueOf(*rows, CellRowKey(Aggregation::kSum, {}))); });
    EXPECT_EQ(Found(), Differences({Of(Aggregation::kSum, key, "is there, though there is no such event")}));
  }
}

TEST_F(DamagedRollupsTest, OfDifferentValuesThereAreNoQuarters) {
  const std::string key = CellRowKey(Aggregation::kUniqueCount, {.size = BucketSize::kQuarterHour});
  Damage([&](RawRows* rows) { rows->Put("rollups", key, ValueOf(*rows, CellRowKey(Aggregation::kUniqueCount, {}))); });
  EXPECT_EQ(Found(), Differences({Of(Aggregation::kUniqueCount, key, "is there, though there is no such event")}));
}

TEST_F(DamagedRollupsTest, AllRowsTooManyAreNamed) {
  std::vector<std::string> keys;
  for (const Aggregation aggregation : kAll) {
    keys.push_back(CellRowKey(aggregation, {.alias = "initech"}));
    keys.push_back(CellRowKey(aggregation, {.time = "2026-01-09T00:00:00Z"}));
  }
  Damage([&](RawRows* rows) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      rows->Put("rollups", keys[i], ValueOf(*rows, CellRowKey(kAll[i / 2], {})));
    }
    rows->Delete("rollups", CellRowKey(Aggregation::kSum, {}));
  });
  Differences expected = {
      Of(Aggregation::kSum, CellRowKey(Aggregation::kSum, {}), "is missing, though there are such events")};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    expected.push_back(Of(kAll[i / 2], keys[i], "is there, though there is no such event"));
  }
  EXPECT_THAT(Found(), ::testing::UnorderedElementsAreArray(expected));
}

TEST_F(DamagedRollupsTest, ACellOfAnotherKindIsNamed) {
  const std::string key = CellRowKey(Aggregation::kSum, {});
  Damage([&](RawRows* rows) { rows->Put("rollups", key, ValueOf(*rows, CellRowKey(Aggregation::kMax, {}))); });
  EXPECT_EQ(Found(), Differences({Of(Aggregation::kSum, key, "is of another kind than its meter")}));
}

TEST_F(DamagedRollupsTest, ARowOfANumberThatNoMeterHasIsNamed) {
  CellKey cell = Cell(Aggregation::kCount, {});
  cell.meter = 8;
  const std::string value_key = ValueKey{.cell = cell, .form = "1"}.Encode();
  const std::string mark = StaleKey(cell.Encode());
  const std::string problem = "is of a meter that is neither declared nor dropped";
  const auto plant = [&](RawRows* rows) {
    rows->Put("rollups", cell.Encode(), ValueOf(*rows, CellRowKey(Aggregation::kCount, {})));
    rows->Put("rollups", value_key, ValueRow{.count = 1}.Encode());
    rows->Put("rollups", mark, "");
  };
  Damage(plant);
  EXPECT_EQ(Found(), Differences({Of(cell.Encode(), problem), Of(value_key, problem), Of(mark, problem)}));
  // They are what a meter that was dropped has left.
  Damage([&](RawRows* rows) {
    plant(rows);
    rows->Put("rollups", DroppedKey{.meter = 8}.Encode(), "");
  });
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(DamagedRollupsTest, WhatADroppedMeterHasLeftMayBeAnything) {
  Damage([this](RawRows* rows) {
    rows->Delete("rollups", MeterRowKey(Aggregation::kUniqueCount));
    rows->Put("rollups", DroppedKey{.meter = NumberOf(Aggregation::kUniqueCount)}.Encode(), "");
    rows->Delete("rollups", CellRowKey(Aggregation::kUniqueCount, {}));
  });
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(DamagedRollupsTest, AValueThatDiffersIsNamed) {
  const std::string one = ValueRowKey("1", {.alias = "acme"});
  Damage([&](RawRows* rows) { Alter<ValueRow>(rows, one, [](ValueRow* row) { row->count = 7; }); });
  EXPECT_EQ(Found(), Differences({Of(Aggregation::kUniqueCount, one, "says 7 events; there are 1")}));

  Damage([&](RawRows* rows) { rows->Delete("rollups", one); });
  EXPECT_EQ(Found(), Differences({Of(Aggregation::kUniqueCount, one, "is missing, though there are such events")}));

  const std::string two = ValueRowKey("2", {.alias = "acme"});
  Damage([&](RawRows* rows) { rows->Put("rollups", two, ValueRow{.count = 1}.Encode()); });
  EXPECT_EQ(Found(), Differences({Of(Aggregation::kUniqueCount, two, "is there, though there is no such event")}));
}

TEST_F(DamagedRollupsTest, AStaleCellSaysABound) {
  struct Case {
    Aggregation aggregation;
    std::string bound;  // a number, or a sequence at the time of "b"
    bool holds;
  };
  const std::vector<Case> cases = {
      {Aggregation::kMin, "0.5", true},  {Aggregation::kMin, "1", true},    {Aggregation::kMin, "2", false},
      {Aggregation::kMax, "4", true},    {Aggregation::kMax, "3", true},    {Aggregation::kMax, "2", false},
      {Aggregation::kLatest, "9", true}, {Aggregation::kLatest, "2", true}, {Aggregation::kLatest, "1", false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(NameOf(c.aggregation) + " " + c.bound);
    for (const bool has_count : {true, false}) {
      const std::string key = CellRowKey(c.aggregation, {});
      Damage([&](RawRows* rows) {
        Alter<CellRow>(rows, key, [&](CellRow* cell) {
          if (auto* const extreme = std::get_if<CellExtreme>(&cell->state); extreme != nullptr) {
            *extreme = {.value = *Decimal::Parse(c.bound), .stale = true};
          } else {
            auto& latest = std::get<CellLatest>(cell->state);
            latest.stale = true;
            latest.position.sequence = std::stoull(c.bound);
          }
          if (!has_count) ++cell->count;
        });
        rows->Put("rollups", StaleKey(key), "");
      });
      const Differences found = Found();
      EXPECT_THAT(found, SizeIs(c.holds && has_count ? 0 : 1));
      for (const auto& one : found) EXPECT_EQ(one, Of(c.aggregation, key, one[2]));
    }
  }
}

TEST_F(DamagedRollupsTest, AMarkThatIsMissingOrTooManyIsNamed) {
  const std::string cell = CellRowKey(Aggregation::kMax, {});
  const std::string mark = StaleKey(cell);
  AlterCell(Aggregation::kMax, {}, [](CellRow* row) { std::get<CellExtreme>(row->state).stale = true; });
  EXPECT_EQ(Found(), Differences({Of(Aggregation::kMax, mark, "is missing, though the cell is stale")}));

  // Of a cell that is known, of one that is not there, and of one that cannot be stale.
  for (const std::string& key : {cell, CellRowKey(Aggregation::kMax, {.alias = "initech"})}) {
    Damage([&](RawRows* rows) { rows->Put("rollups", StaleKey(key), ""); });
    EXPECT_EQ(Found(), Differences({Of(Aggregation::kMax, StaleKey(key), "is there, though no such cell is stale")}));
  }
  const std::string sum = StaleKey(CellRowKey(Aggregation::kSum, {}));
  Damage([&](RawRows* rows) { rows->Put("rollups", sum, ""); });
  EXPECT_EQ(Found(), Differences({Of(Aggregation::kSum, sum, "is there, though no such cell is stale")}));
}

TEST_F(DamagedRollupsTest, ARowThatDoesNotDecodeIsNamed) {
  const std::string cell = CellRowKey(Aggregation::kMax, {});
  const std::string value = ValueRowKey("1", {});
  const std::string dropped = DroppedKey{.meter = 9}.Encode();
  struct Case {
    std::string key;
    std::string value;
    std::vector<std::string> difference;
  };
  const std::vector<Case> cases = {
      {cell, "rubbish", Of(Aggregation::kMax, cell, "does not decode")},
      {cell, "", Of(Aggregation::kMax, cell, "does not decode")},
      {value, "rubbish", Of(Aggregation::kUniqueCount, value, "does not decode")},
      {dropped, "not empty", Of(dropped, "does not decode")},
      {StaleKey(cell), "not empty", Of(StaleKey(cell), "does not decode")},
      {"", "", Of("", "does not decode")},
      {"x", "", Of("x", "does not decode")},
      {cell.substr(0, 8), "", Of(cell.substr(0, 8), "does not decode")},
      {value.substr(0, 8), "", Of(value.substr(0, 8), "does not decode")},
      {StaleKey(cell).substr(0, 8), "", Of(StaleKey(cell).substr(0, 8), "does not decode")},
      {dropped.substr(0, 3), "", Of(dropped.substr(0, 3), "does not decode")},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.difference[1]);
    Damage([&](RawRows* rows) { rows->Put("rollups", c.key, c.value); });
    Differences found = Found();
    ASSERT_THAT(found, SizeIs(1));
    if (c.key == StaleKey(cell)) found[0][1] = DescribeRollupKey(c.key);  // with its meter's name
    EXPECT_EQ(found[0], c.difference);
  }
}

// --- Damaged declarations ---

TEST_F(DamagedRollupsTest, AMeterThatDoesNotDecodeIsNamedAndItsRowsBelongToNobody) {
  const std::string key = MeterRowKey(Aggregation::kCount);
  Damage([&](RawRows* rows) { rows->Put("rollups", key, "rubbish"); });
  const Differences found = Found();
  EXPECT_EQ(found[0], Of(key, "does not decode"));
  // "a" and "b", "c", "d": the cells of two groups, everybody's and the customers', by days and quarters.
  EXPECT_THAT(found, SizeIs(1 + 3 * 4));
  for (std::size_t i = 1; i < found.size(); ++i) {
    EXPECT_EQ(found[i][2], "is of a meter that is neither declared nor dropped");
  }
}

TEST_F(DamagedRollupsTest, AMeterThatIsNoneIsNamed) {
  const std::string key = MeterKey{.account = account_, .name = "another"}.Encode();
  const std::string bad_name = MeterKey{.account = account_, .name = "a space"}.Encode();
  Damage([&](RawRows* rows) {
    rows->Put("rollups", key, MeterRow{.number = 8, .meter = {.event_type = "", .property = ""}}.Encode());
    rows->Put("rollups", bad_name, MeterRow{.number = 9, .meter = {.event_type = "t"}}.Encode());
  });
  const Differences found = Found();
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[0], Of(bad_name, found[0][2]));
  EXPECT_THAT(found[0][2], ::testing::StartsWith("is not a meter: a meter's name must have"));
  EXPECT_EQ(found[1], Of(key, "does not decode"));
}

TEST_F(DamagedRollupsTest, TwoMetersOfOneNumberAreNamed) {
  Damage([this](RawRows* rows) {
    Alter<MeterRow>(rows, MeterRowKey(Aggregation::kSum), [](MeterRow* row) { row->number = 1; });
  });
  const Differences found = Found();
  EXPECT_EQ(found[0], Of(MeterRowKey(Aggregation::kSum),
                         "has the number 1 of another meter: " + DescribeRollupKey(MeterRowKey(Aggregation::kCount))));
  // And the rows of number 2, which nobody has now.
  EXPECT_THAT(found, SizeIs(1 + 3 * 4));
}

TEST_F(DamagedRollupsTest, ANumberThatIsDeclaredAndDroppedIsNamed) {
  const std::string key = DroppedKey{.meter = 1}.Encode();
  Damage([&](RawRows* rows) { rows->Put("rollups", key, ""); });
  EXPECT_EQ(Found(), Differences({Of(key, "is there, though a meter has this number")}));
}

// --- Damaged events ---

TEST_F(DamagedRollupsTest, AnEventThatIsMissingIsMissedByItsCells) {
  const std::string key(EventKey{
      .account = account_, .time = *Instant::FromTime(ParseTimestamp("2026-01-02T10:25:00Z").value()), .sequence = 4}
                            .Encode()
                            .view());
  Damage([&](RawRows* rows) { rows->Delete("events", key); });
  // By the other families; by the cells of all meters but the one without quarters; by that one's cells and values.
  EXPECT_THAT(Found(), SizeIs(3 + 6 * 4 + 2 + 2));
}

TEST_F(DamagedRollupsTest, AnEventWithPropertiesThatDoNotDecodeIsNamed) {
  const std::string key(EventKey{
      .account = account_, .time = *Instant::FromTime(ParseTimestamp("2026-01-02T10:25:00Z").value()), .sequence = 4}
                            .Encode()
                            .view());
  Damage([&](RawRows* rows) {
    std::string stored;
    for (const auto& [name, value] : rows->All("events")) {
      if (name == key) stored = value;
    }
    absl::StatusOr<EventRow> row = EventRow::Decode(stored);
    ASSERT_THAT(row, IsOk());
    row->event_properties = "{rubbish}";
    std::string altered;
    row->AppendTo(&altered);
    rows->Put("events", key, altered);
  });
  EXPECT_THAT(Found(), ::testing::Contains(std::vector<std::string>{"events", DescribeEventKey(key),
                                                                    "has properties that do not decode"}));
}

}  // namespace
}  // namespace tallystick::testing
