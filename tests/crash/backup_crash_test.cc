// The power goes, or the disk fails or is full, at any call that a backup or a restore makes to the file system.
// Backups that were acknowledged must be there as they were, whatever is listed must be whole, the store must have lost
// nothing, and the next backup must succeed; what is being restored is there as a whole or is no store.
//
// Each seed is a life of some crashes. One that went wrong is run again by
//   TALLYSTICK_TEST_SEED=N TALLYSTICK_TORTURE_SEEDS=1 crash_tests --gtest_filter='*BackupsKeep*/0'
// $TALLYSTICK_TORTURE_SEEDS sets how many each part runs.

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tallystick/store.h"
#include "tests/crash/lives.h"
#include "tests/support/faulty_disk.h"
#include "tests/support/random.h"
#include "tests/support/status_matchers.h"
#include "tests/support/stored.h"
#include "tests/support/temp_folder.h"

namespace tallystick::testing {
namespace {

namespace fs = std::filesystem;

// What happened in how many lives.
struct Figures {
  std::uint64_t cuts = 0;
  std::uint64_t errors = 0;
  std::uint64_t full = 0;
  std::uint64_t backups = 0;   // that were acknowledged
  std::uint64_t restores = 0;  // that were found whole
};

std::ostream& operator<<(std::ostream& out, const Figures& figures) {
  return out << "power cuts: " << figures.cuts << "; errors: " << figures.errors << "; full: " << figures.full
             << "; backups: " << figures.backups << "; restores: " << figures.restores;
}

class Life {
 public:
  explicit Life(std::uint64_t seed) : random_(seed) { fs::create_directory(root_); }
  ~Life() { WatchFileCalls(nullptr); }

  // The disk lies about syncs, for a test of the test.
  void LieAboutSyncs() { lies_ = true; }

  // What went wrong; empty when everything was kept.
  std::vector<std::string> Run(Figures* figures) {
    figures_ = figures;
    TakeDisk();
    for (int round = 0; round < 4 && problems_.empty(); ++round) {
      if (!Reopen()) break;
      Write();
      BackUp();
      CheckAll();
      if (problems_.empty() && random_.OneIn(2)) Restore();
    }
    store_.reset();
    return std::move(problems_);
  }

 private:
  std::string store_path() const { return root_ + "/store"; }
  std::string backups() const { return root_ + "/backups"; }
  std::string restored() const { return root_ + "/restored-" + std::to_string(restores_); }

  void Complain(const std::string& what, const absl::Status& status = absl::OkStatus()) {
    problems_.push_back(what + (status.ok() ? "" : ": " + status.ToString()));
  }

  void TakeDisk() {
    disk_ = std::make_shared<FaultyDisk>(root_, random_.Below(~std::uint64_t{0}));
    if (lies_) disk_->LieAboutSyncs();
    WatchFileCalls(disk_);
  }

  static std::optional<std::string> ContentOf(const Store& store) {
    const auto feed = ReadAll(store.Changes());
    if (!feed.ok()) return std::nullopt;
    std::ostringstream text;
    for (const StoredChange& change : *feed) text << change << "\n";
    return text.str();
  }

  bool Reopen() {
    if (store_ == nullptr) {
      absl::StatusOr<std::unique_ptr<Store>> opened = Store::Open(store_path(), {.profile = Profile::kEdge});
      if (!opened.ok()) {
        Complain("the store cannot be opened", opened.status());
        return false;
      }
      store_ = *std::move(opened);
      if (ContentOf(*store_) != content_) Complain("the store is not as it was");
    }
    return problems_.empty();
  }

  void Write() {
    for (std::uint64_t i = random_.Below(4); i < 4; ++i) {
      std::vector<std::string> ids;
      for (int n = 0; n < 20; ++n) ids.push_back("event-" + std::to_string(random_.Below(60)));
      std::vector<Event> events;
      for (const std::string& id : ids) {
        events.push_back(
            {.customer_event_id = id,
             .customer_alias = "acme",
             .event_type = "t",
             .event_timestamp = absl::FromUnixSeconds(static_cast<std::int64_t>(random_.Below(1'000'000)))});
      }
      const auto written = store_->Write(Account(1), events);
      if (!written.ok()) Complain("cannot write", written.status());
    }
    content_ = ContentOf(*store_);
  }

