// Outcomes, batches, durability, timeouts and limits of writing.

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tallystick/store.h"
#include "tests/support/customer_event_ids.h"
#include "tests/support/open_store.h"

namespace tallystick::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

using WriteTest = StoreTest;

TEST_F(WriteTest, AnEventOfANewIdIsCreated) {
  const WriteResult result = Put(MakeEvent("a", 1));
  EXPECT_EQ(result.outcome, Outcome::kCreated);
  EXPECT_EQ(result.sequence, 1u);
  EXPECT_EQ(result.event_timestamp, At(1));
  EXPECT_FALSE(result.identity_assigned);
  EXPECT_THAT(result.id.ToString(),
              MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  ASSERT_OK_AND_ASSIGN(const OwnedEvent stored, store().Get(account_, "a"));
  EXPECT_EQ(stored->id, result.id);
  EXPECT_EQ(stored->received, clock_.Now());
}

TEST_F(WriteTest, ARetryIsUnchangedAndKeepsIdAndSequence) {
  const WriteResult first = Put(MakeEvent("a", 1, "acme", "t", R"({"n": 1.10})"));
  clock_.Advance(absl::Hours(1));
  const WriteResult retry = Put(MakeEvent("a", 1, "acme", "t", R"({ "n":1.10 })"));
  EXPECT_EQ(retry.outcome, Outcome::kUnchanged);
  EXPECT_EQ(retry.id, first.id);
  EXPECT_EQ(retry.sequence, first.sequence);
  ASSERT_OK_AND_ASSIGN(const OwnedEvent stored, store().Get(account_, "a"));
  EXPECT_EQ(stored->event_properties, R"({"n":1.10})");
}

TEST_F(WriteTest, ResultsHoldTheEventsOnRequest) {
  EXPECT_EQ(Put(MakeEvent("a", 1)).event, nullptr);
  Event moved = MakeEvent("a", 2, "acme", "call", R"({ "n": 1.10 })");
  ASSERT_OK_AND_ASSIGN(
      const std::vector<WriteResult> results,
      store().WriteJson(account_,
                        {R"({"customerEventId":"a","customerAlias":"acme","eventType":"message-sent"})",
                         R"({"customerAlias":"zeta","eventType":"call","eventTimestamp":"x"})",
                         R"({"customerAlias":"zeta","eventType":"call"})"},
                        {.return_events = true}));
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].outcome, Outcome::kUnchanged);
  EXPECT_EQ(results[1].event, nullptr);
  EXPECT_TRUE(results[2].identity_assigned);
  const WriteResult superseding = Put(moved, {.return_events = true});
  EXPECT_EQ(superseding.outcome, Outcome::kSuperseded);
  EXPECT_EQ((*superseding.event)->event_properties, R"({"n":1.10})");

  // What they hold is what a read gives, to the last field; of the event that was replaced, what one gave before.
  EXPECT_EQ((*results[0].event)->event_timestamp, At(1));
  EXPECT_EQ((*results[0].event)->received, clock_.Now());
  const auto same_as_read = [&](const WriteResult& result, std::string_view id) {
    ASSERT_OK_AND_ASSIGN(const OwnedEvent stored, store().Get(account_, id));
    EXPECT_EQ(Stored(**result.event), Stored(*stored));
  };
  same_as_read(superseding, "a");
  same_as_read(results[2], results[2].id.ToString());
}

