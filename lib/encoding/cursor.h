// The cursor of a scan: a position, and a seal that binds it to its store, account, direction and filters.

#ifndef TALLYSTICK_LIB_ENCODING_CURSOR_H_
#define TALLYSTICK_LIB_ENCODING_CURSOR_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/base/instant.h"
#include "lib/base/keyed_hash.h"
#include "tallystick/uuid.h"

namespace tallystick {

// What a cursor is bound to. Filters mean the same in any order, and so does one that is named twice.
struct CursorScope {
  Uuid account{};
  bool descending = false;
  std::vector<std::string> event_types{};
  std::vector<std::string> customer_aliases{};
};

// The last event that was shown.
struct CursorPosition {
  Instant time{};
  std::uint64_t sequence = 0;
  friend bool operator==(const CursorPosition&, const CursorPosition&) = default;
};

// Base64url without padding (RFC 4648 section 5).
std::string EncodeCursor(const HashKey& key, const CursorScope& scope, const CursorPosition& position);

// INVALID_ARGUMENT for anything that EncodeCursor did not make with the same key and scope.
absl::StatusOr<CursorPosition> DecodeCursor(const HashKey& key, const CursorScope& scope, std::string_view cursor);

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_ENCODING_CURSOR_H_
