#include "lib/encoding/meta_rows.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "tests/encoding/damage.h"
#include "tests/support/hex.h"
#include "tests/support/status_matchers.h"

namespace tallystick {
namespace {

using testing::ExpectNeitherLessNorMore;
using testing::Hex;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::StatusIs;
using testing::ToHex;

TEST(MetaKeyTest, NamesArePinned) {
  EXPECT_EQ(meta_key::kFormatVersion, "format_version");
  EXPECT_EQ(meta_key::kStoreId, "store_id");
  EXPECT_EQ(meta_key::kHistory, "history");
  EXPECT_EQ(meta_key::kFingerprintKey, "key.fingerprint");
  EXPECT_EQ(meta_key::kEventIdKey, "key.event_id");
  EXPECT_EQ(meta_key::kCursorKey, "key.cursor");
  EXPECT_EQ(meta_key::kPosition, "position");
}

TEST(CommitPositionTest, BytesArePinnedAndDecodeStrictly) {
  const CommitPosition position{.sequence = 7, .receipt = Receipt{0x0018'4421'a820'20ea}};
  EXPECT_EQ(ToHex(position.Encode()),
            "000000000007"
            "00184421a82020ea");
  EXPECT_THAT(CommitPosition::Decode(position.Encode()), IsOkAndHolds(position));
  ExpectNeitherLessNorMore(position.Encode(), CommitPosition::Decode);

  const CommitPosition last{.sequence = (std::uint64_t{1} << 48) - 1, .receipt = Receipt{Receipt::kTicksEnd - 1}};
  EXPECT_EQ(ToHex(last.Encode()),
            "ffffffffffff"
            "0fffffffffffffff");
  EXPECT_THAT(CommitPosition::Decode(last.Encode()), IsOkAndHolds(last));

  // Before the first event nothing was given out: unlike an event's, this sequence may be 0.
  EXPECT_EQ(ToHex(CommitPosition().Encode()),
            "000000000000"
            "0000000000000000");
  EXPECT_THAT(CommitPosition::Decode(CommitPosition().Encode()), IsOkAndHolds(CommitPosition()));

  EXPECT_THAT(CommitPosition::Decode(Hex("000000000007"
                                         "1000000000000000")),
              StatusIs(absl::StatusCode::kDataLoss, "'position'"));
}

TEST(FormatVersionTest, BytesArePinnedAndDecodeStrictly) {
  EXPECT_EQ(kFormatVersion, 4u);
  EXPECT_EQ(ToHex(EncodeFormatVersion(kFormatVersion)), "00000004");
  EXPECT_EQ(ToHex(EncodeFormatVersion(0x0102'0304)), "01020304");
  // Another version decodes: whoever opens the store says that it is too new, or too old.
  EXPECT_THAT(DecodeFormatVersion(Hex("00000001")), IsOkAndHolds(1u));
  EXPECT_THAT(DecodeFormatVersion(Hex("00000004")), IsOkAndHolds(4u));
  EXPECT_THAT(DecodeFormatVersion(Hex("ffffffff")), IsOkAndHolds(0xffff'ffffu));
  EXPECT_THAT(DecodeFormatVersion(Hex("00000000")), StatusIs(absl::StatusCode::kDataLoss, "'format_version'"));
  ExpectNeitherLessNorMore(EncodeFormatVersion(1), DecodeFormatVersion);
}

TEST(HistoryTest, BytesArePinnedAndDecodeStrictly) {
  const Uuid id = *Uuid::Parse("0184421e-a9cc-711b-af93-bf0511d4d833");
  const std::string bytes = EncodeHistory(0x0102, id);
  EXPECT_EQ(ToHex(bytes),
            "0102"
            "0184421ea9cc711baf93bf0511d4d833");
  std::uint16_t number = 0;
  Uuid decoded;
  ASSERT_THAT(DecodeHistory(bytes, &number, &decoded), IsOk());
  EXPECT_EQ(number, 0x0102);
  EXPECT_EQ(decoded, id);
  ExpectNeitherLessNorMore(bytes, [&](std::string_view value) { return DecodeHistory(value, &number, &decoded); });
}

}  // namespace
}  // namespace tallystick
