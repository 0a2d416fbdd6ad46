// What a query tells its caller while it runs, and hears from it.

#ifndef TALLYSTICK_LIB_QUERY_PROGRESS_H_
#define TALLYSTICK_LIB_QUERY_PROGRESS_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>

namespace tallystick::query {

// How far the threads of a query are, and whether they are to go on. Thread-safe.
class Progress {
 public:
  static constexpr std::uint64_t kRowsBetweenReports = 4096;

  // `report` outlives it.
  explicit Progress(const std::function<bool(std::uint64_t)>& report) : report_(report) {}

  // Adds events that were read; whether to go on.
  bool Add(std::uint64_t events) {
    const std::uint64_t read = read_.fetch_add(events, std::memory_order_relaxed) + events;
    if (report_ && !stopped()) {
      const std::lock_guard lock(mutex_);
      if (!stopped() && !report_(read)) {
        cancelled_ = true;
        Stop();
      }
    }
    return !stopped();
  }
  void Stop() { stopped_.store(true, std::memory_order_relaxed); }

  bool stopped() const { return stopped_.load(std::memory_order_relaxed); }
  bool cancelled() const { return cancelled_; }  // when all threads are done
  std::uint64_t events_read() const { return read_.load(std::memory_order_relaxed); }

 private:
  const std::function<bool(std::uint64_t)>& report_;
  std::mutex mutex_;
  std::atomic<std::uint64_t> read_ = 0;
  std::atomic<bool> stopped_ = false;
  bool cancelled_ = false;  // guarded by mutex_
};

}  // namespace tallystick::query

#endif  // TALLYSTICK_LIB_QUERY_PROGRESS_H_
