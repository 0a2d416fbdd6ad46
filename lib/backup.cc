#include "tallystick/backup.h"

#include <memory>
#include <string>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/encoding/backup_record.h"
#include "lib/encoding/meta_rows.h"
#include "lib/storage/backup_folder.h"
#include "lib/storage/database.h"
#include "lib/storage/folder.h"
#include "lib/storage/meta.h"
#include "lib/storage/space_reserve.h"

namespace tallystick {
namespace {

// Makes of the files of a backup the database of a store in a new history.
absl::StatusOr<History> BeginHistory(const std::string& data_path, const BackupRecord& record) {
  TALLYSTICK_ASSIGN_OR_RETURN(const std::shared_ptr<storage::Database> database,
                              storage::Database::Open(data_path, {.profile = Profile::kEdge}));
  TALLYSTICK_ASSIGN_OR_RETURN(const storage::Identity identity, storage::ReadIdentity(*database));
  TALLYSTICK_ASSIGN_OR_RETURN(const CommitPosition position, storage::ReadPosition(*database, nullptr));
  if (identity.store_id != record.info.store || identity.history != record.info.history ||
      position.sequence != record.info.last_sequence) {
    return absl::DataLossError("the files of backup " + std::to_string(record.info.id) +
                               " are not those that its record tells of");
  }
  TALLYSTICK_ASSIGN_OR_RETURN(const storage::Identity restored, storage::RestoredIdentity(identity));
  storage::Batch batch(*database);
  storage::PutIdentity(restored, &batch);
  TALLYSTICK_RETURN_IF_ERROR(database->Write(&batch));
  TALLYSTICK_RETURN_IF_ERROR(database->Flush());
  return restored.history;
}

absl::Status RefusePresent(const std::string& path) {
  TALLYSTICK_ASSIGN_OR_RETURN(const storage::FolderState state, storage::InspectFolder(path));
  if (state != storage::FolderState::kComplete) return absl::OkStatus();
  return absl::AlreadyExistsError(path + ": the store exists");
}

}  // namespace

absl::StatusOr<std::vector<BackupInfo>> ListBackups(const std::string& folder) {
  return storage::ListBackupFolder(folder);
}

absl::Status VerifyBackup(const std::string& folder, std::uint32_t id) {
  TALLYSTICK_ASSIGN_OR_RETURN(const std::unique_ptr<storage::StoredBackup> backup,
                              storage::StoredBackup::Open(folder, id));
  return backup->Verify();
}

absl::StatusOr<BackupInfo> RestoreBackup(const std::string& folder, const std::string& path,
                                         const RestoreOptions& options) {
  if (storage::LiesIn(path, folder)) {
    return absl::InvalidArgumentError(path + ": lies in the folder of the backups");
  }
  TALLYSTICK_ASSIGN_OR_RETURN(const std::unique_ptr<storage::StoredBackup> backup,
                              storage::StoredBackup::Open(folder, options.id));
  BackupInfo info = backup->record().info;
  if (backup->record().format_version != kFormatVersion) {
    return absl::FailedPreconditionError("backup " + std::to_string(info.id) + " is of a store of format version " +
                                         std::to_string(backup->record().format_version) +
                                         "; this program reads version " + std::to_string(kFormatVersion));
  }
  TALLYSTICK_RETURN_IF_ERROR(RefusePresent(path));
  // The lock alone would make an empty store of it.
  TALLYSTICK_RETURN_IF_ERROR(storage::PrepareRestore(path));
  TALLYSTICK_ASSIGN_OR_RETURN(const std::unique_ptr<storage::FolderLock> lock, storage::FolderLock::Acquire(path));
  TALLYSTICK_RETURN_IF_ERROR(RefusePresent(path));
  TALLYSTICK_RETURN_IF_ERROR(storage::CheckRoom(path, info.bytes, 0));
  TALLYSTICK_RETURN_IF_ERROR(storage::RestoreData(path, [&](const std::string& data_path) -> absl::Status {
    TALLYSTICK_RETURN_IF_ERROR(backup->Restore(data_path));
    TALLYSTICK_ASSIGN_OR_RETURN(info.history, BeginHistory(data_path, backup->record()));
    return absl::OkStatus();
  }));
  return info;
}

}  // namespace tallystick
