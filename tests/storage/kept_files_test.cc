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
