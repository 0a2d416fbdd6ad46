// Changes a few bytes of a text, most of them so that something is nearly right.

#ifndef TALLYSTICK_TESTS_SUPPORT_MUTATED_H_
#define TALLYSTICK_TESTS_SUPPORT_MUTATED_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/random.h"

namespace tallystick::testing {

// `text` with one to three changes: bytes taken out, written over, repeated or swapped, the end cut off, or one of
// `pieces`, which means something in texts of the kind, put in or written over what was there.
inline std::string Mutated(Random* random, std::string text, const std::vector<std::string>& pieces) {
  const auto place = [&] { return static_cast<std::size_t>(random->Below(text.size() + 1)); };
  const auto some = [&] { return static_cast<std::size_t>(1 + random->Below(random->OneIn(8) ? 80 : 3)); };
  for (std::uint64_t i = 0, count = 1 + random->Below(3); i < count; ++i) {
    const std::size_t at = place();
    switch (random->Below(7)) {
      case 0:
        text.erase(at, some());
        break;
      case 1:
      case 2:
        text.insert(at, random->PickFrom(pieces));
        break;
      case 3:
        text.replace(at, std::min(some(), text.size() - at), random->PickFrom(pieces));
        break;
      case 4:
        if (at < text.size()) text[at] = static_cast<char>(random->Below(256));
        break;
      case 5:
        text.insert(place(), text.substr(at, 2 * some()));
        break;
      default:
        if (random->OneIn(4)) text.resize(at);
        if (at + 1 < text.size()) std::swap(text[at], text[at + 1]);
        break;
    }
  }
  return text;
}

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_MUTATED_H_
