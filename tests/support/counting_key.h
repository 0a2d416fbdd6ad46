// A key for values that a test pins.

#ifndef TALLYSTICK_TESTS_SUPPORT_COUNTING_KEY_H_
#define TALLYSTICK_TESTS_SUPPORT_COUNTING_KEY_H_

#include <cstddef>
#include <cstdint>

#include "lib/base/keyed_hash.h"

namespace tallystick::testing {

// The bytes 00, 01 ... 0f: the key of SipHash's published vectors.
inline HashKey CountingKey() {
  HashKey key;
  for (std::size_t i = 0; i < key.bytes.size(); ++i) key.bytes[i] = static_cast<std::uint8_t>(i);
  return key;
}

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_COUNTING_KEY_H_
