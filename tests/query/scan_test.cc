// Ranges, filters and pages of scans, by time and merged from several customers.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tallystick/store.h"
#include "tests/support/open_store.h"
#include "tests/support/random.h"

namespace tallystick::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Texts = std::vector<std::string>;

class ScanTest : public StoreTest {
 protected:
  struct Page {
    Texts ids;
    std::optional<std::string> cursor;
  };
  Page ReadPage(ScanOptions options) {
    options.account = account_;
    Page page;
    EventIterator events = store().Scan(options);
    for (; events.Valid(); events.Next()) page.ids.emplace_back(events.event().customer_event_id);
    EXPECT_THAT(events.status(), IsOk());
    page.cursor = events.cursor();
    return page;
  }
  // All pages, of `limit` events each.
  Texts ReadPages(ScanOptions options, std::uint64_t limit) {
    options.limit = limit;
    Texts ids;
    while (true) {
      const Page page = ReadPage(options);
      ids.insert(ids.end(), page.ids.begin(), page.ids.end());
      EXPECT_LE(page.ids.size(), limit);
      if (!page.cursor.has_value()) return ids;
      EXPECT_EQ(page.ids.size(), limit) << "only a full page ends with a cursor";
      options.cursor = *page.cursor;
    }
  }
};

TEST_F(ScanTest, ARangeIncludesItsStartAndNotItsEnd) {
  for (const char* id : {"1", "2", "3"}) Put(MakeEvent(id, id[0] - '0'));
  const absl::Duration nanosecond = absl::Nanoseconds(1);
  struct Case {
    absl::Time from;
    absl::Time to;
    Texts ids;
  };
  const std::vector<Case> cases = {
      {absl::InfinitePast(), absl::InfiniteFuture(), {"1", "2", "3"}},
      {At(1), At(3), {"1", "2"}},
      {At(1) + nanosecond, At(3) + nanosecond, {"2", "3"}},
      {At(1) + nanosecond / 4, At(2) + nanosecond / 4, {"2"}},
      {At(2), At(2) + nanosecond, {"2"}},
      {At(2), At(2), {}},
      {At(3), At(1), {}},
      {absl::InfiniteFuture(), absl::InfinitePast(), {}},
      {At(4), absl::InfiniteFuture(), {}},
      {absl::InfinitePast(), At(1), {}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(absl::FormatTime(c.from) + " to " + absl::FormatTime(c.to));
    Texts reversed(c.ids.rbegin(), c.ids.rend());
    for (const Texts& customers : {Texts(), Texts{"acme"}}) {
      EXPECT_EQ(ScanIds({.from = c.from, .to = c.to, .customer_aliases = customers}), c.ids);
      EXPECT_EQ(
          ScanIds({.from = c.from, .to = c.to, .customer_aliases = customers, .direction = Direction::kDescending}),
          reversed);
    }
  }
}

TEST_F(ScanTest, OneInstantIsInOrderOfSequenceAcrossCustomers) {
  for (const char* id : {"d", "a", "c", "b"}) Put(MakeEvent(id, 1, id[0] % 2 == 0 ? "even" : "odd"));
  for (const Texts& customers : {Texts(), Texts{"odd", "even"}, Texts{"even", "odd", "even", "nobody"}}) {
    EXPECT_THAT(ScanIds({.customer_aliases = customers}), ElementsAre("d", "a", "c", "b"));
    EXPECT_THAT(ScanIds({.customer_aliases = customers, .direction = Direction::kDescending}),
                ElementsAre("b", "c", "a", "d"));
  }
}

TEST_F(ScanTest, ACustomerIsNotOneWhoseNameBeginsAlike) {
  Put(MakeEvent("1", 1, "a"));
  Put(MakeEvent("2", 2, "aa"));
  Put(MakeEvent("3", 3, "A"));
  EXPECT_THAT(ScanIds({.customer_aliases = {"a"}}), ElementsAre("1"));
  EXPECT_THAT(ScanIds({.customer_aliases = {"aa", "A"}}), ElementsAre("2", "3"));
  EXPECT_THAT(ScanIds({.customer_aliases = {"aaa"}}), IsEmpty());
}

TEST_F(ScanTest, ANameThatNoEventCanHaveIsNobodys) {
  Put(MakeEvent("1", 1));
  const std::string too_long(256, 'x');
  EXPECT_THAT(ScanIds({.customer_aliases = {"", too_long}}), IsEmpty());
  EXPECT_THAT(ScanIds({.customer_aliases = {"", "acme", too_long}}), ElementsAre("1"));
  EXPECT_THAT(ScanIds({.event_types = {"", too_long}}), IsEmpty());
}

// --- Pages ---

TEST_F(ScanTest, ACursorIsGivenOnlyWhenThereIsMore) {
  for (const char* id : {"1", "2", "3"}) Put(MakeEvent(id, id[0] - '0', "acme", id[0] == '3' ? "last" : "t"));
  EXPECT_FALSE(ReadPage({}).cursor.has_value());
  EXPECT_FALSE(ReadPage({.limit = 4}).cursor.has_value());
  EXPECT_FALSE(ReadPage({.limit = 3}).cursor.has_value());
  EXPECT_TRUE(ReadPage({.limit = 2}).cursor.has_value());
  EXPECT_FALSE(ReadPage({.event_types = {"t"}, .limit = 2}).cursor.has_value()) << "what is left does not match";
  EXPECT_FALSE(ReadPage({.to = At(3), .limit = 2}).cursor.has_value()) << "what is left is out of range";
  const Page none = ReadPage({.limit = 0});
  EXPECT_THAT(none.ids, IsEmpty());
  EXPECT_FALSE(none.cursor.has_value());
}

TEST_F(ScanTest, ACursorOfAnotherScanIsRefused) {
  for (const char* id : {"1", "2", "3"}) Put(MakeEvent(id, 1));
  const ScanOptions scan = {
      .account = account_, .event_types = {"message-sent", "x"}, .customer_aliases = {"acme", "b"}, .limit = 1};
  const std::string cursor = ReadPage(scan).cursor.value_or("");
  ASSERT_FALSE(cursor.empty());
  const auto status_of = [&](const std::function<void(ScanOptions*)>& alter) {
    ScanOptions altered = scan;
    altered.cursor = cursor;
    alter(&altered);
    return store().Scan(altered).status();
  };
  const auto refused = StatusIs(absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status_of([](ScanOptions* other) { other->account = Account(2); }), refused);
  EXPECT_THAT(status_of([](ScanOptions* other) { other->direction = Direction::kDescending; }), refused);
  EXPECT_THAT(status_of([](ScanOptions* other) { other->event_types.pop_back(); }), refused);
  EXPECT_THAT(status_of([](ScanOptions* other) { other->customer_aliases.clear(); }), refused);
  EXPECT_THAT(status_of([](ScanOptions* other) { std::swap(other->event_types, other->customer_aliases); }), refused);
  EXPECT_THAT(status_of([](ScanOptions* other) { other->cursor = "rubbish"; }), refused);
  EXPECT_THAT(status_of([](ScanOptions* other) { other->cursor.pop_back(); }), refused);
  EXPECT_THAT(status_of([](ScanOptions* other) { other->cursor += "A"; }), refused);
  // What means the same is the same, and the range may differ.
  EXPECT_THAT(status_of([](ScanOptions* same) { std::reverse(same->event_types.begin(), same->event_types.end()); }),
              IsOk());
  EXPECT_THAT(status_of([](ScanOptions* same) { same->customer_aliases.push_back("acme"); }), IsOk());
  EXPECT_THAT(status_of([](ScanOptions* same) { same->limit.reset(); }), IsOk());
  EXPECT_THAT(status_of([](ScanOptions* same) { same->to = At(1); }), IsOk());
  EXPECT_THAT(status_of([](ScanOptions* same) { same->from = At(2); }), IsOk());
}

TEST_F(ScanTest, ARangeThatLiesBeforeTheCursorIsEmpty) {
  for (const char* id : {"1", "2", "3", "4"}) Put(MakeEvent(id, id[0] - '0'));
  for (const Texts& customers : {Texts(), Texts{"acme"}}) {
    ScanOptions scan = {.customer_aliases = customers, .limit = 3};
    scan.cursor = ReadPage(scan).cursor.value_or("");
    scan.to = At(2);
    EXPECT_THAT(ReadPage(scan).ids, IsEmpty());
    scan.from = At(4);
    scan.to = At(5);
    EXPECT_THAT(ReadPage(scan).ids, ElementsAre("4"));

    ScanOptions back = {.customer_aliases = customers, .direction = Direction::kDescending, .limit = 3};
    back.cursor = ReadPage(back).cursor.value_or("");
    back.from = At(3);
    EXPECT_THAT(ReadPage(back).ids, IsEmpty());
    back.from = At(1);
    EXPECT_THAT(ReadPage(back).ids, ElementsAre("1"));
  }
}

TEST_F(ScanTest, WhatMovesBetweenPagesIsMetWhereItIs) {
  for (const char* id : {"1", "2", "3", "4"}) Put(MakeEvent(id, id[0] - '0'));
  ScanOptions scan = {.limit = 2};
  Page page = ReadPage(scan);
  EXPECT_THAT(page.ids, ElementsAre("1", "2"));
  Put(MakeEvent("2", 9));  // the very one that the cursor names, to a later place: met again
  Put(MakeEvent("4", 0));  // to an earlier one: not met
  Put(MakeEvent("5", 2));  // at the same instant, behind it in sequence: met
  scan.cursor = page.cursor.value_or("");
  scan.limit.reset();
  EXPECT_THAT(ReadPage(scan).ids, ElementsAre("5", "3", "2"));
}

// A scan of any kind, in pages of any size, is what a plain filter makes of all events.
TEST_F(ScanTest, RandomScansInPagesAreAPlainFilterOfAll) {
  Random random(TestSeed());
  const Texts aliases = {"a", "aa", "b", "c", std::string(255, 'd')};
  const Texts types = {"s", "t", "u"};
  for (int i = 0; i < 500; ++i) {
    const std::string name = std::to_string(random.Below(400));
    Put(MakeEvent(name, static_cast<double>(random.Below(20)), random.PickFrom(aliases), random.PickFrom(types)));
    if (i == 300) Reopen();  // some in files, some in memory
  }
  ASSERT_OK_AND_ASSIGN(const std::vector<Stored> all, ReadAll(store().Scan({.account = account_})));
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [](const Stored& a, const Stored& b) {
    return std::pair(a.event_timestamp, a.sequence) < std::pair(b.event_timestamp, b.sequence);
  }));
  const auto among = [](const Texts& wanted, const std::string& name) {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end();
  };
  for (int round = 0; round < 150; ++round) {
    ScanOptions scan;
    for (std::size_t n = random.Below(4); n > 0; --n) scan.customer_aliases.push_back(random.PickFrom(aliases));
    for (std::size_t n = random.Below(3); n > 0; --n) scan.event_types.push_back(random.PickFrom(types));
    if (random.OneIn(2)) scan.from = At(static_cast<double>(random.Below(20)));
    if (random.OneIn(2)) scan.to = At(static_cast<double>(random.Below(24)));
    if (random.OneIn(2)) scan.direction = Direction::kDescending;
    Texts expected;
    for (const Stored& event : all) {
      if (event.event_timestamp >= scan.from && event.event_timestamp < scan.to &&
          among(scan.customer_aliases, event.customer_alias) && among(scan.event_types, event.event_type)) {
        expected.push_back(event.customer_event_id);
      }
    }
    if (scan.direction == Direction::kDescending) std::reverse(expected.begin(), expected.end());
    EXPECT_EQ(ScanIds(scan), expected);
    EXPECT_EQ(ReadPages(scan, 1 + random.Below(random.OneIn(3) ? 5 : 100)), expected);
    if (::testing::Test::HasFailure()) {
      ADD_FAILURE() << "customers " << ::testing::PrintToString(scan.customer_aliases) << " types "
                    << ::testing::PrintToString(scan.event_types) << " from " << scan.from << " to " << scan.to;
      return;
    }
  }
}

