#include "lib/storage/read_only_files.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/storage/rocksdb_options.h"
#include "rocksdb/db.h"
#include "tests/support/open_database.h"

namespace tallystick::storage {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

// --- The watch by itself ---

class LogWatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"000009.log", "000010.log", "000008.sst", "MANIFEST-000004", "LOG", "log"}) Make(name);
  }
  void Make(const std::string& name) { std::ofstream(folder_.path(name)) << "text"; }
  void Remove(const std::string& name) { fs::remove(folder_.path(name)); }

  static rocksdb::Status List(LogWatch* watch, const std::string& folder) {
    std::vector<std::string> names;
    return watch->GetChildren(folder, rocksdb::IOOptions(), &names, nullptr);
  }
  bool MissedAfterListing(LogWatch* watch) {
    EXPECT_TRUE(List(watch, folder_.path()).ok());
    return watch->missed();
  }

  testing::TempFolder folder_;
};

TEST_F(LogWatchTest, ListsLogsInOrderAndNothingElse) {
  std::vector<std::string> logs;
  ASSERT_TRUE(ListLogs(rocksdb::FileSystem::Default().get(), folder_.path(), &logs).ok());
  EXPECT_THAT(logs, ElementsAre("000009.log", "000010.log"));
  EXPECT_FALSE(ListLogs(rocksdb::FileSystem::Default().get(), folder_.path("absent"), &logs).ok());
}

TEST_F(LogWatchTest, SaysWhenALogVanished) {
  for (const char* log : {"000009.log", "000010.log"}) {
    SCOPED_TRACE(log);
    LogWatch watch(rocksdb::FileSystem::Default(), folder_.path());
    EXPECT_FALSE(MissedAfterListing(&watch));
    Remove(log);
    EXPECT_FALSE(watch.missed()) << "nobody has listed yet";
    EXPECT_TRUE(MissedAfterListing(&watch));
    Make(log);
    EXPECT_TRUE(MissedAfterListing(&watch)) << "one listing that lacked it is enough";
  }
}

TEST_F(LogWatchTest, OtherFilesMayComeAndGo) {
  LogWatch watch(rocksdb::FileSystem::Default(), folder_.path());
  Remove("000008.sst");
  Remove("MANIFEST-000004");
  Make("000011.log");
  EXPECT_FALSE(MissedAfterListing(&watch));
}

TEST_F(LogWatchTest, AnotherFolderIsNoneOfItsBusiness) {
  fs::create_directory(folder_.path("other"));
  LogWatch watch(rocksdb::FileSystem::Default(), folder_.path());
  EXPECT_TRUE(List(&watch, folder_.path("other")).ok());
  EXPECT_FALSE(watch.missed());
}

TEST_F(LogWatchTest, AFailedListingIsReportedAndMissesNothing) {
  LogWatch watch(rocksdb::FileSystem::Default(), folder_.path("absent"));
  EXPECT_FALSE(List(&watch, folder_.path("absent")).ok());
  EXPECT_FALSE(watch.missed());
}

// --- The watch under RocksDB's own opening ---

// Does something at the moment at which RocksDB has opened a manifest to read it.
class ActAtManifest : public rocksdb::FileSystemWrapper {
 public:
  explicit ActAtManifest(std::function<void()> act)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), act_(std::move(act)) {}
  const char* Name() const override { return "ActAtManifest"; }
  rocksdb::IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                      rocksdb::IODebugContext* context) override {
    rocksdb::IOStatus status = target()->NewSequentialFile(path, options, file, context);
    if (path.find("MANIFEST-") != std::string::npos) act_();
    return status;
  }

 private:
  const std::function<void()> act_;
};

class WatchedOpeningTest : public testing::DatabaseTest {
 protected:
  // Whether the watch saw a log go that RocksDB did not find any more, `path` being how everybody spells the folder.
  bool MissedAfterOpening(const std::string& path, const std::function<void()>& at_manifest) {
    const auto watch = std::make_shared<LogWatch>(std::make_shared<ActAtManifest>(at_manifest), path);
    const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(watch);
    const RocksDbOptions setup(Profile::kEdge, {});
    rocksdb::DBOptions options = setup.Database();
    options.env = env.get();
    options.max_open_files = -1;
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const Family family : kAllFamilies) families.emplace_back(std::string(FamilyName(family)), setup.For(family));
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* opened = nullptr;
    const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(options, path, families, &handles, &opened);
    const std::unique_ptr<rocksdb::DB> db(opened);
    EXPECT_TRUE(status.ok()) << status.ToString();
    for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
    return watch->missed();
  }
};

TEST_F(WatchedOpeningTest, ALogFlushedAwayDuringTheOpeningIsMissedHoweverTheFolderIsSpelt) {
  fs::create_directory_symlink(folder_.path(), folder_.path("link"));
  for (const std::string& spelling :
       {path_, path_ + "/", path_ + "//", folder_.path() + "//data", folder_.path() + "/./data",
        folder_.path() + "/../" + fs::path(folder_.path()).filename().string() + "/data", folder_.path("link/data")}) {
    SCOPED_TRACE(spelling);
    Put(Family::kEvents, "key", "value");
    EXPECT_FALSE(MissedAfterOpening(spelling, [] {}));
    EXPECT_TRUE(MissedAfterOpening(spelling, [this] { EXPECT_THAT(database()->Flush(), testing::IsOk()); }));
  }
}

}  // namespace
}  // namespace tallystick::storage
