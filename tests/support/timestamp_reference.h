// A slow reader and writer of timestamps, to compare the fast ones with: it counts years and months one by one, and
// shares nothing with lib/ but the Instant that it fills.

#ifndef TALLYSTICK_TESTS_SUPPORT_TIMESTAMP_REFERENCE_H_
#define TALLYSTICK_TESTS_SUPPORT_TIMESTAMP_REFERENCE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/instant.h"

namespace tallystick::testing {

inline int DaysInMonth(int year, int month) {
  if (month == 2) return year % 400 == 0 || (year % 4 == 0 && year % 100 != 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

// A timestamp's instant by the rules of docs/GUIDE.md section 1; absent for what is none.
inline std::optional<Instant> ReferenceInstant(std::string_view text) {
  // `0` stands for any digit, `T` for either letter.
  std::string_view rest = text;
  const auto take = [&rest](std::string_view pattern) {
    if (rest.size() < pattern.size()) return false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      const char c = rest[i];
      const bool fits = pattern[i] == '0'   ? c >= '0' && c <= '9'
                        : pattern[i] == 'T' ? c == 'T' || c == 't'
                                            : c == pattern[i];
      if (!fits) return false;
    }
    rest.remove_prefix(pattern.size());
    return true;
  };
  const auto number = [text](std::size_t at, std::size_t size) {
    return std::stoi(std::string(text.substr(at, size)));
  };
  if (!take("0000-00-00T00:00:00")) return std::nullopt;
  const int year = number(0, 4), month = number(5, 2), day = number(8, 2);
  const int hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
  if (month < 1 || month > 12 || day < 1 || day > DaysInMonth(year, month)) return std::nullopt;
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;

  std::string fraction;
  if (take(".")) {
    while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') {
      fraction += rest.front();
      rest.remove_prefix(1);
    }
    if (fraction.empty()) return std::nullopt;
  }
  while (fraction.size() > 9) {
    if (fraction.back() != '0') return std::nullopt;
    fraction.pop_back();
  }
  fraction.resize(9, '0');

  int offset = 0;  // minutes
  const std::size_t at = text.size() - rest.size();
  const bool behind = !rest.empty() && rest.front() == '-';
  if (take("+00:00") || take("-00:00")) {
    if (number(at + 1, 2) > 23 || number(at + 4, 2) > 59) return std::nullopt;
    offset = (behind ? -1 : 1) * (number(at + 1, 2) * 60 + number(at + 4, 2));
  } else if (!take("Z") && !take("z")) {
    return std::nullopt;
  }
  if (!rest.empty()) return std::nullopt;

  // In days since 0000-01-01, a leap year.
  constexpr std::int64_t kMinutesInDay = 24 * 60;
  constexpr std::int64_t kYearOne = 366;
  std::int64_t days = 0;
  for (int y = 0; y < year; ++y) days += DaysInMonth(y, 2) == 29 ? 366 : 365;
  for (int m = 1; m < month; ++m) days += DaysInMonth(year, m);
  std::int64_t minutes = (days + day - 1) * kMinutesInDay + hour * 60 + minute - offset;
  if (second == 60) {
    // The next minute must begin January or July, in UTC.
    if (++minutes % kMinutesInDay != 0) return std::nullopt;
    std::int64_t left = minutes / kMinutesInDay;
    int y = 0;
    for (; left >= (DaysInMonth(y, 2) == 29 ? 366 : 365); ++y) left -= DaysInMonth(y, 2) == 29 ? 366 : 365;
    const int until_july = 31 + DaysInMonth(y, 2) + 31 + 30 + 31 + 30;
    if (left != 0 && left != until_july) return std::nullopt;
  }
  const std::int64_t seconds = (minutes - kYearOne * kMinutesInDay) * 60 + second % 60;
  std::int64_t end = 0;
  for (int y = 1; y <= 9999; ++y) end += (DaysInMonth(y, 2) == 29 ? 366 : 365) * kMinutesInDay * 60;
  if (seconds < 0 || seconds >= end) return std::nullopt;
  return Instant{static_cast<std::uint64_t>(seconds), static_cast<std::uint32_t>(std::stoul(fraction))};
}

// An instant's text in UTC, with 0, 3, 6 or 9 digits of its fraction.
inline std::string ReferenceTimestamp(Instant instant) {
  const auto padded = [](std::uint64_t value, std::size_t digits) {
    const std::string text = std::to_string(value);
    return std::string(digits - text.size(), '0') + text;
  };
  std::uint64_t days = instant.seconds / 86'400;
  int year = 1, month = 1;
  for (; days >= (DaysInMonth(year, 2) == 29 ? 366U : 365U); ++year) days -= DaysInMonth(year, 2) == 29 ? 366 : 365;
  for (; days >= static_cast<std::uint64_t>(DaysInMonth(year, month)); ++month) {
    days -= static_cast<std::uint64_t>(DaysInMonth(year, month));
  }
  const std::uint64_t second = instant.seconds % 86'400;
  std::string text = padded(static_cast<std::uint64_t>(year), 4) + "-" + padded(static_cast<std::uint64_t>(month), 2) +
                     "-" + padded(days + 1, 2) + "T" + padded(second / 3600, 2) + ":" + padded(second / 60 % 60, 2) +
                     ":" + padded(second % 60, 2);
  std::string fraction = padded(instant.nanos, 9);
  while (fraction.ends_with("000")) fraction.resize(fraction.size() - 3);
  return text + (fraction.empty() ? "" : "." + fraction) + "Z";
}

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_TIMESTAMP_REFERENCE_H_
