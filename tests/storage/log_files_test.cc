#include "lib/storage/log_files.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "rocksdb/env.h"
#include "tests/support/file_calls.h"
#include "tests/support/open_database.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tallystick::storage {
namespace {

namespace fs = std::filesystem;
using rocksdb::IOOptions;
using testing::CallFate;
using testing::FileCall;

constexpr std::size_t kRecord = 600;

class LogFilesTest : public ::testing::Test {
 protected:
  void Open(const std::string& name) {
    path_ = folder_.path(name);
    ASSERT_TRUE(files_.NewWritableFile(path_, rocksdb::FileOptions(), &log_, nullptr).ok());
  }
  void Append(const std::string& data) {
    ASSERT_TRUE(log_->Append(data, IOOptions(), nullptr).ok());
    written_ += data;
  }
  void Sync() { ASSERT_TRUE(log_->Sync(IOOptions(), nullptr).ok()); }

  std::string Content() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // The file holds what was appended, and zeroes behind it.
  void ExpectWritten() const {
    const std::string content = Content();
    ASSERT_GE(content.size(), written_.size());
    EXPECT_EQ(content.substr(0, written_.size()), written_);
    EXPECT_TRUE(std::all_of(content.begin() + static_cast<std::ptrdiff_t>(written_.size()), content.end(),
                            [](char c) { return c == 0; }));
  }

  testing::TempFolder folder_;
  LogFiles files_{rocksdb::FileSystem::Default()};
  std::unique_ptr<rocksdb::FSWritableFile> log_;
  std::string path_;
  std::string written_;
};

TEST_F(LogFilesTest, AfterASmallSyncAppendsMakeTheFileNoLonger) {
  Open("000001.log");
  Append(std::string(kRecord, 'a'));
  Sync();
  std::uintmax_t size = 0;
  int grown = 0;
  for (int i = 0; i < 1000; ++i) {
    Append(std::string(kRecord, static_cast<char>('b' + i % 20)));
    Sync();
    grown += std::exchange(size, fs::file_size(path_)) != size ? 1 : 0;
  }
  EXPECT_LE(grown, 10);
  ExpectWritten();
}

TEST_F(LogFilesTest, WhatIsSyncedSeldomGrowsByItsAppends) {
  Open("000001.log");
  for (int i = 0; i < 3; ++i) {
    Append(std::string(1 << 20, 'a'));
    EXPECT_EQ(Content(), written_);
    Sync();
  }
  EXPECT_EQ(Content(), written_);
}

TEST_F(LogFilesTest, AClosedLogEndsWithWhatWasWritten) {
  Open("000001.log");
  for (int i = 0; i < 3; ++i) {
    Append(std::string(kRecord, 'a'));
    Sync();
  }
  EXPECT_GT(Content().size(), written_.size());
  ASSERT_TRUE(log_->Close(IOOptions(), nullptr).ok());
  EXPECT_EQ(Content(), written_);
}

TEST_F(LogFilesTest, OtherFilesAreLeftAlone) {
  Open("000001.sst");
  for (int i = 0; i < 3; ++i) {
    Append(std::string(kRecord, 'a'));
    Sync();
    EXPECT_EQ(Content(), written_);
  }
}

// Has no room for zeroes.
class FullDisk : public testing::FileCallWatcher {
 public:
  CallFate Begins(const FileCall& call) override {
    if (call.name != "pwrite" || !call.path.ends_with(".log")) return CallFate();
    ++refused_;
    return CallFate::Fails(ENOSPC);
  }
  int refused() const { return refused_; }

 private:
  std::atomic<int> refused_ = 0;
};

TEST_F(LogFilesTest, ADiskWithoutRoomForZeroesTakesAppendsAllTheSame) {
  const auto disk = std::make_shared<FullDisk>();
  testing::WatchFileCalls(disk);
  Open("000001.log");
  for (int i = 0; i < 3; ++i) {
    Append(std::string(kRecord, 'a'));
    Sync();
  }
  testing::WatchFileCalls(nullptr);
  EXPECT_GT(disk->refused(), 0);
  EXPECT_EQ(Content(), written_);
}

class LogFilesDatabaseTest : public testing::DatabaseTest {};

// What a killed process leaves: the log has zeroes behind its end.
TEST_F(LogFilesDatabaseTest, ALogWithZeroesIsReadToItsEnd) {
  for (int i = 100; i < 200; ++i) {
    Put(Family::kEventIds, "key" + std::to_string(i), std::string(kRecord, 'v'));
    ASSERT_THAT(database()->SyncLog(), testing::IsOk());
  }
  const Rows rows = RowsOf(Family::kEventIds);
  ASSERT_EQ(rows.size(), 100);
  fs::copy(path_, folder_.path("killed"), fs::copy_options::recursive);
  const auto killed = Database::Open(folder_.path("killed"), {});
  ASSERT_THAT(killed, testing::IsOk());
  EXPECT_EQ(RowsOf(**killed, Family::kEventIds), rows);
}

}  // namespace
}  // namespace tallystick::storage
