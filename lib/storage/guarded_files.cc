#include "lib/storage/guarded_files.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "lib/storage/file_names.h"

namespace tallystick::storage {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

// A log or a manifest that is being written.
class WatchedFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  using FSWritableFileOwnerWrapper::FSWritableFileOwnerWrapper;

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* context) override {
    return Appended(data.size(), FSWritableFileOwnerWrapper::Append(data, options, context));
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo& verification,
                  IODebugContext* context) override {
    return Appended(data.size(), FSWritableFileOwnerWrapper::Append(data, options, verification, context));
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* context) override {
    const std::uint64_t bytes = SyncBegins();
    return Synced(bytes, FSWritableFileOwnerWrapper::Sync(options, context));
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* context) override {
    const std::uint64_t bytes = SyncBegins();
    return Synced(bytes, FSWritableFileOwnerWrapper::Fsync(options, context));
  }

 protected:
  virtual void HasAppended(std::uint64_t bytes) = 0;
  virtual std::uint64_t SyncBegins() = 0;
  virtual void HasSynced(std::uint64_t bytes) = 0;

 private:
  IOStatus Appended(std::uint64_t bytes, IOStatus status) {
    if (status.ok()) HasAppended(bytes);
    return status;
  }
  IOStatus Synced(std::uint64_t bytes, IOStatus status) {
    if (status.ok()) HasSynced(bytes);
    return status;
  }
};

class WatchedLog : public WatchedFile {
 public:
  WatchedLog(std::unique_ptr<rocksdb::FSWritableFile> file, std::shared_ptr<SyncGuard> guard, std::uint64_t number)
      : WatchedFile(std::move(file)), guard_(std::move(guard)), number_(number) {}

 private:
  void HasAppended(std::uint64_t bytes) override { guard_->LogAppended(number_, bytes); }
  std::uint64_t SyncBegins() override { return guard_->LogSyncBegins(number_); }
  void HasSynced(std::uint64_t bytes) override { guard_->LogSynced(number_, bytes); }

  const std::shared_ptr<SyncGuard> guard_;
  const std::uint64_t number_;
};

// Written and synced by one thread at a time, after whole records.
class WatchedManifest : public WatchedFile {
 public:
  WatchedManifest(std::unique_ptr<rocksdb::FSWritableFile> file, std::shared_ptr<SyncGuard> guard, std::uint64_t number)
      : WatchedFile(std::move(file)), guard_(std::move(guard)), number_(number) {}

 private:
  void HasAppended(std::uint64_t bytes) override { appended_ += bytes; }
  std::uint64_t SyncBegins() override { return appended_; }
  void HasSynced(std::uint64_t bytes) override { guard_->ManifestSynced(number_, bytes); }

  const std::shared_ptr<SyncGuard> guard_;
  const std::uint64_t number_;
  std::uint64_t appended_ = 0;
};

class WatchedFolder : public rocksdb::FSDirectoryWrapper {
 public:
  WatchedFolder(std::unique_ptr<rocksdb::FSDirectory> folder, std::shared_ptr<SyncGuard> guard)
      : FSDirectoryWrapper(std::move(folder)), guard_(std::move(guard)) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* context) override {
    const SyncGuard::FolderState state = guard_->FolderSyncBegins();
    return Synced(state, FSDirectoryWrapper::Fsync(options, context));
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* context,
                               const rocksdb::DirFsyncOptions& folder_options) override {
    const SyncGuard::FolderState state = guard_->FolderSyncBegins();
    return Synced(state, FSDirectoryWrapper::FsyncWithDirOptions(options, context, folder_options));
  }

 private:
  IOStatus Synced(const SyncGuard::FolderState& state, IOStatus status) {
    if (status.ok()) guard_->FolderSynced(state);
    return status;
  }
  const std::shared_ptr<SyncGuard> guard_;
};

// A folder however it was named.
std::string Plain(const std::string& folder) {
  std::string plain = std::filesystem::path(folder).lexically_normal().string();
  while (plain.size() > 1 && plain.ends_with('/')) plain.pop_back();
  return plain;
}

}  // namespace

IOStatus SequentialPart::Read(std::size_t n, const IOOptions& options, Slice* result, char* scratch,
                              IODebugContext* context) {
  n = std::min<std::uint64_t>(n, bytes_ - position_);
  *result = Slice(scratch, 0);
  if (n == 0) return IOStatus::OK();
  IOStatus status = file_->Read(position_, n, options, result, scratch, context);
  if (status.ok()) position_ += result->size();
  return status;
}

IOStatus SequentialPart::Skip(std::uint64_t n) {
  position_ += std::min(n, bytes_ - position_);
  return IOStatus::OK();
}

GuardedFiles::GuardedFiles(const std::shared_ptr<rocksdb::FileSystem>& files, const std::string& folder,
                           std::shared_ptr<SyncGuard> guard, LogEnds ends)
    : FileSystemWrapper(files), folder_(Plain(folder)), guard_(std::move(guard)), ends_(std::move(ends)) {}

bool GuardedFiles::IsInFolder(const std::string& path) const {
  return Plain(path.substr(0, path.rfind('/') + 1)) == folder_;
}

IOStatus GuardedFiles::NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                                         std::unique_ptr<rocksdb::FSSequentialFile>* file, IODebugContext* context) {
  const std::optional<std::uint64_t> log = LogNumber(path);
  const auto end = log.has_value() && IsInFolder(path) ? ends_.find(*log) : ends_.end();
  if (end == ends_.end()) return target()->NewSequentialFile(path, options, file, context);
  std::unique_ptr<rocksdb::FSRandomAccessFile> whole;
  IOStatus status = target()->NewRandomAccessFile(path, options, &whole, context);
  if (status.ok()) *file = std::make_unique<SequentialPart>(std::move(whole), end->second);
  return status;
}

IOStatus GuardedFiles::NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* context) {
  IOStatus status = target()->NewWritableFile(path, options, file, context);
  if (!status.ok() || !IsInFolder(path)) return status;
  if (const std::optional<std::uint64_t> log = LogNumber(path); log.has_value()) {
    guard_->LogMade(*log);
    *file = std::make_unique<WatchedLog>(std::move(*file), guard_, *log);
  } else if (const std::optional<std::uint64_t> manifest = ManifestNumber(path); manifest.has_value()) {
    *file = std::make_unique<WatchedManifest>(std::move(*file), guard_, *manifest);
  }
  return status;
}

IOStatus GuardedFiles::NewDirectory(const std::string& path, const IOOptions& options,
                                    std::unique_ptr<rocksdb::FSDirectory>* directory, IODebugContext* context) {
  IOStatus status = target()->NewDirectory(path, options, directory, context);
  if (status.ok() && Plain(path) == folder_)
    *directory = std::make_unique<WatchedFolder>(std::move(*directory), guard_);
  return status;
}

IOStatus GuardedFiles::RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                                  IODebugContext* context) {
  IOStatus status = target()->RenameFile(from, to, options, context);
  if (status.ok() && FileName(to) == "CURRENT" && IsInFolder(to)) guard_->CurrentRenamed();
  return status;
}

IOStatus GuardedFiles::DeleteFile(const std::string& path, const IOOptions& options, IODebugContext* context) {
  IOStatus status = target()->DeleteFile(path, options, context);
  const std::optional<std::uint64_t> log = LogNumber(path);
  if (status.ok() && log.has_value() && IsInFolder(path)) guard_->LogRemoved(*log);
  return status;
}

}  // namespace tallystick::storage
