#include "lib/storage/backup_files.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/storage/database_impl.h"
#include "lib/storage/files.h"
#include "lib/storage/rocksdb_events.h"
#include "lib/storage/rocksdb_options.h"
#include "lib/storage/space_reserve.h"
#include "lib/storage/status.h"
#include "lib/storage/sync_guard.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "rocksdb/file_system.h"
#include "rocksdb/sst_file_reader.h"
#include "rocksdb/utilities/backup_engine.h"

namespace tallystick::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLists = "/meta";
constexpr std::string_view kOwnFiles = "/private";

// Shows the lists of some backups alone.
class ListedFiles : public rocksdb::FileSystemWrapper {
 public:
  explicit ListedFiles(std::set<std::uint32_t> ids)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), ids_(std::move(ids)) {}

  const char* Name() const override { return "tallystick.ListedFiles"; }
  rocksdb::IOStatus GetChildren(const std::string& folder, const rocksdb::IOOptions& options,
                                std::vector<std::string>* names, rocksdb::IODebugContext* context) override {
    rocksdb::IOStatus status = target()->GetChildren(folder, options, names, context);
    std::string_view path = folder;
    while (path.ends_with('/')) path.remove_suffix(1);
    if (status.ok() && path.ends_with(kLists)) {
      std::erase_if(*names, [this](const std::string& name) {
        return std::none_of(ids_.begin(), ids_.end(), [&name](std::uint32_t id) { return std::to_string(id) == name; });
      });
    }
    return status;
  }

 private:
  const std::set<std::uint32_t> ids_;
};

// How often progress is told of.
constexpr std::uint64_t kProgressBytes = 1024 * 1024;

// The engine's way to open a backup takes paths apart, and only these.
std::string AbsolutePath(const std::string& folder) {
  std::string path = fs::absolute(folder).lexically_normal().string();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

rocksdb::BackupEngineOptions EngineOptions(const std::string& folder, rocksdb::Env* env) {
  // Its defaults, which matter here: table files are shared by their session's id and size, and everything is synced.
  rocksdb::BackupEngineOptions options(AbsolutePath(folder), env);
  options.callback_trigger_interval_size = kProgressBytes;
  return options;
}

// What reads one backup, whatever the others are like.
class Reader {
 public:
  static absl::StatusOr<std::unique_ptr<Reader>> Open(const std::string& folder, std::uint32_t id) {
    std::unique_ptr<Reader> reader(new Reader(id));
    rocksdb::BackupEngineReadOnly* engine = nullptr;
    const rocksdb::Status status = rocksdb::BackupEngineReadOnly::Open(EngineOptions(folder, reader->env_.get()),
                                                                       rocksdb::Env::Default(), &engine);
    reader->engine_.reset(engine);
    TALLYSTICK_RETURN_IF_ERROR(FromRocksDb(status, folder + ": cannot read the backups"));
    return reader;
  }
  const rocksdb::BackupEngineReadOnly& engine() const { return *engine_; }

 private:
  explicit Reader(std::uint32_t id)
      : env_(rocksdb::NewCompositeEnv(std::make_shared<ListedFiles>(std::set<std::uint32_t>{id}))) {}

  const std::unique_ptr<rocksdb::Env> env_;  // outlives the engine
  std::unique_ptr<rocksdb::BackupEngineReadOnly> engine_;
};

// Of a backup that is there as far as its record goes: what is not found is lost.
absl::Status Reading(const rocksdb::Status& status, const std::string& folder, std::uint32_t id) {
  absl::Status reading = FromRocksDb(status, folder + ": cannot read backup " + std::to_string(id));
  if (absl::IsNotFound(reading)) return absl::DataLossError(reading.message());
  return reading;
}

absl::Status Verify(const Reader& reader, const std::string& folder, std::uint32_t id) {
  constexpr bool kWithChecksums = true;
  return Reading(reader.engine().VerifyBackup(id, kWithChecksums), folder, id);
}

// What the names of a table file have in common in a backup, "shared_checksum/000012_sSESSION_4711.sst", and in a
// database, where it is "/000012.sst": its number, to which its size is added.
std::string NumberAndSize(std::string_view name, std::uint64_t size) {
  name.remove_prefix(name.rfind('/') + 1);
  return std::string(name.substr(0, name.find_first_of("_."))) + " " + std::to_string(size);
}

// Of a list, whole or half-made, as the engine names it.
bool IsListName(std::string_view name) {
  if (!name.starts_with('.') || !name.ends_with(".tmp")) return IsBackupNumber(name);
  return IsBackupNumber(name.substr(1, name.size() - 5));
}

absl::Status Foreign(const std::string& path) {
  return absl::FailedPreconditionError(path + ": is not of a backup, and is left alone");
}

// All lists in a folder. FAILED_PRECONDITION when there is anything else among them, or beside the files of each
// backup: all that is no backup's is going to be removed.
absl::StatusOr<std::vector<std::string>> FindLists(const std::string& folder) {
  std::vector<std::string> lists;
  std::error_code error;
  const std::string lists_path = folder + std::string(kLists);
  for (fs::directory_iterator entry(lists_path, error), end; !error && entry != end; entry.increment(error)) {
    const std::string path = entry->path().string();
    std::error_code unknown;
    if (!IsListName(entry->path().filename().string()) || entry->is_symlink(unknown) ||
        !entry->is_regular_file(unknown)) {
      return Foreign(path);
    }
    lists.push_back(path);
  }
  if (error && error != std::errc::no_such_file_or_directory) return FileError(lists_path, "cannot list", error);
  const std::string own_path = folder + std::string(kOwnFiles);
  for (fs::directory_iterator entry(own_path, error), end; !error && entry != end; entry.increment(error)) {
    if (!IsBackupNumber(entry->path().filename().string())) return Foreign(entry->path().string());
  }
  if (error && error != std::errc::no_such_file_or_directory) return FileError(own_path, "cannot list", error);
  return lists;
}

bool IsTableFile(std::string_view name) { return name.ends_with(".sst"); }

}  // namespace

