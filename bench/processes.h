// Runs programs, and tells what they took.

#ifndef TALLYSTICK_BENCH_PROCESSES_H_
#define TALLYSTICK_BENCH_PROCESSES_H_

#include <cstdint>
#include <string>
#include <vector>

namespace tallystick::bench {

struct ProcessRun {
  double seconds = 0;                // from before it is started until it has ended
  std::uint64_t peak_rss_bytes = 0;  // at least what this process has had itself: it is to stay small
  std::uint64_t written_bytes = 0;   // to disks, also by way of the page cache
  std::string output;
};

struct ProcessOptions {
  // Where standard output goes; `output` is then standard error. Empty: `output` is standard output.
  std::string stdout_file{};
  // The signal that must end it; 0: it must end with exit status 0.
  int signal = 0;
};

// Throws std::runtime_error when the program cannot be run or ends otherwise.
ProcessRun RunProcess(const std::vector<std::string>& command, const ProcessOptions& options = {});

// The number behind `"name":` in a line of JSON; throws when there is none.
double NumberIn(const std::string& json, const std::string& name);

}  // namespace tallystick::bench

#endif  // TALLYSTICK_BENCH_PROCESSES_H_
