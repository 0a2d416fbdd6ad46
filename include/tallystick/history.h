// The history of a store: what a position in its change feed belongs to.

#ifndef TALLYSTICK_HISTORY_H_
#define TALLYSTICK_HISTORY_H_

#include <cstdint>

#include "tallystick/uuid.h"

namespace tallystick {

// A line of commits. It begins when a store is made and begins anew when one is restored from a backup, after which
// sequences may be given out a second time: whoever keeps a position in the change feed keeps the history's id with it
// and starts over when the two differ.
struct History {
  std::uint16_t number = 0;  // grows by one at each restore
  Uuid id{};                 // random

  friend bool operator==(const History&, const History&) = default;
};

}  // namespace tallystick

#endif  // TALLYSTICK_HISTORY_H_
