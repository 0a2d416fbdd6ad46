// A digest that stands for a text: BLAKE2b of 256 bits (RFC 7693), from libsodium.

#ifndef TALLYSTICK_LIB_BASE_DIGEST_H_
#define TALLYSTICK_LIB_BASE_DIGEST_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace tallystick {

inline constexpr std::size_t kDigestSize = 32;

// No two texts that anybody can find have one digest.
std::string Digest(std::string_view text);

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_BASE_DIGEST_H_
