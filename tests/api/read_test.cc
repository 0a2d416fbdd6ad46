// Get, scans with their filters and cursors, split scans and snapshots.

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

class ReadTest : public StoreTest {
 protected:
  // One page, and the cursor to the next.
  std::pair<std::vector<std::string>, std::optional<std::string>> Page(ScanOptions options) {
    options.account = account_;
    std::vector<std::string> ids;
    EventIterator events = store().Scan(options);
    for (; events.Valid(); events.Next()) ids.emplace_back(events.event().customer_event_id);
    EXPECT_THAT(events.status(), IsOk());
    return {ids, events.cursor()};
  }

  void PutFive() {
    Put(MakeEvent("c", 3, "acme", "call"));
    Put(MakeEvent("a", 1, "acme"));
    Put(MakeEvent("e", 3, "zeta"));
    Put(MakeEvent("b", 2, "zeta"));
    Put(MakeEvent("d", 3, "acme"));
  }
};

TEST_F(ReadTest, AnEmptyStoreAnswersWithNothing) {
  EXPECT_THAT(store().Get(account_, "a"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store().Get(account_, ""), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store().Get(account_, std::string(5000, 'x')), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(ScanIds(), IsEmpty());
  EXPECT_THAT(ReadAll(store().Changes()), IsOkAndHolds(IsEmpty()));
  ASSERT_OK_AND_ASSIGN(const VerifyReport report, store().Verify());
  EXPECT_TRUE(report.ok());
}

TEST_F(ReadTest, GetReturnsAllFields) {
  const WriteResult put = Put(MakeEvent("a", 1.5, "acme", "call", R"({"n":1.10,"s":"\u00e9"})"));
  ASSERT_OK_AND_ASSIGN(OwnedEvent event, store().Get(account_, "a"));
  const OwnedEvent copy = event;
  event = copy;
  EXPECT_EQ(ToJson(*event),
            R"({"id":")" + put.id.ToString() + R"(","customerEventId":"a","customerAlias":"acme","eventType":"call",)" +
                R"("sequenceAccountId":")" + account_.ToString() + R"(","eventTimestamp":"2025-10-09T09:00:01.500Z",)" +
                R"("eventProperties":{"n":1.10,"s":"\u00e9"}})");
}

TEST_F(ReadTest, AnEventsCursorsLeadBehindItAndBackwards) {
  PutFive();  // a b c e d
  for (const auto& filter : {std::vector<std::string>(), std::vector<std::string>{"acme", "zeta"}}) {
    std::vector<std::string> behind;
    std::vector<std::string> before;
    EventIterator events = store().Scan({.account = account_, .customer_aliases = filter});
    for (; events.Valid(); events.Next()) {
      behind.push_back(events.CursorBehind());
      before.push_back(events.CursorBefore());
    }
    ASSERT_THAT(events.status(), IsOk());
    ASSERT_EQ(behind.size(), 5u);
    EXPECT_THAT(ScanIds({.customer_aliases = filter, .cursor = behind[1]}), ElementsAre("c", "e", "d"));
    EXPECT_THAT(ScanIds({.customer_aliases = filter, .cursor = behind[4]}), IsEmpty());
    const auto backwards = [&](const std::string& cursor) {
      return ScanIds({.customer_aliases = filter, .direction = Direction::kDescending, .cursor = cursor});
    };
    EXPECT_THAT(backwards(before[3]), ElementsAre("c", "b", "a"));
    EXPECT_THAT(backwards(before[0]), IsEmpty());
    // Each is bound to its direction.
    EXPECT_THAT(ReadAll(store().Scan({.account = account_, .customer_aliases = filter, .cursor = before[3]})),
                StatusIs(absl::StatusCode::kInvalidArgument));

    // The one that a limit leaves behind is that of the last event.
    EXPECT_EQ(Page({.customer_aliases = filter, .limit = 2}).second, behind[1]);
  }
}

TEST_F(ReadTest, AScanIsOrderedByTimeThenSequenceInBothDirections) {
  PutFive();
  EXPECT_THAT(ScanIds(), ElementsAre("a", "b", "c", "e", "d"));
  EXPECT_THAT(ScanIds({.direction = Direction::kDescending}), ElementsAre("d", "e", "c", "b", "a"));
}

TEST_F(ReadTest, ARangeIncludesItsStartAndExcludesItsEnd) {
  PutFive();
  EXPECT_THAT(ScanIds({.from = At(2), .to = At(3)}), ElementsAre("b"));
  EXPECT_THAT(ScanIds({.from = At(2)}), ElementsAre("b", "c", "e", "d"));
  EXPECT_THAT(ScanIds({.to = At(2)}), ElementsAre("a"));
  EXPECT_THAT(ScanIds({.from = At(1), .to = At(1)}), IsEmpty());
  EXPECT_THAT(ScanIds({.from = At(3), .to = At(1)}), IsEmpty());
  // Finer than a nanosecond: nothing is stored in between, and an edge includes or excludes as a whole.
  EXPECT_THAT(ScanIds({.from = At(2) + absl::Nanoseconds(1) / 4, .to = At(3)}), IsEmpty());
  EXPECT_THAT(ScanIds({.from = At(2), .to = At(2) + absl::Nanoseconds(1) / 4}), ElementsAre("b"));
}

TEST_F(ReadTest, FiltersByTypeAndCustomer) {
  PutFive();
  const std::string long_name(300, 'x');
  EXPECT_THAT(ScanIds({.event_types = {"call"}}), ElementsAre("c"));
  EXPECT_THAT(ScanIds({.event_types = {"call", "message-sent", "call"}}), ElementsAre("a", "b", "c", "e", "d"));
  EXPECT_THAT(ScanIds({.customer_aliases = {"zeta"}}), ElementsAre("b", "e"));
  EXPECT_THAT(ScanIds({.customer_aliases = {"zeta", "acme", "zeta"}}), ElementsAre("a", "b", "c", "e", "d"));
  EXPECT_THAT(ScanIds({.event_types = {"message-sent"}, .customer_aliases = {"acme"}}), ElementsAre("a", "d"));
  EXPECT_THAT(ScanIds({.customer_aliases = {"nobody"}}), IsEmpty());
  EXPECT_THAT(ScanIds({.customer_aliases = {""}}), IsEmpty());
  EXPECT_THAT(ScanIds({.customer_aliases = {"", "zeta", long_name}}), ElementsAre("b", "e"));
  EXPECT_THAT(ScanIds({.from = At(3), .customer_aliases = {"acme"}, .direction = Direction::kDescending}),
              ElementsAre("d", "c"));
}

TEST_F(ReadTest, CustomersWhosePlacesInTheIndexAdjoinStayApart) {
  Put(MakeEvent("1", 1, "a"));
  Put(MakeEvent("2", 1, "aa"));
  Put(MakeEvent("3", 1, std::string("a\x7f")));
  EXPECT_THAT(ScanIds({.customer_aliases = {"a"}}), ElementsAre("1"));
  EXPECT_THAT(ScanIds({.customer_aliases = {"aa"}}), ElementsAre("2"));
}

// --- Pages ---

TEST_F(ReadTest, ACursorIsGivenOnlyWhenMoreRowsExist) {
  PutFive();
  EXPECT_FALSE(Page({.limit = 5}).second.has_value());
  EXPECT_FALSE(Page({.limit = 6}).second.has_value());
  EXPECT_FALSE(Page({}).second.has_value());
  EXPECT_TRUE(Page({.limit = 4}).second.has_value());
  EXPECT_FALSE(Page({.event_types = {"call"}, .limit = 1}).second.has_value());
  const auto [none, cursor] = Page({.limit = 0});
  EXPECT_THAT(none, IsEmpty());
  EXPECT_FALSE(cursor.has_value());
}

TEST_F(ReadTest, PagesFollowOnWithoutAGap) {
  PutFive();
  for (const Direction direction : {Direction::kAscending, Direction::kDescending}) {
    for (const std::vector<std::string>& aliases : {std::vector<std::string>(), {"acme", "zeta"}}) {
      ScanOptions options{.customer_aliases = aliases, .direction = direction};
      std::vector<std::string> expected = ScanIds(options);
      options.limit = 2;
      const auto [first, cursor] = Page(options);
      EXPECT_THAT(first, ElementsAre(expected[0], expected[1]));
      ASSERT_TRUE(cursor.has_value());
      options.cursor = *cursor;
      const auto [second, next] = Page(options);
      EXPECT_THAT(second, ElementsAre(expected[2], expected[3]));
      ASSERT_TRUE(next.has_value());
      options.cursor = *next;
      const auto [third, end] = Page(options);
      EXPECT_THAT(third, ElementsAre(expected[4]));
      EXPECT_FALSE(end.has_value());
    }
  }
}

TEST_F(ReadTest, ACursorIsBoundToAccountDirectionFiltersAndStore) {
  PutFive();
  const ScanOptions options{
      .account = account_, .event_types = {"call", "message-sent"}, .customer_aliases = {"acme"}, .limit = 1};
  const std::string cursor = Page(options).second.value();
  const auto status_with = [&](auto change) {
    ScanOptions changed = options;
    changed.cursor = cursor;
    change(&changed);
    return store().Scan(changed).status();
  };
  EXPECT_THAT(status_with([](ScanOptions*) {}), IsOk());
  // What may differ: the range, the limit, and the order in which filters are named.
  EXPECT_THAT(status_with([](ScanOptions* o) { o->limit.reset(); }), IsOk());
  EXPECT_THAT(status_with([](ScanOptions* o) { o->to = At(9); }), IsOk());
  EXPECT_THAT(status_with([](ScanOptions* o) { std::swap(o->event_types[0], o->event_types[1]); }), IsOk());

  const auto invalid = StatusIs(absl::StatusCode::kInvalidArgument, "cursor");
  EXPECT_THAT(status_with([](ScanOptions* o) { o->account = Account(2); }), invalid);
  EXPECT_THAT(status_with([](ScanOptions* o) { o->direction = Direction::kDescending; }), invalid);
  EXPECT_THAT(status_with([](ScanOptions* o) { o->event_types.pop_back(); }), invalid);
  EXPECT_THAT(status_with([](ScanOptions* o) { o->customer_aliases = {"zeta"}; }), invalid);
  EXPECT_THAT(status_with([](ScanOptions* o) { o->customer_aliases.clear(); }), invalid);
  EXPECT_THAT(status_with([](ScanOptions* o) { o->cursor.back() ^= 1; }), invalid);
  EXPECT_THAT(status_with([](ScanOptions* o) { o->cursor.pop_back(); }), invalid);
  EXPECT_THAT(status_with([](ScanOptions* o) { o->cursor = "rubbish"; }), invalid);
  EXPECT_THAT(status_with([](ScanOptions* o) { o->from = At(9), o->to = At(1), o->cursor = "x"; }), invalid);

  path_ = folder_.path("other");
  Reopen();
  EXPECT_THAT(status_with([](ScanOptions*) {}), invalid);
}

TEST_F(ReadTest, ACursorResumesWhileEventsAreSupersededAroundIt) {
  for (int i = 0; i < 10; ++i) Put(MakeEvent("event-" + std::to_string(i), i));
  ScanOptions options{.limit = 4};
  const auto [first, cursor] = Page(options);
  EXPECT_THAT(first, ElementsAre("event-0", "event-1", "event-2", "event-3"));

  Put(MakeEvent("event-3", 3, "other"));  // stands where the cursor does: same time, later sequence, met again
  Put(MakeEvent("event-1", 20));          // to a later position: met again
  Put(MakeEvent("event-7", -5));          // to an earlier position: not met
  Put(MakeEvent("event-5", 5, "other"));  // keeps its place
  Put(MakeEvent("new-early", 0.5));
  Put(MakeEvent("new-late", 8.5));

  options.cursor = cursor.value();
  options.limit.reset();
  EXPECT_THAT(ScanIds(options),
              ElementsAre("event-3", "event-4", "event-5", "event-6", "event-8", "new-late", "event-9", "event-1"));
}

TEST_F(ReadTest, ACursorResumesThoughItsOwnEventIsGone) {
  for (int i = 0; i < 4; ++i) Put(MakeEvent("event-" + std::to_string(i), i));
  for (const Direction direction : {Direction::kAscending, Direction::kDescending}) {
    ScanOptions options{.direction = direction, .limit = 2};
    options.cursor = Page(options).second.value();
    const std::string last = direction == Direction::kAscending ? "event-1" : "event-2";
    Put(MakeEvent(last, direction == Direction::kAscending ? -9 : 9));
    Reopen();
    const std::vector<std::string> rest = Page(options).first;
    EXPECT_THAT(rest, direction == Direction::kAscending ? ElementsAre("event-2", "event-3")
                                                         : ElementsAre("event-0", "event-1"));
  }
}

// --- Splits and snapshots ---

TEST_F(ReadTest, ASplitScanRefusesWhatItCannotSplit) {
  EXPECT_THAT(store().SplitScan({.limit = 1}, 2), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(store().SplitScan({}, 0), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(store().SplitScan({.cursor = "rubbish"}, 2), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ReadTest, AnIteratorReadsTheMomentOfItsMaking) {
  PutFive();
  EventIterator scan = store().Scan({.account = account_});
  EventIterator customer = store().Scan({.account = account_, .customer_aliases = {"acme"}});
  ASSERT_OK_AND_ASSIGN(std::vector<EventIterator> parts, store().SplitScan({.account = account_}, 3));
  ChangeIterator changes = store().Changes();
  Put(MakeEvent("a", 9));
  Put(MakeEvent("f", 0));
  Put(MakeEvent("d", 0, "zeta"));
  EXPECT_THAT(Ids(std::move(scan)), IsOkAndHolds(ElementsAre("a", "b", "c", "e", "d")));
  EXPECT_THAT(Ids(std::move(customer)), IsOkAndHolds(ElementsAre("a", "c", "d")));
  std::vector<std::string> split;
  for (EventIterator& part : parts) {
    ASSERT_OK_AND_ASSIGN(const auto ids, Ids(std::move(part)));
    split.insert(split.end(), ids.begin(), ids.end());
  }
  EXPECT_THAT(split, ElementsAre("a", "b", "c", "e", "d"));
  ASSERT_OK_AND_ASSIGN(const auto fed, ReadAll(std::move(changes)));
  ASSERT_EQ(fed.size(), 5u);
  EXPECT_EQ(fed.front().event.customer_event_id, "c");
}

// --- The feed ---

TEST_F(ReadTest, TheFeedShowsEachEventOnceAtItsLatestSequence) {
  const WriteResult a = Put(MakeEvent("a", 1));
  Put(MakeEvent("b", 2));
  const WriteResult corrected = Put(MakeEvent("a", 5));
  ASSERT_OK_AND_ASSIGN(const auto all, ReadAll(store().Changes()));
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].event.customer_event_id, "b");
  EXPECT_FALSE(all[0].replaced.has_value());
  EXPECT_EQ(all[1].event.id, corrected.id);
  EXPECT_EQ(all[1].event.event_timestamp, At(5));
  EXPECT_EQ(all[1].replaced, std::pair(a.sequence, a.id));
  EXPECT_THAT(ReadAll(store().Changes({.after = 3})), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(store().Changes({.after = 4}).status(), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ReadTest, TheFeedsPositionIsWhereToGoOn) {
  for (int i = 0; i < 5; ++i) Put(MakeEvent("event-" + std::to_string(i), i));
  Put(MakeEvent("event-4", 9));  // leaves a gap at 5
  ChangeIterator changes = store().Changes({.after = 2, .limit = 2});
  EXPECT_EQ(changes.position(), 3u);
  changes.Next();
  EXPECT_EQ(changes.position(), 4u);
  changes.Next();
  EXPECT_FALSE(changes.Valid());
  EXPECT_EQ(changes.position(), 4u);
  ChangeIterator rest = store().Changes({.after = changes.position(), .account = Account(2)});
  EXPECT_FALSE(rest.Valid());
  EXPECT_EQ(rest.position(), 6u) << "another account's changes are behind the reader too";
}

}  // namespace
}  // namespace tallystick::testing
