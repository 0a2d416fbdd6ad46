// Meters: what is computed from events.

#ifndef TALLYSTICK_METER_H_
#define TALLYSTICK_METER_H_

namespace tallystick {

// A calendar window: the piece of time that one row of an answer covers, by the clocks and calendars of a time zone.
//   kMinute, kHour  start at each instant at which the local clock reads a full minute or hour. An hour that is read
//                   twice, because the clock goes back, is two windows; a change by half an hour makes one of 90
//                   minutes.
//   kDay, kMonth    start at the first instant of the local date, or of the month's first one: late when a change skips
//                   midnight, and once when midnight is read twice. A date that a zone left out has no window.
enum class Window { kMinute, kHour, kDay, kMonth };

}  // namespace tallystick

#endif  // TALLYSTICK_METER_H_
