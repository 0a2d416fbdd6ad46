// Standard output for data.

#ifndef TALLYSTICK_TOOLS_OUTPUT_H_
#define TALLYSTICK_TOOLS_OUTPUT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace tallystick::tools {

// Buffers what is written. A reader that has gone, or a full disk, is noticed at `Flush`, and at the latest at a
// `WriteLine` some time after.
class Output {
 public:
  // False once writing has failed: no need to go on.
  bool WriteLine(std::string_view line);

  // UNKNOWN when not everything arrived.
  absl::Status Flush();

 private:
  std::string buffer_;
  int error_ = 0;
};

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_OUTPUT_H_
