// Accounts that try to see each other: the same ids, customers and meters in accounts whose keys adjoin, names that
// look like keys, and whatever one account is given handed to another.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tallystick/store.h"
#include "tests/support/bulk.h"
#include "tests/support/open_store.h"

namespace tallystick::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Uuid AccountOfBytes(std::string_view bytes) {
  Uuid account;
  for (std::size_t i = 0; i < account.bytes.size(); ++i) account.bytes[i] = static_cast<std::uint8_t>(bytes[i]);
  return account;
}

// In their order: the first and the last there can be, each with its neighbour; neighbours across a carry; and two that
// read as text, as do names.
const std::vector<Uuid>& Accounts() {
  static const std::vector<Uuid> accounts = {
      AccountOfBytes(std::string(16, '\0')),
      AccountOfBytes(std::string(15, '\0') + '\x01'),
      AccountOfBytes(std::string(16, 'a')),
      AccountOfBytes(std::string(15, 'a') + 'b'),
      AccountOfBytes('\x7f' + std::string(15, '\xff')),
      AccountOfBytes('\x80' + std::string(15, '\0')),
      AccountOfBytes(std::string(15, '\xff') + '\xfe'),
      AccountOfBytes(std::string(16, '\xff')),
  };
  return accounts;
}

// Each has no event, and neighbours that have.
const std::vector<Uuid>& EmptyAccounts() {
  static const std::vector<Uuid> accounts = {
      AccountOfBytes(std::string(15, '\0') + '\x02'),
      AccountOfBytes(std::string(15, 'a') + '`'),
      AccountOfBytes('\x80' + std::string(14, '\0') + '\x01'),
      AccountOfBytes(std::string(15, '\xff') + '\xfd'),
  };
  return accounts;
}

// The ids, which are customers too: the bytes of an account, with what follows them in some key, and the beginnings and
// ends of what a name can be.
const std::vector<std::string>& Names() {
  static const std::vector<std::string> names = {
      std::string(16, 'a'),
      std::string(15, 'a') + "b",
      std::string(16, 'a') + " " + std::string(32, 'a'),  // a key of `customers`, up to its alias of 32 bytes
      std::string(16, 'a') + "event-1",                   // one of `event_ids`
      "event-1",
      "00000000-0000-0000-0000-000000000000",
      "ffffffff-ffff-ffff-ffff-ffffffffffff",
      " ",
      "\x7f",
      "\xf4\x8f\xbf\xbf",  // U+10FFFF
      std::string(255, '~'),
  };
  return names;
}

class AccountsTest : public StoreTest {
 protected:
  // All names in all accounts, at one time each; the number of an account is in every property of its events.
  void Fill() {
    for (std::size_t a = 0; a < Accounts().size(); ++a) {
      std::vector<std::string> documents;
      for (std::size_t n = 0; n < Names().size(); ++n) documents.push_back(Document(a, n));
      if (a % 2 == 0) {
        ASSERT_OK_AND_ASSIGN(const BulkResult result, store().WriteBulk(Accounts()[a], SourceOf(documents)));
        EXPECT_EQ(result.created, Names().size());
      } else {
        const std::vector<std::string_view> views(documents.begin(), documents.end());
        ASSERT_OK_AND_ASSIGN(const std::vector<WriteResult> results, store().WriteJson(Accounts()[a], views));
        for (const WriteResult& result : results) EXPECT_EQ(result.outcome, Outcome::kCreated);
      }
    }
  }

  static std::string PropertiesOf(std::size_t a) { return R"({"n":)" + std::to_string(a) + "}"; }

  static std::string Document(std::size_t a, std::size_t n) {
    std::string name;
    AppendJsonString(Names()[n], &name);
    return R"({"customerEventId":)" + name + R"(,"customerAlias":)" + name + R"(,"eventType":"t","eventTimestamp":")" +
           FormatTimestamp(At(static_cast<double>(n))) + R"(","eventProperties":)" + PropertiesOf(a) + "}";
  }

  void ExpectOwn(const absl::StatusOr<std::vector<Stored>>& events, std::size_t a, std::size_t count) {
    ASSERT_THAT(events, IsOkAndHolds(SizeIs(count)));
    for (const Stored& event : *events) {
      EXPECT_EQ(event.account, Accounts()[a]);
      EXPECT_EQ(event.event_properties, PropertiesOf(a));
    }
  }

  static ScanOptions OnePage(const Uuid& account) { return {.account = account, .limit = 1}; }
};

