#include "lib/storage/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

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

absl::Status SyncPath(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return LastFileError(path, "cannot open");
  absl::Status status = ::fsync(file) == 0 ? absl::OkStatus() : LastFileError(path, "cannot sync");
  ::close(file);
  return status;
}

}  // namespace tallystick::storage
