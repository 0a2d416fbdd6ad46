// Runs a program beside a test, as a shell would.

#ifndef TALLYSTICK_TESTS_SUPPORT_PROCESS_H_
#define TALLYSTICK_TESTS_SUPPORT_PROCESS_H_

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tallystick::testing {

// What a finished process left behind.
struct Finished {
  int status = 0;   // its exit status; minus the signal's number when a signal ended it
  std::string out;  // standard output
  std::string err;  // standard error
  // The most memory that it had resident, in KiB; no less than what this process had when it began the other.
  long memory_kib = 0;
};

struct Surroundings {
  // On top of this process's own environment, from which every TALLYSTICK_* is taken away.
  std::map<std::string, std::string> environment{};
  std::string folder{};           // the working folder; empty means this process's
  std::string out_path{};         // standard output goes to this file, and is not in Finished::out
  int terminal_columns = 0;       // unless 0, standard error is a terminal of so many columns
  bool unfinished_input = false;  // standard input stays open until FinishInput
};

// A process that runs beside the test. Killed, if need be, when this goes.
class Process {
 public:
  // `program` is a path, or a name to look for in PATH.
  Process(const std::string& program, const std::vector<std::string>& arguments, std::string_view input = "",
          const Surroundings& surroundings = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t id() const;

  // More standard input. Only with `Surroundings::unfinished_input`, as for FinishInput.
  void Send(std::string_view input);
  void FinishInput();

  // Returns when standard output, or error, holds `text`, or has ended; says which.
  bool WaitForOut(std::string_view text);
  bool WaitForErr(std::string_view text);

  // Standard output as far as it has been waited for.
  const std::string& out() const;

  void Kill();  // as kill -9

  // Waits for the end.
  Finished Wait();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_PROCESS_H_
