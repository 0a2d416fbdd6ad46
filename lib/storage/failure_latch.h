// The first failure after which a store must not acknowledge any more.

#ifndef TALLYSTICK_LIB_STORAGE_FAILURE_LATCH_H_
#define TALLYSTICK_LIB_STORAGE_FAILURE_LATCH_H_

#include <atomic>
#include <mutex>
#include <string>

#include "absl/status/status.h"

namespace tallystick::storage {

// Thread-safe.
class FailureLatch {
 public:
  void Set(const absl::Status& failure) {
    const std::lock_guard lock(mutex_);
    if (!first_.ok()) return;
    first_ = failure;
    set_.store(true, std::memory_order_release);
  }

  // OK, or FAILED_PRECONDITION with the first failure's text.
  absl::Status Check() const {
    if (!set_.load(std::memory_order_acquire)) return absl::OkStatus();
    const std::lock_guard lock(mutex_);
    return absl::FailedPreconditionError("the store refuses writes until it is opened again, since a failure: " +
                                         first_.ToString());
  }

 private:
  std::atomic<bool> set_ = false;
  mutable std::mutex mutex_;
  absl::Status first_;  // guarded by mutex_
};

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_FAILURE_LATCH_H_