TEST_F(WriteTest, AStoreSaysWhetherItTakesWrites) {
  EXPECT_THAT(store().Writable(), IsOk());
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> reader, Store::Open(path_, {.read_only = true}));
  EXPECT_THAT(reader->Writable(), StatusIs(absl::StatusCode::kFailedPrecondition));
  ASSERT_THAT(store().Close(), IsOk());
  EXPECT_THAT(store().Writable(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(WriteTest, ARetryWithoutATimestampMatchesAnyInstant) {
  const WriteResult first = Put(MakeEvent("a", 1));
  Event retry = MakeEvent("a", 1);
  retry.event_timestamp.reset();
  const WriteResult result = Put(retry);
  EXPECT_EQ(result.outcome, Outcome::kUnchanged);
  EXPECT_EQ(result.event_timestamp, At(1));
  EXPECT_EQ(result.id, first.id);
}

TEST_F(WriteTest, WhateverDiffersSupersedesInEveryIndex) {
  struct Case {
    const char* what;
    Event event;
  };
  const std::vector<Case> cases = {
      {"time", MakeEvent("a", 9)},
      {"a nanosecond", MakeEvent("a", 1.000000001)},
      {"alias", MakeEvent("a", 1, "other")},
      {"type", MakeEvent("a", 1, "acme", "other")},
      {"properties", MakeEvent("a", 1, "acme", "message-sent", R"({"n":1})")},
      {"the text of a number", MakeEvent("a", 1, "acme", "message-sent", R"({"n":1.0})")},
  };
  WriteResult last = Put(MakeEvent("a", 1));
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const WriteResult result = Put(c.event);
    EXPECT_EQ(result.outcome, Outcome::kSuperseded);
    EXPECT_EQ(result.superseded_id, last.id);
    EXPECT_GT(result.id, last.id);
    EXPECT_EQ(result.sequence, last.sequence + 1);
    EXPECT_THAT(ScanIds(), ElementsAre("a"));
    EXPECT_THAT(ScanIds({.customer_aliases = {std::string(c.event.customer_alias)}}), ElementsAre("a"));
    ASSERT_OK_AND_ASSIGN(const auto changes, ReadAll(store().Changes()));
    ASSERT_EQ(changes.size(), 1u);
    EXPECT_EQ(changes[0].event.id, result.id);
    EXPECT_EQ(changes[0].replaced, std::pair(last.sequence, last.id));
    last = result;
  }
  EXPECT_THAT(ScanIds({.customer_aliases = {"other"}}), IsEmpty());
  ASSERT_OK_AND_ASSIGN(const VerifyReport report, store().Verify());
  EXPECT_TRUE(report.ok());
}

TEST_F(WriteTest, OneAccountsIdIsNotAnothers) {
  Put(MakeEvent("a", 1));
  ASSERT_OK_AND_ASSIGN(const WriteResult result, store().Put(Account(2), MakeEvent("a", 2)));
  EXPECT_EQ(result.outcome, Outcome::kCreated);
  ASSERT_OK_AND_ASSIGN(const OwnedEvent mine, store().Get(account_, "a"));
  EXPECT_EQ(mine->event_timestamp, At(1));
  EXPECT_THAT(store().Get(Account(3), "a"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(WriteTest, AnEventWithoutIdIsNewEachTimeAndFoundByItsOwnId) {
  Event event = MakeEvent("", 1);
  event.customer_event_id.reset();
  const WriteResult first = Put(event);
  const WriteResult second = Put(event);
  EXPECT_EQ(second.outcome, Outcome::kCreated);
  EXPECT_TRUE(second.identity_assigned);
  EXPECT_THAT(ScanIds(), ElementsAre(first.id.ToString(), second.id.ToString()));
  ASSERT_THAT(store().Get(account_, first.id.ToString()), IsOk());

  const std::string id = first.id.ToString();
  const WriteResult corrected = Put(MakeEvent(id, 2));
  EXPECT_EQ(corrected.outcome, Outcome::kSuperseded);
  EXPECT_EQ(corrected.superseded_id, first.id);
  EXPECT_THAT(ScanIds(), ElementsAre(second.id.ToString(), id));
}

// A UUID is kept as its bytes, which must neither change what is given back nor take in what only means the same.
TEST_F(WriteTest, IdsThatAreUuidsOrNearlyAreAllDifferentAndComeBackAsTheyWereSent) {
  const std::vector<std::string> ids = UuidsAndNearMisses();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(Put(MakeEvent(ids[i], static_cast<double>(i))).outcome, Outcome::kCreated) << ids[i];
  }
  for (const bool reopened : {false, true}) {
    if (reopened) Reopen();
    EXPECT_EQ(ScanIds(), ids);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      ASSERT_OK_AND_ASSIGN(const OwnedEvent event, store().Get(account_, ids[i]));
      EXPECT_EQ(event->customer_event_id, ids[i]);
      EXPECT_EQ(event->event_timestamp, At(static_cast<double>(i)));
      EXPECT_EQ(Put(MakeEvent(ids[i], static_cast<double>(i))).outcome, Outcome::kUnchanged) << ids[i];
    }
  }
  EXPECT_EQ(Put(MakeEvent(ids[0], 100)).outcome, Outcome::kSuperseded);
  ASSERT_OK_AND_ASSIGN(const VerifyReport report, store().Verify());
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.events, ids.size());
}

// The key of a UUID is no id.
TEST_F(WriteTest, AnIdThatLooksLikeTheKeyOfAnotherIsNotFound) {
  const std::string id = "9d47c1a5-266c-4437-9b34-615396fb4170";
  Put(MakeEvent(id, 1));
  const Uuid uuid = *Uuid::Parse(id);
  const std::string bytes(uuid.bytes.begin(), uuid.bytes.end());
  for (const std::string& other :
       {'\x01' + bytes, bytes, std::string("\x01"), std::string(1, '\0'), std::string("\x1f")}) {
    EXPECT_THAT(store().Get(account_, other), StatusIs(absl::StatusCode::kNotFound));
  }
  const absl::StatusOr<WriteResult> put = store().Put(account_, MakeEvent('\x01' + bytes, 1));
  EXPECT_TRUE(!put.ok() || put->outcome == Outcome::kRejected);
  EXPECT_THAT(ScanIds(), ElementsAre(id));
}

TEST_F(WriteTest, AnEventWithoutTimestampGetsTheTimeOfReceipt) {
  Event event = MakeEvent("a", 1);
  event.event_timestamp.reset();
  const WriteResult result = Put(event);
  EXPECT_EQ(result.event_timestamp, clock_.Now());
}

TEST_F(WriteTest, TheTimeOfReceiptIsTheClocksAlsoAfterItWasFarAhead) {
  const absl::Time now = clock_.Now() + absl::Nanoseconds(5);
  clock_.Set(now + absl::Hours(24 * 365));
  const WriteResult ahead = Put(MakeEvent("ahead", 1));
  clock_.Set(now);
  Event event = MakeEvent("a", 1);
  event.event_timestamp.reset();
  const WriteResult result = Put(event);
  EXPECT_EQ(result.event_timestamp, now);
  EXPECT_GT(result.id, ahead.id);
}

TEST_F(WriteTest, AClockOutsideTheYearsOfEventsFailsTheWriteAndHarmsNothing) {
  Put(MakeEvent("a", 1));
  const absl::Time before = clock_.Now();
  for (const absl::Time wrong : {absl::InfiniteFuture(), absl::InfinitePast(),
                                 absl::FromCivil(absl::CivilSecond(10000, 1, 1), absl::UTCTimeZone())}) {
    clock_.Set(wrong);
    EXPECT_THAT(store().Put(account_, MakeEvent("b", 1)), StatusIs(absl::StatusCode::kFailedPrecondition, "clock"));
  }
  clock_.Set(absl::FromCivil(absl::CivilSecond(9999, 12, 31), absl::UTCTimeZone()));
  EXPECT_EQ(Put(MakeEvent("c", 1)).outcome, Outcome::kCreated);
  clock_.Set(before);
  Reopen();
  EXPECT_EQ(Put(MakeEvent("b", 1)).outcome, Outcome::kCreated);
  EXPECT_THAT(ScanIds(), ElementsAre("a", "c", "b"));
}

// --- Batches ---

TEST_F(WriteTest, TheLastOfABatchWinsAndEachHasItsOutcome) {
  ASSERT_OK_AND_ASSIGN(const auto results,
                       store().Write(account_, {MakeEvent("a", 1), MakeEvent("b", 1), MakeEvent("a", 2),
                                                MakeEvent("a", 2), MakeEvent("a", 3)}));
  ASSERT_EQ(results.size(), 5u);
  EXPECT_EQ(results[0].outcome, Outcome::kCreated);
  EXPECT_EQ(results[1].outcome, Outcome::kCreated);
  EXPECT_EQ(results[2].outcome, Outcome::kSuperseded);
  EXPECT_EQ(results[2].superseded_id, results[0].id);
  EXPECT_EQ(results[3].outcome, Outcome::kUnchanged);
  EXPECT_EQ(results[3].id, results[2].id);
  EXPECT_EQ(results[4].superseded_id, results[2].id);
  EXPECT_EQ(results[4].sequence, 4u);  // in line order; "unchanged" takes none
  EXPECT_THAT(ScanIds(), ElementsAre("b", "a"));
  ASSERT_OK_AND_ASSIGN(const auto changes, ReadAll(store().Changes()));
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[1].event.sequence, 4u);
}

