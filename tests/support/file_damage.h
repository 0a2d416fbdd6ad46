// Rot: bits that change in files at rest.

#ifndef TALLYSTICK_TESTS_SUPPORT_FILE_DAMAGE_H_
#define TALLYSTICK_TESTS_SUPPORT_FILE_DAMAGE_H_

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/random.h"

namespace tallystick::testing {

// Kinds of files of a database, by what their names have in them.
inline constexpr std::string_view kTableFiles = ".sst";
inline constexpr std::string_view kManifests = "MANIFEST-";
inline constexpr std::string_view kCurrent = "CURRENT";
inline constexpr std::string_view kOptionsFiles = "OPTIONS-";
inline constexpr std::string_view kDiaries = "LOG";
inline constexpr std::string_view kLogs = ".log";
inline constexpr std::string_view kGuards = "SYNCED";
inline constexpr std::string_view kLocks = "LOCK";

// How many bytes of a file mean something: a log has zeroes ahead of what is written (lib/storage/log_files.h).
inline std::uint64_t BytesInUse(const std::filesystem::path& file) {
  if (file.extension() != kLogs) return std::filesystem::file_size(file);
  std::ifstream stream(file, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(stream), {}};
  return content.find_last_not_of('\0') + 1;
}

// A byte of one of the files of this kind in `folder`, each of them all as likely as the others.
struct BytePlace {
  std::filesystem::path file;
  std::uint64_t at = 0;

  std::string ToString() const { return file.filename().string() + ", byte " + std::to_string(at); }
};

// Absent when they have no bytes.
inline std::optional<BytePlace> PickByte(const std::string& folder, std::string_view kind, Random* random) {
  std::vector<std::filesystem::path> files;
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().filename().string().find(kind) == std::string::npos) continue;
    files.push_back(entry.path());
    bytes += BytesInUse(entry.path());
  }
  if (bytes == 0) return std::nullopt;
  // Else the order would be the file system's own.
  std::sort(files.begin(), files.end());
  std::uint64_t at = random->Below(bytes);
  auto file = files.begin();
  for (; at >= BytesInUse(*file); ++file) at -= BytesInUse(*file);
  return BytePlace{.file = *file, .at = at};
}

// Flips one bit of one of the files of this kind. Says which; empty when they have no bytes.
inline std::string FlipBit(const std::string& folder, std::string_view kind, Random* random) {
  const std::optional<BytePlace> place = PickByte(folder, kind, random);
  if (!place.has_value()) return "";
  const std::uint64_t bit = random->Below(8);
  std::fstream stream(place->file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(place->at));
  const int byte = stream.get();
  stream.seekp(static_cast<std::streamoff>(place->at));
  stream.put(static_cast<char>(byte ^ (1 << bit)));
  return place->ToString() + ", bit " + std::to_string(bit);
}

// Cuts one of the files of this kind, before one of its bytes. Says which; empty when they have no bytes.
inline std::string CutFile(const std::string& folder, std::string_view kind, Random* random) {
  const std::optional<BytePlace> place = PickByte(folder, kind, random);
  if (!place.has_value()) return "";
  std::filesystem::resize_file(place->file, place->at);
  return place->ToString() + ", cut";
}

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_FILE_DAMAGE_H_
