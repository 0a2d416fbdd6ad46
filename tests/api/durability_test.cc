// What is on stable storage when: which files are synced before a call returns.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/bulk.h"
#include "tests/support/file_calls.h"
#include "tests/support/open_store.h"
#include "tests/support/process.h"

namespace tallystick::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

using Calls = std::vector<std::pair<std::string, std::string>>;  // names and paths

// Remembers what has been done to files.
class CallRecord : public FileCallWatcher {
 public:
  void Succeeded(const FileCall& call) override {
    const std::lock_guard lock(mutex_);
    calls_.emplace_back(call.name, call.path);
  }
  Calls Take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(calls_, {});
  }

 private:
  std::mutex mutex_;
  Calls calls_;  // guarded by mutex_
};

class DurabilityTest : public StoreTest {
 protected:
  DurabilityTest() {
    options_.sync_interval = absl::Hours(24);  // nothing is synced unasked
    WatchFileCalls(record_);
  }
  ~DurabilityTest() override { WatchFileCalls(nullptr); }

  static bool IsSync(const std::string& name) { return name == "fsync" || name == "fdatasync"; }

  // What this process has synced since the last time.
  std::set<std::string> TakeSynced() const {
    std::set<std::string> paths;
    for (const auto& [name, path] : record_->Take()) {
      if (IsSync(name)) paths.insert(path);
    }
    return paths;
  }

  // The logs that `action` has synced when it returns. Tables are RocksDB's own affair: it compacts them when it likes.
  std::set<std::string> LogsSyncedBy(const std::function<void()>& action) {
    store();
    record_->Take();
    action();
    std::set<std::string> paths = TakeSynced();
    std::erase_if(paths, [](const std::string& path) { return !path.ends_with(".log"); });
    return paths;
  }

  // The logs that are there.
  std::set<std::string> Logs() const {
    std::set<std::string> logs;
    for (const auto& entry : fs::directory_iterator(path_ + "/data")) {
      if (entry.path().extension() == ".log") logs.insert(entry.path());
    }
    return logs;
  }
  // The log that is written to: the newest.
  std::string Log() const { return *Logs().rbegin(); }

  const std::shared_ptr<CallRecord> record_ = std::make_shared<CallRecord>();
};

// --- Writing ---

TEST_F(DurabilityTest, AWriteSyncsTheLogBeforeItReturnsWhenItIsAskedTo) {
  struct Case {
    Durability of_store;
    std::optional<Durability> of_write;
    bool synced;
  };
  const std::vector<Case> cases = {
      {Durability::kSynced, std::nullopt, true},           {Durability::kSynced, Durability::kSynced, true},
      {Durability::kSynced, Durability::kBuffered, false}, {Durability::kBuffered, std::nullopt, false},
      {Durability::kBuffered, Durability::kSynced, true},  {Durability::kBuffered, Durability::kBuffered, false},
  };
  EXPECT_EQ(Options().durability, Durability::kSynced) << "whoever says nothing is not to lose anything";
  int events = 0;
  for (const Case& c : cases) {
    options_.durability = c.of_store;
    Close();
    // A write with a timeout leaves the work to other threads.
    for (const absl::Duration timeout : {absl::InfiniteDuration(), absl::Hours(1)}) {
      SCOPED_TRACE("case " + std::to_string(&c - cases.data()) + ", timeout " + absl::FormatDuration(timeout));
      const WriteOptions options{.durability = c.of_write, .timeout = timeout};
      const std::string put = std::to_string(++events);
      const std::string json = R"({"customerEventId":")" + std::to_string(++events) +
                               R"(","customerAlias":"acme","eventType":"message-sent"})";
      const std::vector<std::function<void()>> writes = {
          [&] { EXPECT_EQ(Put(MakeEvent(put, 1), options).outcome, Outcome::kCreated); },
          [&] { EXPECT_THAT(store().WriteJson(account_, {json}, options), IsOk()); },
      };
      for (const auto& write : writes) {
        const std::set<std::string> synced = LogsSyncedBy(write);
        if (c.synced) {
          EXPECT_THAT(synced, Contains(Log()));
        } else {
          EXPECT_THAT(synced, IsEmpty());
        }
      }
    }
  }
}

