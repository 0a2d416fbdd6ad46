// A process that kills itself at one of the changes that it makes to files.

#ifndef TALLYSTICK_TESTS_SUPPORT_KILL_AT_STEP_H_
#define TALLYSTICK_TESTS_SUPPORT_KILL_AT_STEP_H_

#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

#include "tests/support/file_calls.h"

namespace tallystick::testing {

// Kills this process right before its n-th step, which is whatever changes what a killed process leaves behind. A sync
// does not: to die before one is to die before the step behind it. Writing on in the file that was just written to is
// no step of its own either.
class KillAtStep : public FileCallWatcher {
 public:
  KillAtStep(std::string path, std::uint64_t step) : path_(std::move(path)), kill_at_(step) {}

  std::uint64_t steps() {
    const std::lock_guard lock(mutex_);
    return steps_;
  }

  CallFate Begins(const FileCall& call) override {
    if (!call.path.starts_with(path_)) return {};  // a pipe, a thread's name
    if (call.name.ends_with("sync")) return {};
    if (call.name == "mkdir" && ::access(call.path.c_str(), F_OK) == 0) return {};  // it just makes sure
    const std::lock_guard lock(mutex_);
    const std::string written = call.name == "write" ? call.path : "";
    const bool goes_on = !written.empty() && written == written_;
    written_ = written;
    if (!goes_on && ++steps_ == kill_at_) ::raise(SIGKILL);
    return {};
  }

 private:
  const std::string path_;
  const std::uint64_t kill_at_;
  std::mutex mutex_;
  std::uint64_t steps_ = 0;  // guarded by mutex_
  std::string written_;      // guarded by mutex_: the file that the last step wrote to; empty when it did not
};

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_KILL_AT_STEP_H_
