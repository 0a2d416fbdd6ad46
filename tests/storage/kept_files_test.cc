#include "lib/storage/kept_files.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "rocksdb/env.h"
#include "tests/support/file_calls.h"
#include "tests/support/open_database.h"

namespace tallystick::storage {
namespace {

namespace fs = std::filesystem;
using testing::CallFate;
using testing::FileCall;

class KeptFilesTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) { std::ofstream(folder_.path(name)) << text; }
  // Whether it is gone.
  bool Delete(const std::string& name) {
    const bool deleted = files_.DeleteFile(folder_.path(name), rocksdb::IOOptions(), nullptr).ok();
    EXPECT_NE(fs::exists(folder_.path(name)), deleted);
    return deleted;
  }

  testing::TempFolder folder_;
  KeptFiles files_{rocksdb::FileSystem::Default()};
};

TEST_F(KeptFilesTest, DeletesWhatIsNotNeeded) {
  Write("CURRENT", "MANIFEST-000002\n");
  for (const char* name : {"MANIFEST-000001", "MANIFEST-000020", "000001.sst"}) {
    Write(name, "");
    EXPECT_TRUE(Delete(name)) << name;
  }
}

TEST_F(KeptFilesTest, KeepsTheManifestThatCurrentNames) {
  Write("MANIFEST-000002", "");
  Write("CURRENT", "MANIFEST-000002\n");
  EXPECT_FALSE(Delete("MANIFEST-000002"));
  Write("CURRENT", "MANIFEST-000003\n");
  EXPECT_TRUE(Delete("MANIFEST-000002"));
}

TEST_F(KeptFilesTest, ADatabaseBeforeItsFirstManifestKeepsNone) {
  Write("MANIFEST-000001", "");
  EXPECT_TRUE(Delete("MANIFEST-000001"));
}

TEST_F(KeptFilesTest, KeepsAllAfterAFailure) {
  Write("000001.sst", "");
  files_.KeepAll();
  EXPECT_FALSE(Delete("000001.sst"));
}

// --- In a database ---

// Refuses the first sync of a folder after CURRENT was renamed.
class RefusingSyncOfCurrent : public testing::FileCallWatcher {
 public:
  CallFate Begins(const FileCall& call) override {
    if (call.name == "rename" && call.other_path.ends_with("/CURRENT")) renamed_ = true;
    if (!renamed_ || refused_ || call.name != "fsync" || !fs::is_directory(call.path)) return {};
    refused_ = true;
    return CallFate::Fails();
  }
  bool refused() const { return refused_; }

 private:
  std::atomic<bool> renamed_ = false;
  std::atomic<bool> refused_ = false;
};

using KeptDatabaseTest = testing::DatabaseTest;

// Notes what happens to the folder of a database until CURRENT is renamed.
class UntilCurrent : public testing::FileCallWatcher {
 public:
  CallFate Begins(const FileCall& call) override {
    if (call.name == "open" && call.path.find("/MANIFEST-") != std::string::npos) synced_ = false;
    if (call.name == "rename" && call.other_path.ends_with("/CURRENT")) {
      ++renamed_;
      if (!synced_) ++unsynced_;
    }
    return {};
  }
  void Succeeded(const FileCall& call) override {
    if (call.name == "fsync" && fs::is_directory(call.path)) synced_ = true;
  }
  int renamed() const { return renamed_; }
  int unsynced() const { return unsynced_; }

 private:
  std::atomic<bool> synced_ = true;
  std::atomic<int> renamed_ = 0;
  std::atomic<int> unsynced_ = 0;
};

TEST_F(KeptDatabaseTest, TheFolderHasTheManifestForGoodBeforeCurrentNamesIt) {
  Put(Family::kEvents, "key", "value");
  Close();
  const auto watcher = std::make_shared<UntilCurrent>();
  testing::WatchFileCalls(watcher);
  const auto opened = Database::Open(path_, {});
  testing::WatchFileCalls(nullptr);
  ASSERT_TRUE(opened.ok());
  EXPECT_GE(watcher->renamed(), 1);
  EXPECT_EQ(watcher->unsynced(), 0);
}

// RocksDB deleted the manifest that CURRENT named by then.
TEST_F(KeptDatabaseTest, AnOpeningThatCannotSyncCurrentLeavesTheDatabaseAsItIs) {
  Put(Family::kEvents, "key", "value");
  Close();
  const auto refusing = std::make_shared<RefusingSyncOfCurrent>();
  testing::WatchFileCalls(refusing);
  const auto failed = Database::Open(path_, {});
  testing::WatchFileCalls(nullptr);
  EXPECT_FALSE(failed.ok());
  EXPECT_TRUE(refusing->refused());
  EXPECT_EQ(RowsOf(Family::kEvents), Rows({{"key", "value"}}));
}

}  // namespace
}  // namespace tallystick::storage
