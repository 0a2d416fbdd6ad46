#include "lib/storage/log_reader.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/storage/file_names.h"
#include "rocksdb/db.h"
#include "rocksdb/write_batch.h"
#include "tests/support/random.h"
#include "tests/support/temp_folder.h"

namespace tallystick::storage {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAreArray;

constexpr std::size_t kBlock = 32 * 1024;

// Bytes as a file.
class Text : public rocksdb::FSRandomAccessFile {
 public:
  explicit Text(std::string text) : text_(std::move(text)) {}
  rocksdb::IOStatus Read(std::uint64_t offset, std::size_t n, const rocksdb::IOOptions& /*options*/,
                         rocksdb::Slice* result, char* /*scratch*/,
                         rocksdb::IODebugContext* /*context*/) const override {
    *result = offset >= text_.size() ? rocksdb::Slice()
                                     : rocksdb::Slice(text_.data() + offset, std::min(n, text_.size() - offset));
    return rocksdb::IOStatus::OK();
  }

 private:
  const std::string text_;
};

struct Outcome {
  std::vector<std::string> records;
  std::vector<std::uint64_t> begins;
  std::vector<std::uint64_t> ends;
  std::uint64_t whole_end = 0;
  std::optional<LogReader::Damage> damage;
};

Outcome ReadLog(const std::string& bytes, std::uint64_t number) {
  Text file(bytes);
  LogReader reader(&file, bytes.size(), number);
  Outcome outcome;
  while (true) {
    std::optional<LogReader::Record> record;
    EXPECT_TRUE(reader.Next(&record).ok());
    if (!record.has_value()) break;
    outcome.records.emplace_back(record->payload);
    outcome.begins.push_back(record->begin);
    outcome.ends.push_back(record->end);
  }
  outcome.whole_end = reader.whole_end();
  outcome.damage = reader.damage();
  return outcome;
}

// A log that RocksDB has written, with a value of each size, in commits of one row.
class LogReaderTest : public ::testing::TestWithParam<bool> {
 protected:
  void Write(const std::vector<std::size_t>& sizes) {
    rocksdb::Options options;
    options.create_if_missing = true;
    if (GetParam()) {
      // The other form of records, which RocksDB writes for no other way of recovery.
      options.recycle_log_file_num = 1;
      options.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
    }
    rocksdb::DB* opened = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(options, folder_.path("db"), &opened).ok());
    const std::unique_ptr<rocksdb::DB> db(opened);
    testing::Random random(1);
    for (const std::size_t size : sizes) {
      std::string value;
      while (value.size() < size) value += static_cast<char>(random.Below(256));
      rocksdb::WriteBatch batch;
      ASSERT_TRUE(batch.Put("key", value).ok());
      ASSERT_TRUE(db->Write(rocksdb::WriteOptions(), &batch).ok());
      records_.push_back(batch.Data());
    }
    for (const auto& entry : fs::directory_iterator(folder_.path("db"))) {
      const auto number = LogNumber(entry.path().string());
      if (!number.has_value() || entry.file_size() == 0) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      log_.assign(std::istreambuf_iterator<char>(file), {});
      number_ = *number;
    }
    const std::size_t header = GetParam() ? 11 : 7;
    ASSERT_GE(log_.size(), header * sizes.size());
    EXPECT_EQ(log_[6] > 4, GetParam());
  }

  testing::TempFolder folder_{testing::MemoryDir()};
  std::vector<std::string> records_;
  std::string log_;
  std::uint64_t number_ = 0;
};

TEST_P(LogReaderTest, ReadsWhatRocksDbHasWritten) {
  // Some that end right before, in and right behind the place at a block's end that is too small for a header.
  std::vector<std::size_t> sizes = {0, 1, 100, 40'000, 100'000, 7};
  for (std::size_t i = 0; i < 40; ++i) sizes.push_back(kBlock - 60 + i);
  Write(sizes);
  const Outcome read = ReadLog(log_, number_);
  EXPECT_THAT(read.records, ElementsAreArray(records_));
  EXPECT_FALSE(read.damage.has_value()) << read.damage->problem;
  EXPECT_EQ(read.whole_end, log_.size());
}