TEST_F(WriteTest, APartialBatchStoresWhatIsValid) {
  ASSERT_OK_AND_ASSIGN(const auto results,
                       store().Write(account_, {MakeEvent("a", 1), MakeEvent("b", 1, ""), MakeEvent("c", 1)}));
  EXPECT_EQ(results[1].outcome, Outcome::kRejected);
  EXPECT_EQ(results[1].rejection->pointer, "/customerAlias");
  EXPECT_THAT(ScanIds(), ElementsAre("a", "c"));
}

TEST_F(WriteTest, AnAtomicBatchWithARejectedEventStoresNothing) {
  ASSERT_OK_AND_ASSIGN(const auto results,
                       store().Write(account_, {MakeEvent("a", 1), MakeEvent("b", 1, ""), MakeEvent("c", 1)},
                                     {.mode = BatchMode::kAtomic}));
  EXPECT_EQ(results[0].outcome, Outcome::kNotStored);
  EXPECT_EQ(results[0].id, Uuid());
  EXPECT_EQ(results[1].outcome, Outcome::kRejected);
  EXPECT_EQ(results[2].outcome, Outcome::kNotStored);
  EXPECT_THAT(ScanIds(), IsEmpty());
  ASSERT_OK_AND_ASSIGN(const auto valid,
                       store().Write(account_, {MakeEvent("a", 1), MakeEvent("c", 1)}, {.mode = BatchMode::kAtomic}));
  EXPECT_EQ(valid[0].sequence, 1u);
  EXPECT_THAT(ScanIds(), ElementsAre("a", "c"));
}

