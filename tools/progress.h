// A progress bar on standard error, when that is a terminal.

#ifndef TALLYSTICK_TOOLS_PROGRESS_H_
#define TALLYSTICK_TOOLS_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace tallystick::tools {

// Not thread-safe.
class Progress {
 public:
  // `unit` is what is counted: "events".
  explicit Progress(std::string unit);
  ~Progress();  // takes the bar away
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `count` units are done. `fraction`, from 0 to 1, is how much of all the work that is, where it is known.
  // Draws at most ten times a second.
  void Update(std::uint64_t count, std::optional<double> fraction);

  // Takes the bar away, so that a line can be printed in its place; the next Update draws it again.
  void Clear();

 private:
  const std::string unit_;
  const bool terminal_;
  // Not the time of day, which may be set while the work goes on.
  const std::chrono::steady_clock::time_point began_;
  std::chrono::steady_clock::time_point drawn_;  // while `shown_`
  bool shown_ = false;
};

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_PROGRESS_H_
