// Backups: what is in them, what they cost, what they do beside writers, and what is refused.

#include "tallystick/backup.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tallystick/store.h"
#include "tests/support/bulk.h"
#include "tests/support/file_calls.h"
#include "tests/support/open_store.h"
#include "tests/support/raw_rows.h"

namespace tallystick::testing {
namespace {

namespace fs = std::filesystem;
using absl::StatusCode;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSubsetOf;
using ::testing::Not;
using ::testing::SizeIs;

class BackupTest : public StoreTest {
 protected:
  BackupTest() { options_.profile = Profile::kEdge; }

  absl::StatusOr<BackupInfo> TryBackup(const BackupOptions& options = {}) { return store().Backup(backups_, options); }
  BackupInfo Backup(const BackupOptions& options = {}) {
    clock_.Advance(absl::Seconds(1));
    const absl::StatusOr<BackupInfo> info = TryBackup(options);
    EXPECT_THAT(info, IsOk());
    return info.value_or(BackupInfo());
  }

  absl::StatusOr<BackupInfo> TryRestore(const RestoreOptions& options = {}) const {
    return RestoreBackup(backups_, restored_path_, options);
  }
  // A store made of the backup. The one of before is gone.
  std::unique_ptr<Store> Restore(const RestoreOptions& options = {}) const {
    fs::remove_all(restored_path_);
    EXPECT_THAT(TryRestore(options), IsOk());
    absl::StatusOr<std::unique_ptr<Store>> opened = Store::Open(restored_path_, options_);
    EXPECT_THAT(opened, IsOk());
    return *std::move(opened);
  }

  void PutMany(int first, int count, const std::string& properties = "{}") {
    std::vector<std::string> ids;
    for (int i = first; i < first + count; ++i) ids.push_back("event-" + std::to_string(i));
    std::vector<Event> events;
    for (const std::string& id : ids) events.push_back(MakeEvent(id, 1, "acme", "message-sent", properties));
    ASSERT_THAT(store().Write(account_, events), IsOk());
  }

  // Every family's rows but the two that a restore changes.
  static std::map<std::string, RawRows::Rows> RowsOf(const std::string& path) {
    const RawRows raw(path);
    std::map<std::string, RawRows::Rows> rows;
    for (const char* family : {"default", "event_ids", "events", "customers", "changes", "rollups", "consumers"}) {
      rows[family] = raw.All(family);
    }
    std::erase_if(rows["default"], [](const auto& row) { return row.first == "history" || row.first == "key.cursor"; });
    return rows;
  }

