// Damage of every kind, planted behind the store's back, and what Verify and the reads say of it.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/meta_rows.h"
#include "lib/encoding/rows.h"
#include "tallystick/store.h"
#include "tests/support/open_store.h"
#include "tests/support/raw_rows.h"

namespace tallystick::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Matcher;
using ::testing::SizeIs;

// A difference in `family` at a row whose description contains `key`, with exactly this problem.
Matcher<Difference> DifferenceIn(const std::string& family, const std::string& key, const std::string& problem) {
  return AllOf(Field(&Difference::family, family), Field(&Difference::key, HasSubstr(key)),
               Field(&Difference::problem, problem));
}

// Three events: "a" at sequence 1, "b" at 3 in the place of one at 2, and one without an id at 4.
class VerifyTest : public StoreTest {
 protected:
  void SetUp() override {
    Event without_id = MakeEvent("", 3);
    without_id.customer_event_id.reset();
    for (const Event& event : {MakeEvent("a", 1), MakeEvent("b", 5), MakeEvent("b", 2, "zeta"), without_id}) {
      clock_.Advance(absl::Seconds(1));
      own_id_ = Put(event).id.ToString();
    }
  }

  // Changes rows of the store as it was at the first call, behind its back.
  void Damage(const std::function<void(RawRows*)>& damage) {
    Close();
    const std::string healthy = folder_.path("healthy");
    const bool first = !std::filesystem::exists(healthy);
    if (!first) std::filesystem::remove_all(path_);
    std::filesystem::copy(first ? path_ : healthy, first ? healthy : path_, std::filesystem::copy_options::recursive);
    RawRows rows(path_);
    damage(&rows);
  }

  VerifyReport Verify() {
    absl::StatusOr<VerifyReport> report = store().Verify();
    EXPECT_THAT(report, IsOk());
    return report.ok() ? *std::move(report) : VerifyReport();
  }
  void ExpectDifferences(const std::vector<Matcher<Difference>>& differences) {
    const VerifyReport report = Verify();
    EXPECT_EQ(report.ok(), differences.empty());
    EXPECT_EQ(report.difference_count, differences.size());
    EXPECT_THAT(report.differences, ::testing::UnorderedElementsAreArray(differences));
  }

  static Instant Time(double second) { return *Instant::FromTime(At(second)); }
  template <typename Key>
  static std::string Text(const Key& key) {
    return std::string(key.Encode().view());
  }
  std::string EventRowKey(double second, std::uint64_t sequence) const {
    return Text(EventKey{.account = account_, .time = Time(second), .sequence = sequence});
  }
  std::string IdRowKey(std::string_view id) const { return Text(EventIdKey{account_, id}); }
  std::string CustomerRowKey(std::string_view alias, double second, std::uint64_t sequence) const {
    return Text(CustomerKey{.account = account_, .customer_alias = alias, .time = Time(second), .sequence = sequence});
  }
  static std::string ChangeRowKey(std::uint64_t sequence) { return Text(ChangeKey{sequence}); }

  static std::string ValueOf(const RawRows& rows, const std::string& family, const std::string& key) {
    for (const auto& [name, value] : rows.All(family)) {
      if (name == key) return value;
    }
    ADD_FAILURE() << family << " has no such row";
    return "";
  }
  // Decodes a row, changes it, and puts it back.
  template <typename Row>
  static void Alter(RawRows* rows, const std::string& family, const std::string& key,
                    const std::function<void(Row*)>& alter) {
    const std::string value = ValueOf(*rows, family, key);
    absl::StatusOr<Row> row = Row::Decode(value);
    ASSERT_THAT(row, IsOk());
    alter(&*row);
    std::string altered;
    row->AppendTo(&altered);
    rows->Put(family, key, altered);
  }

  std::string own_id_;  // of the event without an id
};

TEST_F(VerifyTest, AHealthyStoreHasNoDifferences) {
  ASSERT_OK_AND_ASSIGN(const WriteResult other, store().Put(Account(2), MakeEvent("a", 1)));
  EXPECT_EQ(other.sequence, 5u);
  for (const bool reopened : {false, true}) {
    if (reopened) Reopen();
    const VerifyReport report = Verify();
    EXPECT_TRUE(report.ok());
    EXPECT_THAT(report.differences, IsEmpty());
    EXPECT_EQ(report.events, 4u);
    EXPECT_EQ(report.event_ids, 4u);
    EXPECT_EQ(report.customers, 4u);
    EXPECT_EQ(report.changes, 4u);
    EXPECT_EQ(report.rollups, 0u);
    EXPECT_EQ(report.last_sequence, 5u);
  }
}

