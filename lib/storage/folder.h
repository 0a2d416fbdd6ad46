// The folder of a store: what stands in it, who may write, and how a store comes to be.
//
//   LOCK            held (flock) by the process that writes; its text is that process's id, for people
//   data/           the database
//   data.creating/  a database that is being made; becomes data/ by a rename, which is the commit point of the creation
//   data.loading/   table files that a bulk write is making; they mean nothing once nobody has the store open
//   data.salvaging/ what a salvage into this store has gathered; means nothing afterwards
//
// A folder without data/ that holds nothing else but these is a creation cut short: the next writer begins it again.

#ifndef TALLYSTICK_LIB_STORAGE_FOLDER_H_
#define TALLYSTICK_LIB_STORAGE_FOLDER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tallystick::storage {

enum class FolderState {
  kAbsent,      // no such folder
  kEmpty,       // a folder with nothing in it: perhaps the beginning of a creation
  kUnfinished,  // a creation was cut short
  kComplete,    // a store
};

// FAILED_PRECONDITION when `path` is no folder, or one that holds something else.
absl::StatusOr<FolderState> InspectFolder(const std::string& path);

// The right to write to a store, until the object is gone.
class FolderLock {
 public:
  // Makes the folder when it is absent (its parent must exist) and locks it. UNAVAILABLE, naming the process, when
  // another one, or this one through another store object, holds it.
  static absl::StatusOr<std::unique_ptr<FolderLock>> Acquire(const std::string& path);

  // Keeps writers out while the object lives, and changes nothing. UNAVAILABLE when there is one.
  static absl::StatusOr<std::unique_ptr<FolderLock>> AcquireToRead(const std::string& path);

  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int file) : file_(file) {}
  int file_;
};

std::string DataPath(const std::string& path);

// Where a bulk write makes its table files. The folder is there after ClearLoading().
std::string LoadingPath(const std::string& path);

std::string SalvagingPath(const std::string& path);

// Makes data.loading/ an empty folder. The caller holds the lock.
absl::Status ClearLoading(const std::string& path);
// Takes data.loading/ away.
absl::Status RemoveLoading(const std::string& path);

// Makes data/: `make` fills a folder whose path it is given, and leaves everything in it synced. The caller holds the
// lock. A crash at any moment leaves either a complete store or an unfinished one.
absl::Status CreateData(const std::string& path, const std::function<absl::Status(const std::string&)>& make);

// Makes sure that the folder and its data/ are still found after a power cut. Whoever made them may have died before
// that, so a writer does it before its first acknowledgement. Two fsyncs.
absl::Status SyncPlace(const std::string& path);

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_FOLDER_H_
