// Threads for what blocks: reads of the disk, and batches that wait for it.

#ifndef TALLYSTICK_TOOLS_SERVE_WORKERS_H_
#define TALLYSTICK_TOOLS_SERVE_WORKERS_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "serve/message.h"
#include "serve/router.h"

namespace tallystick::tools {

// Thread-safe.
class Workers {
 public:
  using Job = absl::AnyInvocable<void()>;

  // At most `waiting_max` jobs wait for one of the threads.
  Workers(std::size_t threads, std::size_t waiting_max);
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers();  // does what waits

  // Whether the job will be done; otherwise too many wait.
  [[nodiscard]] bool Do(Job job);

  // A handler whose answer one of the threads makes: 503 where too many wait. `answer` must be thread-safe. The workers
  // outlive the handler.
  Handler Handling(std::function<Response(const Request&)> answer);

 private:
  void Run();

  const std::size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> waiting_;  // guarded by mutex_
  bool stopping_ = false;    // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_SERVE_WORKERS_H_
