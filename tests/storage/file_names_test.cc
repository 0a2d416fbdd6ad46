#include "lib/storage/file_names.h"

#include <cstdint>
#include <limits>
#include <optional>

#include "gtest/gtest.h"

namespace tallystick::storage {
namespace {

TEST(FileNamesTest, NumbersAreReadFromNamesAndPaths) {
  EXPECT_EQ(LogNumber("000012.log"), 12u);
  EXPECT_EQ(LogNumber("/some.log/data/1234567.log"), 1234567u);
  EXPECT_EQ(ManifestNumber("data/MANIFEST-000005"), 5u);
  EXPECT_EQ(FileName("/a/b"), "b");
  EXPECT_EQ(FileName("b"), "b");
}

TEST(FileNamesTest, OtherFilesHaveNone) {
  for (const char* name : {"", ".log", "12.sst", "LOG", "x12.log", "12x.log", "12.log/", "-1.log", "12.log.tmp",
                           "18446744073709551616.log", "MANIFEST-000005"}) {
    EXPECT_EQ(LogNumber(name), std::nullopt) << name;
  }
  for (const char* name : {"", "MANIFEST-", "MANIFEST-5x", "MANIFEST", "000005.log", "xMANIFEST-5"}) {
    EXPECT_EQ(ManifestNumber(name), std::nullopt) << name;
  }
}

TEST(FileNamesTest, ALogsNameLeadsBackToItsNumber) {
  EXPECT_EQ(LogName(12), "000012.log");
  for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{999'999}, std::uint64_t{1'000'000},
                                     std::numeric_limits<std::uint64_t>::max()}) {
    EXPECT_EQ(LogNumber(LogName(number)), number);
  }
}

}  // namespace
}  // namespace tallystick::storage
