// The names that RocksDB gives to the files of a database, which are no part of its interface: this is who knows them.

#ifndef TALLYSTICK_LIB_STORAGE_FILE_NAMES_H_
#define TALLYSTICK_LIB_STORAGE_FILE_NAMES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallystick::storage {

// Without its folder.
std::string_view FileName(std::string_view path);

// The number of a log or a manifest, by its name or path; absent for other files.
std::optional<std::uint64_t> LogNumber(std::string_view path);
std::optional<std::uint64_t> ManifestNumber(std::string_view path);

// The name of the log with this number: `000012.log`.
std::string LogName(std::uint64_t number);

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_FILE_NAMES_H_
