#include "lib/encoding/keys.h"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "lib/encoding/bytes.h"
#include "tests/encoding/damage.h"
#include "tests/support/customer_event_ids.h"
#include "tests/support/hex.h"
#include "tests/support/status_matchers.h"

namespace tallystick {
namespace {

using testing::ExpectNeitherLessNorMore;
using testing::Hex;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::Overwritten;
using testing::StatusIs;
using testing::ToHex;
using testing::UuidsAndNearMisses;

constexpr std::uint64_t kLastSequence = kSequenceEnd - 1;
constexpr Instant kOctober{63'800'179'200, 500};  // 2022-10-01T00:00:00.000000500Z
constexpr Instant kLastInstant{Instant::kSecondsEnd - 1, 999'999'999};
constexpr char kUuidId[] = "9d47c1a5-266c-4437-9b34-615396fb4170";
constexpr char kUuidIdHex[] = "9d47c1a5266c44379b34615396fb4170";
constexpr char kAccountHex[] = "0184421ea9cc711baf93bf0511d4d833";

const Uuid kAccount = *Uuid::Parse("0184421e-a9cc-711b-af93-bf0511d4d833");
const Uuid kAllOnes = *Uuid::Parse("ffffffff-ffff-ffff-ffff-ffffffffffff");

// In their order. The accounts are neighbours, so that a range that is a byte too wide shows.
const std::vector<Uuid> kAccounts = {
    Uuid(),
    *Uuid::Parse("0184421e-a9cc-711b-af93-bf0511d4d832"),
    kAccount,
    *Uuid::Parse("0184421e-a9cc-711b-af93-bf0511d4d834"),
    *Uuid::Parse("0184421e-a9cc-711b-af93-bf0511d4d8ff"),
    *Uuid::Parse("7fffffff-ffff-ffff-ffff-ffffffffffff"),
    *Uuid::Parse("80000000-0000-0000-0000-000000000000"),
    *Uuid::Parse("ffffffff-ffff-ffff-ffff-fffffffffffe"),
    kAllOnes,
};
// In their order.
const std::vector<Instant> kInstants = {
    Instant::Min(),
    {0, 1},
    {0, 255},
    {0, 256},
    {0, 999'999'999},
    {1, 0},
    {0xffff'ffff, 0},
    {0x1'0000'0000, 0},
    {62'135'596'799, 999'999'999},
    {62'135'596'800, 0},
    kOctober,
    {63'800'179'200, 501},
    kLastInstant,
};
const std::vector<std::uint64_t> kSequences = {1, 2, 255, 256, 0x7fff'ffff'ffff, 0x8000'0000'0000, kLastSequence};

// By bytes; each but the first two has an earlier one as its beginning.
const std::vector<std::string> kNames = {
    "A", "a", std::string("a\0", 2), "a\x01", "aa", "aaa", "a\xc3\xbf", std::string(254, 'b'), std::string(255, 'b'),
};

TEST(EventIdKeyTest, BytesArePinned) {
  EXPECT_EQ(ToHex(EventIdKey{kAccount, "event-1"}.Encode()), std::string(kAccountHex) + "6576656e742d31");
  EXPECT_EQ(ToHex(EventIdKey{Uuid(), "\xc3\xa9"}.Encode()), "00000000000000000000000000000000c3a9");
  EXPECT_EQ(ToHex(EventIdKey{kAccount, kUuidId}.Encode()), std::string(kAccountHex) + "01" + kUuidIdHex);
  EXPECT_EQ(ToHex(EventIdKey{kAccount, *Uuid::Parse(kUuidId)}.Encode()), std::string(kAccountHex) + "01" + kUuidIdHex);
}

// Of two forms for one UUID, an event could be stored under one and looked for under the other.
TEST(EventIdKeyTest, AUuidHasOneFormAndWhatOnlyLooksLikeOneIsAText) {
  std::set<std::string> keys;
  for (const std::string& id : UuidsAndNearMisses()) {
    const std::string key(EventIdKey{kAccount, id}.Encode().view());
    EXPECT_TRUE(keys.insert(key).second) << id;
    ASSERT_OK_AND_ASSIGN(const EventIdKey decoded, EventIdKey::Decode(key));
    std::string buffer;
    EXPECT_EQ(decoded.customer_event_id.ToText(&buffer), id);
    EXPECT_EQ(decoded.customer_event_id.uuid().has_value(), key.size() == 16 + 1 + 16 && key[16] == 1) << id;
  }
  const std::string head = Hex(kAccountHex);
  EXPECT_THAT(EventIdKey::Decode(head + kUuidId), StatusIs(absl::StatusCode::kDataLoss, "event_ids"));
  ExpectNeitherLessNorMore(head + '\x01' + Hex(kUuidIdHex), EventIdKey::Decode);
  for (const char control : {'\0', '\x02', '\x1f'}) {
    EXPECT_THAT(EventIdKey::Decode(head + control + "x"), StatusIs(absl::StatusCode::kDataLoss, "event_ids"));
  }
}

TEST(EventKeyTest, BytesArePinned) {
  EXPECT_EQ(ToHex(EventKey{kAccount, kOctober, 7}.Encode()), std::string(kAccountHex) +
                                                                 "0edac97a00"
                                                                 "000007d0"
                                                                 "000000000007");
  EXPECT_EQ(ToHex(EventKey{Uuid(), Instant::Min(), 1}.Encode()),
            "00000000000000000000000000000000"
            "0000000000"
            "00000000"
            "000000000001");
  EXPECT_EQ(ToHex(EventKey{kAllOnes, kLastInstant, kLastSequence}.Encode()),
            "ffffffffffffffffffffffffffffffff"
            "497786387f"
            "f9fe7f9c"
            "ffffffffffff");
}

TEST(CustomerKeyTest, BytesArePinned) {
  EXPECT_EQ(ToHex(CustomerKey{kAccount, "acme", kOctober, 7}.Encode()), std::string(kAccountHex) +
                                                                            "04"
                                                                            "61636d65"
                                                                            "0edac97a00"
                                                                            "000007d0"
                                                                            "000000000007");
  const std::string longest(255, 'z');
  const std::string key(CustomerKey{kAllOnes, longest, kLastInstant, kLastSequence}.Encode().view());
  EXPECT_EQ(ToHex(key),
            ToHex(Hex("ffffffffffffffffffffffffffffffff ff") + longest + Hex("497786387f f9fe7f9c ffffffffffff")));
  EXPECT_EQ(key.size(), KeyBuffer::kCapacity);
}

TEST(ChangeKeyTest, BytesArePinned) {
  EXPECT_EQ(ToHex(ChangeKey{1}.Encode()), "000000000001");
  EXPECT_EQ(ToHex(ChangeKey{0x0102'0304'0506}.Encode()), "010203040506");
  EXPECT_EQ(ToHex(ChangeKey{kLastSequence}.Encode()), "ffffffffffff");
}

// Of each kind, keys of every combination of the edges above, in the order that reads rely on: account, then (for
// `customers`) alias, then time, then sequence.
std::vector<EventKey> EventKeys() {
  std::vector<EventKey> keys;
  for (const Uuid& account : kAccounts) {
    for (const Instant time : kInstants) {
      for (const std::uint64_t sequence : kSequences) keys.push_back({account, time, sequence});
    }
  }
  return keys;
}

void ExpectStrictlyAscending(const std::vector<std::string>& keys) {
  for (std::size_t i = 1; i < keys.size(); ++i) ASSERT_LT(keys[i - 1], keys[i]) << i << " " << ToHex(keys[i]);
}

TEST(EventIdKeyTest, ByteOrderIsAccountThenId) {
  std::vector<std::string> encoded;
  for (const Uuid& account : kAccounts) {
    for (const std::string& id : kNames) {
      encoded.emplace_back(EventIdKey{account, id}.Encode().view());
      ASSERT_OK_AND_ASSIGN(const EventIdKey decoded, EventIdKey::Decode(encoded.back()));
      EXPECT_EQ(decoded.account, account);
      EXPECT_EQ(decoded.customer_event_id, id);
    }
  }
  ExpectStrictlyAscending(encoded);
}

TEST(EventKeyTest, ByteOrderIsAccountThenTimeThenSequence) {
  std::vector<std::string> encoded;
  for (const EventKey& key : EventKeys()) {
    encoded.emplace_back(key.Encode().view());
    ASSERT_THAT(EventKey::Decode(encoded.back()), IsOkAndHolds(key));
  }
  ExpectStrictlyAscending(encoded);
}

TEST(CustomerKeyTest, ByteOrderWithinACustomerIsTimeThenSequenceAndCustomersStayApart) {
  for (const Uuid& account : kAccounts) {
    for (const std::string& alias : kNames) {
      std::vector<std::string> encoded;
      for (const Instant time : kInstants) {
        for (const std::uint64_t sequence : kSequences) {
          encoded.emplace_back(CustomerKey{account, alias, time, sequence}.Encode().view());
          ASSERT_OK_AND_ASSIGN(const CustomerKey decoded, CustomerKey::Decode(encoded.back()));
          ASSERT_EQ(decoded.account, account);
          ASSERT_EQ(decoded.customer_alias, alias);
          ASSERT_EQ(decoded.time, time);
          ASSERT_EQ(decoded.sequence, sequence);
        }
      }
      ExpectStrictlyAscending(encoded);
    }
  }
}

TEST(ChangeKeyTest, ByteOrderIsSequence) {
  std::vector<std::string> encoded;
  for (const std::uint64_t sequence : kSequences) {
    encoded.emplace_back(ChangeKey{sequence}.Encode().view());
    ASSERT_OK_AND_ASSIGN(const ChangeKey decoded, ChangeKey::Decode(encoded.back()));
    EXPECT_EQ(decoded.sequence, sequence);
  }
  ExpectStrictlyAscending(encoded);
}

bool Holds(const KeyRange& range, std::string_view key) {
  return key >= range.start && (range.limit.empty() || key < range.limit);
}

TEST(KeyRangeTest, PrefixRangeHoldsWhatBeginsSoAndNothingElse) {
  EXPECT_EQ(ToHex(PrefixRange(Hex("01fe")).limit), "01ff");
  EXPECT_EQ(ToHex(PrefixRange(Hex("01ffff")).limit), "02");
  EXPECT_EQ(PrefixRange(Hex("ffff")).limit, "");
  const std::vector<std::string> keys = {Hex("00"),   Hex("01"),     Hex("01fe"),   Hex("01feff"),
                                         Hex("01ff"), Hex("01ff00"), Hex("01ffff"), Hex("02"),
                                         Hex("fe"),   Hex("ff"),     Hex("ffff"),   Hex("ffffff")};
  for (const std::string& prefix : keys) {
    for (const std::string& key : keys) {
      EXPECT_EQ(Holds(PrefixRange(prefix), key), key.starts_with(prefix)) << ToHex(prefix) << " " << ToHex(key);
    }
  }
}

// A damaged row must not be passed over: one whose id began with 0xff once was.
TEST(KeyRangeTest, EventIdRangeHoldsWhateverDecodesAsTheAccounts) {
  for (const Uuid& account : kAccounts) {
    for (const std::string& id : {std::string(" "), std::string("a"), std::string("\xff"), std::string(255, '\xff')}) {
      const KeyBuffer key = EventIdKey{account, id}.Encode();
      ASSERT_THAT(EventIdKey::Decode(key), IsOk());
      for (const Uuid& other : kAccounts) EXPECT_EQ(Holds(EventIdRange(other), key), other == account) << ToHex(key);
    }
  }
}

TEST(KeyRangeTest, EventRangeHoldsFromAndNotTo) {
  const KeyRange october = EventRange(kAccount, kOctober, {63'802'857'600, 0});
  EXPECT_EQ(ToHex(october.start), std::string(kAccountHex) +
                                      "0edac97a00"
                                      "000007d0");
  EXPECT_EQ(ToHex(october.limit), std::string(kAccountHex) +
                                      "0edaf25880"
                                      "00000000");

  std::vector<Instant> edges = kInstants;
  edges.push_back(Instant::End());
  for (const Instant from : edges) {
    for (const Instant to : edges) {
      const KeyRange range = EventRange(kAccount, from, to);
      for (const EventKey& key : EventKeys()) {
        const bool inside = key.account == kAccount && from <= key.time && key.time < to;
        ASSERT_EQ(Holds(range, key.Encode()), inside) << ToHex(key.Encode());
      }
    }
  }
}

TEST(KeyRangeTest, CustomerRangeHoldsOneCustomerOnly) {
  const KeyRange range = CustomerRange(kAccount, "a", kOctober, Instant::End());
  EXPECT_EQ(ToHex(range.start), std::string(kAccountHex) +
                                    "01"
                                    "61"
                                    "0edac97a00"
                                    "000007d0");
  EXPECT_EQ(ToHex(range.limit), std::string(kAccountHex) +
                                    "01"
                                    "61"
                                    "4977863880"
                                    "00000000");

  for (const std::string& alias : kNames) {
    const KeyRange whole = CustomerRange(kAccount, alias, Instant::Min(), Instant::End());
    const KeyRange later = CustomerRange(kAccount, alias, kOctober, kLastInstant);
    for (const Uuid& account : kAccounts) {
      for (const std::string& other : kNames) {
        for (const Instant time : kInstants) {
          for (const std::uint64_t sequence : {std::uint64_t{1}, kLastSequence}) {
            const KeyBuffer key = CustomerKey{account, other, time, sequence}.Encode();
            const bool same = account == kAccount && alias == other;
            ASSERT_EQ(Holds(whole, key), same) << ToHex(key);
            ASSERT_EQ(Holds(later, key), same && time >= kOctober && time < kLastInstant) << ToHex(key);
          }
        }
      }
    }
  }
}

// At the greatest sequence of all, the range after it once began anew at the first one.
TEST(KeyRangeTest, ChangeRangeHoldsWhatIsGreaterThanAfterUpToLast) {
  std::vector<std::uint64_t> edges = kSequences;
  edges.push_back(0);
  for (const std::uint64_t after : edges) {
    for (const std::uint64_t last : edges) {
      if (after > last) continue;
      const KeyRange range = ChangeRange(after, last);
      for (const std::uint64_t sequence : kSequences) {
        EXPECT_EQ(Holds(range, ChangeKey{sequence}.Encode()), sequence > after && sequence <= last)
            << sequence << " in (" << after << ", " << last << "]";
      }
    }
  }
}

TEST(KeyRangeTest, KeyAfterLeavesOutTheKeyAndNothingElse) {
  EXPECT_EQ(ToHex(KeyAfter(Hex("01ff"))), "01ff00");
  const std::vector<EventKey> keys = EventKeys();
  for (std::size_t i = 1; i < keys.size(); ++i) {
    const std::string after = KeyAfter(keys[i - 1].Encode());
    ASSERT_LT(std::string(keys[i - 1].Encode().view()), after);
    ASSERT_LE(after, keys[i].Encode().view());
  }
}

TEST(KeyDecoderTest, TakesNeitherLessNorMore) {
  ExpectNeitherLessNorMore(std::string(EventKey{kAccount, kOctober, 7}.Encode().view()), EventKey::Decode);
  ExpectNeitherLessNorMore(std::string(CustomerKey{kAccount, "acme", kOctober, 7}.Encode().view()),
                           CustomerKey::Decode);
  ExpectNeitherLessNorMore(std::string(ChangeKey{7}.Encode().view()), ChangeKey::Decode);

  // An id reaches to the end of its key, so only its own limits tell.
  const std::string longest(EventIdKey{kAccount, std::string(255, 'x')}.Encode().view());
  EXPECT_THAT(EventIdKey::Decode(longest), IsOk());
  EXPECT_THAT(EventIdKey::Decode(longest + 'x'), StatusIs(absl::StatusCode::kDataLoss, "event_ids"));
  for (std::size_t size = 0; size <= kUuidSize; ++size) {
    EXPECT_THAT(EventIdKey::Decode(longest.substr(0, size)), StatusIs(absl::StatusCode::kDataLoss, "event_ids"));
  }
}

TEST(KeyDecoderTest, RefusesWhatNoEncoderWrites) {
  const std::string event(EventKey{kAccount, kOctober, 7}.Encode().view());
  const std::string customer(CustomerKey{kAccount, "acme", kOctober, 7}.Encode().view());
  constexpr std::size_t kEventTime = 16;
  constexpr std::size_t kCustomerTime = 16 + 1 + 4;
  const std::string year_10000 = Hex("4977863880");
  const std::string sequence_0 = Hex("000000000000");
  for (const auto& [offset, bytes] : {std::pair{0, year_10000},
                                      {0, Hex("ffffffffff")},
                                      {5, Hex("fa000000")},
                                      {5, Hex("00000001")},
                                      {9, sequence_0}}) {
    const auto at = static_cast<std::size_t>(offset);
    EXPECT_THAT(EventKey::Decode(Overwritten(event, kEventTime + at, bytes)),
                StatusIs(absl::StatusCode::kDataLoss, "events"))
        << ToHex(bytes);
    EXPECT_THAT(CustomerKey::Decode(Overwritten(customer, kCustomerTime + at, bytes)),
                StatusIs(absl::StatusCode::kDataLoss, "customers"))
        << ToHex(bytes);
  }
  EXPECT_THAT(ChangeKey::Decode(sequence_0), StatusIs(absl::StatusCode::kDataLoss, "changes"));
  for (const char* size : {"00", "03", "05", "ff"}) {
    EXPECT_THAT(CustomerKey::Decode(Overwritten(customer, 16, Hex(size))),
                StatusIs(absl::StatusCode::kDataLoss, "customers"))
        << size;
  }
  // An alias of no bytes with all else as it should be.
  EXPECT_THAT(CustomerKey::Decode(Hex(kAccountHex) + Hex("00 0edac97a00 000007d0 000000000007")),
              StatusIs(absl::StatusCode::kDataLoss, "customers"));
}

TEST(DescribeKeyTest, ReadsAsTextOrElseAsHex) {
  const std::string account = "account 0184421e-a9cc-711b-af93-bf0511d4d833, ";
  const std::string position = "time 2022-10-01T00:00:00.000000500Z, sequence 7";
  EXPECT_EQ(DescribeEventIdKey(EventIdKey{kAccount, "event-1"}.Encode()), account + "customerEventId 'event-1'");
  EXPECT_EQ(DescribeEventIdKey(EventIdKey{kAccount, kUuidId}.Encode()), account + "customerEventId '" + kUuidId + "'");
  EXPECT_EQ(DescribeEventKey(EventKey{kAccount, kOctober, 7}.Encode()), account + position);
  EXPECT_EQ(DescribeCustomerKey(CustomerKey{kAccount, "acme", kOctober, 7}.Encode()),
            account + "customerAlias 'acme', " + position);
  EXPECT_EQ(DescribeChangeKey(ChangeKey{7}.Encode()), "sequence 7");
  for (const auto describe : {DescribeEventIdKey, DescribeEventKey, DescribeCustomerKey, DescribeChangeKey}) {
    EXPECT_EQ(describe(Hex("00ff10")), "key 00ff10");
    EXPECT_EQ(describe(""), "key ");
  }
}

}  // namespace
}  // namespace tallystick
