// A 128-bit UUID (RFC 9562): the name of an account, and the `id` that Tallystick gives to every stored event.
//
// Thread safety: a plain value (thread-compatible).

#ifndef TALLYSTICK_UUID_H_
#define TALLYSTICK_UUID_H_

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallystick {

struct Uuid {
  // In network order, as RFC 9562 section 4 lays them out. All zero is the nil UUID.
  std::array<std::uint8_t, 16> bytes{};

  // Reads the 36-character form `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, digits in either case; nothing else is
  // accepted (no braces, no `urn:uuid:`, no missing hyphens). Absent when `text` is not of that form.
  static std::optional<Uuid> Parse(std::string_view text);

  // The 36-character form in lower case.
  std::string ToString() const;

  // Byte order, which for UUIDv7 is the order of creation.
  friend auto operator<=>(const Uuid&, const Uuid&) = default;

  template <typename H>
  friend H AbslHashValue(H state, const Uuid& uuid) {
    return H::combine(std::move(state), uuid.bytes);
  }
};

}  // namespace tallystick

#endif  // TALLYSTICK_UUID_H_
