#include "lib/ingest/event_committer.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/encoding/event_id.h"
#include "lib/encoding/fingerprint.h"
#include "tests/support/ingest.h"
#include "tests/support/random.h"

namespace tallystick::ingest {
namespace {

using absl::StatusCode;
using storage::Family;
using testing::Account;
using ::testing::ElementsAre;
using testing::IsOk;
using testing::Sent;
using ::testing::SizeIs;
using testing::StatusIs;

class EventCommitterTest : public testing::IngestTest {
 protected:
  // What the four families hold of one event, made of nothing but what was sent and what was decided.
  void ExpectStored(const std::vector<std::pair<Sent, Decision>>& events, const Uuid& account = Account(1)) {
    std::map<std::string, std::string> by_time, ids, customers, changes;
    for (const auto& [sent, decision] : events) AddRows(sent, decision, account, &by_time, &ids, &customers, &changes);
    EXPECT_EQ(RowsOf(Family::kEvents), Rows(by_time.begin(), by_time.end()));
    EXPECT_EQ(RowsOf(Family::kEventIds), Rows(ids.begin(), ids.end()));
    EXPECT_EQ(RowsOf(Family::kCustomers), Rows(customers.begin(), customers.end()));
    EXPECT_EQ(RowsOf(Family::kChanges), Rows(changes.begin(), changes.end()));
  }

  using RowMap = std::map<std::string, std::string>;
  void AddRows(const Sent& sent, const Decision& decision, const Uuid& account, RowMap* by_time, RowMap* ids,
               RowMap* customers, RowMap* changes) const {
    const Instant time = sent.time.value_or(*Instant::FromTime(clock_.Now()));
    const std::uint64_t sequence = decision.sequence;
    std::string value, scratch;
    EventRow{.receipt = decision.receipt,
             .customer_event_id = sent.id,
             .customer_alias = sent.alias,
             .event_type = sent.type,
             .event_properties = sent.properties}
        .AppendTo(&value);
    (*by_time)[Text(EventKey{.account = account, .time = time, .sequence = sequence})] = value;
    value.clear();
    EventIdRow{.sequence = sequence,
               .fingerprint = Fingerprint(identity_->fingerprint_key, sent.alias, sent.type, sent.properties, &scratch)}
        .AppendTo(&value);
    const Uuid own_id = MakeEventId(identity_->event_id_key, decision.receipt, sequence);
    (*ids)[Text(EventIdKey{account, sent.id.has_value() ? CustomerEventId(*sent.id) : own_id})] = value;
    (*customers)[Text(
        CustomerKey{.account = account, .customer_alias = sent.alias, .time = time, .sequence = sequence})] = "";
    value.clear();
    ChangeRow{.account = account, .time = time, .receipt = decision.receipt, .replaced = decision.replaced}.AppendTo(
        &value);
    (*changes)[Text(ChangeKey{sequence})] = value;
  }

  std::optional<CommitPosition> StoredPosition() {
    const auto position = storage::ReadPosition(*database(), nullptr);
    return position.ok() ? std::optional(*position) : std::nullopt;
  }

