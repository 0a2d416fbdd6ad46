// The 36 characters of a UUID where they are written and read for every event: without the heap, and in one form only.

#ifndef TALLYSTICK_LIB_BASE_UUID_TEXT_H_
#define TALLYSTICK_LIB_BASE_UUID_TEXT_H_

#include <cstddef>
#include <optional>
#include <string_view>

#include "tallystick/uuid.h"

namespace tallystick {

inline constexpr std::size_t kUuidTextSize = 36;

// Writes what Uuid::ToString() gives to `out`, which has room for kUuidTextSize characters. No zero follows.
void WriteUuidText(const Uuid& uuid, char* out);

// Reads what WriteUuidText() writes, and nothing else: unlike Uuid::Parse(), no digit in upper case.
std::optional<Uuid> ParseUuidText(std::string_view text);

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_BASE_UUID_TEXT_H_
