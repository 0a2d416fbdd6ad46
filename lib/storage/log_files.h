// A file system whose logs are zeroed ahead, so that a sync of the log waits for less.
//
// An append makes a file longer, and a sync has to commit the new length to the file system's journal, too: another
// wait for the disk, and for a thread of the kernel. Where there are zeroes already, an append changes nothing but
// data. (PostgreSQL zeroes its log files for this reason: its documentation, wal_init_zero.) Zeroes are what our
// own reading of the log takes for its end (log_reader.h); RocksDB is not shown them.

#ifndef TALLYSTICK_LIB_STORAGE_LOG_FILES_H_
#define TALLYSTICK_LIB_STORAGE_LOG_FILES_H_

#include <memory>
#include <string>

#include "rocksdb/file_system.h"

namespace tallystick::storage {

// Thread-safe, but for the files, which are as RocksDB's.
class LogFiles : public rocksdb::FileSystemWrapper {
 public:
  explicit LogFiles(const std::shared_ptr<rocksdb::FileSystem>& files) : FileSystemWrapper(files) {}

  const char* Name() const override { return "tallystick.LogFiles"; }
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override;
};

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_LOG_FILES_H_
