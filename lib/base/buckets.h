// The pieces of time by which declared meters are kept.

#ifndef TALLYSTICK_LIB_BASE_BUCKETS_H_
#define TALLYSTICK_LIB_BASE_BUCKETS_H_

#include <cstdint>

#include "lib/base/instant.h"

namespace tallystick {

// Every offset from UTC that is in use today is a multiple of a quarter of an hour, so windows of hours and more are
// made of whole quarters in any zone. Persisted.
enum class BucketSize : std::uint8_t { kQuarterHour = 1, kDay = 2 };

inline constexpr std::uint32_t BucketSeconds(BucketSize size) { return size == BucketSize::kDay ? 86'400 : 900; }

// Buckets are counted from the first instant; days are those of UTC.
inline constexpr std::uint32_t BucketOf(Instant instant, BucketSize size) {
  return static_cast<std::uint32_t>(instant.seconds / BucketSeconds(size));
}

// The number of buckets that there are: the greatest bucket is one less.
inline constexpr std::uint32_t BucketEnd(BucketSize size) { return BucketOf(Instant::End(), size); }

// The first instant of a bucket, up to BucketEnd().
inline constexpr Instant BucketStart(std::uint32_t bucket, BucketSize size) {
  return {.seconds = std::uint64_t{bucket} * BucketSeconds(size), .nanos = 0};
}

// The first bucket that begins at or after `instant`.
inline constexpr std::uint32_t BucketAtOrAfter(Instant instant, BucketSize size) {
  const std::uint32_t bucket = BucketOf(instant, size);
  return BucketStart(bucket, size) == instant ? bucket : bucket + 1;
}

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_BASE_BUCKETS_H_
