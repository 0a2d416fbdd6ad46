#include "lib/encoding/sync_marks.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace tallystick {
namespace {

constexpr FilePart kManifest = {.file = 5, .bytes = 300};
const std::vector<FilePart> kLogs = {{.file = 7, .bytes = 1000}, {.file = 9, .bytes = 1}};

std::string Slot(std::uint64_t generation, const FilePart& manifest, const std::vector<FilePart>& logs) {
  SyncSlot slot;
  const std::size_t size = EncodeSyncSlot(generation, manifest, logs, &slot);
  return {slot.data(), size};
}

TEST(SyncMarkTest, ARecordEndsWithIt) {
  const FilePart synced = {.file = 0x123456789abc, .bytes = 0x123456789a};
  const auto mark = EncodeSyncMark(synced);
  const std::string tail = std::string("\x03\x0c") + std::string(mark.data(), mark.size());
  EXPECT_EQ(tail, std::string("\x03\x0c\x01\x12\x34\x56\x78\x9a\xbc\x12\x34\x56\x78\x9a", 14));
  EXPECT_EQ(SyncMarkOf("a batch" + tail), synced);
  EXPECT_EQ(SyncMarkOf(tail), synced);
}

TEST(SyncMarkTest, OtherRecordsHaveNone) {
  const auto mark = EncodeSyncMark({.file = 1, .bytes = 2});
  const std::string tail = std::string("\x03\x0c") + std::string(mark.data(), mark.size());
  EXPECT_EQ(SyncMarkOf(tail + "."), std::nullopt);
  for (std::size_t size = 0; size < tail.size(); ++size) EXPECT_EQ(SyncMarkOf(tail.substr(0, size)), std::nullopt);
  for (std::size_t i = 0; i < 3; ++i) {
    std::string other = tail;
    other[i] ^= 1;
    EXPECT_EQ(SyncMarkOf(other), std::nullopt) << i;
  }
}

TEST(SyncSlotTest, ReadsAsItWasWritten) {
  const auto decoded = DecodeSyncSlot(Slot(3, kManifest, kLogs));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->generation, 3u);
  EXPECT_EQ(decoded->parts.manifest, kManifest);
  EXPECT_EQ(decoded->parts.logs, kLogs);
  EXPECT_TRUE(DecodeSyncSlot(Slot(1, {}, {})).has_value());
}

TEST(SyncSlotTest, WhatAnEarlierOneLeftBehindItMeansNothing) {
  EXPECT_TRUE(DecodeSyncSlot(Slot(3, kManifest, kLogs) + "rest of a longer one").has_value());
}

TEST(SyncSlotTest, AnyOtherByteAndAnyEndMakeItNone) {
  const std::string slot = Slot(3, kManifest, kLogs);
  for (std::size_t i = 0; i < slot.size(); ++i) {
    EXPECT_FALSE(DecodeSyncSlot(slot.substr(0, i)).has_value()) << i;
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = slot;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      EXPECT_FALSE(DecodeSyncSlot(damaged).has_value()) << i;
    }
  }
  EXPECT_FALSE(DecodeSyncSlot(std::string(kSyncSlotSize, '\0')).has_value());
}

TEST(SyncSlotTest, OfTooManyLogsItKeepsTheLast) {
  std::vector<FilePart> logs;
  for (std::uint64_t i = 1; i <= kSyncSlotLogsMax + 2; ++i) logs.push_back({.file = i, .bytes = i});
  const auto decoded = DecodeSyncSlot(Slot(1, kManifest, logs));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->parts.logs, std::vector<FilePart>(logs.begin() + 2, logs.end()));
}

}  // namespace
}  // namespace tallystick
