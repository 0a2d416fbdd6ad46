#include "lib/storage/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

namespace tallystick::storage {

absl::Status FileError(const std::string& path, std::string_view what, const std::error_code& error) {
  const std::string message = path + ": " + std::string(what) + ": " + error.message();
  if (error == std::errc::no_space_on_device || error.value() == EDQUOT) return absl::ResourceExhaustedError(message);
  if (error == std::errc::no_such_file_or_directory) return absl::NotFoundError(message);
  if (error == std::errc::permission_denied) return absl::PermissionDeniedError(message);
  return absl::UnknownError(message);
}

absl::Status LastFileError(const std::string& path, std::string_view what) {
  return FileError(path, what, std::error_code(errno, std::generic_category()));
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return LastFileError(path, "cannot open");
  std::string text;
  std::array<char, 4096> piece;
  ssize_t size = 0;
  while ((size = ::read(file, piece.data(), piece.size())) > 0 || (size < 0 && errno == EINTR)) {
    if (size > 0) text.append(piece.data(), static_cast<std::size_t>(size));
  }
  absl::Status status = size == 0 ? absl::OkStatus() : LastFileError(path, "cannot read");
  ::close(file);
  if (!status.ok()) return status;
  return text;
}

absl::Status WriteFileAtOnce(const std::string& path, std::string_view text) {
  const std::string made = path + ".tmp";
  const int file = ::open(made.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return LastFileError(made, "cannot make");
  absl::Status status;
  while (status.ok() && !text.empty()) {
    const ssize_t size = ::write(file, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) {
      status = LastFileError(made, "cannot write");
    } else {
      text.remove_prefix(static_cast<std::size_t>(size));
    }
  }
  if (status.ok() && ::fsync(file) != 0) status = LastFileError(made, "cannot sync");
  ::close(file);
  if (status.ok() && ::rename(made.c_str(), path.c_str()) != 0) status = LastFileError(made, "cannot rename");
  if (!status.ok()) return status;
  return SyncPath(path.substr(0, path.rfind('/') + 1));
}

absl::Status SyncPath(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return LastFileError(path, "cannot open");
  absl::Status status = ::fsync(file) == 0 ? absl::OkStatus() : LastFileError(path, "cannot sync");
  ::close(file);
  return status;
}

}  // namespace tallystick::storage
