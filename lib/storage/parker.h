// Where one thread sleeps until others have something for it.

#ifndef TALLYSTICK_LIB_STORAGE_PARKER_H_
#define TALLYSTICK_LIB_STORAGE_PARKER_H_

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace tallystick::storage {

// A thread that is woken takes this object's own mutex and no other: so many can be woken at once without their
// standing in line for one. Who sleeps looks for itself why it was woken, and may have been for nothing.
//
// Unpark() is thread-safe; one thread at a time parks.
class Parker {
 public:
  // Wakes the thread, or lets its next Park() end at once. Several before that count as one.
  void Unpark() {
    {
      const std::lock_guard lock(mutex_);
      unparked_ = true;
    }
    wake_.notify_one();
  }

  // False when the deadline passed first; max() is none.
  bool Park(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    const auto unparked = [this] { return unparked_; };
    if (deadline == std::chrono::steady_clock::time_point::max()) {
      wake_.wait(lock, unparked);
    } else if (!wake_.wait_until(lock, deadline, unparked)) {
      return false;
    }
    unparked_ = false;
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool unparked_ = false;  // guarded by mutex_
};

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_PARKER_H_
