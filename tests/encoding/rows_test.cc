#include "lib/encoding/rows.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gtest/gtest.h"
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

constexpr std::uint64_t kLastSequence = (std::uint64_t{1} << 48) - 1;
constexpr Instant kOctober{63'800'179'200, 500};  // 2022-10-01T00:00:00.000000500Z
constexpr Instant kLastInstant{Instant::kSecondsEnd - 1, 999'999'999};
constexpr Receipt kReceipt{0x0018'4421'a820'20ea};
constexpr Receipt kLastReceipt{Receipt::kTicksEnd - 1};

constexpr char kUuidId[] = "9d47c1a5-266c-4437-9b34-615396fb4170";

const Uuid kAccount = *Uuid::Parse("0184421e-a9cc-711b-af93-bf0511d4d833");

// The tags that no version writes yet, or ever will.
constexpr std::string_view kUnknownTags[] = {"00", "02", "03", "7f", "81", "ff"};
// Beyond the last receipt that fits into an id.
constexpr std::string_view kBadReceipts[] = {"1000000000000000", "ffffffffffffffff"};

template <typename Row>
std::string Encode(const Row& row) {
  std::string bytes;
  row.AppendTo(&bytes);
  return bytes;
}

TEST(EventIdRowTest, BytesArePinned) {
  const EventIdRow row{.sequence = 7, .fingerprint = 0x0342'555d'252a'bb7b};
  EXPECT_EQ(ToHex(Encode(row)), ToHex(Hex("01"
                                          "000000000007"
                                          "0342555d252abb7b")));
  EXPECT_THAT(EventIdRow::Decode(Encode(row)), IsOkAndHolds(row));

  const EventIdRow greatest{.sequence = kLastSequence, .fingerprint = ~std::uint64_t{0}};
  EXPECT_EQ(ToHex(Encode(greatest)), ToHex(Hex("01"
                                               "ffffffffffff"
                                               "ffffffffffffffff")));
  EXPECT_THAT(EventIdRow::Decode(Encode(greatest)), IsOkAndHolds(greatest));
}

TEST(EventIdRowTest, RefusesWhatNoEncoderWrites) {
  const std::string row = Encode(EventIdRow{.sequence = 7, .fingerprint = 8});
  ExpectNeitherLessNorMore(row, EventIdRow::Decode);
  for (const std::string_view tag : kUnknownTags) {
    EXPECT_THAT(EventIdRow::Decode(Overwritten(row, 0, Hex(tag))),
                StatusIs(absl::StatusCode::kDataLoss, "event_ids: a row has an unknown tag"))
        << tag;
  }
  EXPECT_THAT(EventIdRow::Decode(Overwritten(row, 1, Hex("000000000000"))), StatusIs(absl::StatusCode::kDataLoss));
}

const EventRow kEventRow{.receipt = kReceipt,
                         .customer_event_id = "event-1",
                         .customer_alias = "acme",
                         .event_type = "sent",
                         .event_properties = R"({"n":1})"};

void ExpectSame(const EventRow& actual, const EventRow& expected) {
  EXPECT_EQ(actual.receipt, expected.receipt);
  EXPECT_EQ(actual.customer_event_id, expected.customer_event_id);
  EXPECT_EQ(actual.customer_alias, expected.customer_alias);
  EXPECT_EQ(actual.event_type, expected.event_type);
  EXPECT_EQ(actual.event_properties, expected.event_properties);
}

TEST(EventRowTest, BytesArePinned) {
  EXPECT_EQ(ToHex(Encode(kEventRow)), ToHex(Hex("01"
                                                "00184421a82020ea"
                                                "01") +
                                            "\x07"
                                            "event-1"
                                            "\x04"
                                            "acme"
                                            "\x04"
                                            "sent"
                                            R"({"n":1})"));
  EventRow without_id = kEventRow;
  without_id.customer_event_id.reset();
  EXPECT_EQ(ToHex(Encode(without_id)), ToHex(Hex("01"
                                                 "00184421a82020ea"
                                                 "00") +
                                             "\x04"
                                             "acme"
                                             "\x04"
                                             "sent"
                                             R"({"n":1})"));
  const std::string id(255, 'i'), alias(255, 'a'), type(255, 't');
  const EventRow longest{.receipt = kLastReceipt,
                         .customer_event_id = id,
                         .customer_alias = alias,
                         .event_type = type,
                         .event_properties = "{}"};
  EXPECT_EQ(ToHex(Encode(longest)), ToHex(Hex("01"
                                              "0fffffffffffffff"
                                              "01 ff") +
                                          id + '\xff' + alias + '\xff' + type + "{}"));

  EventRow with_uuid = kEventRow;
  with_uuid.customer_event_id = kUuidId;
  EXPECT_EQ(ToHex(Encode(with_uuid)), ToHex(Hex("01"
                                                "00184421a82020ea"
                                                "02"
                                                "9d47c1a5266c44379b34615396fb4170") +
                                            "\x04"
                                            "acme"
                                            "\x04"
                                            "sent"
                                            R"({"n":1})"));

  for (const EventRow& row : {kEventRow, without_id, longest, with_uuid}) {
    const std::string bytes = Encode(row);
    ASSERT_OK_AND_ASSIGN(const EventRow decoded, EventRow::Decode(bytes));
    ExpectSame(decoded, row);
    EXPECT_EQ(bytes.substr(row.AliasOffset(), row.customer_alias.size()), row.customer_alias);
  }
}

TEST(EventRowTest, GivesBackEveryIdByteForByte) {
  for (const std::string& id : testing::UuidsAndNearMisses()) {
    EventRow row = kEventRow;
    row.customer_event_id = id;
    const std::string bytes = Encode(row);
    ASSERT_OK_AND_ASSIGN(const EventRow decoded, EventRow::Decode(bytes));
    ExpectSame(decoded, row);
    std::string buffer = "left over";
    EXPECT_EQ(decoded.customer_event_id->ToText(&buffer), id);
    EXPECT_EQ(bytes.substr(row.AliasOffset(), 4), "acme");
  }
}

TEST(EventRowTest, ReceiptCanBeReplacedInPlace) {
  std::string bytes = Encode(kEventRow);
  EventRow::SetReceipt(kLastReceipt, bytes.data());
  EventRow later = kEventRow;
  later.receipt = kLastReceipt;
  EXPECT_EQ(ToHex(bytes), ToHex(Encode(later)));
}

TEST(EventRowTest, RefusesWhatNoEncoderWrites) {
  const std::string row = Encode(kEventRow);
  ExpectNeitherLessNorMore(row, EventRow::Decode);
  EventRow without_id = kEventRow;
  without_id.customer_event_id.reset();
  ExpectNeitherLessNorMore(Encode(without_id), EventRow::Decode);
  EventRow with_uuid = kEventRow;
  with_uuid.customer_event_id = kUuidId;
  ExpectNeitherLessNorMore(Encode(with_uuid), EventRow::Decode);

  for (const std::string_view tag : kUnknownTags) {
    EXPECT_THAT(EventRow::Decode(Overwritten(row, 0, Hex(tag))),
                StatusIs(absl::StatusCode::kDataLoss, "events: a row has an unknown tag"))
        << tag;
  }
  for (const std::string_view receipt : kBadReceipts) {
    EXPECT_THAT(EventRow::Decode(Overwritten(row, 1, Hex(receipt))), StatusIs(absl::StatusCode::kDataLoss));
  }
  for (const std::string_view form : {"03", "04", "80", "81", "ff"}) {
    EXPECT_THAT(EventRow::Decode(Overwritten(row, 9, Hex(form))),
                StatusIs(absl::StatusCode::kDataLoss, "events: a row has an unknown form of customerEventId"))
        << form;
  }
  // The text of a UUID, and one that could be taken for its bytes in a key.
  for (const std::string& id : {std::string(kUuidId), '\x01' + Hex("9d47c1a5266c44379b34615396fb4170"),
                                std::string("\x1f"), std::string("\0x", 2)}) {
    const std::string bytes = Hex("01 00184421a82020ea 01") + static_cast<char>(id.size()) + id +
                              "\x04"
                              "acme"
                              "\x04"
                              "sent{}";
    EXPECT_THAT(EventRow::Decode(bytes), StatusIs(absl::StatusCode::kDataLoss)) << ToHex(id);
  }
  // Lengths of 0, and one that reaches past the end; properties that are no object.
  const std::string head = Hex("01 00184421a82020ea");
  EXPECT_THAT(EventRow::Decode(head + Hex("01 00") +
                               "\x04"
                               "acme"
                               "\x04"
                               "sent{}"),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(EventRow::Decode(head + Hex("00 00") +
                               "\x04"
                               "sent{}"),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(EventRow::Decode(head + Hex("00") +
                               "\x04"
                               "acme" +
                               Hex("00") + "{}"),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(EventRow::Decode(head + Hex("00") +
                               "\x04"
                               "acme"
                               "\xff"
                               "sent{}"),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(EventRow::Decode(head + Hex("00") +
                               "\x04"
                               "acme"
                               "\x04"
                               "sent{}"),
              IsOk());
  for (const std::string_view properties : {"", "{", "}", "[]", "null", " {}", "{} "}) {
    EXPECT_THAT(EventRow::Decode(head + Hex("00") +
                                 "\x04"
                                 "acme"
                                 "\x04"
                                 "sent" +
                                 std::string(properties)),
                StatusIs(absl::StatusCode::kDataLoss))
        << properties;
  }
}

TEST(ChangeRowTest, BytesArePinned) {
  const ChangeRow created{.account = kAccount, .time = kOctober, .receipt = kReceipt};
  EXPECT_EQ(ToHex(Encode(created)), ToHex(Hex("01"
                                              "0184421ea9cc711baf93bf0511d4d833"
                                              "0edac97a00 000007d0"
                                              "00184421a82020ea"
                                              "00")));
  EXPECT_THAT(ChangeRow::Decode(Encode(created)), IsOkAndHolds(created));

  ChangeRow superseding = created;
  superseding.replaced = ChangeRow::Replaced{.sequence = 6, .receipt = Receipt{0x0018'4421'a820'20e9}};
  EXPECT_EQ(ToHex(Encode(superseding)), ToHex(Hex("01"
                                                  "0184421ea9cc711baf93bf0511d4d833"
                                                  "0edac97a00 000007d0"
                                                  "00184421a82020ea"
                                                  "01"
                                                  "000000000006"
                                                  "00184421a82020e9")));
  EXPECT_THAT(ChangeRow::Decode(Encode(superseding)), IsOkAndHolds(superseding));
}

TEST(ChangeRowTest, OfAnotherAccountIsDataLossToWhomAnIdLedThere) {
  const ChangeRow row{.account = kAccount, .time = kOctober, .receipt = kReceipt};
  EXPECT_THAT(ChangeRow::DecodeOf(kAccount, 7, Encode(row)), IsOkAndHolds(row));
  EXPECT_THAT(ChangeRow::DecodeOf(Uuid(), 7, Encode(row)),
              StatusIs(absl::StatusCode::kDataLoss, "of another account: sequence 7"));
  EXPECT_THAT(ChangeRow::DecodeOf(kAccount, 7, "rubbish"), StatusIs(absl::StatusCode::kDataLoss, "unknown tag"));
}

TEST(ChangeRowTest, RefusesWhatNoEncoderWrites) {
  const ChangeRow created{.account = kAccount, .time = kOctober, .receipt = kReceipt};
  ChangeRow superseding = created;
  superseding.replaced = ChangeRow::Replaced{.sequence = 6, .receipt = kReceipt};
  ExpectNeitherLessNorMore(Encode(created), ChangeRow::Decode);
  const std::string row = Encode(superseding);
  ExpectNeitherLessNorMore(row, ChangeRow::Decode);

  for (const std::string_view tag : kUnknownTags) {
    EXPECT_THAT(ChangeRow::Decode(Overwritten(row, 0, Hex(tag))),
                StatusIs(absl::StatusCode::kDataLoss, "changes: a row has an unknown tag"))
        << tag;
  }
  for (const std::string_view flags : {"02", "03", "ff"}) {
    EXPECT_THAT(ChangeRow::Decode(Overwritten(row, 34, Hex(flags))),
                StatusIs(absl::StatusCode::kDataLoss, "changes: a row has unknown flags"))
        << flags;
  }
  // The flag and what follows it must agree.
  EXPECT_THAT(ChangeRow::Decode(Overwritten(row, 34, Hex("00"))), StatusIs(absl::StatusCode::kDataLoss));
  for (const std::string_view receipt : kBadReceipts) {
    for (const std::size_t offset : {26, 41}) {
      EXPECT_THAT(ChangeRow::Decode(Overwritten(row, offset, Hex(receipt))), StatusIs(absl::StatusCode::kDataLoss));
    }
  }
  EXPECT_THAT(ChangeRow::Decode(Overwritten(row, 17, Hex("4977863880"))), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(ChangeRow::Decode(Overwritten(row, 22, Hex("fa000000"))), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(ChangeRow::Decode(Overwritten(row, 35, Hex("000000000000"))), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace tallystick
