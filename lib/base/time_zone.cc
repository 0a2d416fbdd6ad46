#include "lib/base/time_zone.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tallystick {
namespace {

std::string DatabaseFolder() {
  const char* const folder = std::getenv("TZDIR");
  return folder != nullptr && *folder != '\0' ? folder : "/usr/share/zoneinfo";
}

std::string ListPath() { return DatabaseFolder() + "/tzdata.zi"; }

// Never destroyed: a thread may ask while the process ends.
const std::vector<std::string>& ZoneNames() {
  static const auto* const names = new std::vector<std::string>(ReadZoneNames(ListPath()));
  return *names;
}

std::string Quoted(std::string_view name) { return "'" + std::string(name) + "'"; }

}  // namespace

absl::StatusOr<absl::TimeZone> LoadZone(std::string_view name) {
  if (name == "UTC") return absl::UTCTimeZone();
  const std::vector<std::string>& names = ZoneNames();
  if (names.empty()) {
    return absl::FailedPreconditionError("cannot look up the time zone " + Quoted(name) + ": no list of zones in " +
                                         ListPath() + " (is tzdata installed?)");
  }
  if (!std::binary_search(names.begin(), names.end(), name)) {
    return absl::InvalidArgumentError("unknown time zone " + Quoted(name));
  }
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(absl::string_view(name.data(), name.size()), &zone)) {
    return absl::FailedPreconditionError("cannot load the time zone " + Quoted(name) + " from " + DatabaseFolder());
  }
  return zone;
}

std::vector<std::string> ReadZoneNames(const std::string& path) {
  std::vector<std::string> names;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string kind, name;
    fields >> kind >> name;
    if (kind == "L") fields >> name;
    if (fields && (kind == "Z" || kind == "L")) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace tallystick
