// What is told of a rejected line: a line for a person, and an object in the rejects file.

#ifndef TALLYSTICK_TOOLS_REJECTS_H_
#define TALLYSTICK_TOOLS_REJECTS_H_

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "tallystick/write.h"

namespace tallystick::tools {

class Rejects {
 public:
  // `input_name` is the input file's name as it was given. An empty `path` means no rejects file.
  absl::Status Open(const std::string& input_name, const std::string& path);

  // `input` is the line; `cut` when that is only its beginning.
  void Add(std::uint64_t line_number, const Rejection& rejection, std::string_view input, bool cut);

  // UNKNOWN when the rejects file could not be written in full.
  absl::Status Close();

 private:
  std::string input_name_;
  std::string path_;
  std::ofstream file_;
};

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_REJECTS_H_
