// The inside of a JSON string: its escapes (RFC 8259 section 7).

#ifndef TALLYSTICK_LIB_JSON_STRINGS_H_
#define TALLYSTICK_LIB_JSON_STRINGS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tallystick {

inline bool HasEscapes(std::string_view inside) { return inside.find('\\') != std::string_view::npos; }

// Appends what the text between two quotes means. The offset of the first escape that is none, or that stands for a
// surrogate without its other half; absent when all is well. `out` may be null, to check only.
std::optional<std::size_t> Unescape(std::string_view inside, std::string* out);

// Whether each backslash begins an escape of the grammar, surrogates alone among them, which stand for no character.
bool HasOnlyEscapes(std::string_view inside);

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_JSON_STRINGS_H_
