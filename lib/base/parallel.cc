#include "lib/base/parallel.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <string>
#include <thread>

namespace tallystick {
namespace {

// A thread's function must not throw: nobody would catch it.
absl::Status Run(const std::function<absl::Status()>& task) {
  try {
    return task();
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("out of memory");
  } catch (const std::exception& error) {
    return absl::InternalError(error.what());
  }
}

}  // namespace

int HardwareThreads() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

absl::Status RunTasks(int threads, const std::vector<std::function<absl::Status()>>& tasks) {
  std::vector<absl::Status> statuses(tasks.size());
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> failed = false;
  const auto work = [&] {
    while (!failed.load(std::memory_order_relaxed)) {
      const std::size_t i = next.fetch_add(1, std::memory_order_relaxed);
      if (i >= tasks.size()) return;
      statuses[i] = Run(tasks[i]);
      if (!statuses[i].ok()) failed.store(true, std::memory_order_relaxed);
    }
  };
  std::vector<std::thread> others;
  const std::size_t wanted = std::min(tasks.size(), static_cast<std::size_t>(std::max(threads, 1)));
  try {
    for (std::size_t i = 1; i < wanted; ++i) others.emplace_back(work);
  } catch (const std::exception&) {
    // No further thread is to be had, or no memory for one: those that there are do the work.
  }
  work();
  for (std::thread& other : others) other.join();
  for (const absl::Status& status : statuses) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace tallystick
