#include "lib/storage/table_keeper.h"

#include <string_view>
#include <utility>

namespace tallystick::storage {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

// A manifest that says when something could not be added to it.
class TableKeeper::Manifest : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  Manifest(std::unique_ptr<rocksdb::FSWritableFile> file, std::shared_ptr<std::atomic<bool>> failed)
      : FSWritableFileOwnerWrapper(std::move(file)), failed_(std::move(failed)) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, IODebugContext* context) override {
    return Noted(FSWritableFileOwnerWrapper::Append(data, options, context));
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo& info,
                  IODebugContext* context) override {
    return Noted(FSWritableFileOwnerWrapper::Append(data, options, info, context));
  }
  IOStatus Flush(const IOOptions& options, IODebugContext* context) override {
    return Noted(FSWritableFileOwnerWrapper::Flush(options, context));
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* context) override {
    return Noted(FSWritableFileOwnerWrapper::Sync(options, context));
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* context) override {
    return Noted(FSWritableFileOwnerWrapper::Fsync(options, context));
  }
  IOStatus Close(const IOOptions& options, IODebugContext* context) override {
    return Noted(FSWritableFileOwnerWrapper::Close(options, context));
  }

 private:
  IOStatus Noted(IOStatus status) {
    if (!status.ok()) failed_->store(true);
    return status;
  }

  const std::shared_ptr<std::atomic<bool>> failed_;
};

IOStatus TableKeeper::NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* context) {
  const IOStatus status = FileSystemWrapper::NewWritableFile(path, options, file, context);
  const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
  if (status.ok() && name.starts_with("MANIFEST-")) *file = std::make_unique<Manifest>(std::move(*file), failed_);
  return status;
}

IOStatus TableKeeper::DeleteFile(const std::string& path, const IOOptions& options, IODebugContext* context) {
  if (failed_->load() && path.ends_with(".sst")) {
    return IOStatus::IOError(path, "kept: the manifest, which could not be written, may name it");
  }
  return FileSystemWrapper::DeleteFile(path, options, context);
}

}  // namespace tallystick::storage
