// What we ask of the file system ourselves.

#ifndef TALLYSTICK_LIB_STORAGE_FILES_H_
#define TALLYSTICK_LIB_STORAGE_FILES_H_

#include <string>
#include <string_view>
#include <system_error>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tallystick::storage {

// `error`, with what was being done to which file. RESOURCE_EXHAUSTED: the disk or its quota is full. NOT_FOUND: no
// such file. PERMISSION_DENIED. UNKNOWN for anything else.
absl::Status FileError(const std::string& path, std::string_view what, const std::error_code& error);

// The same for errno.
absl::Status LastFileError(const std::string& path, std::string_view what);

absl::StatusOr<std::string> ReadFile(const std::string& path);

// Puts the file at `path` in place, by way of `path`.tmp: afterwards, and after a crash at any moment, it is there as a
// whole, and on stable storage, or not at all.
absl::Status WriteFileAtOnce(const std::string& path, std::string_view text);

// Puts a file, or a folder's own entries (files made, renamed, removed), on stable storage.
absl::Status SyncPath(const std::string& path);

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_FILES_H_
