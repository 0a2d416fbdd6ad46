#include "output.h"

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <system_error>

namespace tallystick::tools {
namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;

}  // namespace

bool Output::WriteLine(std::string_view line) {
  buffer_.append(line);
  buffer_.push_back('\n');
  return buffer_.size() < kBufferBytes || Flush().ok();
}

absl::Status Output::Flush() {
  std::string_view rest = buffer_;
  while (error_ == 0 && !rest.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      error_ = errno;
    }
  }
  buffer_.clear();
  if (error_ == 0) return absl::OkStatus();
  return absl::UnknownError("cannot write to standard output: " + std::generic_category().message(error_));
}

}  // namespace tallystick::tools
