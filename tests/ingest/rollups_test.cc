// What commits do to the rollups, commit by commit: also where meters come and go while batches are on their way.

#include "lib/ingest/rollups.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/encoding/group.h"
#include "lib/encoding/rollup_keys.h"
#include "lib/encoding/rollup_rows.h"
#include "lib/ingest/lone_request.h"
#include "lib/metering/cells.h"
#include "tests/support/ingest.h"

namespace tallystick::ingest {
namespace {

using absl::StatusCode;
using storage::Family;
using testing::Account;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::Sent;
using ::testing::SizeIs;
using testing::StatusIs;

// Does what the test says when its turn comes.
class Turn : public LoneRequest {
 public:
  explicit Turn(std::function<absl::Status(storage::Batch*)> decide) : decide_(std::move(decide)) {}
  absl::Status Decide(storage::Batch* batch) override { return decide_(batch); }

 private:
  const std::function<absl::Status(storage::Batch*)> decide_;
};

class RollupsTest : public testing::IngestTest {
 protected:
  static Meter Of(Aggregation aggregation) {
    return {.event_type = "message-sent",
            .aggregation = aggregation,
            .property = aggregation == Aggregation::kCount ? "" : "n"};
  }

  absl::Status InATurn(std::function<absl::Status(storage::Batch*)> decide) {
    Turn turn(std::move(decide));
    return CommitRequests({&turn}).front();
  }

  // Declares a meter that is complete, as it is when there is no event yet.
  void Define(const std::string& name, Aggregation aggregation) {
    EXPECT_THAT(InATurn([&](storage::Batch* batch) {
                  TALLYSTICK_RETURN_IF_ERROR(meters().Define(Account(1), name, Of(aggregation), batch).status());
                  meters().SetBuilding(meters().meters()->Find(Account(1), name), std::nullopt, batch);
                  return absl::OkStatus();
                }),
                IsOk());
    declared_ = meters().meters();
  }
  void Drop(const std::string& name) {
    EXPECT_THAT(InATurn([&](storage::Batch* batch) { return meters().Drop(Account(1), name, batch).status(); }),
                IsOk());
  }

  // Everybody's cell of the day on which At() is; of the first meter declared.
  absl::StatusOr<std::optional<CellRow>> Day(std::uint32_t meter = 1, std::string_view alias = "") {
    const std::string key = CellKey{.meter = meter,
                                    .customer_alias = alias,
                                    .size = BucketSize::kDay,
                                    .bucket = BucketOf(At(0), BucketSize::kDay)}
                                .Encode();
    absl::StatusOr<std::optional<std::string>> value = database()->Get(Family::kRollups, key);
    if (!value.ok()) return value.status();
    if (!value->has_value()) return std::optional<CellRow>();
    absl::StatusOr<CellRow> row = CellRow::Decode(**value);
    if (!row.ok()) return row.status();
    return std::optional(*std::move(row));
  }
  std::uint64_t CountOf(std::uint32_t meter = 1, std::string_view alias = "") {
    const auto day = Day(meter, alias);
    EXPECT_THAT(day, IsOk());
    return day.ok() && day->has_value() ? (*day)->count : 0;
  }
  std::string SumOf(std::uint32_t meter = 1) {
    const auto day = Day(meter);
    EXPECT_THAT(day, IsOk());
    return day.ok() && day->has_value() ? std::get<DecimalSum>((*day)->state).ToString() : "none";
  }
  Rows RowsOfKind(RollupKind kind) {
    Rows rows;
    for (auto& row : RowsOf(Family::kRollups)) {
      if (RollupKindOf(row.first).value() == kind) rows.push_back(std::move(row));
    }
    return rows;
  }

