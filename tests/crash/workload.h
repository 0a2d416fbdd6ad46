// Random operations on a store by several threads, entered in a ledger: batches and single events, synced and not, sent
// again, loaded in bulk; meters declared and dropped; syncs; the change feed.

#ifndef TALLYSTICK_TESTS_CRASH_WORKLOAD_H_
#define TALLYSTICK_TESTS_CRASH_WORKLOAD_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tallystick/store.h"
#include "tests/crash/ledger.h"
#include "tests/support/random.h"

namespace tallystick::testing {

// Every id that a worker may send.
std::vector<std::string> WorkerIds();

// What one thread does.
class Worker {
 public:
  // No two workers of a ledger have the same number.
  Worker(std::uint64_t number, std::uint64_t seed, Ledger* ledger)
      : number_(number), random_(seed * 1000 + number), ledger_(*ledger) {}

  // Operations one after the other, until one of them fails.
  absl::Status Run(Store* store, int operations);

  // Some events, to be sent as one batch.
  std::vector<SentEvent> MakeEvents(std::size_t count);

 private:
  absl::Status Write(Store* store, std::vector<SentEvent> events);
  absl::Status Load(Store* store);
  absl::Status Sync(Store* store);
  absl::Status Follow(Store* store);
  absl::Status Define(Store* store);
  absl::Status Drop(Store* store);

  const std::uint64_t number_;
  Random random_;
  Ledger& ledger_;
  std::uint64_t made_ = 0;
  std::vector<std::vector<SentEvent>> sent_;
  std::uint64_t followed_ = 0;
  struct Declared {
    Uuid account{};
    std::string name{};
  };
  std::vector<Declared> meters_;
};

// So many workers beside each other. The first failure of any.
absl::Status RunWorkers(std::vector<Worker>* workers, Store* store, int operations);

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_CRASH_WORKLOAD_H_
