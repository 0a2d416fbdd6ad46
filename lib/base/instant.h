// The time of an event: a nanosecond in years 0001 to 9999, UTC.
//
// absl::Time covers far more, at a quarter of a nanosecond; its int64 of Unix nanoseconds far less (1677 to 2262), and
// saturates silently. An Instant is exactly what a store can hold.

#ifndef TALLYSTICK_LIB_BASE_INSTANT_H_
#define TALLYSTICK_LIB_BASE_INSTANT_H_

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tallystick {

struct Instant {
  std::uint64_t seconds = 0;  // since 0001-01-01T00:00:00Z, in [0, kSecondsEnd)
  std::uint32_t nanos = 0;    // in [0, 1'000'000'000)

  // 0001-01-01 to 10000-01-01: 3,652,059 days.
  static constexpr std::uint64_t kSecondsEnd = 3'652'059ULL * 86'400;

  // The first instant, and the one just behind the last (which serves as an open upper bound, never as an event's
  // time).
  static constexpr Instant Min() { return {0, 0}; }
  static constexpr Instant End() { return {kSecondsEnd, 0}; }

  // The nanosecond that holds `time`; absent outside years 0001 to 9999.
  static std::optional<Instant> FromTime(absl::Time time);

  // The first nanosecond at or after `time`, clamped to [Min(), End()]: for an instant i, `i >= CeilFromTime(t)`
  // exactly when `i >= t`, and so for `<`.
  static Instant CeilFromTime(absl::Time time);

  absl::Time ToTime() const;

  // The nanosecond behind this one. Requires `*this < End()`.
  constexpr Instant Next() const {
    return nanos + 1 < 1'000'000'000 ? Instant{seconds, nanos + 1} : Instant{seconds + 1, 0};
  }

  friend constexpr auto operator<=>(const Instant&, const Instant&) = default;
};

// RFC 3339 section 5.6 `date-time`, as docs/GUIDE.md narrows it: `T` or `t`, `Z` or `z` or an offset of at most 23:59,
// real dates, at most nine fractional digits that are not zero. Second 60 is read as the next minute's second 00, and
// accepted only at 23:59:60 UTC on 30 June and 31 December (ITU-R TF.460-6 section 2.1 prefers these). INVALID_ARGUMENT
// otherwise, with a message that names the part at fault.
absl::StatusOr<Instant> ParseInstant(std::string_view text);

// `2015-09-12T00:46:58.771Z`: 0, 3, 6 or 9 fractional digits. `instant` must lie before `Instant::End()`.
void AppendInstant(Instant instant, std::string* out);

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_BASE_INSTANT_H_