  static Sent Number(const std::string& id, const std::string& number, std::uint64_t second = 1) {
    return {.id = id, .time = At(second), .properties = "{\"n\":" + number + "}"};
  }
};

TEST_F(RollupsTest, AnEventChangesFourCellsOfItsMeterInItsOwnCommit) {
  Define("sum", Aggregation::kSum);
  Store({Number("a", "1.5")});
  EXPECT_THAT(RowsOfKind(RollupKind::kCell), SizeIs(4));
  EXPECT_EQ(SumOf(), "1.5");
  Store({Number("b", "2"), Number("c", "\"3\""), Number("d", "true"), Number("e", "1e401")});
  EXPECT_EQ(SumOf(), "6.5");
  const auto day = Day(1, "acme");
  ASSERT_THAT(day, IsOk());
  ASSERT_TRUE(day->has_value());
  EXPECT_EQ((*day)->count, 3u);
  EXPECT_EQ((*day)->skipped, 1u);
  EXPECT_EQ((*day)->inexact, 1u);
}

TEST_F(RollupsTest, WhatIsSupersededLeavesTheCellsThatItWasIn) {
  Define("sum", Aggregation::kSum);
  Store({Number("a", "1.5"), Number("b", "2")});
  Sent moved = Number("a", "7", 200'000);
  moved.alias = "globex";
  Store({moved});
  EXPECT_EQ(SumOf(), "2");
  EXPECT_EQ(CountOf(1, "acme"), 1u);
  EXPECT_THAT(RowsOfKind(RollupKind::kCell), SizeIs(8));
  Store({{.id = "a", .time = At(1), .type = "other"}, {.id = "b", .time = At(1), .type = "other"}});
  EXPECT_THAT(RowsOfKind(RollupKind::kCell), IsEmpty());
}

TEST_F(RollupsTest, WhatIsReplacedWithinItsGroupNeverCounts) {
  Define("sum", Aggregation::kSum);
  Store({Number("a", "1"), Number("a", "2"), Number("a", "3")});
  EXPECT_EQ(SumOf(), "3");
  const std::vector<Batch> batches = {PrepareAndLookUp({Number("a", "4")}), PrepareAndLookUp({Number("a", "5")})};
  EXPECT_THAT(CommitGroup(batches), ElementsAre(IsOk(), IsOk()));
  EXPECT_EQ(SumOf(), "5");
  EXPECT_EQ(CountOf(), 1u);
}

TEST_F(RollupsTest, WhatIsUnchangedChangesNoCell) {
  Define("sum", Aggregation::kSum);
  Store({Number("a", "1")});
  Store({Number("a", "1")});
  EXPECT_FALSE(wrote_);
  EXPECT_EQ(CountOf(), 1u);
}

TEST_F(RollupsTest, ABatchThatWasPreparedBeforeAMeterWasDeclaredIsMeasuredAgain) {
  Store({Number("old", "100")});
  const Batch batch = PrepareAndLookUp({Number("old", "1"), Number("new", "2")});
  EXPECT_THAT(InATurn([&](storage::Batch* rows) {
                TALLYSTICK_RETURN_IF_ERROR(meters().Define(Account(1), "sum", Of(Aggregation::kSum), rows).status());
                // As if the building had come past all events: "old" was added with 100.
                const auto meter = meters().meters()->Find(Account(1), "sum");
                metering::Contributions contributions(meters().meters(), Account(1));
                TALLYSTICK_ASSIGN_OR_RETURN(const auto range, contributions.Add({.event_type = "message-sent",
                                                                                 .event_properties = "{\"n\":100}"}));
                rollups().Enter({.contributions = &contributions,
                                 .contribution = &contributions.At(range).front(),
                                 .customer_alias = "acme",
                                 .position = {.time = At(1), .sequence = 1}});
                TALLYSTICK_RETURN_IF_ERROR(rollups().AddRows(rows));
                meters().SetBuilding(meter, std::nullopt, rows);
                return absl::OkStatus();
              }),
              IsOk());
  EXPECT_EQ(SumOf(), "100");
  EXPECT_THAT(Commit(batch), IsOk());
  EXPECT_EQ(SumOf(), "3");
}

TEST_F(RollupsTest, ABatchThatWasPreparedForADroppedMeterIsStored) {
  Define("sum", Aggregation::kSum);
  Store({Number("a", "1")});
  const Batch batch = PrepareAndLookUp({Number("a", "2"), Number("b", "3")});
  Drop("sum");
  EXPECT_THAT(Commit(batch), IsOk());
  EXPECT_EQ(SumOf(), "1") << "what is left of a dropped meter is no longer kept";
  EXPECT_EQ(batch->decisions()[0].outcome, Outcome::kSuperseded);
}

TEST_F(RollupsTest, AMeterThatIsBeingBuiltHasTheEventsBeforeWhereItStands) {
  Define("sum", Aggregation::kSum);
  EXPECT_THAT(InATurn([&](storage::Batch* rows) {
                meters().SetBuilding(meters().meters()->Find(Account(1), "sum"),
                                     MeterBuilding{.next = {.time = At(10), .sequence = 3}}, rows);
                return absl::OkStatus();
              }),
              IsOk());
  Store({Number("before", "1", 9), Number("behind", "2", 11)});
  EXPECT_EQ(SumOf(), "1");
  // At the very instant, what is stored from now on comes behind.
  Store({Number("at", "4", 10)});
  EXPECT_EQ(SumOf(), "1");
  Store({Number("behind", "8", 5), Number("before", "16", 20)});
  EXPECT_EQ(SumOf(), "8");
}

TEST_F(RollupsTest, ACellThatCannotBeReadFailsItsGroupAndTheNextOneIsWhole) {
  Define("sum", Aggregation::kSum);
  Store({Number("a", "1")});
  const std::string key =
      CellKey{.meter = 1, .size = BucketSize::kDay, .bucket = BucketOf(At(0), BucketSize::kDay)}.Encode();
  const std::string value = database()->Get(Family::kRollups, key).value().value();
  Put(Family::kRollups, key, "damaged");
  StartAt({.sequence = 1});  // with nothing in memory
  EXPECT_THAT(Commit(PrepareAndLookUp({Number("b", "2")})), StatusIs(StatusCode::kDataLoss));
  EXPECT_FALSE(wrote_);
  EXPECT_THAT(RowsOf(Family::kEvents), SizeIs(1));
  // Other cells are not concerned.
  Store({Number("c", "2", 200'000)});
  Put(Family::kRollups, key, value);
  Store({Number("b", "2")});
  EXPECT_EQ(SumOf(), "3");
}

TEST_F(RollupsTest, AnEventThatACellDoesNotHaveCannotLeaveIt) {
  Define("count", Aggregation::kCount);
  Store({Number("a", "1")});
  for (const auto& [key, value] : RowsOfKind(RollupKind::kCell)) Delete(Family::kRollups, key);
  StartAt({.sequence = 1});
  EXPECT_THAT(Commit(PrepareAndLookUp({Number("a", "2")})), StatusIs(StatusCode::kDataLoss, "'count'"));
  EXPECT_FALSE(wrote_);
}

TEST_F(RollupsTest, ACellThatLosesItsExtremeIsMarkedUntilOneAsFarOutEnters) {
  Define("max", Aggregation::kMax);
  Store({Number("a", "5"), Number("b", "3")});
  EXPECT_THAT(RowsOfKind(RollupKind::kStale), IsEmpty());
  Store({Number("b", "2")});
  EXPECT_THAT(RowsOfKind(RollupKind::kStale), IsEmpty());
  Store({Number("a", "4")});
  EXPECT_THAT(RowsOfKind(RollupKind::kStale), SizeIs(4));
  EXPECT_EQ(rollups().stale_count(), 4u);
  // What is left is known to be at most 5.
  Store({Number("c", "4.5")});
  EXPECT_THAT(RowsOfKind(RollupKind::kStale), SizeIs(4));
  Store({Number("c", "5.0")});
  EXPECT_THAT(RowsOfKind(RollupKind::kStale), IsEmpty());
  EXPECT_EQ(std::get<CellExtreme>(Day().value()->state).value.ToString(), "5");
}

// Who is told of stale cells must find their marks: once the count was there before they were, and nobody came again.
TEST_F(RollupsTest, StaleCellsCountOnceTheirMarksCanBeRead) {
  Define("max", Aggregation::kMax);
  Store({Number("a", "5"), Number("b", "3")});
  const Batch batch = PrepareAndLookUp({Number("a", "4")});
  std::vector<storage::CommitRequest*> group = {batch.get()};
  std::vector<absl::Status> statuses(1);
  storage::Batch rows(*database());
  committer().Decide(group, absl::MakeSpan(statuses), &rows);
  EXPECT_EQ(rollups().stale_count(), 0u);
  ASSERT_THAT(database()->Write(&rows), IsOk());
  committer().Written();
  EXPECT_EQ(rollups().stale_count(), 4u);
}

TEST_F(RollupsTest, WhatWasFoundForAStaleCellCountsUnlessTheCellHasChangedSince) {
  Define("max", Aggregation::kMax);
  Store({Number("a", "5"), Number("b", "3")});
  Store({Number("a", "1")});
  const std::string key = StaleCell(RowsOfKind(RollupKind::kStale).front().first).value();
  const auto watch = [&] {
    EXPECT_THAT(InATurn([&](storage::Batch*) {
                  rollups().Watch(key);
                  return absl::OkStatus();
                }),
                IsOk());
  };
  // Whether it had changed.
  const auto heal = [&](const std::string& value) {
    CellRow found = metering::EmptyCell(Aggregation::kMax);
    std::get<CellExtreme>(found.state).value = *Decimal::Parse(value);
    bool changed = false;
    EXPECT_THAT(InATurn([&](storage::Batch* rows) {
                  TALLYSTICK_ASSIGN_OR_RETURN(changed, rollups().Heal(Aggregation::kMax, found, rows));
                  return absl::OkStatus();
                }),
                IsOk());
    return changed;
  };
  watch();
  Store({Number("b", "2")});
  EXPECT_TRUE(heal("3"));
  EXPECT_THAT(RowsOfKind(RollupKind::kStale), SizeIs(4));
  watch();
  Store({Number("far", "9", 200'000)});  // of another day
  EXPECT_FALSE(heal("2"));
  EXPECT_THAT(RowsOfKind(RollupKind::kStale), SizeIs(3));
  const CellRow cell = CellRow::Decode(database()->Get(Family::kRollups, key).value().value()).value();
  EXPECT_EQ(cell, (CellRow{.count = 2, .state = CellExtreme{.value = *Decimal::Parse("2")}}));
  // To be given a value is a change as well: what else is found for it counts no longer.
  EXPECT_TRUE(heal("7"));
  EXPECT_EQ(CellRow::Decode(database()->Get(Family::kRollups, key).value().value()).value(), cell);
}

TEST_F(RollupsTest, LittleMemoryChangesNothing) {
  Define("sum", Aggregation::kSum);
  Define("users", Aggregation::kUniqueCount);
  Rollups small(database(), 0);
  EventCommitter committer(database(), identity_, {.sequence = 100}, 1024, clock_.function(), &meters(), &small);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20; ++i) {
      const Batch batch = Prepare({Number("event-" + std::to_string(i), std::to_string(i + round))});
      ASSERT_THAT(batch->LookUp(*database(), committer.visible_sequence()), IsOk());
      std::vector<storage::CommitRequest*> group = {batch.get()};
      std::vector<absl::Status> statuses(1);
      storage::Batch rows(*database());
      committer.Decide(group, absl::MakeSpan(statuses), &rows);
      ASSERT_THAT(statuses.front(), IsOk());
      ASSERT_THAT(database()->Write(&rows), IsOk());
      committer.Written();
    }
    EXPECT_EQ(CountOf(1), 20u);
    EXPECT_EQ(SumOf(1), std::to_string(190 + 20 * round));
    EXPECT_THAT(RowsOfKind(RollupKind::kValue), SizeIs(40));
  }
}

}  // namespace
}  // namespace tallystick::ingest
