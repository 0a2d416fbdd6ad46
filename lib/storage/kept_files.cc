#include "lib/storage/kept_files.h"

#include "rocksdb/env.h"

namespace tallystick::storage {

using rocksdb::IOStatus;

IOStatus KeptFiles::DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) {
  if (keep_all_.load(std::memory_order_acquire)) return IOStatus::Busy(path, "kept since a failure");
  const std::size_t name = path.rfind('/') + 1;
  if (path.compare(name, 9, "MANIFEST-") == 0) {
    std::string current;
    const rocksdb::Status read = rocksdb::ReadFileToString(target(), path.substr(0, name) + "CURRENT", &current);
    const bool may_be_current = read.ok() ? current == path.substr(name) + "\n" : !read.IsPathNotFound();
    if (may_be_current) return IOStatus::Busy(path, "kept: CURRENT names it");
  }
  return target()->DeleteFile(path, options, context);
}

IOStatus KeptFiles::RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) {
  const std::size_t name = to.rfind('/') + 1;
  if (to.compare(name, std::string::npos, "CURRENT") == 0) {
    std::unique_ptr<rocksdb::FSDirectory> folder;
    IOStatus status = target()->NewDirectory(to.substr(0, name), options, &folder, context);
    if (status.ok()) status = folder->Fsync(options, context);
    if (!status.ok()) return status;
  }
  return target()->RenameFile(from, to, options, context);
}

}  // namespace tallystick::storage
