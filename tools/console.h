// Where a command prints: the terminal of this process, or that of a client for whom it is carried out in a server.

#ifndef TALLYSTICK_TOOLS_CONSOLE_H_
#define TALLYSTICK_TOOLS_CONSOLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "progress.h"

namespace tallystick::tools {

// Not thread-safe.
class Console {
 public:
  virtual ~Console() = default;

  // Data, on standard output. UNKNOWN when not everything arrived.
  virtual absl::Status Print(const std::vector<std::string>& lines) = 0;

  // To a person, on standard error: `tallystick: TEXT`.
  virtual void Tell(const std::string& text) = 0;

  // How far the work is, until something is printed or told: `count` of `unit`, which are `fraction` of all, where that
  // is known. False: the work is not wanted any more.
  virtual bool ShowProgress(std::string_view unit, std::uint64_t count, std::optional<double> fraction) = 0;

  // Tells why the command failed, and returns kFailed.
  int Fail(const absl::Status& status);

  // Prints what answers the command; returns kDone, unless it cannot be printed.
  int Answer(const std::vector<std::string>& lines);
};

// This process's standard output and error.
class Terminal : public Console {
 public:
  absl::Status Print(const std::vector<std::string>& lines) override;
  void Tell(const std::string& text) override;
  bool ShowProgress(std::string_view unit, std::uint64_t count, std::optional<double> fraction) override;

 private:
  std::optional<Progress> progress_;
};

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_CONSOLE_H_