TEST_F(WriteTest, AnEmptyBatchIsNothing) {
  EXPECT_THAT(store().Write(account_, {}), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(store().WriteJson(account_, {}), IsOkAndHolds(IsEmpty()));
}

TEST_F(WriteTest, JsonDocumentsAndStructsAreOneAndTheSame) {
  const std::vector<std::string_view> documents = {
      R"({"customerEventId":"a","customerAlias":"acme","eventType":"message-sent",)"
      R"("eventTimestamp":"2025-10-09T09:00:01Z","eventProperties":{ }})",
      "rubbish",
      R"({"customerAlias":"acme","eventType":"message-sent"})",
  };
  ASSERT_OK_AND_ASSIGN(const auto results, store().WriteJson(account_, documents));
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].outcome, Outcome::kCreated);
  EXPECT_EQ(results[1].outcome, Outcome::kRejected);
  EXPECT_EQ(results[1].rejection->reason, RejectReason::kInvalidJson);
  EXPECT_EQ(results[1].rejection->offset, 0u);
  EXPECT_EQ(results[2].outcome, Outcome::kCreated);
  EXPECT_TRUE(results[2].identity_assigned);
  EXPECT_EQ(Put(MakeEvent("a", 1)).outcome, Outcome::kUnchanged);
}

TEST_F(WriteTest, TenThousandEventsAreOneBatch) {
  std::vector<std::string> names;
  for (int i = 0; i < 10'000; ++i) names.push_back("event-" + std::to_string(i * 7919 % 10'000));
  std::vector<Event> events;
  for (std::size_t i = 0; i < names.size(); ++i) events.push_back(MakeEvent(names[i], static_cast<double>(i % 60)));
  ASSERT_OK_AND_ASSIGN(const auto results, store().Write(account_, events));
  EXPECT_EQ(results.back().sequence, 10'000u);
  ASSERT_OK_AND_ASSIGN(const VerifyReport report, store().Verify());
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.events, 10'000u);
}

