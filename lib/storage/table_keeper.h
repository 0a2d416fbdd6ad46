// Keeps table files that the manifest may name.

#ifndef TALLYSTICK_LIB_STORAGE_TABLE_KEEPER_H_
#define TALLYSTICK_LIB_STORAGE_TABLE_KEEPER_H_

#include <atomic>
#include <memory>
#include <string>

#include "rocksdb/file_system.h"

namespace tallystick::storage {

// A file system on which, once a write or a sync of a manifest has failed, no table file can be deleted. When RocksDB
// fails to take in table files, it deletes them, even where what failed is the sync behind a manifest that names them:
// such a manifest may be there at the next opening, which would fail for want of the files. That opening deletes those
// that nothing names.
class TableKeeper : public rocksdb::FileSystemWrapper {
 public:
  explicit TableKeeper(const std::shared_ptr<rocksdb::FileSystem>& files) : FileSystemWrapper(files) {}

  const char* Name() const override { return "tallystick.TableKeeper"; }
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override;

 private:
  class Manifest;
  // Outlives the file system where RocksDB keeps a file for longer.
  const std::shared_ptr<std::atomic<bool>> failed_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_TABLE_KEEPER_H_
