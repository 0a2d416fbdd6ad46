#include "lib/base/windows.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/time_zone.h"
#include "tests/support/random.h"
#include "tests/support/status_matchers.h"

namespace tallystick {
namespace {

using testing::Random;

constexpr Window kWindows[] = {Window::kMinute, Window::kHour, Window::kDay, Window::kMonth};

std::string Text(std::optional<Instant> edge) {
  if (!edge.has_value()) return "null";
  std::string text;
  AppendInstant(*edge, &text);
  return text;
}

std::string Text(const WindowRange& range) { return Text(range.from) + " to " + Text(range.to); }

struct Row {
  const char* zone;
  Window window;
  const char* instant;
  const char* from;
  const char* to;
};

// Made with Python's zoneinfo, second by second: an hour or minute goes back and forward to where the local time is a
// full one, a date begins at the first second at which it is the local date.
void ExpectWindows(std::initializer_list<Row> table) {
  for (const Row& row : table) {
    SCOPED_TRACE(std::string(row.zone) + " " + row.instant);
    ASSERT_OK_AND_ASSIGN(const absl::TimeZone zone, LoadZone(row.zone));
    ASSERT_OK_AND_ASSIGN(const Instant instant, ParseInstant(row.instant));
    EXPECT_EQ(Text(Windows(row.window, zone).Containing(instant)), std::string(row.from) + " to " + row.to);
  }
}

TEST(WindowsTest, HoursThatAreReadTwiceAreTwoWindows) {
  ExpectWindows({
      {"Europe/Berlin", Window::kHour, "2024-10-27T00:15:00Z", "2024-10-27T00:00:00Z", "2024-10-27T01:00:00Z"},
      {"Europe/Berlin", Window::kHour, "2024-10-27T01:15:00Z", "2024-10-27T01:00:00Z", "2024-10-27T02:00:00Z"},
      {"America/New_York", Window::kHour, "2024-11-03T05:59:59Z", "2024-11-03T05:00:00Z", "2024-11-03T06:00:00Z"},
      {"America/New_York", Window::kHour, "2024-11-03T06:00:00Z", "2024-11-03T06:00:00Z", "2024-11-03T07:00:00Z"},
      {"Europe/Berlin", Window::kHour, "3000-10-26T00:30:00Z", "3000-10-26T00:00:00Z", "3000-10-26T01:00:00Z"},
      {"Europe/Berlin", Window::kHour, "3000-10-26T01:30:00Z", "3000-10-26T01:00:00Z", "3000-10-26T02:00:00Z"},
  });
}

TEST(WindowsTest, TheHourBehindASkippedOneStartsAtTheChange) {
  ExpectWindows({
      {"Europe/Berlin", Window::kHour, "2024-03-31T00:30:00Z", "2024-03-31T00:00:00Z", "2024-03-31T01:00:00Z"},
      {"Europe/Berlin", Window::kHour, "2024-03-31T01:00:00Z", "2024-03-31T01:00:00Z", "2024-03-31T02:00:00Z"},
      {"America/New_York", Window::kHour, "2024-03-10T06:59:59Z", "2024-03-10T06:00:00Z", "2024-03-10T07:00:00Z"},
      {"America/New_York", Window::kHour, "2024-03-10T07:00:00Z", "2024-03-10T07:00:00Z", "2024-03-10T08:00:00Z"},
      {"America/Sao_Paulo", Window::kHour, "2018-11-04T02:59:59Z", "2018-11-04T02:00:00Z", "2018-11-04T03:00:00Z"},
      {"America/Sao_Paulo", Window::kHour, "2018-11-04T03:00:00Z", "2018-11-04T03:00:00Z", "2018-11-04T04:00:00Z"},
      {"Pacific/Apia", Window::kHour, "2011-12-30T09:59:59Z", "2011-12-30T09:00:00Z", "2011-12-30T10:00:00Z"},
      {"Pacific/Apia", Window::kHour, "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T11:00:00Z"},
  });
}

TEST(WindowsTest, ChangesThatReachNoFullHourMakeLongerOnes) {
  ExpectWindows({
      {"Australia/Lord_Howe", Window::kHour, "2024-04-06T14:59:59Z", "2024-04-06T14:00:00Z", "2024-04-06T15:30:00Z"},
      {"Australia/Lord_Howe", Window::kHour, "2024-04-06T15:10:00Z", "2024-04-06T14:00:00Z", "2024-04-06T15:30:00Z"},
      {"Australia/Lord_Howe", Window::kHour, "2024-04-06T15:30:00Z", "2024-04-06T15:30:00Z", "2024-04-06T16:30:00Z"},
      {"Australia/Lord_Howe", Window::kHour, "2024-10-05T15:29:59Z", "2024-10-05T14:30:00Z", "2024-10-05T16:00:00Z"},
      {"Australia/Lord_Howe", Window::kHour, "2024-10-05T15:30:00Z", "2024-10-05T14:30:00Z", "2024-10-05T16:00:00Z"},
      {"Australia/Lord_Howe", Window::kHour, "2024-10-05T16:00:00Z", "2024-10-05T16:00:00Z", "2024-10-05T17:00:00Z"},
      {"Australia/Lord_Howe", Window::kMinute, "2024-10-05T15:30:30Z", "2024-10-05T15:30:00Z", "2024-10-05T15:31:00Z"},
      {"Asia/Kathmandu", Window::kHour, "1985-12-31T18:29:59Z", "1985-12-31T17:30:00Z", "1985-12-31T19:15:00Z"},
      {"Asia/Kathmandu", Window::kHour, "1985-12-31T18:30:00Z", "1985-12-31T17:30:00Z", "1985-12-31T19:15:00Z"},
      {"America/St_Johns", Window::kHour, "2010-11-07T02:30:30Z", "2010-11-07T02:30:00Z", "2010-11-07T03:30:00Z"},
      {"America/St_Johns", Window::kHour, "2010-11-07T03:00:00Z", "2010-11-07T02:30:00Z", "2010-11-07T03:30:00Z"},
      {"America/St_Johns", Window::kHour, "2010-11-07T03:30:00Z", "2010-11-07T03:30:00Z", "2010-11-07T04:30:00Z"},
      {"Australia/Lord_Howe", Window::kHour, "3000-10-04T15:45:00Z", "3000-10-04T14:30:00Z", "3000-10-04T16:00:00Z"},
      {"Australia/Lord_Howe", Window::kHour, "3000-04-05T15:15:00Z", "3000-04-05T14:00:00Z", "3000-04-05T15:30:00Z"},
  });
}

TEST(WindowsTest, OffsetsOfHalvesAndQuartersOfAnHour) {
  ExpectWindows({
      {"Asia/Kathmandu", Window::kHour, "2024-05-05T10:14:59Z", "2024-05-05T09:15:00Z", "2024-05-05T10:15:00Z"},
      {"Asia/Kathmandu", Window::kHour, "2024-05-05T10:15:00Z", "2024-05-05T10:15:00Z", "2024-05-05T11:15:00Z"},
      {"Asia/Kathmandu", Window::kMinute, "2024-05-05T10:14:59Z", "2024-05-05T10:14:00Z", "2024-05-05T10:15:00Z"},
      {"Asia/Kathmandu", Window::kDay, "2024-05-05T18:14:59Z", "2024-05-04T18:15:00Z", "2024-05-05T18:15:00Z"},
      {"Asia/Kathmandu", Window::kDay, "2024-05-05T18:15:00Z", "2024-05-05T18:15:00Z", "2024-05-06T18:15:00Z"},
      {"Asia/Kathmandu", Window::kMonth, "2024-05-31T18:14:59Z", "2024-04-30T18:15:00Z", "2024-05-31T18:15:00Z"},
      {"Asia/Kolkata", Window::kHour, "2024-05-05T10:00:00Z", "2024-05-05T09:30:00Z", "2024-05-05T10:30:00Z"},
  });
}

TEST(WindowsTest, OffsetsWithSecondsShiftMinutes) {
  ExpectWindows({
      {"Africa/Monrovia", Window::kMinute, "1900-01-01T00:00:00Z", "1899-12-31T23:59:08Z", "1900-01-01T00:00:08Z"},
      {"Africa/Monrovia", Window::kMinute, "1972-01-07T00:43:29Z", "1972-01-07T00:42:30Z", "1972-01-07T00:43:30Z"},
      {"Africa/Monrovia", Window::kMinute, "1972-01-07T00:44:29Z", "1972-01-07T00:43:30Z", "1972-01-07T00:45:00Z"},
      {"Africa/Monrovia", Window::kMinute, "1972-01-07T00:44:30Z", "1972-01-07T00:43:30Z", "1972-01-07T00:45:00Z"},
      {"Africa/Monrovia", Window::kHour, "1972-01-07T00:44:30Z", "1972-01-06T23:44:30Z", "1972-01-07T01:00:00Z"},
      {"Africa/Monrovia", Window::kDay, "1972-01-07T12:00:00Z", "1972-01-07T00:44:30Z", "1972-01-08T00:00:00Z"},
      {"Europe/Amsterdam", Window::kMinute, "1930-01-01T00:00:00Z", "1929-12-31T23:59:28Z", "1930-01-01T00:00:28Z"},
      {"Europe/Amsterdam", Window::kHour, "1930-01-01T00:00:00Z", "1929-12-31T23:40:28Z", "1930-01-01T00:40:28Z"},
      {"Europe/Amsterdam", Window::kDay, "1930-01-01T00:00:00Z", "1929-12-31T23:40:28Z", "1930-01-01T23:40:28Z"},
      {"Europe/Berlin", Window::kMinute, "1893-03-31T23:06:20Z", "1893-03-31T23:05:32Z", "1893-03-31T23:07:00Z"},
  });
}

TEST(WindowsTest, DaysAreAsLongAsTheLocalDate) {
  ExpectWindows({
      {"Europe/Berlin", Window::kDay, "2024-03-31T12:00:00Z", "2024-03-30T23:00:00Z", "2024-03-31T22:00:00Z"},
      {"Europe/Berlin", Window::kDay, "2024-10-27T12:00:00Z", "2024-10-26T22:00:00Z", "2024-10-27T23:00:00Z"},
      {"America/New_York", Window::kDay, "2024-03-10T05:00:00Z", "2024-03-10T05:00:00Z", "2024-03-11T04:00:00Z"},
      {"America/New_York", Window::kDay, "2024-11-03T04:00:00Z", "2024-11-03T04:00:00Z", "2024-11-04T05:00:00Z"},
      {"Australia/Lord_Howe", Window::kDay, "2024-04-06T20:00:00Z", "2024-04-06T13:00:00Z", "2024-04-07T13:30:00Z"},
      {"Australia/Lord_Howe", Window::kDay, "2024-10-05T20:00:00Z", "2024-10-05T13:30:00Z", "2024-10-06T13:00:00Z"},
      {"Europe/Berlin", Window::kDay, "3000-10-26T12:00:00Z", "3000-10-25T22:00:00Z", "3000-10-26T23:00:00Z"},
  });
}

TEST(WindowsTest, ASkippedMidnightStartsTheDateLate) {
  ExpectWindows({
      {"America/Sao_Paulo", Window::kDay, "2018-11-04T02:59:59Z", "2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z"},
      {"America/Sao_Paulo", Window::kDay, "2018-11-04T03:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"},
      {"America/Asuncion", Window::kMonth, "2017-10-01T03:59:59Z", "2017-09-01T04:00:00Z", "2017-10-01T04:00:00Z"},
      {"America/Asuncion", Window::kMonth, "2017-10-01T04:00:00Z", "2017-10-01T04:00:00Z", "2017-11-01T03:00:00Z"},
  });
}

TEST(WindowsTest, AnHourReadTwiceBeforeMidnightBelongsToTheOldDate) {
  ExpectWindows({
      {"America/Sao_Paulo", Window::kDay, "2018-02-18T01:59:59Z", "2018-02-17T02:00:00Z", "2018-02-18T03:00:00Z"},
      {"America/Sao_Paulo", Window::kDay, "2018-02-18T02:30:00Z", "2018-02-17T02:00:00Z", "2018-02-18T03:00:00Z"},
      {"America/Sao_Paulo", Window::kDay, "2018-02-18T03:00:00Z", "2018-02-18T03:00:00Z", "2018-02-19T03:00:00Z"},
  });
}

TEST(WindowsTest, ADoubledMidnightDoesNotSplitTheDate) {
  ExpectWindows({
      {"America/St_Johns", Window::kDay, "2010-11-07T02:29:59Z", "2010-11-06T02:30:00Z", "2010-11-07T02:30:00Z"},
      {"America/St_Johns", Window::kDay, "2010-11-07T02:30:30Z", "2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z"},
      {"America/St_Johns", Window::kDay, "2010-11-07T02:31:00Z", "2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z"},
      {"America/St_Johns", Window::kDay, "2010-11-07T03:30:00Z", "2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z"},
      {"America/St_Johns", Window::kMonth, "2009-11-01T02:29:59Z", "2009-10-01T02:30:00Z", "2009-11-01T02:30:00Z"},
      {"America/St_Johns", Window::kMonth, "2009-11-01T03:00:00Z", "2009-11-01T02:30:00Z", "2009-12-01T03:30:00Z"},
      {"America/St_Johns", Window::kMonth, "2009-11-01T03:30:00Z", "2009-11-01T02:30:00Z", "2009-12-01T03:30:00Z"},
      {"Asia/Amman", Window::kDay, "2021-10-28T21:30:00Z", "2021-10-28T21:00:00Z", "2021-10-29T22:00:00Z"},
      {"Asia/Amman", Window::kDay, "2021-10-28T22:30:00Z", "2021-10-28T21:00:00Z", "2021-10-29T22:00:00Z"},
      {"America/Juneau", Window::kDay, "1867-10-19T00:00:00Z", "1867-10-18T08:57:41Z", "1867-10-20T08:57:41Z"},
      {"America/Juneau", Window::kDay, "1867-10-19T12:00:00Z", "1867-10-18T08:57:41Z", "1867-10-20T08:57:41Z"},
  });
}

TEST(WindowsTest, ADateThatAZoneLeftOutHasNoWindow) {
  ExpectWindows({
      {"Pacific/Apia", Window::kDay, "2011-12-30T09:59:59Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"},
      {"Pacific/Apia", Window::kDay, "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"},
      {"Pacific/Apia", Window::kMonth, "2011-12-30T10:00:00Z", "2011-12-01T10:00:00Z", "2011-12-31T10:00:00Z"},
      {"Pacific/Kwajalein", Window::kDay, "1993-08-21T11:59:59Z", "1993-08-20T12:00:00Z", "1993-08-21T12:00:00Z"},
      {"Pacific/Kwajalein", Window::kDay, "1993-08-21T12:00:00Z", "1993-08-21T12:00:00Z", "1993-08-22T12:00:00Z"},
      {"Pacific/Kiritimati", Window::kMonth, "1994-12-31T09:59:59Z", "1994-12-01T10:00:00Z", "1994-12-31T10:00:00Z"},
      {"Pacific/Kiritimati", Window::kMonth, "1994-12-31T10:00:00Z", "1994-12-31T10:00:00Z", "1995-01-31T10:00:00Z"},
      {"Asia/Manila", Window::kMonth, "1844-12-31T15:56:08Z", "1844-12-31T15:56:08Z", "1845-01-31T15:56:08Z"},
  });
}

TEST(WindowsTest, MonthsEndWhereTheirLastDateDoes) {
  ExpectWindows({
      {"UTC", Window::kDay, "2024-02-29T12:00:00Z", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"},
      {"UTC", Window::kMonth, "2024-02-29T23:59:59Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"},
      {"UTC", Window::kMonth, "2024-03-01T00:00:00Z", "2024-03-01T00:00:00Z", "2024-04-01T00:00:00Z"},
      {"UTC", Window::kDay, "2100-02-28T23:59:59Z", "2100-02-28T00:00:00Z", "2100-03-01T00:00:00Z"},
      {"UTC", Window::kMonth, "2100-02-28T23:59:59Z", "2100-02-01T00:00:00Z", "2100-03-01T00:00:00Z"},
      {"UTC", Window::kMonth, "2023-12-31T23:59:59Z", "2023-12-01T00:00:00Z", "2024-01-01T00:00:00Z"},
      {"UTC", Window::kMinute, "2016-12-31T23:59:59Z", "2016-12-31T23:59:00Z", "2017-01-01T00:00:00Z"},
      {"Asia/Tokyo", Window::kMonth, "2024-02-29T14:59:59Z", "2024-01-31T15:00:00Z", "2024-02-29T15:00:00Z"},
      {"Asia/Tokyo", Window::kMonth, "2024-02-29T15:00:00Z", "2024-02-29T15:00:00Z", "2024-03-31T15:00:00Z"},
      {"Europe/Berlin", Window::kDay, "2100-02-28T22:59:59Z", "2100-02-27T23:00:00Z", "2100-02-28T23:00:00Z"},
      {"Europe/Berlin", Window::kMonth, "2024-03-31T12:00:00Z", "2024-02-29T23:00:00Z", "2024-03-31T22:00:00Z"},
      {"Europe/Berlin", Window::kMonth, "2024-10-31T22:59:59Z", "2024-09-30T22:00:00Z", "2024-10-31T23:00:00Z"},
      {"Europe/Berlin", Window::kMonth, "2024-10-31T23:00:00Z", "2024-10-31T23:00:00Z", "2024-11-30T23:00:00Z"},
      {"America/New_York", Window::kMonth, "2024-11-03T04:00:00Z", "2024-11-01T04:00:00Z", "2024-12-01T05:00:00Z"},
      {"Australia/Lord_Howe", Window::kMonth, "2024-04-06T20:00:00Z", "2024-03-31T13:00:00Z", "2024-04-30T13:30:00Z"},
  });
}

TEST(WindowsTest, AnEdgeOutsideYears0001To9999IsAbsent) {
  // By hand: Python's dates end where these edges lie.
  ExpectWindows({
      {"UTC", Window::kDay, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-02T00:00:00Z"},
      {"UTC", Window::kMinute, "9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:00Z", "null"},
      {"UTC", Window::kMonth, "9999-12-31T23:59:59.999999999Z", "9999-12-01T00:00:00Z", "null"},
      // Local mean time: 53 minutes and 28 seconds ahead, 4:56:02 behind.
      {"Europe/Berlin", Window::kDay, "0001-01-01T00:00:00Z", "null", "0001-01-01T23:06:32Z"},
      {"Europe/Berlin", Window::kHour, "0001-01-01T00:06:31Z", "null", "0001-01-01T00:06:32Z"},
      {"America/New_York", Window::kHour, "0001-01-01T00:00:00Z", "null", "0001-01-01T00:56:02Z"},
      {"America/New_York", Window::kMonth, "0001-01-01T00:00:00Z", "null", "0001-01-01T04:56:02Z"},
      // In the local year 10000, and still in 9999.
      {"Europe/Berlin", Window::kDay, "9999-12-31T23:00:00Z", "9999-12-31T23:00:00Z", "null"},
      {"Europe/Berlin", Window::kDay, "9999-12-31T22:59:59Z", "9999-12-30T23:00:00Z", "9999-12-31T23:00:00Z"},
      {"America/New_York", Window::kMonth, "9999-12-31T23:59:59Z", "9999-12-01T05:00:00Z", "null"},
  });
}

TEST(WindowRangeTest, IsHalfOpenAndReachesAsFarAsInstantsDoWithoutAnEdge) {
  const Instant early{10, 0}, from{20, 0}, last{29, 999'999'999}, to{30, 0};
  EXPECT_FALSE((WindowRange{from, to}.Contains(early)));
  EXPECT_TRUE((WindowRange{from, to}.Contains(from)));
  EXPECT_TRUE((WindowRange{from, to}.Contains(last)));
  EXPECT_FALSE((WindowRange{from, to}.Contains(to)));
  EXPECT_TRUE((WindowRange{std::nullopt, to}.Contains(Instant::Min())));
  EXPECT_FALSE((WindowRange{std::nullopt, to}.Contains(to)));
  EXPECT_TRUE((WindowRange{from, std::nullopt}.Contains(to)));
  EXPECT_FALSE((WindowRange{from, std::nullopt}.Contains(early)));
}

class RandomZonesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const std::string& name : ReadZoneNames("/usr/share/zoneinfo/tzdata.zi")) {
      ASSERT_OK_AND_ASSIGN(const absl::TimeZone zone, LoadZone(name));
      zones_.push_back(zone);
    }
    ASSERT_FALSE(zones_.empty());
  }

