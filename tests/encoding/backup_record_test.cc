#include "lib/encoding/backup_record.h"

#include <string>

#include "gtest/gtest.h"
#include "lib/base/digest.h"
#include "tests/encoding/damage.h"
#include "tests/support/hex.h"
#include "tests/support/random.h"
#include "tests/support/status_matchers.h"

namespace tallystick {
namespace {

using testing::Damaged;
using testing::ExpectNeitherLessNorMore;
using testing::IsOk;
using testing::StatusIs;
using testing::ToHex;

std::string WithDigest(const std::string& body) { return body + "digest " + ToHex(Digest(body)) + "\n"; }

BackupRecord SomeRecord() {
  BackupRecord record;
  record.info.id = 3;
  record.info.taken = absl::FromUnixNanos(1'769'558'400'123'456'789);
  record.info.store = *Uuid::Parse("5f0c3b1a-9d2e-4f67-8a1b-c2d3e4f50617");
  record.info.history = {.number = 2, .id = *Uuid::Parse("c4a9e2d7-3b18-4f60-8e7d-92a1b0c3d4e5")};
  record.info.last_sequence = 1980;
  record.info.bytes = 74'201;
  record.info.copied_bytes = 10'240;
  record.format_version = 4;
  record.files_digest = Digest("the list of files");
  return record;
}

TEST(BackupRecordTest, IsPinnedAndDecodesStrictly) {
  const std::string text = SomeRecord().Encode();
  EXPECT_EQ(text,
            "tallystick backup 1\n"
            "id 3\n"
            "taken 2026-01-28T00:00:00.123456789Z\n"
            "store 5f0c3b1a-9d2e-4f67-8a1b-c2d3e4f50617\n"
            "format 4\n"
            "history 2 c4a9e2d7-3b18-4f60-8e7d-92a1b0c3d4e5\n"
            "sequence 1980\n"
            "bytes 74201\n"
            "copied 10240\n"
            "files fe50a2178b7f1e65c55e0665bc93f52d45f6de22b6fe1d02b53c2bca334abb30\n"
            "digest 5404db0e05eaafa02d641110927948e6c215cd0d1bd156db270aed7e5016c36c\n");
  const absl::StatusOr<BackupRecord> decoded = BackupRecord::Decode(text);
  ASSERT_THAT(decoded, IsOk());
  EXPECT_EQ(decoded->info.taken, SomeRecord().info.taken);
  EXPECT_EQ(decoded->info.store, SomeRecord().info.store);
  EXPECT_EQ(decoded->info.history, SomeRecord().info.history);
  EXPECT_EQ(decoded->Encode(), text);
  ExpectNeitherLessNorMore(text, BackupRecord::Decode);
}

TEST(BackupRecordTest, EveryFlippedBitIsDamage) {
  const std::string text = SomeRecord().Encode();
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = text;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      EXPECT_THAT(BackupRecord::Decode(flipped), StatusIs(absl::StatusCode::kDataLoss)) << at << " " << bit;
    }
  }
}

TEST(BackupRecordTest, DecodesOnlyWhatItWouldEncode) {
  testing::Random random;
  const std::string whole = SomeRecord().Encode();
  const std::size_t end = whole.rfind("digest ");
  for (int i = 0; i < 5'000; ++i) {
    // The last line is right for what is before it.
    const std::string body = Damaged(whole.substr(0, end), &random);
    const std::string text = WithDigest(body);
    const absl::StatusOr<BackupRecord> decoded = BackupRecord::Decode(text);
    if (decoded.ok()) {
      EXPECT_EQ(decoded->Encode(), text);
    } else if (!absl::IsFailedPrecondition(decoded.status())) {
      EXPECT_THAT(decoded, StatusIs(absl::StatusCode::kDataLoss)) << text;
    }
  }
}

TEST(BackupRecordTest, ALaterVersionIsRefusedAsSuch) {
  std::string body = SomeRecord().Encode();
  body = body.substr(0, body.rfind("digest "));
  body.replace(body.find("backup 1"), 8, "backup 2");
  body += "new things\n";
  EXPECT_THAT(BackupRecord::Decode(WithDigest(body)), StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace tallystick
