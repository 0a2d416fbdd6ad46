#include "lib/storage/space_reserve.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/file_calls.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tallystick::storage {
namespace {

using absl::StatusCode;
using testing::IsOk;
using testing::StatusIs;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kReserve = 1024 * kKiB;

// A disk that says what is free on it, and counts how often it is asked. It counts in blocks.
class Disk : public testing::FileCallWatcher {
 public:
  std::optional<std::uint64_t> FreeBytes(const std::string& /*path*/) override {
    ++asked;
    return free.load();
  }

  std::atomic<std::uint64_t> free = 0;
  std::atomic<int> asked = 0;
};

class SpaceReserveTest : public ::testing::Test {
 protected:
  SpaceReserveTest() { testing::WatchFileCalls(disk_); }
  ~SpaceReserveTest() override { testing::WatchFileCalls(nullptr); }

  testing::TempFolder folder_;
  const std::shared_ptr<Disk> disk_ = std::make_shared<Disk>();
  SpaceReserve::Clock::time_point now_{};
  SpaceReserve reserve_{folder_.path(), kReserve, [this] { return now_; }};
};

TEST_F(SpaceReserveTest, RefusesWhatLeavesLess) {
  disk_->free = kReserve + 64 * kKiB;
  EXPECT_THAT(reserve_.Admit(64 * kKiB + 1), StatusIs(StatusCode::kResourceExhausted, folder_.path()));
  EXPECT_THAT(reserve_.Admit(64 * kKiB), IsOk());
  disk_->free = kReserve - 4 * kKiB;
  EXPECT_THAT(reserve_.Admit(1), StatusIs(StatusCode::kResourceExhausted, "1044480 bytes free"));
  EXPECT_THAT(reserve_.Admit(0), StatusIs(StatusCode::kResourceExhausted, "1048576 are kept in reserve"));
  EXPECT_THAT(reserve_.Admit(~std::uint64_t{0}), StatusIs(StatusCode::kResourceExhausted)) << "no overflow";
}

TEST_F(SpaceReserveTest, GoesOnAtOnceWhenThereIsRoom) {
  disk_->free = kReserve - 4 * kKiB;
  EXPECT_THAT(reserve_.Admit(100), StatusIs(StatusCode::kResourceExhausted));
  disk_->free = kReserve + 4 * kKiB;
  EXPECT_THAT(reserve_.Admit(100), IsOk());
}

TEST_F(SpaceReserveTest, AsksAgainWhenMuchWasWrittenOrTheAnswerIsOld) {
  disk_->free = 2 * kReserve + 4 * kKiB;
  EXPECT_THAT(reserve_.Admit(100), IsOk());
  EXPECT_EQ(disk_->asked, 1);
  // A sixteenth of the reserve: there is more above it.
  for (int i = 0; i < 64; ++i) EXPECT_THAT(reserve_.Admit(kKiB), IsOk());
  EXPECT_EQ(disk_->asked, 1);
  EXPECT_THAT(reserve_.Admit(kKiB), IsOk());
  EXPECT_EQ(disk_->asked, 2);

  now_ += std::chrono::milliseconds(99);
  EXPECT_THAT(reserve_.Admit(1), IsOk());
  EXPECT_EQ(disk_->asked, 2);
  now_ += std::chrono::milliseconds(1);
  disk_->free = kReserve - 4 * kKiB;
  EXPECT_THAT(reserve_.Admit(1), StatusIs(StatusCode::kResourceExhausted)) << "somebody else has filled it";
}

// So the last writes before the reserve overrun it by little.
TEST_F(SpaceReserveTest, AsksTheMoreOftenTheLessThereIs) {
  disk_->free = kReserve + 20 * kKiB;
  EXPECT_THAT(reserve_.Admit(4 * kKiB), IsOk());
  EXPECT_THAT(reserve_.Admit(kKiB), IsOk());
  EXPECT_EQ(disk_->asked, 1);
  EXPECT_THAT(reserve_.Admit(1), IsOk());
  EXPECT_EQ(disk_->asked, 2);
}

TEST_F(SpaceReserveTest, WithoutOneNothingIsAsked) {
  SpaceReserve none(folder_.path(), 0);
  EXPECT_THAT(none.Admit(1'000'000), IsOk());
  EXPECT_TRUE(none.MayMerge(1'000'000));
  none.MergeEnded(1, true);
  EXPECT_THAT(none.Admit(1'000'000), IsOk());
  EXPECT_EQ(disk_->asked, 0);
}

TEST_F(SpaceReserveTest, MergesMayTakeHalfOfIt) {
  disk_->free = kReserve / 2 + 64 * kKiB;
  EXPECT_TRUE(reserve_.MayMerge(64 * kKiB));
  EXPECT_FALSE(reserve_.MayMerge(64 * kKiB + 1));
}

TEST_F(SpaceReserveTest, RefusesWhileAFamilyCannotBeMerged) {
  disk_->free = 8 * kReserve;
  EXPECT_THAT(reserve_.Admit(1), IsOk());
  EXPECT_TRUE(reserve_.MergeEnded(3, true));
  EXPECT_FALSE(reserve_.MergeEnded(3, true)) << "no news";
  EXPECT_TRUE(reserve_.MergeEnded(5, true));
  EXPECT_THAT(reserve_.Admit(1), StatusIs(StatusCode::kResourceExhausted, folder_.path()));
  EXPECT_TRUE(reserve_.MergeEnded(3, false));
  EXPECT_THAT(reserve_.Admit(1), StatusIs(StatusCode::kResourceExhausted, "8388608 bytes free"));
  EXPECT_TRUE(reserve_.MergeEnded(5, false));
  EXPECT_FALSE(reserve_.MergeEnded(5, false));
  EXPECT_THAT(reserve_.Admit(1), IsOk());
}

TEST_F(SpaceReserveTest, ADiskThatDoesNotTellIsNotRefused) {
  SpaceReserve nowhere(folder_.path("nowhere"), kReserve);
  EXPECT_THAT(nowhere.Admit(100), IsOk());
  EXPECT_TRUE(nowhere.MayMerge(100));
  EXPECT_THAT(CheckRoom(folder_.path("nowhere"), 100, kReserve), IsOk());
  EXPECT_EQ(FreeBytes(folder_.path("nowhere")), std::nullopt);
}

TEST_F(SpaceReserveTest, ChecksRoomOnAnyDisk) {
  disk_->free = 64 * kKiB;
  EXPECT_THAT(CheckRoom(folder_.path(), 32 * kKiB, 32 * kKiB), IsOk());
  EXPECT_THAT(CheckRoom(folder_.path(), 32 * kKiB, 32 * kKiB + 1), StatusIs(StatusCode::kResourceExhausted));
}

TEST(OnOneDiskTest, ComparesDevices) {
  testing::TempFolder folder;
  EXPECT_TRUE(OnOneDisk(folder.path(), folder.path() + "/."));
  EXPECT_FALSE(OnOneDisk(folder.path(), "/proc"));
  EXPECT_FALSE(OnOneDisk(folder.path(), folder.path("nowhere")));
}

}  // namespace
}  // namespace tallystick::storage
