// How long calls took, and what most of them stayed within.
//
// Thread safety: thread-compatible.

#ifndef TALLYSTICK_BENCH_LATENCIES_H_
#define TALLYSTICK_BENCH_LATENCIES_H_

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <vector>

#include "benchmark/benchmark.h"

namespace tallystick::bench {

class Latencies {
 public:
  void Reserve(std::size_t calls) { us_.reserve(calls); }

  template <typename Call>
  void Time(const Call& call) {
    const auto start = std::chrono::steady_clock::now();
    call();
    us_.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
  }

  void Add(const Latencies& others) { us_.insert(us_.end(), others.us_.begin(), others.us_.end()); }

  // The least time that at least this part of the calls stayed within, in microseconds. There must be a call.
  double Percentile(double percent) {
    std::sort(us_.begin(), us_.end());
    const auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(us_.size())));
    return us_[std::max<std::size_t>(rank, 1) - 1];
  }

  void Report(benchmark::State& state) {
    state.counters["p50_us"] = Percentile(50);
    state.counters["p99_us"] = Percentile(99);
    state.counters["p99.9_us"] = Percentile(99.9);
  }

 private:
  std::vector<double> us_;
};

}  // namespace tallystick::bench

#endif  // TALLYSTICK_BENCH_LATENCIES_H_
