// Runs the real `tallystick` program, as a shell would.

#ifndef TALLYSTICK_TESTS_CLI_PROGRAM_H_
#define TALLYSTICK_TESTS_CLI_PROGRAM_H_

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/process.h"

namespace tallystick::cli {

using testing::Finished;
using testing::Process;
using testing::Surroundings;

// The program's path.
inline std::string ProgramPath() { return TALLYSTICK_PROGRAM; }

// Runs `tallystick ARGUMENTS...` to its end.
inline Finished RunProgram(const std::vector<std::string>& arguments, std::string_view input = "",
                           const Surroundings& surroundings = {}) {
  return Process(ProgramPath(), arguments, input, surroundings).Wait();
}

// A path below the project's source folder.
inline std::string SourcePath(std::string_view relative) {
  return std::string(TALLYSTICK_SOURCE_FOLDER) + "/" + std::string(relative);
}

}  // namespace tallystick::cli

#endif  // TALLYSTICK_TESTS_CLI_PROGRAM_H_
