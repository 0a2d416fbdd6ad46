// The peers do the same work as Tallystick: whatever is written, all of them give the same answers.

#include "bench/subject.h"

#include <filesystem>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "bench/captured_rows.h"
#include "bench/environment.h"
#include "bench/workload.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallystick::bench {
namespace {

using Owned = std::tuple<std::string, std::string, std::string, std::string, std::int64_t>;

std::vector<Owned> ScanAll(Subject& subject, const Range& range) {
  std::vector<Owned> rows;
  subject.Scan(range,
               [&](const Row& row) { rows.emplace_back(row.id, row.customer, row.type, row.properties, row.time_ns); });
  return rows;
}

class Peers : public testing::TestWithParam<std::string> {};

TEST_P(Peers, AnswerAsTallystickDoes) {
  const TempFolder folder;
  const auto tallystick = OpenTallystick(folder.path("usage.db"), Durability::kBuffered);
  const auto peer = OpenSubject(GetParam(), folder.path("peer"), Durability::kBuffered);
  UsageEvents usage({.events = 3000, .corrections_per_mille = 200, .customers = 10, .ids = IdForm::kRandom});
  std::vector<std::string> ids;
  for (Batch batch; usage.Next(100, &batch);) {
    for (const std::string_view document : batch.documents) ids.emplace_back(IdOf(document));
    EXPECT_EQ(peer->Write(batch.documents), tallystick->Write(batch.documents));
    EXPECT_EQ(peer->Write({&batch.documents.back(), 1}), 0U) << "sent again, it is unchanged";
  }
  peer->Sync();

  ExpectHoldings(*peer, HoldingsOf(usage.answers()));
  const absl::Time from = MonthStart() + absl::Hours(24 * 7);
  for (const std::string& customer : {std::string(), CustomerAlias(0), CustomerAlias(9), std::string("nobody")}) {
    const Range range{.from = from, .to = from + absl::Hours(48), .customer = customer};
    EXPECT_THAT(ScanAll(*peer, range), testing::UnorderedElementsAreArray(ScanAll(*tallystick, range)));
  }
  for (const std::string& id : ids) {
    std::string ours;
    std::string theirs;
    EXPECT_TRUE(tallystick->Get(id, [&](const Row& row) { ours = row.properties; }));
    EXPECT_TRUE(peer->Get(id, [&](const Row& row) { theirs = row.properties; }));
    EXPECT_EQ(ours, theirs);
  }
  EXPECT_FALSE(peer->Get("absent", [](const Row&) {}));
}

std::vector<std::string> PeerNames() {
  std::vector<std::string> names = SubjectNames();
  std::erase(names, "tallystick");
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, Peers, testing::ValuesIn(PeerNames()), [](const auto& info) { return info.param; });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Peers);  // where neither is installed

TEST(CapturedRows, ReplayedGiveTheStoresFamilies) {
  const TempFolder folder;
  const std::vector<Work> works =
      Divide(1, 100, {.events = 2000, .corrections_per_mille = 200, .ids = IdForm::kRandom});
  std::vector<absl::Span<const std::string_view>> batches;
  for (const Batch& batch : works[0].batches) batches.emplace_back(batch.documents);
  CapturedRows rows(folder.path("usage.db"), batches, true);
  ASSERT_EQ(rows.batches().size(), batches.size());
  RocksDbFolder replayed(folder.path("all"), RocksDbFolder::Mode::kCreate);
  for (rocksdb::WriteBatch& batch : rows.batches()) Check(replayed.db().Write({}, &batch));
  EXPECT_NO_THROW(rows.ExpectSame(replayed));

  RocksDbFolder short_of_one(folder.path("some"), RocksDbFolder::Mode::kCreate);
  for (std::size_t i = 1; i < rows.batches().size(); ++i) Check(short_of_one.db().Write({}, &rows.batches()[i]));
  EXPECT_THROW(rows.ExpectSame(short_of_one), std::runtime_error);
}

}  // namespace
}  // namespace tallystick::bench
