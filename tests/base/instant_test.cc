#include "lib/base/instant.h"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tallystick/event.h"
#include "tests/support/random.h"
#include "tests/support/status_matchers.h"

namespace tallystick {

// So that a failure shows a date, not sixteen bytes.
void PrintTo(const Instant& instant, std::ostream* out) {
  *out << absl::FormatTime("%E4Y-%m-%dT%H:%M:%E*SZ", instant.ToTime(), absl::UTCTimeZone());
}

namespace {

using testing::IsOk;
using testing::IsOkAndHolds;
using testing::StatusIs;

using At = absl::CivilSecond;

// By Abseil's calendar, so that the tests do not share the arithmetic that they test.
absl::Time Utc(At second, std::int64_t nanos = 0) {
  return absl::FromCivil(second, absl::UTCTimeZone()) + absl::Nanoseconds(nanos);
}

struct Accepted {
  const char* text;
  At second;
  std::int64_t nanos = 0;
};

void ExpectAccepted(std::initializer_list<Accepted> table) {
  for (const Accepted& row : table) {
    SCOPED_TRACE(row.text);
    EXPECT_THAT(ParseTimestamp(row.text), IsOkAndHolds(Utc(row.second, row.nanos)));
  }
}

struct Refused {
  const char* text;
  const char* reason;
};

void ExpectRefused(std::initializer_list<Refused> table) {
  for (const Refused& row : table) {
    SCOPED_TRACE(row.text);
    EXPECT_THAT(ParseTimestamp(row.text), StatusIs(absl::StatusCode::kInvalidArgument, row.reason));
  }
}

constexpr char kNoDate[] = "the date is not of the form";
constexpr char kNoT[] = "no 'T' between date and time";
constexpr char kNoTime[] = "the time is not of the form";
constexpr char kNoOffset[] = "has no offset from UTC";
constexpr char kBadOffset[] = "has an offset that is not of the form";
constexpr char kWideOffset[] = "has an offset beyond 23:59";
constexpr char kTrailing[] = "has something behind its offset";
constexpr char kNoDay[] = "names a day that does not exist";
constexpr char kNoTimeOfDay[] = "names a time of day that does not exist";
constexpr char kOutside[] = "lies outside years 0001 to 9999 in UTC";
constexpr char kNoLeap[] = "has second 60 where no leap second can be";
constexpr char kNoFraction[] = "a fraction needs at least one digit";
constexpr char kTooFine[] = "is finer than a nanosecond";

TEST(ParseTimestampTest, LettersMayBeInEitherCase) {
  const At second(2022, 10, 1, 15, 4, 5);
  ExpectAccepted({{"2022-10-01T15:04:05Z", second},
                  {"2022-10-01t15:04:05Z", second},
                  {"2022-10-01T15:04:05z", second},
                  {"2022-10-01t15:04:05z", second}});
}

TEST(ParseTimestampTest, OffsetIsTakenOff) {
  ExpectAccepted({{"2022-10-01T02:00:00+02:00", At(2022, 10, 1, 0, 0, 0)},
                  {"2022-10-01T00:00:00+00:00", At(2022, 10, 1, 0, 0, 0)},
                  {"2022-10-01T00:00:00-00:00", At(2022, 10, 1, 0, 0, 0)},
                  {"2022-09-30T18:30:00-05:30", At(2022, 10, 1, 0, 0, 0)},
                  {"2022-10-01T00:00:00+23:59", At(2022, 9, 30, 0, 1, 0)},
                  {"2022-10-01T00:00:00-23:59", At(2022, 10, 1, 23, 59, 0)},
                  {"2022-03-01T00:30:00+01:00", At(2022, 2, 28, 23, 30, 0)},
                  {"2021-12-31T23:59:59.5-00:01", At(2022, 1, 1, 0, 0, 59), 500'000'000}});
}

TEST(ParseTimestampTest, FractionIsKeptToTheNanosecond) {
  const At second(2022, 10, 1, 0, 0, 0);
  ExpectAccepted({{"2022-10-01T00:00:00.0Z", second, 0},
                  {"2022-10-01T00:00:00.5Z", second, 500'000'000},
                  {"2022-10-01T00:00:00.05Z", second, 50'000'000},
                  {"2022-10-01T00:00:00.123456789Z", second, 123'456'789},
                  {"2022-10-01T00:00:00.000000001Z", second, 1},
                  {"2022-10-01T00:00:00.999999999+00:00", second, 999'999'999},
                  // Zeros past the ninth digit say nothing, however many.
                  {"2022-10-01T00:00:00.1234567890Z", second, 123'456'789},
                  {"2022-10-01T00:00:00.5000000000000000000000000000000000000000Z", second, 500'000'000},
                  {"2022-10-01T00:00:00.000000000000000000-00:00", second, 0}});
  ExpectRefused({{"2022-10-01T00:00:00.0000000001Z", kTooFine},
                 {"2022-10-01T00:00:00.1234567891Z", kTooFine},
                 {"2022-10-01T00:00:00.12345678900000000000001Z", kTooFine},
                 {"2022-10-01T00:00:00.Z", kNoFraction},
                 {"2022-10-01T00:00:00.+02:00", kNoFraction},
                 {"2022-10-01T00:00:00.", kNoFraction},
                 {"2022-10-01T00:00:00,5Z", kNoOffset},
                 {"2022-10-01T00:00:00.5.5Z", kNoOffset},
                 {"2022-10-01T00:00:00.-5Z", kNoFraction}});
}

TEST(ParseTimestampTest, OnlyRealDatesAndTimesAreAccepted) {
  ExpectAccepted({{"2000-02-29T00:00:00Z", At(2000, 2, 29, 0, 0, 0)},
                  {"2024-02-29T23:59:59Z", At(2024, 2, 29, 23, 59, 59)},
                  {"2023-02-28T00:00:00Z", At(2023, 2, 28, 0, 0, 0)},
                  {"2022-01-31T00:00:00Z", At(2022, 1, 31, 0, 0, 0)},
                  {"2022-12-31T00:00:00Z", At(2022, 12, 31, 0, 0, 0)}});
  ExpectRefused({{"1900-02-29T00:00:00Z", kNoDay},
                 {"2100-02-29T00:00:00Z", kNoDay},
                 {"2023-02-29T00:00:00Z", kNoDay},
                 {"2024-02-30T00:00:00Z", kNoDay},
                 {"2022-04-31T00:00:00Z", kNoDay},
                 {"2022-11-31T00:00:00Z", kNoDay},
                 {"2022-01-32T00:00:00Z", kNoDay},
                 {"2022-10-00T00:00:00Z", kNoDay},
                 {"2022-00-01T00:00:00Z", kNoDay},
                 {"2022-13-01T00:00:00Z", kNoDay},
                 {"2022-99-99T00:00:00Z", kNoDay},
                 {"2022-10-01T24:00:00Z", kNoTimeOfDay},
                 {"2022-10-01T00:60:00Z", kNoTimeOfDay},
                 {"2022-10-01T00:00:61Z", kNoTimeOfDay},
                 {"2022-10-01T99:99:99Z", kNoTimeOfDay},
                 {"2016-12-31T24:59:60Z", kNoTimeOfDay}});
}

TEST(ParseTimestampTest, YearsEndAtTheEdgesInUtc) {
  ExpectAccepted({{"0001-01-01T00:00:00Z", At(1, 1, 1, 0, 0, 0)},
                  {"0001-01-01T23:59:00+23:59", At(1, 1, 1, 0, 0, 0)},
                  {"0000-12-31T23:00:00-01:00", At(1, 1, 1, 0, 0, 0)},
                  {"9999-12-31T23:59:59.999999999Z", At(9999, 12, 31, 23, 59, 59), 999'999'999},
                  {"9999-12-31T00:00:59.999999999-23:59", At(9999, 12, 31, 23, 59, 59), 999'999'999}});
  ExpectRefused({{"0001-01-01T00:00:00+00:01", kOutside},
                 {"0001-01-01T23:58:59.999999999+23:59", kOutside},
                 {"0000-12-31T23:59:59.999999999Z", kOutside},
                 {"0000-01-01T00:00:00Z", kOutside},
                 {"9999-12-31T23:59:00-00:01", kOutside},
                 {"9999-12-31T23:59:59-23:59", kOutside},
                 {"9999-12-31T23:59:60Z", kOutside}});
}

TEST(ParseTimestampTest, LeapSecondReadsAsTheNextSecond) {
  ExpectAccepted({{"2016-12-31T23:59:60Z", At(2017, 1, 1, 0, 0, 0)},
                  {"2015-06-30T23:59:60Z", At(2015, 7, 1, 0, 0, 0)},
                  {"2016-12-31T23:59:60.25Z", At(2017, 1, 1, 0, 0, 0), 250'000'000},
                  {"2015-06-30T23:59:60.999999999Z", At(2015, 7, 1, 0, 0, 0), 999'999'999},
                  // It is 23:59:60 in UTC that counts.
                  {"2016-12-31T15:59:60-08:00", At(2017, 1, 1, 0, 0, 0)},
                  {"2017-01-01T05:29:60.5+05:30", At(2017, 1, 1, 0, 0, 0), 500'000'000},
                  {"2015-07-01T23:58:60+23:59", At(2015, 7, 1, 0, 0, 0)},
                  {"2015-06-30T00:00:60-23:59", At(2015, 7, 1, 0, 0, 0)},
                  // Whether that year had one is not asked: no table of leap seconds stays true.
                  {"2100-06-30T23:59:60Z", At(2100, 7, 1, 0, 0, 0)}});
  ExpectRefused({{"2016-12-31T23:58:60Z", kNoLeap},
                 {"2016-12-31T22:59:60Z", kNoLeap},
                 {"2016-12-30T23:59:60Z", kNoLeap},
                 {"2016-06-29T23:59:60Z", kNoLeap},
                 {"2016-03-31T23:59:60Z", kNoLeap},
                 {"2016-09-30T23:59:60Z", kNoLeap},
                 {"2016-07-31T23:59:60Z", kNoLeap},
                 {"2017-01-01T00:00:60Z", kNoLeap},
                 {"2016-12-31T23:59:60+00:01", kNoLeap},
                 {"2016-12-31T23:59:60-08:00", kNoLeap},
                 {"2017-01-01T05:29:60+05:00", kNoLeap}});
}

TEST(ParseTimestampTest, AnythingElseIsRefusedWithThePartAtFault) {
  using namespace std::string_view_literals;
  ExpectRefused({{"", kNoDate},
                 {"now", kNoDate},
                 {"1664582400", kNoDate},
                 {" 2022-10-01T00:00:00Z", kNoDate},
                 {"+2022-10-01T00:00:00Z", kNoDate},
                 {"-2022-10-01T00:00:00Z", kNoDate},
                 {"02022-10-01T00:00:00Z", kNoDate},
                 {"10000-01-01T00:00:00Z", kNoDate},
                 {"22-10-01T00:00:00Z", kNoDate},
                 {"2022-10-1T00:00:00Z", kNoDate},
                 {"2022/10/01T00:00:00Z", kNoDate},
                 {"20221001T000000Z", kNoDate},
                 {"2022-274T00:00:00Z", kNoDate},
                 {"2022-W39-6T00:00:00Z", kNoDate},
                 {"2022-10-01", kNoT},
                 {"2022-10-01 00:00:00Z", kNoT},
                 {"2022-10-01_00:00:00Z", kNoT},
                 {"2022-10-01T", kNoTime},
                 {"2022-10-01T00Z", kNoTime},
                 {"2022-10-01T00:00Z", kNoTime},
                 {"2022-10-01T00:00+02:00", kNoTime},
                 {"2022-10-01T0:00:00Z", kNoTime},
                 {"2022-10-01T00:00:0Z", kNoTime},
                 {"2022-10-01T00.5Z", kNoTime},
                 {"2022-10-01T00:00: 0Z", kNoTime},
                 {"2022-10-01T000000Z", kNoTime},
                 {"2022-10-01T00:00:00", kNoOffset},
                 {"2022-10-01T00:00:00.5", kNoOffset},
                 {"2022-10-01T00:00:00 Z", kNoOffset},
                 {"2022-10-01T00:00:00UTC", kNoOffset},
                 {"2022-10-01T00:00:000Z", kNoOffset},
                 {"2022-10-01T00:00:00\xe2\x88\x92"
                  "02:00",
                  kNoOffset},
                 {"2022-10-01T00:00:00+02", kBadOffset},
                 {"2022-10-01T00:00:00+0200", kBadOffset},
                 {"2022-10-01T00:00:00+2:00", kBadOffset},
                 {"2022-10-01T00:00:00+02:0", kBadOffset},
                 {"2022-10-01T00:00:00+", kBadOffset},
                 {"2022-10-01T00:00:00-+2:00", kBadOffset},
                 {"2022-10-01T00:00:00+24:00", kWideOffset},
                 {"2022-10-01T00:00:00-99:00", kWideOffset},
                 {"2022-10-01T00:00:00+00:60", kWideOffset},
                 {"2022-10-01T00:00:00ZZ", kTrailing},
                 {"2022-10-01T00:00:00Z ", kTrailing},
                 {"2022-10-01T00:00:00Z\n", kTrailing},
                 {"2022-10-01T00:00:00Z+00:00", kTrailing},
                 {"2022-10-01T00:00:00+02:000", kTrailing},
                 {"2022-10-01T00:00:00+02:00:00", kTrailing},
                 {"2022-10-01T00:00:00+02:00[Europe/Berlin]", kTrailing}});
  EXPECT_THAT(ParseTimestamp("2022-10-01T00:00:00Z\0"sv), StatusIs(absl::StatusCode::kInvalidArgument, kTrailing));
  EXPECT_THAT(ParseTimestamp("2022-10-01\0"
                             "00:00:00Z"sv),
              StatusIs(absl::StatusCode::kInvalidArgument, kNoT));
}

TEST(ParseTimestampTest, EveryTrueBeginningIsRefused) {
  const std::string whole = "2016-12-31T18:59:60.123456789-05:00";
  ASSERT_THAT(ParseTimestamp(whole), IsOk());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string beginning = whole.substr(0, size);
    EXPECT_THAT(ParseTimestamp(beginning), StatusIs(absl::StatusCode::kInvalidArgument)) << beginning;
  }
}

TEST(FormatTimestampTest, FractionHasTheFewestDigitsThatLoseNothing) {
  const At second(2022, 10, 1, 0, 0, 0);
  const struct {
    absl::Time time;
    const char* text;
  } table[] = {
      {Utc(second), "2022-10-01T00:00:00Z"},
      {Utc(second, 500'000'000), "2022-10-01T00:00:00.500Z"},
      {Utc(second, 771'000'000), "2022-10-01T00:00:00.771Z"},
      {Utc(second, 1'000'000), "2022-10-01T00:00:00.001Z"},
      {Utc(second, 1'000), "2022-10-01T00:00:00.000001Z"},
      {Utc(second, 123'450'000), "2022-10-01T00:00:00.123450Z"},
      {Utc(second, 1), "2022-10-01T00:00:00.000000001Z"},
      {Utc(second, 999'999'999), "2022-10-01T00:00:00.999999999Z"},
      {Utc(At(1, 1, 1, 0, 0, 0)), "0001-01-01T00:00:00Z"},
      {Utc(At(987, 6, 5, 4, 3, 2)), "0987-06-05T04:03:02Z"},
      {Utc(At(1969, 12, 31, 23, 59, 59), 999'999'999), "1969-12-31T23:59:59.999999999Z"},
      {Utc(At(9999, 12, 31, 23, 59, 59), 999'999'999), "9999-12-31T23:59:59.999999999Z"},
      // What absl::Time has below a nanosecond is cut off, before the epoch too.
      {Utc(second) + absl::Nanoseconds(0.75), "2022-10-01T00:00:00Z"},
      {Utc(At(1969, 12, 31, 23, 59, 59)) + absl::Nanoseconds(2.5), "1969-12-31T23:59:59.000000002Z"},
  };
  for (const auto& row : table) EXPECT_EQ(FormatTimestamp(row.time), row.text);
}

TEST(FormatTimestampTest, AgreesWithAbseilAndReadsBack) {
  testing::Random random;
  for (int i = 0; i < 20'000; ++i) {
    constexpr std::uint32_t kUnits[] = {1, 1'000, 1'000'000, 1'000'000'000};
    const std::uint32_t unit = random.PickFrom(kUnits);
    const auto nanos = static_cast<std::uint32_t>(random.Below(1'000'000'000 / unit)) * unit;
    const Instant instant{random.Below(Instant::kSecondsEnd), nanos};
    const std::string text = FormatTimestamp(instant.ToTime());
    ASSERT_THAT(ParseInstant(text), IsOkAndHolds(instant));
    ASSERT_EQ(text.substr(0, 19), absl::FormatTime("%E4Y-%m-%dT%H:%M:%S", instant.ToTime(), absl::UTCTimeZone()));
    ASSERT_TRUE(text.size() == 20 || text.size() == 24 || text.size() == 27 || text.size() == 30) << text;

    // The same instant with an offset, as another program would write it.
    const int minutes = static_cast<int>(random.Below(2 * 1439 + 1)) - 1439;
    const absl::TimeZone zone = absl::FixedTimeZone(minutes * 60);
    const absl::CivilSecond local = absl::ToCivilSecond(instant.ToTime(), zone);
    if (local.year() < 0 || local.year() > 9999) continue;
    const std::string elsewhere = absl::FormatTime("%E4Y-%m-%dT%H:%M:%E*S%Ez", instant.ToTime(), zone);
    ASSERT_THAT(ParseInstant(elsewhere), IsOkAndHolds(instant)) << elsewhere;
  }
}

TEST(InstantTest, CountsSecondsFromYearOne) {
  // 63,800,179,200 s from 0001-01-01 to 2022-10-01: 738,428 days. FORMAT.md's worked example has the same number.
  EXPECT_THAT(ParseInstant("2022-10-01T00:00:00.000000007Z"), IsOkAndHolds(Instant{63'800'179'200, 7}));
  EXPECT_THAT(ParseInstant("1970-01-01T00:00:00Z"), IsOkAndHolds(Instant{62'135'596'800, 0}));
  EXPECT_EQ(Instant::Min().ToTime(), Utc(At(1, 1, 1, 0, 0, 0)));
  EXPECT_EQ(Instant::End().ToTime(), Utc(At(10000, 1, 1, 0, 0, 0)));
}

TEST(InstantTest, FromTimeCutsOffAndIsAbsentOutsideTheYears) {
  const absl::Time first = Instant::Min().ToTime();
  const absl::Time end = Instant::End().ToTime();
  constexpr Instant kLast{Instant::kSecondsEnd - 1, 999'999'999};
  const absl::Duration quarter = absl::Nanoseconds(0.25);
  EXPECT_EQ(Instant::FromTime(first), Instant::Min());
  EXPECT_EQ(Instant::FromTime(first + quarter), Instant::Min());
  EXPECT_EQ(Instant::FromTime(first - quarter), std::nullopt);
  EXPECT_EQ(Instant::FromTime(end - quarter), kLast);
  EXPECT_EQ(Instant::FromTime(end), std::nullopt);
  EXPECT_EQ(Instant::FromTime(absl::InfinitePast()), std::nullopt);
  EXPECT_EQ(Instant::FromTime(absl::InfiniteFuture()), std::nullopt);
  EXPECT_EQ(Instant::FromTime(absl::UnixEpoch() - quarter), (Instant{62'135'596'799, 999'999'999}));
}

TEST(InstantTest, CeilFromTimeIsTheFirstNanosecondNotBefore) {
  const absl::Duration quarter = absl::Nanoseconds(0.25);
  const absl::Time time = Utc(At(2022, 10, 1, 0, 0, 0));
  constexpr std::uint64_t kSeconds = 63'800'179'200;
  const struct {
    absl::Time time;
    Instant ceil;
  } table[] = {
      {time, {kSeconds, 0}},
      {time + quarter, {kSeconds, 1}},
      {time + absl::Nanoseconds(1), {kSeconds, 1}},
      {time - quarter, {kSeconds, 0}},  // carries into the next second
      {time - absl::Nanoseconds(1), {kSeconds - 1, 999'999'999}},
      {Instant::Min().ToTime() - quarter, Instant::Min()},
      {Instant::Min().ToTime() + quarter, {0, 1}},
      {Instant::End().ToTime() - quarter, Instant::End()},
      {Instant::End().ToTime() + quarter, Instant::End()},
      {absl::InfinitePast(), Instant::Min()},
      {absl::InfiniteFuture(), Instant::End()},
  };
  for (const auto& row : table) EXPECT_EQ(Instant::CeilFromTime(row.time), row.ceil) << row.time;
}

TEST(InstantTest, TheNextOneIsANanosecondLater) {
  EXPECT_EQ(Instant::Min().Next(), (Instant{0, 1}));
  EXPECT_EQ((Instant{5, 999'999'999}).Next(), (Instant{6, 0}));
  EXPECT_EQ((Instant{Instant::kSecondsEnd - 1, 999'999'999}).Next(), Instant::End());
}

}  // namespace
}  // namespace tallystick
