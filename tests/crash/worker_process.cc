// A program that works on a store until it is killed.
//
//   worker_process PATH SEED NUMBER THREADS [STEP]
//       opens the store at PATH, and does random things to it in so many threads, without end (see workload.h); prints
//       what it sends and what it is told (told_ledger.h). Workers have the numbers from NUMBER on. With STEP, kills
//       itself right before the STEP-th change that it makes to files, from 1.
//
// An error is printed, and the exit status is 1.

#include <iostream>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "lib/base/status_macros.h"
#include "tallystick/store.h"
#include "tests/crash/told_ledger.h"
#include "tests/crash/workload.h"
#include "tests/support/file_calls.h"
#include "tests/support/kill_at_step.h"

namespace tallystick::testing {
namespace {

absl::Status Work(const std::string& path, const std::vector<std::uint64_t>& numbers) {
  if (numbers.size() > 3) WatchFileCalls(std::make_shared<KillAtStep>(path, numbers[3]));
  TALLYSTICK_ASSIGN_OR_RETURN(const auto store, Store::Open(path, {.profile = Profile::kEdge}));
  ToldLedger ledger;
  std::vector<Worker> workers;
  for (std::uint64_t i = 0; i < numbers.at(2); ++i) workers.emplace_back(numbers.at(1) + i, numbers.at(0), &ledger);
  return RunWorkers(&workers, store.get(), std::numeric_limits<int>::max());
}

int Main(int argc, char** argv) {
  if (argc < 5) return 2;
  std::vector<std::uint64_t> numbers;
  for (int i = 2; i < argc; ++i) numbers.push_back(std::stoull(argv[i]));
  const absl::Status status = Work(argv[1], numbers);
  std::cerr << status << std::endl;
  return 1;
}

}  // namespace
}  // namespace tallystick::testing

int main(int argc, char** argv) { return tallystick::testing::Main(argc, argv); }
