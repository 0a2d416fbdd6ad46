#include "lib/storage/log_check.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/storage/file_names.h"
#include "lib/storage/log_reader.h"
#include "lib/storage/meta.h"
#include "lib/storage/sync_guard.h"
#include "lib/storage/table_writer.h"
#include "tests/support/open_database.h"

namespace tallystick::storage {
namespace {

namespace fs = std::filesystem;
using absl::StatusCode;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::Not;
using testing::StatusIs;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

class LogCheckTest : public testing::DatabaseTest {
 protected:
  struct Log {
    std::string path;
    std::uint64_t number = 0;
    std::string bytes;
    std::vector<std::uint64_t> ends;  // of its records
  };

  // The database crashes: its process alone, so that all is there.
  void Crash() {
    Close();
    logs_.clear();
    for (const auto& entry : fs::directory_iterator(path_)) {
      const auto number = LogNumber(entry.path().string());
      if (!number.has_value()) continue;
      Log log = {
          .path = entry.path().string(), .number = *number, .bytes = ReadFile(entry.path().string()), .ends = {}};
      std::unique_ptr<rocksdb::FSRandomAccessFile> file;
      ASSERT_TRUE(disk_->NewRandomAccessFile(log.path, {}, &file, nullptr).ok());
      LogReader reader(file.get(), log.bytes.size(), log.number);
      std::optional<LogReader::Record> record;
      while (reader.Next(&record).ok() && record.has_value()) log.ends.push_back(record->end);
      logs_.push_back(std::move(log));
    }
    std::sort(logs_.begin(), logs_.end(), [](const Log& a, const Log& b) { return a.number < b.number; });
  }

  absl::StatusOr<LogFindings> Check() const { return CheckLogs(disk_, path_, ReadSyncGuard(path_)); }

  // What the database holds when it is opened, and whether it can be opened for writing alike.
  absl::StatusOr<std::vector<std::string>> Open(bool read_only = true) const {
    const std::string copy = folder_.path("copy");
    fs::remove_all(copy);
    fs::copy(path_, copy, fs::copy_options::recursive);
    auto opened = Database::Open(copy, {.read_only = read_only});
    if (!opened.ok()) return opened.status();
    std::vector<std::string> keys;
    for (const auto& [key, value] : RowsOf(**opened, Family::kEvents)) keys.push_back(key);
    return keys;
  }
  void ForgetGuard() { fs::resize_file(SyncGuardPath(path_), 0); }

