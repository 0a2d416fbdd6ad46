#include "lib/storage/merge_files.h"

#include "lib/storage/status.h"

namespace tallystick::storage {
namespace {

using rocksdb::IOStatus;

// A table file of a merge, which comes in pieces of up to a megabyte.
class MergedTable : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  MergedTable(std::unique_ptr<rocksdb::FSWritableFile> file, std::shared_ptr<const SpaceReserve> reserve)
      : FSWritableFileOwnerWrapper(std::move(file)), reserve_(std::move(reserve)) {}

  IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                  rocksdb::IODebugContext* context) override {
    if (!reserve_->MayMerge(data.size())) return NoRoom();
    return FSWritableFileOwnerWrapper::Append(data, options, context);
  }
  IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                  const rocksdb::DataVerificationInfo& verification, rocksdb::IODebugContext* context) override {
    if (!reserve_->MayMerge(data.size())) return NoRoom();
    return FSWritableFileOwnerWrapper::Append(data, options, verification, context);
  }

 private:
  static IOStatus NoRoom() { return IOStatus::NoSpace("a merge leaves half of the reserve to flushes"); }

  const std::shared_ptr<const SpaceReserve> reserve_;
};

}  // namespace

void MergeFiles::Announce(const std::string& path) {
  const std::lock_guard lock(mutex_);
  announced_.insert(path);
}

IOStatus MergeFiles::NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                     std::unique_ptr<rocksdb::FSWritableFile>* file, rocksdb::IODebugContext* context) {
  bool is_merge = false;
  {
    const std::lock_guard lock(mutex_);
    is_merge = announced_.erase(path) > 0;
  }
  IOStatus status = target()->NewWritableFile(path, options, file, context);
  if (status.ok() && is_merge) *file = std::make_unique<MergedTable>(std::move(*file), reserve_);
  return status;
}

void MergeListener::OnTableFileCreationStarted(const rocksdb::TableFileCreationBriefInfo& file) {
  if (file.reason == rocksdb::TableFileCreationReason::kCompaction) files_->Announce(file.file_path);
}

void MergeListener::OnCompactionCompleted(rocksdb::DB* /*database*/, const rocksdb::CompactionJobInfo& merge) {
  const bool starved = IsOutOfSpace(merge.status);
  // Whoever asked for one is told, and RocksDB does not try it again.
  if (starved && merge.compaction_reason == rocksdb::CompactionReason::kManualCompaction) return;
  if (!starved && !merge.status.ok()) return;
  if (!reserve_->MergeEnded(merge.cf_id, starved) || !events_.log) return;
  if (starved) {
    const absl::Status status = FromRocksDb(merge.status, merge.cf_name + ": cannot merge; is tried again");
    events_.log(Severity::kWarning, std::string(status.message()));
  } else {
    events_.log(Severity::kInfo, merge.cf_name + ": merges again");
  }
}

}  // namespace tallystick::storage
