// A disk that loses what was not synced, runs full and fails, below everything that a program does with files:
// RocksDB's calls and ours alike, since it stands behind the C library's functions (file_calls.h). Files and folders
// are real ones; only syncing is not. What is on stable storage is kept beside them: of a file, what it held when it
// was last synced; of a folder, the entries that it had then.
//
//   const auto disk = std::make_shared<FaultyDisk>(folder, seed);
//   disk->CutPowerAt(123);
//   WatchFileCalls(disk);
//   ...  // use files below `folder` until disk->power_is_off()
//   WatchFileCalls(nullptr);
//   disk->SaveSurvivors(another_folder);
//
// What the disk may do is what POSIX lets it do:
//   - A file keeps what it held when it was synced. Of what was written since, nothing may be there, or all of it, or
//     its beginning, cut at any byte; and sectors of what is there may hold zeroes or rubbish instead. Of what was
//     written over, each sector may hold what it held before, or what was written, or rubbish; others stay as they
//     were.
//   - A folder keeps the entries that it had when it was synced. Of the changes since, none may have taken place, or
//     all, or the first few, or any others; a rename within a folder takes place as a whole or not at all.
//   - A sync that failed is not made good by a later one: the file keeps what it held before, until it is emptied and
//     written anew.

#ifndef TALLYSTICK_TESTS_SUPPORT_FAULTY_DISK_H_
#define TALLYSTICK_TESTS_SUPPORT_FAULTY_DISK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/file_calls.h"
#include "tests/support/random.h"

namespace tallystick::testing {

// Kinds of calls, by what may go wrong with them.
enum class DiskCall {
  kAny,
  kWrite,
  kSync,
  kSyncFolder,
  kCreate,
  kRename,
  kTakeSpace,  // kWrite and kCreate
};

// Thread-safe.
class FaultyDisk : public FileCallWatcher {
 public:
  // What is below `root` now is on stable storage. Calls elsewhere are none of its business. Everything that is left
  // to chance follows from `seed`, as far as the program makes its calls in the same order.
  FaultyDisk(const std::string& root, std::uint64_t seed);
  ~FaultyDisk() override;

  // --- What is to go wrong ---

  // The power goes right before the `nth` call from now on (from 1). From then on nothing reaches the disk: writes are
  // taken, as the memory of a machine that is about to stop would take them, and everything else fails.
  void CutPowerAt(std::uint64_t nth);
  // Now.
  void CutPower();
  // The `nth` call of this kind from now on (from 1) fails with EIO. A write may write a part before.
  void FailAt(DiskCall kind, std::uint64_t nth);
  // The disk is full at the `nth` call of this kind from now on (from 1): it and whatever else takes space (kTakeSpace)
  // fail with ENOSPC until Heal(). A write may write a part before.
  void FillAt(DiskCall kind, std::uint64_t nth);
  // Nothing of this goes wrong any more. What did stays as it is, a power cut above all.
  void Heal();
  // From now on, the disk says that it has so many bytes free, whatever it takes. Absent: what the file system says.
  void TellFree(std::optional<std::uint64_t> bytes);
  // From now on, no sync does anything, and every one succeeds.
  void LieAboutSyncs();

  // --- What has come of it ---

  std::uint64_t calls() const;
  bool power_is_off() const;
  // A call has failed since the beginning or the last Heal().
  bool has_failed() const;
  bool is_full() const;

  // Makes the folder `path`, outside of the root, with what the power cut has left: another state with each call. The
  // power must be off, and no file below the root may be open: whoever has one may still be writing to it, which a
  // machine without power does not. Throws otherwise.
  void SaveSurvivors(const std::string& path);

  CallFate Begins(const FileCall& call) override;
  void Succeeded(const FileCall& call) override;
  std::optional<std::uint64_t> FreeBytes(const std::string& path) override;

 private:
  struct Node;
  struct Change;
  struct Place {  // where an entry is, or would be
    std::shared_ptr<Node> folder;
    std::string name;
    std::shared_ptr<Node> node() const;
  };
  struct Plan {
    DiskCall kind = DiskCall::kAny;
    std::uint64_t left = 0;  // calls until it happens, which is at 0; none is planned when it is 0 already
    int error = 0;
  };

  // Absent: outside of the root, or in a folder that is not known.
  std::optional<Place> Find(std::string_view path) const;
  DiskCall KindOf(const FileCall& call, const Place& place) const;
  bool IsDue(DiskCall kind);
  CallFate Fail(const FileCall& call, DiskCall kind, const Place& place, int error);
  void SyncNode(Node* node, const std::string& path) const;

  // How much of what was not synced is there after a power cut.
  enum class Survival { kNothing, kSome, kEverything };
  void ReadNow(Node* node, const std::string& path) const;
  std::uint64_t HowMany(std::uint64_t of);
  void SaveFolder(const Node& folder, const std::string& path);
  void SaveFile(const Node& file, const std::string& path);
  // Of what was written over, up to `size`.
  void MixSectors(const std::string& now, std::size_t size, std::string* content);
  // From `start` up to `end`.
  void SpoilSectors(std::size_t start, std::size_t end, std::string* content);

  const std::string root_;
  mutable std::mutex mutex_;  // guards all of the rest
  Random random_;
  std::shared_ptr<Node> tree_;
  std::uint64_t calls_ = 0;
  std::uint64_t cut_at_ = 0;  // 0: never
  Plan plan_;
  bool off_ = false;
  bool full_ = false;
  std::optional<std::uint64_t> told_free_;
  bool lies_ = false;
  bool failed_ = false;
  Survival survival_ = Survival::kNothing;  // of the survivors that are being saved
};

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_FAULTY_DISK_H_
