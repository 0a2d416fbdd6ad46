#include "lib/encoding/rollup_rows.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/encoding/damage.h"
#include "tests/support/hex.h"
#include "tests/support/random.h"
#include "tests/support/status_matchers.h"

namespace tallystick {

// So that a failure shows what a row has.
void PrintTo(const CellRow& row, std::ostream* out) { *out << testing::ToHex(row.Encode()); }
void PrintTo(const ValueRow& row, std::ostream* out) { *out << row.count; }

namespace {

using testing::ExpectNeitherLessNorMore;
using testing::Hex;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::Overwritten;
using testing::Random;
using testing::StatusIs;
using testing::ToHex;

constexpr std::uint64_t kLastSequence = (std::uint64_t{1} << 48) - 1;
constexpr std::uint64_t kLastCount = ~std::uint64_t{0};
constexpr Instant kOctober{63'800'179'200, 500};  // 2022-10-01T00:00:00.000000500Z
constexpr Instant kLastInstant{Instant::kSecondsEnd - 1, 999'999'999};

// The tags that no version writes yet, or ever will.
constexpr std::string_view kUnknownTags[] = {"00", "02", "03", "7f", "81", "ff"};

Decimal Number(std::string_view text) {
  const std::optional<Decimal> number = Decimal::Parse(text);
  EXPECT_TRUE(number.has_value()) << text;
  return number.value_or(Decimal());
}

DecimalSum SumOf(const std::vector<std::string>& numbers) {
  DecimalSum sum;
  for (const std::string& number : numbers) sum.Add(Number(number));
  return sum;
}

// --- Declared meters ---

Meter TrafficMeter() {
  return {.event_type = "sent",
          .aggregation = Aggregation::kSum,
          .property = "size",
          .group_by = {"to", "by"},
          .filter = {{"kind", {"b", "a", "b"}}, {"ok", {"true"}}}};
}

MeterRow TrafficRow() { return {.number = 7, .building = std::nullopt, .meter = TrafficMeter()}; }

MeterRow CountRow() {
  return {.number = 0xffff'ffff,
          .building = MeterBuilding{.next = {.time = kOctober, .sequence = 9}, .events_read = 0x0102'0304'0506'0708},
          .meter = {.event_type = "sent"}};
}

constexpr std::string_view kTrafficBytes =
    "00000004 73656e74"
    "02"
    "00000004 73697a65"
    "00000002 00000002 746f 00000002 6279"
    "00000002"
    "  00000004 6b696e64 00000002 00000001 61 00000001 62"
    "  00000002 6f6b 00000001 00000004 74727565";

void ExpectSame(const MeterRow& actual, const MeterRow& expected) {
  EXPECT_EQ(actual.number, expected.number);
  EXPECT_EQ(actual.building, expected.building);
  EXPECT_EQ(ToHex(EncodeMeter(actual.meter)), ToHex(EncodeMeter(expected.meter)));
  EXPECT_EQ(actual.meter.event_type, expected.meter.event_type);
  EXPECT_EQ(actual.meter.aggregation, expected.meter.aggregation);
  EXPECT_EQ(actual.meter.property, expected.meter.property);
  EXPECT_EQ(actual.meter.group_by, expected.meter.group_by);
}

TEST(MeterRowTest, BytesArePinned) {
  EXPECT_EQ(ToHex(EncodeMeter(TrafficMeter())), ToHex(Hex(kTrafficBytes)));
  EXPECT_EQ(ToHex(TrafficRow().Encode()), ToHex(Hex("01 00000007 00") + Hex(kTrafficBytes)));
  ASSERT_OK_AND_ASSIGN(const MeterRow traffic, MeterRow::Decode(TrafficRow().Encode()));
  ExpectSame(traffic, TrafficRow());
  EXPECT_EQ(traffic.meter.filter, (decltype(Meter::filter){{"kind", {"a", "b"}}, {"ok", {"true"}}}));

  EXPECT_EQ(ToHex(CountRow().Encode()), ToHex(Hex("01 ffffffff 01"
                                                  "0edac97a00 000007d0 000000000009"
                                                  "0102030405060708"
                                                  "00000004 73656e74"
                                                  "01"
                                                  "00000000"
                                                  "00000000"
                                                  "00000000")));
  ASSERT_OK_AND_ASSIGN(const MeterRow count, MeterRow::Decode(CountRow().Encode()));
  ExpectSame(count, CountRow());

  // Before the first event of all.
  MeterRow begun = CountRow();
  begun.building = MeterBuilding();
  EXPECT_EQ(ToHex(begun.Encode().substr(0, 29)), ToHex(Hex("01 ffffffff 01"
                                                           "0000000000 00000000 000000000000"
                                                           "0000000000000000")));
  ASSERT_OK_AND_ASSIGN(const MeterRow decoded, MeterRow::Decode(begun.Encode()));
  ExpectSame(decoded, begun);
}

// These numbers are on disk, though those of the enumeration in the public header are not.
TEST(MeterRowTest, CodesOfAggregationsArePinned) {
  const std::pair<Aggregation, std::string_view> table[] = {
      {Aggregation::kCount, "01"},  {Aggregation::kSum, "02"},     {Aggregation::kMin, "03"},
      {Aggregation::kMax, "04"},    {Aggregation::kAverage, "05"}, {Aggregation::kUniqueCount, "06"},
      {Aggregation::kLatest, "07"},
  };
  for (const auto& [aggregation, code] : table) {
    SCOPED_TRACE(code);
    const bool has_property = aggregation != Aggregation::kCount;
    const MeterRow row{.number = 1,
                       .meter = {.event_type = "t", .aggregation = aggregation, .property = has_property ? "p" : ""}};
    EXPECT_EQ(ToHex(row.Encode()),
              ToHex(Hex("01 00000001 00"
                        "00000001 74") +
                    Hex(code) + Hex(has_property ? "00000001 70" : "00000000") + Hex("00000000 00000000")));
    ASSERT_OK_AND_ASSIGN(const MeterRow decoded, MeterRow::Decode(row.Encode()));
    ExpectSame(decoded, row);
  }
}

TEST(MeterRowTest, EqualMetersHaveEqualBytes) {
  const std::string bytes = EncodeMeter(TrafficMeter());
  Meter other = TrafficMeter();
  other.filter = {{"ok", {"true", "true"}}, {"kind", {"a", "b"}}};
  EXPECT_EQ(EncodeMeter(other), bytes);

  // The order of groups is that of an answer's.
  other = TrafficMeter();
  std::swap(other.group_by[0], other.group_by[1]);
  EXPECT_NE(EncodeMeter(other), bytes);
  const auto expect_other = [&](auto change) {
    Meter changed = TrafficMeter();
    change(&changed);
    EXPECT_NE(EncodeMeter(changed), bytes);
  };
  expect_other([](Meter* meter) { meter->event_type = "sents"; });
  expect_other([](Meter* meter) { meter->aggregation = Aggregation::kAverage; });
  expect_other([](Meter* meter) { meter->property = "siz"; });
  expect_other([](Meter* meter) { meter->group_by.pop_back(); });
  expect_other([](Meter* meter) { meter->filter.clear(); });
  expect_other([](Meter* meter) { meter->filter["kind"] = {"a"}; });
  // The same text, with its parts elsewhere.
  expect_other([](Meter* meter) { meter->group_by = {"tob", "y"}; });
  expect_other([](Meter* meter) { meter->filter = {{"kind", {"a"}}, {"bok", {"true"}}}; });
}

TEST(MeterRowTest, RefusesWhatNoEncoderWrites) {
  for (const MeterRow& whole : {TrafficRow(), CountRow()}) {
    const std::string row = whole.Encode();
    ExpectNeitherLessNorMore(row, MeterRow::Decode);
    for (const std::string_view tag : kUnknownTags) {
      EXPECT_THAT(MeterRow::Decode(Overwritten(row, 0, Hex(tag))), StatusIs(absl::StatusCode::kDataLoss, "a meter"))
          << tag;
    }
    EXPECT_THAT(MeterRow::Decode(Overwritten(row, 1, Hex("00000000"))), StatusIs(absl::StatusCode::kDataLoss));
    for (const std::string_view building : {"02", "03", "80", "ff"}) {
      EXPECT_THAT(MeterRow::Decode(Overwritten(row, 5, Hex(building))), StatusIs(absl::StatusCode::kDataLoss))
          << building;
    }
  }
  // The flag and what follows it must agree.
  EXPECT_THAT(MeterRow::Decode(Overwritten(TrafficRow().Encode(), 5, Hex("01"))),
              StatusIs(absl::StatusCode::kDataLoss));
  const std::string building = CountRow().Encode();
  EXPECT_THAT(MeterRow::Decode(Overwritten(building, 5, Hex("00"))), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(MeterRow::Decode(Overwritten(building, 6, Hex("4977863880"))), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(MeterRow::Decode(Overwritten(building, 11, Hex("fa000000"))), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(MeterRowTest, RefusesMetersThatAreNone) {
  const std::string head = Hex("01 00000007 00");
  const auto decode = [&](std::string_view meter) { return MeterRow::Decode(head + Hex(meter)).status(); };
  const auto expect_refused = [&](std::string_view meter) {
    EXPECT_THAT(decode(meter), StatusIs(absl::StatusCode::kDataLoss, "a meter")) << meter;
  };
  EXPECT_THAT(decode("00000001 74  02  00000001 70  00000000  00000000"), IsOk());
  for (const std::string_view code : {"00", "08", "7f", "80", "ff"}) {
    expect_refused("00000001 74" + std::string(code) + "00000001 70  00000000  00000000");
  }
  // No type of event, and too long a one.
  expect_refused("00000000  02  00000001 70  00000000  00000000");
  MeterRow long_type = TrafficRow();
  long_type.meter.event_type = std::string(255, 't');
  EXPECT_THAT(MeterRow::Decode(long_type.Encode()), IsOk());
  long_type.meter.event_type += 't';
  EXPECT_THAT(MeterRow::Decode(long_type.Encode()), StatusIs(absl::StatusCode::kDataLoss));
  // A property of a count, and none of anything else.
  expect_refused("00000001 74  01  00000001 70  00000000  00000000");
  for (const std::string_view code : {"02", "03", "04", "05", "06", "07"}) {
    expect_refused("00000001 74" + std::string(code) + "00000000  00000000  00000000");
  }
  // Groups: without a name, and twice.
  expect_refused("00000001 74  01  00000000  00000001 00000000  00000000");
  expect_refused("00000001 74  01  00000000  00000002 00000001 67 00000001 67  00000000");
  EXPECT_THAT(decode("00000001 74  01  00000000  00000002 00000001 68 00000001 67  00000000"), IsOk());
  // Filters: without a name, twice, out of order, without a value.
  expect_refused("00000001 74  01  00000000  00000000  00000001 00000000 00000001 00000001 61");
  expect_refused(
      "00000001 74  01  00000000  00000000"
      "00000002 00000001 66 00000001 00000001 61 00000001 66 00000001 00000001 62");
  expect_refused(
      "00000001 74  01  00000000  00000000"
      "00000002 00000001 67 00000001 00000001 61 00000001 66 00000001 00000001 61");
  expect_refused("00000001 74  01  00000000  00000000  00000001 00000001 66 00000000");
  // Values: twice, and out of order.
  expect_refused("00000001 74  01  00000000  00000000  00000001 00000001 66 00000002 00000001 61 00000001 61");
  expect_refused("00000001 74  01  00000000  00000000  00000001 00000001 66 00000002 00000001 62 00000001 61");
  EXPECT_THAT(decode("00000001 74  01  00000000  00000000  00000001 00000001 66 00000002 00000000 00000001 61"),
              IsOk());
  // Numbers of texts that nothing is behind.
  expect_refused("00000001 74  01  00000000  ffffffff");
  expect_refused("00000001 74  01  00000000  00000000  ffffffff");
  expect_refused("00000001 74  01  00000000  00000000  00000001 00000001 66 ffffffff");
  expect_refused("ffffffff 74  01  00000000  00000000  00000000");
}

// --- Cells ---

struct CellCase {
  CellRow row;
  std::string_view hex;
};

const std::vector<CellCase> kCells = {
    // Counts.
    {{.count = 1}, "01 01 00 00"},
    {{.skipped = 1}, "01 00 01 00"},
    {{.inexact = 1}, "01 00 00 01"},
    {{.count = 127, .skipped = 128, .inexact = 16'384}, "01 7f 8001 808001"},
    {{.count = 300, .skipped = 16'383, .inexact = kLastCount}, "01 ac02 ff7f ffffffffffffffffff01"},
    // Sums.
    {{.count = 1, .state = SumOf({"501"})}, "02 01 00 00 0190 01f5"},
    {{.count = 2, .state = SumOf({"-2.5", "0"})}, "02 02 00 00 818f 19"},
    {{.count = 2, .state = SumOf({"1", "-1"})}, "02 02 00 00 0190"},
    {{.skipped = 3, .state = DecimalSum()}, "02 00 03 00 0190"},
    {{.count = 1, .state = SumOf({"1e-400"})}, "02 01 00 00 0000 01"},
    {{.count = 2, .state = SumOf({"-9e400", "-1e400"})}, "02 02 00 00 8321 01"},
    {{.count = 2, .state = SumOf({"340282366920938463463374607431768e6", "211456"})},
     "02 02 00 00 0190 0100000000000000000000000000000000"},
    // Extremes.
    {{.count = 1, .state = CellExtreme{.value = Number("12.5")}}, "03 01 00 00 01 018f 7d"},
    {{.count = 1, .state = CellExtreme{.value = Number("-1e400")}}, "03 01 00 00 01 8320 01"},
    {{.count = 1, .state = CellExtreme{}}, "03 01 00 00 01 0190"},
    {{.count = 2, .skipped = 1, .state = CellExtreme{.value = Number("256"), .stale = true}},
     "03 02 01 00 03 0190 0100"},
    {{.count = 1, .state = CellExtreme{.value = Number(std::string(38, '9'))}},
     "03 01 00 00 01 0190 4b3b4ca85a86c47a098a223fffffffff"},
    {{.skipped = 1, .state = CellExtreme{}}, "03 00 01 00 00"},
    // Latest values.
    {{.count = 1, .state = CellLatest{.position = {.time = kOctober, .sequence = 7}}},
     "04 01 00 00 01 0edac97a00 000007d0 000000000007"},
    {{.count = 1, .state = CellLatest{.position = {.time = kLastInstant, .sequence = kLastSequence}, .stale = true}},
     "04 01 00 00 03 497786387f f9fe7f9c ffffffffffff"},
    {{.inexact = 1, .state = CellLatest{}}, "04 00 00 01 00"},
};

TEST(CellRowTest, BytesArePinned) {
  for (const CellCase& one : kCells) {
    SCOPED_TRACE(one.hex);
    EXPECT_EQ(ToHex(one.row.Encode()), ToHex(Hex(one.hex)));
    EXPECT_THAT(CellRow::Decode(Hex(one.hex)), IsOkAndHolds(one.row));
  }
}

TEST(CellRowTest, RefusesWhatIsCutOff) {
  for (const CellCase& one : kCells) {
    SCOPED_TRACE(one.hex);
    const std::string row = one.row.Encode();
    // A number reaches to the end of its row, so that one with fewer bytes may be another number.
    const bool ends_with_number = row[0] == '\x02' || (row[0] == '\x03' && one.row.count > 0);
    if (!ends_with_number) {
      ExpectNeitherLessNorMore(row, CellRow::Decode);
      continue;
    }
    for (std::size_t size = 0; size < row.size(); ++size) {
      const std::string cut = row.substr(0, size);
      if (const auto decoded = CellRow::Decode(cut); decoded.ok()) {
        EXPECT_EQ(ToHex(decoded->Encode()), ToHex(cut));
        EXPECT_FALSE(*decoded == one.row);
      }
    }
  }
}

TEST(CellRowTest, RefusesWhatNoEncoderWrites) {
  const auto expect_refused = [](std::string_view hex) {
    EXPECT_THAT(CellRow::Decode(Hex(hex)), StatusIs(absl::StatusCode::kDataLoss, "a cell")) << hex;
  };
  // Unknown tags.
  for (const std::string_view tag : {"00", "05", "06", "7f", "81", "ff"}) {
    expect_refused(std::string(tag) + "01 00 00");
    expect_refused(std::string(tag) + "01 00 00 0190");
  }
  // No event at all.
  for (const std::string_view row : {"01 00 00 00", "02 00 00 00 0190", "03 00 00 00 00", "04 00 00 00 00"}) {
    expect_refused(row);
  }
  // Varints with bytes to spare, beyond 64 bits, and without an end.
  expect_refused("01 8100 00 00");
  expect_refused("01 01 8000 00");
  expect_refused("01 01 00 818000");
  expect_refused("01 ffffffffffffffffff02 00 00");
  expect_refused("01 ffffffffffffffffffff01 00 00");
  expect_refused("01 80808080808080808000 00 00");
  expect_refused("01 8080808080808080808001 00 00");
  expect_refused("01 01 00 80");
  // Sums: of nothing, minus zero, zero with an exponent, leading zeros, multiples of ten, exponents beyond their range.
  for (const std::string_view number : {"01f5", "0001", "8001"}) {
    expect_refused("02 00 01 00 0190" + std::string(number));
  }
  for (const std::string_view number :
       {"8190", "0191", "0000", "0190 00", "0190 0001", "0190 0a", "0190 0100000000000000000000000000000000000004",
        "035a 01", "7fff 01", "835a 01", "ffff 01", "01", ""}) {
    expect_refused("02 01 00 00" + std::string(number));
    expect_refused("03 01 00 00 01" + std::string(number));
  }
  EXPECT_THAT(CellRow::Decode(Hex("02 01 00 00 0359 01")), IsOk());
  EXPECT_THAT(CellRow::Decode(Hex("02 01 00 00 0190") + std::string(357, '\x01')), IsOk());
  EXPECT_THAT(CellRow::Decode(Hex("02 01 00 00 0190") + std::string(358, '\x01')),
              StatusIs(absl::StatusCode::kDataLoss));
  // Extremes that are sums, not numbers of one event: 1e401, and 39 digits.
  expect_refused("03 01 00 00 01 0321 01");
  expect_refused("03 01 00 00 01 0190 4b3b4ca85a86c47a098a224000000001");
  // Unknown flags; what is looked for without a count, and a count without it; stale without a value.
  for (const std::string_view tag : {"03", "04"}) {
    const std::string value = tag == "03" ? "0190 01" : "0edac97a00 000007d0 000000000007";
    EXPECT_THAT(CellRow::Decode(Hex(std::string(tag) + "01 00 00 01" + value)), IsOk());
    EXPECT_THAT(CellRow::Decode(Hex(std::string(tag) + "01 00 00 03" + value)), IsOk());
    for (const std::string_view flags : {"00", "02", "04", "05", "07", "09", "81", "83", "ff"}) {
      expect_refused(std::string(tag) + "01 00 00" + std::string(flags) + value);
      expect_refused(std::string(tag) + "01 00 00" + std::string(flags));
    }
    for (const std::string_view flags : {"01", "02", "03"}) {
      expect_refused(std::string(tag) + "00 01 00" + std::string(flags) + value);
      expect_refused(std::string(tag) + "00 01 00" + std::string(flags));
    }
    expect_refused(std::string(tag) + "00 01 00 00" + value);
  }
  // Positions that no event has.
  expect_refused("04 01 00 00 01 4977863880 000007d0 000000000007");
  expect_refused("04 01 00 00 01 0edac97a00 fa000000 000000000007");
  expect_refused("04 01 00 00 01 0edac97a00 000007d0 000000000000");
}

// --- Values of distinct counts ---

TEST(ValueRowTest, BytesArePinned) {
  const std::pair<std::uint64_t, std::string_view> table[] = {
      {1, "01 01"},
      {127, "01 7f"},
      {128, "01 8001"},
      {kLastCount, "01 ffffffffffffffffff01"},
  };
  for (const auto& [count, hex] : table) {
    EXPECT_EQ(ToHex(ValueRow{.count = count}.Encode()), ToHex(Hex(hex)));
    EXPECT_THAT(ValueRow::Decode(Hex(hex)), IsOkAndHolds(ValueRow{.count = count}));
    ExpectNeitherLessNorMore(Hex(hex), ValueRow::Decode);
  }
}

TEST(ValueRowTest, RefusesWhatNoEncoderWrites) {
  for (const std::string_view tag : kUnknownTags) {
    EXPECT_THAT(ValueRow::Decode(Hex(tag) + Hex("01")), StatusIs(absl::StatusCode::kDataLoss, "a value")) << tag;
  }
  for (const std::string_view count : {"00", "8000", "8100", "ffffffffffffffffff02", "ffffffffffffffffffff01"}) {
    EXPECT_THAT(ValueRow::Decode(Hex("01") + Hex(count)), StatusIs(absl::StatusCode::kDataLoss, "a value")) << count;
  }
}

// --- All of them ---

// What decodes is what would have been written: the same bytes again.
template <typename Row>
void ExpectSameBytesOrNone(const std::string& value, int* accepted) {
  const absl::StatusOr<Row> row = Row::Decode(value);
  if (!row.ok()) {
    ASSERT_THAT(row, StatusIs(absl::StatusCode::kDataLoss, "rollups: ")) << ToHex(value);
    return;
  }
  ++*accepted;
  ASSERT_EQ(ToHex(row->Encode()), ToHex(value));
}

TEST(RollupRowDecoderTest, WhatDecodesEncodesToTheSameBytes) {
  Random random;
  std::vector<std::string> rows = {TrafficRow().Encode(), CountRow().Encode(), ValueRow{.count = 1}.Encode(),
                                   ValueRow{.count = 1'000'000}.Encode()};
  for (const CellCase& one : kCells) rows.push_back(one.row.Encode());
  int accepted = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::string value = testing::Damaged(random.PickFrom(rows), &random);
    ASSERT_NO_FATAL_FAILURE(ExpectSameBytesOrNone<MeterRow>(value, &accepted));
    ASSERT_NO_FATAL_FAILURE(ExpectSameBytesOrNone<CellRow>(value, &accepted));
    ASSERT_NO_FATAL_FAILURE(ExpectSameBytesOrNone<ValueRow>(value, &accepted));
  }
  EXPECT_GT(accepted, 1'000);  // else it would say little
}

}  // namespace
}  // namespace tallystick
