#include "lib/storage/file_names.h"

#include <charconv>
#include <system_error>

namespace tallystick::storage {
namespace {

constexpr std::string_view kLogSuffix = ".log";
constexpr std::string_view kManifestPrefix = "MANIFEST-";

std::optional<std::uint64_t> Number(std::string_view digits) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string_view FileName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::optional<std::uint64_t> LogNumber(std::string_view path) {
  const std::string_view name = FileName(path);
  if (!name.ends_with(kLogSuffix)) return std::nullopt;
  return Number(name.substr(0, name.size() - kLogSuffix.size()));
}

std::optional<std::uint64_t> ManifestNumber(std::string_view path) {
  const std::string_view name = FileName(path);
  if (!name.starts_with(kManifestPrefix)) return std::nullopt;
  return Number(name.substr(kManifestPrefix.size()));
}

std::string LogName(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  return std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits + std::string(kLogSuffix);
}

}  // namespace tallystick::storage
