// Merges that run out of space: they wait for room, and nothing else does.

#include "lib/storage/merge_files.h"

#include <pthread.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/storage/rocksdb_options.h"
#include "tests/support/file_calls.h"
#include "tests/support/open_database.h"
#include "tests/support/status_matchers.h"

namespace tallystick::storage {
namespace {

using absl::StatusCode;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;

constexpr std::uint64_t kReserve = 1024 * 1024;

class Disk : public testing::FileCallWatcher {
 public:
  testing::CallFate Begins(const testing::FileCall& call) override {
    if (!full_for_merges || call.name != "write" || !call.path.ends_with(".sst")) return {};
    std::array<char, 16> thread{};
    ::pthread_getname_np(::pthread_self(), thread.data(), thread.size());
    return std::string(thread.data()) == "rocksdb:low" ? testing::CallFate::Fails(ENOSPC) : testing::CallFate();
  }
  std::optional<std::uint64_t> FreeBytes(const std::string& /*path*/) override { return free.load(); }

  std::atomic<std::uint64_t> free = 64 * kReserve;
  std::atomic<bool> full_for_merges = false;
};

class MergeFilesTest : public testing::DatabaseTest {
 protected:
  MergeFilesTest() {
    testing::WatchFileCalls(disk_);
    Reopen({.profile = Profile::kEdge,
            .create = true,
            .reserve = reserve_,
            .events = {
                .log = [this](Severity severity, std::string_view text) { Note(severity, text); },
                .background_error = [this](const absl::Status& error) { Note(Severity::kError, error.ToString()); }}});
  }
  ~MergeFilesTest() override {
    Close();
    testing::WatchFileCalls(nullptr);
  }

  // As many files as begin a merge, each over the whole range.
  void MakeFiles() {
    for (int round = 0; round < kLevel0Files; ++round) {
      for (const char* key : {"a", "m", "z"}) Put(Family::kEvents, key, "round " + std::to_string(round));
      ASSERT_THAT(database()->Flush(), IsOk());
    }
  }

  void Note(Severity severity, std::string_view text) {
    const std::lock_guard lock(mutex_);
    if (severity == Severity::kError) errors_.emplace_back(text);
    last_ = text;
    noted_.notify_all();
  }
  void AwaitNote(const std::string& part) {
    std::unique_lock lock(mutex_);
    noted_.wait(lock, [&] { return last_.find(part) != std::string::npos; });
  }

  const std::shared_ptr<Disk> disk_ = std::make_shared<Disk>();
  const std::shared_ptr<SpaceReserve> reserve_ = std::make_shared<SpaceReserve>(path_, kReserve);
  std::mutex mutex_;
  std::condition_variable noted_;
  std::vector<std::string> errors_;  // guarded by mutex_
  std::string last_;                 // guarded by mutex_
};

TEST_F(MergeFilesTest, AMergeWaitsForRoomAndTheDatabaseGoesOn) {
  disk_->free = kReserve / 2;
  MakeFiles();
  AwaitNote("events: cannot merge");
  EXPECT_EQ(RowsOf(Family::kEvents).size(), 3U);
  Put(Family::kEvents, "b", "more");
  EXPECT_THAT(database()->Flush(), IsOk()) << "a flush may take all that there is";
  disk_->free = 64 * kReserve;
  AwaitNote("events: merges again");  // RocksDB tries once a second
  EXPECT_THAT(reserve_->Admit(1), IsOk());
  EXPECT_EQ(RowsOf(Family::kEvents).size(), 4U);
  EXPECT_THAT(errors_, IsEmpty());
}

// RocksDB's own flushes and merges would wait, for ever, where so many files lie at level 0 that writers are held back.
TEST_F(MergeFilesTest, NothingWaitsForAMergeThatFindsNoRoom) {
  disk_->free = kReserve / 2;
  constexpr int kFiles = 24;  // writers are held back from 20 on, and stopped at 36
  for (int file = 0; file < kFiles; ++file) {
    for (const char* key : {"a", "m", "z"}) Put(Family::kEvents, key, "file " + std::to_string(file));
    ASSERT_THAT(database()->Flush(), IsOk());
  }
  AwaitNote("events: cannot merge");
  Put(Family::kEvents, "b", "to be flushed first");
  std::atomic<bool> cancelled = false;
  EXPECT_THAT(database()->Compact(Family::kEvents, {.start = "a", .limit = "zz"}, &cancelled),
              StatusIs(StatusCode::kResourceExhausted));
  EXPECT_EQ(RowsOf(Family::kEvents).size(), 4U);
  EXPECT_THAT(errors_, IsEmpty());
}

// A quota, perhaps, of which nobody was told.
TEST_F(MergeFilesTest, WritesAreRefusedWhileTheDiskIsFullForMerges) {
  disk_->full_for_merges = true;
  MakeFiles();
  AwaitNote("events: cannot merge");
  EXPECT_THAT(reserve_->Admit(1), StatusIs(StatusCode::kResourceExhausted, "not enough to merge"));
  EXPECT_EQ(RowsOf(Family::kEvents).size(), 3U);
  disk_->full_for_merges = false;
  AwaitNote("events: merges again");
  EXPECT_THAT(reserve_->Admit(1), IsOk());
  EXPECT_THAT(database()->VerifyTables(), IsOk());
  EXPECT_THAT(errors_, IsEmpty());
}

TEST_F(MergeFilesTest, AMergeThatIsAskedForSaysSo) {
  for (const char* value : {"1", "2"}) {  // in two files, which overlap
    for (const char* key : {"a", "aa"}) Put(Family::kRollups, key, value);
    ASSERT_THAT(database()->Flush(), IsOk());
  }
  disk_->free = kReserve / 2;
  std::atomic<bool> cancelled = false;
  const KeyRange all{.start = "a", .limit = "b"};
  EXPECT_THAT(database()->Compact(Family::kRollups, all, &cancelled),
              StatusIs(StatusCode::kResourceExhausted, "leaves half of the reserve"));
  disk_->free = 2 * kReserve;
  EXPECT_THAT(reserve_->Admit(1), IsOk()) << "nobody tries it again, so nobody waits for it";
  EXPECT_THAT(database()->Compact(Family::kRollups, all, &cancelled), IsOk());
  EXPECT_THAT(errors_, IsEmpty());
}

}  // namespace
}  // namespace tallystick::storage
