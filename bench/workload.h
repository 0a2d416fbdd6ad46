// What writers send, made before any clock starts, and what a store must hold once it has been sent all of it.
//
// An event costs some 350 bytes of memory.

#ifndef TALLYSTICK_BENCH_WORKLOAD_H_
#define TALLYSTICK_BENCH_WORKLOAD_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/events.h"

namespace tallystick::bench {

// Of a store: how many events it holds, and the sum of their property "amount".
struct Holdings {
  std::uint64_t events = 0;
  std::int64_t hundredths = 0;

  friend bool operator==(const Holdings&, const Holdings&) = default;
};

Holdings HoldingsOf(const Answers& answers);

// The property "amount" of one made-up event, whose properties these are.
std::int64_t AmountOf(std::string_view properties);

// One writer's part. Its events are spread over the whole month, and only it corrects them.
struct Work {
  std::vector<Batch> batches;
  std::uint64_t created = 0;
  std::uint64_t superseded = 0;
  std::uint64_t json_bytes = 0;
  Holdings holdings;
};

// `options.events` different events for all writers together, in batches of `batch_events`.
std::vector<Work> Divide(std::uint64_t writers, std::size_t batch_events, const UsageOptions& options);

// All writers' parts together.
struct Sum {
  std::uint64_t sent = 0;
  std::uint64_t json_bytes = 0;
  Holdings holdings;
};
Sum SumOf(const std::vector<Work>& works);

// Of an event sent, the part that supersedes an earlier one, in per cent: the options that make it so.
std::uint32_t CorrectionsPerMille(std::uint32_t superseding_percent);

// The customerEventId and the eventProperties of a made-up event's text.
std::string_view IdOf(std::string_view document);
std::string_view PropertiesOf(std::string_view document);

}  // namespace tallystick::bench

#endif  // TALLYSTICK_BENCH_WORKLOAD_H_