// --- Structs are held to the rules of JSON ---

TEST_F(WriteTest, AStructIsHeldToTheRulesOfTheForm) {
  const std::string long_name(256, 'x');
  const std::string just_fits(255, 'x');
  const std::string deep = std::string(63, '[') + std::string(63, ']');
  const std::string too_deep = R"({"a":)" + deep + "}";
  const std::string deep_enough = R"({"a":)" + deep.substr(1, 124) + "}";
  const std::string large = R"({"a":")" + std::string(kPropertiesBytesMax, 'x') + R"("})";
  struct Case {
    const char* what;
    Event event;
    RejectReason reason;
    const char* pointer;
  };
  Event far = MakeEvent("a", 1);
  far.event_timestamp = absl::FromCivil(absl::CivilSecond(10000, 1, 1), absl::UTCTimeZone());
  Event early = MakeEvent("a", 1);
  early.event_timestamp = absl::FromCivil(absl::CivilSecond(1, 1, 1), absl::UTCTimeZone()) - absl::Nanoseconds(1);
  Event infinite = MakeEvent("a", 1);
  infinite.event_timestamp = absl::InfiniteFuture();
  const std::vector<Case> cases = {
      {"empty id", MakeEvent("", 1), RejectReason::kInvalidValue, "/customerEventId"},
      {"long id", MakeEvent(long_name, 1), RejectReason::kInvalidValue, "/customerEventId"},
      {"zero byte", MakeEvent(std::string_view("a\0b", 3), 1), RejectReason::kInvalidValue, "/customerEventId"},
      {"bad UTF-8", MakeEvent("\xc3", 1), RejectReason::kInvalidValue, "/customerEventId"},
      {"control in alias", MakeEvent("a", 1, "a\nb"), RejectReason::kInvalidValue, "/customerAlias"},
      {"long type", MakeEvent("a", 1, "acme", long_name), RejectReason::kInvalidValue, "/eventType"},
      {"after 9999", far, RejectReason::kInvalidValue, "/eventTimestamp"},
      {"before 0001", early, RejectReason::kInvalidValue, "/eventTimestamp"},
      {"infinite", infinite, RejectReason::kInvalidValue, "/eventTimestamp"},
      {"no object", MakeEvent("a", 1, "acme", "t", "[]"), RejectReason::kWrongType, "/eventProperties"},
      {"no JSON", MakeEvent("a", 1, "acme", "t", "{"), RejectReason::kInvalidJson, "/eventProperties"},
      {"key twice", MakeEvent("a", 1, "acme", "t", R"({"a":1,"a":2})"), RejectReason::kDuplicateKey,
       "/eventProperties/a"},
      {"too deep", MakeEvent("a", 1, "acme", "t", too_deep), RejectReason::kTooDeep, "/eventProperties"},
      {"too large", MakeEvent("a", 1, "acme", "t", large), RejectReason::kTooLarge, "/eventProperties"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const WriteResult result = Put(c.event);
    EXPECT_EQ(OutcomeName(result.outcome), "rejected");
    ASSERT_TRUE(result.rejection.has_value());
    EXPECT_EQ(RejectReasonName(result.rejection->reason), RejectReasonName(c.reason)) << result.rejection->ToString();
    EXPECT_EQ(result.rejection->pointer, c.pointer) << result.rejection->ToString();
  }
  EXPECT_EQ(Put(MakeEvent(just_fits, 1)).outcome, Outcome::kCreated);
  EXPECT_EQ(Put(MakeEvent("deep", 1, "acme", "t", deep_enough)).outcome, Outcome::kCreated);
}

TEST_F(WriteTest, TheFutureLimitRejectsWhatLiesBeyond) {
  options_.future_limit = absl::Seconds(10);
  clock_.Set(At(0));
  EXPECT_EQ(Put(MakeEvent("a", 10)).outcome, Outcome::kCreated);
  const WriteResult beyond = Put(MakeEvent("b", 10.000000001));
  ASSERT_EQ(beyond.outcome, Outcome::kRejected);
  EXPECT_EQ(beyond.rejection->reason, RejectReason::kInFuture);
  EXPECT_EQ(beyond.rejection->pointer, "/eventTimestamp");
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Put(MakeEvent("b", 10.000000001)).outcome, Outcome::kCreated);
}