TEST_F(DurabilityTest, ASyncedWriteThatChangesNothingSyncsWhatItIsToldOf) {
  const auto put = [this](Durability durability) {
    return LogsSyncedBy([&] { Put(MakeEvent("a", 1), {.durability = durability}); });
  };
  EXPECT_THAT(put(Durability::kBuffered), IsEmpty());
  EXPECT_THAT(put(Durability::kBuffered), IsEmpty());
  EXPECT_THAT(put(Durability::kSynced), Contains(Log()));
  EXPECT_THAT(put(Durability::kSynced), IsEmpty()) << "it is there already";
  EXPECT_EQ(Put(MakeEvent("a", 1)).outcome, Outcome::kUnchanged);
}

TEST_F(DurabilityTest, SyncAndCloseSyncWhatIsBuffered) {
  Put(MakeEvent("a", 1));
  EXPECT_THAT(LogsSyncedBy([this] { EXPECT_THAT(store().Sync(), IsOk()); }), Contains(Log()));
  Put(MakeEvent("b", 1));
  const std::string log = Log();
  EXPECT_THAT(LogsSyncedBy([this] { Close(); }), Contains(log));
}

// --- Bulk writes ---

TEST_F(DurabilityTest, ABulkWriteSyncsItsTablesWhatNamesThemAndWhatWasBuffered) {
  Put(MakeEvent("a", 1));
  const std::string log = Log();
  record_->Take();
  ASSERT_THAT(store().WriteBulk(account_, SourceOf(BulkEvents(300))), IsOk());
  const Calls calls = record_->Take();
  const std::string data = path_ + "/data";
  // All tables were whole before the first of them got its name in the database; then came the folder and the manifest.
  std::set<std::string> unsynced;
  std::size_t links = 0;
  bool folder_synced = false, manifest_synced = false;
  for (const auto& [name, path] : calls) {
    if (path.starts_with(path_ + "/data.loading/")) {
      if (name == "write") unsynced.insert(path);
      if (IsSync(name)) unsynced.erase(path);
    }
    if (name == "link") {
      EXPECT_TRUE(path.starts_with(data + "/")) << path;
      EXPECT_THAT(unsynced, IsEmpty());
      ++links;
      folder_synced = manifest_synced = false;
    }
    if (IsSync(name) && path == data) folder_synced = true;
    if (IsSync(name) && path.starts_with(data + "/MANIFEST")) manifest_synced = folder_synced;
  }
  EXPECT_EQ(links, 5u) << "four families of events, and the position";
  EXPECT_TRUE(manifest_synced) << "the folder, and the manifest behind it";
  EXPECT_THAT(calls, Contains(AnyOf(Pair("fdatasync", log), Pair("fsync", log))));
}

TEST_F(DurabilityTest, ABulkWriteThatChangesNothingSyncsWhatItIsToldOf) {
  const std::string json = R"({"customerEventId":"a","customerAlias":"acme","eventType":"message-sent"})";
  EXPECT_THAT(store().WriteJson(account_, {json}), IsOk());
  const auto load = [&] {
    const auto result = store().WriteBulk(account_, SourceOf({json}));
    ASSERT_THAT(result, IsOk());
    EXPECT_EQ(result->unchanged, 1u);
  };
  EXPECT_THAT(LogsSyncedBy(load), Contains(Log()));
}

// --- The change feed ---

// A row that the feed has shown must not be lost: its sequence would be given out again.
TEST_F(DurabilityTest, TheFeedSyncsWhatItShowsBeforeItShowsIt) {
  Put(MakeEvent("a", 1));
  EXPECT_THAT(LogsSyncedBy([this] { EXPECT_TRUE(store().Changes().Valid()); }), Contains(Log()));
  EXPECT_THAT(LogsSyncedBy([this] { EXPECT_TRUE(store().Changes().Valid()); }), IsEmpty()) << "it is there already";
  // Nor may it come back in place of the one that superseded it.
  Put(MakeEvent("a", 2));
  EXPECT_THAT(LogsSyncedBy([this] { EXPECT_FALSE(store().Changes({.after = 2}).Valid()); }), Contains(Log()));
}

