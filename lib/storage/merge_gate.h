// Keeps table files from being taken in while a merge puts what it has made in force.
//
// RocksDB chooses the level of a file that it takes in by two states of the family: by the newest in the manifest which
// levels have files, by the one in force whether these overlap the file. Where another thread writes the manifest for a
// merge as well, the two differ until the merge's own thread goes on. A file that is taken in just then may come
// beneath rows that it replaces, or have no sequence number and lose to them (7.8.3:
// ExternalSstFileIngestionJob::AssignLevelAndSeqnoForIngestedFile; Debian's build aborts at level_files_brief_). A
// merge takes seconds to minutes and this moment milliseconds, so merges are not waited for.

#ifndef TALLYSTICK_LIB_STORAGE_MERGE_GATE_H_
#define TALLYSTICK_LIB_STORAGE_MERGE_GATE_H_

#include <condition_variable>
#include <mutex>
#include <set>

#include "rocksdb/listener.h"

namespace tallystick::storage {

// Thread-safe.
class MergeGate : public rocksdb::EventListener {
 public:
  // While one lives, no merge puts anything in force: one that is about to waits. One at a time.
  class Closed {
   public:
    explicit Closed(MergeGate* gate);
    ~Closed();
    Closed(const Closed&) = delete;
    Closed& operator=(const Closed&) = delete;

   private:
    MergeGate* const gate_;
  };

  const char* Name() const override { return "tallystick.MergeGate"; }

  // A merge that only moves a file puts that in force right after its beginning. Any other reads and writes files
  // first, which is a subcompaction, and puts them in force after that. Each merge has one, and each is told of its end
  // but while the database is being closed, when no more files are taken in.
  void OnCompactionBegin(rocksdb::DB* database, const rocksdb::CompactionJobInfo& merge) override;
  void OnSubcompactionBegin(const rocksdb::SubcompactionJobInfo& work) override;
  void OnSubcompactionCompleted(const rocksdb::SubcompactionJobInfo& work) override;
  void OnCompactionCompleted(rocksdb::DB* database, const rocksdb::CompactionJobInfo& merge) override;

 private:
  void Enter(int merge);
  void Leave(int merge);

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  bool closed_ = false;
  std::set<int> entered_;  // merges that may be putting something in force
};

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_MERGE_GATE_H_