TEST_P(LogReaderTest, AnyByteThatChangesCostsItsRecordAlone) {
  Write({10, 20, 30, 40});
  const Outcome whole = ReadLog(log_, number_);
  ASSERT_EQ(whole.records.size(), 4u);
  for (std::size_t i = 0; i < log_.size(); ++i) {
    SCOPED_TRACE(i);
    std::string damaged = log_;
    damaged[i] = static_cast<char>(~damaged[i]);
    const Outcome read = ReadLog(damaged, number_);
    std::size_t hit = 0;
    while (whole.ends[hit] <= i) ++hit;
    std::vector<std::string> others = records_;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(hit));
    EXPECT_THAT(read.records, ElementsAreArray(others));
    ASSERT_TRUE(read.damage.has_value());
    EXPECT_EQ(read.damage->begin, whole.begins[hit]);
    EXPECT_EQ(read.whole_end, whole.begins[hit]);
  }
}

TEST_P(LogReaderTest, WhereverItIsCutTheRecordsBeforeAreThere) {
  Write({10, 20, 30, 40});
  const Outcome whole = ReadLog(log_, number_);
  for (std::size_t size = 0; size <= log_.size(); ++size) {
    SCOPED_TRACE(size);
    const Outcome read = ReadLog(log_.substr(0, size), number_);
    const auto left =
        static_cast<std::size_t>(std::upper_bound(whole.ends.begin(), whole.ends.end(), size) - whole.ends.begin());
    EXPECT_EQ(read.records.size(), left);
    EXPECT_EQ(read.whole_end, left == 0 ? 0 : whole.ends[left - 1]);
    EXPECT_EQ(read.damage.has_value(), size != read.whole_end);
  }
}

TEST_P(LogReaderTest, DamageInARecordOfManyBlocksCostsNoOther) {
  Write({100, 4 * kBlock, 100, 4 * kBlock, 100});
  const Outcome whole = ReadLog(log_, number_);
  ASSERT_EQ(whole.records.size(), 5u);
  for (std::size_t i = whole.begins[1]; i < whole.ends[1]; i += 2999) {
    SCOPED_TRACE(i);
    std::string damaged = log_;
    damaged[i] = static_cast<char>(~damaged[i]);
    const Outcome read = ReadLog(damaged, number_);
    ASSERT_EQ(read.records.size(), 4u);
    EXPECT_EQ(read.records[0], records_[0]);
    EXPECT_EQ(read.records[1], records_[2]);
    EXPECT_EQ(read.damage->begin, whole.begins[1]);
  }
}

TEST_P(LogReaderTest, ZeroesAreNoRecords) {
  Write({100, 100});
  const Outcome read = ReadLog(log_ + std::string(kBlock, '\0') + log_, number_);
  EXPECT_EQ(read.whole_end, log_.size());
  EXPECT_TRUE(read.damage.has_value());
}

TEST_P(LogReaderTest, ZeroesAtTheEndAreNoDamage) {
  Write({100, 40'000, 100});
  for (const std::size_t zeroes : {std::size_t{1}, std::size_t{7}, kBlock, 8 * kBlock + 5}) {
    const Outcome read = ReadLog(log_ + std::string(zeroes, '\0'), number_);
    EXPECT_THAT(read.records, ElementsAreArray(records_));
    EXPECT_FALSE(read.damage.has_value()) << read.damage->problem;
    EXPECT_EQ(read.whole_end, log_.size());
  }
  const Outcome whole = ReadLog(log_, number_);
  const Outcome cut = ReadLog(log_.substr(0, whole.begins[1] + kBlock) + std::string(kBlock, '\0'), number_);
  EXPECT_EQ(cut.damage->begin, whole.begins[1]);
}

TEST_P(LogReaderTest, ARecordWithoutItsBeginningOrItsEndIsNone) {
  Write({2 * kBlock, 100});
  EXPECT_THAT(ReadLog(log_.substr(kBlock), number_).records, ElementsAreArray({records_[1]}));
  const Outcome twice = ReadLog(log_.substr(0, kBlock) + log_, number_);
  EXPECT_THAT(twice.records, ElementsAreArray(records_));
  EXPECT_EQ(twice.damage->begin, 0u);
}

TEST_P(LogReaderTest, RecyclableRecordsOfAnotherLogAreNone) {
  Write({100});
  EXPECT_EQ(ReadLog(log_, number_ + 1).records.size(), GetParam() ? 0u : 1u);
}

INSTANTIATE_TEST_SUITE_P(Forms, LogReaderTest, ::testing::Bool(),
                         [](const auto& form) { return form.param ? "Recyclable" : "Plain"; });

}  // namespace
}  // namespace tallystick::storage