TEST_F(VerifyTest, TellsOfItsProgress) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> steps;
  ASSERT_THAT(
      store().Verify({.progress = [&](std::uint64_t read, std::uint64_t all) { steps.emplace_back(read, all); }}),
      IsOk());
  ASSERT_THAT(steps, SizeIs(4));
  EXPECT_TRUE(std::is_sorted(steps.begin(), steps.end()));
  EXPECT_EQ(steps.back().first, 12u);
  for (const auto& [read, all] : steps) EXPECT_LE(read, all);
}

// --- A row is gone ---

TEST_F(VerifyTest, AMissingEventIsMissedByTheOtherThree) {
  Damage([this](RawRows* rows) { rows->Delete("events", EventRowKey(1, 1)); });
  ExpectDifferences({DifferenceIn("event_ids", "'a'", "points to an event that is not there"),
                     DifferenceIn("customers", "'acme'", "points to an event that is not there"),
                     DifferenceIn("changes", "sequence 1", "points to an event that is not there")});
}

TEST_F(VerifyTest, AMissingRowOfAnIndexIsNamed) {
  struct Case {
    std::string family;
    std::string key;
    std::vector<Matcher<Difference>> differences;
  };
  const std::vector<Case> cases = {
      {"event_ids", IdRowKey("b"), {DifferenceIn("event_ids", "'b'", "is missing, though an event has this id")}},
      {"event_ids", IdRowKey(own_id_), {DifferenceIn("event_ids", own_id_, "is missing, though an event has this id")}},
      {"customers",
       CustomerRowKey("zeta", 2, 3),
       {DifferenceIn("customers", "'zeta'", "is missing, though there is such an event")}},
      {"changes",
       ChangeRowKey(3),
       {DifferenceIn("changes", "sequence 3", "is missing, though an event has this sequence"),
        DifferenceIn("event_ids", "'b'", "points to a sequence that 'changes' does not have")}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.family);
    Damage([&](RawRows* rows) { rows->Delete(c.family, c.key); });
    ExpectDifferences(c.differences);
  }
}

// --- A row is too many ---

TEST_F(VerifyTest, ARowTooManyOfAnIndexIsNamed) {
  struct Case {
    std::string family;
    std::string key;
    std::string value_of;  // another row of the family, whose value it gets
    std::vector<Matcher<Difference>> differences;
  };
  const std::string nowhere = "points to an event that is not there";
  const std::vector<Case> cases = {
      {"event_ids",
       IdRowKey("x"),
       IdRowKey("a"),
       {DifferenceIn("event_ids", "'x'", "points to an event with another id")}},
      {"event_ids",
       Text(EventIdKey{Account(2), "a"}),
       IdRowKey("a"),
       {DifferenceIn("event_ids", Account(2).ToString(), "points to an event of another account")}},
      {"customers",
       CustomerRowKey("zeta", 1, 1),
       CustomerRowKey("acme", 1, 1),
       {DifferenceIn("customers", "'zeta'", "points to an event of another customer")}},
      {"customers",
       CustomerRowKey("acme", 1, 2),
       CustomerRowKey("acme", 1, 1),
       {DifferenceIn("customers", "sequence 2", nowhere)}},
      {"changes",
       ChangeRowKey(2),
       ChangeRowKey(1),
       {DifferenceIn("changes", "sequence 2", nowhere),
        DifferenceIn("changes", "sequence 2", "has a receipt that is not after the one before it")}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.family);
    Damage([&](RawRows* rows) { rows->Put(c.family, c.key, ValueOf(*rows, c.family, c.value_of)); });
    ExpectDifferences(c.differences);
  }
}

TEST_F(VerifyTest, AnEventTooManyIsMissedInTheOtherThree) {
  Damage(
      [this](RawRows* rows) { rows->Put("events", EventRowKey(5, 2), ValueOf(*rows, "events", EventRowKey(2, 3))); });
  ExpectDifferences(
      {DifferenceIn("event_ids", "'b'", "points elsewhere, though an event with this id stands at sequence 2"),
       DifferenceIn("customers", "sequence 2", "is missing, though there is such an event"),
       DifferenceIn("changes", "sequence 2", "is missing, though an event has this sequence")});
}

TEST_F(VerifyTest, RowsOfAFamilyThatNothingUsesYetAreNamed) {
  Damage([](RawRows* rows) {
    rows->Put("consumers", "x", "y");
    rows->Put("consumers", "z", "y");
  });
  ExpectDifferences({DifferenceIn("consumers", "", "holds 2 rows that this format version does not have")});
}