 private:
  template <typename Key>
  static std::string Text(const Key& key) {
    return std::string(key.Encode().view());
  }
};

// --- One batch ---

TEST_F(EventCommitterTest, AnEventEntersEveryFamilyAndThePositionFollows) {
  const std::vector<Sent> sent = {{.id = "b", .time = At(2), .alias = "zeta", .properties = R"({"n":1})"},
                                  {.id = "a", .time = At(3)},
                                  {.time = At(1)},
                                  {.id = "c"}};
  const Batch batch = Store(sent);
  std::vector<std::pair<Sent, Decision>> expected;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const Decision& decision = batch->decisions()[i];
    EXPECT_EQ(decision.outcome, Outcome::kCreated);
    EXPECT_EQ(decision.sequence, i + 1);
    expected.emplace_back(sent[i], decision);
  }
  ExpectStored(expected);
  EXPECT_EQ(StoredPosition()->sequence, 4u);
  EXPECT_EQ(StoredPosition()->receipt, batch->decisions()[3].receipt);
}

TEST_F(EventCommitterTest, WhatIsTheSameWritesNothingAtAll) {
  const Batch first = Store({{.id = "a", .time = At(1)}});
  clock_.Advance(absl::Hours(1));
  const Batch again = Store({{.id = "a", .time = At(1)}, {.id = "a"}});
  EXPECT_FALSE(wrote_);
  for (const Decision& decision : again->decisions()) {
    EXPECT_EQ(decision.outcome, Outcome::kUnchanged);
    EXPECT_EQ(decision.sequence, 1u);
    EXPECT_EQ(decision.receipt, first->decisions()[0].receipt);
    EXPECT_EQ(decision.time, At(1));
  }
  EXPECT_EQ(Store({{.id = "b"}})->decisions()[0].sequence, 2u);
}

TEST_F(EventCommitterTest, WhatIsReplacedWithinABatchLeavesNoRow) {
  const std::vector<Sent> sent = {{.id = "a", .time = At(1)},
                                  {.id = "a", .time = At(2), .alias = "b"},
                                  {.id = "a", .time = At(2), .alias = "b"},
                                  {.id = "a", .time = At(3)}};
  const Batch batch = Store(sent);
  const auto& decisions = batch->decisions();
  EXPECT_EQ(decisions[0].outcome, Outcome::kCreated);
  EXPECT_EQ(decisions[1].outcome, Outcome::kSuperseded);
  EXPECT_EQ(decisions[2].outcome, Outcome::kUnchanged);
  EXPECT_EQ(decisions[2].sequence, 2u);
  EXPECT_EQ(decisions[3].outcome, Outcome::kSuperseded);
  EXPECT_EQ(decisions[3].replaced, (ChangeRow::Replaced{.sequence = 2, .receipt = decisions[1].receipt}));
  ExpectStored({{sent[3], decisions[3]}});
  EXPECT_EQ(StoredPosition()->sequence, 3u);
}

TEST_F(EventCommitterTest, WhatIsReplacedLeavesEveryFamily) {
  Store({{.id = "a", .time = At(1), .alias = "old"}});
  const Sent sent = {.id = "a", .time = At(9), .alias = "new"};
  const Batch batch = Store({sent});
  EXPECT_EQ(batch->decisions()[0].outcome, Outcome::kSuperseded);
  ExpectStored({{sent, batch->decisions()[0]}});
}

// --- Batches that looked up before others committed ---

// With one slot, everything that is committed makes everybody look again; with many, only what it may concern.
class ConflictTest : public EventCommitterTest, public ::testing::WithParamInterface<std::size_t> {
 protected:
  void SetUp() override { StartAt({}, GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Slots, ConflictTest, ::testing::Values(1, 2, 4096));

TEST_P(ConflictTest, TheSecondOfTwoGroupsSupersedesTheFirst) {
  const Sent sent = {.id = "a", .time = At(2), .alias = "b"};
  const Batch first = PrepareAndLookUp({{.id = "a", .time = At(1)}});
  const Batch second = PrepareAndLookUp({sent});
  EXPECT_THAT(Commit(first), IsOk());
  EXPECT_THAT(Commit(second), IsOk());
  EXPECT_EQ(first->decisions()[0].outcome, Outcome::kCreated);
  EXPECT_EQ(second->decisions()[0].outcome, Outcome::kSuperseded);
  EXPECT_EQ(second->decisions()[0].replaced->sequence, 1u);
  ExpectStored({{sent, second->decisions()[0]}});
}

TEST_P(ConflictTest, TheSecondOfOneGroupSupersedesTheFirst) {
  const Sent sent = {.id = "a", .time = At(2), .alias = "b"};
  const Batch first = PrepareAndLookUp({{.id = "a", .time = At(1)}});
  const Batch second = PrepareAndLookUp({sent});
  EXPECT_THAT(CommitGroup({first, second}), ElementsAre(IsOk(), IsOk()));
  EXPECT_EQ(first->decisions()[0].outcome, Outcome::kCreated);
  EXPECT_EQ(second->decisions()[0].outcome, Outcome::kSuperseded);
  EXPECT_EQ(second->decisions()[0].replaced->sequence, 1u);
  ExpectStored({{sent, second->decisions()[0]}});
}

TEST_P(ConflictTest, TheSecondIsUnchangedWhenItSaysTheSame) {
  for (const bool same_group : {true, false}) {
    const Sent sent = {.id = same_group ? "a" : "b", .time = At(1)};
    const Batch first = PrepareAndLookUp({sent});
    const Batch second = PrepareAndLookUp({sent});
    if (same_group) {
      EXPECT_THAT(CommitGroup({first, second}), ElementsAre(IsOk(), IsOk()));
    } else {
      EXPECT_THAT(Commit(first), IsOk());
      EXPECT_THAT(Commit(second), IsOk());
      EXPECT_FALSE(wrote_);
    }
    EXPECT_EQ(first->decisions()[0].outcome, Outcome::kCreated);
    EXPECT_EQ(second->decisions()[0].outcome, Outcome::kUnchanged);
    EXPECT_EQ(second->decisions()[0].sequence, first->decisions()[0].sequence);
  }
}

TEST_P(ConflictTest, AStoredEventThatMovedInBetweenLeavesFromWhereItIs) {
  Store({{.id = "a", .time = At(1), .alias = "one"}});
  const Sent sent = {.id = "a", .time = At(3), .alias = "three"};
  const Batch late = PrepareAndLookUp({sent});
  Store({{.id = "a", .time = At(2), .alias = "two"}});
  EXPECT_THAT(Commit(late), IsOk());
  EXPECT_EQ(late->decisions()[0].replaced->sequence, 2u);
  ExpectStored({{sent, late->decisions()[0]}});
}

TEST_P(ConflictTest, WhatASecondGroupMemberReplacesOfTheStoreLeavesOnce) {
  Store({{.id = "a", .time = At(1), .alias = "one"}});
  const Sent sent = {.id = "a", .time = At(3), .alias = "three"};
  const Batch first = PrepareAndLookUp({{.id = "a", .time = At(2), .alias = "two"}});
  const Batch second = PrepareAndLookUp({sent});
  // Says what is stored now, and no longer is when its turn comes.
  const Batch third = PrepareAndLookUp({{.id = "a", .time = At(1), .alias = "one"}});
  EXPECT_THAT(CommitGroup({first, second, third}), ElementsAre(IsOk(), IsOk(), IsOk()));
  EXPECT_EQ(first->decisions()[0].replaced->sequence, 1u);
  EXPECT_EQ(second->decisions()[0].replaced->sequence, 2u);
  EXPECT_EQ(third->decisions()[0].outcome, Outcome::kSuperseded);
  EXPECT_EQ(third->decisions()[0].replaced->sequence, 3u);
  ExpectStored({{{.id = "a", .time = At(1), .alias = "one"}, third->decisions()[0]}});
}

TEST_P(ConflictTest, OneAccountsIdIsNotAnothers) {
  const Batch mine = PrepareAndLookUp({{.id = "a", .time = At(1)}}, Account(1));
  const Batch theirs = PrepareAndLookUp({{.id = "a", .time = At(1)}}, Account(2));
  EXPECT_THAT(CommitGroup({mine, theirs}), ElementsAre(IsOk(), IsOk()));
  EXPECT_EQ(theirs->decisions()[0].outcome, Outcome::kCreated);
  EXPECT_THAT(RowsOf(Family::kEventIds), SizeIs(2));
}

// The look-up reads without a snapshot, and found the row of `event_ids` just before another commit, that of `changes`
// just after.
TEST_P(ConflictTest, AStoredEventThatIsSupersededDuringTheLookUpIsReadAgain) {
  Store({{.id = "a", .time = At(1), .alias = "one"}});
  const std::string id_key(EventIdKey{Account(1), "a"}.Encode().view());
  const std::string before = *database()->Get(Family::kEventIds, id_key).value();
  const std::uint64_t visible = committer().visible_sequence();
  Store({{.id = "a", .time = At(2), .alias = "two"}});
  const std::string after = *database()->Get(Family::kEventIds, id_key).value();
  const Sent same = {.id = "a", .time = At(2), .alias = "two"};
  const Sent other = {.id = "a", .time = At(3), .alias = "three"};
  const Batch again = Prepare({same});
  const Batch late = Prepare({other});
  Put(Family::kEventIds, id_key, before);
  EXPECT_THAT(again->LookUp(*database(), visible), IsOk());
  EXPECT_THAT(late->LookUp(*database(), visible), IsOk());
  Put(Family::kEventIds, id_key, after);
  EXPECT_FALSE(late->events()[0].stored.has_value());

  EXPECT_THAT(Commit(again), IsOk());
  EXPECT_FALSE(wrote_);
  EXPECT_EQ(again->decisions()[0].outcome, Outcome::kUnchanged);
  EXPECT_EQ(again->decisions()[0].sequence, 2u);
  EXPECT_THAT(Commit(late), IsOk());
  EXPECT_EQ(late->decisions()[0].outcome, Outcome::kSuperseded);
  EXPECT_EQ(late->decisions()[0].replaced->sequence, 2u);
  ExpectStored({{other, late->decisions()[0]}});
}

// Batches look up and are committed in groups, at random; a map says what must come of it.
TEST_P(ConflictTest, RandomGroupsAreAsIfOneCameAfterTheOther) {
  testing::Random random(testing::TestSeed());
  std::map<std::string, std::pair<Sent, Decision>> live;
  std::uint64_t last_sequence = 0;
  std::vector<std::pair<std::vector<Sent>, Batch>> waiting;
  for (int step = 0; step < 150; ++step) {
    while (waiting.size() < 6) {
      std::vector<Sent> events(1 + random.Below(4));
      for (Sent& event : events) {
        event.id = std::string(1 + random.Below(5), 'a');
        event.time = At(random.Below(3));
        event.alias = random.OneIn(2) ? "acme" : "zeta";
      }
      const Batch batch = PrepareAndLookUp(events);
      waiting.emplace_back(std::move(events), batch);
    }
    const std::size_t count = 1 + random.Below(3);
    std::vector<Batch> group;
    for (std::size_t i = 0; i < count; ++i) group.push_back(waiting[i].second);
    EXPECT_THAT(CommitGroup(group), ::testing::Each(IsOk()));
    for (std::size_t i = 0; i < count; ++i) {
      const std::vector<Sent>& events = waiting[i].first;
      for (std::size_t j = 0; j < events.size(); ++j) {
        const Decision& decision = group[i]->decisions()[j];
        const auto found = live.find(*events[j].id);
        if (found != live.end() && found->second.first.alias == events[j].alias &&
            found->second.first.time == events[j].time) {
          EXPECT_EQ(decision.outcome, Outcome::kUnchanged);
          EXPECT_EQ(decision.sequence, found->second.second.sequence);
          continue;
        }
        EXPECT_EQ(decision.outcome, found == live.end() ? Outcome::kCreated : Outcome::kSuperseded);
        EXPECT_EQ(decision.sequence, ++last_sequence);
        if (found != live.end()) {
          EXPECT_EQ(decision.replaced->sequence, found->second.second.sequence);
        }
        live[*events[j].id] = {events[j], decision};
      }
    }
    waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(count));
    std::vector<std::pair<Sent, Decision>> expected;
    for (const auto& [id, event] : live) expected.push_back(event);
    ExpectStored(expected);
    if (::testing::Test::HasFailure()) return;
  }
}

// --- A group is decided while the one before is being written ---

// Two groups at once, as the commit queue has them.
class OverlapTest : public ConflictTest {
 protected:
  struct Group {
    Batch batch;
    storage::Batch rows;
  };

