// The files of a database as they are at one moment, for opening it beside a live writer.
//
// A writer deletes the files that it has replaced whenever it likes. RocksDB reads the manifest first and opens the
// files that it names after it, so that a busy writer makes an opening fail, or, when a log is flushed and deleted in
// between, lack rows without a word. Here the files are opened first, all of them, and RocksDB is handed those.

#ifndef TALLYSTICK_LIB_STORAGE_READ_ONLY_FILES_H_
#define TALLYSTICK_LIB_STORAGE_READ_ONLY_FILES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "lib/storage/guarded_files.h"
#include "rocksdb/env.h"
#include "rocksdb/file_system.h"

namespace tallystick::storage {

// The names of the files in the database's folder that a writer adds to, and has perhaps not synced: its logs and
// manifests, in order.
rocksdb::Status ListAppended(rocksdb::FileSystem* files, const std::string& folder, std::vector<std::string>* names);

// A file system that shows one database, all of whose files lie in one folder, as it was when `Freeze` succeeded: to
// one opening after the other, until `Thaw`.
class FrozenFiles : public rocksdb::FileSystemWrapper {
 public:
  FrozenFiles(const std::shared_ptr<rocksdb::FileSystem>& files, std::string folder);

  // How often to try before the writer is too fast.
  static constexpr int kAttempts = 20;

  // Opens every table and log file of the folder, again and again while the writer changes the manifest in the middle.
  // Costs a few system calls for each file, and reads the zeroes at the logs' ends, which stay zeroes. UNAVAILABLE: the
  // writer did so at each of kAttempts attempts. DATA_LOSS: there is no manifest.
  absl::Status Freeze();

  // From now on logs show no more than this.
  void SetLogEnds(const LogEnds& ends);

  // Lets go of the logs and the manifest; tables stay, as they do with whoever has them open. The folder shows as it is
  // from here on.
  void Thaw();

  const char* Name() const override { return "tallystick.FrozenFiles"; }
  rocksdb::IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                      rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus FileExists(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus GetFileSize(const std::string& path, const rocksdb::IOOptions& options, std::uint64_t* bytes,
                                rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus GetChildren(const std::string& folder, const rocksdb::IOOptions& options,
                                std::vector<std::string>* names, rocksdb::IODebugContext* context) override;

 private:
  // Which manifest counts, and how much of it has been written.
  struct Version {
    std::string current;  // the text of CURRENT
    std::string manifest;
    std::uint64_t bytes = 0;
    bool operator==(const Version&) const = default;
  };
  struct File {
    std::uint64_t bytes = 0;
    std::shared_ptr<rocksdb::FSRandomAccessFile> file;
  };

  std::string PathOf(const std::string& name) const { return folder_ + "/" + name; }
  rocksdb::Status TryToFreeze();
  rocksdb::Status ReadVersion(Version* version);
  rocksdb::Status OpenFiles();

  const std::string folder_;
  std::mutex mutex_;  // RocksDB opens tables from many threads
  Version version_;
  std::map<std::string, File> files_;  // by name
  bool frozen_ = false;
};

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_READ_ONLY_FILES_H_