TEST_F(AccountsTest, EveryReadShowsItsOwnAccountAlone) {
  Fill();
  for (const bool reopened : {false, true}) {
    if (reopened) Reopen();
    for (std::size_t a = 0; a < Accounts().size(); ++a) {
      SCOPED_TRACE(Accounts()[a].ToString());
      const Uuid account = Accounts()[a];
      for (const Direction direction : {Direction::kAscending, Direction::kDescending}) {
        ExpectOwn(ReadAll(store().Scan({.account = account, .direction = direction})), a, Names().size());
      }
      ExpectOwn(ReadAll(store().Scan({.account = account, .customer_aliases = Names()})), a, Names().size());
      ASSERT_OK_AND_ASSIGN(std::vector<EventIterator> parts, store().SplitScan({.account = account}, 4));
      std::size_t in_parts = 0;
      for (EventIterator& part : parts) {
        ASSERT_OK_AND_ASSIGN(const std::vector<Stored> events, ReadAll(std::move(part)));
        ExpectOwn(events, a, events.size());
        in_parts += events.size();
      }
      EXPECT_EQ(in_parts, Names().size());
      for (const std::string& name : Names()) {
        SCOPED_TRACE(name);
        ASSERT_OK_AND_ASSIGN(const OwnedEvent event, store().Get(account, name));
        EXPECT_EQ(event->account, account);
        EXPECT_EQ(event->event_properties, PropertiesOf(a));
        const absl::StatusOr<std::vector<Stored>> of_customer =
            ReadAll(store().Scan({.account = account, .customer_aliases = {name}}));
        ExpectOwn(of_customer, a, 1);
        EXPECT_EQ(of_customer->front().customer_event_id, name);
      }
      ASSERT_OK_AND_ASSIGN(const StoreStats stats, store().Stats(account));
      EXPECT_EQ(stats.events, Names().size());
    }
    for (const Uuid& account : EmptyAccounts()) {
      SCOPED_TRACE(account.ToString());
      EXPECT_THAT(Ids(store().Scan({.account = account})), IsOkAndHolds(IsEmpty()));
      EXPECT_THAT(Ids(store().Scan({.account = account, .customer_aliases = Names()})), IsOkAndHolds(IsEmpty()));
      EXPECT_THAT(ReadAll(store().Changes({.account = account})), IsOkAndHolds(IsEmpty()));
      for (const std::string& name : Names()) {
        EXPECT_THAT(store().Get(account, name), StatusIs(absl::StatusCode::kNotFound));
      }
    }
  }
}

TEST_F(AccountsTest, ACursorIsRefusedByEveryOtherAccount) {
  Fill();
  std::vector<std::string> cursors;
  for (const Uuid& account : Accounts()) {
    EventIterator events = store().Scan(OnePage(account));
    while (events.Valid()) events.Next();
    ASSERT_TRUE(events.cursor().has_value());
    cursors.push_back(*events.cursor());
  }
  for (std::size_t a = 0; a < Accounts().size(); ++a) {
    for (std::size_t b = 0; b < Accounts().size(); ++b) {
      ScanOptions options = OnePage(Accounts()[b]);
      options.cursor = cursors[a];
      const EventIterator events = store().Scan(options);
      EXPECT_EQ(events.Valid(), a == b);
      if (a != b) {
        EXPECT_THAT(events.status(), StatusIs(absl::StatusCode::kInvalidArgument, "cursor"));
      }
    }
    for (const Uuid& account : EmptyAccounts()) {
      ScanOptions options = OnePage(account);
      options.cursor = cursors[a];
      EXPECT_THAT(store().Scan(options).status(), StatusIs(absl::StatusCode::kInvalidArgument, "cursor"));
    }
  }
}

TEST_F(AccountsTest, TheFeedOfOneGoesOnFromAnyPositionAndShowsNoOthersChange) {
  Fill();
  ASSERT_OK_AND_ASSIGN(const std::vector<StoredChange> all, ReadAll(store().Changes()));
  ASSERT_THAT(all, SizeIs(Accounts().size() * Names().size()));
  for (std::size_t a = 0; a < Accounts().size(); ++a) {
    const Uuid account = Accounts()[a];
    // Also from each position that is another account's.
    for (std::size_t from = 0; from <= all.size(); from += Names().size() / 2) {
      const std::uint64_t after = from == 0 ? 0 : all[from - 1].event.sequence;
      std::vector<StoredChange> expected;
      for (const StoredChange& change : all) {
        if (change.event.account == account && change.event.sequence > after) expected.push_back(change);
      }
      EXPECT_THAT(ReadAll(store().Changes({.after = after, .account = account})), IsOkAndHolds(expected));
    }
  }
}

