#include "lib/storage/read_only_files.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/storage/file_names.h"
#include "lib/storage/log_check.h"
#include "lib/storage/rocksdb_options.h"
#include "lib/storage/sync_guard.h"
#include "rocksdb/db.h"
#include "tests/support/open_database.h"

namespace tallystick::storage {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

// Does something at the moment at which the folder has been listed.
class ActAfterListing : public rocksdb::FileSystemWrapper {
 public:
  explicit ActAfterListing(std::function<void()> act)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), act_(std::move(act)) {}
  const char* Name() const override { return "ActAfterListing"; }
  rocksdb::IOStatus GetChildren(const std::string& folder, const rocksdb::IOOptions& options,
                                std::vector<std::string>* names, rocksdb::IODebugContext* context) override {
    rocksdb::IOStatus status = target()->GetChildren(folder, options, names, context);
    act_();
    return status;
  }

 private:
  const std::function<void()> act_;
};

// Does something when a log is read behind its beginning, once it has been armed.
class ActBetweenReads : public rocksdb::FileSystemWrapper {
 public:
  ActBetweenReads() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "ActBetweenReads"; }
  void Arm(std::function<void()> act) { act_ = std::move(act); }
  bool armed() const { return act_ != nullptr; }
  rocksdb::IOStatus NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext* context) override {
    rocksdb::IOStatus status = target()->NewRandomAccessFile(path, options, file, context);
    if (status.ok() && path.ends_with(".log")) *file = std::make_unique<Log>(std::move(*file), &act_);
    return status;
  }

 private:
  class Log : public rocksdb::FSRandomAccessFileOwnerWrapper {
   public:
    Log(std::unique_ptr<rocksdb::FSRandomAccessFile> file, std::function<void()>* act)
        : FSRandomAccessFileOwnerWrapper(std::move(file)), act_(act) {}
    rocksdb::IOStatus Read(std::uint64_t offset, std::size_t n, const rocksdb::IOOptions& options,
                           rocksdb::Slice* result, char* scratch, rocksdb::IODebugContext* context) const override {
      if (offset > 0 && *act_ != nullptr) std::exchange(*act_, nullptr)();
      return FSRandomAccessFileOwnerWrapper::Read(offset, n, options, result, scratch, context);
    }

   private:
    std::function<void()>* const act_;
  };

  std::function<void()> act_;
};

class FrozenFilesTest : public testing::DatabaseTest {
 protected:
  void Flush() { ASSERT_THAT(database()->Flush(), testing::IsOk()); }

  static std::vector<std::string> Listing(FrozenFiles* files, const std::string& folder) {
    std::vector<std::string> names;
    EXPECT_TRUE(files->GetChildren(folder, rocksdb::IOOptions(), &names, nullptr).ok());
    return names;
  }

  // The keys of the events that RocksDB reads from frozen files.
  static std::vector<std::string> Read(const std::shared_ptr<FrozenFiles>& files, const std::string& path) {
    const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(files);
    const RocksDbOptions setup(Profile::kEdge, {});
    rocksdb::DBOptions options = setup.Database();
    options.env = env.get();
    options.max_open_files = -1;
    options.info_log = std::make_shared<SilentLogger>();
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const Family family : kAllFamilies) families.emplace_back(std::string(FamilyName(family)), setup.For(family));
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* opened = nullptr;
    const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(options, path, families, &handles, &opened);
    const std::unique_ptr<rocksdb::DB> db(opened);
    EXPECT_TRUE(status.ok()) << status.ToString();
    std::vector<std::string> keys;
    if (!status.ok()) return keys;
    files->Thaw();
    {
      const std::unique_ptr<rocksdb::Iterator> row(
          db->NewIterator(rocksdb::ReadOptions(), handles[static_cast<std::size_t>(Family::kEvents)]));
      for (row->SeekToFirst(); row->Valid(); row->Next()) keys.push_back(row->key().ToString());
      EXPECT_TRUE(row->status().ok()) << row->status().ToString();
    }
    for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
    return keys;
  }

 private:
  class SilentLogger : public rocksdb::Logger {
   public:
    using rocksdb::Logger::Logv;
    void Logv(const char* /*format*/, va_list /*arguments*/) override {}
  };
};

