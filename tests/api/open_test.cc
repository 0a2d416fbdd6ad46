// Opening and closing: what is there, who may write, what is refused, and what a creation cut short leaves.

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tallystick/store.h"
#include "tests/support/copy_store.h"
#include "tests/support/open_store.h"
#include "tests/support/process.h"
#include "tests/support/raw_rows.h"

namespace tallystick::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

class OpenTest : public StoreTest {
 protected:
  absl::Status TryOpen(const Options& options) const { return Store::Open(path_, options).status(); }

  static void WriteFile(const std::string& path, const std::string& text) { std::ofstream(path) << text; }
};

TEST_F(OpenTest, AnAbsentStoreIsMadeOrNotAsAsked) {
  EXPECT_THAT(TryOpen({.create_if_missing = false}), StatusIs(absl::StatusCode::kNotFound, path_));
  EXPECT_THAT(TryOpen({.read_only = true}), StatusIs(absl::StatusCode::kNotFound, path_));
  EXPECT_FALSE(fs::exists(path_));
  EXPECT_THAT(TryOpen({}), IsOk());
  EXPECT_THAT(TryOpen({.create_if_missing = false}), IsOk());
  EXPECT_THAT(TryOpen({.error_if_exists = true}), StatusIs(absl::StatusCode::kAlreadyExists));
  path_ = folder_.path("no/parent");
  EXPECT_THAT(TryOpen({}), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(OpenTest, AnEmptyFolderIsNoStoreToAWriterThatMustNotMakeOne) {
  fs::create_directory(path_);
  EXPECT_THAT(TryOpen({.create_if_missing = false}), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_TRUE(fs::is_empty(path_));
  WriteFile(path_ + "/LOCK", "");  // but this is a creation that has begun
  EXPECT_THAT(TryOpen({.create_if_missing = false}), IsOk());
}

TEST_F(OpenTest, AFolderOfSomethingElseIsLeftAlone) {
  fs::create_directory(path_);
  WriteFile(path_ + "/thesis.txt", "years of work");
  EXPECT_THAT(TryOpen({}), StatusIs(absl::StatusCode::kFailedPrecondition, "thesis.txt"));
  EXPECT_THAT(TryOpen({.read_only = true}), StatusIs(absl::StatusCode::kFailedPrecondition, "thesis.txt"));
  EXPECT_FALSE(fs::exists(path_ + "/LOCK"));

  path_ = folder_.path("file");
  WriteFile(path_, "text");
  EXPECT_THAT(TryOpen({}), StatusIs(absl::StatusCode::kFailedPrecondition, "not a folder"));
}

TEST_F(OpenTest, OptionsOutOfRangeAreRefused) {
  const std::vector<Options> cases = {{.sync_interval = absl::ZeroDuration()},
                                      {.sync_interval = absl::InfiniteDuration()},
                                      {.future_limit = -absl::Seconds(1)},
                                      {.write_timeout = absl::ZeroDuration()},
                                      {.clock = nullptr}};
  for (const Options& options : cases) EXPECT_THAT(TryOpen(options), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(OpenTest, WhatWasStoredIsThereAfterAReopen) {
  const WriteResult put = Put(MakeEvent("a", 1));
  const History history = store().history();
  EXPECT_EQ(history.number, 1);
  Close();
  ASSERT_OK_AND_ASSIGN(const OwnedEvent event, store().Get(account_, "a"));
  EXPECT_EQ(event->id, put.id);
  EXPECT_EQ(store().history().id, history.id);
  EXPECT_EQ(Put(MakeEvent("b", 1)).sequence, 2u);
}

TEST_F(OpenTest, EachProfileReadsWhatTheOtherWrote) {
  options_.profile = Profile::kEdge;
  Put(MakeEvent("a", 1));
  options_.profile = Profile::kServer;
  options_.cache_bytes = 1 << 20;
  Reopen();
  EXPECT_THAT(ScanIds(), ElementsAre("a"));
}

// --- Closing ---

TEST_F(OpenTest, AClosedStoreRefusesEveryCall) {
  Put(MakeEvent("a", 1));
  EXPECT_THAT(store().Close(), IsOk());
  EXPECT_THAT(store().Close(), IsOk());
  const auto closed = StatusIs(absl::StatusCode::kFailedPrecondition, "closed");
  EXPECT_THAT(store().Put(account_, MakeEvent("a", 1)), closed);
  EXPECT_THAT(store().Write(account_, {}), closed);
  EXPECT_THAT(store().WriteJson(account_, {}), closed);
  EXPECT_THAT(store().Sync(), closed);
  EXPECT_THAT(store().Get(account_, "a"), closed);
  EXPECT_THAT(store().Scan({}).status(), closed);
  EXPECT_THAT(store().SplitScan({}, 1), closed);
  EXPECT_THAT(store().Changes().status(), closed);
  EXPECT_THAT(store().Stats(account_), closed);
  EXPECT_THAT(store().Verify(), closed);
}

// Whoever follows the change feed compares the history first, and throws its copy away when it is another one.
TEST_F(OpenTest, AClosedStoreStillNamesItsHistoryAndLeavesAPositionWhereItWas) {
  Put(MakeEvent("a", 1));
  const History history = store().history();
  const ChangeIterator refused = store().Changes({.after = 7});
  EXPECT_EQ(refused.position(), 7u);
  EXPECT_THAT(store().Close(), IsOk());
  EXPECT_EQ(store().history().id, history.id);
  EXPECT_EQ(store().history().number, history.number);
  const ChangeIterator changes = store().Changes({.after = 1});
  EXPECT_THAT(changes.status(), StatusIs(absl::StatusCode::kFailedPrecondition, "closed"));
  EXPECT_EQ(changes.position(), 1u);
}

TEST_F(OpenTest, AnIteratorOutlivesItsStoreAndKeepsItLocked) {
  Put(MakeEvent("a", 1));
  Put(MakeEvent("b", 2));
  {
    EventIterator events = store().Scan({.account = account_});
    Close();
    EXPECT_THAT(TryOpen({}), StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_THAT(Ids(std::move(events)), IsOkAndHolds(ElementsAre("a", "b")));
  }
  EXPECT_THAT(TryOpen({}), IsOk());
}

// --- Who may write ---

TEST_F(OpenTest, ASecondWriterIsTurnedAwayWithTheNameOfTheFirst) {
  const std::string holder = std::to_string(::getpid());
  store();
  EXPECT_THAT(TryOpen({}), StatusIs(absl::StatusCode::kUnavailable, "this process (" + holder + ")"));
  const Finished other = Process(STORE_PROCESS, {"create", path_}).Wait();
  EXPECT_EQ(other.status, 1);
  EXPECT_THAT(other.err, AllOf(HasSubstr("UNAVAILABLE"), HasSubstr("process " + holder)));
  Close();
  EXPECT_THAT(TryOpen({}), IsOk());
}

TEST_F(OpenTest, AKilledWritersLockDoesNotOutliveIt) {
  Process holder(STORE_PROCESS, {"hold", path_}, "", {.unfinished_input = true});
  ASSERT_TRUE(holder.WaitForOut("holding"));
  EXPECT_THAT(TryOpen({}), StatusIs(absl::StatusCode::kUnavailable, "process " + std::to_string(holder.id())));
  EXPECT_EQ(Process(STORE_PROCESS, {"read", path_}).Wait().out, "1\n");
  holder.Kill();
  holder.Wait();
  EXPECT_THAT(ScanIds(), ElementsAre("held"));
}

// --- Reading beside a writer ---

TEST_F(OpenTest, AReaderSeesWhatWasWrittenBeforeItOpened) {
  Put(MakeEvent("a", 1));
  ASSERT_OK_AND_ASSIGN(const auto reader, Store::Open(path_, {.read_only = true}));
  Put(MakeEvent("b", 2));
  EXPECT_THAT(Ids(reader->Scan({.account = account_})), IsOkAndHolds(ElementsAre("a")));
  EXPECT_THAT(reader->Get(account_, "b"), StatusIs(absl::StatusCode::kNotFound));
  ASSERT_OK_AND_ASSIGN(const auto changes, ReadAll(reader->Changes()));
  EXPECT_EQ(changes.size(), 1u);
  ASSERT_OK_AND_ASSIGN(const auto later, Store::Open(path_, {.read_only = true}));
  EXPECT_THAT(Ids(later->Scan({.account = account_})), IsOkAndHolds(ElementsAre("a", "b")));
  EXPECT_EQ(later->history().id, store().history().id);
  ASSERT_OK_AND_ASSIGN(const VerifyReport report, later->Verify());
  EXPECT_TRUE(report.ok());
  EXPECT_THAT(later->Put(account_, MakeEvent("c", 1)), StatusIs(absl::StatusCode::kFailedPrecondition, "reading only"));
  EXPECT_THAT(later->Sync(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(OpenTest, AReaderNeedsNoPermissionToWrite) {
  Put(MakeEvent("a", 1));
  Close();
  const auto set_permissions = [this](fs::perms files, fs::perms folders) {
    std::vector<fs::directory_entry> entries{fs::directory_entry(folder_.path())};
    for (const auto& entry : fs::recursive_directory_iterator(path_)) entries.push_back(entry);
    entries.emplace_back(path_);
    for (const auto& entry : entries) fs::permissions(entry.path(), entry.is_directory() ? folders : files);
  };
  set_permissions(fs::perms(0444), fs::perms(0555));
  // Permissions do not bind root: setpriv runs the reader as somebody else.
  const Finished reader =
      ::getuid() == 0 ? Process("setpriv", {"--reuid=65534", "--clear-groups", STORE_PROCESS, "read", path_}).Wait()
                      : Process(STORE_PROCESS, {"read", path_}).Wait();
  set_permissions(fs::perms(0644), fs::perms(0755));
  EXPECT_EQ(reader.out, "1\n") << reader.err;
}

TEST_F(OpenTest, AnEdgeProcessStaysUnder64MiB) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer multiplies memory";
#endif
  const auto size_of = [this](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin() + 1, path_);
    const Finished edge = Process(STORE_PROCESS, arguments).Wait();
    EXPECT_EQ(edge.status, 0) << edge.err;
    return edge.status == 0 ? std::stoul(edge.out) : 0;  // KiB
  };
  EXPECT_LT(size_of({"edge-write", "30000", "120"}), 64u * 1024);
  EXPECT_LT(size_of({"edge-read"}), 64u * 1024);

  // What reads hold is bounded in bytes too. (Writing events of this size takes a few MiB more than 64: the allocator
  // keeps what their buffers leave behind.)
  path_ = folder_.path("large");
  size_of({"edge-write", "150", "1000000"});
  EXPECT_LT(size_of({"edge-read"}), 64u * 1024);
}

// --- A creation cut short ---

TEST_F(OpenTest, ACreationCutShortReadsAsEmptyAndIsFinishedByTheNextWriter) {
  const std::vector<std::vector<std::string>> leftovers = {{}, {"LOCK"}, {"LOCK", "data.creating/"}};
  for (const auto& names : leftovers) {
    fs::remove_all(path_);
    fs::create_directory(path_);
    for (const std::string& name : names) {
      if (name.back() == '/') {
        fs::create_directory(path_ + "/" + name);
        WriteFile(path_ + "/" + name + "MANIFEST-000001", "half a manif");
      } else {
        WriteFile(path_ + "/" + name, "");
      }
    }
    SCOPED_TRACE(names.size());
    ASSERT_OK_AND_ASSIGN(const auto reader, Store::Open(path_, {.read_only = true}));
    EXPECT_THAT(Ids(reader->Scan({.account = account_})), IsOkAndHolds(IsEmpty()));
    EXPECT_THAT(ReadAll(reader->Changes()), IsOkAndHolds(IsEmpty()));
    EXPECT_EQ(reader->Changes({.after = 5}).position(), 5u);
    EXPECT_THAT(reader->Get(account_, "a"), StatusIs(absl::StatusCode::kNotFound));
    EXPECT_THAT(reader->SplitScan({.account = account_}, 3), IsOkAndHolds(IsEmpty()));
    ASSERT_OK_AND_ASSIGN(const VerifyReport report, reader->Verify());
    EXPECT_TRUE(report.ok());
    ASSERT_OK_AND_ASSIGN(const StoreStats stats, reader->Stats(account_));
    EXPECT_EQ(stats.store_events, 0u);
    EXPECT_EQ(reader->history().number, 0);

    EXPECT_EQ(Put(MakeEvent("a", 1)).outcome, Outcome::kCreated);
    EXPECT_FALSE(fs::exists(path_ + "/data.creating"));
    Close();
  }
}

TEST_F(OpenTest, AProcessKilledWhileItCreatesAStoreLeavesNoneOrAWholeOne) {
  int unfinished = 0;
  int finished = 0;
  bool killed = true;
  for (int step = 1; killed && step < 1000; ++step) {
    SCOPED_TRACE("killed at step " + std::to_string(step));
    path_ = folder_.path("store-" + std::to_string(step));
    const Finished creator = Process(STORE_PROCESS, {"create", path_, std::to_string(step)}).Wait();
    killed = creator.status == -SIGKILL;
    EXPECT_TRUE(killed || creator.status == 0) << creator.err;
    if (!fs::exists(path_)) {
      EXPECT_EQ(step, 1) << "the first thing that it does is to make the folder";
      continue;
    }
    ++(fs::exists(path_ + "/data") ? finished : unfinished);

    ASSERT_OK_AND_ASSIGN(const auto reader, Store::Open(path_, {.read_only = true}));
    EXPECT_THAT(Ids(reader->Scan({.account = account_})), IsOkAndHolds(IsEmpty()));
    EXPECT_EQ(Put(MakeEvent("a", 1)).sequence, 1u);
    Close();
    fs::remove_all(path_);
  }
  EXPECT_FALSE(killed) << "the creation never came to its end";
  EXPECT_GT(unfinished, 20);
  EXPECT_GT(finished, 0);
}

// --- Damaged and newer stores ---

class DamagedStoreTest : public OpenTest {
 protected:
  void SetUp() override {
    Put(MakeEvent("a", 1));
    Close();
  }
  void ExpectRefused(absl::StatusCode code, const std::string& message) {
    EXPECT_THAT(TryOpen({}), StatusIs(code, message));
    EXPECT_THAT(TryOpen({.read_only = true}), StatusIs(code, message));
  }
};

TEST_F(DamagedStoreTest, ANewerFormatIsRefused) {
  RawRows(path_).Put("default", "format_version", std::string("\0\0\0\5", 4));
  ExpectRefused(absl::StatusCode::kFailedPrecondition, "format version 5");
}

// Version 1 had no rollups, version 2 other keys, version 3 no guard: there is no migration.
TEST_F(DamagedStoreTest, AnOlderFormatIsRefused) {
  for (const char version : {'\1', '\2', '\3'}) {
    {
      RawRows rows(path_);
      rows.Put("default", "format_version", std::string("\0\0\0", 3) + version);
      rows.Compact();  // as it is in a store: in a table
    }
    ExpectRefused(absl::StatusCode::kFailedPrecondition, "format version " + std::to_string(version));
  }
}

TEST_F(DamagedStoreTest, AFamilyOfANewerFormatIsRefused) {
  RawRows(path_).AddFamily("credentials");
  EXPECT_THAT(TryOpen({}), StatusIs(absl::StatusCode::kFailedPrecondition, "'credentials'"));
}

TEST_F(DamagedStoreTest, AMissingFamilyIsDamage) {
  RawRows(path_).DropFamily("changes");
  ExpectRefused(absl::StatusCode::kDataLoss, "'changes'");
}

TEST_F(DamagedStoreTest, AMissingOrMisshapenRowOfTheStoreItselfIsDamage) {
  for (const char* key : {"format_version", "store_id", "history", "key.fingerprint", "key.event_id", "key.cursor"}) {
    SCOPED_TRACE(key);
    std::string value;
    {
      RawRows rows(path_);
      for (const auto& [name, text] : rows.All("default")) {
        if (name == key) value = text;
      }
      rows.Delete("default", key);
    }
    ASSERT_FALSE(value.empty());
    ExpectRefused(absl::StatusCode::kDataLoss, key);
    RawRows(path_).Put("default", key, value + "x");
    EXPECT_THAT(TryOpen({}), StatusIs(absl::StatusCode::kDataLoss));
    RawRows(path_).Put("default", key, value);
  }
  RawRows(path_).Delete("default", "position");
  EXPECT_THAT(TryOpen({}), StatusIs(absl::StatusCode::kDataLoss, "position"));
}

TEST_F(DamagedStoreTest, AMissingFileIsDamage) {
  const auto remove = [this](const std::function<bool(const std::string&)>& chosen) {
    for (const auto& entry : fs::directory_iterator(path_ + "/data")) {
      if (chosen(entry.path().filename().string())) fs::remove(entry.path());
    }
  };
  remove([](const std::string& name) { return name.ends_with(".sst"); });
  ExpectRefused(absl::StatusCode::kDataLoss, "");
  remove([](const std::string& name) { return name == "CURRENT"; });
  ExpectRefused(absl::StatusCode::kDataLoss, "");
}

// --- Diagnostics ---

class DiagnosticsTest : public OpenTest {
 protected:
  DiagnosticsTest() {
    options_.diagnostics = [this](const Diagnostic& diagnostic) {
      const std::lock_guard lock(mutex_);
      heard_.emplace_back(diagnostic.severity, std::string(diagnostic.text));
    };
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
  }
  ~DiagnosticsTest() override {
    EXPECT_THAT(::testing::internal::GetCapturedStdout(), IsEmpty()) << "the library prints nothing";
    EXPECT_THAT(::testing::internal::GetCapturedStderr(), IsEmpty()) << "the library prints nothing";
  }

  using Heard = std::vector<std::pair<Severity, std::string>>;
  Heard heard() {
    const std::lock_guard lock(mutex_);
    return heard_;
  }

 private:
  std::mutex mutex_;
  Heard heard_;
};

TEST_F(DiagnosticsTest, AHealthyStoreSaysNothing) {
  Put(MakeEvent("a", 1));
  Reopen();
  ASSERT_THAT(Store::Open(path_, {.read_only = true, .diagnostics = options_.diagnostics}), IsOk());
  Close();
  EXPECT_THAT(heard(), IsEmpty());
}

TEST_F(DiagnosticsTest, AReaderBesideWritersThatSyncHearsNothing) {
  constexpr int kWriters = 4;
  constexpr int kEvents = 3000;  // of each
  constexpr int kOpenings = 40;
  options_.durability = Durability::kSynced;
  store();
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> stored = 0;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      const std::string properties = R"({"text":")" + std::string(500, 'x') + R"("})";
      for (int i = 0; i < kEvents && !stop; ++i) {
        const std::string id = std::to_string(writer) + " " + std::to_string(i);
        if (!store().Put(account_, MakeEvent(id, 1, "acme", "call", properties)).ok()) break;
        ++stored;
      }
    });
  }
  for (int opening = 0; opening < kOpenings && stored < kWriters * kEvents; ++opening) {
    const std::uint64_t before = stored;
    const auto reader = Store::Open(path_, {.read_only = true, .diagnostics = options_.diagnostics});
    EXPECT_THAT(reader, IsOk());
    if (!reader.ok()) break;
    const auto ids = Ids((*reader)->Scan({.account = account_}));
    EXPECT_THAT(ids, IsOk());
    EXPECT_GE(ids.value_or(std::vector<std::string>()).size(), before);
  }
  stop = true;
  for (std::thread& writer : writers) writer.join();
  EXPECT_GT(stored, 0u);
  EXPECT_THAT(heard(), IsEmpty());
}

TEST_F(DiagnosticsTest, AnEmptyGuardIsAWarningUntilAWriterBeginsItAnew) {
  Put(MakeEvent("a", 1));
  Close();
  fs::resize_file(path_ + "/data/SYNCED", 0);
  const auto warning = Pair(Severity::kWarning, HasSubstr("SYNCED: is empty"));
  ASSERT_THAT(Store::Open(path_, {.read_only = true, .diagnostics = options_.diagnostics}), IsOk());
  EXPECT_THAT(heard(), ElementsAre(warning));
  Reopen();
  EXPECT_THAT(heard(), ElementsAre(warning, warning));
  Reopen();
  EXPECT_THAT(heard(), ElementsAre(warning, warning));
}

TEST_F(DiagnosticsTest, ALogThatIsDamagedBehindWhatIsSyncedIsAWarning) {
  for (const char* id : {"a", "b", "c"}) Put(MakeEvent(id, 1));
  const std::string crashed = folder_.path("crashed");
  CopyStore(path_, crashed);
  for (const auto& entry : fs::directory_iterator(crashed + "/data")) {
    if (entry.path().extension() != ".log" || entry.file_size() == 0) continue;
    std::fstream log(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    log.seekp(static_cast<std::streamoff>(entry.file_size() / 2));
    log.write("damaged", 7);
  }
  ASSERT_OK_AND_ASSIGN(const auto reader,
                       Store::Open(crashed, {.read_only = true, .diagnostics = options_.diagnostics}));
  EXPECT_THAT(heard(), Contains(Pair(Severity::kWarning, HasSubstr("is not replayed"))));
}

TEST_F(DiagnosticsTest, AWriterReportsWhatStopsItsBackgroundWork) {
  Put(MakeEvent("a", 1));
  fs::rename(path_ + "/data", path_ + "/gone");
  EXPECT_FALSE(store().Close().ok());
  EXPECT_THAT(heard(), Contains(Pair(Severity::kError, HasSubstr("background work"))));
}

TEST_F(DiagnosticsTest, DamageThatAnOpeningMeetsIsItsStatus) {
  Put(MakeEvent("a", 1));
  Close();
  for (const auto& entry : fs::directory_iterator(path_ + "/data")) {
    if (entry.path().extension() == ".sst") fs::resize_file(entry.path(), fs::file_size(entry.path()) / 2);
  }
  EXPECT_THAT(TryOpen({.read_only = true, .diagnostics = options_.diagnostics}), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(TryOpen(options_), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace tallystick::testing
