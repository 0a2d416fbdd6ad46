#include "lib/encoding/rollup_keys.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "lib/base/digest.h"
#include "lib/encoding/group.h"
#include "tallystick/meter.h"
#include "tallystick/uuid.h"
#include "tests/encoding/damage.h"
#include "tests/support/hex.h"
#include "tests/support/random.h"
#include "tests/support/status_matchers.h"

namespace tallystick {
namespace {

using testing::ExpectNeitherLessNorMore;
using testing::Hex;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::Overwritten;
using testing::Random;
using testing::StatusIs;
using testing::ToHex;

constexpr std::uint32_t kOctoberDay = 738'428;         // 2022-10-01
constexpr std::uint32_t kOctoberQuarter = 70'889'088;  // its first
constexpr std::uint32_t kLastMeter = 0xffff'ffff;
constexpr char kAccountHex[] = "0184421ea9cc711baf93bf0511d4d833";

const Uuid kAccount = *Uuid::Parse("0184421e-a9cc-711b-af93-bf0511d4d833");
const Uuid kAllOnes = *Uuid::Parse("ffffffff-ffff-ffff-ffff-ffffffffffff");

std::string Group(const std::vector<std::optional<std::string>>& values) {
  std::string group;
  for (const auto& value : values) AppendGroupValue(value, &group);
  return group;
}

// In their order, each of them.
const std::vector<std::uint32_t> kMeters = {1, 2, 255, 256, 0x7fff'ffff, 0x8000'0000, kLastMeter};
const std::vector<BucketSize> kSizes = {BucketSize::kQuarterHour, BucketSize::kDay};
std::vector<std::uint32_t> Buckets(BucketSize size) {
  return {0, 1, 255, 256, 65'535, kOctoberDay, BucketEnd(size) - 1};
}
// The length stands before the text, so it comes first in the order.
const std::vector<std::string> kAliases = {
    "", "A", "a", std::string("a\0", 2), "aa", "a\xc3\xbf", std::string(254, 'b'), std::string(255, 'a')};
const std::vector<std::string> kGroups = {
    "", Group({std::nullopt}), Group({""}), Group({std::string(1, '\0')}), Group({"eu"}), Group({"us"}),
};
const std::vector<std::string> kForms = {
    "", "1", "1.0", "\xff", std::string(31, 'x'), std::string(32, 'x'), UniqueForm(std::string(33, 'x'))};

TEST(MeterKeyTest, BytesArePinned) {
  EXPECT_EQ(ToHex(MeterKey{kAccount, "traffic"}.Encode()), "01" + std::string(kAccountHex) + "74726166666963");
  EXPECT_EQ(ToHex(MeterKey{Uuid(), "m"}.Encode()),
            "01"
            "00000000000000000000000000000000"
            "6d");
}

TEST(DroppedKeyTest, BytesArePinned) {
  EXPECT_EQ(ToHex(DroppedKey{1}.Encode()), "0200000001");
  EXPECT_EQ(ToHex(DroppedKey{0x0102'0304}.Encode()), "0201020304");
  EXPECT_EQ(ToHex(DroppedKey{kLastMeter}.Encode()), "02ffffffff");
}

TEST(CellKeyTest, BytesArePinned) {
  const std::string group = Group({"eu", std::nullopt});
  EXPECT_EQ(ToHex((CellKey{7, "acme", BucketSize::kQuarterHour, kOctoberQuarter, group}.Encode())),
            ToHex(Hex("03 00000007 04 61636d65 01 0439ae80 01 6575 0000 00")));
  EXPECT_EQ(ToHex((CellKey{kLastMeter, "", BucketSize::kDay, kOctoberDay, ""}.Encode())),
            ToHex(Hex("03 ffffffff 00 02 000b447c")));
  const std::string longest(255, 'z');
  EXPECT_EQ(ToHex((CellKey{1, longest, BucketSize::kQuarterHour, 350'597'663, ""}.Encode())),
            ToHex(Hex("03 00000001 ff") + longest + Hex("01 14e5b21f")));
}

TEST(CellKeyTest, IsAppendedAsItIsEncoded) {
  const CellKey key{7, "acme", BucketSize::kDay, kOctoberDay, kGroups[4]};
  std::string out = "before";
  key.AppendTo(&out);
  EXPECT_EQ(ToHex(out), ToHex("before" + key.Encode()));
}

TEST(ValueKeyTest, BytesArePinned) {
  const CellKey cell{7, "acme", BucketSize::kDay, kOctoberDay, kGroups[4]};
  const std::string place = Hex("04 00000007 04 61636d65 02 000b447c");
  EXPECT_EQ(ToHex((ValueKey{cell, "bob"}.Encode())), ToHex(place + Hex("03 626f62 01 6575 0000")));
  EXPECT_EQ(ToHex((ValueKey{cell, ""}.Encode())), ToHex(place + Hex("00 01 6575 0000")));
  EXPECT_EQ(ToHex((ValueKey{cell, std::string(32, 'x')}.Encode())),
            ToHex(place + "\x20" + std::string(32, 'x') + Hex("01 6575 0000")));
  EXPECT_EQ(ToHex((ValueKey{cell, UniqueForm("0184421e-a9cc-711b-af93-bf0511d4d833")}.Encode())),
            ToHex(place + Hex("ff 76238569a130d2982d27db20c8b50a099471f5b40f62c045463faa04814d65d6 01 6575 0000")));
}

TEST(StaleKeyTest, BytesArePinned) {
  const std::string cell = CellKey{7, "acme", BucketSize::kDay, kOctoberDay, kGroups[4]}.Encode();
  EXPECT_EQ(ToHex(StaleKey(cell)), ToHex(Hex("05 00000007 04 61636d65 02 000b447c 01 6575 0000")));
  EXPECT_THAT(StaleCell(StaleKey(cell)), IsOkAndHolds(cell));
}

TEST(UniqueFormTest, IsTheTextUpTo32BytesAndThenItsDigest) {
  for (const std::size_t size : {0, 1, 31, 32}) {
    const std::string text(size, 'x');
    EXPECT_EQ(UniqueForm(text), text);
  }
  for (const std::size_t size : {33, 34, 1'000'000}) {
    const std::string text(size, 'x');
    EXPECT_EQ(ToHex(UniqueForm(text)), ToHex('\xff' + Digest(text)));
  }
  // No text has the form of another.
  const std::string form = UniqueForm(std::string(33, 'x'));
  EXPECT_NE(UniqueForm(form), form);
  EXPECT_NE(UniqueForm(form.substr(1)), form);
}

void ExpectStrictlyAscending(const std::vector<std::string>& keys) {
  for (std::size_t i = 1; i < keys.size(); ++i) ASSERT_LT(keys[i - 1], keys[i]) << i << " " << ToHex(keys[i]);
}

// Every combination of the edges above, in the order that reads rely on: meter, then customer, then size, then bucket.
std::vector<CellKey> CellKeys() {
  std::vector<CellKey> keys;
  for (const std::uint32_t meter : kMeters) {
    for (const std::string& alias : kAliases) {
      for (const BucketSize size : kSizes) {
        for (const std::uint32_t bucket : Buckets(size)) {
          for (const std::string& group : kGroups) keys.push_back({meter, alias, size, bucket, group});
        }
      }
    }
  }
  return keys;
}

void ExpectSame(const CellKey& actual, const CellKey& expected) {
  ASSERT_EQ(actual.meter, expected.meter);
  ASSERT_EQ(actual.customer_alias, expected.customer_alias);
  ASSERT_EQ(actual.size, expected.size);
  ASSERT_EQ(actual.bucket, expected.bucket);
  ASSERT_EQ(actual.group, expected.group);
}

TEST(CellKeyTest, ByteOrderIsMeterThenCustomerThenSizeThenBucketThenGroup) {
  std::vector<std::string> encoded;
  for (const CellKey& key : CellKeys()) {
    encoded.push_back(key.Encode());
    ASSERT_OK_AND_ASSIGN(const CellKey decoded, CellKey::Decode(encoded.back()));
    ExpectSame(decoded, key);
    ASSERT_THAT(RollupKindOf(encoded.back()), IsOkAndHolds(RollupKind::kCell));
    ASSERT_THAT(StaleCell(StaleKey(encoded.back())), IsOkAndHolds(encoded.back()));
    ASSERT_THAT(RollupKindOf(StaleKey(encoded.back())), IsOkAndHolds(RollupKind::kStale));
  }
  ExpectStrictlyAscending(encoded);
}

TEST(ValueKeyTest, KeysOfOneCellAreApartAndInTheOrderOfTheirCells) {
  std::set<std::string> all;
  std::string before;
  for (const std::string& alias : kAliases) {
    for (const std::uint32_t bucket : Buckets(BucketSize::kDay)) {
      std::set<std::string> of_bucket;
      for (const std::string& form : kForms) {
        for (const std::string& group : kGroups) {
          const ValueKey key{{7, alias, BucketSize::kDay, bucket, group}, form};
          const std::string encoded = key.Encode();
          ASSERT_OK_AND_ASSIGN(const ValueKey decoded, ValueKey::Decode(encoded));
          ExpectSame(decoded.cell, key.cell);
          ASSERT_EQ(decoded.form, form);
          ASSERT_THAT(RollupKindOf(encoded), IsOkAndHolds(RollupKind::kValue));
          of_bucket.insert(encoded);
        }
      }
      EXPECT_EQ(of_bucket.size(), kForms.size() * kGroups.size());
      if (bucket != 0) {
        EXPECT_LT(before, *of_bucket.begin());
      }
      before = *of_bucket.rbegin();
      all.merge(of_bucket);
    }
  }
  EXPECT_EQ(all.size(), kAliases.size() * Buckets(BucketSize::kDay).size() * kForms.size() * kGroups.size());
}

TEST(MeterKeyTest, ByteOrderIsAccountThenName) {
  std::vector<std::string> encoded;
  for (const Uuid& account : {Uuid(), kAccount, kAllOnes}) {
    for (const std::string& name : {std::string("-"), std::string("A"), std::string("a"), std::string("a."),
                                    std::string("aa"), std::string(kMeterNameBytesMax, 'z')}) {
      encoded.push_back(MeterKey{account, name}.Encode());
      ASSERT_OK_AND_ASSIGN(const MeterKey decoded, MeterKey::Decode(encoded.back()));
      EXPECT_EQ(decoded.account, account);
      EXPECT_EQ(decoded.name, name);
      EXPECT_THAT(RollupKindOf(encoded.back()), IsOkAndHolds(RollupKind::kMeter));
    }
  }
  ExpectStrictlyAscending(encoded);
}

TEST(DroppedKeyTest, ByteOrderIsNumber) {
  std::vector<std::string> encoded;
  for (const std::uint32_t meter : kMeters) {
    encoded.push_back(DroppedKey{meter}.Encode());
    ASSERT_OK_AND_ASSIGN(const DroppedKey decoded, DroppedKey::Decode(encoded.back()));
    EXPECT_EQ(decoded.meter, meter);
    EXPECT_THAT(RollupKindOf(encoded.back()), IsOkAndHolds(RollupKind::kDropped));
  }
  ExpectStrictlyAscending(encoded);
}

bool Holds(const KeyRange& range, std::string_view key) { return key >= range.start && key < range.limit; }

// A key of each kind, and of each meter and account.
std::vector<std::string> AllKinds() {
  std::vector<std::string> keys;
  for (const Uuid& account : {Uuid(), kAccount, kAllOnes}) {
    keys.push_back(MeterKey{account, "-"}.Encode());
    keys.push_back(MeterKey{account, std::string(kMeterNameBytesMax, 'z')}.Encode());
    keys.push_back(MeterKey{account, "\xff"}.Encode());  // no name, but it decodes
  }
  for (const std::uint32_t meter : kMeters) {
    keys.push_back(DroppedKey{meter}.Encode());
    for (const BucketSize size : kSizes) {
      for (const std::string& alias : kAliases) {
        const CellKey first{meter, alias, size, 0, ""};
        const CellKey last{meter, alias, size, BucketEnd(size) - 1, kGroups.back()};
        for (const CellKey& cell : {first, last}) {
          keys.push_back(cell.Encode());
          keys.push_back(StaleKey(cell.Encode()));
          keys.push_back(ValueKey{cell, kForms.front()}.Encode());
          keys.push_back(ValueKey{cell, kForms.back()}.Encode());
        }
      }
    }
  }
  return keys;
}

TEST(RollupRangeTest, HoldsAllRowsOfOneKind) {
  for (const std::string& key : AllKinds()) {
    ASSERT_OK_AND_ASSIGN(const RollupKind kind, RollupKindOf(key));
    EXPECT_EQ(Holds(MeterRange(), key), kind == RollupKind::kMeter) << ToHex(key);
    EXPECT_EQ(Holds(DroppedRange(), key), kind == RollupKind::kDropped) << ToHex(key);
    EXPECT_EQ(Holds(StaleRange(), key), kind == RollupKind::kStale) << ToHex(key);
    for (const Uuid& account : {Uuid(), kAccount, kAllOnes}) {
      const bool same = kind == RollupKind::kMeter && MeterKey::Decode(key)->account == account;
      EXPECT_EQ(Holds(MeterRange(account), key), same) << ToHex(key);
    }
  }
}

// The range of the last number of all once ended before it began, so that nothing was in it.
TEST(RollupRangeTest, HoldsAllRowsOfOneMeterAndKind) {
  EXPECT_EQ(ToHex(RangeOfMeter(RollupKind::kCell, 7).start), "0300000007");
  EXPECT_EQ(ToHex(RangeOfMeter(RollupKind::kCell, 7).limit), "0300000008");
  EXPECT_EQ(ToHex(RangeOfMeter(RollupKind::kCell, kLastMeter).limit), "04");
  for (const std::string& key : AllKinds()) {
    ASSERT_OK_AND_ASSIGN(const RollupKind kind, RollupKindOf(key));
    if (kind == RollupKind::kMeter || kind == RollupKind::kDropped) continue;
    for (const std::uint32_t meter : kMeters) {
      std::string number;
      for (int shift = 24; shift >= 0; shift -= 8) number.push_back(static_cast<char>(meter >> shift));
      const bool same = key.substr(1, 4) == number;
      for (const RollupKind other : {RollupKind::kCell, RollupKind::kValue, RollupKind::kStale}) {
        ASSERT_EQ(Holds(RangeOfMeter(other, meter), key), same && other == kind) << ToHex(key);
      }
    }
  }
}

TEST(RollupRangeTest, HoldsTheBucketsOfOneMeterAndCustomerFromAndNotTo) {
  const std::vector<CellKey> keys = CellKeys();
  for (const std::uint32_t meter : {1u, 256u, kLastMeter}) {
    for (const std::string& alias : {kAliases[0], kAliases[4], kAliases[7]}) {
      for (const BucketSize size : kSizes) {
        for (const std::uint32_t from : {0u, 256u}) {
          for (const std::uint32_t to : {256u, kOctoberDay + 1, BucketEnd(size)}) {
            const KeyRange cells = CellRange(meter, alias, size, from, to);
            const KeyRange values = ValueRange(meter, alias, size, from, to);
            for (const CellKey& key : keys) {
              const bool inside = key.meter == meter && key.customer_alias == alias && key.size == size &&
                                  from <= key.bucket && key.bucket < to;
              ASSERT_EQ(Holds(cells, key.Encode()), inside) << ToHex(key.Encode());
              ASSERT_EQ(Holds(values, ValueKey{key, kForms.back()}.Encode()), inside) << ToHex(key.Encode());
            }
          }
        }
      }
    }
  }
}

TEST(RollupKeyDecoderTest, TakesNeitherLessNorMore) {
  ExpectNeitherLessNorMore(DroppedKey{7}.Encode(), DroppedKey::Decode);

  // A name and a group reach to the end of their key, so only what stands before them has a length.
  const std::string meter = MeterKey{kAccount, std::string(kMeterNameBytesMax, 'x')}.Encode();
  EXPECT_THAT(MeterKey::Decode(meter), IsOk());
  EXPECT_THAT(MeterKey::Decode(meter + 'x'), StatusIs(absl::StatusCode::kDataLoss, "rollups"));
  for (std::size_t size = 0; size <= 1 + 16; ++size) {
    EXPECT_THAT(MeterKey::Decode(meter.substr(0, size)), StatusIs(absl::StatusCode::kDataLoss, "rollups"));
  }
  const auto cell = [](std::string_view key) { return CellKey::Decode(key).status(); };
  const auto value = [](std::string_view key) { return ValueKey::Decode(key).status(); };
  const auto stale = [](std::string_view key) { return StaleCell(key).status(); };
  const auto expect_no_less = [](const std::string& key, const auto& decode) {
    EXPECT_THAT(decode(key), IsOk());
    for (std::size_t size = 0; size < key.size(); ++size) {
      EXPECT_THAT(decode(key.substr(0, size)), StatusIs(absl::StatusCode::kDataLoss, "rollups")) << size;
    }
  };
  for (const std::string& alias : {std::string(), std::string("acme"), std::string(255, 'x')}) {
    const CellKey key{7, alias, BucketSize::kDay, kOctoberDay, ""};
    expect_no_less(key.Encode(), cell);
    expect_no_less(StaleKey(key.Encode()), stale);
    for (const std::string& form : kForms) expect_no_less(ValueKey{key, form}.Encode(), value);
  }
}

TEST(RollupKeyDecoderTest, RefusesOtherKinds) {
  for (const std::string& key : AllKinds()) {
    ASSERT_OK_AND_ASSIGN(const RollupKind kind, RollupKindOf(key));
    EXPECT_EQ(MeterKey::Decode(key).ok(), kind == RollupKind::kMeter) << ToHex(key);
    EXPECT_EQ(DroppedKey::Decode(key).ok(), kind == RollupKind::kDropped) << ToHex(key);
    EXPECT_EQ(CellKey::Decode(key).ok(), kind == RollupKind::kCell) << ToHex(key);
    EXPECT_EQ(ValueKey::Decode(key).ok(), kind == RollupKind::kValue) << ToHex(key);
    EXPECT_EQ(StaleCell(key).ok(), kind == RollupKind::kStale) << ToHex(key);
    for (const std::string_view unknown : {"00", "06", "07", "7f", "80", "ff"}) {
      EXPECT_THAT(RollupKindOf(Overwritten(key, 0, Hex(unknown))), StatusIs(absl::StatusCode::kDataLoss, "rollups"))
          << unknown;
    }
  }
  EXPECT_THAT(RollupKindOf(""), StatusIs(absl::StatusCode::kDataLoss, "rollups"));
}

TEST(RollupKeyDecoderTest, RefusesWhatNoEncoderWrites) {
  EXPECT_THAT(DroppedKey::Decode(Hex("02 00000000")), StatusIs(absl::StatusCode::kDataLoss, "rollups"));

  const CellKey cell{7, "acme", BucketSize::kDay, kOctoberDay, kGroups[4]};
  constexpr std::size_t kMeterAt = 1;
  constexpr std::size_t kAliasSizeAt = kMeterAt + 4;
  constexpr std::size_t kSizeAt = kAliasSizeAt + 1 + 4;
  constexpr std::size_t kBucketAt = kSizeAt + 1;
  constexpr std::size_t kFormAt = kBucketAt + 4;
  const auto expect_refused = [&](std::size_t offset, std::string_view bytes) {
    SCOPED_TRACE(std::to_string(offset) + " " + std::string(bytes));
    const std::string damaged = Overwritten(cell.Encode(), offset, Hex(bytes));
    EXPECT_THAT(CellKey::Decode(damaged), StatusIs(absl::StatusCode::kDataLoss, "rollups"));
    EXPECT_THAT(StaleCell(StaleKey(damaged)), StatusIs(absl::StatusCode::kDataLoss, "rollups"));
    for (const std::string& form : kForms) {
      EXPECT_THAT(ValueKey::Decode(Overwritten(ValueKey{cell, form}.Encode(), offset, Hex(bytes))),
                  StatusIs(absl::StatusCode::kDataLoss, "rollups"));
    }
  };
  expect_refused(kMeterAt, "00000000");
  expect_refused(kAliasSizeAt, "03");  // the size is a letter of the alias then
  expect_refused(kAliasSizeAt, "ff");
  for (const std::string_view size : {"00", "03", "7f", "82", "ff"}) expect_refused(kSizeAt, size);
  expect_refused(kBucketAt, "0037b9db");  // the day behind the last
  expect_refused(kBucketAt, "ffffffff");
  const CellKey quarter{7, "acme", BucketSize::kQuarterHour, 350'597'663, ""};
  EXPECT_THAT(CellKey::Decode(quarter.Encode()), IsOk());
  EXPECT_THAT(CellKey::Decode(Overwritten(quarter.Encode(), kBucketAt, Hex("14e5b220"))),
              StatusIs(absl::StatusCode::kDataLoss, "rollups"));

  // Lengths of a form that are neither those of texts nor that of a digest, though as many bytes follow.
  const std::string place = ValueKey{cell, ""}.Encode().substr(0, kFormAt);
  for (const std::string_view size : {"21", "22", "40", "7f", "80", "fe"}) {
    EXPECT_THAT(ValueKey::Decode(place + Hex(size) + std::string(300, 'x')),
                StatusIs(absl::StatusCode::kDataLoss, "rollups"))
        << size;
  }
  // A digest that is too short.
  EXPECT_THAT(ValueKey::Decode(place + '\xff' + std::string(31, 'x')),
              StatusIs(absl::StatusCode::kDataLoss, "rollups"));
  EXPECT_THAT(ValueKey::Decode(place + '\xff' + std::string(32, 'x')), IsOk());

  // A stale mark of what is no cell.
  for (const std::string_view rest : {"", "00", "00000007", "00000007 00 02 000b44"}) {
    EXPECT_THAT(StaleCell(Hex("05") + Hex(rest)), StatusIs(absl::StatusCode::kDataLoss, "rollups")) << rest;
  }
}

// The same bytes again, or none: what decodes is what would have been written.
void ExpectSameBytesOrNone(const std::string& key) {
  if (const auto decoded = MeterKey::Decode(key); decoded.ok()) {
    ASSERT_EQ(ToHex(decoded->Encode()), ToHex(key));
  }
  if (const auto decoded = DroppedKey::Decode(key); decoded.ok()) {
    ASSERT_EQ(ToHex(decoded->Encode()), ToHex(key));
  }
  if (const auto decoded = CellKey::Decode(key); decoded.ok()) {
    ASSERT_EQ(ToHex(decoded->Encode()), ToHex(key));
  }
  if (const auto decoded = ValueKey::Decode(key); decoded.ok()) {
    ASSERT_EQ(ToHex(decoded->Encode()), ToHex(key));
  }
  if (const auto decoded = StaleCell(key); decoded.ok()) {
    ASSERT_EQ(ToHex(StaleKey(*decoded)), ToHex(key));
    ASSERT_THAT(CellKey::Decode(*decoded), IsOk());
  }
  DescribeRollupKey(key);  // whatever it is
}

TEST(RollupKeyDecoderTest, WhatDecodesEncodesToTheSameBytes) {
  Random random;
  const std::vector<std::string> keys = AllKinds();
  for (int i = 0; i < 50'000; ++i) {
    ASSERT_NO_FATAL_FAILURE(ExpectSameBytesOrNone(testing::Damaged(random.PickFrom(keys), &random)));
  }
}

TEST(DescribeRollupKeyTest, ReadsAsTextOrElseAsHex) {
  EXPECT_EQ(DescribeRollupKey(MeterKey{kAccount, "traffic"}.Encode()),
            "account 0184421e-a9cc-711b-af93-bf0511d4d833, meter 'traffic'");
  EXPECT_EQ(DescribeRollupKey(DroppedKey{7}.Encode()), "dropped meter 7");
  const CellKey everybody{7, "", BucketSize::kQuarterHour, kOctoberQuarter + 42, ""};
  EXPECT_EQ(DescribeRollupKey(everybody.Encode()), "meter 7, quarter hour of 2022-10-01T10:30:00Z, group ");
  const CellKey cell{7, "acme", BucketSize::kDay, kOctoberDay, kGroups[4]};
  const std::string text = "meter 7, customerAlias 'acme', day of 2022-10-01T00:00:00Z, group 0165750000";
  EXPECT_EQ(DescribeRollupKey(cell.Encode()), text);
  EXPECT_EQ(DescribeRollupKey(StaleKey(cell.Encode())), "stale " + text);
  EXPECT_EQ(DescribeRollupKey(ValueKey{cell, "b\xc3\xb6"}.Encode()), text + ", value 'b\xc3\xb6'");
  EXPECT_EQ(DescribeRollupKey(ValueKey{cell, "\x1b'\n"}.Encode()), text + ", value '\\x1b\\'\\n'");
  EXPECT_EQ(DescribeRollupKey(ValueKey{cell, UniqueForm("0184421e-a9cc-711b-af93-bf0511d4d833")}.Encode()),
            text + ", value of digest 76238569a130d2982d27db20c8b50a099471f5b40f62c045463faa04814d65d6");
  for (const std::string_view hex : {"", "00ff10", "01", "01ff10", "0200000000", "03ff10", "04ff10", "05ff10", "06"}) {
    EXPECT_EQ(DescribeRollupKey(Hex(hex)), "key " + std::string(hex));
  }
}

}  // namespace
}  // namespace tallystick
