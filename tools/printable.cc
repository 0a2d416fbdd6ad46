#include "printable.h"

#include <array>
#include <cstddef>
#include <cstdio>

namespace tallystick::tools {
namespace {

bool Continues(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

// The size of the character that the text begins with; 0 when that is none. What only a strict decoder refuses (an
// overlong form, a surrogate) passes: no terminal takes it for a control character.
std::size_t CharacterSize(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return 1;
  const std::size_t size = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if (!Continues(text[i])) return 0;
  }
  return size;
}

void AppendEscape(const char* form, unsigned number, std::string* out) {
  std::array<char, 8> escape;
  std::snprintf(escape.data(), escape.size(), form, number);
  out->append(escape.data());
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string printable;
  printable.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = CharacterSize(text);
    const auto first = static_cast<unsigned char>(text[0]);
    if (size == 0) {
      AppendEscape("\\x%02x", first, &printable);
    } else if (size == 1 && (first < 0x20 || first == 0x7f)) {
      AppendEscape("\\u%04x", first, &printable);
    } else if (first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0) {  // U+0080 to U+009F
      AppendEscape("\\u%04x", static_cast<unsigned char>(text[1]), &printable);
    } else {
      printable.append(text.substr(0, size));
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return printable;
}

}  // namespace tallystick::tools
