// What tells an identical re-send from a correction: a keyed hash of alias, type and properties, without the time.

#ifndef TALLYSTICK_LIB_ENCODING_FINGERPRINT_H_
#define TALLYSTICK_LIB_ENCODING_FINGERPRINT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/keyed_hash.h"

namespace tallystick {

// `content` is the end of an encoded EventRow, from EventRow::ContentOffset() on, which is made of the same bytes that
// the fingerprint is of.
inline std::uint64_t FingerprintOfContent(const HashKey& key, std::string_view content) {
  return KeyedHash(key, content);
}

// The same of what a row was made of. `scratch` is working memory that a caller reuses. Properties are minified.
std::uint64_t Fingerprint(const HashKey& key, std::string_view customer_alias, std::string_view event_type,
                          std::string_view event_properties, std::string* scratch);

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_ENCODING_FINGERPRINT_H_