  // Something goes wrong within about so many calls, mostly.
  void Threaten(std::uint64_t calls) {
    constexpr std::array kKinds = {DiskCall::kWrite,      DiskCall::kWrite,  DiskCall::kSync,
                                   DiskCall::kSyncFolder, DiskCall::kCreate, DiskCall::kRename};
    const DiskCall kind = random_.PickFrom(kKinds);
    const bool often = kind == DiskCall::kWrite || kind == DiskCall::kSync;
    const std::uint64_t nth = 1 + random_.Below(often ? calls / 4 + 1 : 10);
    switch (random_.Below(6)) {
      case 0:
        return disk_->FailAt(kind, nth);
      case 1:
        return disk_->FillAt(kind, nth);
      case 2:
        return;
      default:
        return disk_->CutPowerAt(1 + random_.Below(calls));
    }
  }

  // The machine stops, or the process does.
  void Crash() {
    store_.reset();
    if (!disk_->power_is_off() && disk_->has_failed()) ++(disk_->is_full() ? figures_->full : figures_->errors);
    if (!disk_->power_is_off()) {
      disk_->Heal();
      if (random_.OneIn(2)) return;
      disk_->CutPower();
    }
    ++figures_->cuts;
    WatchFileCalls(nullptr);
    const std::string survivors = folder_.path("disk-" + std::to_string(++disks_));
    disk_->SaveSurvivors(survivors);
    fs::remove_all(root_);
    root_ = survivors;
    TakeDisk();
  }

  void BackUp() {
    if (!problems_.empty()) return;
    BackupOptions options;
    if (random_.OneIn(3)) options.keep = static_cast<std::uint32_t>(1 + random_.Below(3));
    Threaten(180);
    const absl::StatusOr<BackupInfo> info = store_->Backup(backups(), options);
    const bool disturbed = disk_->has_failed() || disk_->power_is_off();
    if (info.ok()) {
      ++figures_->backups;
      taken_[info->id] = *content_;
    } else if (!disturbed) {
      Complain("a backup fails on a sound disk", info.status());
    }
    if (options.keep.has_value()) {
      // Whether or not it came to that.
      const std::size_t kept = *options.keep - (info.ok() ? 0 : 1);
      while (taken_.size() > kept) {
        perhaps_.insert(*taken_.begin());
        taken_.erase(taken_.begin());
      }
    }
    if (disturbed || random_.OneIn(3)) Crash();
    disk_->Heal();
  }

  // Holds the store and the folder of backups to what they have promised, and adds a backup.
  void CheckAll() {
    if (!problems_.empty() || !Reopen()) return;
    const absl::StatusOr<std::vector<BackupInfo>> listed = ListBackups(backups());
    if (!listed.ok() && !(absl::IsNotFound(listed.status()) && taken_.empty())) {
      return Complain("backups cannot be listed", listed.status());
    }
    std::map<std::uint32_t, std::string> found;
    for (const BackupInfo& info : listed.value_or(std::vector<BackupInfo>())) {
      if (!info.status.ok()) return Complain("a backup that is listed is damaged", info.status);
      const absl::Status verified = VerifyBackup(backups(), info.id);
      if (!verified.ok()) return Complain("a backup that is listed is not whole", verified);
      const absl::StatusOr<std::string> content = Restored(info.id);
      if (!content.ok()) return Complain("a backup that is listed cannot be restored", content.status());
      found[info.id] = *content;
    }
    for (const auto& [id, content] : taken_) {
      if (!found.contains(id)) Complain("backup " + std::to_string(id) + " is gone");
    }
    for (const auto& [id, content] : found) {
      if (const auto taken = taken_.find(id); taken != taken_.end()) {
        if (content != taken->second) Complain("backup " + std::to_string(id) + " is not as it was");
      } else if (const auto older = perhaps_.find(id); older != perhaps_.end()) {
        if (content != older->second) Complain("backup " + std::to_string(id) + " is not as it was");
      } else if (content != *content_) {
        Complain("backup " + std::to_string(id) + ", of which nobody was told, is of no state");
      }
    }
    if (!problems_.empty()) return;
    taken_ = found;
    perhaps_.clear();
    const absl::StatusOr<BackupInfo> next = store_->Backup(backups());
    if (!next.ok()) return Complain("the next backup fails", next.status());
    taken_[next->id] = *content_;
    if (fs::exists(store_path() + "/data.frozen")) Complain("a frozen state is left in the store");
  }

