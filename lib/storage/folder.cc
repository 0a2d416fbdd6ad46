#include "lib/storage/folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "lib/base/status_macros.h"
#include "lib/storage/files.h"

namespace tallystick::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLockName = "LOCK";
constexpr std::string_view kDataName = "data";
constexpr std::string_view kCreatingName = "data.creating";
constexpr std::string_view kLoadingName = "data.loading";
constexpr std::string_view kSalvagingName = "data.salvaging";
constexpr std::string_view kFrozenName = "data.frozen";
constexpr std::string_view kRestoringName = "data.restoring";

std::string Join(const std::string& path, std::string_view name) { return path + "/" + std::string(name); }

// The process id that the lock file names, for a message; "another process" when it does not read as one.
std::string HolderOf(int file) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(file, text.data(), text.size(), 0);
  std::string digits;
  for (ssize_t i = 0; i < size && text[static_cast<std::size_t>(i)] >= '0' && text[static_cast<std::size_t>(i)] <= '9';
       ++i) {
    digits.push_back(text[static_cast<std::size_t>(i)]);
  }
  if (digits.empty()) return "another process";
  if (digits == std::to_string(::getpid())) return "this process (" + digits + ")";
  return "process " + digits;
}

absl::Status RemoveAll(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  return error ? FileError(path, "cannot remove", error) : absl::OkStatus();
}

absl::Status RemoveContents(const std::string& path) {
  std::error_code error;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    TALLYSTICK_RETURN_IF_ERROR(RemoveAll(entry->path().string()));
  }
  return error ? FileError(path, "cannot list", error) : absl::OkStatus();
}

absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  fs::create_directory(path, error);
  return error ? FileError(path, "cannot make the folder", error) : absl::OkStatus();
}

// Makes a folder with an entry `name` at once: at no moment is it there without.
absl::Status MakeFolderWith(const std::string& path, std::string_view name) {
  std::string made = path;
  while (made.size() > 1 && made.ends_with('/')) made.pop_back();
  const std::string place = made;
  made += "." + std::string(name);
  // Of one that was cut short; whatever else has that name stays.
  ::rmdir(Join(made, name).c_str());
  ::rmdir(made.c_str());
  if (::mkdir(made.c_str(), 0777) != 0) return LastFileError(made, "cannot make the folder");
  TALLYSTICK_RETURN_IF_ERROR(MakeFolder(Join(made, name)));
  TALLYSTICK_RETURN_IF_ERROR(SyncPath(made));
  if (::rename(made.c_str(), place.c_str()) == 0) return absl::OkStatus();
  const int error = errno;
  ::rmdir(Join(made, name).c_str());
  ::rmdir(made.c_str());
  // Somebody else has made the folder meanwhile.
  if (error == EEXIST || error == ENOTEMPTY) return MakeFolder(Join(place, name));
  return FileError(made, "cannot rename", std::error_code(error, std::generic_category()));
}

// A folder of nobody's store comes to be one with an entry `name`.
absl::Status Prepare(const std::string& path, std::string_view name) {
  TALLYSTICK_ASSIGN_OR_RETURN(const FolderState state, InspectFolder(path));
  if (state == FolderState::kAbsent) {
    TALLYSTICK_RETURN_IF_ERROR(MakeFolderWith(path, name));
  } else if (state == FolderState::kEmpty) {
    TALLYSTICK_RETURN_IF_ERROR(MakeFolder(Join(path, name)));
  } else {
    return absl::OkStatus();
  }
  return SyncPlace(path);
}

// Makes an empty folder `made` in the folder `path`. At no moment is it gone when it was there: the folder would read
// as an empty store.
absl::Status Begin(const std::string& made, const std::string& path) {
  TALLYSTICK_RETURN_IF_ERROR(MakeFolder(made));
  TALLYSTICK_RETURN_IF_ERROR(SyncPlace(path));
  TALLYSTICK_RETURN_IF_ERROR(RemoveContents(made));
  return RemoveAll(Join(path, kCreatingName));
}

// The commit point of a creation, of a restore and of a salvage.
absl::Status Commit(const std::string& made, const std::string& path) {
  TALLYSTICK_RETURN_IF_ERROR(SyncPath(made));
  std::error_code error;
  fs::rename(made, DataPath(path), error);
  if (error) return FileError(made, "cannot rename", error);
  return SyncPlace(path);
}

}  // namespace

absl::StatusOr<FolderState> InspectFolder(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return FolderState::kAbsent;
  if (error) return FileError(path, "cannot look", error);
  if (status.type() != fs::file_type::directory) return absl::FailedPreconditionError(path + ": is not a folder");

  bool empty = true;
  bool complete = false;
  bool restoring = false;
  bool salvaging = false;
  std::string foreign;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    empty = false;
    const std::string name = entry->path().filename().string();
    if (name == kDataName) {
      complete = true;
    } else if (name == kRestoringName) {
      restoring = true;
    } else if (name == kSalvagingName) {
      salvaging = true;
    } else if (name != kLockName && name != kCreatingName) {
      foreign = name;
    }
  }
  if (error) return FileError(path, "cannot list", error);
  if (complete) return FolderState::kComplete;
  if (!foreign.empty()) {
    return absl::FailedPreconditionError(path + ": is not a store, and holds something else: '" + foreign + "'");
  }
  if (restoring) return FolderState::kRestoring;
  if (salvaging) return FolderState::kSalvaging;
  return empty ? FolderState::kEmpty : FolderState::kUnfinished;
}

