#include "lib/base/utf8.h"

#include <cstdint>
#include <cstring>

namespace tallystick {
namespace {

// The size of the sequence that begins at `i`; 0 when none does. RFC 3629 section 4 gives the ranges.
std::size_t SequenceSize(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t at) -> unsigned {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u;
  };
  const auto continues = [&](std::size_t at) { return (byte(at) & 0xc0u) == 0x80u; };
  const auto between = [&](std::size_t at, unsigned low, unsigned high) { return byte(at) >= low && byte(at) <= high; };
  const unsigned first = byte(i);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(i + 1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const unsigned low = first == 0xe0 ? 0xa0 : 0x80;   // no overlong form
    const unsigned high = first == 0xed ? 0x9f : 0xbf;  // no surrogate
    return between(i + 1, low, high) && continues(i + 2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const unsigned low = first == 0xf0 ? 0x90 : 0x80;
    const unsigned high = first == 0xf4 ? 0x8f : 0xbf;  // nothing above U+10FFFF
    return between(i + 1, low, high) && continues(i + 2) && continues(i + 3) ? 4 : 0;
  }
  return 0;
}

// Whether eight bytes stand at `i`, of which each is a sequence of its own.
bool IsAscii8(std::string_view text, std::size_t i) {
  if (text.size() - i < 8) return false;
  std::uint64_t word = 0;
  std::memcpy(&word, text.data() + i, 8);
  return (word & 0x8080808080808080) == 0;
}

}  // namespace

std::optional<std::size_t> FindInvalidUtf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    if (IsAscii8(text, i)) {
      i += 8;
      continue;
    }
    const std::size_t size = SequenceSize(text, i);
    if (size == 0) return i;
    i += size;
  }
  return std::nullopt;
}

void AppendUtf8(char32_t scalar, std::string* out) {
  const auto tail = [&](int shift) { out->push_back(static_cast<char>(0x80 | ((scalar >> shift) & 0x3f))); };
  if (scalar < 0x80) {
    out->push_back(static_cast<char>(scalar));
  } else if (scalar < 0x800) {
    out->push_back(static_cast<char>(0xc0 | scalar >> 6));
    tail(0);
  } else if (scalar < 0x10000) {
    out->push_back(static_cast<char>(0xe0 | scalar >> 12));
    tail(6);
    tail(0);
  } else {
    out->push_back(static_cast<char>(0xf0 | scalar >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace tallystick
