#include "lib/storage/database.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/storage/rocksdb_options.h"
#include "lib/storage/table_writer.h"
#include "tests/support/open_database.h"
#include "tests/support/random.h"

namespace tallystick::storage {
namespace {

namespace fs = std::filesystem;
using absl::StatusCode;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::Not;
using ::testing::Pair;
using testing::StatusIs;

using Texts = std::vector<std::string>;

class DatabaseTest : public testing::DatabaseTest {
 protected:
  std::vector<std::string> FilesWith(const std::string& extension) const {
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(path_)) {
      if (entry.path().extension() == extension) files.push_back(entry.path().string());
    }
    return files;
  }

  // What a machine would find that lost the logs: a copy of the folder, each log cut to `size` bytes.
  std::shared_ptr<Database> OpenWithLogsCutTo(std::uintmax_t size) {
    const std::string copy = folder_.path("copy");
    fs::remove_all(copy);
    // RocksDB deletes files in the background that it needs no more: one may go while it is being copied.
    for (std::error_code error;; fs::remove_all(copy)) {
      fs::copy(path_, copy, fs::copy_options::recursive, error);
      if (!error) break;
    }
    for (const std::string& log : FilesWith(".log")) {
      const fs::path file = fs::path(copy) / fs::path(log).filename();
      if (fs::file_size(file) > size) fs::resize_file(file, size);
    }
    auto opened = Database::Open(copy, {.read_only = true});
    EXPECT_THAT(opened, IsOk());
    return opened.value_or(nullptr);
  }
};

// --- Writing ---

TEST_F(DatabaseTest, ABatchIsAppliedInOrderAndEmptyAfterClear) {
  Batch batch(*database());
  EXPECT_TRUE(batch.empty());
  batch.Put(Family::kEvents, "a", "1");
  batch.Put(Family::kEvents, "a", "2");
  batch.Put(Family::kEvents, "b", "1");
  batch.Delete(Family::kEvents, "b");
  batch.Delete(Family::kEvents, "absent");
  EXPECT_FALSE(batch.empty());
  EXPECT_GT(batch.bytes(), 10u);
  ASSERT_THAT(database()->Write(&batch), IsOk());
  EXPECT_THAT(RowsOf(Family::kEvents), ElementsAre(Pair("a", "2")));
  EXPECT_THAT(RowsOf(Family::kChanges), IsEmpty());
  batch.Clear();
  EXPECT_TRUE(batch.empty());
}

TEST_F(DatabaseTest, ABatchOverSeveralFamiliesIsAllOrNothingWhereverTheLogEnds) {
  constexpr int kBatches = 6;
  for (int i = 0; i < kBatches; ++i) {
    Batch batch(*database());
    const std::string name = std::to_string(i);
    batch.Put(Family::kEvents, name, std::string(40, 'e'));
    batch.Put(Family::kEventIds, name, "");
    batch.Put(Family::kChanges, name, std::string(20, 'c'));
    if (i > 0) batch.Delete(Family::kCustomers, std::to_string(i - 1));
    batch.Put(Family::kCustomers, name, "");
    ASSERT_THAT(database()->Write(&batch), IsOk());
  }
  std::uintmax_t size = 0;
  for (const std::string& log : FilesWith(".log")) size = std::max(size, fs::file_size(log));
  ASSERT_GT(size, 6u * 60);
  std::map<std::size_t, int> seen;
  for (std::uintmax_t cut = 0; cut <= size;
       cut += std::min<std::uintmax_t>(41, std::max<std::uintmax_t>(1, size - cut))) {
    SCOPED_TRACE("log cut to " + std::to_string(cut) + " of " + std::to_string(size));
    const auto survivor = OpenWithLogsCutTo(cut);
    ASSERT_NE(survivor, nullptr);
    const std::size_t count = RowsOf(*survivor, Family::kEvents).size();
    EXPECT_EQ(RowsOf(*survivor, Family::kEventIds).size(), count);
    EXPECT_EQ(RowsOf(*survivor, Family::kChanges).size(), count);
    const Rows customers = RowsOf(*survivor, Family::kCustomers);
    if (count == 0) {
      EXPECT_THAT(customers, IsEmpty());
    } else {
      EXPECT_THAT(customers, ElementsAre(Pair(std::to_string(count - 1), "")));
    }
    ++seen[count];
  }
  EXPECT_EQ(seen.size(), kBatches + 1u) << "every number of batches can survive";
}

TEST_F(DatabaseTest, AReadOnlyDatabaseIsNotWritten) {
  Put(Family::kEvents, "a", "1");
  Reopen({.read_only = true});
  Batch batch(*database());
  batch.Put(Family::kEvents, "b", "1");
  EXPECT_THAT(database()->Write(&batch), StatusIs(StatusCode::kInternal));
  EXPECT_THAT(RowsOf(Family::kEvents), ElementsAre(Pair("a", "1")));
}

TEST_F(DatabaseTest, AFrozenDatabaseStaysAsItIs) {
  Put(Family::kEvents, "a", "1");
  Put(Family::kChanges, "a", "1");
  const std::string frozen_path = folder_.path("frozen");
  ASSERT_THAT(database()->Freeze(frozen_path), IsOk());
  Put(Family::kEvents, "a", "2");
  Delete(Family::kChanges, "a");
  ASSERT_THAT(database()->Flush(), IsOk());
  std::atomic<bool> cancelled = false;
  ASSERT_THAT(database()->Compact(Family::kEvents, {}, &cancelled), IsOk());
  const auto frozen = Database::Open(frozen_path, {.read_only = true, .unchanging = true});
  ASSERT_THAT(frozen, IsOk());
  EXPECT_THAT(RowsOf(**frozen, Family::kEvents), ElementsAre(Pair("a", "1")));
  EXPECT_THAT(RowsOf(**frozen, Family::kChanges), ElementsAre(Pair("a", "1")));
  for (const auto& entry : fs::directory_iterator(frozen_path)) {
    if (entry.path().extension() != ".log") continue;
    EXPECT_EQ(entry.file_size(), 0u) << "all of it has been flushed";
  }
  EXPECT_THAT(database()->Freeze(frozen_path), Not(IsOk())) << "there is one already";
}

// --- Table files ---

class TableFilesTest : public DatabaseTest {
 protected:
  using Rows = testing::DatabaseTest::Rows;

