// Gathers events that are posted one by one, so that those that wait together share a write and a sync.

#ifndef TALLYSTICK_TOOLS_SERVE_GATHERER_H_
#define TALLYSTICK_TOOLS_SERVE_GATHERER_H_

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "tallystick/store.h"
#include "tallystick/uuid.h"
#include "tallystick/write.h"

namespace tallystick::tools {

// Thread-safe. While its thread is writing and syncing one group of events, the next one gathers: the more clients post
// at once, the more events share a sync, and no client waits for another's to come.
class Gatherer {
 public:
  // Takes the result, whose event is on stable storage, or why there is none: UNAVAILABLE when too much waits, and
  // otherwise what the store says. Must not block, nor call the gatherer.
  using Done = absl::AnyInvocable<void(absl::StatusOr<WriteResult>)>;

  struct Options {
    std::size_t group_events_max = 1024;
    std::size_t group_bytes_max = 8 * 1024 * 1024;
    std::size_t waiting_bytes_max = 64 * 1024 * 1024;  // of documents that wait
    std::size_t waiting_events_max = 64 * 1024;
    // Told of each group that was stored, with the number of its events.
    std::function<void(std::size_t events)> observe_group{};
  };

  // The store outlives the gatherer.
  Gatherer(Store* store, const Options& options);
  Gatherer(const Gatherer&) = delete;
  Gatherer& operator=(const Gatherer&) = delete;
  ~Gatherer();  // stores what waits

  // Stores one event, and tells `done`, later or at once.
  void Add(const Uuid& account, std::string document, Done done);

 private:
  struct Post {
    Uuid account;
    std::string document;
    Done done;
  };

  void Run();
  std::vector<Post> TakeGroup();  // empty at the end
  void Commit(std::vector<Post> group);

  Store* const store_;
  const Options options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Post> waiting_;      // guarded by mutex_, in the order in which they came
  std::size_t waiting_bytes_ = 0;  // guarded by mutex_
  bool stopping_ = false;          // guarded by mutex_
  std::thread thread_;
};

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_SERVE_GATHERER_H_
