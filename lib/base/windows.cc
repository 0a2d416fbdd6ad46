#include "lib/base/windows.h"

#include <cassert>
#include <cstdint>

#include "absl/time/civil_time.h"

namespace tallystick {
namespace {

struct Range {
  absl::Time from;
  absl::Time to;
};

// `Date` is absl::CivilDay or absl::CivilMonth. absl::FromCivil yields the first of two instants that read a midnight,
// and the instant of the change for a midnight that it skips: in both cases the first instant of the date, or of the
// next one that there is.
template <typename Date>
Range DateRange(absl::Time time, absl::TimeZone zone) {
  Date date(zone.At(time).cs);
  absl::Time from = absl::FromCivil(date, zone);
  absl::Time to = absl::FromCivil(date + 1, zone);
  // The clock was put back across midnight: it reads the date before, and the next one has begun already. Or there is
  // no such date at all, and its window is empty.
  while (to <= time) {
    from = to;
    to = absl::FromCivil(++date + 1, zone);
  }
  return {from, to};
}

// A local clock, in seconds since the Unix epoch. All of the database's offsets and changes are in whole seconds.
//
// Changes of the offset are found by bisection. absl::TimeZone::NextTransition() would name them, but ends some 400
// years ahead of the database, where the rules go on.
class Clock {
 public:
  // `unit_seconds` is a minute or an hour: what divides a full reading, and no more than lies between two changes of
  // any zone's offset (in tzdata 2025b that is four days: Africa/Freetown in 1939).
  Clock(absl::TimeZone zone, std::int64_t unit_seconds) : zone_(zone), unit_(unit_seconds) {}

  // The last full reading at or before `second`.
  std::int64_t FullAtOrBefore(std::int64_t second) const {
    for (;;) {
      const std::int64_t full = second - PastFull(second);
      if (Offset(full) == Offset(second)) return full;
      // The clock was changed after `full` would have been read, and not to a full reading, which would be later.
      second = FirstChange(full, second) - 1;
    }
  }

  // The first full reading after `second`.
  std::int64_t FullAfter(std::int64_t second) const {
    for (;;) {
      const std::int64_t full = second - PastFull(second) + unit_;
      if (Offset(full) == Offset(second)) return full;
      second = FirstChange(second, full);
      if (PastFull(second) == 0) return second;
    }
  }

 private:
  // How far the local clock is ahead of UTC, in seconds.
  std::int64_t Offset(std::int64_t second) const { return zone_.At(absl::FromUnixSeconds(second)).offset; }

  // The seconds since the clock has read, or would have read, a full hour or minute.
  std::int64_t PastFull(std::int64_t second) const {
    const std::int64_t past = (second + Offset(second)) % unit_;
    return past < 0 ? past + unit_ : past;
  }

  // The first second of another offset than that of `before`, which differs from that of `after`.
  std::int64_t FirstChange(std::int64_t before, std::int64_t after) const {
    const std::int64_t offset = Offset(before);
    while (after - before > 1) {
      const std::int64_t middle = before + (after - before) / 2;
      (Offset(middle) == offset ? before : after) = middle;
    }
    return after;
  }

  absl::TimeZone zone_;
  std::int64_t unit_;
};

Range ClockRange(absl::Time time, const Clock& clock) {
  const std::int64_t second = absl::ToUnixSeconds(time);
  return {absl::FromUnixSeconds(clock.FullAtOrBefore(second)), absl::FromUnixSeconds(clock.FullAfter(second))};
}

Range Find(Window window, absl::TimeZone zone, absl::Time time) {
  switch (window) {
    case Window::kMinute:
      return ClockRange(time, Clock(zone, 60));
    case Window::kHour:
      return ClockRange(time, Clock(zone, 3600));
    case Window::kDay:
      return DateRange<absl::CivilDay>(time, zone);
    case Window::kMonth:
      break;
  }
  return DateRange<absl::CivilMonth>(time, zone);
}

}  // namespace

WindowRange Windows::Containing(Instant instant) {
  assert(instant < Instant::End());
  if (!last_.has_value() || !last_->Contains(instant)) {
    const Range range = Find(window_, zone_, instant.ToTime());
    last_ = WindowRange{Instant::FromTime(range.from), Instant::FromTime(range.to)};
  }
  return *last_;
}

}  // namespace tallystick