// --- Ids ---

TEST_F(WriteTest, IdsIncreaseAcrossAReopenAndAClockThatStepsBack) {
  Uuid last{};
  const auto put_some = [&](const char* when) {
    SCOPED_TRACE(when);
    for (int i = 0; i < 50; ++i) {
      const WriteResult result = Put(MakeEvent("a", i));
      EXPECT_GT(result.id, last);
      last = result.id;
    }
  };
  put_some("at first");
  clock_.Advance(-absl::Hours(24 * 365));
  put_some("after a step back");
  Reopen();
  put_some("after a reopen");
  clock_.Set(absl::UnixEpoch() - absl::Hours(1));
  Reopen();
  put_some("before 1970");
  clock_.Set(absl::FromUnixSeconds(2'000'000'000));
  const WriteResult later = Put(MakeEvent("a", 1));
  EXPECT_EQ(later.id.ToString().substr(0, 13), "01d1a94a-2000");  // 2,000,000,000,000 ms
}

// --- Durability and time ---

TEST_F(WriteTest, BothDurabilitiesAndASyncWork) {
  EXPECT_EQ(Put(MakeEvent("a", 1), {.durability = Durability::kSynced}).outcome, Outcome::kCreated);
  EXPECT_EQ(Put(MakeEvent("b", 1), {.durability = Durability::kBuffered}).outcome, Outcome::kCreated);
  EXPECT_EQ(Put(MakeEvent("b", 1), {.durability = Durability::kSynced}).outcome, Outcome::kUnchanged);
  EXPECT_THAT(store().Sync(), IsOk());
  EXPECT_THAT(store().Sync(), IsOk());
}

TEST_F(WriteTest, ATimeoutThatHasPassedIsDeadlineExceededAndStoresNothing) {
  EXPECT_THAT(store().Put(account_, MakeEvent("a", 1), {.timeout = absl::ZeroDuration()}),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(store().Put(account_, MakeEvent("a", 1), {.timeout = -absl::Seconds(1)}),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(ScanIds(), IsEmpty());
}

TEST_F(WriteTest, AGenerousTimeoutChangesNothing) {
  for (const Durability durability : {Durability::kSynced, Durability::kBuffered}) {
    const WriteResult result = Put(MakeEvent("a", 1), {.durability = durability, .timeout = absl::Hours(1)});
    EXPECT_NE(result.outcome, Outcome::kRejected);
  }
  EXPECT_EQ(Put(MakeEvent("b", 1), {.timeout = absl::InfiniteDuration()}).outcome, Outcome::kCreated);
}

TEST_F(WriteTest, ARetryAfterAnUnknownOutcomeIsSafe) {
  options_.write_timeout = absl::Nanoseconds(1);  // passes while the write is on its way, or before
  const absl::StatusOr<WriteResult> attempt = store().Put(account_, MakeEvent("a", 1));
  if (!attempt.ok()) {
    EXPECT_THAT(attempt, StatusIs(absl::StatusCode::kDeadlineExceeded));
  }
  const WriteResult retry = Put(MakeEvent("a", 1), {.timeout = absl::Hours(1)});
  EXPECT_TRUE(retry.outcome == Outcome::kCreated || retry.outcome == Outcome::kUnchanged);
  EXPECT_THAT(ScanIds(), ElementsAre("a"));
}

}  // namespace
}  // namespace tallystick::testing
