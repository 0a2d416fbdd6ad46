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
using Sequences = std::vector<std::uint64_t>;

class ChangesTest : public StoreTest {
 protected:
  // `count` events, every fifth of them another account's, with the ids "0" to "<count - 1>".
  void WriteMany(int count, double second) {
    for (int i = 0; i < count; ++i) {
      const std::string name = std::to_string(i);
      ASSERT_THAT(store().Put(i % 5 == 0 ? Account(2) : account_, MakeEvent(name, second)), IsOk());
    }
  }

  // The sequences that the feed shows, checking its position at each step. `*end` is the position at the end.
  Sequences Read(const ChangesOptions& options, std::uint64_t* end = nullptr) {
    Sequences sequences;
    ChangeIterator changes = store().Changes(options);
    for (; changes.Valid(); changes.Next()) {
      sequences.push_back(changes.change().event.sequence);
      EXPECT_EQ(changes.position(), sequences.back());
    }
    EXPECT_THAT(changes.status(), IsOk());
    if (end != nullptr) *end = changes.position();
    return sequences;
  }
};

TEST_F(ChangesTest, OfAnEmptyStoreAreNone) {
  std::uint64_t end = 1;
  EXPECT_THAT(Read({}, &end), IsEmpty());
  EXPECT_EQ(end, 0u);
}

TEST_F(ChangesTest, ShowEachLiveEventAtItsLatestSequence) {
  Put(MakeEvent("a", 1));
  const WriteResult old = Put(MakeEvent("b", 2));
  const WriteResult moved = Put(MakeEvent("b", 9, "zeta", "t", R"({"n":1})"));
  Put(MakeEvent("b", 9, "zeta", "t", R"({"n":1})"));  // unchanged
  ASSERT_OK_AND_ASSIGN(const auto changes, ReadAll(store().Changes()));
  ASSERT_THAT(changes, SizeIs(2));
  EXPECT_EQ(changes[0].event.customer_event_id, "a");
  EXPECT_FALSE(changes[0].replaced.has_value());
  EXPECT_EQ(changes[1].event.id, moved.id);
  EXPECT_EQ(changes[1].event.account, account_);
  EXPECT_EQ(changes[1].event.event_timestamp, At(9));
  EXPECT_EQ(changes[1].event.event_properties, R"({"n":1})");
  EXPECT_EQ(changes[1].replaced, std::pair(old.sequence, old.id));
}

TEST_F(ChangesTest, ThePositionIsTheLastShownAndAtTheEndTheStoresLast) {
  Put(MakeEvent("a", 1));
  Put(MakeEvent("b", 1));
  ASSERT_THAT(store().Put(Account(2), MakeEvent("c", 1)), IsOk());
  struct Case {
    ChangesOptions options;
    Sequences sequences;
    std::uint64_t end;
  };
  const std::vector<Case> cases = {
      {{}, {1, 2, 3}, 3},
      {{.after = 1}, {2, 3}, 3},
      {{.after = 3}, {}, 3},
      {{.account = account_}, {1, 2}, 3},
      {{.account = Account(2)}, {3}, 3},
      {{.account = Account(3)}, {}, 3},
      {{.limit = 0}, {}, 0},
      {{.after = 1, .limit = 0}, {}, 1},
      {{.limit = 1}, {1}, 1},
      {{.limit = 3}, {1, 2, 3}, 3},
      {{.limit = 4}, {1, 2, 3}, 3},
      // There may be more behind a limit: the position must not run ahead of what was shown.
      {{.account = account_, .limit = 2}, {1, 2}, 2},
      {{.after = 2, .account = account_}, {}, 3},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE("case " + std::to_string(i));
    std::uint64_t end = 0;
    EXPECT_EQ(Read(cases[i].options, &end), cases[i].sequences);
    EXPECT_EQ(end, cases[i].end);
  }
}

TEST_F(ChangesTest, APositionGreaterThanTheStoresLastIsRefused) {
  EXPECT_THAT(store().Changes({.after = 1}).status(), StatusIs(absl::StatusCode::kInvalidArgument));
  Put(MakeEvent("a", 1));
  EXPECT_THAT(store().Changes({.after = 1}).status(), IsOk());
  for (const std::uint64_t after : {std::uint64_t{2}, std::uint64_t{1} << 48, ~std::uint64_t{0}}) {
    const ChangeIterator changes = store().Changes({.after = after});
    EXPECT_THAT(changes.status(),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         "the position " + std::to_string(after) + " is greater than the store's last sequence, 1"));
    EXPECT_FALSE(changes.Valid());
  }
}