// --- A row says something else ---

TEST_F(VerifyTest, AnAlteredIdRowIsNamed) {
  struct Case {
    std::function<void(EventIdRow*)> alter;
    std::vector<std::string> problems;
  };
  const std::vector<Case> cases = {
      {[](EventIdRow* row) { row->fingerprint ^= 1; }, {"has another fingerprint than its event"}},
      {[](EventIdRow* row) { row->sequence = 2; },
       {"points elsewhere, though an event with this id stands at sequence 1",
        "points to a sequence that 'changes' does not have"}},
      {[](EventIdRow* row) { row->sequence = 3; },
       {"points elsewhere, though an event with this id stands at sequence 1", "points to an event with another id"}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.problems.back());
    Damage([&](RawRows* rows) { Alter(rows, "event_ids", IdRowKey("a"), c.alter); });
    std::vector<Matcher<Difference>> differences;
    for (const std::string& problem : c.problems) differences.push_back(DifferenceIn("event_ids", "'a'", problem));
    ExpectDifferences(differences);
  }
}

TEST_F(VerifyTest, AnAlteredChangeRowIsNamed) {
  struct Case {
    std::function<void(ChangeRow*)> alter;
    std::vector<std::string> problems;
    std::string problem_of_its_id{};
  };
  const std::string elsewhere = "points elsewhere, though an event has this sequence";
  const std::string nowhere = "points to an event that is not there";
  const std::vector<Case> cases = {
      {[](ChangeRow* row) { ++row->receipt.ticks; }, {"has another receipt than its event"}},
      {[](ChangeRow* row) { row->receipt.ticks = 1; },
       {"has another receipt than its event", "has a receipt that is not after the one before it",
        "replaces an event that came after it"}},
      {[](ChangeRow* row) { ++row->time.nanos; }, {elsewhere, nowhere}, nowhere},
      {[](ChangeRow* row) { row->account = Account(2); },
       {elsewhere, nowhere},
       "points to an event of another account"},
      {[](ChangeRow* row) { row->replaced->sequence = 3; }, {"replaces an event that came after it"}},
      {[](ChangeRow* row) { row->replaced->receipt = row->receipt; }, {"replaces an event that came after it"}},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE("case " + std::to_string(i));
    Damage([&](RawRows* rows) { Alter(rows, "changes", ChangeRowKey(3), cases[i].alter); });
    std::vector<Matcher<Difference>> differences;
    for (const std::string& problem : cases[i].problems) {
      differences.push_back(DifferenceIn("changes", "sequence 3", problem));
    }
    if (!cases[i].problem_of_its_id.empty()) {
      differences.push_back(DifferenceIn("event_ids", "'b'", cases[i].problem_of_its_id));
    }
    ExpectDifferences(differences);
  }
}

TEST_F(VerifyTest, AnAlteredEventDisagreesWithTheOtherThree) {
  const std::string key = EventRowKey(1, 1);
  struct Case {
    std::function<void(EventRow*)> alter;
    std::vector<Matcher<Difference>> differences;
  };
  const auto fingerprint = DifferenceIn("event_ids", "'a'", "has another fingerprint than its event");
  const std::vector<Case> cases = {
      {[](EventRow* row) { row->event_properties = R"({"n":1})"; }, {fingerprint}},
      {[](EventRow* row) { row->event_type = "x"; }, {fingerprint}},
      {[](EventRow* row) { row->customer_alias = "acmf"; },
       {fingerprint, DifferenceIn("customers", "'acmf'", "is missing, though there is such an event"),
        DifferenceIn("customers", "'acme'", "points to an event of another customer")}},
      {[](EventRow* row) { ++row->receipt.ticks; },
       {DifferenceIn("changes", "sequence 1", "has another receipt than its event")}},
      {[](EventRow* row) { row->customer_event_id = "x"; },
       {DifferenceIn("event_ids", "'x'", "is missing, though an event has this id"),
        DifferenceIn("event_ids", "'a'", "points to an event with another id")}},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE("case " + std::to_string(i));
    Damage([&](RawRows* rows) { Alter(rows, "events", key, cases[i].alter); });
    ExpectDifferences(cases[i].differences);
  }
}

