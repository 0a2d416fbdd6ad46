// A keyed hash that persists: SipHash-2-4 (Aumasson and Bernstein, 2012), from libsodium.
//
// For what reaches the disk or a client. In-process tables use absl::Hash, whose values change from run to run.

#ifndef TALLYSTICK_LIB_BASE_KEYED_HASH_H_
#define TALLYSTICK_LIB_BASE_KEYED_HASH_H_

#include <array>
#include <cstdint>
#include <string_view>

namespace tallystick {

struct HashKey {
  std::array<std::uint8_t, 16> bytes{};
  friend bool operator==(const HashKey&, const HashKey&) = default;
};

// Whoever does not know the key cannot make two inputs collide on purpose.
std::uint64_t KeyedHash(const HashKey& key, std::string_view data);

// Fills `size` bytes at `out` from the operating system's random source.
void FillRandom(void* out, std::size_t size);

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_BASE_KEYED_HASH_H_
