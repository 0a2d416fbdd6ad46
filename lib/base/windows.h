// Which calendar window an instant lies in, in a time zone.

#ifndef TALLYSTICK_LIB_BASE_WINDOWS_H_
#define TALLYSTICK_LIB_BASE_WINDOWS_H_

#include <optional>

#include "absl/time/time.h"
#include "lib/base/instant.h"
#include "tallystick/meter.h"

namespace tallystick {

// [from, to). An edge is absent where it lies outside years 0001 to 9999 in UTC: such a window reaches as far as
// instants do. Of two windows of one zone and kind the earlier has the lesser `from`, absent being least.
struct WindowRange {
  std::optional<Instant> from;
  std::optional<Instant> to;

  constexpr bool Contains(Instant instant) const {
    return (!from.has_value() || *from <= instant) && (!to.has_value() || instant < *to);
  }

  friend constexpr bool operator==(const WindowRange&, const WindowRange&) = default;
};

// The windows of one kind in one zone. They lie end to end: every instant is in exactly one. Thread-compatible: the
// last answer is kept, so that instants in order of time cost two comparisons each and a search of the zone once a
// window.
class Windows {
 public:
  Windows(Window window, absl::TimeZone zone) : window_(window), zone_(zone) {}

  // The window that contains `instant`, which lies before `Instant::End()`.
  WindowRange Containing(Instant instant);

 private:
  Window window_;
  absl::TimeZone zone_;
  std::optional<WindowRange> last_;
};

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_BASE_WINDOWS_H_
