#include "lib/base/keyed_hash.h"

#include <sodium.h>

#include <bit>

namespace tallystick {

static_assert(crypto_shorthash_KEYBYTES == sizeof(HashKey::bytes));
static_assert(crypto_shorthash_BYTES == sizeof(std::uint64_t));

std::uint64_t KeyedHash(const HashKey& key, std::string_view data) {
  std::uint64_t hash = 0;
  crypto_shorthash(reinterpret_cast<unsigned char*>(&hash), reinterpret_cast<const unsigned char*>(data.data()),
                   data.size(), key.bytes.data());
  // SipHash's result is a little-endian number.
  if constexpr (std::endian::native == std::endian::big) hash = __builtin_bswap64(hash);
  return hash;
}

void FillRandom(void* out, std::size_t size) {
  // Thread-safe and done once; without it the random source is opened on first use, which is not thread-safe.
  static const int initialised = sodium_init();
  static_cast<void>(initialised);
  randombytes_buf(out, size);
}

}  // namespace tallystick