  // Fills the write buffer of `events` again and again.
  void Fill(const std::string& name, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes / 10'000; ++i)
      Put(Family::kEvents, name + std::to_string(i), std::string(10'000, 'x'));
  }

  const std::shared_ptr<rocksdb::FileSystem> disk_ = rocksdb::FileSystem::Default();
  std::vector<Log> logs_;
};

// --- One log, whose first records are synced ---

class OneLogTest : public LogCheckTest {
 protected:
  // Records 1 and 2 are synced one after the other; 3 says that 2 is; 4 and 5 are not synced.
  OneLogTest() {
    Put(Family::kEvents, "1", "1");
    EXPECT_THAT(database()->SyncLog(), IsOk());
    Put(Family::kEvents, "2", "2");
    EXPECT_THAT(database()->SyncLog(), IsOk());
    for (const char* key : {"3", "4", "5"}) Put(Family::kEvents, key, key);
    Crash();
    EXPECT_EQ(logs_.size(), 1u);
    EXPECT_EQ(log().ends.size(), 5u);
  }
  Log& log() { return logs_.front(); }

  // The number of the record that the byte is in, from 0.
  std::size_t RecordOf(std::size_t byte) {
    return static_cast<std::size_t>(std::upper_bound(log().ends.begin(), log().ends.end(), byte) - log().ends.begin());
  }
  // Held to: damage in one of the first `proven` records is reported, damage behind ends the log.
  void Expect(std::size_t damaged, std::size_t proven) {
    const absl::StatusOr<LogFindings> findings = Check();
    if (damaged < proven) {
      ASSERT_THAT(findings, StatusIs(StatusCode::kDataLoss, log().path));
      EXPECT_THAT(std::string(findings.status().message()),
                  HasSubstr("byte " + std::to_string(damaged == 0 ? 0 : log().ends[damaged - 1])));
      return;
    }
    ASSERT_THAT(findings, IsOk());
    EXPECT_EQ(findings->ends.at(log().number), damaged == 0 ? 0 : log().ends[damaged - 1]);
    EXPECT_EQ(findings->next_sequence, damaged == 0 ? 0 : damaged + 1);
  }
};

TEST_F(OneLogTest, WholeItIsReplayedToItsEnd) {
  ASSERT_OK_AND_ASSIGN(const LogFindings findings, Check());
  EXPECT_EQ(findings.ends, (LogEnds{{log().number, log().bytes.size()}}));
  EXPECT_EQ(findings.next_sequence, 6u);
  EXPECT_THAT(findings.torn, IsEmpty());
}

TEST_F(OneLogTest, AnyByteThatChangesIsReportedWhereItWasSynced) {
  for (const bool guarded : {true, false}) {
    if (!guarded) ForgetGuard();  // the marks of records behind do as well
    for (std::size_t i = 0; i < log().bytes.size(); ++i) {
      SCOPED_TRACE("byte " + std::to_string(i) + (guarded ? "" : " without a guard"));
      for (const unsigned change : {0x01u, 0x80u, 0xffu}) {
        std::string damaged = log().bytes;
        damaged[i] = static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ change);
        WriteFile(log().path, damaged);
        Expect(RecordOf(i), 2);
      }
    }
  }
}

TEST_F(OneLogTest, CutAnywhereItIsReportedWhereItWasSynced) {
  for (const bool guarded : {true, false}) {
    if (!guarded) ForgetGuard();
    for (std::size_t size = 0; size < log().bytes.size(); ++size) {
      SCOPED_TRACE("cut to " + std::to_string(size) + (guarded ? "" : " without a guard"));
      WriteFile(log().path, log().bytes.substr(0, size));
      // Without a guard, only what is behind proves anything.
      Expect(RecordOf(size), guarded ? 2 : 0);
    }
  }
}

TEST_F(OneLogTest, OpenedItHoldsWhatWasFoundAndReportsWhatWasLost) {
  for (const bool read_only : {true, false}) {
    for (std::size_t record = 0; record < 5; ++record) {
      SCOPED_TRACE(record);
      std::string damaged = log().bytes;
      damaged[log().ends[record] - 1] ^= 1;
      WriteFile(log().path, damaged);
      const auto keys = Open(read_only);
      if (record < 2) {
        EXPECT_THAT(keys, StatusIs(StatusCode::kDataLoss, ".log"));
        EXPECT_EQ(ReadFile(folder_.path("copy/") + fs::path(log().path).filename().string()), damaged);
      } else {
        const std::vector<std::string> all = {"1", "2", "3", "4", "5"};
        EXPECT_THAT(keys,
                    IsOkAndHolds(ElementsAreArray(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(record))));
      }
    }
  }
}

// RocksDB reads over zeroes up to the end of their block.
TEST_F(OneLogTest, ZeroesInAnUnsyncedTailDoNotMakeAHole) {
  std::string damaged = log().bytes;
  std::fill(damaged.begin() + static_cast<std::ptrdiff_t>(log().ends[2]), damaged.end(), '\0');
  constexpr std::size_t kBlock = 32 * 1024;
  damaged.resize(kBlock, '\0');
  damaged += log().bytes.substr(log().ends[3]);  // record 5, where a block begins
  WriteFile(log().path, damaged);
  EXPECT_THAT(Open(), IsOkAndHolds(ElementsAreArray({"1", "2", "3"})));
  EXPECT_THAT(Open(false), IsOkAndHolds(ElementsAreArray({"1", "2", "3"})));
}

TEST_F(OneLogTest, AMissingOneIsReported) {
  fs::remove(log().path);
  EXPECT_THAT(Check(), StatusIs(StatusCode::kDataLoss, fs::path(log().path).filename().string() + ": is missing"));
}

// --- Several logs ---

class SeveralLogsTest : public LogCheckTest {
 protected:
  // The row of `changes` keeps the first log in use when the buffer of `events` is full and flushed. (More rows, and
  // all buffers together would be too large: RocksDB would flush that of `changes`.)
  void MakeLogs(bool sync_last) {
    Reopen({.profile = Profile::kEdge, .create = true});
    Put(Family::kChanges, "pins the log", "1");
    Fill("a", 6'000'000);
    ASSERT_THAT(database()->SyncLog(), IsOk());
    Put(Family::kEvents, "y", "unsynced, or not");
    if (sync_last) {
      ASSERT_THAT(database()->SyncLog(), IsOk());
    }
    Put(Family::kEvents, "z", "unsynced");
    Crash();
    ASSERT_OK_AND_ASSIGN(const LogFindings findings, Check());
    std::erase_if(logs_, [&](const Log& log) { return !findings.ends.contains(log.number); });
    ASSERT_GE(logs_.size(), 2u);
  }
};

TEST_F(SeveralLogsTest, DamageInAnEarlierOneIsReportedWithAndWithoutAGuard) {
  MakeLogs(true);
  for (const bool guarded : {true, false}) {
    if (!guarded) ForgetGuard();
    for (std::size_t i = 0; i + 1 < logs_.size(); ++i) {
      const Log& log = logs_[i];
      for (const std::uint64_t at : {std::uint64_t{20}, log.ends.front(), log.ends.back() - 1}) {
        SCOPED_TRACE(log.path + " byte " + std::to_string(at));
        std::string damaged = log.bytes;
        damaged[at] ^= 1;
        WriteFile(log.path, damaged);
        EXPECT_THAT(Check(), StatusIs(StatusCode::kDataLoss, log.path));
      }
      // Cut where a record ends, which looks whole.
      for (const std::uint64_t size : {std::uint64_t{0}, log.ends[log.ends.size() - 2]}) {
        SCOPED_TRACE(log.path + " cut to " + std::to_string(size));
        WriteFile(log.path, log.bytes.substr(0, size));
        if (guarded || i > 0 || size > 0) {
          EXPECT_THAT(Check(), StatusIs(StatusCode::kDataLoss, ".log"));
        }
      }
      fs::remove(log.path);
      if (guarded || i > 0) {
        EXPECT_THAT(Check(), StatusIs(StatusCode::kDataLoss, ".log"));
      }
      WriteFile(log.path, log.bytes);
      EXPECT_THAT(Check(), IsOk());
    }
  }
}

// --- Two logs, the later one made of the records of one ---

class TwoLogsTest : public OneLogTest {
 protected:
  // The first log keeps its first `kept` records, and the next one begins with record `begin`.
  void Split(std::size_t kept, std::size_t begin) {
    WriteFile(log().path, log().bytes.substr(0, log().ends[kept - 1]));
    std::array<char, 32> name;
    std::snprintf(name.data(), name.size(), "/%06d.log", static_cast<int>(log().number + 1));
    next_ = path_ + name.data();
    WriteFile(next_, log().bytes.substr(log().ends[begin - 1]));
  }
  std::string next_;
};

// A power cut may cost a log its unsynced tail and leave one that was begun after it. RocksDB would go on with that.
TEST_F(TwoLogsTest, AnUnsyncedTailThatIsLostEndsTheNextLogToo) {
  Split(2, 3);
  ASSERT_OK_AND_ASSIGN(const LogFindings findings, Check());
  EXPECT_EQ(findings.ends.at(log().number + 1), 0u);
  EXPECT_THAT(findings.torn, HasSubstr("000"));
  EXPECT_THAT(Open(), IsOkAndHolds(ElementsAreArray({"1", "2"})));
  EXPECT_THAT(Open(false), IsOkAndHolds(ElementsAreArray({"1", "2"})));
}

TEST_F(TwoLogsTest, ASyncedOneThatIsLostIsReported) {
  Split(1, 2);
  EXPECT_THAT(Check(), StatusIs(StatusCode::kDataLoss, log().path));
  ForgetGuard();
  EXPECT_THAT(Check(), StatusIs(StatusCode::kDataLoss, ".log"));
}

// As it is when the next life of the database began behind a torn record.
TEST_F(TwoLogsTest, WhatGoesOnWhereTheLogEndsIsReplayed) {
  Split(3, 3);
  WriteFile(log().path, ReadFile(log().path) + "torn");
  EXPECT_THAT(Open(), IsOkAndHolds(ElementsAreArray({"1", "2", "3", "4", "5"})));
  EXPECT_THAT(Open(false), IsOkAndHolds(ElementsAreArray({"1", "2", "3", "4", "5"})));
}

// A life of the database that ended before anything of it was on the disk leaves a log with nothing whole in it.
TEST_F(LogCheckTest, ALogOfWhichNothingIsWholeIsLeftBehind) {
  Put(Family::kEvents, "a", "1");
  Put(Family::kEvents, "b", "1");
  Crash();
  const Log& log = logs_.front();
  std::array<char, 32> name;
  std::snprintf(name.data(), name.size(), "/%06d.log", static_cast<int>(log.number + 1));
  WriteFile(path_ + name.data(), log.bytes);
  WriteFile(log.path, "torn");
  EXPECT_THAT(Open(), IsOkAndHolds(ElementsAreArray({"a", "b"})));
  EXPECT_THAT(Open(false), IsOkAndHolds(ElementsAreArray({"a", "b"})));
}

// --- Table files that are taken in ---

TEST_F(LogCheckTest, TheNumberOfATakenInFileIsNoGap) {
  Put(Family::kEvents, "a", "1");
  const TableFile file = {.family = Family::kEvents, .path = folder_.path("1.sst")};
  {
    TableWriter writer(*database(), file.family, file.path);
    writer.Put("a", "2");
    ASSERT_THAT(writer.Finish(), IsOk());
  }
  ASSERT_THAT(database()->Ingest({{file}}), IsOk());
  Put(Family::kEvents, "b", "1");
  ASSERT_THAT(database()->SyncLog(), IsOk());
  Crash();
  EXPECT_THAT(Check(), IsOk());
  EXPECT_THAT(Open(), IsOkAndHolds(ElementsAreArray({"a", "b"})));
}

// --- The manifest and the guard ---

TEST_F(LogCheckTest, AManifestThatIsTooShortIsReported) {
  Put(Family::kEvents, "a", "1");
  ASSERT_THAT(database()->Flush(), IsOk());
  Put(Family::kEvents, "b", "1");
  ASSERT_THAT(database()->Flush(), IsOk());
  Crash();
  std::string name;
  std::ifstream(path_ + "/CURRENT") >> name;
  const std::string manifest = path_ + "/" + name;
  const std::string bytes = ReadFile(manifest);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    SCOPED_TRACE(size);
    WriteFile(manifest, bytes.substr(0, size));
    EXPECT_THAT(Check(), StatusIs(StatusCode::kDataLoss));
    EXPECT_THAT(Open(false), StatusIs(StatusCode::kDataLoss));
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    SCOPED_TRACE(i);
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(~damaged[i]);
    WriteFile(manifest, damaged);
    EXPECT_THAT(Check(), StatusIs(StatusCode::kDataLoss));
  }
  WriteFile(manifest, bytes + "torn");
  EXPECT_THAT(Check(), IsOk());
}

TEST_F(LogCheckTest, AnOlderManifestIsReported) {
  Put(Family::kEvents, "a", "1");
  Crash();
  const std::string current = ReadFile(path_ + "/CURRENT");
  const std::string older = path_ + "/" + current.substr(0, current.size() - 1);
  const std::string bytes = ReadFile(older);
  Reopen();
  Crash();
  WriteFile(older, bytes);
  WriteFile(path_ + "/CURRENT", current);
  EXPECT_THAT(Check(), StatusIs(StatusCode::kDataLoss, "CURRENT"));
}

TEST_F(LogCheckTest, AGuardThatIsMissingOrDamagedIsReportedAndAnEmptyOneIsNone) {
  Put(Family::kEvents, "a", "1");
  Crash();
  const std::string path = SyncGuardPath(path_);
  const std::string bytes = ReadFile(path);
  for (const bool read_only : {true, false}) {
    fs::remove(path);
    EXPECT_THAT(Open(read_only), StatusIs(StatusCode::kDataLoss, "SYNCED: is missing"));
    WriteFile(path, std::string(bytes.size(), '?'));
    EXPECT_THAT(Open(read_only), StatusIs(StatusCode::kDataLoss, "SYNCED: is damaged"));
    WriteFile(path, "");
    EXPECT_THAT(Open(read_only), IsOkAndHolds(ElementsAreArray({"a"})));
  }
}

TEST_F(LogCheckTest, AnyBitOfTheGuardThatFlipsLosesNothing) {
  Put(Family::kEvents, "a", "1");
  ASSERT_THAT(database()->SyncLog(), IsOk());
  Crash();
  const std::string path = SyncGuardPath(path_);
  const std::string bytes = ReadFile(path);
  for (std::size_t i = 0; i < bytes.size(); i += (i % 4096 < 80 ? 1 : 500)) {
    SCOPED_TRACE(i);
    std::string damaged = bytes;
    damaged[i] ^= 4;
    WriteFile(path, damaged);
    EXPECT_THAT(Check(), IsOk());
  }
}

}  // namespace
}  // namespace tallystick::storage