  static std::vector<std::string> FilesBelow(const std::string& folder) {
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) files.push_back(fs::relative(entry.path(), folder));
    }
    std::sort(files.begin(), files.end());
    return files;
  }
  // By name: which file it is, and when it was written.
  std::map<std::string, std::pair<ino_t, std::int64_t>> TablesInBackups() const {
    std::map<std::string, std::pair<ino_t, std::int64_t>> tables;
    for (const auto& entry : fs::directory_iterator(backups_ + "/shared_checksum")) {
      struct stat found {};
      EXPECT_EQ(::stat(entry.path().c_str(), &found), 0);
      tables[entry.path().filename()] = {found.st_ino, found.st_mtim.tv_sec * 1'000'000'000 + found.st_mtim.tv_nsec};
    }
    return tables;
  }

  static void WriteFile(const std::string& path, std::string_view text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
  }
  static std::string ReadFile(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  static void FlipBit(const std::string& path, std::size_t at) {
    std::string text = ReadFile(path);
    ASSERT_LT(at, text.size());
    text[at] = static_cast<char>(text[at] ^ 4);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(text[at]);
  }

  const std::string backups_ = folder_.path("backups");
  const std::string restored_path_ = folder_.path("restored");
};

// --- What is in them ---

TEST_F(BackupTest, ARestoredStoreHoldsExactlyWhatWasBackedUp) {
  const Meter sum{.event_type = "message-sent", .aggregation = Aggregation::kSum, .property = "n"};
  ASSERT_THAT(store().DefineMeter(account_, "sum", sum), IsOk());
  for (int i = 0; i < 40; ++i) {
    Put(MakeEvent("event-" + std::to_string(i % 30), i, "customer-" + std::to_string(i % 3), "message-sent",
                  R"({"n":)" + std::to_string(i) + "}"));
  }
  ASSERT_THAT(store().Write(Account(2), std::vector<Event>{MakeEvent("event-1", 5), MakeEvent("event-1", 6)}), IsOk());
  ASSERT_THAT(store().WriteBulk(Account(3), SourceOf(BulkEvents(1'000)), {.chunk_bytes = 64 * 1024}), IsOk());
  ASSERT_THAT(store().AwaitMeter(account_, "sum"), IsOk());
  const BackupInfo info = Backup();
  const auto feed = ReadAll(store().Changes());
  ASSERT_THAT(feed, IsOk());
  const auto usage = store().Query({.account = account_, .declared = "sum"});
  ASSERT_THAT(usage, IsOk());
  EXPECT_EQ(info.id, 1u);
  EXPECT_EQ(info.taken, clock_.Now());
  EXPECT_EQ(info.history, store().history());
  EXPECT_EQ(info.last_sequence, feed->back().event.sequence);
  EXPECT_EQ(info.copied_bytes, info.bytes);
  Close();

  ASSERT_THAT(TryRestore(), IsOk());
  EXPECT_EQ(RowsOf(restored_path_), RowsOf(path_));
  const std::unique_ptr<Store> restored = Restore();
  EXPECT_THAT(ReadAll(restored->Changes()), IsOkAndHolds(*feed));
  const auto restored_usage = restored->Query({.account = account_, .declared = "sum"});
  ASSERT_THAT(restored_usage, IsOk());
  EXPECT_TRUE(restored_usage->from_rollups);
  ASSERT_THAT(restored_usage->rows, SizeIs(1));
  EXPECT_EQ(restored_usage->rows[0].value, usage->rows[0].value);
  const auto report = restored->Verify();
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(report->ok());
}

TEST_F(BackupTest, EachHoldsTheStateOfItsTime) {
  Backup();
  Put(MakeEvent("a", 1));
  Backup();
  Put(MakeEvent("a", 2));
  Put(MakeEvent("b", 3));
  Backup();
  Put(MakeEvent("c", 4));
  const std::map<std::uint32_t, std::vector<std::string>> expected = {{1, {}}, {2, {"a"}}, {3, {"a", "b"}}};
  for (const auto& [id, ids] : expected) {
    EXPECT_THAT(Ids(Restore({.id = id})->Scan({.account = account_})), IsOkAndHolds(ids)) << id;
  }
  EXPECT_THAT(Ids(Restore()->Scan({.account = account_})), IsOkAndHolds(ElementsAre("a", "b"))) << "the newest";

  const auto listed = ListBackups(backups_);
  ASSERT_THAT(listed, IsOk());
  ASSERT_THAT(*listed, SizeIs(3));
  for (std::uint32_t i = 0; i < 3; ++i) {
    const BackupInfo& info = (*listed)[i];
    EXPECT_EQ(info.id, i + 1);
    EXPECT_THAT(info.status, IsOk());
    EXPECT_EQ(info.taken, clock_.Now() - absl::Seconds(2 - i));
    EXPECT_GE(info.bytes, info.copied_bytes);
  }
  EXPECT_THAT((std::vector{(*listed)[0].last_sequence, (*listed)[1].last_sequence, (*listed)[2].last_sequence}),
              ElementsAre(0, 1, 3));
}

TEST_F(BackupTest, TheFolderMayBeNamedInAnyWay) {
  Put(MakeEvent("a", 1));
  const std::string relative = fs::relative(backups_);
  for (const std::string& name : {relative, backups_ + "/", folder_.path("store/..//backups"), relative + "/."}) {
    SCOPED_TRACE(name);
    EXPECT_THAT(store().Backup(name, {.verify = true}), IsOk());
    EXPECT_THAT(VerifyBackup(name, 1), IsOk());
    fs::remove_all(restored_path_);
    EXPECT_THAT(RestoreBackup(name, restored_path_), IsOk());
  }
  EXPECT_THAT(ListBackups(backups_), IsOkAndHolds(SizeIs(4)));
}

TEST_F(BackupTest, WhatIsBufferedIsInIt) {
  Put(MakeEvent("a", 1), {.durability = Durability::kBuffered});
  Backup();
  EXPECT_THAT(Ids(Restore()->Scan({.account = account_})), IsOkAndHolds(ElementsAre("a")));
}

TEST_F(BackupTest, ARestoredStoreBeginsANewHistory) {
  PutMany(0, 20);
  const History before = store().history();
  const BackupInfo info = Backup();
  std::string cursor;
  {
    EventIterator events = store().Scan({.account = account_, .limit = 5});
    while (events.Valid()) events.Next();
    ASSERT_TRUE(events.cursor().has_value());
    cursor = *events.cursor();
  }
  EXPECT_THAT(Ids(store().Scan({.account = account_, .cursor = cursor})), IsOkAndHolds(SizeIs(15)));
  const WriteResult lost = Put(MakeEvent("lost", 1));

  const absl::StatusOr<BackupInfo> restored_info = TryRestore();
  ASSERT_THAT(restored_info, IsOk());
  absl::StatusOr<std::unique_ptr<Store>> restored = Store::Open(restored_path_, options_);
  ASSERT_THAT(restored, IsOk());
  const History after = (*restored)->history();
  EXPECT_EQ(after, restored_info->history);
  EXPECT_EQ(after.number, before.number + 1);
  EXPECT_NE(after.id, before.id);
  EXPECT_EQ(store().history(), before);

  EXPECT_THAT(Ids((*restored)->Scan({.account = account_, .cursor = cursor})), StatusIs(StatusCode::kInvalidArgument));
  const auto feed = [&](const ChangesOptions& options) { return ReadAll((*restored)->Changes(options)).status(); };
  EXPECT_THAT(feed({.after = 20, .history = before.id}), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(feed({.after = lost.sequence}), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(feed({.after = 20, .history = after.id}), IsOk());
  EXPECT_THAT(ReadAll(store().Changes({.after = 20, .history = before.id})), IsOk());

  // It goes on from there: what is sent again is known, and what is new comes behind all that is there.
  const auto again = (*restored)->Put(account_, MakeEvent("event-3", 1));
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->outcome, Outcome::kUnchanged);
  const auto next = (*restored)->Put(account_, MakeEvent("lost", 1));
  ASSERT_THAT(next, IsOk());
  EXPECT_EQ(next->sequence, info.last_sequence + 1);
  EXPECT_GT(next->id, again->id);
}

TEST_F(BackupTest, ARestoredStoreIsBackedUpWhereTheOneBeforeWas) {
  PutMany(0, 500, R"({"text":"some text that takes a little space"})");
  const BackupInfo first = Backup();
  std::unique_ptr<Store> restored = Restore();
  ASSERT_THAT(restored->Put(account_, MakeEvent("a", 1)), IsOk());
  const absl::StatusOr<BackupInfo> second = restored->Backup(backups_);
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->id, 2u);
  EXPECT_EQ(second->store, first.store);
  EXPECT_EQ(second->history.number, first.history.number + 1);
  EXPECT_LT(second->copied_bytes, second->bytes) << "it has the table files that were restored";
  ASSERT_THAT(restored->Close(), IsOk());
  restored.reset();
  // The other one goes on, and neither gets the other's files.
  Put(MakeEvent("b", 2));
  Backup();
  EXPECT_THAT(Ids(Restore({.id = 2})->Scan({.account = account_, .limit = 501})), IsOkAndHolds(Contains("a")));
  const auto third = Ids(Restore({.id = 3})->Scan({.account = account_}));
  EXPECT_THAT(third, IsOkAndHolds(Contains("b")));
  EXPECT_THAT(third, IsOkAndHolds(Not(Contains("a"))));
}

// --- What they cost ---

TEST_F(BackupTest, WhatIsThereAlreadyIsNotCopiedAgain) {
  PutMany(0, 3'000, R"({"text":")" + std::string(100, 'x') + R"("})");
  const BackupInfo first = Backup();
  const auto tables = TablesInBackups();
  ASSERT_THAT(tables, Not(IsEmpty()));

  const BackupInfo same = Backup();
  EXPECT_EQ(TablesInBackups(), tables) << "nothing has changed";
  EXPECT_LT(same.copied_bytes, 40'000u) << "a manifest and an OPTIONS file";

  Put(MakeEvent("another", 1));
  const BackupInfo more = Backup();
  EXPECT_THAT(tables, IsSubsetOf(TablesInBackups()));
  EXPECT_GT(TablesInBackups().size(), tables.size());
  EXPECT_LT(more.copied_bytes, 60'000u);
  EXPECT_GT(more.bytes, first.bytes);
}

TEST_F(BackupTest, KeepRemovesTheOldestAndWhatOnlyTheyNeeded) {
  for (int i = 0; i < 4; ++i) {
    PutMany(100 * i, 100);
    Backup();
    Close();
    RawRows(path_).Compact();  // so that the next has other files
  }
  PutMany(400, 100);
  const auto before = TablesInBackups();
  EXPECT_EQ(Backup({.keep = 2}).id, 5u);
  const auto listed = ListBackups(backups_);
  ASSERT_THAT(listed, IsOk());
  ASSERT_THAT(*listed, SizeIs(2));
  EXPECT_EQ((*listed)[0].id, 4u);
  EXPECT_THAT(before, Not(IsSubsetOf(TablesInBackups())));
  for (const std::string& file : FilesBelow(backups_)) EXPECT_THAT(file, Not(HasSubstr("/1"))) << file;
  EXPECT_THAT(Ids(Restore({.id = 4})->Scan({.account = account_})), IsOkAndHolds(SizeIs(400)));
  EXPECT_THAT(Ids(Restore({.id = 5})->Scan({.account = account_})), IsOkAndHolds(SizeIs(500)));
  EXPECT_EQ(Backup({.keep = 1}).id, 6u);
  EXPECT_THAT(VerifyBackup(backups_, 6), IsOk());
  EXPECT_THAT(VerifyBackup(backups_, 5), StatusIs(StatusCode::kNotFound));
}

TEST_F(BackupTest, NothingIsLeftInTheStore) {
  PutMany(0, 10);
  Backup();
  EXPECT_THAT(FilesBelow(path_), Each(Not(HasSubstr("frozen"))));
  Close();
  for (const char* left : {"/data.frozen", "/data.frozen.tmp"}) {
    fs::create_directory(path_ + left);
    WriteFile(path_ + left + "/000001.sst", "text");
  }
  store();
  EXPECT_FALSE(fs::exists(path_ + "/data.frozen"));
  EXPECT_FALSE(fs::exists(path_ + "/data.frozen.tmp"));
}

// --- Beside writers ---

TEST_F(BackupTest, IsThePrefixOfCommitsThatItSays) {
  // Batches, and chunks of bulk writes: each event is new, so that every one has its place in the feed for good.
  store();
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> acknowledged = 0;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 2; ++writer) {
    writers.emplace_back([&, writer] {
      for (int n = 0; !stop; ++n) {
        std::vector<std::string> ids;
        for (int i = 0; i < 20; ++i) {
          ids.push_back(std::to_string(writer) + "-" + std::to_string(n) + "-" + std::to_string(i));
        }
        std::vector<Event> events;
        for (const std::string& id : ids) events.push_back(MakeEvent(id, n));
        const auto results = store().Write(account_, events);
        ASSERT_THAT(results, IsOk());
        std::uint64_t seen = acknowledged;
        while (seen < results->back().sequence && !acknowledged.compare_exchange_weak(seen, results->back().sequence)) {
        }
      }
    });
  }
  writers.emplace_back([&] {
    for (int n = 0; !stop; ++n) {
      std::vector<std::string> documents;
      for (int i = 0; i < 600; ++i) {
        documents.push_back(R"({"customerEventId":"bulk-)" + std::to_string(n) + "-" + std::to_string(i) +
                            R"(","customerAlias":"c","eventType":"t","eventTimestamp":"2025-10-01T00:00:00Z"})");
      }
      ASSERT_THAT(store().WriteBulk(account_, SourceOf(std::move(documents)), {.chunk_bytes = 64 * 1024}), IsOk());
    }
  });
  std::vector<std::pair<std::uint64_t, BackupInfo>> taken;  // with what had been acknowledged before
  for (int i = 0; i < 8; ++i) {
    const std::uint64_t before = acknowledged;
    taken.emplace_back(before, Backup());
  }
  stop = true;
  for (std::thread& writer : writers) writer.join();

  const auto all = ReadAll(store().Changes());
  ASSERT_THAT(all, IsOk());
  EXPECT_GT(taken.back().second.last_sequence, taken.front().second.last_sequence);
  for (const auto& [before, info] : taken) {
    SCOPED_TRACE(info.id);
    EXPECT_GE(info.last_sequence, before);
    std::vector<StoredChange> expected;
    for (const StoredChange& change : *all) {
      if (change.event.sequence <= info.last_sequence) expected.push_back(change);
    }
    const std::unique_ptr<Store> restored = Restore({.id = info.id});
    const auto feed = ReadAll(restored->Changes());
    ASSERT_THAT(feed, IsOk());
    EXPECT_TRUE(*feed == expected) << feed->size() << " events instead of " << expected.size();
    const auto report = restored->Verify();
    ASSERT_THAT(report, IsOk());
    EXPECT_TRUE(report->ok());
  }
}

// Calls a function before RocksDB begins to link the files of the state that is backed up.
class FreezeWatcher : public FileCallWatcher {
 public:
  explicit FreezeWatcher(std::function<void()> act) : act_(std::move(act)) {}
  CallFate Begins(const FileCall& call) override {
    if (call.name == "mkdir" && call.path.find("data.frozen") != std::string::npos) act_();
    return {};
  }

 private:
  const std::function<void()> act_;
};

TEST_F(BackupTest, NobodyWritesWhileTheStateIsTaken) {
  // RocksDB lists table files and logs one after the other. What a bulk write takes in in between would be in neither,
  // and what is committed after it in the log.
  PutMany(0, 10);
  std::future<void> write;
  WatchFileCalls(std::make_shared<FreezeWatcher>([&] {
    write = std::async(std::launch::async, [this] { Put(MakeEvent("meanwhile", 1)); });
    // A write takes much less. This one cannot end before the state is taken.
    EXPECT_EQ(write.wait_for(std::chrono::milliseconds(200)), std::future_status::timeout);
  }));
  const BackupInfo info = Backup();
  WatchFileCalls(nullptr);
  ASSERT_TRUE(write.valid());
  write.get();
  EXPECT_EQ(info.last_sequence, 10u);
  EXPECT_THAT(Ids(Restore()->Scan({.account = account_})), IsOkAndHolds(Not(Contains("meanwhile"))));
}

TEST_F(BackupTest, OneAtATime) {
  PutMany(0, 100);
  Backup();
  const std::unique_ptr<Store> other = Restore();
  PutMany(100, 100);
  int asked = 0;
  const auto progress = [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_LE(done, total);
    if (asked++ > 0) return true;
    EXPECT_THAT(store().Backup(folder_.path("elsewhere")), StatusIs(StatusCode::kUnavailable));
    EXPECT_THAT(other->Backup(backups_), StatusIs(StatusCode::kUnavailable, backups_));
    EXPECT_THAT(RestoreBackup(backups_, folder_.path("meanwhile")), StatusIs(StatusCode::kUnavailable, backups_));
    EXPECT_THAT(VerifyBackup(backups_, 1), StatusIs(StatusCode::kUnavailable, backups_));
    EXPECT_THAT(ListBackups(backups_), IsOkAndHolds(SizeIs(1))) << "the one that is there";
    Put(MakeEvent("meanwhile", 1));
    return true;
  };
  EXPECT_EQ(Backup({.progress = progress}).id, 2u);
  EXPECT_GT(asked, 0);
  EXPECT_FALSE(fs::exists(folder_.path("meanwhile")));
  EXPECT_THAT(other->Backup(backups_), IsOk());
}

TEST_F(BackupTest, ACancelledOneLeavesTheOthersAsTheyWere) {
  PutMany(0, 100);
  Backup();
  const std::vector<std::string> before = FilesBelow(backups_);
  PutMany(100, 100);
  EXPECT_THAT(TryBackup({.progress = [](std::uint64_t, std::uint64_t) { return false; }}),
              StatusIs(StatusCode::kCancelled));
  EXPECT_THAT(ListBackups(backups_), IsOkAndHolds(SizeIs(1)));
  EXPECT_THAT(VerifyBackup(backups_, 1), IsOk());
  EXPECT_EQ(Backup().id, 2u) << "the id was nobody's";
  EXPECT_THAT(Ids(Restore({.id = 1})->Scan({.account = account_})), IsOkAndHolds(SizeIs(100)));
  EXPECT_THAT(Ids(Restore({.id = 2})->Scan({.account = account_})), IsOkAndHolds(SizeIs(200)));
}

// --- Damage ---

TEST_F(BackupTest, DamageIsRefusedByTheNameOfTheFile) {
  PutMany(0, 50);
  Backup();
  Close();
  const std::string whole = folder_.path("whole");
  fs::rename(backups_, whole);
  std::set<std::string> kinds;
  for (const std::string& file : FilesBelow(whole)) {
    const auto size = static_cast<std::size_t>(fs::file_size(whole + "/" + file));
    if (file == "LOCK" || size == 0) continue;
    kinds.insert(file.substr(0, file.find_first_of("-0123456789")));
    for (const char* damage : {"flipped", "cut", "missing"}) {
      SCOPED_TRACE(file + " is " + damage);
      fs::copy(whole, backups_, fs::copy_options::recursive);
      const std::string damaged = backups_ + "/" + file;
      if (damage == std::string("flipped")) FlipBit(damaged, size / 2);
      if (damage == std::string("cut")) fs::resize_file(damaged, size / 2);
      if (damage == std::string("missing")) fs::remove(damaged);
      // Whoever takes its record away gives a backup up.
      const bool given_up = damage == std::string("missing") && file == "backups/1";
      const StatusCode code = given_up ? StatusCode::kNotFound : StatusCode::kDataLoss;
      const std::string named = given_up ? backups_ : file;
      EXPECT_THAT(VerifyBackup(backups_, 1), StatusIs(code, named));
      EXPECT_THAT(TryRestore(), StatusIs(code, named));
      EXPECT_THAT(Store::Open(restored_path_, {.read_only = true}), Not(IsOk()));
      fs::remove_all(backups_);
    }
  }
  EXPECT_THAT(kinds, ElementsAre("backups/", "meta/", "private/", "shared_checksum/"));
}

TEST_F(BackupTest, NoBitOfAListOrARecordCanFlipUnseen) {
  PutMany(0, 10);
  Backup();
  PutMany(10, 10);
  Backup();
  for (const char* file : {"/backups/1", "/meta/1"}) {
    const std::string path = backups_ + file;
    const std::string whole = ReadFile(path);
    for (std::size_t at = 0; at < whole.size(); ++at) {
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << at % 8));
      WriteFile(path, flipped);
      ASSERT_THAT(VerifyBackup(backups_, 1), StatusIs(StatusCode::kDataLoss, path)) << at;
      // RocksDB would end the process on some of them.
      ASSERT_THAT(TryBackup(), StatusIs(StatusCode::kDataLoss, path)) << at;
    }
    WriteFile(path, whole);
  }
  EXPECT_EQ(Backup().id, 3u);
}

TEST_F(BackupTest, ADamagedOneDoesNotConcernTheOthers) {
  PutMany(0, 10);
  Backup();
  PutMany(10, 10);
  Backup();
  // Of a file that both have, the list of one says another checksum: RocksDB would end the process if it saw both.
  const std::string list = backups_ + "/meta/1";
  std::string text = ReadFile(list);
  const std::size_t digit = text.find("crc32 ", text.find("shared_checksum/")) + 6;
  text[digit] = text[digit] == '9' ? '8' : static_cast<char>(text[digit] + 1);
  WriteFile(list, text);
  EXPECT_THAT(Ids(Restore()->Scan({.account = account_})), IsOkAndHolds(SizeIs(20)));
  EXPECT_THAT(VerifyBackup(backups_, 2), IsOk());
  const auto listed = ListBackups(backups_);
  ASSERT_THAT(listed, IsOk());
  ASSERT_THAT(*listed, SizeIs(2));
  EXPECT_THAT((*listed)[0].status, StatusIs(StatusCode::kDataLoss, list));
  EXPECT_THAT((*listed)[1].status, IsOk());

  // Nothing is added, which would remove what is left of it, until somebody gives it up.
  EXPECT_THAT(TryBackup(), StatusIs(StatusCode::kDataLoss, list));
  EXPECT_TRUE(fs::exists(backups_ + "/private/1"));
  fs::remove(backups_ + "/backups/1");
  EXPECT_EQ(Backup().id, 3u);
  EXPECT_FALSE(fs::exists(list));
  EXPECT_FALSE(fs::exists(backups_ + "/private/1"));
  EXPECT_THAT(Ids(Restore({.id = 2})->Scan({.account = account_})), IsOkAndHolds(SizeIs(20)));
}

TEST_F(BackupTest, AMissingFileOfAnEarlierOneIsFoundBeforeAnythingIsAdded) {
  PutMany(0, 10);
  Backup();
  const std::string lost = backups_ + "/shared_checksum/" + TablesInBackups().begin()->first;
  fs::remove(lost);
  EXPECT_THAT(TryBackup(), StatusIs(StatusCode::kDataLoss, lost));
}

TEST_F(BackupTest, VerifyAlsoReadsWhatEarlierOnesBrought) {
  PutMany(0, 10);
  Backup();
  std::string largest;
  for (const auto& entry : fs::directory_iterator(backups_ + "/shared_checksum")) {
    if (largest.empty() || entry.file_size() > fs::file_size(largest)) largest = entry.path();
  }
  FlipBit(largest, 10);
  EXPECT_THAT(TryBackup({.verify = true}), StatusIs(StatusCode::kDataLoss, largest));
  EXPECT_THAT(ListBackups(backups_), IsOkAndHolds(SizeIs(1)));
  EXPECT_EQ(Backup().id, 2u) << "which is not asked for by default, as it takes its time";
  EXPECT_THAT(VerifyBackup(backups_, 2), StatusIs(StatusCode::kDataLoss, largest));
}

TEST_F(BackupTest, RotInTheStoreIsNotCopiedUnseen) {
  PutMany(0, 1'000);
  Close();
  std::string largest;
  for (const auto& entry : fs::directory_iterator(path_ + "/data")) {
    if (entry.path().extension() != ".sst") continue;
    if (largest.empty() || entry.file_size() > fs::file_size(largest)) largest = entry.path();
  }
  FlipBit(largest, 10);
  EXPECT_THAT(TryBackup(), StatusIs(StatusCode::kDataLoss, fs::path(largest).stem().string()));
  EXPECT_THAT(ListBackups(backups_), IsOkAndHolds(IsEmpty()));
}

// --- What is refused ---

TEST_F(BackupTest, AFolderThatIsSomethingElseIsLeftAlone) {
  fs::create_directory(backups_);
  WriteFile(backups_ + "/notes", "text");
  EXPECT_THAT(TryBackup(), StatusIs(StatusCode::kFailedPrecondition, "notes"));
  EXPECT_THAT(ListBackups(backups_), StatusIs(StatusCode::kFailedPrecondition, "notes"));
  EXPECT_THAT(TryRestore(), StatusIs(StatusCode::kFailedPrecondition, "notes"));
  EXPECT_THAT(FilesBelow(backups_), ElementsAre("notes"));
  const std::string file = folder_.path("file");
  WriteFile(file, "text");
  EXPECT_THAT(store().Backup(file), StatusIs(StatusCode::kFailedPrecondition, file));
  EXPECT_THAT(store().Backup(folder_.path("no/parent")), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(ListBackups(folder_.path("absent")), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(RestoreBackup(folder_.path("absent"), restored_path_), StatusIs(StatusCode::kNotFound));
  EXPECT_FALSE(fs::exists(restored_path_));
}

TEST_F(BackupTest, AFolderThatOnlyLooksLikeOneIsLeftAlone) {
  PutMany(0, 10);
  struct Case {
    std::string name;
    std::string named;  // in the error
  };
  const std::vector<Case> cases = {{"backups/foreign.tar", "foreign.tar"},
                                   {"backups/.tmp", ".tmp"},
                                   {"meta/x", "meta/x"},
                                   {"meta/1.tar", "meta/1.tar"},
                                   {"meta/2/x", "meta/2"},
                                   {"private/letters", "private/letters"},
                                   {"mail/inbox", "mail"}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    fs::remove_all(backups_);
    fs::create_directories(backups_ + "/backups");
    const fs::path file = fs::path(backups_) / c.name;
    fs::create_directories(file.parent_path());
    WriteFile(file.string(), "text");
    EXPECT_THAT(TryBackup(), StatusIs(StatusCode::kFailedPrecondition, c.named));
    EXPECT_TRUE(fs::exists(file));
  }
  fs::remove_all(backups_);
  fs::create_directory(backups_);
  WriteFile(backups_ + "/backups", "text");
  EXPECT_THAT(TryBackup(), StatusIs(StatusCode::kFailedPrecondition, "backups"));
  fs::remove_all(backups_);
  fs::create_directories(backups_ + "/private/1");
  EXPECT_THAT(TryBackup(), StatusIs(StatusCode::kFailedPrecondition, "private"));
  EXPECT_TRUE(fs::exists(backups_ + "/private/1"));
}

TEST_F(BackupTest, AFolderOfBackupsIntoWhichSomethingWasPutIsLeftAlone) {
  PutMany(0, 10);
  Backup();
  for (const char* name : {"/notes", "/backups/foreign.tar", "/meta/x", "/private/x"}) {
    SCOPED_TRACE(name);
    WriteFile(backups_ + name, "text");
    EXPECT_THAT(TryBackup(), StatusIs(StatusCode::kFailedPrecondition, fs::path(name).filename().string()));
    EXPECT_TRUE(fs::remove(backups_ + name)) << "it was removed";
  }
  EXPECT_THAT(TryBackup(), IsOk());
}

TEST_F(BackupTest, WhatACutShortOneLeftIsRemoved) {
  PutMany(0, 10);
  Backup();
  for (const char* name : {"/backups/2.tmp", "/meta/7", "/meta/.8.tmp"}) WriteFile(backups_ + name, "half");
  ASSERT_THAT(TryBackup(), IsOk());
  EXPECT_FALSE(fs::exists(backups_ + "/meta/7"));
  EXPECT_FALSE(fs::exists(backups_ + "/meta/.8.tmp"));
}

TEST_F(BackupTest, NotIntoTheStoreItself) {
  store();
  EXPECT_THAT(store().Backup(path_), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(store().Backup(path_ + "/backups"), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(store().Backup(path_ + "/../store/data/x"), StatusIs(StatusCode::kInvalidArgument));
  fs::create_directory_symlink(path_, folder_.path("link"));
  EXPECT_THAT(store().Backup(folder_.path("link/backups")), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(store().Backup(path_ + "-backups"), IsOk()) << "beside it";
  EXPECT_THAT(RestoreBackup(path_ + "-backups", path_ + "-backups/store"), StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(BackupTest, AnotherStoresFolderIsRefused) {
  PutMany(0, 10);
  Backup();
  const auto other = Store::Open(folder_.path("other"), options_);
  ASSERT_THAT(other, IsOk());
  EXPECT_THAT((*other)->Backup(backups_), StatusIs(StatusCode::kFailedPrecondition, "another store"));
  EXPECT_THAT(ListBackups(backups_), IsOkAndHolds(SizeIs(1)));
  EXPECT_THAT(VerifyBackup(backups_, 1), IsOk());
}

TEST_F(BackupTest, OnlyAStoreThatIsOpenForWriting) {
  store();
  const auto reader = Store::Open(path_, {.read_only = true});
  ASSERT_THAT(reader, IsOk());
  EXPECT_THAT((*reader)->Backup(backups_), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(TryBackup({.keep = 0}), StatusIs(StatusCode::kInvalidArgument));
  ASSERT_THAT(store().Close(), IsOk());
  EXPECT_THAT(TryBackup(), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_FALSE(fs::exists(backups_));
}

TEST_F(BackupTest, NothingIsRestoredOverWhatIsThere) {
  PutMany(0, 10);
  Backup();
  EXPECT_THAT(RestoreBackup(backups_, path_), StatusIs(StatusCode::kAlreadyExists, path_));
  Close();
  EXPECT_THAT(RestoreBackup(backups_, path_), StatusIs(StatusCode::kAlreadyExists, path_));
  EXPECT_THAT(ScanIds(), SizeIs(10));
  fs::create_directory(restored_path_);
  WriteFile(restored_path_ + "/notes", "text");
  EXPECT_THAT(TryRestore(), StatusIs(StatusCode::kFailedPrecondition, "notes"));
  fs::remove(restored_path_ + "/notes");
  EXPECT_THAT(TryRestore({.id = 7}), StatusIs(StatusCode::kNotFound, "7"));
  EXPECT_TRUE(fs::is_empty(restored_path_));
  EXPECT_THAT(TryRestore(), IsOk()) << "an empty folder is none";
}

TEST_F(BackupTest, ARestoreThatDidNotEndIsNoStore) {
  PutMany(0, 10);
  Backup();
  fs::create_directory(restored_path_);
  fs::create_directory(restored_path_ + "/data.restoring");
  WriteFile(restored_path_ + "/data.restoring/CURRENT", "text");
  EXPECT_THAT(Store::Open(restored_path_), StatusIs(StatusCode::kFailedPrecondition, "restore"));
  EXPECT_THAT(Store::Open(restored_path_, {.read_only = true}), StatusIs(StatusCode::kFailedPrecondition, "restore"));
  EXPECT_THAT(TryRestore(), IsOk());
  EXPECT_FALSE(fs::exists(restored_path_ + "/data.restoring"));
  const auto restored = Store::Open(restored_path_);
  ASSERT_THAT(restored, IsOk());
  EXPECT_THAT(Ids((*restored)->Scan({.account = account_})), IsOkAndHolds(SizeIs(10)));
}

}  // namespace
}  // namespace tallystick::testing
