#include "lib/query/split.h"

#include <algorithm>
#include <cstddef>
#include <limits>
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
using ::testing::Ge;
using ::testing::SizeIs;
using Ids = std::vector<std::string>;

class SplitTest : public StoreTest {
 protected:
  SplitTest() { options_.profile = Profile::kEdge; }

  // Many events, half of them within one minute of an hour, and all in table files.
  void WriteMany(int count) {
    Random random(TestSeed());
    std::vector<std::string> names;
    std::vector<std::string> properties;
    for (int i = 0; i < count; ++i) {
      names.push_back("event-" + std::to_string(i));
      properties.push_back(R"({"text":")");
      for (int j = 0; j < 60; ++j) properties.back().push_back(static_cast<char>('a' + random.Below(26)));
      properties.back() += "\"}";
    }
    std::vector<Event> events;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const double second = static_cast<double>(random.Below(random.OneIn(2) ? 60'000 : 3'600'000)) / 1000;
      events.push_back(
          MakeEvent(names[i], second, i % 3 == 0 ? "zeta" : "acme", i % 5 == 0 ? "rare" : "usual", properties[i]));
    }
    ASSERT_THAT(store().Write(account_, events), IsOk());
    ASSERT_THAT(store().Write(Account(2), events), IsOk());
    Close();
  }

  // The ids of each part.
  std::vector<Ids> Split(ScanOptions options, int parts) {
    options.account = account_;
    auto iterators = store().SplitScan(options, parts);
    EXPECT_THAT(iterators, IsOk());
    std::vector<Ids> ids;
    if (!iterators.ok()) return ids;
    EXPECT_GE(iterators->size(), 1u);
    EXPECT_LE(iterators->size(), static_cast<std::size_t>(parts));
    for (EventIterator& part : *iterators) {
      EXPECT_FALSE(part.cursor().has_value());
      auto of_part = ::tallystick::testing::Ids(std::move(part));
      EXPECT_THAT(of_part, IsOk());
      ids.push_back(of_part.value_or(Ids()));
    }
    return ids;
  }
  static Ids Joined(const std::vector<Ids>& parts) {
    Ids joined;
    for (const Ids& part : parts) joined.insert(joined.end(), part.begin(), part.end());
    return joined;
  }
};

TEST_F(SplitTest, PartsAreTheScanAndAboutEqual) {
  WriteMany(12'000);
  struct Case {
    const char* what;
    ScanOptions options;
    double tolerance;  // of a part's number of events, as a share of the mean; 0: it may be anything
  };
  const std::vector<Case> cases = {
      {"everything", {}, 0.3},
      {"a range", {.from = At(10.5), .to = At(1800)}, 0.3},
      {"a type", {.event_types = {"rare"}}, 0.5},
      {"a customer", {.customer_aliases = {"acme"}}, 0},
      {"customers", {.customer_aliases = {"zeta", "nobody", "acme"}}, 0},
      {"nobody", {.customer_aliases = {"nobody"}}, 0},
      {"no such name", {.customer_aliases = {"", std::string(256, 'x')}}, 0},
      {"an instant", {.from = At(1), .to = At(1.001)}, 0},
      {"nothing", {.from = At(2), .to = At(2)}, 0},
  };
  for (Case c : cases) {
    for (const Direction direction : {Direction::kAscending, Direction::kDescending}) {
      c.options.direction = direction;
      const Ids whole = ScanIds(c.options);
      for (const int parts : {1, 3, 8}) {
        SCOPED_TRACE(std::string(c.what) + " in " + std::to_string(parts) +
                     (direction == Direction::kDescending ? " descending" : ""));
        const std::vector<Ids> split = Split(c.options, parts);
        EXPECT_TRUE(Joined(split) == whole);
        if (parts == 1) {
          EXPECT_THAT(split, SizeIs(1));
        }
        if (c.tolerance == 0) continue;
        // Sizes are estimates of files that come and go: now and then two parts are one.
        EXPECT_THAT(split, SizeIs(Ge(parts - 1)));
        const double mean = static_cast<double>(whole.size()) / parts;
        for (const Ids& part : split) EXPECT_LE(static_cast<double>(part.size()), mean * (2 + c.tolerance));
      }
    }
  }
}

TEST_F(SplitTest, AnotherAccountsEventsDoNotWeigh) {
  WriteMany(5'000);
  ASSERT_OK_AND_ASSIGN(auto parts, store().SplitScan({.account = Account(3)}, 4));
  for (EventIterator& part : parts) EXPECT_FALSE(part.Valid());
}

TEST_F(SplitTest, MorePartsThanEventsShowEachOnce) {
  for (const char* id : {"a", "b", "c"}) Put(MakeEvent(id, id[0]));
  for (const bool flushed : {false, true}) {
    if (flushed) Reopen();
    EXPECT_THAT(Joined(Split({}, 50)), ElementsAre("a", "b", "c"));
    EXPECT_THAT(Joined(Split({.direction = Direction::kDescending}, 50)), ElementsAre("c", "b", "a"));
  }
}

TEST_F(SplitTest, NoNumberMakesMoreThan1024Parts) {
  WriteMany(12'000);
  for (const int parts : {5'000, std::numeric_limits<int>::max()}) {
    const std::vector<Ids> split = Split({}, parts);
    EXPECT_GT(split.size(), 8u);
    EXPECT_LE(split.size(), 1'024u);
    EXPECT_THAT(Joined(split), SizeIs(12'000));
  }
}

TEST_F(SplitTest, EventsOfOneInstantStayTogether) {
  std::vector<std::string> names;
  for (int i = 0; i < 3000; ++i) names.push_back("event-" + std::to_string(1000 + i));
  std::vector<Event> events;
  for (const std::string& name : names) events.push_back(MakeEvent(name, 1));
  ASSERT_THAT(store().Write(account_, events), IsOk());
  Close();
  EXPECT_EQ(Joined(Split({}, 4)), names);
}

TEST_F(SplitTest, PartsGoOnBehindACursor) {
  WriteMany(12'000);
  for (const Direction direction : {Direction::kAscending, Direction::kDescending}) {
    ScanOptions options = {.account = account_, .direction = direction, .limit = 4'000};
    EventIterator page = store().Scan(options);
    while (page.Valid()) page.Next();
    ASSERT_TRUE(page.cursor().has_value());
    options.limit.reset();
    const Ids whole = ScanIds(options);
    options.cursor = *page.cursor();
    const std::vector<Ids> split = Split(options, 4);
    EXPECT_TRUE(Joined(split) == Ids(whole.begin() + 4'000, whole.end()));
    // Were time before the cursor cut as well, a part would be left with nothing. (Now and then two are one: the sizes
    // are estimates.)
    EXPECT_THAT(split, SizeIs(Ge(3)));
    for (const Ids& part : split) EXPECT_GT(part.size(), 500u) << "of 2,000 on the mean";
  }
}

TEST_F(SplitTest, AllPartsAreOfOneMoment) {
  Put(MakeEvent("a", 1));
  ASSERT_OK_AND_ASSIGN(auto parts, store().SplitScan({.account = account_}, 3));
  Put(MakeEvent("b", 1));
  Put(MakeEvent("a", 2));
  Ids ids;
  for (EventIterator& part : parts) {
    for (; part.Valid(); part.Next()) {
      ids.emplace_back(part.event().customer_event_id);
      EXPECT_EQ(part.event().event_timestamp, At(1));
    }
  }
  EXPECT_THAT(ids, ElementsAre("a"));
}

TEST_F(SplitTest, WhatCannotBeSplitIsRefused) {
  const auto invalid = StatusIs(absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(store().SplitScan({.account = account_}, 0), invalid);
  EXPECT_THAT(store().SplitScan({.account = account_}, -1), invalid);
  EXPECT_THAT(store().SplitScan({.account = account_, .limit = 5}, 2), invalid);
  EXPECT_THAT(store().SplitScan({.account = account_, .cursor = "rubbish"}, 2), invalid);
}

}  // namespace
}  // namespace tallystick::testing
