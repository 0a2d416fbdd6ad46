// The power goes, or the disk fails or is full, at any call that a store makes to the file system: while it is made,
// while several threads write to it, while it is opened again. What it has promised must be there afterwards.
//
// Each seed is a store's life of some crashes (`Life`). One that went wrong is run again by
//   TALLYSTICK_TEST_SEED=N TALLYSTICK_TORTURE_SEEDS=1 crash_tests --gtest_filter='*Keeps*/0'
// as far as threads can be made to run again; $TALLYSTICK_TORTURE_SEEDS sets how many each part runs.

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tallystick/store.h"
#include "tests/crash/ledger.h"
#include "tests/crash/lives.h"
#include "tests/crash/workload.h"
#include "tests/support/faulty_disk.h"
#include "tests/support/random.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

// RocksDB waits a second after a flush or a compaction that failed. There is nothing to wait for here.
extern "C" int usleep(useconds_t /*microseconds*/) { return 0; }

namespace tallystick::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kThreads = 3;  // that write, at most

// What happened in how many lives.
struct Figures {
  std::uint64_t cuts_while_made = 0;
  std::uint64_t cuts_while_opened = 0;
  std::uint64_t cuts_at_work = 0;
  std::uint64_t cuts_at_rest = 0;
  std::uint64_t errors = 0;
  std::uint64_t full = 0;
  std::uint64_t recoveries = 0;
  std::uint64_t commits = 0;
  std::uint64_t lost = 0;  // commits that were acknowledged as buffered and are gone, as they may be
};

std::ostream& operator<<(std::ostream& out, const Figures& figures) {
  return out << "power cuts: " << figures.cuts_while_made << " while a store was made, " << figures.cuts_while_opened
             << " while it was opened, " << figures.cuts_at_work << " at work, " << figures.cuts_at_rest
             << " at rest; errors: " << figures.errors << "; full: " << figures.full
             << "; recoveries: " << figures.recoveries << "; events committed: " << figures.commits
             << ", of these buffered and lost: " << figures.lost;
}

// One store on one disk, crash after crash.
class Life {
 public:
  explicit Life(std::uint64_t seed) : random_(seed) { fs::create_directory(root_); }
  ~Life() { WatchFileCalls(nullptr); }

  // The disk lies about syncs, for a test of the test.
  void LieAboutSyncs() { lies_ = true; }

  // What went wrong; empty when the store kept what it had promised.
  std::vector<std::string> Run(Figures* figures) {
    TakeDisk();
    const std::uint64_t crashes = 1 + random_.Below(2);
    for (std::uint64_t crash = 0; crash <= crashes && problems_.empty(); ++crash) {
      Recover(figures);
      if (problems_.empty()) Work(crash, figures);
    }
    return std::move(problems_);
  }

 private:
  std::string path() const { return root_ + "/store"; }

  void TakeDisk() {
    disk_ = std::make_shared<FaultyDisk>(root_, random_.Below(~std::uint64_t{0}));
    if (lies_) disk_->LieAboutSyncs();
    WatchFileCalls(disk_);
  }

  absl::StatusOr<std::unique_ptr<Store>> Open() {
    Options options;
    options.profile = random_.OneIn(10) ? Profile::kServer : Profile::kEdge;
    constexpr std::array kIntervals = {absl::Milliseconds(1), absl::Milliseconds(20), absl::Hours(24)};
    options.sync_interval = random_.PickFrom(kIntervals);
    return Store::Open(path(), options);
  }

  // Something goes wrong within about so many calls.
  //
  // Returns how many threads may write meanwhile. Where writes fail, only one: the packaged RocksDB, built with
  // assertions, ends the process when one thread syncs a log that another one could not write to just now.
  std::uint64_t Threaten(std::uint64_t calls) {
    constexpr std::array kKinds = {DiskCall::kWrite,      DiskCall::kWrite,  DiskCall::kSync,  DiskCall::kSync,
                                   DiskCall::kSyncFolder, DiskCall::kCreate, DiskCall::kRename};
    const DiskCall kind = random_.PickFrom(kKinds);
    // About as many as there are.
    const std::uint64_t of_a_kind = kind == DiskCall::kWrite ? calls / 3 : kind == DiskCall::kSync ? calls / 10 : 7;
    const std::uint64_t nth = 1 + random_.Below(of_a_kind + 1);
    const std::uint64_t what = random_.Below(6);
    if (what > 1) {
      disk_->CutPowerAt(1 + random_.Below(calls));
      return kThreads;
    }
    if (what == 0) {
      disk_->FailAt(kind, nth);
    } else {
      disk_->FillAt(kind, nth);  // and other calls fail then
    }
    return what == 0 && kind != DiskCall::kWrite ? kThreads : 1;
  }

  // The machine or the process has stopped; this is what the next one finds.
  void Crash(Figures* figures, std::uint64_t* cuts) {
    store_.reset();
    if (!disk_->power_is_off()) {
      if (disk_->has_failed()) {
        ++(disk_->is_full() ? figures->full : figures->errors);
        // While the disk is full, an opening may fail; it must not do harm. After an error, it would save what only the
        // machine's memory has.
        if (disk_->is_full() && random_.OneIn(2)) Open().status().IgnoreError();
      }
      disk_->Heal();
      if (random_.OneIn(3)) return;  // the process alone
      cuts = &figures->cuts_at_rest;
      disk_->CutPower();
    }
    ++*cuts;
    crash_ = Ledger::Crash::kPower;
    WatchFileCalls(nullptr);
    const std::string survivors = folder_.path("disk-" + std::to_string(++disks_));
    disk_->SaveSurvivors(survivors);
    fs::remove_all(root_);
    root_ = survivors;
    TakeDisk();
  }

