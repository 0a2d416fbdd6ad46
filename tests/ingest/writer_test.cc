// What tests/api/write_test.cc does not show of a writer: limits that are too large to fill, and threads that collide.

#include "lib/ingest/writer.h"

#include <cstdint>
#include <latch>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/ingest.h"
#include "tests/support/random.h"

namespace tallystick::ingest {
namespace {

using absl::StatusCode;
using storage::Family;
using testing::Account;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::SizeIs;
using testing::StatusIs;

class WriterTest : public testing::IngestTest {
 protected:
  Writer& writer() {
    if (writer_ == nullptr) {
      Put(Family::kMeta, meta_key::kPosition, CommitPosition().Encode());
      writer_ = Writer::Start(folder_.path(), database(), identity_, std::make_shared<storage::FailureLatch>(),
                              std::make_shared<storage::SpaceReserve>(folder_.path(), 0), options_)
                    .value();
    }
    return *writer_;
  }

  Options options_{.profile = Profile::kEdge, .durability = Durability::kBuffered};

 private:
  std::unique_ptr<Writer> writer_;
};

TEST_F(WriterTest, MoreThanAGibibyteOfTextIsRefusedUnread) {
  constexpr std::size_t kMiB = 1024 * 1024;
  const std::string text(kMiB, 'x');
  const std::vector<std::string_view> documents(1025, text);
  EXPECT_THAT(writer().WriteJson(Account(1), documents, {}), StatusIs(StatusCode::kInvalidArgument, "1074790400"));
  const std::vector<Event> events(1024, {.customer_alias = "a", .event_type = "t", .event_properties = text});
  EXPECT_THAT(writer().Write(Account(1), events, {}), StatusIs(StatusCode::kInvalidArgument, "limit of 1073741824"));
  EXPECT_THAT(RowsOf(Family::kEvents), IsEmpty());
}

TEST_F(WriterTest, ThreadsThatWriteTheSameIdsLeaveOneEventOfEach) {
  constexpr int kThreads = 4;
  constexpr std::size_t kIds = 30;
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < kIds; ++i) ids.push_back("event-" + std::to_string(i));
  const std::uint64_t seed = testing::TestSeed();
  std::vector<std::vector<WriteResult>> results(kThreads);
  std::latch start(kThreads);
  writer();
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      testing::Random random(seed + t);
      start.arrive_and_wait();
      for (int round = 0; round < 60; ++round) {
        std::vector<Event> events;
        for (int i = 0; i < 10; ++i) {
          events.push_back({.customer_event_id = random.PickFrom(ids),
                            .customer_alias = random.OneIn(2) ? "acme" : "zeta",
                            .event_type = "t",
                            .event_timestamp = absl::FromUnixSeconds(static_cast<std::int64_t>(random.Below(3)))});
        }
        const auto written = writer().Write(Account(1), events, {});
        ASSERT_THAT(written, IsOk());
        results[t].insert(results[t].end(), written->begin(), written->end());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  std::set<std::uint64_t> given_out;
  std::set<Uuid> live;
  std::set<Uuid> replaced;
  for (const auto& of_thread : results) {
    for (const WriteResult& result : of_thread) {
      if (result.outcome == Outcome::kUnchanged) continue;
      EXPECT_TRUE(given_out.insert(result.sequence).second) << "given out twice";
      live.insert(result.id);
      if (result.superseded_id) {
        EXPECT_TRUE(replaced.insert(*result.superseded_id).second) << "replaced twice";
      }
    }
  }
  EXPECT_EQ(*given_out.rbegin(), given_out.size());
  for (const Uuid& id : replaced) EXPECT_EQ(live.erase(id), 1u);
  EXPECT_THAT(live, SizeIs(kIds));
  for (const Family family : {Family::kEvents, Family::kEventIds, Family::kCustomers, Family::kChanges}) {
    EXPECT_THAT(RowsOf(family), SizeIs(kIds)) << storage::FamilyName(family);
  }
}

}  // namespace
}  // namespace tallystick::ingest
