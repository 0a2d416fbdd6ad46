// Options::future_limit: how far ahead of now an event may lie.

#ifndef TALLYSTICK_LIB_INGEST_FUTURE_H_
#define TALLYSTICK_LIB_INGEST_FUTURE_H_

#include <optional>

#include "lib/base/instant.h"
#include "lib/json/event_parser.h"
#include "tallystick/options.h"
#include "tallystick/write.h"

namespace tallystick::ingest {

// The first instant that lies too far ahead of now; absent when there is no limit.
inline std::optional<Instant> FutureOf(const Options& options) {
  if (!options.future_limit.has_value()) return std::nullopt;
  return Instant::CeilFromTime(options.clock() + *options.future_limit + absl::Nanoseconds(1));
}

// The rejection of an event that lies there; absent for all others.
inline std::optional<Rejection> RejectFuture(const ParsedEvent& event, const std::optional<Instant>& future) {
  if (!future.has_value() || !event.event_timestamp.has_value() || *event.event_timestamp < *future) {
    return std::nullopt;
  }
  return Rejection{.reason = RejectReason::kInFuture,
                   .message = "lies further in the future than this store accepts",
                   .pointer = "/eventTimestamp",
                   .offset = std::nullopt};
}

}  // namespace tallystick::ingest

#endif  // TALLYSTICK_LIB_INGEST_FUTURE_H_
