#include "lib/storage/sync_guard.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/storage/file_names.h"
#include "lib/storage/guarded_files.h"
#include "tests/support/file_calls.h"
#include "tests/support/open_database.h"

namespace tallystick::storage {
namespace {

namespace fs = std::filesystem;
using absl::StatusCode;
using testing::CallFate;
using testing::FileCall;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::StatusIs;

class SyncGuardTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_OK_AND_ASSIGN(guard_, SyncGuard::Create(folder_.path())); }
  ~SyncGuardTest() override { testing::WatchFileCalls(nullptr); }

  SyncedParts Said() {
    const absl::StatusOr<SyncedParts> said = ReadSyncGuard(folder_.path());
    EXPECT_THAT(said, IsOk());
    return said.value_or(SyncedParts());
  }
  void SyncFolder() { guard_->FolderSynced(guard_->FolderSyncBegins()); }
  void SyncLog(std::uint64_t number) { guard_->LogSynced(number, guard_->LogSyncBegins(number)); }
  // A log with so many bytes of whole records.
  void MakeLog(std::uint64_t number, std::uint64_t bytes) {
    guard_->LogMade(number);
    guard_->LogAppended(number, bytes);
    guard_->Written();
  }
  void Damage(std::size_t at) {
    std::fstream file(SyncGuardPath(folder_.path()), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file.put('?');
  }

  testing::TempFolder folder_;
  std::shared_ptr<SyncGuard> guard_;
};

TEST_F(SyncGuardTest, SaysNothingAtFirst) { EXPECT_EQ(Said(), SyncedParts()); }

TEST_F(SyncGuardTest, ALogCountsWhenItsNameIsSyncedToo) {
  MakeLog(4, 100);
  SyncLog(4);
  EXPECT_EQ(Said(), SyncedParts());
  EXPECT_EQ(guard_->mark(), FilePart());
  SyncFolder();
  EXPECT_EQ(Said(), (SyncedParts{.logs = {{4, 100}}}));
  EXPECT_EQ(guard_->mark(), (FilePart{4, 100}));
}

TEST_F(SyncGuardTest, AFolderThatBeganToBeSyncedBeforeTheLogWasMadeDoesNotHaveItsName) {
  MakeLog(4, 100);
  const SyncGuard::FolderState before = guard_->FolderSyncBegins();
  MakeLog(6, 10);
  SyncLog(4);
  SyncLog(6);
  guard_->FolderSynced(before);
  EXPECT_EQ(Said(), (SyncedParts{.logs = {{4, 100}}}));
}

TEST_F(SyncGuardTest, OnlyWholeRecordsCountThatWereThereWhenTheSyncBegan) {
  MakeLog(4, 100);
  SyncFolder();
  guard_->LogAppended(4, 50);  // a record's first half
  const std::uint64_t begun = guard_->LogSyncBegins(4);
  guard_->LogAppended(4, 50);
  guard_->Written();
  guard_->LogSynced(4, begun);
  EXPECT_EQ(Said(), (SyncedParts{.logs = {{4, 100}}}));
  SyncLog(4);
  EXPECT_EQ(Said(), (SyncedParts{.logs = {{4, 200}}}));
}

TEST_F(SyncGuardTest, AMarkVouchesForAllLogsBefore) {
  MakeLog(4, 100);
  SyncFolder();
  SyncLog(4);
  guard_->LogAppended(4, 20);
  guard_->Written();
  MakeLog(6, 10);
  SyncFolder();
  SyncLog(6);
  EXPECT_EQ(guard_->mark(), (FilePart{4, 100})) << "log 4 has more";
  EXPECT_EQ(Said(), (SyncedParts{.logs = {{4, 100}, {6, 10}}}));
  SyncLog(4);
  SyncLog(6);
  guard_->LogAppended(6, 1);
  guard_->Written();
  SyncLog(6);
  EXPECT_EQ(guard_->mark(), (FilePart{6, 11}));
}

TEST_F(SyncGuardTest, ALogThatIsDeletedIsLeftOut) {
  MakeLog(4, 100);
  MakeLog(6, 10);
  SyncFolder();
  SyncLog(4);
  guard_->LogRemoved(4);
  SyncLog(6);
  EXPECT_EQ(Said(), (SyncedParts{.logs = {{6, 10}}}));
}

TEST_F(SyncGuardTest, AManifestCountsWhenCurrentNamesItForGood) {
  guard_->ManifestSynced(5, 300);
  SyncFolder();
  EXPECT_EQ(Said(), SyncedParts());
  guard_->CurrentRenamed();
  EXPECT_EQ(Said(), SyncedParts());
  SyncFolder();
  EXPECT_EQ(Said(), (SyncedParts{.manifest = {5, 300}}));
  guard_->ManifestSynced(5, 400);
  EXPECT_EQ(Said(), (SyncedParts{.manifest = {5, 400}}));
  guard_->ManifestSynced(8, 100);
  EXPECT_EQ(Said(), (SyncedParts{.manifest = {5, 400}}));
}

// A power cut may leave rubbish of what was written since the last sync.
TEST_F(SyncGuardTest, WhatAnOpeningFoundIsNotTouched) {
  guard_->ManifestSynced(5, 300);
  guard_->CurrentRenamed();
  SyncFolder();
  ASSERT_OK_AND_ASSIGN(guard_, SyncGuard::Renew(folder_.path()));
  MakeLog(6, 10);
  SyncFolder();
  for (std::uint64_t bytes = 11; bytes < 20; ++bytes) {
    guard_->LogSynced(6, bytes);
    EXPECT_EQ(Said(), (SyncedParts{.manifest = {5, 300}, .logs = {{6, bytes}}}));
  }
  Damage(kSyncSlotSize + 10);
  EXPECT_EQ(Said(), (SyncedParts{.manifest = {5, 300}}));
}

TEST_F(SyncGuardTest, GoesOnFromWhatItSays) {
  std::ofstream(folder_.path("000004.log")) << "there";
  MakeLog(4, 100);
  MakeLog(6, 10);
  SyncFolder();
  SyncLog(4);
  SyncLog(6);
  guard_->ManifestSynced(5, 300);
  guard_->CurrentRenamed();
  SyncFolder();
  guard_.reset();
  ASSERT_OK_AND_ASSIGN(guard_, SyncGuard::Renew(folder_.path()));
  MakeLog(9, 7);
  SyncFolder();
  SyncLog(9);
  EXPECT_EQ(Said(), (SyncedParts{.manifest = {5, 300}, .logs = {{4, 100}, {9, 7}}})) << "log 6 was deleted";
}

TEST_F(SyncGuardTest, NoneIsNotFoundAndAnEmptyOneSaysNothing) {
  const std::string path = SyncGuardPath(folder_.path());
  guard_.reset();
  fs::resize_file(path, 0);
  EXPECT_THAT(ReadSyncGuard(folder_.path()), IsOkAndHolds(SyncedParts()));
  ASSERT_OK_AND_ASSIGN(guard_, SyncGuard::Renew(folder_.path()));
  MakeLog(9, 7);
  SyncFolder();
  SyncLog(9);
  EXPECT_EQ(Said(), (SyncedParts{.logs = {{9, 7}}}));
  fs::remove(path);
  EXPECT_THAT(ReadSyncGuard(folder_.path()), StatusIs(StatusCode::kNotFound, path));
  EXPECT_THAT(SyncGuard::Renew(folder_.path()), StatusIs(StatusCode::kNotFound, path));
}

TEST_F(SyncGuardTest, BothSlotsDamagedAreDataLoss) {
  const std::string path = SyncGuardPath(folder_.path());
  Damage(10);  // the second is empty yet
  EXPECT_THAT(ReadSyncGuard(folder_.path()), StatusIs(StatusCode::kDataLoss, path));
  EXPECT_THAT(SyncGuard::Renew(folder_.path()), StatusIs(StatusCode::kDataLoss, path));
  for (const std::uintmax_t size : {1, 50, 5000}) {
    fs::resize_file(path, size);
    EXPECT_THAT(ReadSyncGuard(folder_.path()), StatusIs(StatusCode::kDataLoss, path));
  }
}

// --- With a database ---

class GuardedDatabaseTest : public testing::DatabaseTest {
 protected:
  std::uint64_t BytesOf(const std::string& name) const { return fs::file_size(path_ + "/" + name); }
  std::vector<std::uint64_t> Logs() const {
    std::vector<std::uint64_t> logs;
    for (const auto& entry : fs::directory_iterator(path_)) {
      const auto log = LogNumber(entry.path().string());
      if (log.has_value()) logs.push_back(*log);
    }
    return logs;
  }
  SyncedParts Said() {
    const absl::StatusOr<SyncedParts> said = ReadSyncGuard(path_);
    EXPECT_THAT(said, IsOk());
    return said.value_or(SyncedParts());
  }
  std::string Current() const {
    std::string name;
    std::ifstream(path_ + "/CURRENT") >> name;
    return name;
  }
};

TEST_F(GuardedDatabaseTest, ItsLogCountsWhenItIsSyncedAndItsManifestAlways) {
  Put(Family::kEvents, "a", "1");
  EXPECT_EQ(Said().manifest, (FilePart{*ManifestNumber(Current()), BytesOf(Current())}));
  EXPECT_EQ(Said().logs, std::vector<FilePart>());
  ASSERT_THAT(database()->SyncLog(), IsOk());
  ASSERT_EQ(Logs().size(), 1u);
  char name[32];
  std::snprintf(name, sizeof(name), "%06d.log", static_cast<int>(Logs().front()));
  const std::uint64_t synced = BytesOf(name);
  EXPECT_EQ(Said().logs, (std::vector<FilePart>{{Logs().front(), synced}}));
  Put(Family::kEvents, "b", "1");
  EXPECT_EQ(Said().logs, (std::vector<FilePart>{{Logs().front(), synced}}));
  EXPECT_GT(BytesOf(name), synced);
  ASSERT_THAT(database()->Flush(), IsOk());
  EXPECT_EQ(Said().manifest, (FilePart{*ManifestNumber(Current()), BytesOf(Current())}));
  Reopen();
  EXPECT_EQ(Said().manifest, (FilePart{*ManifestNumber(Current()), BytesOf(Current())}));
}

TEST_F(GuardedDatabaseTest, OnlyItsOwnFolderCounts) {
  ASSERT_OK_AND_ASSIGN(const std::shared_ptr<SyncGuard> guard, SyncGuard::Create(folder_.path()));
  const auto said = [&] { return ReadSyncGuard(folder_.path()).value_or(SyncedParts()); };
  // As a user may name it, and RocksDB its files.
  GuardedFiles files(rocksdb::FileSystem::Default(), folder_.path() + "/", guard, {});
  const auto make = [&](const std::string& path) {
    std::unique_ptr<rocksdb::FSWritableFile> file;
    EXPECT_TRUE(files.NewWritableFile(path, {}, &file, nullptr).ok());
    EXPECT_TRUE(file->Append("record", {}, nullptr).ok());
    guard->Written();
    return file;
  };
  const auto sync_folder = [&](const std::string& path) {
    std::unique_ptr<rocksdb::FSDirectory> folder;
    EXPECT_TRUE(files.NewDirectory(path, {}, &folder, nullptr).ok());
    EXPECT_TRUE(folder->Fsync({}, nullptr).ok());
  };
  const auto log = make(folder_.path() + "/000007.log");
  EXPECT_TRUE(log->Sync({}, nullptr).ok());
  // What a frozen state is made of has the same names.
  const std::string frozen = folder_.path("frozen");
  fs::create_directory(frozen);
  for (const char* name : {"/000007.log", "/000009.log", "/MANIFEST-000005"}) {
    EXPECT_TRUE(make(frozen + name)->Sync({}, nullptr).ok());
  }
  sync_folder(frozen);
  EXPECT_EQ(said(), SyncedParts()) << "the log is not in its folder for good yet";
  sync_folder(folder_.path());
  EXPECT_EQ(said(), (SyncedParts{.logs = {{7, 6}}}));
  EXPECT_TRUE(files.DeleteFile(frozen + "/000007.log", {}, nullptr).ok());
  EXPECT_TRUE(log->Append("another", {}, nullptr).ok());
  guard->Written();
  EXPECT_TRUE(log->Sync({}, nullptr).ok());
  EXPECT_EQ(said(), (SyncedParts{.logs = {{7, 13}}}));
}

TEST_F(GuardedDatabaseTest, EachSyncOfTheLogCostsOneSmallWrite) {
  class Count : public testing::FileCallWatcher {
   public:
    CallFate Begins(const FileCall& call) override {
      if (call.path.ends_with("SYNCED")) calls.push_back(call);
      return {};
    }
    std::vector<FileCall> calls;
  };
  Put(Family::kEvents, "a", "1");
  ASSERT_THAT(database()->SyncLog(), IsOk());
  Put(Family::kEvents, "b", "1");
  const auto count = std::make_shared<Count>();
  testing::WatchFileCalls(count);
  ASSERT_THAT(database()->SyncLog(), IsOk());
  testing::WatchFileCalls(nullptr);
  ASSERT_EQ(count->calls.size(), 1u);
  EXPECT_EQ(count->calls[0].name, "pwrite");
  EXPECT_LE(count->calls[0].bytes, 64u);
}

}  // namespace
}  // namespace tallystick::storage
