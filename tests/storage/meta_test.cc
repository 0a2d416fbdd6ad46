#include "lib/storage/meta.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/open_database.h"

namespace tallystick::storage {
namespace {

using absl::StatusCode;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::StatusIs;

class MetaTest : public testing::DatabaseTest {
 protected:
  void PutIdentityAndPosition(const Identity& identity, const CommitPosition& position) {
    Batch batch(*database());
    PutIdentity(identity, &batch);
    PutPosition(position, &batch);
    ASSERT_THAT(database()->Write(&batch), IsOk());
  }
  std::string Row(std::string_view key) {
    const auto value = database()->Get(Family::kMeta, key);
    EXPECT_THAT(value, IsOk());
    EXPECT_TRUE(value->has_value());
    return value->value_or("");
  }
};

TEST_F(MetaTest, ANewIdentityIsLikeNoOther) {
  const Identity one = NewIdentity();
  const Identity other = NewIdentity();
  EXPECT_EQ(one.history.number, 1);
  EXPECT_NE(one.store_id, other.store_id);
  EXPECT_NE(one.history.id, other.history.id);
  EXPECT_NE(one.store_id, one.history.id);
  const std::vector<HashKey> keys = {one.fingerprint_key, one.event_id_key, one.cursor_key, other.fingerprint_key,
                                     other.event_id_key,  other.cursor_key, HashKey()};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(keys[i].bytes, keys[j].bytes) << i << " and " << j;
  }
  // RFC 9562 section 5.4: version 4, variant 10.
  for (const Uuid& uuid : {one.store_id, one.history.id}) {
    EXPECT_EQ(uuid.bytes[6] >> 4, 4);
    EXPECT_EQ(uuid.bytes[8] >> 6, 2);
  }
}

TEST_F(MetaTest, ARestoredStoreIsTheSameInAnotherHistory) {
  Identity before = NewIdentity();
  before.history.number = 0xfffe;
  const absl::StatusOr<Identity> after = RestoredIdentity(before);
  ASSERT_THAT(after, IsOk());
  EXPECT_EQ(after->history.number, 0xffff);
  EXPECT_NE(after->history.id, before.history.id);
  EXPECT_NE(after->cursor_key.bytes, before.cursor_key.bytes);
  // By these, what is sent again is known, and events keep their ids.
  EXPECT_EQ(after->store_id, before.store_id);
  EXPECT_EQ(after->fingerprint_key.bytes, before.fingerprint_key.bytes);
  EXPECT_EQ(after->event_id_key.bytes, before.event_id_key.bytes);
  EXPECT_THAT(RestoredIdentity(*after), StatusIs(StatusCode::kFailedPrecondition)) << "no number is left";
}

TEST_F(MetaTest, IdentityAndPositionComeBackAfterAReopen) {
  Identity identity = NewIdentity();
  identity.history.number = 0xabcd;
  const CommitPosition position{.sequence = 0x123456789abc, .receipt = Receipt{0x0123456789abcdef}};
  PutIdentityAndPosition(identity, position);
  for (const bool read_only : {false, true}) {
    Reopen({.read_only = read_only});
    const auto read = ReadIdentity(*database());
    ASSERT_THAT(read, IsOk());
    EXPECT_EQ(read->store_id, identity.store_id);
    EXPECT_EQ(read->history.number, identity.history.number);
    EXPECT_EQ(read->history.id, identity.history.id);
    EXPECT_EQ(read->fingerprint_key, identity.fingerprint_key);
    EXPECT_EQ(read->event_id_key, identity.event_id_key);
    EXPECT_EQ(read->cursor_key, identity.cursor_key);
    EXPECT_THAT(ReadPosition(*database(), nullptr), IsOkAndHolds(position));
  }
}

TEST_F(MetaTest, APositionIsReadAtASnapshot) {
  PutIdentityAndPosition(NewIdentity(), {.sequence = 1, .receipt = Receipt{10}});
  const auto before = database()->TakeSnapshot();
  Put(Family::kMeta, "position", CommitPosition{.sequence = 2, .receipt = Receipt{20}}.Encode());
  EXPECT_EQ(ReadPosition(*database(), before.get())->sequence, 1u);
  EXPECT_EQ(ReadPosition(*database(), nullptr)->sequence, 2u);
}

TEST_F(MetaTest, ARowThatIsMissingOrMisshapenIsDamageAndNamed) {
  PutIdentityAndPosition(NewIdentity(), {.sequence = 1, .receipt = Receipt{10}});
  const std::vector<std::string> keys = {"format_version", "store_id",   "history", "key.fingerprint",
                                         "key.event_id",   "key.cursor", "position"};
  EXPECT_EQ(RowsOf(Family::kMeta).size(), keys.size());
  for (const std::string& key : keys) {
    SCOPED_TRACE(key);
    const std::string value = Row(key);
    const auto read = [this, &key] {
      return key == "position" ? ReadPosition(*database(), nullptr).status() : ReadIdentity(*database()).status();
    };
    Delete(Family::kMeta, key);
    EXPECT_THAT(read(), StatusIs(StatusCode::kDataLoss, "'" + key + "' is missing"));
    for (std::string_view damaged : {value + "x", value.substr(1), std::string()}) {
      Put(Family::kMeta, key, damaged);
      EXPECT_THAT(read(), StatusIs(StatusCode::kDataLoss, "'" + key + "'"));
    }
    Put(Family::kMeta, key, value);
    EXPECT_THAT(read(), IsOk());
  }
}

TEST_F(MetaTest, AnotherFormatVersionIsRefusedBeforeAnythingElseIsRead) {
  for (const std::uint32_t version : {1u, 3u, 5u, 0x100u, 0xffffffffu}) {
    SCOPED_TRACE(version);
    Put(Family::kMeta, "format_version", EncodeFormatVersion(version));
    EXPECT_THAT(ReadIdentity(*database()),
                StatusIs(StatusCode::kFailedPrecondition, "format version " + std::to_string(version)));
  }
}

}  // namespace
}  // namespace tallystick::storage
