// Whatever room there is for them, the rows that events make are the same, and those that the store keeps.

#include "lib/query/expected_rollups.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/metering/kept_meters.h"
#include "lib/storage/database.h"
#include "lib/storage/folder.h"
#include "tests/support/open_store.h"

namespace tallystick::query {
namespace {

using storage::Family;
using testing::IsOk;

class ExpectedRollupsTest : public testing::StoreTest {
 protected:
  using Rows = std::map<std::string, std::string>;

  void SetUp() override {
    const Meter sum{.event_type = "t", .aggregation = Aggregation::kSum, .property = "v", .group_by = {"g"}};
    const Meter unique{.event_type = "t", .aggregation = Aggregation::kUniqueCount, .property = "v"};
    ASSERT_THAT(store().DefineMeter(account_, "sum", sum), IsOk());
    ASSERT_THAT(store().DefineMeter(account_, "unique", unique), IsOk());
    // Some days with few rows, and one with many.
    std::vector<std::string> texts;
    std::vector<Event> events;
    constexpr int kEvents = 250;
    texts.reserve(kEvents);
    for (int i = 0; i < kEvents; ++i) {
      texts.push_back("{\"v\":" + std::to_string(i % 90) + ",\"g\":\"" + std::to_string(i % 7) + "\"}");
      const int day = i % 10 < 5 ? 3 : i % 10;
      events.push_back({.customer_alias = i % 3 == 0 ? "acme" : "globex",
                        .event_type = "t",
                        .event_timestamp = At(0) + absl::Hours(24 * day) + absl::Minutes(i),
                        .event_properties = texts.back()});
    }
    ASSERT_THAT(store().Write(account_, events), IsOk());
    for (const std::string name : {"sum", "unique"}) ASSERT_THAT(store().AwaitMeter(account_, name), IsOk());
    Close();
    const auto database = storage::Database::Open(storage::DataPath(path_), {.read_only = true});
    ASSERT_THAT(database, IsOk());
    view_.snapshot = (*database)->TakeSnapshot();
    auto meters = metering::ReadMeters(**database, view_.snapshot, account_);
    ASSERT_THAT(meters, IsOk());
    meters_ = *std::move(meters);
  }

  Rows Stored() const {
    Rows rows;
    storage::RowIterator row =
        view_.snapshot->database().NewIterator(Family::kRollups, {}, view_.snapshot, storage::ReadLength::kShort);
    for (row.SeekToFirst(); row.Valid(); row.Next()) {
      if (const RollupKind kind = *RollupKindOf(row.key()); kind == RollupKind::kCell || kind == RollupKind::kValue) {
        rows.emplace(row.key(), row.value());
      }
    }
    EXPECT_THAT(row.status(), IsOk());
    return rows;
  }

  struct Result {
    Rows rows;
    std::size_t batches = 0;
    std::size_t longest_batch = 0;
    std::uint64_t events_read = 0;
  };
  Result Read(std::size_t bytes_max) const {
    Result result;
    const auto take = [&](absl::Span<const ExpectedRollups::Row> rows) {
      ++result.batches;
      result.longest_batch = std::max(result.longest_batch, rows.size());
      std::string last;
      for (const ExpectedRollups::Row& row : rows) {
        EXPECT_LT(last, row.key);
        last = std::string(row.key);
        EXPECT_EQ(row.meter->name, std::holds_alternative<ValueRow>(*row.row) ? "unique" : row.meter->name);
        const auto* const cell = std::get_if<CellRow>(row.row);
        const std::string value = cell != nullptr ? cell->Encode() : std::get<ValueRow>(*row.row).Encode();
        EXPECT_TRUE(result.rows.emplace(row.key, value).second) << "twice: " << DescribeRollupKey(row.key);
      }
      return absl::OkStatus();
    };
    EXPECT_THAT(ExpectedRollups(view_, meters_, bytes_max)
                    .Read({.rows = take, .read = [&](std::uint64_t events) { result.events_read += events; }}),
                IsOk());
    return result;
  }

  View view_;
  std::vector<metering::StoredMeter> meters_;
};

TEST_F(ExpectedRollupsTest, AreWhatTheStoreKeeps) {
  const Result result = Read(ExpectedRollups::kBytesMax);
  EXPECT_EQ(result.rows, Stored());
  EXPECT_EQ(result.batches, 1u);
  EXPECT_EQ(result.events_read, 250u);
}

TEST_F(ExpectedRollupsTest, AreTheSameInLittleRoom) {
  const Rows stored = Stored();
  for (const std::size_t rows_max : {1000, 300, 100, 10}) {
    SCOPED_TRACE(rows_max);
    // A row takes 400 bytes and its key.
    const Result result = Read(rows_max * 400);
    EXPECT_EQ(result.rows, stored);
    EXPECT_LE(result.longest_batch, rows_max + 8) << "an event makes that many";
    EXPECT_GT(result.batches, 1u);
  }
  EXPECT_EQ(Read(1000 * 400).events_read, 250u);
  EXPECT_GT(Read(100 * 400).events_read, 250u);
  // No room at all is room for one.
  EXPECT_EQ(Read(1).rows, stored);
}

// A callback's error ends the reading.
TEST_F(ExpectedRollupsTest, EndsWithTheErrorOfACallback) {
  const absl::Status status =
      ExpectedRollups(view_, meters_)
          .Read({.rows = [](auto) { return absl::DataLossError("lost"); }, .read = [](std::uint64_t) {}});
  EXPECT_THAT(status, testing::StatusIs(absl::StatusCode::kDataLoss, "lost"));
}

}  // namespace
}  // namespace tallystick::query
