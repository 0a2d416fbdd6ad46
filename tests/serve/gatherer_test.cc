#include "serve/gatherer.h"

#include <atomic>
#include <cstddef>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/file_calls.h"
#include "tests/support/open_store.h"

namespace tallystick::tools {
namespace {

using testing::Account;
using ::testing::ElementsAre;
using ::testing::Gt;
using testing::IsOk;
using ::testing::Le;
using testing::StatusIs;

std::string Document(const std::string& id, int n = 0) {
  return R"({"customerEventId":")" + id + R"(","customerAlias":"acme","eventType":"call","eventProperties":{"n":)" +
         std::to_string(n) + "}}";
}

class GathererTest : public testing::StoreTest {
 protected:
  // Holds the gatherer's thread in the middle of telling a result, until it is let go.
  class Gate {
   public:
    Gatherer::Done Done() {
      return [this](const absl::StatusOr<WriteResult>&) {
        reached_.set_value();
        open_.get_future().wait();
      };
    }
    void AwaitReached() { reached_.get_future().wait(); }
    void Open() { open_.set_value(); }

   private:
    std::promise<void> reached_;
    std::promise<void> open_;
  };

  // Notes what each event became, by its number.
  Gatherer::Done Note(std::size_t number) {
    return [this, number](absl::StatusOr<WriteResult> result) {
      const std::lock_guard lock(mutex_);
      results_.emplace(number, std::move(result));
    };
  }

  std::mutex mutex_;
  std::map<std::size_t, absl::StatusOr<WriteResult>> results_;  // guarded by mutex_ while a gatherer lives
  std::vector<std::size_t> groups_;                             // their sizes
  Gatherer::Options options_of_gatherer_{.observe_group = [this](std::size_t events) { groups_.push_back(events); }};
};

TEST_F(GathererTest, WhatWaitsIsOneGroupWhicheverAccountItIsOf) {
  Gate gate;
  {
    Gatherer gatherer(&store(), options_of_gatherer_);
    gatherer.Add(account_, Document("first"), gate.Done());
    gate.AwaitReached();
    for (std::size_t i = 0; i < 100; ++i) {
      gatherer.Add(Account(static_cast<std::uint8_t>(i % 3)), Document("e" + std::to_string(i)), Note(i));
    }
    gate.Open();
  }
  EXPECT_THAT(groups_, ElementsAre(1, 100));
  ASSERT_EQ(results_.size(), 100u);
  for (auto& [i, result] : results_) {
    ASSERT_THAT(result, IsOk());
    EXPECT_EQ(result->outcome, Outcome::kCreated);
    EXPECT_EQ((*result->event)->customer_event_id, "e" + std::to_string(i));
    EXPECT_EQ((*result->event)->account, Account(static_cast<std::uint8_t>(i % 3)));
  }
}

TEST_F(GathererTest, EventsOfOneIdAreStoredInTheOrderInWhichTheyCame) {
  Gate gate;
  {
    Gatherer gatherer(&store(), options_of_gatherer_);
    gatherer.Add(Account(9), Document("first"), gate.Done());
    gate.AwaitReached();
    gatherer.Add(account_, Document("a", 1), Note(0));
    gatherer.Add(Account(2), Document("a", 5), Note(1));
    gatherer.Add(account_, Document("a", 2), Note(2));
    gatherer.Add(account_, Document("a", 2), Note(3));
    gatherer.Add(account_, "[]", Note(4));
    gate.Open();
  }
  std::vector<Outcome> outcomes;
  for (auto& [i, result] : results_) outcomes.push_back(result->outcome);
  EXPECT_THAT(outcomes, ElementsAre(Outcome::kCreated, Outcome::kCreated, Outcome::kSuperseded, Outcome::kUnchanged,
                                    Outcome::kRejected));
  ASSERT_OK_AND_ASSIGN(const OwnedEvent event, store().Get(account_, "a"));
  EXPECT_EQ(event->event_properties, R"({"n":2})");
}

TEST_F(GathererTest, AGroupIsNoLargerThanItMay) {
  Gate gate;
  options_of_gatherer_.group_events_max = 4;
  options_of_gatherer_.group_bytes_max = 5 * Document("e0").size();
  {
    Gatherer gatherer(&store(), options_of_gatherer_);
    gatherer.Add(account_, Document("first"), gate.Done());
    gate.AwaitReached();
    for (std::size_t i = 0; i < 9; ++i) gatherer.Add(account_, Document("e" + std::to_string(i)), Note(i));
    gatherer.Add(account_, Document(std::string(500, 'x')), Note(9));
    for (std::size_t i = 10; i < 13; ++i) gatherer.Add(account_, Document("e" + std::to_string(i)), Note(i));
    gate.Open();
  }
  EXPECT_EQ(results_.size(), 13u);
  EXPECT_THAT(groups_, ElementsAre(1, 4, 4, 2, 3));
}

TEST_F(GathererTest, WhatIsTooMuchIsRefusedAtOnceAndTheRestIsStored) {
  Gate gate;
  options_of_gatherer_.waiting_bytes_max = 3 * Document("e0").size();
  {
    Gatherer gatherer(&store(), options_of_gatherer_);
    gatherer.Add(account_, Document("first"), gate.Done());
    gate.AwaitReached();
    for (std::size_t i = 0; i < 5; ++i) gatherer.Add(account_, Document("e" + std::to_string(i)), Note(i));
    {
      const std::lock_guard lock(mutex_);
      EXPECT_EQ(results_.size(), 2u);
    }
    gate.Open();
  }
  ASSERT_EQ(results_.size(), 5u);
  for (auto& [i, result] : results_) {
    EXPECT_THAT(result, StatusIs(i < 3 ? absl::StatusCode::kOk : absl::StatusCode::kUnavailable)) << i;
  }
  // The space is free again.
  options_of_gatherer_.waiting_events_max = 0;
  Gatherer gatherer(&store(), options_of_gatherer_);
  gatherer.Add(account_, Document("more"), Note(5));
  EXPECT_THAT(results_.at(5), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(GathererTest, AnEventIsToldOfWhenItIsOnStableStorage) {
  // A disk that takes writes and does not sync the log: nothing may be told of as stored.
  class NoSync : public testing::FileCallWatcher {
   public:
    testing::CallFate Begins(const testing::FileCall& call) override {
      const bool sync = call.name == "fsync" || call.name == "fdatasync";
      return sync && call.path.ends_with(".log") ? testing::CallFate::Fails() : testing::CallFate();
    }
  };
  options_.sync_interval = absl::Hours(24);
  {
    Gatherer gatherer(&store(), options_of_gatherer_);
    testing::WatchFileCalls(std::make_shared<NoSync>());
    gatherer.Add(account_, Document("a"), Note(0));
  }
  testing::WatchFileCalls(nullptr);
  EXPECT_FALSE(results_.at(0).ok());
  EXPECT_THAT(store().Writable(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(GathererTest, AStoreThatTakesNoWritesIsTold) {
  {
    Gatherer gatherer(&store(), options_of_gatherer_);
    ASSERT_THAT(store().Close(), IsOk());
    gatherer.Add(account_, Document("a"), Note(0));
    gatherer.Add(Account(2), Document("b"), Note(1));
  }
  EXPECT_THAT(results_.at(0), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(results_.at(1), StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace tallystick::tools