  // A file with these rows.
  TableFile Make(Family family, const Rows& rows) {
    const TableFile file = {.family = family, .path = folder_.path(std::to_string(++files_) + ".sst")};
    TableWriter writer(*database(), family, file.path);
    for (const auto& [key, value] : rows) writer.Put(key, value);
    EXPECT_THAT(writer.Finish(), IsOk());
    return file;
  }

  static constexpr int kFiles = kLevel0Files + 4;
  static constexpr std::uint64_t kFileBytes = 10'000;

  // Files that overlap, each somewhat larger than kFileBytes, so that each goes to the top.
  void TakeInOverlapping() {
    std::string noise;
    testing::Random random(1);
    while (noise.size() <= kFileBytes) noise += static_cast<char>(random.Below(256));
    for (int i = 0; i < kFiles; ++i) {
      const TableFile file = Make(Family::kEvents, {{"a", std::to_string(i)}, {"b", noise}});
      ASSERT_THAT(database()->Ingest({{file}}), IsOk());
    }
  }

  std::size_t RowsOfAllFamilies() {
    std::size_t count = 0;
    for (const Family family : kAllFamilies) count += RowsOf(family).size();
    return count;
  }

 private:
  int files_ = 0;
};

TEST_F(TableFilesTest, FilesOfAllFamiliesAreTakenInTogetherAndMoved) {
  std::vector<TableFile> files;
  for (const Family family : kAllFamilies) {
    files.push_back(Make(family, {{"b", "of " + std::string(FamilyName(family))}}));
  }
  files.push_back(Make(Family::kEvents, {{"c", "1"}, {"d", "2"}}));  // a second one, behind the first
  EXPECT_EQ(RowsOfAllFamilies(), 0u);
  ASSERT_THAT(database()->Ingest(files), IsOk());
  for (const Family family : kAllFamilies) {
    EXPECT_EQ(RowsOf(family).front(), std::pair(std::string("b"), "of " + std::string(FamilyName(family))));
  }
  EXPECT_EQ(RowsOfAllFamilies(), kAllFamilies.size() + 2);
  for (const TableFile& file : files) EXPECT_FALSE(fs::exists(file.path)) << file.path;
  // Without a word in the log: it is on stable storage.
  const auto survivor = OpenWithLogsCutTo(0);
  ASSERT_NE(survivor, nullptr);
  EXPECT_EQ(RowsOf(*survivor, Family::kEvents).size(), 3u);
}

TEST_F(TableFilesTest, RowsOfWriteBuffersAreOlderAndLaterOnesNewer) {
  Put(Family::kEvents, "a", "before");
  Put(Family::kEvents, "b", "before");
  Put(Family::kChanges, "a", "before");
  ASSERT_THAT(database()->Ingest({{Make(Family::kEvents, {{"b", "file"}, {"c", "file"}})}}), IsOk());
  const Rows expected = {{"a", "before"}, {"b", "file"}, {"c", "file"}};
  EXPECT_EQ(RowsOf(Family::kEvents), expected);
  Put(Family::kEvents, "c", "after");
  ASSERT_THAT(database()->Ingest({{Make(Family::kEvents, {{"a", "file 2"}})}}), IsOk());
  const Rows later = {{"a", "file 2"}, {"b", "file"}, {"c", "after"}};
  EXPECT_EQ(RowsOf(Family::kEvents), later);
  Reopen();
  EXPECT_EQ(RowsOf(Family::kEvents), later);
  EXPECT_THAT(RowsOf(Family::kChanges), ElementsAre(Pair("a", "before")));
}

// Files that overlap nothing could go without a sequence number of RocksDB's, and be seen by everybody at once.
TEST_F(TableFilesTest, ASnapshotOfBeforeSeesNothingOfThem) {
  const auto empty = database()->TakeSnapshot();
  ASSERT_THAT(database()->Ingest({{Make(Family::kEvents, {{"a", "1"}}), Make(Family::kChanges, {{"a", "1"}})}}),
              IsOk());
  const auto first = database()->TakeSnapshot();
  ASSERT_THAT(database()->Ingest({{Make(Family::kEvents, {{"a", "2"}}), Make(Family::kCustomers, {{"a", "2"}})}}),
              IsOk());
  for (const Family family : kAllFamilies) EXPECT_THAT(RowsOf(*database(), family, empty), IsEmpty());
  EXPECT_THAT(RowsOf(*database(), Family::kEvents, first), ElementsAre(Pair("a", "1")));
  EXPECT_THAT(RowsOf(*database(), Family::kCustomers, first), IsEmpty());
  EXPECT_THAT(RowsOf(Family::kEvents), ElementsAre(Pair("a", "2")));
}

TEST_F(TableFilesTest, NoFilesAreNothing) { EXPECT_THAT(database()->Ingest({}), IsOk()); }

TEST_F(TableFilesTest, WhenOneOfThemCannotBeTakenInNoneIs) {
  Put(Family::kEvents, "a", "before");
  const TableFile good = Make(Family::kEvents, {{"a", "file"}});
  const std::string rubbish = folder_.path("rubbish.sst");
  std::ofstream(rubbish) << "no table";
  EXPECT_THAT(database()->Ingest({{good, {.family = Family::kChanges, .path = rubbish}}}),
              StatusIs(StatusCode::kDataLoss, "cannot take in table files"));
  // One that is damaged in the middle.
  Rows many;
  for (int i = 1000; i < 2000; ++i) many.emplace_back(std::to_string(i), std::string(100, 'v'));
  const TableFile damaged = Make(Family::kChanges, many);
  {
    std::fstream file(damaged.path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(2000);
    file << "damage";
  }
  EXPECT_THAT(database()->Ingest({{Make(Family::kEvents, {{"a", "file"}}), damaged}}), StatusIs(StatusCode::kDataLoss));
  EXPECT_THAT(RowsOf(Family::kEvents), ElementsAre(Pair("a", "before")));
  EXPECT_EQ(RowsOfAllFamilies(), 1u);
  // And the database goes on.
  Put(Family::kEvents, "b", "after");
  ASSERT_THAT(database()->Ingest({{Make(Family::kEvents, {{"a", "file"}})}}), IsOk());
  EXPECT_THAT(RowsOf(Family::kEvents), ElementsAre(Pair("a", "file"), Pair("b", "after")));
}

// As many files as would be merged at once are left alone while loading, and merged afterwards. What a file takes says
// how many there are: in the folder, those that were merged may stay for a while.
TEST_F(TableFilesTest, LoadingLetsFilesAddUpAndItsEndMergesThem) {
  static_assert(kFiles < kLevel0FilesLoading);
  ASSERT_THAT(database()->SetLoading(true), IsOk());
  TakeInOverlapping();
  EXPECT_GT(database()->FileBytes(Family::kEvents), (kFiles - 1) * kFileBytes);
  EXPECT_EQ(RowsOf(Family::kEvents).front().second, std::to_string(kFiles - 1));
  ASSERT_THAT(database()->SetLoading(false), IsOk());
  while (database()->FileBytes(Family::kEvents) > 2 * kFileBytes) std::this_thread::yield();
  EXPECT_EQ(RowsOf(Family::kEvents).front().second, std::to_string(kFiles - 1));
  EXPECT_EQ(database()->CompactionOwedBytes(), 0u);
}

// The option stands in a file of RocksDB's; a crash must not leave it for the next opening.
TEST_F(TableFilesTest, LoadingEndsWithTheOpening) {
  ASSERT_THAT(database()->SetLoading(true), IsOk());
  Reopen();
  TakeInOverlapping();
  while (database()->FileBytes(Family::kEvents) > (kLevel0Files + 1) * kFileBytes) std::this_thread::yield();
}

// --- Iterators ---

class IteratorTest : public DatabaseTest {
 protected:
  void SetUp() override {
    for (const char* key : {"a", "c", "cc", "e", "g"}) Put(Family::kEvents, key, std::string("of ") + key);
    Put(Family::kChanges, "d", "another family's");
  }
  RowIterator Iterate(const KeyRange& range, ReadLength length = ReadLength::kShort) {
    return database()->NewIterator(Family::kEvents, range, database()->TakeSnapshot(), length);
  }
  static Texts Forward(RowIterator rows) {
    Texts keys;
    for (rows.SeekToFirst(); rows.Valid(); rows.Next()) keys.emplace_back(rows.key());
    EXPECT_THAT(rows.status(), IsOk());
    return keys;
  }
  static Texts Backward(RowIterator rows) {
    Texts keys;
    for (rows.SeekToLast(); rows.Valid(); rows.Prev()) keys.emplace_back(rows.key());
    EXPECT_THAT(rows.status(), IsOk());
    return keys;
  }
};

TEST_F(IteratorTest, WalksARangeInBothDirections) {
  struct Case {
    KeyRange range;
    Texts keys;
  };
  const std::vector<Case> cases = {
      {{}, {"a", "c", "cc", "e", "g"}},
      {{.start = "c"}, {"c", "cc", "e", "g"}},
      {{.limit = "c"}, {"a"}},
      {{.start = "c", .limit = "g"}, {"c", "cc", "e"}},
      {{.start = "b", .limit = "f"}, {"c", "cc", "e"}},
      {{.start = "c", .limit = "cc"}, {"c"}},
      {{.start = "h"}, {}},
      {{.limit = "a"}, {}},
      {{.start = "c", .limit = "c"}, {}},
  };
  for (const bool flushed : {false, true}) {
    if (flushed) {
      ASSERT_THAT(database()->Flush(), IsOk());
    }
    for (const Case& c : cases) {
      SCOPED_TRACE("[" + c.range.start + ", " + c.range.limit + ")" + (flushed ? " flushed" : ""));
      Texts reversed = c.keys;
      std::reverse(reversed.begin(), reversed.end());
      for (const ReadLength length : {ReadLength::kShort, ReadLength::kLong, ReadLength::kLongOneOfMany}) {
        EXPECT_EQ(Forward(Iterate(c.range, length)), c.keys);
        EXPECT_EQ(Backward(Iterate(c.range, length)), reversed);
      }
    }
  }
}

TEST_F(IteratorTest, MovesWithItsRange) {
  RowIterator rows = Iterate({.start = "c", .limit = "e"});
  rows.SeekToFirst();
  RowIterator moved = std::move(rows);
  EXPECT_EQ(moved.key(), "c");
  moved = Iterate({.start = "e"});
  EXPECT_EQ(Forward(std::move(moved)), (Texts{"e", "g"}));
}

// --- Snapshots ---

TEST_F(DatabaseTest, ASnapshotSeesNoLaterWrite) {
  Put(Family::kEvents, "changed", "1");
  Put(Family::kEvents, "deleted", "1");
  Put(Family::kChanges, "other", "1");
  const auto before = database()->TakeSnapshot();
  Put(Family::kEvents, "added", "2");
  Put(Family::kEvents, "changed", "2");
  Put(Family::kChanges, "other", "2");
  Delete(Family::kEvents, "deleted");
  for (const bool flushed : {false, true}) {
    SCOPED_TRACE(flushed);
    if (flushed) {
      ASSERT_THAT(database()->Flush(), IsOk());
    }
    EXPECT_THAT(RowsOf(*database(), Family::kEvents, before), ElementsAre(Pair("changed", "1"), Pair("deleted", "1")));
    EXPECT_THAT(RowsOf(*database(), Family::kChanges, before), ElementsAre(Pair("other", "1")));
    EXPECT_THAT(database()->Get(Family::kEvents, "deleted", before.get()), IsOkAndHolds(std::optional("1")));
    EXPECT_THAT(database()->Get(Family::kEvents, "added", before.get()), IsOkAndHolds(std::nullopt));
    const std::vector<std::string_view> keys = {"added", "changed", "deleted"};
    LookUps found;
    ASSERT_THAT(database()->MultiGet(Family::kEvents, keys, before.get(), &found), IsOk());
    EXPECT_EQ(found.value(0), std::nullopt);
    EXPECT_EQ(found.value(1), "1");
    EXPECT_EQ(found.value(2), "1");
    EXPECT_THAT(RowsOf(Family::kEvents), ElementsAre(Pair("added", "2"), Pair("changed", "2")));
  }
}

TEST_F(DatabaseTest, TheLockIsLetGoByTheLastWhoUsesTheDatabase) {
  auto lock = std::make_shared<int>();
  const std::weak_ptr<int> held = lock;
  Reopen({.create = true, .lock = std::move(lock)});
  Put(Family::kEvents, "a", "1");
  {
    auto snapshot = database()->TakeSnapshot();
    RowIterator rows = database()->NewIterator(Family::kEvents, {}, snapshot, ReadLength::kShort);
    const auto other = database()->TakeSnapshot();
    snapshot.reset();
    Close();
    EXPECT_FALSE(held.expired());
    rows.SeekToFirst();
    EXPECT_TRUE(rows.Valid());
  }
  EXPECT_TRUE(held.expired());
}

TEST_F(DatabaseTest, AFailedOpeningLetsTheLockGo) {
  auto lock = std::make_shared<int>();
  const std::weak_ptr<int> held = lock;
  EXPECT_THAT(Database::Open(folder_.path("absent"), {.lock = std::move(lock)}), StatusIs(StatusCode::kDataLoss));
  EXPECT_TRUE(held.expired());
}

// --- Point reads ---

TEST_F(DatabaseTest, GetTellsAnEmptyRowFromNone) {
  Put(Family::kEvents, "empty", "");
  Put(Family::kEvents, std::string("with\0zero", 9), std::string("v\0", 2));
  EXPECT_THAT(database()->Get(Family::kEvents, "empty"), IsOkAndHolds(std::optional("")));
  EXPECT_THAT(database()->Get(Family::kEvents, std::string("with\0zero", 9)),
              IsOkAndHolds(std::optional(std::string("v\0", 2))));
  EXPECT_THAT(database()->Get(Family::kEvents, "with"), IsOkAndHolds(std::nullopt));
  EXPECT_THAT(database()->Get(Family::kChanges, "empty"), IsOkAndHolds(std::nullopt));
}

TEST_F(DatabaseTest, MultiGetFindsWhatIsThereAndIsUsedAgain) {
  std::vector<std::string> names;
  for (int i = 1000; i < 1200; ++i) names.push_back(std::to_string(i));
  for (std::size_t i = 0; i < names.size(); i += 3) Put(Family::kEventIds, names[i], "of " + names[i]);
  LookUps found;
  for (const bool flushed : {false, true}) {
    if (flushed) {
      ASSERT_THAT(database()->Flush(), IsOk());
    }
    // The second round asks for fewer: nothing of the first may show through.
    for (const std::size_t count : {names.size(), std::size_t{1}, std::size_t{40}}) {
      const std::vector<std::string_view> keys(names.end() - static_cast<std::ptrdiff_t>(count), names.end());
      ASSERT_THAT(database()->MultiGet(Family::kEventIds, keys, nullptr, &found), IsOk());
      for (std::size_t i = 0; i < keys.size(); ++i) {
        const bool there = (names.size() - count + i) % 3 == 0;
        EXPECT_EQ(found.value(i), there ? std::optional("of " + std::string(keys[i])) : std::nullopt) << keys[i];
      }
    }
  }
}

// --- Sizes ---

TEST_F(DatabaseTest, SizesFollowTheRows) {
  EXPECT_EQ(database()->FileBytes(Family::kEvents), 0u);
  std::string random;  // does not compress
  for (std::uint32_t i = 0, x = 1; i < 1000; ++i)
    random.push_back(static_cast<char>((x = x * 1664525 + 1013904223) >> 24));
  constexpr std::uint64_t kRows = 300;
  Batch batch(*database());
  for (std::uint64_t i = 0; i < kRows; ++i) batch.Put(Family::kEvents, std::to_string(1000 + i), random);
  ASSERT_THAT(database()->Write(&batch), IsOk());
  EXPECT_GT(database()->MemoryBytes(Family::kEvents), 300'000u);
  EXPECT_EQ(database()->FileBytes(Family::kEvents), 0u);
  ASSERT_THAT(database()->Flush(), IsOk());
  EXPECT_LT(database()->MemoryBytes(Family::kEvents), 300'000u);
  EXPECT_GT(database()->FileBytes(Family::kEvents), 1000u);
  EXPECT_EQ(database()->FileBytes(Family::kChanges), 0u);
  EXPECT_EQ(database()->ApproximateRows(Family::kEvents), kRows);
}

TEST_F(DatabaseTest, ApproximateBytesTellsHalfARangeFromAWholeOne) {
  std::uint32_t x = 1;
  Batch batch(*database());
  for (int i = 0; i < 1000; ++i) {
    std::string value;
    for (int j = 0; j < 500; ++j) value.push_back(static_cast<char>((x = x * 1664525 + 1013904223) >> 24));
    batch.Put(Family::kEvents, std::to_string(1000 + i), value);
  }
  ASSERT_THAT(database()->Write(&batch), IsOk());
  ASSERT_THAT(database()->Flush(), IsOk());
  const std::uint64_t all = database()->ApproximateBytes(Family::kEvents, {});
  const std::uint64_t half = database()->ApproximateBytes(Family::kEvents, {.start = "1000", .limit = "1500"});
  EXPECT_GT(all, 450'000u);
  EXPECT_NEAR(static_cast<double>(half), static_cast<double>(all) / 2, static_cast<double>(all) / 10);
  EXPECT_EQ(database()->ApproximateBytes(Family::kEvents, {.start = "3"}), 0u);
}

// --- What is on disk ---

TEST_F(DatabaseTest, FlushLeavesNothingInTheLog) {
  for (const Family family : kAllFamilies) Put(family, "a", "1");
  // The log is all there is of them so far...
  for (const Family family : kAllFamilies) EXPECT_THAT(RowsOf(*OpenWithLogsCutTo(0), family), IsEmpty());
  ASSERT_THAT(database()->Flush(), IsOk());
  // ...and is not needed now.
  const auto survivor = OpenWithLogsCutTo(0);
  for (const Family family : kAllFamilies) EXPECT_THAT(RowsOf(*survivor, family), ElementsAre(Pair("a", "1")));
}

TEST_F(DatabaseTest, AReadOnlyOpeningSeesWhatWasWrittenBeforeIt) {
  Put(Family::kEvents, "flushed", "1");
  ASSERT_THAT(database()->Flush(), IsOk());
  Put(Family::kEvents, "in the log", "1");
  auto opened = Database::Open(path_, {.read_only = true});
  ASSERT_THAT(opened, IsOk());
  const std::shared_ptr<Database> reader = *std::move(opened);
  Put(Family::kEvents, "later", "1");
  ASSERT_THAT(database()->Flush(), IsOk());
  EXPECT_THAT(reader->SyncView(), IsOk()) << "the logs it replayed are gone; what they held is in synced tables";
  EXPECT_THAT(RowsOf(*reader, Family::kEvents), ElementsAre(Pair("flushed", "1"), Pair("in the log", "1")));
  EXPECT_THAT(reader->Get(Family::kEvents, "later"), IsOkAndHolds(std::nullopt));
}

TEST_F(DatabaseTest, AReadOnlyOpeningLeavesTheFolderAsItIs) {
  Put(Family::kEvents, "a", "1");
  Close();  // a writer removes old files in its own time
  const auto names = [this] {
    std::map<std::string, std::uintmax_t> sizes;
    for (const auto& entry : fs::directory_iterator(path_)) sizes[entry.path().filename()] = entry.file_size();
    return sizes;
  };
  const auto before = names();
  ASSERT_THAT(Database::Open(path_, {.read_only = true}), IsOk());
  EXPECT_EQ(names(), before);
}

// --- Damage ---

class DamageTest : public DatabaseTest {
 protected:
  static constexpr int kRows = 60;
  static std::string Key(int i) { return "key-" + std::to_string(1000 + i); }
  static std::string Value(int i) { return "value of " + std::to_string(i * 7919); }

  // One table file, of one family.
  void SetUp() override {
    for (int i = 0; i < kRows; ++i) Put(Family::kEvents, Key(i), Value(i));
    ASSERT_THAT(database()->Flush(), IsOk());
    Close();
    const auto files = FilesWith(".sst");
    ASSERT_EQ(files.size(), 1u);
    table_ = files[0];
  }

  void FlipBit(std::uintmax_t at) {
    std::fstream file(table_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(byte ^ 0x10));
    ASSERT_TRUE(file.good());
  }

  static absl::Status Walk(const Database& database, bool forward, int* rows_read) {
    *rows_read = 0;
    RowIterator rows = database.NewIterator(Family::kEvents, {}, database.TakeSnapshot(), ReadLength::kLong);
    for (forward ? rows.SeekToFirst() : rows.SeekToLast(); rows.Valid(); forward ? rows.Next() : rows.Prev()) {
      const int i = forward ? *rows_read : kRows - 1 - *rows_read;
      EXPECT_EQ(rows.key(), Key(i));
      EXPECT_EQ(rows.value(), Value(i));
      ++*rows_read;
    }
    return rows.status();
  }

  std::string table_;
};

TEST_F(DamageTest, AFlippedBitInARowIsDataLossFromEveryRead) {
  FlipBit(100);  // the first block
  for (const bool read_only : {false, true}) {
    SCOPED_TRACE(read_only);
    Reopen({.read_only = read_only});
    EXPECT_THAT(database()->Get(Family::kEvents, Key(1)), StatusIs(StatusCode::kDataLoss, "events: cannot read"));
    const std::vector<std::string_view> keys = {"absent", "key-1001", "key-1002"};
    LookUps found;
    EXPECT_THAT(database()->MultiGet(Family::kEvents, keys, nullptr, &found), StatusIs(StatusCode::kDataLoss));
    int rows_read = 0;
    EXPECT_THAT(Walk(*database(), true, &rows_read), StatusIs(StatusCode::kDataLoss));
    EXPECT_EQ(rows_read, 0);
    EXPECT_THAT(Walk(*database(), false, &rows_read), StatusIs(StatusCode::kDataLoss));
  }
}

TEST_F(DamageTest, WhereverABitFlipsNoRowIsWrongOrMissingWithoutAWord) {
  int lost = 0;
  for (std::uintmax_t at = 3, size = fs::file_size(table_); at < size; at += 37) {
    SCOPED_TRACE("bit flipped in byte " + std::to_string(at) + " of " + std::to_string(size));
    FlipBit(at);
    const auto opened = Database::Open(path_, {.read_only = true});
    if (opened.ok()) {
      for (int i = 0; i < kRows; i += 17) {
        const auto value = (*opened)->Get(Family::kEvents, Key(i));
        EXPECT_THAT(value, AnyOf(IsOkAndHolds(std::optional(Value(i))), StatusIs(StatusCode::kDataLoss)));
      }
      for (const bool forward : {true, false}) {
        int rows_read = 0;
        const absl::Status status = Walk(**opened, forward, &rows_read);
        EXPECT_THAT(status, AnyOf(IsOk(), StatusIs(StatusCode::kDataLoss)));
        if (status.ok()) {
          EXPECT_EQ(rows_read, kRows);
        }
        lost += status.ok() ? 0 : 1;
      }
    } else {
      EXPECT_THAT(opened, StatusIs(StatusCode::kDataLoss));
      ++lost;
    }
    FlipBit(at);
  }
  EXPECT_GT(lost, 10);
}

}  // namespace
}  // namespace tallystick::storage
