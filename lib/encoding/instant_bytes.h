// An instant in nine bytes that order as instants do: the one place that knows them.
//
// Seconds take five bytes. What is below a second takes four: milliseconds, microseconds and nanoseconds, each below
// 1000 and in ten bits, from the highest bit down, and two zero bits. Most events have whole seconds or milliseconds,
// so that their last bytes are zero, and compress to nothing; a count of nanoseconds would fill all four.

#ifndef TALLYSTICK_LIB_ENCODING_INSTANT_BYTES_H_
#define TALLYSTICK_LIB_ENCODING_INSTANT_BYTES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "lib/base/instant.h"

namespace tallystick {

inline constexpr std::size_t kInstantSize = 9;

inline std::array<char, kInstantSize> InstantBytes(Instant instant) {
  const std::uint32_t millis = instant.nanos / 1'000'000;
  const std::uint32_t micros = instant.nanos / 1000 % 1000;
  const std::uint32_t nanos = instant.nanos % 1000;
  const std::uint32_t fraction = millis << 22 | micros << 12 | nanos << 2;
  std::array<char, kInstantSize> bytes;
  for (std::size_t i = 0; i < 5; ++i) bytes[i] = static_cast<char>(instant.seconds >> (8 * (4 - i)));
  for (std::size_t i = 0; i < 4; ++i) bytes[5 + i] = static_cast<char>(fraction >> (8 * (3 - i)));
  return bytes;
}

// False for what InstantBytes() does not give for any instant before Instant::End(), and for other than nine bytes.
inline bool ReadInstant(std::string_view bytes, Instant* instant) {
  if (bytes.size() != kInstantSize) return false;
  const auto byte = [&bytes](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(bytes[i])}; };
  // Eight bytes and four, of which a compiler makes a load each; of the eight, the last three are fraction.
  const std::uint64_t first = byte(0) << 56 | byte(1) << 48 | byte(2) << 40 | byte(3) << 32 | byte(4) << 24 |
                              byte(5) << 16 | byte(6) << 8 | byte(7);
  const auto fraction = static_cast<std::uint32_t>(byte(5) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8));
  const std::uint64_t seconds = first >> 24;
  const std::uint32_t millis = fraction >> 22;
  const std::uint32_t micros = fraction >> 12 & 0x3ff;
  const std::uint32_t nanos = fraction >> 2 & 0x3ff;
  if (seconds >= Instant::kSecondsEnd || millis >= 1000 || micros >= 1000 || nanos >= 1000) return false;
  if ((fraction & 3) != 0) return false;
  instant->seconds = seconds;
  instant->nanos = (millis * 1000 + micros) * 1000 + nanos;
  return true;
}

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_ENCODING_INSTANT_BYTES_H_
