// Writers that send their work to one place, each in a thread of its own, all at once.

#ifndef TALLYSTICK_BENCH_SENDING_H_
#define TALLYSTICK_BENCH_SENDING_H_

#include <barrier>
#include <chrono>
#include <cstddef>
#include <future>
#include <vector>

#include "bench/latencies.h"

namespace tallystick::bench {

struct Sending {
  double seconds = 0;  // from when all writers are ready, to the end of `finish`
  Latencies calls;
};

// Calls `send(writer, i)` for each i below `counts[writer]`, in this order, and `finish()` when all are done. What a
// call throws is thrown here, after the other writers have ended.
template <typename Send, typename Finish>
Sending SendAll(const std::vector<std::size_t>& counts, const Send& send, const Finish& finish) {
  std::barrier ready(static_cast<std::ptrdiff_t>(counts.size()) + 1);
  std::vector<std::future<Latencies>> writers;
  for (std::size_t writer = 0; writer < counts.size(); ++writer) {
    writers.push_back(std::async(std::launch::async, [&, writer] {
      Latencies calls;
      calls.Reserve(counts[writer]);
      ready.arrive_and_wait();
      for (std::size_t i = 0; i < counts[writer]; ++i) calls.Time([&] { send(writer, i); });
      return calls;
    }));
  }
  ready.arrive_and_wait();
  const auto start = std::chrono::steady_clock::now();
  for (const auto& writer : writers) writer.wait();
  Sending sending;
  for (auto& writer : writers) sending.calls.Add(writer.get());
  finish();
  sending.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return sending;
}

}  // namespace tallystick::bench

#endif  // TALLYSTICK_BENCH_SENDING_H_
