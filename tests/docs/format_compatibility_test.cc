// What docs/FORMAT.md promises of stores that are not as this version makes them (section 6).

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "lib/base/buckets.h"
#include "lib/base/decimal_sum.h"
#include "lib/encoding/meta_rows.h"
#include "lib/encoding/rollup_keys.h"
#include "lib/encoding/rollup_rows.h"
#include "lib/storage/database.h"
#include "lib/storage/folder.h"
#include "rocksdb/db.h"
#include "tallystick/store.h"
#include "tests/support/raw_rows.h"

namespace tallystick {
namespace {

using storage::Family;

class FormatCompatibility : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(path_);
    const auto store = Store::Open(path_);
    ASSERT_TRUE(store.ok()) << store.status();
    const auto put =
        (*store)->Put({}, {.customer_event_id = "event-1", .customer_alias = "acme", .event_type = "call"});
    ASSERT_TRUE(put.ok()) << put.status();
  }
  void TearDown() override { std::filesystem::remove_all(path_); }

  std::string data() const { return storage::DataPath(path_); }

  // Puts a row behind the store's back.
  void PutRow(Family family, std::string_view key, std::string_view value) {
    testing::RawRows rows(path_);
    rows.Put(std::string(storage::FamilyName(family)), std::string(key), std::string(value));
    rows.Compact();  // into tables
  }

  // Adds a family, or drops one, as no version does.
  void ChangeFamilies(const std::string& add, const std::string& drop) {
    std::vector<std::string> names;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, data(), &names).ok());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* opened = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, data(), Descriptors(names), &handles, &opened).ok());
    const std::unique_ptr<rocksdb::DB> db(opened);
    for (rocksdb::ColumnFamilyHandle* handle : handles) {
      if (handle->GetName() == drop) {
        EXPECT_TRUE(db->DropColumnFamily(handle).ok());
      }
      EXPECT_TRUE(db->DestroyColumnFamilyHandle(handle).ok());
    }
    if (add.empty()) return;
    rocksdb::ColumnFamilyHandle* added = nullptr;
    ASSERT_TRUE(db->CreateColumnFamily({}, add, &added).ok());
    EXPECT_TRUE(db->DestroyColumnFamilyHandle(added).ok());
  }

  absl::StatusCode OpenForWriting() const { return Store::Open(path_).status().code(); }
  absl::StatusCode OpenForReading() const { return Store::Open(path_, {.read_only = true}).status().code(); }

  const std::string path_ =
      ::testing::TempDir() + "/format_compatibility_" + ::testing::UnitTest::GetInstance()->current_test_info()->name();

 private:
  static std::vector<rocksdb::ColumnFamilyDescriptor> Descriptors(const std::vector<std::string>& names) {
    std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
    for (const std::string& name : names) descriptors.emplace_back(name, rocksdb::ColumnFamilyOptions());
    return descriptors;
  }
};

TEST_F(FormatCompatibility, AnotherFormatVersionIsRefused) {
  for (const std::uint32_t version : {kFormatVersion - 1, kFormatVersion + 1, 1'000'000u}) {
    PutRow(Family::kMeta, meta_key::kFormatVersion, EncodeFormatVersion(version));
    EXPECT_EQ(OpenForWriting(), absl::StatusCode::kFailedPrecondition) << version;
    EXPECT_EQ(OpenForReading(), absl::StatusCode::kFailedPrecondition) << version;
  }
}

