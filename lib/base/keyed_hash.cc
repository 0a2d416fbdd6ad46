#include "lib/base/keyed_hash.h"

#include <sodium.h>

namespace tallystick {

static_assert(crypto_shorthash_KEYBYTES == sizeof(HashKey::bytes));
static_assert(crypto_shorthash_BYTES == sizeof(std::uint64_t));

std::uint64_t KeyedHash(const HashKey& key, std::string_view data) {
  std::array<unsigned char, crypto_shorthash_BYTES> hash;
  crypto_shorthash(hash.data(), reinterpret_cast<const unsigned char*>(data.data()), data.size(), key.bytes.data());
  // SipHash's result is a little-endian number.
  std::uint64_t value = 0;
  for (std::size_t i = hash.size(); i-- > 0;) value = value << 8 | hash[i];
  return value;
}

void FillRandom(void* out, std::size_t size) {
  // Thread-safe and done once; without it the random source is opened on first use, which is not thread-safe.
  static const int initialised = sodium_init();
  static_cast<void>(initialised);
  randombytes_buf(out, size);
}

}  // namespace tallystick
