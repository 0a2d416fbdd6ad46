// The folder of a store: what stands in it, who may write, and how a store comes to be.
//
//   LOCK            held (flock) by the process that writes; its text is that process's id, for people
//   data/           the database
//   data.creating/  a database that is being made; becomes data/ by a rename, which is the commit point of the creation
//   data.loading/   table files that a bulk write is making; they mean nothing once nobody has the store open
//   data.salvaging/ the folder of a store into which a salvage writes, whose data/ becomes this one's by a rename
//   data.frozen/    the state that a backup is being made of; likewise
//   data.restoring/ a database that is being restored from a backup; becomes data/ by a rename, likewise
//
// A folder without data/ that holds nothing else but LOCK and data.creating/ is a creation cut short: the next writer
// begins it again. One with data.restoring/ is a restore that did not end, which must not pass for an empty store, and
// one with data.salvaging/ is such a salvage.

#ifndef TALLYSTICK_LIB_STORAGE_FOLDER_H_
#define TALLYSTICK_LIB_STORAGE_FOLDER_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tallystick::storage {

enum class FolderState {
  kAbsent,      // no such folder
  kEmpty,       // a folder with nothing in it: perhaps the beginning of a creation
  kUnfinished,  // a creation was cut short
  kRestoring,   // a restore is under way, or did not end
  kSalvaging,   // a salvage into it is under way, or did not end
  kComplete,    // a store
};

// FAILED_PRECONDITION when `path` is no folder, or one that holds something else.
absl::StatusOr<FolderState> InspectFolder(const std::string& path);

// Whether `path` is the folder, or lies in it, whatever links lead there. Neither need exist.
bool LiesIn(const std::string& path, const std::string& folder);

// The right to write to a store, or to a folder of backups or to read one, until the object is gone.
class FolderLock {
 public:
  // Makes the folder when it is absent (its parent must exist) and locks it. UNAVAILABLE, naming the process, when
  // another one, or this one through another store object, holds it.
  static absl::StatusOr<std::unique_ptr<FolderLock>> Acquire(const std::string& path);

  // Keeps writers of the store out while the object lives, and changes nothing. UNAVAILABLE when there is one. Null
  // where nobody has ever written.
  static absl::StatusOr<std::unique_ptr<FolderLock>> AcquireToRead(const std::string& path);
  // The same for a folder of backups. UNAVAILABLE when anybody writes to it or reads it.
  static absl::StatusOr<std::unique_ptr<FolderLock>> AcquireBackups(const std::string& path);
  // For reading them, which needs no right to write. Null where there is nothing to lock, as in a copy of the folder.
  static absl::StatusOr<std::unique_ptr<FolderLock>> ShareBackups(const std::string& path);

  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int file) : file_(file) {}
  // Makes the folder and locks it; `in_use` is what an error says, or nothing, which is that a store is open.
  static absl::StatusOr<std::unique_ptr<FolderLock>> Take(const std::string& path, std::string_view in_use);
  // The lock of those who read.
  static absl::StatusOr<std::unique_ptr<FolderLock>> Share(const std::string& path, std::string_view in_use);
  int file_;
};

std::string DataPath(const std::string& path);

// Where a bulk write makes its table files. The folder is there after ClearLoading().
std::string LoadingPath(const std::string& path);

// Makes data.loading/ an empty folder. The caller holds the lock.
absl::Status ClearLoading(const std::string& path);
// Takes data.loading/ away.
absl::Status RemoveLoading(const std::string& path);

// Where the state is that a backup is made of.
std::string FrozenPath(const std::string& path);
// Takes it away.
absl::Status RemoveFrozen(const std::string& path);

// Makes data/: `make` fills a folder whose path it is given, and leaves everything in it synced. The caller holds the
// lock. A crash at any moment leaves either a complete store or an unfinished one.
absl::Status CreateData(const std::string& path, const std::function<absl::Status(const std::string&)>& make);
// To be called before the lock of a folder is taken into which a restore goes: an absent or empty one is kRestoring
// afterwards, and at no moment, whatever happens, a new one that is not. An absent folder is made as
// `path`.data.restoring and renamed. What it makes means nothing where another process makes a store first.
absl::Status PrepareRestore(const std::string& path);
// The same as CreateData() for what is restored: a crash, or a failure, leaves a folder that is kRestoring.
absl::Status RestoreData(const std::string& path, const std::function<absl::Status(const std::string&)>& make);

// The same two for a salvage: `make` makes a store, closed and synced, in the folder whose path it is given, and its
// data/ becomes that of the folder. Until then that is kSalvaging.
absl::Status PrepareSalvage(const std::string& path);
absl::Status SalvageData(const std::string& path, const std::function<absl::Status(const std::string&)>& make);

// Makes sure that the folder and its data/ are still found after a power cut. Whoever made them may have died before
// that, so a writer does it before its first acknowledgement. Two fsyncs.
absl::Status SyncPlace(const std::string& path);

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_FOLDER_H_
