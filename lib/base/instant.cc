#include "lib/base/instant.h"

#include <array>
#include <cassert>
#include <cstddef>
#include <string>

#include "absl/time/civil_time.h"
#include "tallystick/event.h"

namespace tallystick {
namespace {

constexpr std::uint32_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kSecondsPerDay = 86'400;

// From 0001-01-01 to 1970-01-01: 719,162 days.
constexpr std::int64_t kUnixEpochSeconds = 719'162 * kSecondsPerDay;

absl::Status Malformed(const std::string& what) { return absl::InvalidArgumentError(what); }

// Reads a date-time from left to right.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  // Exactly `digits` decimal digits.
  bool ReadNumber(int digits, int* value) {
    *value = 0;
    for (int i = 0; i < digits; ++i) {
      if (!AtDigit()) return false;
      *value = *value * 10 + (text_[at_++] - '0');
    }
    return true;
  }

  bool ReadEither(char one, char other) {
    if (AtEnd() || (text_[at_] != one && text_[at_] != other)) return false;
    ++at_;
    return true;
  }
  bool Read(char c) { return ReadEither(c, c); }

  bool AtEnd() const { return at_ == text_.size(); }
  bool AtDigit() const { return !AtEnd() && text_[at_] >= '0' && text_[at_] <= '9'; }
  char Take() { return text_[at_++]; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

// `.5` to nanoseconds; reads nothing when there is no fraction.
absl::Status ReadFraction(Reader* reader, std::uint32_t* nanos) {
  *nanos = 0;
  if (!reader->Read('.')) return absl::OkStatus();
  if (!reader->AtDigit()) return Malformed("a fraction needs at least one digit");
  int digits = 0;
  for (; reader->AtDigit(); ++digits) {
    const auto digit = static_cast<std::uint32_t>(reader->Take() - '0');
    if (digits < 9) {
      *nanos = *nanos * 10 + digit;
    } else if (digit != 0) {
      return Malformed("is finer than a nanosecond");
    }
  }
  for (; digits < 9; ++digits) *nanos *= 10;
  return absl::OkStatus();
}

absl::Status ReadOffset(Reader* reader, std::int64_t* seconds) {
  *seconds = 0;
  if (reader->ReadEither('Z', 'z')) return absl::OkStatus();
  const bool behind = reader->Read('-');
  if (!behind && !reader->Read('+')) return Malformed("has no offset from UTC: 'Z' or such as '+02:00'");
  int hours = 0;
  int minutes = 0;
  if (!reader->ReadNumber(2, &hours) || !reader->Read(':') || !reader->ReadNumber(2, &minutes)) {
    return Malformed("has an offset that is not of the form '+02:00'");
  }
  if (hours > 23 || minutes > 59) return Malformed("has an offset beyond 23:59");
  *seconds = (behind ? -1 : 1) * (hours * 3600 + minutes * 60);
  return absl::OkStatus();
}

// Whether the second that begins at `seconds` in UTC follows one at whose end leap seconds are inserted.
bool FollowsLeapSecond(std::int64_t seconds) {
  if (seconds % kSecondsPerDay != 0) return false;
  const absl::CivilDay day = absl::CivilDay(1, 1, 1) + seconds / kSecondsPerDay;
  return day.day() == 1 && (day.month() == 1 || day.month() == 7);
}

}  // namespace

std::optional<Instant> Instant::FromTime(absl::Time time) {
  if (time < Min().ToTime() || time >= End().ToTime()) return std::nullopt;
  absl::Duration rest;
  const std::int64_t seconds = absl::IDivDuration(time - Min().ToTime(), absl::Seconds(1), &rest);
  const std::int64_t nanos = absl::IDivDuration(rest, absl::Nanoseconds(1), &rest);
  return Instant{static_cast<std::uint64_t>(seconds), static_cast<std::uint32_t>(nanos)};
}

Instant Instant::CeilFromTime(absl::Time time) {
  if (time <= Min().ToTime()) return Min();
  if (time >= End().ToTime()) return End();
  Instant instant = *FromTime(time);
  if (instant.ToTime() == time) return instant;
  if (++instant.nanos == kNanosPerSecond) instant = {instant.seconds + 1, 0};
  return instant;
}

absl::Time Instant::ToTime() const {
  return absl::TimeFromTimespec(
      {.tv_sec = static_cast<std::int64_t>(seconds) - kUnixEpochSeconds, .tv_nsec = static_cast<std::int64_t>(nanos)});
}

absl::StatusOr<Instant> ParseInstant(std::string_view text) {
  Reader reader(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!reader.ReadNumber(4, &year) || !reader.Read('-') || !reader.ReadNumber(2, &month) || !reader.Read('-') ||
      !reader.ReadNumber(2, &day)) {
    return Malformed("is not an RFC 3339 date-time: the date is not of the form '2022-10-01'");
  }
  if (!reader.ReadEither('T', 't')) return Malformed("is not an RFC 3339 date-time: no 'T' between date and time");
  if (!reader.ReadNumber(2, &hour) || !reader.Read(':') || !reader.ReadNumber(2, &minute) || !reader.Read(':') ||
      !reader.ReadNumber(2, &second)) {
    return Malformed("is not an RFC 3339 date-time: the time is not of the form '15:04:05'");
  }
  std::uint32_t nanos = 0;
  if (absl::Status status = ReadFraction(&reader, &nanos); !status.ok()) return status;
  std::int64_t offset = 0;
  if (absl::Status status = ReadOffset(&reader, &offset); !status.ok()) return status;
  if (!reader.AtEnd()) return Malformed("has something behind its offset");

  const absl::CivilDay date(year, month, day);
  if (date.month() != month || date.day() != day) return Malformed("names a day that does not exist");
  if (hour > 23 || minute > 59 || second > 60) return Malformed("names a time of day that does not exist");

  std::int64_t seconds = (date - absl::CivilDay(1, 1, 1)) * kSecondsPerDay;
  seconds += hour * 3600 + minute * 60 + second - offset;
  if (seconds < 0 || seconds >= static_cast<std::int64_t>(Instant::kSecondsEnd)) {
    return Malformed("lies outside years 0001 to 9999 in UTC");
  }
  if (second == 60 && !FollowsLeapSecond(seconds)) {
    return Malformed("has second 60 where no leap second can be (23:59:60 UTC on 30 June or 31 December)");
  }
  return Instant{static_cast<std::uint64_t>(seconds), nanos};
}

void AppendInstant(Instant instant, std::string* out) {
  assert(instant < Instant::End());
  const absl::CivilDay date = absl::CivilDay(1, 1, 1) + static_cast<std::int64_t>(instant.seconds) / kSecondsPerDay;
  const auto second_of_day = static_cast<int>(static_cast<std::int64_t>(instant.seconds) % kSecondsPerDay);

  std::array<char, 31> text;
  std::size_t size = 0;
  const auto number = [&](std::uint32_t value, std::size_t digits) {
    for (std::size_t i = digits; i-- > 0; value /= 10) text[size + i] = static_cast<char>('0' + value % 10);
    size += digits;
  };
  const auto two = [&](int value, char behind) {
    number(static_cast<std::uint32_t>(value), 2);
    text[size++] = behind;
  };
  number(static_cast<std::uint32_t>(date.year()), 4);
  text[size++] = '-';
  two(date.month(), '-');
  two(date.day(), 'T');
  two(second_of_day / 3600, ':');
  two(second_of_day / 60 % 60, ':');
  two(second_of_day % 60, '.');
  if (instant.nanos == 0) {
    --size;
  } else if (instant.nanos % 1'000'000 == 0) {
    number(instant.nanos / 1'000'000, 3);
  } else if (instant.nanos % 1'000 == 0) {
    number(instant.nanos / 1'000, 6);
  } else {
    number(instant.nanos, 9);
  }
  text[size++] = 'Z';
  out->append(text.data(), size);
}

absl::StatusOr<absl::Time> ParseTimestamp(std::string_view text) {
  absl::StatusOr<Instant> instant = ParseInstant(text);
  if (!instant.ok()) return std::move(instant).status();
  return instant->ToTime();
}

std::string FormatTimestamp(absl::Time time) {
  const std::optional<Instant> instant = Instant::FromTime(time);
  assert(instant.has_value());
  std::string text;
  AppendInstant(instant.value_or(Instant::Min()), &text);
  return text;
}

}  // namespace tallystick
