#include "lib/storage/backup_folder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "lib/base/digest.h"
#include "lib/base/status_macros.h"
#include "lib/encoding/meta_rows.h"
#include "lib/storage/files.h"
#include "lib/storage/meta.h"

namespace tallystick::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRecordsName = "backups";

std::string RecordsPath(const std::string& folder) { return folder + "/" + std::string(kRecordsName); }
std::string RecordPath(const std::string& folder, std::uint32_t id) {
  return RecordsPath(folder) + "/" + std::to_string(id);
}

// Names of a folder of backups, but for the records'.
constexpr std::array<std::string_view, 5> kNames = {"LOCK", "meta", "private", "shared", "shared_checksum"};

absl::Status Foreign(const std::string& path, const std::string& name) {
  return absl::FailedPreconditionError(path + ": is no folder of backups, and holds something else: '" + name + "'");
}

// FAILED_PRECONDITION when anything is there but records, whole or half-written.
absl::Status CheckRecordNames(const std::string& path) {
  std::error_code error;
  for (fs::directory_iterator entry(RecordsPath(path), error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const std::string_view number =
        std::string_view(name).substr(0, name.ends_with(".tmp") ? name.size() - 4 : name.size());
    if (!IsBackupNumber(number)) return Foreign(path, std::string(kRecordsName) + "/" + name);
  }
  return error ? FileError(RecordsPath(path), "cannot list", error) : absl::OkStatus();
}

// NOT_FOUND when there is no such folder, FAILED_PRECONDITION when it is something else: what is no backup's is removed
// from a folder of backups, so nobody else's may be taken for one.
absl::Status CheckFolder(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return absl::NotFoundError(path + ": there is no such folder");
  if (error) return FileError(path, "cannot look", error);
  if (status.type() != fs::file_type::directory) return absl::FailedPreconditionError(path + ": is not a folder");
  bool has_records = false;
  std::string known;  // a name that only folders of backups have, where there are records
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name == kRecordsName) {
      std::error_code unknown;
      if (!entry->is_directory(unknown)) return Foreign(path, name);
      has_records = true;
    } else if (std::find(kNames.begin(), kNames.end(), name) == kNames.end()) {
      return Foreign(path, name);
    } else if (name != "LOCK") {
      known = name;
    }
  }
  if (error) return FileError(path, "cannot list", error);
  if (has_records) return CheckRecordNames(path);
  return known.empty() ? absl::OkStatus() : Foreign(path, known);
}