TEST_F(AccountsTest, AnIdThatTheStoreGaveMeansNothingToAnotherAccount) {
  const Event event{.customer_alias = "acme", .event_type = "t", .event_timestamp = At(1)};
  ASSERT_OK_AND_ASSIGN(const WriteResult mine, store().Put(Accounts()[2], event));
  ASSERT_TRUE(mine.identity_assigned);
  const std::string id = mine.id.ToString();
  for (const Uuid& other : Accounts()) {
    if (other == Accounts()[2]) continue;
    EXPECT_THAT(store().Get(other, id), StatusIs(absl::StatusCode::kNotFound));
    // Sent by another, it is that one's first event of this id.
    ASSERT_OK_AND_ASSIGN(const WriteResult theirs, store().Put(other, MakeEvent(id, 2)));
    EXPECT_EQ(theirs.outcome, Outcome::kCreated);
    EXPECT_EQ(theirs.superseded_id, std::nullopt);
  }
  ASSERT_OK_AND_ASSIGN(const OwnedEvent still, store().Get(Accounts()[2], id));
  EXPECT_EQ(still->id, mine.id);
  EXPECT_EQ(still->event_timestamp, At(1));
}

TEST_F(AccountsTest, SupersedingInOneLeavesTheOthersAsTheyAre) {
  Fill();
  constexpr std::size_t kMoved = 2;
  for (const std::string& name : Names()) {
    ASSERT_OK_AND_ASSIGN(const WriteResult result, store().Put(Accounts()[kMoved], MakeEvent(name, 100, "moved")));
    EXPECT_EQ(result.outcome, Outcome::kSuperseded);
  }
  for (std::size_t a = 0; a < Accounts().size(); ++a) {
    if (a != kMoved) ExpectOwn(ReadAll(store().Scan({.account = Accounts()[a]})), a, Names().size());
    EXPECT_THAT(Ids(store().Scan({.account = Accounts()[a], .customer_aliases = {"moved"}})),
                IsOkAndHolds(SizeIs(a == kMoved ? Names().size() : 0)));
  }
  ASSERT_OK_AND_ASSIGN(const VerifyReport report, store().Verify());
  EXPECT_TRUE(report.ok());
}

TEST_F(AccountsTest, MetersOfOneNameMeasureTheirOwnAccount) {
  const Meter meter{.event_type = "t", .aggregation = Aggregation::kSum, .property = "n"};
  for (const Uuid& account : Accounts()) {
    EXPECT_THAT(store().DefineMeter(account, "m", meter), IsOkAndHolds(Outcome::kCreated));
  }
  Fill();
  const auto expect_sums = [&] {
    for (std::size_t a = 0; a < Accounts().size(); ++a) {
      ASSERT_THAT(store().AwaitMeter(Accounts()[a], "m"), IsOk());
      for (const QueryOptions& query : {QueryOptions{.account = Accounts()[a], .declared = "m"},
                                        QueryOptions{.account = Accounts()[a], .meter = meter}}) {
        ASSERT_OK_AND_ASSIGN(const Usage usage, store().Query(query));
        ASSERT_THAT(usage.rows, SizeIs(1));
        EXPECT_EQ(usage.rows[0].value, std::to_string(a * Names().size()));
        EXPECT_EQ(usage.from_rollups, !query.declared.empty());
      }
      for (const std::string& name : Names()) {
        ASSERT_OK_AND_ASSIGN(const Usage usage,
                             store().Query({.account = Accounts()[a], .declared = "m", .customer_aliases = {name}}));
        ASSERT_THAT(usage.rows, SizeIs(1));
        EXPECT_EQ(usage.rows[0].value, std::to_string(a));
      }
    }
  };
  expect_sums();
  for (const Uuid& account : EmptyAccounts()) {
    EXPECT_THAT(store().Meters(account), IsOkAndHolds(IsEmpty()));
    EXPECT_THAT(store().Query({.account = account, .declared = "m"}), StatusIs(absl::StatusCode::kNotFound));
    EXPECT_THAT(store().DropMeter(account, "m"), StatusIs(absl::StatusCode::kNotFound));
  }
  // One account's goes, and takes nobody else's rows along.
  EXPECT_THAT(store().DropMeter(Accounts()[3], "m"), IsOk());
  EXPECT_THAT(store().DefineMeter(Accounts()[3], "m", meter), IsOkAndHolds(Outcome::kCreated));
  Reopen();
  expect_sums();
  ASSERT_OK_AND_ASSIGN(const VerifyReport report, store().Verify());
  EXPECT_TRUE(report.ok());
}

}  // namespace
}  // namespace tallystick::testing