TEST_F(VerifyTest, ARowThatDoesNotDecodeIsNamed) {
  const std::string hex_of_x = "78";
  struct Case {
    std::string family;
    std::string key;
    std::string value;
    Matcher<Difference> difference;
    std::vector<Matcher<Difference>> others{};
  };
  const std::vector<Case> cases = {
      {"events", EventRowKey(1, 1), "rubbish",
       AllOf(Field(&Difference::family, "events"), Field(&Difference::key, HasSubstr("sequence 1")),
             Field(&Difference::problem, HasSubstr("has an unknown tag")))},
      {"events", "x", "", AllOf(Field(&Difference::family, "events"), Field(&Difference::key, HasSubstr(hex_of_x)))},
      {"event_ids", IdRowKey("a"), "rubbish", DifferenceIn("event_ids", "'a'", "does not decode")},
      {"event_ids", "x", "", DifferenceIn("event_ids", hex_of_x, "does not decode")},
      {"customers", CustomerRowKey("acme", 1, 1), "not empty",
       DifferenceIn("customers", "sequence 1", "does not decode")},
      {"customers", "x", "", DifferenceIn("customers", hex_of_x, "does not decode")},
      {"changes",
       ChangeRowKey(1),
       "rubbish",
       DifferenceIn("changes", "sequence 1", "does not decode"),
       {DifferenceIn("event_ids", "'a'", "points to a row of 'changes' that does not decode")}},
      {"changes", "x", "", DifferenceIn("changes", hex_of_x, "does not decode")},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.family + " " + c.value);
    Damage([&](RawRows* rows) { rows->Put(c.family, c.key, c.value); });
    std::vector<Matcher<Difference>> differences = c.others;
    differences.push_back(c.difference);
    ExpectDifferences(differences);
  }
}

// --- The position ---

TEST_F(VerifyTest, APositionLessThanWhatIsStoredIsNamed) {
  const auto put_position = [this](const std::function<void(CommitPosition*)>& alter) {
    Damage([&](RawRows* rows) {
      absl::StatusOr<CommitPosition> position = CommitPosition::Decode(ValueOf(*rows, "default", "position"));
      ASSERT_THAT(position, IsOk());
      alter(&*position);
      rows->Put("default", "position", position->Encode());
    });
  };
  put_position([](CommitPosition* position) { position->sequence = 3; });
  ExpectDifferences({DifferenceIn("events", "sequence 4", "its sequence is greater than the store's last"),
                     DifferenceIn("changes", "sequence 4", "is greater than the store's last sequence")});
  put_position([](CommitPosition* position) { position->sequence = 4; });
  ExpectDifferences({});
  put_position([](CommitPosition* position) { --position->receipt.ticks; });
  ExpectDifferences({DifferenceIn("default", "position", "its receipt lies before that of a stored event")});
}

// --- Many ---

TEST_F(VerifyTest, AHundredDifferencesAreKeptAndAllAreCounted) {
  std::vector<std::string> names;
  for (int i = 0; i < 1500; ++i) names.push_back("event-" + std::to_string(i));
  std::vector<Event> events;
  for (const std::string& name : names) events.push_back(MakeEvent(name, 7));
  ASSERT_THAT(store().Write(account_, events), IsOk());
  Damage([](RawRows* rows) {
    for (const auto& [key, value] : rows->All("customers")) rows->Delete("customers", key);
  });
  const VerifyReport report = Verify();
  EXPECT_EQ(report.difference_count, 1503u);
  EXPECT_THAT(report.differences, SizeIs(100));
  EXPECT_THAT(report.differences, ::testing::Each(Field(&Difference::family, "customers")));
  EXPECT_EQ(report.events, 1503u);
  EXPECT_EQ(report.customers, 0u);
}

// --- What reads say of damage: never a row left out without a word ---

class DamagedReadTest : public VerifyTest {
 protected:
  struct Answers {
    absl::Status get_a, get_b, scan, reverse, acme, zeta, feed, stats;
  };
  Answers ReadEverything() {
    return {.get_a = store().Get(account_, "a").status(),
            .get_b = store().Get(account_, "b").status(),
            .scan = ReadAll(store().Scan({.account = account_})).status(),
            .reverse = ReadAll(store().Scan({.account = account_, .direction = Direction::kDescending})).status(),
            .acme = ReadAll(store().Scan({.account = account_, .customer_aliases = {"acme"}})).status(),
            .zeta = ReadAll(store().Scan({.account = account_, .customer_aliases = {"zeta"}})).status(),
            .feed = ReadAll(store().Changes()).status(),
            .stats = store().Stats(account_).status()};
  }
};