TEST_F(FrozenFilesTest, ListsLogsAndManifestsInOrderAndNothingElse) {
  std::vector<std::string> names;
  for (const char* name : {"000010.log", "000009.log", "000008.sst", "MANIFEST-000004", "LOG", "log"}) {
    ASSERT_TRUE(fs::create_directory(folder_.path(name)));
  }
  ASSERT_TRUE(ListAppended(rocksdb::FileSystem::Default().get(), folder_.path(), &names).ok());
  EXPECT_THAT(names, ElementsAre("000009.log", "000010.log", "MANIFEST-000004"));
  EXPECT_FALSE(ListAppended(rocksdb::FileSystem::Default().get(), folder_.path("absent"), &names).ok());
}

// Nothing that is opened after the moment of freezing can be needed: it is all gone.
TEST_F(FrozenFilesTest, ADatabaseOpensFromThemThoughAllOfItIsDeletedHoweverTheFolderIsSpelt) {
  for (const std::string& spelling :
       {path_, path_ + "/", folder_.path() + "//data", folder_.path() + "/./data", folder_.path("link/data")}) {
    SCOPED_TRACE(spelling);
    Put(Family::kEvents, "in a table", "1");
    Flush();
    Put(Family::kEvents, "in the log", "2");
    if (!fs::exists(folder_.path("link"))) fs::create_directory_symlink(folder_.path(), folder_.path("link"));
    const auto files = std::make_shared<FrozenFiles>(rocksdb::FileSystem::Default(), spelling);
    ASSERT_THAT(files->Freeze(), testing::IsOk());
    Close();
    fs::remove_all(path_);
    EXPECT_THAT(Read(files, spelling), ElementsAre("in a table", "in the log"));
  }
}

TEST_F(FrozenFilesTest, WhatAWriterAddsAndReplacesLaterIsNotSeen) {
  Put(Family::kEvents, "before", "1");
  const auto files = std::make_shared<FrozenFiles>(rocksdb::FileSystem::Default(), path_);
  ASSERT_THAT(files->Freeze(), testing::IsOk());
  const std::vector<std::string> frozen = Listing(files.get(), path_);
  for (const char* key : {"later", "and later still"}) {
    Flush();  // the log goes, a table comes, the manifest says so
    Put(Family::kEvents, key, "2");
  }
  Reopen();  // and there is another manifest
  EXPECT_EQ(Listing(files.get(), path_), frozen);
  EXPECT_THAT(Read(files, path_), ElementsAre("before"));
}

