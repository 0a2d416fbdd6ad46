#include "lib/storage/table_writer.h"

#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/open_database.h"

namespace tallystick::storage {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Not;
using ::testing::Pair;
using testing::StatusIs;

class TableWriterTest : public testing::DatabaseTest {
 protected:
  absl::Status Ingest(Family family) { return database()->Ingest({{{.family = family, .path = file_}}}); }

  const std::string file_ = folder_.path("table.sst");
};

TEST_F(TableWriterTest, RowsAndDeletionsReachTheDatabase) {
  Put(Family::kEvents, "b", "old");
  Put(Family::kEvents, "c", "kept");
  Put(Family::kEvents, "e", "gone");
  TableWriter writer(*database(), Family::kEvents, file_);
  writer.Put("a", "1");
  writer.Put("b", "2");
  writer.Delete("e");
  writer.Put("f", "");
  EXPECT_EQ(writer.rows(), 4u);
  ASSERT_THAT(writer.Finish(), IsOk());
  EXPECT_EQ(writer.bytes(), std::filesystem::file_size(file_));
  ASSERT_THAT(Ingest(Family::kEvents), IsOk());
  EXPECT_THAT(RowsOf(Family::kEvents), ElementsAre(Pair("a", "1"), Pair("b", "2"), Pair("c", "kept"), Pair("f", "")));
}

TEST_F(TableWriterTest, KeysOutOfOrderFailAndTheFirstFailureStays) {
  for (const std::string second : {"a", "b"}) {
    const std::string path = folder_.path("table-" + second);
    TableWriter writer(*database(), Family::kEvents, path);
    writer.Put("b", "1");
    writer.Put(second, "2");
    writer.Put("c", "3");
    EXPECT_THAT(writer.Finish(), Not(IsOk())) << second;
    EXPECT_NE(writer.Finish().message().find(path), std::string::npos) << writer.Finish();
  }
  TableWriter deleting(*database(), Family::kEvents, file_);
  deleting.Put("b", "1");
  deleting.Delete("a");
  EXPECT_THAT(deleting.Finish(), Not(IsOk()));
}

TEST_F(TableWriterTest, AFileThatCannotBeMadeIsNamed) {
  std::filesystem::create_directory(file_);
  TableWriter writer(*database(), Family::kEvents, file_);
  EXPECT_EQ(writer.bytes(), 0u);
  writer.Put("a", "1");
  writer.Delete("b");
  EXPECT_THAT(writer.Finish(), StatusIs(StatusCode::kUnknown, file_ + ": cannot make the file"));
}

TEST_F(TableWriterTest, ABatchsRowsOfOneFamilyAreSortedAndTheLastOfEachKeyStands) {
  Put(Family::kRollups, "gone", "old");
  Put(Family::kRollups, "back", "old");
  Batch batch(*database());
  batch.Put(Family::kRollups, "z", "1");
  batch.Put(Family::kEvents, "a", "another family's");
  batch.Put(Family::kRollups, "b", "1");
  batch.Put(Family::kRollups, "b", "2");
  batch.Put(Family::kRollups, "gone", "1");
  batch.Delete(Family::kRollups, "gone");
  batch.Delete(Family::kRollups, "back");
  batch.Put(Family::kRollups, "back", "new");
  batch.Delete(Family::kMeta, "b");
  batch.Put(Family::kRollups, "b", "3");
  TableWriter writer(*database(), Family::kRollups, file_);
  writer.Add(batch);
  EXPECT_EQ(writer.rows(), 4u);
  ASSERT_THAT(writer.Finish(), IsOk());
  ASSERT_THAT(Ingest(Family::kRollups), IsOk());
  EXPECT_THAT(RowsOf(Family::kRollups), ElementsAre(Pair("b", "3"), Pair("back", "new"), Pair("z", "1")));
  EXPECT_THAT(RowsOf(Family::kEvents), IsEmpty());
}

}  // namespace
}  // namespace tallystick::storage