  Instant AnyInstant() {
    return {random_.Below(Instant::kSecondsEnd), static_cast<std::uint32_t>(random_.Below(1'000'000'000))};
  }

  // Within two days of a change of the zone's offset, where it has one behind a random time from 1840 to 2300.
  Instant NearAChange(absl::TimeZone zone) {
    const absl::Time start = absl::FromCivil(absl::CivilYear(1840), absl::UTCTimeZone());
    absl::Time time = start + absl::Hours(random_.Below(460 * 365 * 24));
    absl::TimeZone::CivilTransition change;
    if (zone.NextTransition(time, &change)) time = zone.At(change.to).trans;
    // Often at the change itself or a second beside it.
    const std::uint64_t spread = random_.OneIn(3) ? 1 : 2 * 86'400;
    time += absl::Seconds(random_.Below(2 * spread + 1)) - absl::Seconds(spread);
    if (random_.OneIn(2)) time += absl::Nanoseconds(random_.Below(1'000'000'000));
    return *Instant::FromTime(time);
  }

  Random random_;
  std::vector<absl::TimeZone> zones_;
};

Instant Before(Instant instant) {
  return instant.nanos > 0 ? Instant{instant.seconds, instant.nanos - 1} : Instant{instant.seconds - 1, 999'999'999};
}

TEST_F(RandomZonesTest, WindowsLieEndToEnd) {
  for (int i = 0; i < 4'000; ++i) {
    const absl::TimeZone zone = random_.PickFrom(zones_);
    const Window window = random_.PickFrom(kWindows);
    const Instant instant = random_.OneIn(2) ? AnyInstant() : NearAChange(zone);
    // Afresh each time, so that no answer comes from the one before.
    const auto containing = [&](Instant at) { return Windows(window, zone).Containing(at); };

    const WindowRange range = containing(instant);
    SCOPED_TRACE(zone.name() + " " + Text(instant) + " in " + Text(range));
    ASSERT_TRUE(range.Contains(instant));
    if (range.from.has_value()) {
      ASSERT_EQ(containing(*range.from), range);
      if (*range.from > Instant::Min()) {
        ASSERT_EQ(containing(Before(*range.from)).to, range.from);
      }
    }
    if (range.to.has_value()) {
      ASSERT_LT(range.from.value_or(Instant::Min()), *range.to);
      ASSERT_EQ(containing(Before(*range.to)), range);
      ASSERT_EQ(containing(*range.to).from, range.to);
    }
  }
}

TEST_F(RandomZonesTest, TheAnswerDoesNotDependOnTheOneBefore) {
  for (int i = 0; i < 100; ++i) {
    const absl::TimeZone zone = random_.PickFrom(zones_);
    const Window window = random_.PickFrom(kWindows);
    const Instant start = NearAChange(zone);
    Windows windows(window, zone);
    for (int j = 0; j < 30; ++j) {
      const Instant instant{start.seconds + random_.Below(1 << random_.Below(22)), start.nanos};
      ASSERT_EQ(windows.Containing(instant), Windows(window, zone).Containing(instant))
          << zone.name() << " " << Text(instant);
    }
  }
}

// Where windows start in [from, to), by walking through the stretches of one offset. A stretch is plain arithmetic: no
// local time is looked up, none has two meanings.
std::vector<absl::Time> Starts(Window window, absl::TimeZone zone, absl::Time from, absl::Time to) {
  std::vector<absl::Time> starts;
  std::map<absl::CivilDay, absl::Time> dates;  // with the first instant of each
  absl::TimeZone::CivilTransition change;
  for (absl::Time stretch = from; stretch < to;) {
    const absl::Time end = zone.NextTransition(stretch, &change) ? std::min(to, zone.At(change.to).trans) : to;
    const absl::Duration ahead = absl::Seconds(zone.At(stretch).offset);
    const auto first_full = [&](absl::Duration unit) {
      return absl::UnixEpoch() + absl::Ceil(stretch - absl::UnixEpoch() + ahead, unit) - ahead;
    };
    if (window == Window::kMinute || window == Window::kHour) {
      const absl::Duration unit = window == Window::kMinute ? absl::Minutes(1) : absl::Hours(1);
      for (absl::Time full = first_full(unit); full < end; full += unit) starts.push_back(full);
    } else {
      const auto read = [&](absl::Time time) {
        const absl::CivilDay day(absl::CivilSecond(1970) + absl::ToUnixSeconds(time + ahead));
        dates.emplace(window == Window::kDay ? day : absl::CivilDay(absl::CivilMonth(day)), time);
      };
      read(stretch);
      for (absl::Time full = first_full(absl::Hours(24)); full < end; full += absl::Hours(24)) read(full);
    }
    stretch = end;
  }
  for (const auto& [date, first] : dates) starts.push_back(first);
  std::sort(starts.begin(), starts.end());
  return starts;
}

TEST_F(RandomZonesTest, WindowsNearChangesAreThoseOfAWalkThroughTheOffsets) {
  for (const absl::TimeZone zone : zones_) {
    for (const Window window : kWindows) {
      // Longer than two windows, whatever the clock does.
      const absl::Duration margin = absl::Hours(window == Window::kMonth ? 70 * 24 : window == Window::kDay ? 120 : 30);
      const Instant instant = NearAChange(zone);
      const absl::Time time = instant.ToTime();
      const absl::Time whole = absl::FromUnixSeconds(absl::ToUnixSeconds(time));
      const std::vector<absl::Time> starts = Starts(window, zone, whole - margin, whole + margin);
      const auto next = std::upper_bound(starts.begin(), starts.end(), time);
      ASSERT_NE(next, starts.begin());
      ASSERT_NE(next, starts.end());
      EXPECT_EQ(Windows(window, zone).Containing(instant),
                (WindowRange{Instant::FromTime(*(next - 1)), Instant::FromTime(*next)}))
          << zone.name() << " " << Text(instant);
    }
  }
}

}  // namespace
}  // namespace tallystick