// The zeroes ahead of the writer reach from one of the checker's reads into the next, and are filled in between.
TEST_F(FrozenFilesTest, WhatAWriterFillsOfTheZeroesAheadIsNotSeen) {
  constexpr std::uint64_t kReadAtOnce = 1024 * 1024;
  std::size_t rows = 0;
  const auto commit = [&] {
    Put(Family::kEvents, "row " + std::to_string(1000 + rows++), std::string(8000, 'x'));
    ASSERT_THAT(database()->SyncLog(), testing::IsOk());
  };
  const auto log = [&] {
    std::vector<fs::path> logs;
    for (const auto& entry : fs::directory_iterator(path_)) {
      if (LogNumber(entry.path().string()).has_value()) logs.push_back(entry.path());
    }
    EXPECT_EQ(logs.size(), 1u);
    return logs.front();
  };
  commit();
  while (fs::file_size(log()) <= kReadAtOnce) commit();
  const std::size_t before = rows;
  ASSERT_OK_AND_ASSIGN(const LogFindings whole, CheckLogs(rocksdb::FileSystem::Default(), path_, ReadSyncGuard(path_)));
  ASSERT_EQ(whole.ends.size(), 1u);
  const std::uint64_t end = whole.ends.begin()->second;
  ASSERT_LT(end, kReadAtOnce);

  const auto disk = std::make_shared<ActBetweenReads>();
  const auto files = std::make_shared<FrozenFiles>(disk, path_);
  const absl::StatusOr<SyncedParts> guard = ReadSyncGuard(path_);
  ASSERT_THAT(files->Freeze(), testing::IsOk());
  disk->Arm([&] {
    while (rows * 8000 < kReadAtOnce + 100'000) commit();
  });
  ASSERT_OK_AND_ASSIGN(const LogFindings findings, CheckLogs(files, path_, guard));
  EXPECT_FALSE(disk->armed());
  EXPECT_GT(rows, before);
  EXPECT_EQ(findings.torn, "");
  EXPECT_EQ(findings.ends, whole.ends);
  EXPECT_EQ(findings.next_sequence, whole.next_sequence);
  files->SetLogEnds(findings.ends);
  EXPECT_EQ(Read(files, path_).size(), before);
}

TEST_F(FrozenFilesTest, AWriterThatChangesTheManifestMeanwhileIsNoticed) {
  int changes = FrozenFiles::kAttempts - 1;
  const auto change = [&] {
    if (changes-- <= 0) return;
    Delete(Family::kEvents, "row " + std::to_string(changes + 1));
    Put(Family::kEvents, "row " + std::to_string(changes), "1");
    Flush();
  };
  Put(Family::kEvents, "in the log that goes", "1");
  const auto files = std::make_shared<FrozenFiles>(std::make_shared<ActAfterListing>(change), path_);
  ASSERT_THAT(files->Freeze(), testing::IsOk());
  EXPECT_EQ(changes, -1);
  EXPECT_THAT(Read(files, path_), ElementsAre("in the log that goes", "row 0"));
}

TEST_F(FrozenFilesTest, AnotherManifestIsNoticed) {
  int changes = 1;
  const auto change = [&] {
    if (changes-- > 0) Reopen();
  };
  Put(Family::kEvents, "key", "1");
  const auto files = std::make_shared<FrozenFiles>(std::make_shared<ActAfterListing>(change), path_);
  ASSERT_THAT(files->Freeze(), testing::IsOk());
  EXPECT_EQ(changes, -1) << "one attempt was too early";
  EXPECT_THAT(Read(files, path_), ElementsAre("key"));
}

TEST_F(FrozenFilesTest, AWriterThatNeverRestsMakesItUnavailable) {
  int changes = 0;
  const auto change = [&] {
    Put(Family::kEvents, "key", std::to_string(++changes));
    Flush();
  };
  FrozenFiles files(std::make_shared<ActAfterListing>(change), path_);
  database();
  EXPECT_THAT(files.Freeze(), testing::StatusIs(absl::StatusCode::kUnavailable, "try again"));
  EXPECT_EQ(changes, FrozenFiles::kAttempts);
}

TEST_F(FrozenFilesTest, AFileThatIsLostIsNoWritersDoing) {
  Put(Family::kEvents, "key", "1");
  Close();
  FrozenFiles files(rocksdb::FileSystem::Default(), path_);
  ASSERT_THAT(files.Freeze(), testing::IsOk());
  for (const fs::directory_entry& entry : fs::directory_iterator(path_)) {
    if (entry.path().filename().string().starts_with("MANIFEST-")) fs::remove(entry.path());
  }
  EXPECT_THAT(files.Freeze(), testing::StatusIs(absl::StatusCode::kDataLoss));
  fs::remove(path_ + "/CURRENT");
  EXPECT_THAT(files.Freeze(), testing::StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(FrozenFilesTest, ThawedTheyAreTheFoldersOwn) {
  database();
  FrozenFiles files(rocksdb::FileSystem::Default(), path_);
  ASSERT_THAT(files.Freeze(), testing::IsOk());
  EXPECT_THAT(Listing(&files, path_), Not(Contains("later")));
  fs::create_directory(path_ + "/later");
  EXPECT_THAT(Listing(&files, path_), Not(Contains("later")));
  files.Thaw();
  EXPECT_THAT(Listing(&files, path_), AllOf(Contains("later"), Contains("CURRENT")));
}

}  // namespace
}  // namespace tallystick::storage
