// The `id` of a stored event: a UUIDv7 that is computed, not stored.
//
// A receipt is the moment at which an event was stored, in 4096ths of a millisecond; a store gives each event a greater
// one than the last, whatever the clock does. With 48 bits of milliseconds and 12 bits below, it fills the time and the
// first 12 random bits of a UUIDv7 (RFC 9562 section 6.2, method 3), which makes ids increase strictly. The 62 bits
// that remain are a keyed hash of receipt and sequence under a secret of the store: as good as random to anyone else,
// and nothing to store.

#ifndef TALLYSTICK_LIB_ENCODING_EVENT_ID_H_
#define TALLYSTICK_LIB_ENCODING_EVENT_ID_H_

#include <compare>
#include <cstdint>

#include "absl/time/time.h"
#include "lib/base/keyed_hash.h"
#include "tallystick/uuid.h"

namespace tallystick {

struct Receipt {
  static constexpr std::uint64_t kTicksPerMillisecond = 4096;
  static constexpr std::uint64_t kTicksEnd = std::uint64_t{1} << 60;  // in the year 10889

  std::uint64_t ticks = 0;  // since the Unix epoch, below kTicksEnd

  // The tick that holds `time`, clamped to [0, kTicksEnd).
  static Receipt FromTime(absl::Time time);
  absl::Time ToTime() const;

  friend constexpr auto operator<=>(const Receipt&, const Receipt&) = default;
};

Uuid MakeEventId(const HashKey& key, Receipt receipt, std::uint64_t sequence);

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_ENCODING_EVENT_ID_H_
