#include <cstdint>
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
using ::testing::Pair;

class StatsTest : public StoreTest {
 protected:
  StoreStats Stats(const Uuid& account) {
    absl::StatusOr<StoreStats> stats = store().Stats(account);
    EXPECT_THAT(stats, IsOk());
    return stats.value_or(StoreStats());
  }
  static std::vector<std::pair<std::string, std::uint64_t>> Pairs(const std::vector<CountOf>& counts) {
    std::vector<std::pair<std::string, std::uint64_t>> pairs;
    for (const CountOf& count : counts) pairs.emplace_back(count.name, count.events);
    return pairs;
  }
};

TEST_F(StatsTest, OfAnEmptyStoreAreZero) {
  const StoreStats stats = Stats(account_);
  EXPECT_EQ(stats.events, 0u);
  EXPECT_EQ(stats.store_events, 0u);
  EXPECT_EQ(stats.last_sequence, 0u);
  EXPECT_THAT(stats.event_types, IsEmpty());
  EXPECT_THAT(stats.customer_aliases, IsEmpty());
  EXPECT_EQ(stats.bytes_per_event, 0);
}

TEST_F(StatsTest, CountTheAccountsLiveEventsLargestFirstAndTiesByName) {
  Put(MakeEvent("1", 1, "beta", "sent"));
  Put(MakeEvent("2", 2, "alpha", "sent"));
  Put(MakeEvent("3", 3, "gamma", "read"));
  Put(MakeEvent("4", 4, "gamma", "opened"));
  Put(MakeEvent("4", 5, "gamma", "sent"));  // counts as what it is now
  Put(MakeEvent("1", 1, "beta", "sent"));   // unchanged: nothing more
  for (const char* id : {"1", "2", "3"}) {
    ASSERT_THAT(store().Put(Account(2), MakeEvent(id, 1, "theirs", "other")), IsOk());
  }
  const StoreStats stats = Stats(account_);
  EXPECT_EQ(stats.events, 4u);
  EXPECT_THAT(Pairs(stats.event_types), ElementsAre(Pair("sent", 3), Pair("read", 1)));
  EXPECT_THAT(Pairs(stats.customer_aliases), ElementsAre(Pair("gamma", 2), Pair("alpha", 1), Pair("beta", 1)));
  EXPECT_EQ(stats.store_events, 7u);
  EXPECT_EQ(stats.last_sequence, 8u);

  const StoreStats theirs = Stats(Account(2));
  EXPECT_EQ(theirs.events, 3u);
  EXPECT_THAT(Pairs(theirs.customer_aliases), ElementsAre(Pair("theirs", 3)));
  const StoreStats nobodys = Stats(Account(3));
  EXPECT_EQ(nobodys.events, 0u);
  EXPECT_THAT(nobodys.event_types, IsEmpty());
  EXPECT_EQ(nobodys.store_events, 7u);
}

TEST_F(StatsTest, NameEveryFamilyWithItsBytes) {
  const auto names = [](const StoreStats& stats) {
    std::vector<std::string> names;
    for (const FamilySize& family : stats.families) names.push_back(family.name);
    return names;
  };
  const auto file_bytes = [](const StoreStats& stats) {
    std::uint64_t bytes = 0;
    for (const FamilySize& family : stats.families) bytes += family.file_bytes;
    return bytes;
  };
  Reopen();
  Reopen();  // as any store after its first day: the rows of the store itself are in a file
  const std::uint64_t before = file_bytes(Stats(account_));
  Put(MakeEvent("1", 1));
  const StoreStats written = Stats(account_);
  EXPECT_THAT(names(written),
              ElementsAre("default", "event_ids", "events", "customers", "changes", "rollups", "consumers"));
  EXPECT_EQ(file_bytes(written), before);
  Reopen();
  const StoreStats flushed = Stats(account_);
  EXPECT_GT(file_bytes(flushed), before);
  for (const StoreStats& stats : {written, flushed}) {
    std::uint64_t bytes = 0;
    for (const FamilySize& family : stats.families) bytes += family.file_bytes + family.memory_bytes;
    EXPECT_EQ(stats.bytes_per_event, static_cast<double>(bytes));  // of one event
  }
}

}  // namespace
}  // namespace tallystick::testing
