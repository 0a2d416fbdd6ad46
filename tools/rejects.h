// What is told of a rejected line: a line for a person, and an object in the rejects file.

#ifndef TALLYSTICK_TOOLS_REJECTS_H_
#define TALLYSTICK_TOOLS_REJECTS_H_

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "tallystick/write.h"

namespace tallystick::tools {

class Rejects {
 public:
  // `input_name` is the input file's name as it was given. An empty `path` means no rejects file.
  // The file keeps what it holds until `Empty`.
  absl::Status Open(const std::string& input_name, const std::string& path);

  // Takes what an earlier import left out of the rejects file.
  absl::Status Empty();

  // `input` is the line; `cut` when that is only its beginning.
  void Add(std::uint64_t line_number, const Rejection& rejection, std::string_view input, bool cut);

  // UNKNOWN when the rejects file could not be written in full.
  absl::Status Close();

 private:
  std::string input_name_;
  std::string path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_{nullptr, &std::fclose};
};

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_REJECTS_H_
