// A folder of backups, as docs/FORMAT.md specifies it.
//
//   LOCK        held (flock): alone by who adds or removes backups, shared by who reads one
//   backups/N   the record of backup N (lib/encoding/backup_record.h); its presence is what makes it a backup
//   meta/  private/  shared_checksum/    the files themselves (backup_files.h)
//
// Files of no backup are those of one that was cut short, or of one that was removed; the next that is added removes
// them. A folder without backups/ that holds nothing else but LOCK has no backups yet.

#ifndef TALLYSTICK_LIB_STORAGE_BACKUP_FOLDER_H_
#define TALLYSTICK_LIB_STORAGE_BACKUP_FOLDER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/encoding/backup_record.h"
#include "lib/storage/backup_files.h"
#include "lib/storage/database.h"
#include "lib/storage/folder.h"
#include "tallystick/backup.h"
#include "tallystick/uuid.h"

namespace tallystick::storage {

// The right to add backups of one store to a folder and to remove some. Not thread-safe.
class BackupFolder {
 public:
  // Makes the folder when it is absent (its parent must exist). UNAVAILABLE: somebody else has it open.
  // FAILED_PRECONDITION: it holds something else, another store's backups, or such as a later version made. DATA_LOSS:
  // the record of a backup, or the list of its files, is damaged.
  static absl::StatusOr<std::unique_ptr<BackupFolder>> Open(const std::string& path, const Uuid& store);

  // Adds a backup of a database that was opened as `unchanging`. It counts when this returns, and is on stable storage.
  // RESOURCE_EXHAUSTED, with nothing copied: the disk has no room for it beside `reserve` bytes.
  absl::StatusOr<BackupInfo> Add(const Database& database, absl::Time taken, const BackupOptions& options,
                                 std::uint64_t reserve);

  // Removes all but the newest ones.
  absl::Status Keep(std::uint32_t count);

 private:
  BackupFolder(std::string path, std::unique_ptr<FolderLock> lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  const std::string path_;
  const std::unique_ptr<FolderLock> lock_;
  std::vector<std::uint32_t> ids_;  // in order
  std::unique_ptr<BackupFiles> files_;
};

// One backup, to be read; nobody removes it meanwhile.
class StoredBackup {
 public:
  // The newest without `id`. NOT_FOUND: there is none. UNAVAILABLE: backups are being added or removed. DATA_LOSS: its
  // record, or the list of its files, is damaged. FAILED_PRECONDITION: the folder holds something else, or a later
  // version made the backup.
  static absl::StatusOr<std::unique_ptr<StoredBackup>> Open(const std::string& folder, std::optional<std::uint32_t> id);

  const BackupRecord& record() const { return record_; }

  absl::Status Verify() const { return VerifyBackupFiles(folder_, record_.info.id); }
  absl::Status Restore(const std::string& to) const { return RestoreBackupFiles(folder_, record_.info.id, to); }

 private:
  StoredBackup(std::string folder, std::unique_ptr<FolderLock> lock)
      : folder_(std::move(folder)), lock_(std::move(lock)) {}

  const std::string folder_;
  const std::unique_ptr<FolderLock> lock_;
  BackupRecord record_;
};

// See tallystick::ListBackups().
absl::StatusOr<std::vector<BackupInfo>> ListBackupFolder(const std::string& path);

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_BACKUP_FOLDER_H_
