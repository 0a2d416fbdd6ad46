#include "lib/storage/diary.h"

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace tallystick::storage {
namespace {

namespace fs = std::filesystem;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::SizeIs;

class DiaryTest : public ::testing::Test {
 protected:
  static std::string Read(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  std::string Log() const { return Read(folder_.path("LOG")); }
  std::vector<std::string> OldLogs() const {
    std::vector<std::string> paths;
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
      if (entry.path().filename().string().starts_with("LOG.old.")) paths.push_back(entry.path());
    }
    return paths;
  }

  testing::TempFolder folder_;
};

TEST_F(DiaryTest, ALineIsInTheFileWithItsTimeAndThreadWhenItHasBeenWritten) {
  const auto diary = std::make_shared<Diary>(folder_.path(), 1 << 20);
  rocksdb::Info(diary, "%s %d", "table", 7);
  EXPECT_THAT(Log(), MatchesRegex("[0-9/]{10}-[0-9:]{8}[.][0-9]{6} [0-9]+ table 7\n"));
  rocksdb::Warn(diary, "ends its own line\n");
  EXPECT_THAT(Log(), HasSubstr("[WARN] ends its own line\n"));
  rocksdb::Debug(diary, "nobody wants to know");
  EXPECT_THAT(Log(), Not(HasSubstr("nobody")));
}

TEST_F(DiaryTest, ALineThatIsTooLongIsCut) {
  const auto diary = std::make_shared<Diary>(folder_.path(), 1 << 20);
  for (std::size_t size = 8100; size < 8250; ++size) {
    rocksdb::Info(diary, "%s", std::string(size, 'x').c_str());
    EXPECT_THAT(Log(), EndsWith("x\n"));
  }
  rocksdb::Info(diary, "short");
  EXPECT_THAT(Log(), EndsWith(" short\n"));
}

TEST_F(DiaryTest, EachOpeningAndEachFullOneBeginsAnother) {
  for (int i = 0; i < 2; ++i) {
    const auto diary = std::make_shared<Diary>(folder_.path(), 100);
    rocksdb::Info(diary, "opening %d", i);
  }
  EXPECT_THAT(OldLogs(), SizeIs(1));
  EXPECT_THAT(Read(OldLogs().front()), HasSubstr("opening 0\n"));
  EXPECT_THAT(Log(), HasSubstr("opening 1\n"));
  const auto diary = std::make_shared<Diary>(folder_.path(), 100);
  for (int i = 0; i < 6; ++i) rocksdb::Info(diary, "a line of some length");
  EXPECT_THAT(OldLogs(), SizeIs(4)) << "two lines fill a file";
}

// As on a full disk. RocksDB's own logger, in a build with assertions, ended the process.
TEST_F(DiaryTest, WhatCannotBeWrittenIsDropped) {
  const auto diary = std::make_shared<Diary>(folder_.path(), 1 << 20);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 100, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  for (int i = 0; i < 1000; ++i) rocksdb::Info(diary, "the file takes no more than a hundred bytes");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(fs::file_size(folder_.path("LOG")), 100u);
  rocksdb::Info(diary, "there is room again");
  EXPECT_THAT(Log(), HasSubstr("there is room again\n"));
}

TEST_F(DiaryTest, AFolderThatTakesNoFilesGetsNoDiary) {
  const auto diary = std::make_shared<Diary>(folder_.path("absent"), 1 << 20);
  rocksdb::Info(diary, "nobody will read this");
  EXPECT_FALSE(fs::exists(folder_.path("absent")));
}

}  // namespace
}  // namespace tallystick::storage