// What was flushed or loaded is in table files that only the manifest names.
TEST_F(DurabilityTest, AReadersFeedSyncsTheWritersLogsAndManifestAndTheFolderOfThem) {
  Process writer(STORE_PROCESS, {"hold", path_}, "", {.unfinished_input = true});
  ASSERT_TRUE(writer.WaitForOut("holding"));
  ASSERT_OK_AND_ASSIGN(const auto reader, Store::Open(path_, {.read_only = true}));
  std::ofstream(path_ + "/data/999999.log").close();  // as when the writer has begun another
  std::set<std::string> expected = Logs();
  EXPECT_GT(expected.size(), 1u);
  std::string manifest;
  ASSERT_TRUE(std::getline(std::ifstream(path_ + "/data/CURRENT"), manifest));
  expected.insert(path_ + "/data/" + manifest);
  expected.insert(path_ + "/data");
  // It cannot know what has been synced before.
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(TakeSynced(), IsEmpty()) << "opening syncs nothing";
    EXPECT_TRUE(reader->Changes().Valid());
    EXPECT_EQ(TakeSynced(), expected);
  }
}

TEST_F(DurabilityTest, OtherReadsSyncNoLog) {
  Put(MakeEvent("a", 1));
  ASSERT_OK_AND_ASSIGN(const auto reader, Store::Open(path_, {.read_only = true}));
  for (const Store* each : {&store(), &*reader}) {
    EXPECT_THAT(LogsSyncedBy([&] {
                  EXPECT_THAT(each->Get(account_, "a"), IsOk());
                  EXPECT_THAT(Ids(each->Scan({.account = account_})), IsOk());
                  EXPECT_THAT(each->Verify(), IsOk());
                }),
                IsEmpty());
  }
}

// --- Creating a store ---

// A file is only found again after a power cut when the folder that names it is synced too.
TEST_F(DurabilityTest, ANewStoresFilesAreSyncedAndSoIsEveryFolderThatNamesThem) {
  const std::string creating = path_ + "/data.creating";
  store();
  const Calls calls = record_->Take();
  const auto find = [&calls](const std::string& name, const std::string& path) {
    const auto call = std::find(calls.begin(), calls.end(), std::pair(name, path));
    EXPECT_NE(call, calls.end()) << name << " " << path;
    return call;
  };
  const auto made = find("mkdir", path_);
  const auto committed = find("rename", creating);
  ASSERT_LT(made, committed);
  for (const std::string& folder : {path_, folder_.path()}) {
    EXPECT_THAT(Calls(committed, calls.end()), Contains(Pair("fsync", folder)));
  }

  std::set<std::string> unsynced;  // when data/ appears
  for (auto call = made; call != committed; ++call) {
    const auto& [name, path] = *call;
    if (IsSync(name)) {
      unsynced.erase(path);
    } else if (name == "write") {
      unsynced.insert(path);
    } else if (fs::path(path).parent_path() == creating) {
      unsynced.insert(creating);
    }
    // What is not there any more, or not under this name.
    if (name == "unlink" || name == "rename") unsynced.erase(path);
  }
  EXPECT_THAT(unsynced, Not(Contains(AnyOf(creating, HasSubstr("MANIFEST"), EndsWith(".sst"), EndsWith(".dbtmp")))));
}

// Whoever made it may have died before it did so.
TEST_F(DurabilityTest, AnOpeningSyncsWhatNamesTheStoreHoweverItsPathEnds) {
  store();
  Close();
  for (const std::string& path : {path_, path_ + "/", path_ + "/data/.."}) {
    SCOPED_TRACE(path);
    record_->Take();
    ASSERT_THAT(Store::Open(path, options_), IsOk());
    const Calls calls = record_->Take();
    for (const std::string& folder : {path_, folder_.path()}) EXPECT_THAT(calls, Contains(Pair("fsync", folder)));
  }
}

}  // namespace
}  // namespace tallystick::testing
