#include "serve/rate_limiter.h"

#include <algorithm>

namespace tallystick::tools {

std::optional<RateLimiter::Clock::duration> RateLimiter::Refuse(const std::string& client, Clock::time_point now) {
  constexpr Clock::duration kBurst = std::chrono::seconds(1);
  const std::lock_guard lock(mutex_);
  Clock::time_point& used_up = used_up_[client];
  const Clock::time_point next = std::max(used_up, now) + interval_;
  if (next - now > kBurst) return next - now - kBurst;
  used_up = next;
  return std::nullopt;
}

}  // namespace tallystick::tools
