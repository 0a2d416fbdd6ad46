#include "lib/encoding/group.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/random.h"
#include "tests/support/status_matchers.h"

namespace tallystick {
namespace {

using Values = std::vector<std::optional<std::string>>;
using namespace std::string_literals;  // NOLINT(google-build-using-namespace): texts with zero bytes in them

std::string Encode(const Values& values) {
  std::string group;
  for (const auto& value : values) AppendGroupValue(value, &group);
  return group;
}

TEST(GroupTest, HasTheseBytes) {
  EXPECT_EQ(Encode({}), "");
  EXPECT_EQ(Encode({std::nullopt}), "\0"s);
  EXPECT_EQ(Encode({""}), "\1\0\0"s);
  EXPECT_EQ(Encode({"eu"}), "\1eu\0\0"s);
  EXPECT_EQ(Encode({"a\0b"s, std::nullopt, "\xff"}),
            "\1a\0\xff"
            "b\0\0\0\1\xff\0\0"s);
}

TEST(GroupTest, OrdersAsItsValuesDoAndDecodesToThem) {
  std::vector<Values> groups;
  const std::vector<std::optional<std::string>> values = {std::nullopt, "",   "\0"s, "\0\0"s, "\0\1"s,
                                                          "\0\xff"s,    "\1", "a",   "a\0"s,  "a\0\xff"s,
                                                          "a\1",        "ab", "b",   "\xff",  "\xff\0"s};
  for (const auto& first : values) {
    for (const auto& second : values) groups.push_back({first, second});
  }
  ASSERT_TRUE(std::is_sorted(groups.begin(), groups.end()));
  for (std::size_t i = 0; i < groups.size(); ++i) {
    SCOPED_TRACE(i);
    if (i > 0) {
      EXPECT_LT(Encode(groups[i - 1]), Encode(groups[i]));
    }
    ASSERT_OK_AND_ASSIGN(const Values decoded, DecodeGroup(Encode(groups[i])));
    EXPECT_EQ(decoded, groups[i]);
  }
}

TEST(GroupTest, WhatIsNoGroupDoesNotDecode) {
  for (const std::string& damaged : {"\2"s, "\1"s, "\1a"s, "\1a\0"s, "\1a\0\1"s, "a"s, "\0\1a\0\xff"s}) {
    SCOPED_TRACE(::testing::PrintToString(damaged));
    EXPECT_THAT(DecodeGroup(damaged), testing::StatusIs(absl::StatusCode::kDataLoss));
  }
}

}  // namespace
}  // namespace tallystick
