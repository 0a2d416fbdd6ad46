// Random operations against a plain map: the store must answer as the map does, whatever the order of writes, batches,
// flushes, compactions, reopenings and crashes.

#include "tests/support/model.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tallystick/store.h"
#include "tests/support/modelled_store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/stored.h"

namespace tallystick::testing {
namespace {

using ::testing::ContainerEq;

// In parts that can run side by side.
constexpr int kParts = 4;
constexpr int kOperations = 100'000;
constexpr int kOperationsBetweenComparisons = 400;

class ModelTest : public ModelledStoreTest {
 protected:
  // --- Random input ---

  Uuid RandomAccount() { return Account(static_cast<std::uint8_t>(1 + random_.Below(3))); }

  std::string RandomId() {
    if (random_.OneIn(50) && model_.size() > 0) {  // also the ids that were assigned
      auto chosen = model_.live().begin();
      std::advance(chosen, static_cast<long>(random_.Below(model_.size())));
      return chosen->first.second;
    }
    static const std::vector<std::string> special = {
        "a", "aa", "aaa", std::string(254, 'x'), std::string(255, 'x'), "é€", "\"", "\\", " ", "\x7f",
        // Of these, one is a UUID in its canonical form.
        "9d47c1a5-266c-4437-9b34-615396fb4170", "9D47C1A5-266C-4437-9B34-615396FB4170",
        "9d47c1a5266c44379b34615396fb4170", "9d47c1a5266c4437"};
    const std::size_t n = random_.Below(60);
    return n < special.size() ? special[n] : "event-" + std::to_string(n);
  }

  const std::string& RandomAlias() {
    static const std::vector<std::string> aliases = {"a", "aa", "aaa", "b", std::string(255, 'a'), "Ünïcode", "a b"};
    return random_.PickFrom(aliases);
  }

  const std::string& RandomType() {
    static const std::vector<std::string> types = {"message-sent", "message", "m", std::string(255, 't')};
    return random_.PickFrom(types);
  }

