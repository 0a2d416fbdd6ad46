// The files of backups: RocksDB's BackupEngine, with what it leaves to others.
//
// It copies a database's files into a folder that it shares with other backups: each backup has a list of its files
// with their checksums (meta/N), a folder of its own for those that change (private/N), and table files by an id that
// no two of them share (shared_checksum), which are copied once. What it leaves to others: it takes every list that it
// finds for a backup, and a damaged one can end the process; it does not check whether what it copies is sound.

#ifndef TALLYSTICK_LIB_STORAGE_BACKUP_FILES_H_
#define TALLYSTICK_LIB_STORAGE_BACKUP_FILES_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/storage/database.h"

namespace tallystick::storage {

// Whether a name is a number in decimal, as backups have them.
bool IsBackupNumber(std::string_view name);

// Where the list of a backup's files is: the last of them that is written.
std::string FileListPath(const std::string& folder, std::uint32_t id);

// To add backups to a folder, and remove some. Not thread-safe.
class BackupFiles {
 public:
  // `ids` are the backups of the folder, whose lists of files are sound. What belongs to none of them is removed.
  // FAILED_PRECONDITION: something is there that no backup can have made, and is left as it is, like everything else.
  static absl::StatusOr<std::unique_ptr<BackupFiles>> Open(const std::string& folder,
                                                           const std::set<std::uint32_t>& ids);
  ~BackupFiles();

  struct Copied {
    std::uint32_t id = 0;
    std::uint64_t bytes = 0;
    std::uint64_t new_bytes = 0;  // of files that no other backup had
  };
  // Copies a database that was opened as `unchanging`, and reads back what was copied. All of it is on stable storage
  // then. `progress` is told how many bytes of how many are done, and ends it with CANCELLED. DATA_LOSS: a file is
  // damaged, the copy or already the database's own. RESOURCE_EXHAUSTED, with nothing copied: the disk has no room for
  // it beside `reserve` bytes.
  absl::StatusOr<Copied> Copy(const Database& database, std::uint64_t reserve,
                              const std::function<bool(std::uint64_t, std::uint64_t)>& progress);

  absl::Status Remove(std::uint32_t id);

 private:
  struct Impl;
  explicit BackupFiles(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Compares all files of a backup with their checksums. DATA_LOSS names the first that differs or is missing.
absl::Status VerifyBackupFiles(const std::string& folder, std::uint32_t id);

// Copies them into the folder `to`, checked and on stable storage. DATA_LOSS as before.
absl::Status RestoreBackupFiles(const std::string& folder, std::uint32_t id, const std::string& to);

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_BACKUP_FILES_H_
