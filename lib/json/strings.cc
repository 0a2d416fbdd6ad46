#include "lib/json/strings.h"

#include "lib/base/utf8.h"

namespace tallystick {
namespace {

// The four hex digits of a \u escape at `at`.
std::optional<char32_t> ReadHex(std::string_view text, std::size_t at) {
  if (at + 4 > text.size()) return std::nullopt;
  char32_t value = 0;
  for (const char c : text.substr(at, 4)) {
    int digit = 0;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      digit = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = c - 'A' + 10;
    } else {
      return std::nullopt;
    }
    value = value << 4 | static_cast<char32_t>(digit);
  }
  return value;
}

char32_t SimpleEscape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return static_cast<char32_t>(c);
    case 'b':
      return U'\b';
    case 'f':
      return U'\f';
    case 'n':
      return U'\n';
    case 'r':
      return U'\r';
    case 't':
      return U'\t';
    default:
      return 0;
  }
}

bool IsHighSurrogate(char32_t unit) { return unit >= 0xd800 && unit <= 0xdbff; }
bool IsLowSurrogate(char32_t unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

}  // namespace

std::optional<std::size_t> Unescape(std::string_view inside, std::string* out) {
  for (std::size_t at = 0; at < inside.size();) {
    const std::size_t escape = inside.find('\\', at);
    if (out != nullptr) out->append(inside.substr(at, escape - at));
    if (escape == std::string_view::npos) return std::nullopt;
    if (escape + 1 == inside.size()) return escape;
    char32_t scalar = 0;
    at = escape + 2;
    if (inside[escape + 1] == 'u') {
      const std::optional<char32_t> unit = ReadHex(inside, at);
      if (!unit.has_value() || IsLowSurrogate(*unit)) return escape;
      scalar = *unit;
      at += 4;
      if (IsHighSurrogate(scalar)) {
        if (inside.substr(at, 2) != "\\u") return escape;
        const std::optional<char32_t> low = ReadHex(inside, at + 2);
        if (!low.has_value() || !IsLowSurrogate(*low)) return escape;
        scalar = 0x10000 + ((scalar - 0xd800) << 10) + (*low - 0xdc00);
        at += 6;
      }
    } else {
      scalar = SimpleEscape(inside[escape + 1]);
      if (scalar == 0) return escape;
    }
    if (out != nullptr) AppendUtf8(scalar, out);
  }
  return std::nullopt;
}

bool HasOnlyEscapes(std::string_view inside) {
  for (std::size_t at = inside.find('\\'); at != std::string_view::npos; at = inside.find('\\', at)) {
    if (at + 1 == inside.size()) return false;
    const bool hex = inside[at + 1] == 'u';
    if (hex ? !ReadHex(inside, at + 2).has_value() : SimpleEscape(inside[at + 1]) == 0) return false;
    at += hex ? 6 : 2;
  }
  return true;
}

}  // namespace tallystick