bool LiesIn(const std::string& path, const std::string& folder) {
  std::error_code error;
  const fs::path inner = fs::weakly_canonical(fs::absolute(path), error) / "";
  if (error) return false;
  const fs::path outer = fs::weakly_canonical(fs::absolute(folder), error) / "";
  return !error && inner.native().starts_with(outer.native());
}

absl::StatusOr<std::unique_ptr<FolderLock>> FolderLock::Take(const std::string& path, std::string_view in_use) {
  if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) return LastFileError(path, "cannot make the folder");
  const std::string lock_path = Join(path, kLockName);
  const int file = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0) return LastFileError(lock_path, "cannot open");
  // Closes the file on every way out.
  std::unique_ptr<FolderLock> lock(new FolderLock(file));
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return LastFileError(lock_path, "cannot lock");
    if (!in_use.empty()) return absl::UnavailableError(path + ": " + std::string(in_use));
    return absl::UnavailableError(path + ": the store is open for writing in " + HolderOf(file));
  }
  const std::string holder = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file, 0) != 0 || ::pwrite(file, holder.data(), holder.size(), 0) < 0) {
    return LastFileError(lock_path, "cannot write");
  }
  return lock;
}

absl::StatusOr<std::unique_ptr<FolderLock>> FolderLock::Acquire(const std::string& path) { return Take(path, ""); }

absl::StatusOr<std::unique_ptr<FolderLock>> FolderLock::AcquireBackups(const std::string& path) {
  return Take(path, "another backup is being made here, or one is being read");
}

absl::StatusOr<std::unique_ptr<FolderLock>> FolderLock::Share(const std::string& path, std::string_view in_use) {
  const std::string lock_path = Join(path, kLockName);
  const int file = ::open(lock_path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT)
    return std::unique_ptr<FolderLock>();  // nobody writes: whoever did would have made it
  if (file < 0) return LastFileError(lock_path, "cannot open");
  std::unique_ptr<FolderLock> lock(new FolderLock(file));
  if (::flock(file, LOCK_SH | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return LastFileError(lock_path, "cannot lock");
  return absl::UnavailableError(path + ": " + std::string(in_use) + " in " + HolderOf(file));
}

absl::StatusOr<std::unique_ptr<FolderLock>> FolderLock::AcquireToRead(const std::string& path) {
  return Share(path, "the store is open for writing");
}

absl::StatusOr<std::unique_ptr<FolderLock>> FolderLock::ShareBackups(const std::string& path) {
  return Share(path, "a backup is being made here,");
}

FolderLock::~FolderLock() { ::close(file_); }

std::string DataPath(const std::string& path) { return Join(path, kDataName); }

std::string LoadingPath(const std::string& path) { return Join(path, kLoadingName); }

absl::Status RemoveLoading(const std::string& path) { return RemoveAll(LoadingPath(path)); }

absl::Status ClearLoading(const std::string& path) {
  TALLYSTICK_RETURN_IF_ERROR(RemoveLoading(path));
  return MakeFolder(LoadingPath(path));
}

std::string FrozenPath(const std::string& path) { return Join(path, kFrozenName); }

absl::Status RemoveFrozen(const std::string& path) {
  TALLYSTICK_RETURN_IF_ERROR(RemoveAll(FrozenPath(path)));
  return RemoveAll(FrozenPath(path) + ".tmp");  // where RocksDB makes it
}

absl::Status CreateData(const std::string& path, const std::function<absl::Status(const std::string&)>& make) {
  const std::string creating = Join(path, kCreatingName);
  TALLYSTICK_RETURN_IF_ERROR(RemoveAll(creating));
  TALLYSTICK_RETURN_IF_ERROR(make(creating));
  return Commit(creating, path);
}

absl::Status PrepareRestore(const std::string& path) { return Prepare(path, kRestoringName); }

absl::Status PrepareSalvage(const std::string& path) { return Prepare(path, kSalvagingName); }

absl::Status RestoreData(const std::string& path, const std::function<absl::Status(const std::string&)>& make) {
  const std::string restoring = Join(path, kRestoringName);
  TALLYSTICK_RETURN_IF_ERROR(Begin(restoring, path));
  absl::Status made = make(restoring);
  if (made.ok()) return Commit(restoring, path);
  RemoveContents(restoring).IgnoreError();  // gives the space back; the next restore tries again
  return made;
}

absl::Status SalvageData(const std::string& path, const std::function<absl::Status(const std::string&)>& make) {
  const std::string salvaging = Join(path, kSalvagingName);
  TALLYSTICK_RETURN_IF_ERROR(Begin(salvaging, path));
  absl::Status made = make(salvaging);
  if (!made.ok()) {
    RemoveContents(salvaging).IgnoreError();
    return made;
  }
  TALLYSTICK_RETURN_IF_ERROR(Commit(DataPath(salvaging), path));
  return RemoveAll(salvaging);
}

absl::Status SyncPlace(const std::string& path) {
  TALLYSTICK_RETURN_IF_ERROR(SyncPath(path));
  absl::Status parent = SyncPath(Join(path, ".."));
  // Whoever may not read the parent did not make the folder either, and cannot do more.
  return absl::IsPermissionDenied(parent) ? absl::OkStatus() : parent;
}

}  // namespace tallystick::storage
