#include "tallystick/uuid.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/hash/hash_testing.h"
#include "gtest/gtest.h"
#include "lib/base/uuid_text.h"

namespace tallystick {
namespace {

constexpr std::string_view kText = "0184421e-a9cc-711b-af93-bf0511d4d833";
constexpr Uuid kUuid{{0x01, 0x84, 0x42, 0x1e, 0xa9, 0xcc, 0x71, 0x1b, 0xaf, 0x93, 0xbf, 0x05, 0x11, 0xd4, 0xd8, 0x33}};

TEST(UuidTest, ReadsEitherCaseAndWritesLower) {
  EXPECT_EQ(Uuid::Parse(kText), kUuid);
  EXPECT_EQ(Uuid::Parse("0184421E-A9CC-711B-AF93-BF0511D4D833"), kUuid);
  EXPECT_EQ(Uuid::Parse("0184421e-A9cC-711b-aF93-bf0511D4d833"), kUuid);
  EXPECT_EQ(kUuid.ToString(), kText);
  EXPECT_EQ(Uuid().ToString(), "00000000-0000-0000-0000-000000000000");
  EXPECT_EQ(Uuid::Parse("00000000-0000-0000-0000-000000000000"), Uuid());
  EXPECT_EQ(Uuid::Parse("ffffffff-ffff-ffff-ffff-ffffffffffff")->ToString(), "ffffffff-ffff-ffff-ffff-ffffffffffff");
}

TEST(UuidTest, RefusesEveryOtherForm) {
  for (const char* text : {
           "",
           "0",
           "0184421ea9cc711baf93bf0511d4d833",
           "{0184421e-a9cc-711b-af93-bf0511d4d833}",
           "urn:uuid:0184421e-a9cc-711b-af93-bf0511d4d833",
           " 0184421e-a9cc-711b-af93-bf0511d4d833",
           "0184421e-a9cc-711b-af93-bf0511d4d833 ",
           "0184421e-a9cc-711b-af93-bf0511d4d8330",
           "0184421e-a9cc-711b-af93-bf0511d4d83",
           "0184421e-a9cc-711b-af93_bf0511d4d833",
           "0184421ea-9cc-711b-af93-bf0511d4d833",
           "0184421g-a9cc-711b-af93-bf0511d4d833",
           "0184421e-a9cc-711b-af93-bf0511d4d83G",
           "0184421e-a9cc-711b-af93-bf0511d4d8\xc3\xa9",
           "+184421e-a9cc-711b-af93-bf0511d4d833",
           "0x84421e-a9cc-711b-af93-bf0511d4d833",
           "-184421e-a9cc-711b-af93-bf0511d4d833",
       }) {
    EXPECT_EQ(Uuid::Parse(text), std::nullopt) << text;
  }
}

TEST(UuidTest, EveryCharacterIsRead) {
  for (std::size_t i = 0; i < kText.size(); ++i) {
    for (const char other : {'\0', '/', ':', '@', 'G', '`', 'g', ' ', '-'}) {
      std::string text(kText);
      if (text[i] == other) continue;
      text[i] = other;
      EXPECT_EQ(Uuid::Parse(text), std::nullopt) << text;
    }
  }
}

TEST(UuidTextTest, IsReadInTheFormThatIsWrittenAndInNoOther) {
  char buffer[kUuidTextSize + 1];
  buffer[kUuidTextSize] = '!';
  WriteUuidText(kUuid, buffer);
  EXPECT_EQ(std::string_view(buffer, sizeof buffer), std::string(kText) + '!');
  EXPECT_EQ(ParseUuidText(kText), kUuid);
  EXPECT_EQ(ParseUuidText(""), std::nullopt);
  EXPECT_EQ(ParseUuidText(kText.substr(0, 35)), std::nullopt);
  EXPECT_EQ(ParseUuidText(std::string(kText) + '3'), std::nullopt);
  // Every character at every place: what is read is what would be written.
  int read = 0;
  for (std::size_t i = 0; i < kText.size(); ++i) {
    for (int c = 0; c < 256; ++c) {
      std::string text(kText);
      text[i] = static_cast<char>(c);
      const std::optional<Uuid> uuid = ParseUuidText(text);
      const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
      ASSERT_EQ(uuid.has_value(), kText[i] == '-' ? c == '-' : digit) << text;
      if (!uuid.has_value()) continue;
      ++read;
      ASSERT_EQ(uuid->ToString(), text);
    }
  }
  EXPECT_EQ(read, 32 * 16 + 4);
}

TEST(UuidTextTest, EveryByteIsWrittenAndReadAtEveryPlace) {
  for (std::size_t i = 0; i < 16; ++i) {
    for (int byte = 0; byte < 256; ++byte) {
      Uuid uuid = kUuid;
      uuid.bytes[i] = static_cast<std::uint8_t>(byte);
      ASSERT_EQ(ParseUuidText(uuid.ToString()), uuid);
      ASSERT_EQ(Uuid::Parse(uuid.ToString()), uuid);
    }
  }
}

TEST(UuidTest, OrdersByBytes) {
  std::vector<Uuid> uuids;
  uuids.push_back({});
  for (int i = 15; i >= 0; --i) {
    for (const int value : {0x01, 0x7f, 0x80, 0xff}) {
      uuids.emplace_back().bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(value);
    }
  }
  EXPECT_TRUE(std::is_sorted(uuids.begin(), uuids.end()));
  EXPECT_EQ(std::adjacent_find(uuids.begin(), uuids.end()), uuids.end());
  EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly(uuids));
}

}  // namespace
}  // namespace tallystick
