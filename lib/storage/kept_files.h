// A file system that keeps the files of a database which a failure may have left in use.
//
// When the manifest cannot be synced, RocksDB takes what it wrote there for not written, and deletes the files that it
// named: the table files that were being taken in, or, where CURRENT was renamed and the folder could not be synced,
// the manifest itself. But what was written may well be there at the next opening, which then misses the files. (The
// second is corrected upstream in 9.5.)

#ifndef TALLYSTICK_LIB_STORAGE_KEPT_FILES_H_
#define TALLYSTICK_LIB_STORAGE_KEPT_FILES_H_

#include <atomic>
#include <memory>
#include <string>

#include "rocksdb/file_system.h"

namespace tallystick::storage {

// Thread-safe.
class KeptFiles : public rocksdb::FileSystemWrapper {
 public:
  explicit KeptFiles(const std::shared_ptr<rocksdb::FileSystem>& files) : FileSystemWrapper(files) {}

  // From now on nothing is deleted. The next opening deletes what nothing refers to.
  void KeepAll() { keep_all_.store(true, std::memory_order_release); }

  const char* Name() const override { return "tallystick.KeptFiles"; }
  // Refuses what must stay, the manifest that CURRENT names above all.
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override;
  // Before CURRENT names another manifest, the folder is synced that has it. RocksDB syncs it once, afterwards; a file
  // system that may keep the later change of a folder and lose the earlier one would be left without the manifest.
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override;

 private:
  std::atomic<bool> keep_all_ = false;
};

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_KEPT_FILES_H_
