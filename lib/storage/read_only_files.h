// Watches a read-only opening beside a live writer.
//
// RocksDB reads the manifest first and lists the log files after it. A log that the writer flushes and deletes in
// between would be missing without a word: its rows are in table files that this manifest does not name. So the logs
// are listed before the opening, and every listing that RocksDB makes must still hold them.

#ifndef TALLYSTICK_LIB_STORAGE_READ_ONLY_FILES_H_
#define TALLYSTICK_LIB_STORAGE_READ_ONLY_FILES_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "rocksdb/env.h"
#include "rocksdb/file_system.h"

namespace tallystick::storage {

// The names of the log files in the database's folder, in order.
rocksdb::Status ListLogs(rocksdb::FileSystem* files, const std::string& folder, std::vector<std::string>* logs);

class LogWatch : public rocksdb::FileSystemWrapper {
 public:
  // Lists the logs of `folder` now.
  LogWatch(const std::shared_ptr<rocksdb::FileSystem>& files, std::string folder);

  const char* Name() const override { return "tallystick.LogWatch"; }
  rocksdb::IOStatus GetChildren(const std::string& folder, const rocksdb::IOOptions& options,
                                std::vector<std::string>* names, rocksdb::IODebugContext* context) override;

  // Whether a log was gone from a listing: what was opened may lack rows.
  bool missed() const { return missed_.load(std::memory_order_relaxed); }

 private:
  std::string folder_;
  std::vector<std::string> logs_;
  std::atomic<bool> missed_ = false;
};

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_READ_ONLY_FILES_H_
