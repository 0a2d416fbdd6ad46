// What the benchmarks take from their environment, and how their programs begin and end.
//
//   TALLYSTICK_BENCH_EVENTS  how many events a store is given; 1,000,000 when it is not set
//   TALLYSTICK_BENCH_FOLDER  where stores are made; the system's folder for temporary files when it is not set

#ifndef TALLYSTICK_BENCH_ENVIRONMENT_H_
#define TALLYSTICK_BENCH_ENVIRONMENT_H_

#include <cstdint>
#include <functional>
#include <string>

#include "benchmark/benchmark.h"

namespace tallystick::bench {

std::uint64_t EventsWanted();

// A folder of its own, gone with the object.
class TempFolder {
 public:
  TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder();

  std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Ends the benchmark with this error, and the program with a status other than 0.
void Fail(benchmark::State& state, const std::string& message);

// Adds a benchmark whose function may throw a std::exception: its message is then the error.
benchmark::internal::Benchmark* AddBenchmark(const std::string& name, std::function<void(benchmark::State&)> function);

// The same for one that measures a whole run itself and says so by `SetIterationTime`: once in each repetition.
benchmark::internal::Benchmark* AddRun(const std::string& name, std::function<void(benchmark::State&)> function);

// Returns when this process neither computes nor writes any more: flushes and compactions go on for a while behind what
// caused them.
void WaitUntilIdle();

// What this process has caused to be written to a disk so far, also by way of the page cache.
std::uint64_t WrittenBytes();

// `main` of a program with benchmarks. Calls `clean_up` when all of them have run.
int RunBenchmarks(
    int argc, char** argv, const std::function<void()>& clean_up = [] {});

}  // namespace tallystick::bench

#endif  // TALLYSTICK_BENCH_ENVIRONMENT_H_
