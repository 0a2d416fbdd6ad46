#include "lib/storage/merge_gate.h"

namespace tallystick::storage {

MergeGate::Closed::Closed(MergeGate* gate) : gate_(gate) {
  std::unique_lock lock(gate_->mutex_);
  gate_->changed_.wait(lock, [this] { return !gate_->closed_; });
  gate_->closed_ = true;  // or merges could follow one upon another
  gate_->changed_.wait(lock, [this] { return gate_->entered_.empty(); });
}

MergeGate::Closed::~Closed() {
  {
    const std::lock_guard lock(gate_->mutex_);
    gate_->closed_ = false;
  }
  gate_->changed_.notify_all();
}

void MergeGate::OnCompactionBegin(rocksdb::DB* /*database*/, const rocksdb::CompactionJobInfo& merge) {
  Enter(merge.job_id);
}
void MergeGate::OnSubcompactionBegin(const rocksdb::SubcompactionJobInfo& work) { Leave(work.job_id); }
void MergeGate::OnSubcompactionCompleted(const rocksdb::SubcompactionJobInfo& work) { Enter(work.job_id); }
void MergeGate::OnCompactionCompleted(rocksdb::DB* /*database*/, const rocksdb::CompactionJobInfo& merge) {
  Leave(merge.job_id);
}

void MergeGate::Enter(int merge) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !closed_; });
  entered_.insert(merge);
}

void MergeGate::Leave(int merge) {
  {
    const std::lock_guard lock(mutex_);
    entered_.erase(merge);
  }
  changed_.notify_all();
}

}  // namespace tallystick::storage