  // What a store holds that is made of a backup.
  absl::StatusOr<std::string> Restored(std::uint32_t id) {
    const std::string path = folder_.path("restored");
    const absl::StatusOr<BackupInfo> restored = RestoreBackup(backups(), path, {.id = id});
    if (!restored.ok()) return restored.status();
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(path, {.profile = Profile::kEdge});
    if (!store.ok()) return store.status();
    const auto report = (*store)->Verify();
    if (!report.ok()) return report.status();
    if (!report->ok()) return absl::InternalError("verify finds differences");
    const std::optional<std::string> content = ContentOf(**store);
    store->reset();  // or it would still remove files itself
    fs::remove_all(path);
    return content.value_or("cannot be read");
  }

  // A restore that is disturbed, and then one that is not.
  void Restore() {
    const std::uint32_t id = taken_.rbegin()->first;
    ++restores_;  // a name of its own: that the last one was removed may be lost
    Threaten(120);
    const absl::Status first = RestoreBackup(backups(), restored()).status();
    const bool disturbed = disk_->has_failed() || disk_->power_is_off();
    if (!first.ok() && !disturbed) return Complain("a restore fails on a sound disk", first);
    if (disturbed || random_.OneIn(3)) Crash();
    disk_->Heal();
    if (!fs::exists(restored() + "/data")) {
      if (first.ok()) return Complain("a restore that was acknowledged is gone");
      if (fs::exists(restored())) {
        const absl::Status read = Store::Open(restored(), {.read_only = true}).status();
        if (!absl::IsFailedPrecondition(read)) return Complain("half a restore can be read", read);
        const absl::Status opened = Store::Open(restored()).status();
        if (!absl::IsFailedPrecondition(opened)) return Complain("half a restore can be opened", opened);
      }
      const absl::Status second = RestoreBackup(backups(), restored()).status();
      if (!second.ok()) return Complain("the next restore fails", second);
    }
    {
      const auto store = Store::Open(restored(), {.profile = Profile::kEdge});
      if (!store.ok()) return Complain("what was restored cannot be opened", store.status());
      if (ContentOf(**store) != taken_.at(id)) return Complain("what was restored is not what was backed up");
      ++figures_->restores;
    }
    fs::remove_all(restored());
  }

  Random random_;
  bool lies_ = false;
  TempFolder folder_{MemoryDir()};
  int disks_ = 0;
  int restores_ = 0;
  std::string root_ = folder_.path("disk-0");
  std::shared_ptr<FaultyDisk> disk_;
  Figures* figures_ = nullptr;
  std::unique_ptr<Store> store_;
  std::optional<std::string> content_ = "";       // of the store
  std::map<std::uint32_t, std::string> taken_;    // what backups that must be there hold
  std::map<std::uint32_t, std::string> perhaps_;  // of those that may have been removed
  std::vector<std::string> problems_;
};

// The parameter is the number of a part.
class BackupCrashTest : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(BackupCrashTest, BackupsKeepWhatTheyHavePromised) { RunLives<Life, Figures>(GetParam(), 20); }

INSTANTIATE_TEST_SUITE_P(Parts, BackupCrashTest, ::testing::Range(std::uint64_t{0}, kParts));

// --- The test itself ---

TEST(BackupCrashHarnessTest, FindsOutADiskThatLiesAboutSyncs) { ExpectLiesAreFoundOut<Life, Figures>(); }

}  // namespace
}  // namespace tallystick::testing
