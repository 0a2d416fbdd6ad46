// A file system that keeps a database's guard up to date (sync_guard.h) with what RocksDB syncs, and that shows logs to
// the opening as far as they were found whole (log_check.h).

#ifndef TALLYSTICK_LIB_STORAGE_GUARDED_FILES_H_
#define TALLYSTICK_LIB_STORAGE_GUARDED_FILES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "lib/storage/sync_guard.h"
#include "rocksdb/file_system.h"

namespace tallystick::storage {

// How many bytes of each log count, by the log's number.
using LogEnds = std::map<std::uint64_t, std::uint64_t>;

// The first `bytes` of a file, from its beginning to their end.
class SequentialPart : public rocksdb::FSSequentialFile {
 public:
  SequentialPart(std::shared_ptr<rocksdb::FSRandomAccessFile> file, std::uint64_t bytes)
      : file_(std::move(file)), bytes_(bytes) {}

  rocksdb::IOStatus Read(std::size_t n, const rocksdb::IOOptions& options, rocksdb::Slice* result, char* scratch,
                         rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus Skip(std::uint64_t n) override;

 private:
  const std::shared_ptr<rocksdb::FSRandomAccessFile> file_;
  const std::uint64_t bytes_;
  std::uint64_t position_ = 0;
};

// Thread-safe, once the database is open.
class GuardedFiles : public rocksdb::FileSystemWrapper {
 public:
  // All files of the database lie in `folder`; what is written elsewhere, of the same names perhaps (a frozen state),
  // is none of its business. Logs that `ends` does not name show as they are.
  GuardedFiles(const std::shared_ptr<rocksdb::FileSystem>& files, const std::string& folder,
               std::shared_ptr<SyncGuard> guard, LogEnds ends);

  const char* Name() const override { return "tallystick.GuardedFiles"; }
  rocksdb::IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                      rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* directory,
                                 rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override;

 private:
  bool IsInFolder(const std::string& path) const;

  const std::string folder_;
  const std::shared_ptr<SyncGuard> guard_;
  const LogEnds ends_;
};

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_GUARDED_FILES_H_
