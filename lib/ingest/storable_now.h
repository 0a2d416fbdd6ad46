// The clock's time, as an event without a timestamp gets it.

#ifndef TALLYSTICK_LIB_INGEST_STORABLE_NOW_H_
#define TALLYSTICK_LIB_INGEST_STORABLE_NOW_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/base/instant.h"

namespace tallystick::ingest {

// FAILED_PRECONDITION when `now` is no time that can be stored.
inline absl::StatusOr<Instant> StorableNow(absl::Time now) {
  if (const std::optional<Instant> instant = Instant::FromTime(now)) return *instant;
  return absl::FailedPreconditionError("the clock does not read a time in years 0001 to 9999");
}

}  // namespace tallystick::ingest

#endif  // TALLYSTICK_LIB_INGEST_STORABLE_NOW_H_
