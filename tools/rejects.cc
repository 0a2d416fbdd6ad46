#include "rejects.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <system_error>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "printable.h"
#include "tallystick/event.h"

namespace tallystick::tools {
namespace {

constexpr std::size_t kInputBytesMax = 64 * 1024;
constexpr std::size_t kToldPointerBytesMax = 256;  // to a person

// At most `bytes_max` bytes, not ending in the middle of a character.
std::string_view Shortened(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t size = bytes_max;
  const auto continues = [&] { return (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80; };
  while (size > bytes_max - 4 && continues()) --size;
  return text.substr(0, size);
}

// A pointer holds keys, which are the input's own text, of any length.
std::string ForPerson(Rejection rejection) {
  const std::string_view pointer = Shortened(rejection.pointer, kToldPointerBytesMax);
  if (pointer.size() < rejection.pointer.size()) rejection.pointer = std::string(pointer) + "...";
  return Printable(rejection.ToString());
}

}  // namespace

absl::Status Rejects::Open(const std::string& input_name, const std::string& path) {
  input_name_ = input_name;
  path_ = path;
  if (path_.empty()) return absl::OkStatus();
  const int file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (file >= 0) file_.reset(::fdopen(file, "w"));
  if (file_ != nullptr) return absl::OkStatus();
  const int error = errno;
  if (file >= 0) ::close(file);
  return absl::UnknownError(path_ + ": cannot open: " + std::generic_category().message(error));
}

absl::Status Rejects::Empty() {
  struct stat status {};
  if (path_.empty() || (::fstat(::fileno(file_.get()), &status) == 0 && !S_ISREG(status.st_mode))) {
    return absl::OkStatus();
  }
  if (::ftruncate(::fileno(file_.get()), 0) == 0) return absl::OkStatus();
  return absl::UnknownError(path_ + ": cannot empty: " + std::generic_category().message(errno));
}

void Rejects::Add(std::uint64_t line_number, const Rejection& rejection, std::string_view input, bool cut) {
  std::fprintf(stderr, "%s:%llu: %s\n", Printable(input_name_).c_str(), static_cast<unsigned long long>(line_number),
               ForPerson(rejection).c_str());
  if (path_.empty()) return;

  const std::string_view shown = Shortened(input, kInputBytesMax);
  std::string json = "{\"line\":" + std::to_string(line_number) + ",\"error\":{\"type\":\"";
  json += RejectReasonName(rejection.reason);
  json += "\",\"message\":";
  AppendJsonString(rejection.message, &json);
  json += ",\"pointer\":";
  AppendJsonString(rejection.pointer, &json);
  json += "},\"input\":";
  if (!AppendJsonString(shown, &json)) {
    json += ",\"inputBase64\":\"" + absl::Base64Escape(absl::string_view(shown.data(), shown.size())) + "\"";
  }
  if (cut || shown.size() < input.size()) json += ",\"truncated\":true";
  json += "}\n";
  std::fwrite(json.data(), 1, json.size(), file_.get());  // Close looks at the outcome
}

absl::Status Rejects::Close() {
  if (path_.empty()) return absl::OkStatus();
  const bool failed = std::ferror(file_.get()) != 0;
  if (std::fclose(file_.release()) == 0 && !failed) return absl::OkStatus();
  return absl::UnknownError(path_ + ": cannot write the rejected lines");
}

}  // namespace tallystick::tools
