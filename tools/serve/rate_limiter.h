// How many requests each client may make.

#ifndef TALLYSTICK_TOOLS_SERVE_RATE_LIMITER_H_
#define TALLYSTICK_TOOLS_SERVE_RATE_LIMITER_H_

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"

namespace tallystick::tools {

// Thread-safe. A client may make so many requests in a second at once, and then as many as that rate brings.
class RateLimiter {
 public:
  using Clock = std::chrono::steady_clock;

  explicit RateLimiter(std::uint64_t requests_per_second)
      : interval_(std::chrono::nanoseconds(std::chrono::seconds(1)) / requests_per_second) {}

  // Counts a request of `client`'s. Absent: it may be made; otherwise, how long until one may.
  std::optional<Clock::duration> Refuse(const std::string& client, Clock::time_point now);

 private:
  const Clock::duration interval_;
  std::mutex mutex_;
  // When all that a client has asked for would have been made at an even pace; guarded by mutex_. There are no more
  // clients than credentials that were shown.
  absl::flat_hash_map<std::string, Clock::time_point> used_up_;
};

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_SERVE_RATE_LIMITER_H_
