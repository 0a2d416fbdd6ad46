// What the program asks of the operating system itself.

#ifndef TALLYSTICK_TOOLS_FILES_H_
#define TALLYSTICK_TOOLS_FILES_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace tallystick::tools {

// An open file, folder or socket, or none. Closed with the object.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  explicit operator bool() const { return number_ >= 0; }
  int get() const { return number_; }

 private:
  int number_;
};

// What errno says, with what was being done to which file. NOT_FOUND: no such file. PERMISSION_DENIED.
// RESOURCE_EXHAUSTED: the disk or its quota is full. UNKNOWN for anything else.
absl::Status LastFileError(const std::string& path, std::string_view what);

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_FILES_H_