TEST_F(ScanTest, NextDoesNothingWithoutACurrentEvent) {
  for (const char* id : {"a", "b"}) Put(MakeEvent(id, 1));
  struct Case {
    ScanOptions options;
    absl::StatusCode status;
    bool cursor;
  };
  const std::vector<Case> cases = {
      {{.account = account_}, absl::StatusCode::kOk, false},
      {{.account = account_, .limit = 0}, absl::StatusCode::kOk, false},
      {{.account = account_, .limit = 1}, absl::StatusCode::kOk, true},
      {{.account = account_, .customer_aliases = {"acme"}, .limit = 1}, absl::StatusCode::kOk, true},
      {{.account = account_, .from = At(2), .to = At(1)}, absl::StatusCode::kOk, false},
      {{.account = account_, .cursor = "rubbish"}, absl::StatusCode::kInvalidArgument, false},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE("case " + std::to_string(i));
    EventIterator events = store().Scan(cases[i].options);
    while (events.Valid()) events.Next();
    const std::optional<std::string> cursor = events.cursor();
    EXPECT_EQ(cursor.has_value(), cases[i].cursor);
    events.Next();
    events.Next();
    EXPECT_FALSE(events.Valid());
    EXPECT_EQ(events.status().code(), cases[i].status);
    EXPECT_EQ(events.cursor(), cursor);
  }
}

}  // namespace
}  // namespace tallystick::testing
