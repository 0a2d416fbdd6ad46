// UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF.

#ifndef TALLYSTICK_LIB_BASE_UTF8_H_
#define TALLYSTICK_LIB_BASE_UTF8_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tallystick {

// The offset of the first byte that does not begin or continue a valid sequence; absent when all of `text` is UTF-8.
std::optional<std::size_t> FindInvalidUtf8(std::string_view text);

// Appends a Unicode scalar value in its one to four bytes.
void AppendUtf8(char32_t scalar, std::string* out);

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_BASE_UTF8_H_
