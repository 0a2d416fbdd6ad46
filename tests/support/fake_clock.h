// A clock that a test sets. Thread-safe.

#ifndef TALLYSTICK_TESTS_SUPPORT_FAKE_CLOCK_H_
#define TALLYSTICK_TESTS_SUPPORT_FAKE_CLOCK_H_

#include <functional>
#include <memory>
#include <mutex>

#include "absl/time/time.h"

namespace tallystick::testing {

class FakeClock {
 public:
  absl::Time Now() const {
    const std::lock_guard lock(state_->mutex);
    return state_->now;
  }
  void Set(absl::Time now) {
    const std::lock_guard lock(state_->mutex);
    state_->now = now;
  }
  void Advance(absl::Duration by) {
    const std::lock_guard lock(state_->mutex);
    state_->now += by;
  }
  // For Options::clock; may outlive this object.
  std::function<absl::Time()> function() const {
    return [clock = *this] { return clock.Now(); };
  }

 private:
  struct State {
    std::mutex mutex;
    absl::Time now = absl::FromUnixSeconds(1'760'000'000);  // October 2025
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_FAKE_CLOCK_H_
