// A file system in which merges give up before the disk is full.
//
// A merge that runs out of space does no harm: what it has made is deleted, what it was to merge stays as it is, and
// RocksDB tries again a second later. A flush or a log that runs out stops the store. So merges leave what is left to
// those (space_reserve.h).

#ifndef TALLYSTICK_LIB_STORAGE_MERGE_FILES_H_
#define TALLYSTICK_LIB_STORAGE_MERGE_FILES_H_

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "lib/storage/database.h"
#include "lib/storage/space_reserve.h"
#include "rocksdb/file_system.h"
#include "rocksdb/listener.h"

namespace tallystick::storage {

// Thread-safe, but for the files, which are as RocksDB's.
class MergeFiles : public rocksdb::FileSystemWrapper {
 public:
  MergeFiles(const std::shared_ptr<rocksdb::FileSystem>& files, std::shared_ptr<SpaceReserve> reserve)
      : FileSystemWrapper(files), reserve_(std::move(reserve)) {}

  // The file of this path, which is going to be made, is a merge's.
  void Announce(const std::string& path);

  const char* Name() const override { return "tallystick.MergeFiles"; }
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override;

 private:
  const std::shared_ptr<SpaceReserve> reserve_;
  std::mutex mutex_;
  std::set<std::string> announced_;  // guarded by mutex_
};

// Tells the files and the reserve of merges.
class MergeListener : public rocksdb::EventListener {
 public:
  MergeListener(std::shared_ptr<MergeFiles> files, std::shared_ptr<SpaceReserve> reserve, DatabaseEvents events)
      : files_(std::move(files)), reserve_(std::move(reserve)), events_(std::move(events)) {}

  const char* Name() const override { return "tallystick.MergeListener"; }
  void OnTableFileCreationStarted(const rocksdb::TableFileCreationBriefInfo& file) override;
  void OnCompactionCompleted(rocksdb::DB* database, const rocksdb::CompactionJobInfo& merge) override;

 private:
  const std::shared_ptr<MergeFiles> files_;
  const std::shared_ptr<SpaceReserve> reserve_;
  const DatabaseEvents events_;
};

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_MERGE_FILES_H_
