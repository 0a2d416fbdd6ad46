#include "lib/ingest/known_ids.h"

#include "gtest/gtest.h"
#include "tests/support/ingest.h"

namespace tallystick::ingest {
namespace {

using testing::Account;
using testing::IsOk;

constexpr std::size_t kBytes = 4096;

class KnownIdsTest : public testing::IngestTest {
 protected:
  KnownIds Begin(const Uuid& account, std::uint64_t committed, std::size_t bytes = kBytes) {
    absl::StatusOr<KnownIds> known = KnownIds::Begin(*database(), account, committed, bytes);
    EXPECT_THAT(known, IsOk());
    return *std::move(known);
  }
};

TEST_F(KnownIdsTest, KnowsThatAnAccountHasNone) {
  Store({{.id = "a", .time = At(1)}});  // of another account
  KnownIds known = Begin(Account(2), 1);
  ASSERT_NE(known.UpTo(1), nullptr);
  EXPECT_FALSE(known.UpTo(1)->TestAndAdd(5));
  known.Stored(1, 4);
  ASSERT_NE(known.UpTo(4), nullptr);
  EXPECT_TRUE(known.UpTo(4)->MayContain(5));
}

TEST_F(KnownIdsTest, KnowsNothingOfAnAccountThatHasSome) {
  Store({{.id = "a", .time = At(1)}});
  EXPECT_EQ(Begin(Account(1), 1).UpTo(1), nullptr);
  EXPECT_EQ(Begin(Account(2), 1, 0).UpTo(1), nullptr) << "no memory";
}

TEST_F(KnownIdsTest, IsOverOnceSomebodyElseStoresSomething) {
  KnownIds before_look_up = Begin(Account(1), 0);
  EXPECT_EQ(before_look_up.UpTo(1), nullptr);
  EXPECT_EQ(before_look_up.UpTo(0), nullptr) << "and stays so";

  KnownIds before_turn = Begin(Account(1), 0);
  ASSERT_NE(before_turn.UpTo(0), nullptr);
  before_turn.Stored(1, 3);
  EXPECT_EQ(before_turn.UpTo(3), nullptr);

  KnownIds forgotten = Begin(Account(1), 0);
  forgotten.Forget();
  EXPECT_EQ(forgotten.UpTo(0), nullptr);
}

}  // namespace
}  // namespace tallystick::ingest