TEST_F(DamagedReadTest, AnEventThatDoesNotDecodeIsDataLossFromWhoeverMeetsIt) {
  Damage([this](RawRows* rows) { rows->Put("events", EventRowKey(1, 1), "rubbish"); });
  const Answers answers = ReadEverything();
  const auto lost = StatusIs(absl::StatusCode::kDataLoss, "events");
  EXPECT_THAT(answers.get_a, lost);
  EXPECT_THAT(answers.scan, lost);
  EXPECT_THAT(answers.reverse, lost);
  EXPECT_THAT(answers.acme, lost);
  EXPECT_THAT(answers.feed, lost);
  EXPECT_THAT(answers.stats, lost);
  EXPECT_THAT(answers.get_b, IsOk());
  EXPECT_THAT(answers.zeta, IsOk());
  // What was met before it has been shown.
  EventIterator events = store().Scan({.account = account_, .direction = Direction::kDescending});
  std::vector<std::string> shown;
  for (; events.Valid(); events.Next()) shown.emplace_back(events.event().customer_event_id);
  EXPECT_THAT(shown, ElementsAre(own_id_, "b"));
  EXPECT_FALSE(events.cursor().has_value());
}

TEST_F(DamagedReadTest, AFilterDoesNotHideAnEventThatDoesNotDecode) {
  Damage([this](RawRows* rows) { rows->Put("events", EventRowKey(1, 1), "rubbish"); });
  EXPECT_THAT(ReadAll(store().Scan({.account = account_, .event_types = {"no such type"}})),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(DamagedReadTest, AnEventThatAnIndexPointsToAndIsGoneIsDataLoss) {
  Damage([this](RawRows* rows) { rows->Delete("events", EventRowKey(1, 1)); });
  const Answers answers = ReadEverything();
  EXPECT_THAT(answers.get_a, StatusIs(absl::StatusCode::kDataLoss, "'event_ids'"));
  EXPECT_THAT(answers.acme, StatusIs(absl::StatusCode::kDataLoss, "'customers'"));
  EXPECT_THAT(answers.feed, StatusIs(absl::StatusCode::kDataLoss, "'changes'"));
  EXPECT_THAT(answers.get_b, IsOk());
  EXPECT_THAT(answers.zeta, IsOk());
}

TEST_F(DamagedReadTest, AnIdWhoseRowOfChangesIsGoneOrAnothersIsDataLoss) {
  Damage([this](RawRows* rows) { rows->Delete("changes", ChangeRowKey(1)); });
  EXPECT_THAT(ReadEverything().get_a, StatusIs(absl::StatusCode::kDataLoss, "'event_ids' points to: sequence 1"));
  Damage([this](RawRows* rows) {
    Alter<ChangeRow>(rows, "changes", ChangeRowKey(1), [](ChangeRow* row) { row->account = Account(2); });
  });
  EXPECT_THAT(ReadEverything().get_a, StatusIs(absl::StatusCode::kDataLoss, "of another account"));
  EXPECT_THAT(ReadEverything().get_b, IsOk());
  Damage([this](RawRows* rows) { rows->Put("changes", ChangeRowKey(1), "rubbish"); });
  EXPECT_THAT(ReadEverything().get_a, StatusIs(absl::StatusCode::kDataLoss, "changes"));
}

TEST_F(DamagedReadTest, ADamagedIndexRowIsDataLossFromItsReads) {
  Damage([this](RawRows* rows) {
    rows->Put("event_ids", IdRowKey("a"), "rubbish");
    rows->Put("changes", ChangeRowKey(3), "rubbish");
    rows->Put("customers", CustomerRowKey("zeta", 2, 3) + "x", "");
  });
  const Answers answers = ReadEverything();
  EXPECT_THAT(answers.get_a, StatusIs(absl::StatusCode::kDataLoss, "event_ids"));
  EXPECT_THAT(answers.feed, StatusIs(absl::StatusCode::kDataLoss, "changes"));
  EXPECT_THAT(answers.zeta, StatusIs(absl::StatusCode::kDataLoss, "customers"));
  EXPECT_THAT(answers.scan, IsOk()) << "needs none of them";
}

TEST_F(DamagedReadTest, AnIdThatLeadsToAnotherEventIsDataLoss) {
  Damage([this](RawRows* rows) { rows->Put("event_ids", IdRowKey("a"), ValueOf(*rows, "event_ids", IdRowKey("b"))); });
  EXPECT_THAT(ReadEverything().get_a, StatusIs(absl::StatusCode::kDataLoss, "another id"));
}

}  // namespace
}  // namespace tallystick::testing