  // A few edges, and times so close that many events share one.
  absl::Time RandomTime() {
    static const std::vector<absl::Time> edges = {
        absl::FromCivil(absl::CivilSecond(1, 1, 1), absl::UTCTimeZone()),
        absl::FromCivil(absl::CivilSecond(1, 1, 1), absl::UTCTimeZone()) + absl::Nanoseconds(1),
        absl::FromCivil(absl::CivilSecond(9999, 12, 31, 23, 59, 59), absl::UTCTimeZone()) +
            absl::Nanoseconds(999'999'999),
        absl::UnixEpoch() - absl::Nanoseconds(1), absl::UnixEpoch()};
    if (random_.OneIn(20)) return random_.PickFrom(edges);
    return absl::FromUnixSeconds(1'760'000'000) + absl::Seconds(random_.Below(8)) + absl::Nanoseconds(random_.Below(3));
  }

  NewEvent RandomEvent() {
    static const std::vector<std::pair<std::string, std::string>> properties = {
        {"", "{}"},
        {"{}", "{}"},
        {" { } ", "{}"},
        {R"({"n":1})", R"({"n":1})"},
        {R"({"n": 1.0})", R"({"n":1.0})"},
        {R"({ "text" : "a b" , "list" : [ 1 , 2 ] })", R"({"text":"a b","list":[1,2]})"},
        {R"({"big":9007199254740993})", R"({"big":9007199254740993})"},
        {R"({"long":")" + std::string(2000, 'l') + R"("})", R"({"long":")" + std::string(2000, 'l') + R"("})"}};
    NewEvent event;
    // Events without an id cannot be replaced unknowingly, so that they add up.
    if (!random_.OneIn(1000)) event.customer_event_id = RandomId();
    event.customer_alias = RandomAlias();
    event.event_type = RandomType();
    if (!random_.OneIn(10)) event.event_timestamp = RandomTime();
    std::tie(event.event_properties, event.minified) = random_.PickFrom(properties);
    if (random_.OneIn(40)) MakeInvalid(&event);
    return event;
  }

  void MakeInvalid(NewEvent* event) {
    event->invalid = RejectReason::kInvalidValue;
    switch (random_.Below(4)) {
      case 0:
        event->customer_event_id = "";
        return;
      case 1:
        event->customer_alias = std::string(256, 'a');
        return;
      case 2:
        event->event_type = std::string("a\0b", 3);
        return;
      default:
        event->event_properties = R"({"a":1,"\u0061":2})";
        event->invalid = RejectReason::kDuplicateKey;
    }
  }

  // --- Operations ---

  void RandomWrite() {
    const Uuid account = RandomAccount();
    std::vector<NewEvent> batch(random_.OneIn(4) ? 1 + random_.Below(12) : 1);
    std::generate(batch.begin(), batch.end(), [this] { return RandomEvent(); });
    Write(account, batch);
  }

  void RandomRead() {
    switch (random_.Below(40)) {
      case 0:
        return CompareScan(RandomScan());
      case 1:
        return ComparePages(RandomScan());
      case 2:
        return CompareSplit(RandomScan());
      case 3:
        return CompareFeed(model_.last_sequence() -
                           random_.Below(std::min<std::uint64_t>(model_.last_sequence(), 100) + 1));
      default:
        return CompareGet(RandomAccount(), RandomId());
    }
  }

  ScanOptions RandomScan() {
    ScanOptions options{.account = RandomAccount()};
    if (random_.OneIn(2)) options.from = RandomTime();
    if (random_.OneIn(2)) options.to = RandomTime();
    for (std::size_t i = random_.Below(3); i > 0; --i) options.event_types.push_back(RandomType());
    for (std::size_t i = random_.Below(3); i > 0; --i) options.customer_aliases.push_back(RandomAlias());
    if (random_.OneIn(2)) options.direction = Direction::kDescending;
    if (random_.OneIn(3)) options.limit = random_.Below(40);
    return options;
  }

  // --- Comparing ---

  void CompareGet(const Uuid& account, const std::string& id) {
    const Stored* expected = model_.Find(account, id);
    const absl::StatusOr<OwnedEvent> event = store_->Get(account, id);
    if (expected == nullptr) {
      EXPECT_THAT(event, StatusIs(absl::StatusCode::kNotFound));
    } else {
      ASSERT_THAT(event, IsOk());
      EXPECT_EQ(Stored(**event), *expected);
    }
  }

  void CompareScan(const ScanOptions& options) {
    EXPECT_THAT(ReadAll(store_->Scan(options)), IsOkAndHolds(ContainerEq(model_.Scan(options))));
  }

  void ComparePages(ScanOptions options) {
    options.limit.reset();
    const std::vector<Stored> expected = model_.Scan(options);
    options.limit = 1 + random_.Below(20);
    std::vector<Stored> all;
    while (true) {
      EventIterator page = store_->Scan(options);
      std::size_t rows = 0;
      for (; page.Valid(); page.Next(), ++rows) all.emplace_back(page.event());
      ASSERT_THAT(page.status(), IsOk());
      if (!page.cursor()) break;
      ASSERT_EQ(rows, *options.limit);
      options.cursor = *page.cursor();
    }
    EXPECT_THAT(all, ContainerEq(expected));
  }

  void CompareSplit(ScanOptions options) {
    options.limit.reset();
    ASSERT_OK_AND_ASSIGN(std::vector<EventIterator> parts,
                         store_->SplitScan(options, 1 + static_cast<int>(random_.Below(5))));
    std::vector<Stored> all;
    for (EventIterator& part : parts) {
      ASSERT_OK_AND_ASSIGN(const std::vector<Stored> rows, ReadAll(std::move(part)));
      all.insert(all.end(), rows.begin(), rows.end());
    }
    EXPECT_THAT(all, ContainerEq(model_.Scan(options)));
  }

  void CompareFeed(std::uint64_t after) {
    ChangesOptions options{.after = after};
    if (random_.OneIn(3)) options.account = RandomAccount();
    if (random_.OneIn(3)) options.limit = random_.Below(50);
    EXPECT_THAT(ReadAll(store_->Changes(options)), IsOkAndHolds(ContainerEq(model_.Changes(options))));
  }

  void CompareEverything() {
    for (std::uint8_t n = 1; n <= 4; ++n) {  // the last account is empty
      for (const Direction direction : {Direction::kAscending, Direction::kDescending}) {
        ScanOptions options{.account = Account(n), .direction = direction};
        CompareScan(options);
        options.customer_aliases = {RandomAlias()};
        CompareScan(options);
        options.event_types = {RandomType()};
        CompareScan(options);
        options.customer_aliases = {};
        CompareScan(options);
      }
      ASSERT_OK_AND_ASSIGN(const StoreStats stats, store_->Stats(Account(n)));
      EXPECT_EQ(stats.events, model_.Scan({.account = Account(n)}).size());
      EXPECT_EQ(stats.store_events, model_.size());
    }
    for (const auto& [identity, change] : model_.live()) CompareGet(identity.first, identity.second);
    EXPECT_THAT(ReadAll(store_->Changes()), IsOkAndHolds(ContainerEq(model_.Changes({}))));
    ASSERT_OK_AND_ASSIGN(const VerifyReport report, store_->Verify());
    EXPECT_EQ(report.events, model_.size());
    EXPECT_EQ(report.last_sequence, model_.last_sequence());
    for (const Difference& difference : report.differences) {
      ADD_FAILURE() << difference.family << " " << difference.key << ": " << difference.problem;
    }
  }
};

TEST_P(ModelTest, AnswersAsAPlainMapDoes) {
  Open();
  for (int operation = 1; operation <= kOperations / kParts && !HasFailure(); ++operation) {
    SCOPED_TRACE("operation " + std::to_string(operation));
    const bool reopened = random_.OneIn(1000);
    if (reopened) {
      Reopen();
    } else {
      RandomWrite();
    }
    if (HasFatalFailure()) return;
    RandomRead();
    if (reopened || operation % kOperationsBetweenComparisons == 0) CompareEverything();
  }
  CompareEverything();
}

INSTANTIATE_TEST_SUITE_P(Parts, ModelTest, ::testing::Range(0, kParts));

}  // namespace
}  // namespace tallystick::testing
