#include "lib/base/digest.h"

#include <sodium.h>

namespace tallystick {

static_assert(kDigestSize == crypto_generichash_BYTES);

std::string Digest(std::string_view text) {
  std::string digest(kDigestSize, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(digest.data()), digest.size(),
                     reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
  return digest;
}

}  // namespace tallystick
