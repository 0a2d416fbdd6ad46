// JSON numbers by their grammar (RFC 8259 section 6), never by their value: 1e400 is one, and 01 is none.

#ifndef TALLYSTICK_LIB_JSON_NUMBER_H_
#define TALLYSTICK_LIB_JSON_NUMBER_H_

#include <cstddef>
#include <string_view>

namespace tallystick {

// Whether `text`, the whole of it, is a JSON number.
inline bool IsJsonNumber(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t first = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at > first;
  };
  const auto skip = [&](char one, char other) {
    const bool found = at < text.size() && (text[at] == one || text[at] == other);
    if (found) ++at;
    return found;
  };
  skip('-', '-');
  const std::size_t integer = at;
  if (!digits()) return false;
  if (text[integer] == '0' && at > integer + 1) return false;
  if (skip('.', '.') && !digits()) return false;
  if (skip('e', 'E')) {
    skip('+', '-');
    if (!digits()) return false;
  }
  return at == text.size();
}

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_JSON_NUMBER_H_