TEST_F(ChangesTest, LaterWritesAreForTheNextIterator) {
  Put(MakeEvent("a", 1));
  Put(MakeEvent("b", 1));
  ChangeIterator changes = store().Changes();
  Put(MakeEvent("b", 2));
  Put(MakeEvent("c", 1));
  std::vector<std::string> ids;
  for (; changes.Valid(); changes.Next()) ids.emplace_back(changes.change().event.customer_event_id);
  EXPECT_THAT(ids, ElementsAre("a", "b"));
  EXPECT_EQ(changes.position(), 2u);
  EXPECT_THAT(Read({.after = changes.position()}), ElementsAre(3, 4));
}

TEST_F(ChangesTest, AreTheSameHoweverManyAreReadAtATime) {
  constexpr int kEvents = 700;
  WriteMany(kEvents, 1);
  WriteMany(100, 2);  // the first hundred move to the end
  Sequences all;
  Sequences mine;
  for (std::uint64_t sequence = 101; sequence <= kEvents + 100; ++sequence) {
    all.push_back(sequence);
    if (sequence % 5 != 1) mine.push_back(sequence);  // event i stands at sequence i + 1, and 700 is a multiple of 5
  }
  std::uint64_t end = 0;
  EXPECT_EQ(Read({}, &end), all);
  EXPECT_EQ(end, kEvents + 100u);
  EXPECT_EQ(Read({.account = account_}), mine);
  for (const std::uint64_t page : {7, 256, 300}) {
    for (const std::optional<Uuid>& account : {std::optional<Uuid>(), std::optional<Uuid>(account_)}) {
      SCOPED_TRACE(page);
      Sequences read;
      for (end = 0; end < kEvents + 100;) {
        const std::uint64_t before = end;
        for (const std::uint64_t sequence : Read({.after = before, .account = account, .limit = page}, &end)) {
          read.push_back(sequence);
        }
        ASSERT_GT(end, before);
      }
      EXPECT_EQ(read, account.has_value() ? mine : all);
    }
  }
}

TEST_F(ChangesTest, ASupersedeThatMovesAnEventAcrossTheReadersPositionIsMetAgain) {
  Put(MakeEvent("a", 1));
  std::uint64_t position = 0;
  EXPECT_THAT(Read({}, &position), ElementsAre(1));
  Put(MakeEvent("a", 2));
  EXPECT_THAT(Read({.after = position}, &position), ElementsAre(2));
  EXPECT_THAT(Read({.after = position}), IsEmpty());
}

TEST_F(ChangesTest, APositionOfAnotherHistoryIsRefused) {
  for (const char* id : {"a", "b", "c"}) Put(MakeEvent(id, 1));
  EXPECT_THAT(Read({.after = 1, .history = store().history().id}), ElementsAre(2, 3));
  for (const std::uint64_t after : {0, 1, 3}) {
    EXPECT_THAT(store().Changes({.after = after, .history = Account(9)}).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, store().history().id.ToString()));
  }
}

TEST_F(ChangesTest, NextDoesNothingWithoutACurrentChange) {
  for (const char* id : {"a", "b", "c"}) Put(MakeEvent(id, 1));
  struct Case {
    ChangesOptions options;
    std::uint64_t end;
  };
  const std::vector<Case> cases = {{{}, 3}, {{.limit = 0}, 0}, {{.limit = 2}, 2}, {{.after = 3}, 3}};
  for (std::size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE("case " + std::to_string(i));
    ChangeIterator changes = store().Changes(cases[i].options);
    while (changes.Valid()) changes.Next();
    changes.Next();
    changes.Next();
    EXPECT_FALSE(changes.Valid());
    EXPECT_THAT(changes.status(), IsOk());
    EXPECT_EQ(changes.position(), cases[i].end);
  }
  ChangeIterator refused = store().Changes({.after = 4});
  refused.Next();
  EXPECT_THAT(refused.status(), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace tallystick::testing