  // Opens the store, perhaps only after some more crashes, and holds it to what it has promised.
  void Recover(Figures* figures) {
    for (int attempts_left = 3;; --attempts_left) {
      std::uint64_t* const cuts =
          fs::exists(path() + "/data") ? &figures->cuts_while_opened : &figures->cuts_while_made;
      if (attempts_left > 0 && random_.OneIn(2)) Threaten(cuts == &figures->cuts_while_made ? 250 : 120);
      if (fs::exists(path()) && random_.OneIn(4)) CheckReader();
      if (!problems_.empty()) return;
      absl::StatusOr<std::unique_ptr<Store>> opened = Open();
      if (opened.ok()) store_ = *std::move(opened);  // whatever failed: not every failure keeps a store from opening
      if (disk_->has_failed()) {
        Crash(figures, cuts);
        continue;
      }
      disk_->Heal();
      if (!opened.ok()) return problems_.push_back("cannot be opened: " + opened.status().ToString());
      break;
    }
    ++figures->recoveries;
    const std::uint64_t acknowledged = ledger_.acknowledged();
    problems_ = ledger_.Check(*store_, crash_);
    ledger_.Settle();
    crash_ = Ledger::Crash::kProcess;
    const std::uint64_t there = ledger_.acknowledged();
    figures->lost += acknowledged - std::min(acknowledged, there);
    figures->commits += there - std::min(there, commits_);
    commits_ = there;
  }

  // One who opens it for reading sees what a writer would recover.
  void CheckReader() {
    const auto reader = Store::Open(path(), {.read_only = true});
    if (disk_->has_failed()) return;
    if (!reader.ok()) return problems_.push_back("cannot be opened for reading: " + reader.status().ToString());
    std::vector<std::string> problems = ledger_.Check(**reader, crash_);
    if (!disk_->has_failed()) problems_ = std::move(problems);
  }

  // Some threads write until something goes wrong, or they are done.
  void Work(std::uint64_t crash, Figures* figures) {
    const std::uint64_t threads = random_.OneIn(8) ? kThreads : Threaten(400);
    std::vector<Worker> workers;
    const std::uint64_t count = 1 + random_.Below(threads);
    for (std::uint64_t i = 0; i < count; ++i) workers.emplace_back(crash * 10 + i, random_.Below(1'000'000), &ledger_);
    absl::Status status = RunWorkers(&workers, store_.get(), 3 + static_cast<int>(random_.Below(15)));
    if (status.ok() && random_.OneIn(2)) status = store_->Close();
    if (!status.ok() && !disk_->has_failed()) problems_.push_back("fails on a sound disk: " + status.ToString());
    Crash(figures, &figures->cuts_at_work);
  }

  Random random_;
  bool lies_ = false;
  TempFolder folder_{MemoryDir()};
  int disks_ = 0;
  std::string root_ = folder_.path("disk-0");
  std::shared_ptr<FaultyDisk> disk_;
  Ledger ledger_;
  Ledger::Crash crash_ = Ledger::Crash::kProcess;  // the worst since the last recovery
  std::unique_ptr<Store> store_;
  std::vector<std::string> problems_;
  std::uint64_t commits_ = 0;
};

// The parameter is the number of a part.
class PowerLossTest : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(PowerLossTest, AStoreKeepsWhatItHasPromised) { RunLives<Life, Figures>(GetParam(), 100); }

INSTANTIATE_TEST_SUITE_P(Parts, PowerLossTest, ::testing::Range(std::uint64_t{0}, kParts));

// --- By itself ---

// What an opening leaves that fails is in the way of none, nor of what the next one syncs.
TEST(OpeningAfterAFailedSyncTest, IsNotLostWithThePower) {
  TempFolder folder(MemoryDir());
  for (std::uint64_t nth = 1;; ++nth) {
    SCOPED_TRACE("sync " + std::to_string(nth));
    const std::string root = folder.path(std::to_string(nth));
    fs::create_directory(root);
    const auto disk = std::make_shared<FaultyDisk>(root, nth);
    WatchFileCalls(disk);
    const auto open = [&root] { return Store::Open(root + "/store", {.profile = Profile::kEdge}).status(); };
    ASSERT_THAT(open(), IsOk());
    disk->FailAt(DiskCall::kSync, nth);
    open().IgnoreError();  // no store needs RocksDB's file of options
    const bool failed = disk->has_failed();
    disk->Heal();
    ASSERT_THAT(open(), IsOk());
    disk->CutPower();
    WatchFileCalls(nullptr);
    for (int i = 0; i < 10; ++i) {
      const std::string left = folder.path("left");
      disk->SaveSurvivors(left);
      EXPECT_GT(fs::file_size(left + "/store/data/SYNCED"), 0u) << "an empty one is none";
      EXPECT_THAT(Store::Open(left + "/store", {.read_only = true}).status(), IsOk());
      EXPECT_THAT(Store::Open(left + "/store").status(), IsOk());
      fs::remove_all(left);
    }
    if (!failed) break;  // an opening has no more
  }
}

// --- The test itself ---

TEST(PowerLossHarnessTest, FindsOutADiskThatLiesAboutSyncs) { ExpectLiesAreFoundOut<Life, Figures>(); }

}  // namespace
}  // namespace tallystick::testing
