// Time zones by their IANA names, from the system's own copy of the time zone database.

#ifndef TALLYSTICK_LIB_BASE_TIME_ZONE_H_
#define TALLYSTICK_LIB_BASE_TIME_ZONE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tallystick {

// The zone of this name: a zone or a link in the system's time zone database, letter for letter. `UTC` is always there.
// Nothing else that Abseil would take is: no `localtime`, no path, no `Fixed/UTC+01:00:00`.
//
// INVALID_ARGUMENT, naming it: there is no such zone. FAILED_PRECONDITION: this system has no list of zones, or not the
// file that the list promises.
//
// The database lies in $TZDIR where that is set, as for Abseil and the C library, otherwise in /usr/share/zoneinfo. The
// list is read at the first call and a zone when it is first asked for; both are kept for the life of the process, so a
// newer database needs a restart. Thread-safe.
absl::StatusOr<absl::TimeZone> LoadZone(std::string_view name);

// The names that the file `path` defines, sorted; empty when it cannot be read. The file is the database in one piece,
// as its makers install it beside the compiled zones (`tzdata.zi`): a line `Z NAME ...` or `L TARGET NAME` each.
std::vector<std::string> ReadZoneNames(const std::string& path);

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_BASE_TIME_ZONE_H_