bool IsBackupNumber(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string FileListPath(const std::string& folder, std::uint32_t id) {
  return folder + std::string(kLists) + "/" + std::to_string(id);
}

struct BackupFiles::Impl {
  explicit Impl(std::string path, const std::set<std::uint32_t>& ids)
      : folder(std::move(path)), env(rocksdb::NewCompositeEnv(std::make_shared<ListedFiles>(ids))) {}

  // The files of all backups, and their sizes, by their names in the folder.
  std::map<std::string, std::uint64_t> Known() const;
  absl::Status CheckOpening(const rocksdb::BackupInfo& backup) const;

  const std::string folder;
  const std::unique_ptr<rocksdb::Env> env;  // outlives the engine
  std::unique_ptr<rocksdb::BackupEngine> engine;
};

BackupFiles::BackupFiles(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BackupFiles::~BackupFiles() = default;

absl::StatusOr<std::unique_ptr<BackupFiles>> BackupFiles::Open(const std::string& folder,
                                                               const std::set<std::uint32_t>& ids) {
  // RocksDB leaves lists alone, and then takes them for backups.
  TALLYSTICK_ASSIGN_OR_RETURN(const std::vector<std::string> lists, FindLists(folder));
  for (const std::string& path : lists) {
    if (std::any_of(ids.begin(), ids.end(), [&](std::uint32_t id) { return path == FileListPath(folder, id); })) {
      continue;
    }
    std::error_code error;
    fs::remove(path, error);
    if (error) return FileError(path, "cannot remove", error);
  }

  auto impl = std::make_unique<Impl>(folder, ids);
  rocksdb::BackupEngine* engine = nullptr;
  rocksdb::Status status =
      rocksdb::BackupEngine::Open(EngineOptions(folder, impl->env.get()), rocksdb::Env::Default(), &engine);
  impl->engine.reset(engine);
  TALLYSTICK_RETURN_IF_ERROR(FromRocksDb(status, folder + ": cannot open the backups"));
  // A backup whose files it misses would not be known to it, and all of its files would be removed as nobody's.
  for (const std::uint32_t id : ids) {
    rocksdb::BackupInfo backup;
    TALLYSTICK_RETURN_IF_ERROR(Reading(impl->engine->GetBackupInfo(id, &backup), folder, id));
  }
  status = impl->engine->GarbageCollect();
  TALLYSTICK_RETURN_IF_ERROR(FromRocksDb(status, folder + ": cannot remove what is of no backup"));
  return std::unique_ptr<BackupFiles>(new BackupFiles(std::move(impl)));
}

std::map<std::string, std::uint64_t> BackupFiles::Impl::Known() const {
  constexpr bool kWithFiles = true;
  std::vector<rocksdb::BackupInfo> backups;
  engine->GetBackupInfo(&backups, kWithFiles);
  std::map<std::string, std::uint64_t> known;
  for (const rocksdb::BackupInfo& backup : backups) {
    for (const rocksdb::BackupFileInfo& file : backup.file_details) known.emplace(file.relative_filename, file.size);
  }
  return known;
}

// The small files that table files hang on are read as an opening reads them.
absl::Status BackupFiles::Impl::CheckOpening(const rocksdb::BackupInfo& backup) const {
  constexpr std::size_t kCacheBytes = 1024 * 1024;
  const RocksDbOptions setup(Profile::kEdge, kCacheBytes);
  rocksdb::DBOptions options = setup.Database();
  options.env = backup.env_for_open.get();
  options.info_log = std::make_shared<ForwardingLogger>(DatabaseEvents());
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const Family family : kAllFamilies) families.emplace_back(std::string(FamilyName(family)), setup.For(family));
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::OpenForReadOnly(options, backup.name_for_open, families, &handles, &opened);
  const std::unique_ptr<rocksdb::DB> db(opened);
  for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  return FromRocksDb(status, folder + ": backup " + std::to_string(backup.backup_id) + " cannot be opened");
}

absl::StatusOr<BackupFiles::Copied> BackupFiles::Copy(
    const Database& database, std::uint64_t reserve,
    const std::function<bool(std::uint64_t, std::uint64_t)>& progress) {
  const std::map<std::string, std::uint64_t> before = impl_->Known();
  rocksdb::DB* const db = database.impl_->db.get();

  // About how much there is to do: new table files are copied, and then read.
  std::set<std::string> tables;
  for (const auto& [name, size] : before) {
    if (IsTableFile(name)) tables.insert(NumberAndSize(name, size));
  }
  std::vector<rocksdb::LiveFileMetaData> live;
  db->GetLiveFilesMetaData(&live);
  std::uint64_t new_bytes = 0;
  for (const rocksdb::LiveFileMetaData& file : live) {
    if (!tables.contains(NumberAndSize(file.name, file.size))) new_bytes += file.size;
  }
  TALLYSTICK_RETURN_IF_ERROR(CheckRoom(impl_->folder, new_bytes, reserve));
  const std::uint64_t total = 2 * new_bytes;
  std::uint64_t done = 0;
  bool cancelled = false;
  const auto advance = [&](std::uint64_t bytes) {
    done += bytes;
    if (progress && !cancelled) cancelled = !progress(done, std::max(done, total));
    return !cancelled;
  };
  const absl::Status cancellation = absl::CancelledError("the backup was cancelled");

  rocksdb::CreateBackupOptions options;
  options.progress_callback = [&] {
    if (!advance(kProgressBytes)) impl_->engine->StopBackup();
  };
  Copied copied;
  rocksdb::Status status = impl_->engine->CreateNewBackup(options, db, &copied.id);
  if (cancelled) return cancellation;
  TALLYSTICK_RETURN_IF_ERROR(FromRocksDb(status, impl_->folder + ": cannot copy the files"));

  constexpr bool kWithFiles = true;
  rocksdb::BackupInfo backup;
  TALLYSTICK_RETURN_IF_ERROR(
      Reading(impl_->engine->GetBackupInfo(copied.id, &backup, kWithFiles), impl_->folder, copied.id));
  copied.bytes = backup.size;
  TALLYSTICK_RETURN_IF_ERROR(impl_->CheckOpening(backup));
  for (const rocksdb::BackupFileInfo& file : backup.file_details) {
    if (before.contains(file.relative_filename)) continue;
    copied.new_bytes += file.size;
    if (!IsTableFile(file.relative_filename)) continue;
    const std::string path = impl_->folder + "/" + file.relative_filename;
    rocksdb::SstFileReader table{rocksdb::Options()};
    status = table.Open(path);
    if (status.ok()) status = table.VerifyChecksum();
    TALLYSTICK_RETURN_IF_ERROR(
        FromRocksDb(status, path + ": is damaged, or the store's file is of which it is a copy"));
    if (!advance(file.size)) return cancellation;
  }
  return copied;
}

absl::Status BackupFiles::Remove(std::uint32_t id) {
  return FromRocksDb(impl_->engine->DeleteBackup(id),
                     impl_->folder + ": cannot remove the files of backup " + std::to_string(id));
}

absl::Status VerifyBackupFiles(const std::string& folder, std::uint32_t id) {
  TALLYSTICK_ASSIGN_OR_RETURN(const std::unique_ptr<Reader> reader, Reader::Open(folder, id));
  return Verify(*reader, folder, id);
}

absl::Status RestoreBackupFiles(const std::string& folder, std::uint32_t id, const std::string& to) {
  TALLYSTICK_ASSIGN_OR_RETURN(const std::unique_ptr<Reader> reader, Reader::Open(folder, id));
  absl::Status restored = Reading(reader->engine().RestoreDBFromBackup(id, to, to), folder, id);
  // All of it is on stable storage, and there is no log: nothing has to be guarded yet.
  if (restored.ok()) return SyncGuard::Create(to).status();
  if (!absl::IsDataLoss(restored)) return restored;
  // RocksDB knows here that a checksum differs, and not of which file any more.
  absl::Status verified = Verify(*reader, folder, id);
  return verified.ok() ? restored : verified;
}

}  // namespace tallystick::storage