  bool MustWait(const Batch& batch) {
    storage::CommitRequest* const request = batch.get();
    return committer().MustWait(absl::MakeConstSpan(&request, 1));
  }
  Group Decide(const Batch& batch) {
    Group group{.batch = batch, .rows = storage::Batch(*database())};
    storage::CommitRequest* const request = batch.get();
    absl::Status status;
    committer().Decide(absl::MakeConstSpan(&request, 1), absl::MakeSpan(&status, 1), &group.rows);
    EXPECT_THAT(status, IsOk());
    return group;
  }
  void Write(Group* group) {
    EXPECT_THAT(database()->Write(&group->rows), IsOk());
    committer().Written();
  }
};
INSTANTIATE_TEST_SUITE_P(Slots, OverlapTest, ::testing::Values(1, 2, 4096));

TEST_P(OverlapTest, OnlyWhatTheGroupBeforeChangesMustWaitForIt) {
  Store({{.id = "stored", .time = At(1)}, {.id = "resent", .time = At(1)}});
  Group first =
      Decide(PrepareAndLookUp({{.id = "a"}, {.id = "stored", .time = At(2)}, {.id = "resent", .time = At(1)}}));
  EXPECT_TRUE(MustWait(PrepareAndLookUp({{.id = "b"}, {.id = "a"}})));
  EXPECT_TRUE(MustWait(PrepareAndLookUp({{.id = "stored", .time = At(3)}})));
  EXPECT_FALSE(MustWait(PrepareAndLookUp({{.id = "resent", .time = At(3)}, {.id = "b"}, {}})));
  EXPECT_FALSE(MustWait(PrepareAndLookUp({{.id = "a"}}, Account(2))));
  Write(&first);
  EXPECT_FALSE(MustWait(PrepareAndLookUp({{.id = "a"}})));
}

TEST_P(OverlapTest, WhatIsDecidedBesideAWriteReadsWhatWasThereBefore) {
  Store({{.id = "a", .time = At(1), .alias = "old"}});
  const Sent new_a = {.id = "a", .time = At(9), .alias = "new"};
  const Sent b = {.id = "b", .time = At(5)};
  const Batch late = PrepareAndLookUp({new_a});  // with few slots, it has to look again
  Group first = Decide(PrepareAndLookUp({b}));
  EXPECT_FALSE(MustWait(late));
  Group second = Decide(late);
  EXPECT_EQ(committer().visible_sequence(), 1u);
  Write(&first);
  EXPECT_EQ(committer().visible_sequence(), 2u);
  Write(&second);
  EXPECT_EQ(committer().visible_sequence(), 3u);
  EXPECT_EQ(late->decisions()[0].replaced->sequence, 1u);
  ExpectStored({{b, first.batch->decisions()[0]}, {new_a, late->decisions()[0]}});
}

TEST_P(OverlapTest, AnAccountWithMetersWaits) {
  storage::Batch rows(*database());
  ASSERT_THAT(meters().Define(Account(2), "m", {.event_type = "message-sent"}, &rows).status(), IsOk());
  ASSERT_THAT(database()->Write(&rows), IsOk());
  declared_ = meters().meters();
  Group first = Decide(PrepareAndLookUp({{.id = "a"}}));
  EXPECT_TRUE(MustWait(PrepareAndLookUp({{.id = "b"}}, Account(2))));
  EXPECT_FALSE(MustWait(PrepareAndLookUp({{.id = "b"}}, Account(1))));
  Write(&first);
}

// --- Sequences and receipts ---

TEST_F(EventCommitterTest, SequencesFollowEachOtherFromWhereTheStoreStood) {
  StartAt({.sequence = 41, .receipt = Receipt{1}});
  EXPECT_EQ(committer().visible_sequence(), 41u);
  const Batch first = PrepareAndLookUp({{.id = "a"}, {.id = "b"}});
  const Batch second = PrepareAndLookUp({{}, {.id = "c"}});
  EXPECT_THAT(CommitGroup({first, second}), ElementsAre(IsOk(), IsOk()));
  EXPECT_EQ(first->decisions()[0].sequence, 42u);
  EXPECT_EQ(first->decisions()[1].sequence, 43u);
  EXPECT_EQ(second->decisions()[0].sequence, 44u);
  EXPECT_EQ(second->decisions()[1].sequence, 45u);
  EXPECT_EQ(committer().visible_sequence(), 45u);
}

TEST_F(EventCommitterTest, ASequenceIsVisibleOnceItIsWritten) {
  const Batch batch = PrepareAndLookUp({{.id = "a"}});
  std::vector<storage::CommitRequest*> group = {batch.get()};
  std::vector<absl::Status> statuses(1);
  storage::Batch rows(*database());
  committer().Decide(group, absl::MakeSpan(statuses), &rows);
  EXPECT_EQ(committer().visible_sequence(), 0u);
  committer().Written();
  EXPECT_EQ(committer().visible_sequence(), 1u);
}

TEST_F(EventCommitterTest, ReceiptsIncreaseWhateverTheClockDoes) {
  const Receipt start = Receipt::FromTime(clock_.Now());
  const Batch first = Store({{.id = "a"}, {.id = "b"}});
  EXPECT_EQ(first->decisions()[0].receipt, start);
  EXPECT_EQ(first->decisions()[1].receipt.ticks, start.ticks + 1);
  clock_.Advance(-absl::Hours(1));
  const Batch back = Store({{.id = "c"}, {.id = "d"}});
  EXPECT_EQ(back->decisions()[0].receipt.ticks, start.ticks + 2);
  EXPECT_EQ(back->decisions()[1].receipt.ticks, start.ticks + 3);
  EXPECT_EQ(back->decisions()[0].time.ToTime(), clock_.Now());
  clock_.Advance(absl::Hours(2));
  EXPECT_EQ(Store({{.id = "e"}})->decisions()[0].receipt, Receipt::FromTime(clock_.Now()));
  // The last receipt of the store before it was opened counts as well.
  StartAt({.sequence = 5, .receipt = Receipt{start.ticks * 2}});
  EXPECT_EQ(Store({{.id = "f"}})->decisions()[0].receipt.ticks, start.ticks * 2 + 1);
}

TEST_F(EventCommitterTest, TheLastSequenceIsGivenOutAndNoneBehindIt) {
  StartAt({.sequence = kSequenceEnd - 3, .receipt = Receipt{1}});
  const Batch three = PrepareAndLookUp({{.id = "a"}, {.id = "b"}, {.id = "c"}});
  EXPECT_THAT(Commit(three), StatusIs(StatusCode::kResourceExhausted, "sequence"));
  EXPECT_FALSE(wrote_);
  const Batch two = PrepareAndLookUp({{.id = "a"}, {.id = "b"}});
  const Batch one_more = PrepareAndLookUp({{.id = "c"}});
  EXPECT_THAT(CommitGroup({two, one_more}), ElementsAre(IsOk(), StatusIs(StatusCode::kResourceExhausted)));
  EXPECT_EQ(two->decisions()[1].sequence, kSequenceEnd - 1);
  EXPECT_THAT(RowsOf(Family::kEvents), SizeIs(2));
  EXPECT_EQ(StoredPosition()->sequence, kSequenceEnd - 1);
  EXPECT_THAT(Commit(PrepareAndLookUp({{.id = "d"}})), StatusIs(StatusCode::kResourceExhausted));
}

// --- Damage ---

TEST_F(EventCommitterTest, AMissingRowIsDataLossAndWritesNothing) {
  Store({{.id = "a", .time = At(1)}, {.id = "b", .time = At(1)}});
  Delete(Family::kEvents, EventKey{.account = Account(1), .time = At(1), .sequence = 1}.Encode());
  const std::vector<Sent> changed = {{.id = "new"}, {.id = "a", .time = At(2)}};
  const auto before = RowsOf(Family::kChanges);
  const Batch alone = PrepareAndLookUp(changed);
  EXPECT_THAT(Commit(alone), StatusIs(StatusCode::kDataLoss, "events"));
  EXPECT_FALSE(wrote_);
  EXPECT_EQ(RowsOf(Family::kChanges), before);

  // Others of its group are none the worse for it, and it leaves no gap.
  const Batch first = PrepareAndLookUp({{.id = "c"}});
  const Batch damaged = PrepareAndLookUp(changed);
  const Batch last = PrepareAndLookUp({{.id = "b", .time = At(2)}});
  EXPECT_THAT(CommitGroup({first, damaged, last}), ElementsAre(IsOk(), StatusIs(StatusCode::kDataLoss), IsOk()));
  EXPECT_EQ(first->decisions()[0].sequence, 3u);
  EXPECT_EQ(last->decisions()[0].sequence, 4u);
  EXPECT_EQ(last->decisions()[0].outcome, Outcome::kSuperseded);
  EXPECT_THAT(RowsOf(Family::kEventIds), SizeIs(3));
  // An identical re-send has no need of the row.
  EXPECT_EQ(Store({{.id = "a", .time = At(1)}})->decisions()[0].outcome, Outcome::kUnchanged);
}

TEST_F(EventCommitterTest, AMissingRowOfChangesIsDataLossAlsoToAnIdenticalReSend) {
  const Batch stored = Store({{.id = "a", .time = At(1)}, {.id = "b", .time = At(1)}});
  const KeyBuffer key = ChangeKey{1}.Encode();
  const std::string healthy = *database()->Get(Family::kChanges, key).value();
  Delete(Family::kChanges, key);
  // The look-up cannot know that nobody has superseded it.
  const Batch damaged = PrepareAndLookUp({{.id = "new"}, {.id = "a", .time = At(1)}});
  const Batch other = PrepareAndLookUp({{.id = "b", .time = At(2)}});
  EXPECT_THAT(CommitGroup({damaged, other}),
              ElementsAre(StatusIs(StatusCode::kDataLoss, "'event_ids' points to: sequence 1"), IsOk()));
  EXPECT_EQ(other->decisions()[0].sequence, 3u) << "without a gap";

  // Found again in time.
  const Batch healed = PrepareAndLookUp({{.id = "a", .time = At(1)}});
  Put(Family::kChanges, key, healthy);
  EXPECT_THAT(Commit(healed), IsOk());
  EXPECT_EQ(healed->decisions()[0].outcome, Outcome::kUnchanged);
  EXPECT_EQ(healed->decisions()[0].receipt, stored->decisions()[0].receipt);
}

TEST_F(EventCommitterTest, AForeignRowOfChangesIsDataLossWhenLookedUpAgain) {
  StartAt({}, 1);
  const Batch late = PrepareAndLookUp({{.id = "a", .time = At(2)}});
  const Batch stored = Store({{.id = "a", .time = At(1)}});
  std::string value;
  ChangeRow{.account = Account(2), .time = At(1), .receipt = stored->decisions()[0].receipt}.AppendTo(&value);
  Put(Family::kChanges, ChangeKey{1}.Encode(), value);
  EXPECT_THAT(Commit(late), StatusIs(StatusCode::kDataLoss, "of another account"));
  EXPECT_FALSE(wrote_);
}

TEST_F(EventCommitterTest, ARowThatDoesNotDecodeWhenLookedUpAgainIsDataLoss) {
  StartAt({}, 1);
  const Batch late = PrepareAndLookUp({{.id = "a", .time = At(2)}});
  Store({{.id = "a", .time = At(1)}});
  Put(Family::kEventIds, EventIdKey{Account(1), "a"}.Encode(), "rubbish");
  EXPECT_THAT(Commit(late), StatusIs(StatusCode::kDataLoss, "event_ids"));
  EXPECT_FALSE(wrote_);
}

}  // namespace
}  // namespace tallystick::ingest