TEST_F(FormatCompatibility, UnknownFamilyIsRefusedByWriters) {
  ChangeFamilies("meters", "");
  EXPECT_EQ(OpenForWriting(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(OpenForReading(), absl::StatusCode::kOk);
}

TEST_F(FormatCompatibility, MissingFamilyIsDataLoss) {
  ChangeFamilies("", "rollups");
  EXPECT_EQ(OpenForWriting(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(OpenForReading(), absl::StatusCode::kDataLoss);
}

TEST_F(FormatCompatibility, DatabaseWithoutItsFilesIsDataLoss) {
  std::filesystem::remove(data() + "/CURRENT");
  EXPECT_EQ(OpenForWriting(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(OpenForReading(), absl::StatusCode::kDataLoss);
}

TEST_F(FormatCompatibility, RowOfDefaultOfTheWrongLengthIsDataLoss) {
  for (const std::string_view key : {meta_key::kFormatVersion, meta_key::kStoreId, meta_key::kHistory,
                                     meta_key::kFingerprintKey, meta_key::kEventIdKey, meta_key::kCursorKey}) {
    const auto database = storage::Database::Open(data(), {.read_only = true});
    ASSERT_TRUE(database.ok()) << database.status();
    const std::string value = (*database)->Get(Family::kMeta, key).value().value();
    PutRow(Family::kMeta, key, value + "x");
    EXPECT_EQ(OpenForReading(), absl::StatusCode::kDataLoss) << key;
    EXPECT_EQ(OpenForWriting(), absl::StatusCode::kDataLoss) << key;
    PutRow(Family::kMeta, key, value);
    EXPECT_EQ(OpenForReading(), absl::StatusCode::kOk) << key;
  }
}

TEST_F(FormatCompatibility, UnknownTagIsDataLossToReadsAndADifferenceToVerify) {
  const Uuid account;
  PutRow(Family::kEventIds, std::string(16, '\0') + "event-1", "\x02" + std::string(14, '\x01'));
  const auto store = Store::Open(path_, {.read_only = true});
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ((*store)->Get(account, "event-1").status().code(), absl::StatusCode::kDataLoss);
  const auto report = (*store)->Verify();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->difference_count, 1u);
}

TEST_F(FormatCompatibility, MeterThatDoesNotDecodeIsDataLossToWritersAndToWhoReadsIt) {
  PutRow(Family::kRollups, MeterKey{.account = {}, .name = "calls"}.Encode(), "\x02");
  EXPECT_EQ(OpenForWriting(), absl::StatusCode::kDataLoss);
  const auto store = Store::Open(path_, {.read_only = true});
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ((*store)->Meters({}).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ((*store)->Query({.declared = "calls"}).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE((*store)->Get({}, "event-1").ok());
}

TEST_F(FormatCompatibility, CellThatDoesNotDecodeIsDataLossToQueriesAndToWritesThatChangeIt) {
  {
    const auto store = Store::Open(path_);
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE((*store)->DefineMeter({}, "calls", {.event_type = "call"}).ok());
    ASSERT_TRUE((*store)->AwaitMeter({}, "calls").ok());
  }
  // In another day than the event, with a tag that is no cell's, and with that of another aggregation.
  const CellKey key = {.meter = 1, .size = BucketSize::kDay, .bucket = 738'428};
  const Event event = {.customer_alias = "acme",
                       .event_type = "call",
                       .event_timestamp = ParseTimestamp("2022-10-01T00:00:00Z").value()};
  for (const std::string& row : {std::string("\x7f\x01\0\0", 4), CellRow{.count = 1, .state = DecimalSum()}.Encode()}) {
    PutRow(Family::kRollups, key.Encode(), row);
    const auto store = Store::Open(path_);
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ((*store)->Query({.declared = "calls"}).status().code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ((*store)->Put({}, event).status().code(), absl::StatusCode::kDataLoss);
    Event other = event;
    other.event_type = "message";
    EXPECT_TRUE((*store)->Put({}, other).ok());
  }
}

TEST_F(FormatCompatibility, UnknownKindOfRollupIsLeftAlone) {
  PutRow(Family::kRollups, "\x06key", "value");
  {
    const auto store = Store::Open(path_);
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE((*store)->DefineMeter({}, "calls", {.event_type = "call"}).ok());
    ASSERT_TRUE((*store)->AwaitMeter({}, "calls").ok());
    EXPECT_TRUE((*store)->Query({.declared = "calls"}).ok());
    ASSERT_TRUE((*store)->DropMeter({}, "calls").ok());
  }
  const auto database = storage::Database::Open(data(), {.read_only = true});
  ASSERT_TRUE(database.ok()) << database.status();
  EXPECT_EQ((*database)->Get(Family::kRollups, "\x06key").value(), "value");
}

TEST_F(FormatCompatibility, RowsInAnUnusedFamilyAreADifferenceToVerify) {
  PutRow(Family::kConsumers, "key", "value");
  const auto store = Store::Open(path_);
  ASSERT_TRUE(store.ok()) << store.status();
  const auto report = (*store)->Verify();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->difference_count, 1u);
}

}  // namespace
}  // namespace tallystick
