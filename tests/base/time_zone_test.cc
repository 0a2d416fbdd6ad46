#include "lib/base/time_zone.h"

#include <stdlib.h>

#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tallystick {
namespace {

using namespace std::string_view_literals;
using ::testing::ElementsAre;
using ::testing::ExitedWithCode;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;
using testing::TempFolder;

// Seconds ahead of UTC at the start of July 2024.
int SummerOffset(absl::TimeZone zone) {
  return zone.At(absl::FromCivil(absl::CivilDay(2024, 7, 1), absl::UTCTimeZone())).offset;
}

TEST(LoadZoneTest, ZonesAndLinksAreFoundByName) {
  const struct {
    std::string_view name;
    int offset;
  } table[] = {
      {"UTC", 0},
      {"Europe/Berlin", 7'200},
      {"America/Argentina/Buenos_Aires", -10'800},
      {"Asia/Kathmandu", 20'700},
      {"Asia/Katmandu", 20'700},  // a link
      {"Etc/GMT+3", -10'800},
      {"GMT", 0},
      {"Zulu", 0},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.name);
    ASSERT_OK_AND_ASSIGN(const absl::TimeZone zone, LoadZone(row.name));
    EXPECT_EQ(SummerOffset(zone), row.offset);
  }
}

TEST(LoadZoneTest, EveryNameInTheListLoads) {
  const std::vector<std::string> names = ReadZoneNames("/usr/share/zoneinfo/tzdata.zi");
  EXPECT_GT(names.size(), 400);
  for (const std::string& name : names) EXPECT_THAT(LoadZone(name), IsOk()) << name;
}

// Most of these are zones, or files, to absl::LoadTimeZone.
TEST(LoadZoneTest, EverythingElseIsUnknown) {
  for (const std::string_view name : {
           ""sv,
           "localtime"sv,
           "posixrules"sv,
           "/etc/localtime"sv,
           "/usr/share/zoneinfo/Europe/Berlin"sv,
           "../zoneinfo/Europe/Berlin"sv,
           "./Europe/Berlin"sv,
           "Europe//Berlin"sv,
           "Europe/../Europe/Berlin"sv,
           "Europe/Berlin/"sv,
           "file:Europe/Berlin"sv,
           "file:/usr/share/zoneinfo/Europe/Berlin"sv,
           "posix/Europe/Berlin"sv,
           "right/Europe/Berlin"sv,
           "Europe"sv,
           "europe/berlin"sv,
           "EUROPE/BERLIN"sv,
           " Europe/Berlin"sv,
           "Europe/Berlin "sv,
           "Europe/Berlin\0"sv,
           "Europe/Berlin\nEurope/Paris"sv,
           "utc"sv,
           "UTC0"sv,
           "UTC+3"sv,
           "+02:00"sv,
           "Fixed/UTC+01:00:00"sv,
           "CEST"sv,
           "Z"sv,
           "tzdata.zi"sv,
           "Mars/Olympus_Mons"sv,
       }) {
    SCOPED_TRACE(name);
    EXPECT_THAT(LoadZone(name),
                StatusIs(absl::StatusCode::kInvalidArgument, "unknown time zone '" + std::string(name) + "'"));
  }
}

TEST(ReadZoneNamesTest, TakesZonesAndLinksAndNothingElse) {
  const TempFolder folder;
  std::ofstream(folder.path("list")) << "# version 2025b\n"
                                        "# Z No/Comment 0 - -\n"
                                        "R No_Rule 1916 o - Jun 14 23s 1 S\n"
                                        "\n"
                                        "Z Europe/Berlin 0:53:28 - LMT 1893 Ap\n"
                                        "1 c CE%sT 1945 May 24 2\n"
                                        "Z Africa/Abidjan -0:16:8 - LMT 1912\n"
                                        "L Asia/Kathmandu Asia/Katmandu\n"
                                        "L No_Target\n"
                                        "Z\n"
                                        "Zone No/Long_Form 0 - -\n"
                                        "L Africa/Abidjan Atlantic/St_Helena";  // without a line feed
  EXPECT_THAT(ReadZoneNames(folder.path("list")),
              ElementsAre("Africa/Abidjan", "Asia/Katmandu", "Atlantic/St_Helena", "Europe/Berlin"));
}

TEST(ReadZoneNamesTest, AFileThatCannotBeReadHasNone) {
  const TempFolder folder;
  EXPECT_THAT(ReadZoneNames(folder.path("absent")), IsEmpty());
  EXPECT_THAT(ReadZoneNames(folder.path()), IsEmpty());
}

// The list is read once a process, so these look at it in one of their own.
class BrokenDatabaseTest : public ::testing::Test {
 protected:
  BrokenDatabaseTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

  void ExpectFailedPrecondition(const std::string& message) {
    const auto run = [&] {
      ::setenv("TZDIR", folder_.path().c_str(), 1);
      const absl::Status berlin = LoadZone("Europe/Berlin").status();
      const bool as_expected = absl::IsFailedPrecondition(berlin) &&
                               std::string(berlin.message()).find(message) != std::string::npos && LoadZone("UTC").ok();
      ::exit(as_expected ? 0 : 1);
    };
    EXPECT_EXIT(run(), ExitedWithCode(0), "");
  }

  TempFolder folder_;
};

TEST_F(BrokenDatabaseTest, WithoutAListOnlyUtcIsThere) {
  ExpectFailedPrecondition("cannot look up the time zone 'Europe/Berlin'");
}

TEST_F(BrokenDatabaseTest, AZoneInTheListWithoutItsFileIsNotTheCallersFault) {
  std::ofstream(folder_.path("tzdata.zi")) << "Z Europe/Berlin 0:53:28 - LMT 1893 Ap\n";
  ExpectFailedPrecondition("cannot load the time zone 'Europe/Berlin'");
}

}  // namespace
}  // namespace tallystick