// Of all records, in order, whatever is in them.
absl::StatusOr<std::vector<std::uint32_t>> ListIds(const std::string& folder) {
  std::vector<std::uint32_t> ids;
  std::error_code error;
  for (fs::directory_iterator entry(RecordsPath(folder), error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::uint32_t id = 0;
    std::from_chars(name.data(), name.data() + name.size(), id);
    if (id > 0 && std::to_string(id) == name) ids.push_back(id);  // anything else: one that was being written
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return FileError(RecordsPath(folder), "cannot list", error);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

// DATA_LOSS names the file. NOT_FOUND: there is none, as the backup was removed.
absl::StatusOr<BackupRecord> ReadRecord(const std::string& folder, std::uint32_t id) {
  const std::string path = RecordPath(folder, id);
  TALLYSTICK_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  absl::StatusOr<BackupRecord> record = BackupRecord::Decode(text);
  if (!record.ok()) {
    return absl::Status(record.status().code(), path + ": " + std::string(record.status().message()));
  }
  if (record->info.id != id) return absl::DataLossError(path + ": is the record of another backup");
  return record;
}

// RocksDB takes what it finds there as it is.
absl::Status CheckFileList(const std::string& folder, const BackupRecord& record) {
  const std::string path = FileListPath(folder, record.info.id);
  const absl::StatusOr<std::string> list = ReadFile(path);
  if (absl::IsNotFound(list.status())) return absl::DataLossError(list.status().message());
  TALLYSTICK_RETURN_IF_ERROR(list.status());
  if (Digest(*list) == record.files_digest) return absl::OkStatus();
  return absl::DataLossError(path + ": is damaged: its digest is not that of the backup's record");
}

}  // namespace

// --- Adding ---

absl::StatusOr<std::unique_ptr<BackupFolder>> BackupFolder::Open(const std::string& path, const Uuid& store) {
  if (const absl::Status status = CheckFolder(path); !status.ok() && !absl::IsNotFound(status)) return status;
  TALLYSTICK_ASSIGN_OR_RETURN(std::unique_ptr<FolderLock> lock, FolderLock::AcquireBackups(path));
  std::unique_ptr<BackupFolder> folder(new BackupFolder(path, std::move(lock)));
  std::error_code error;
  fs::create_directory(RecordsPath(path), error);
  if (error) return FileError(RecordsPath(path), "cannot make the folder", error);
  TALLYSTICK_RETURN_IF_ERROR(SyncPlace(path));

  TALLYSTICK_ASSIGN_OR_RETURN(folder->ids_, ListIds(path));
  for (const std::uint32_t id : folder->ids_) {
    TALLYSTICK_ASSIGN_OR_RETURN(const BackupRecord record, ReadRecord(path, id));
    if (record.info.store != store) {
      return absl::FailedPreconditionError(path + ": holds backups of another store, " + record.info.store.ToString() +
                                           "; this one is " + store.ToString());
    }
    TALLYSTICK_RETURN_IF_ERROR(CheckFileList(path, record));
  }
  TALLYSTICK_ASSIGN_OR_RETURN(folder->files_,
                              BackupFiles::Open(path, std::set(folder->ids_.begin(), folder->ids_.end())));
  return folder;
}

absl::StatusOr<BackupInfo> BackupFolder::Add(const Database& database, absl::Time taken, const BackupOptions& options,
                                             std::uint64_t reserve) {
  TALLYSTICK_ASSIGN_OR_RETURN(const Identity identity, ReadIdentity(database));
  TALLYSTICK_ASSIGN_OR_RETURN(const CommitPosition position, ReadPosition(database, nullptr));
  TALLYSTICK_ASSIGN_OR_RETURN(const BackupFiles::Copied copied, files_->Copy(database, reserve, options.progress));
  if (options.verify) TALLYSTICK_RETURN_IF_ERROR(VerifyBackupFiles(path_, copied.id));
  TALLYSTICK_ASSIGN_OR_RETURN(const std::string list, ReadFile(FileListPath(path_, copied.id)));
  const BackupRecord record{.info = {.id = copied.id,
                                     .taken = taken,
                                     .store = identity.store_id,
                                     .history = identity.history,
                                     .last_sequence = position.sequence,
                                     .bytes = copied.bytes,
                                     .copied_bytes = copied.new_bytes},
                            .format_version = kFormatVersion,
                            .files_digest = Digest(list)};
  TALLYSTICK_RETURN_IF_ERROR(WriteFileAtOnce(RecordPath(path_, copied.id), record.Encode()));
  ids_.push_back(copied.id);
  return record.info;
}

absl::Status BackupFolder::Keep(std::uint32_t count) {
  for (; ids_.size() > count; ids_.erase(ids_.begin())) {
    const std::uint32_t id = ids_.front();
    // It is no backup any more before anything of it goes.
    const std::string path = RecordPath(path_, id);
    std::error_code error;
    fs::remove(path, error);
    if (error) return FileError(path, "cannot remove", error);
    TALLYSTICK_RETURN_IF_ERROR(SyncPath(RecordsPath(path_)));
    TALLYSTICK_RETURN_IF_ERROR(files_->Remove(id));
  }
  return absl::OkStatus();
}

// --- Reading ---

absl::StatusOr<std::unique_ptr<StoredBackup>> StoredBackup::Open(const std::string& folder,
                                                                 std::optional<std::uint32_t> id) {
  TALLYSTICK_RETURN_IF_ERROR(CheckFolder(folder));
  TALLYSTICK_ASSIGN_OR_RETURN(std::unique_ptr<FolderLock> lock, FolderLock::ShareBackups(folder));
  std::unique_ptr<StoredBackup> backup(new StoredBackup(folder, std::move(lock)));
  TALLYSTICK_ASSIGN_OR_RETURN(const std::vector<std::uint32_t> ids, ListIds(folder));
  if (ids.empty()) return absl::NotFoundError(folder + ": there is no backup");
  if (!id.has_value()) id = ids.back();
  if (!std::binary_search(ids.begin(), ids.end(), *id)) {
    return absl::NotFoundError(folder + ": there is no backup " + std::to_string(*id));
  }
  TALLYSTICK_ASSIGN_OR_RETURN(backup->record_, ReadRecord(folder, *id));
  TALLYSTICK_RETURN_IF_ERROR(CheckFileList(folder, backup->record_));
  return backup;
}

absl::StatusOr<std::vector<BackupInfo>> ListBackupFolder(const std::string& path) {
  TALLYSTICK_RETURN_IF_ERROR(CheckFolder(path));
  TALLYSTICK_ASSIGN_OR_RETURN(const std::vector<std::uint32_t> ids, ListIds(path));
  std::vector<BackupInfo> backups;
  for (const std::uint32_t id : ids) {
    const absl::StatusOr<BackupRecord> record = ReadRecord(path, id);
    if (absl::IsNotFound(record.status())) continue;  // it was removed meanwhile
    absl::Status status = record.ok() ? CheckFileList(path, *record) : record.status();
    // The list goes behind the record.
    if (!status.ok() && !fs::exists(RecordPath(path, id))) continue;
    backups.push_back(record.ok() ? record->info : BackupInfo{.id = id});
    backups.back().status = std::move(status);
  }
  return backups;
}

}  // namespace tallystick::storage
