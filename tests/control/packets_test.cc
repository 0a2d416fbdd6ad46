#include "control/packets.h"

#include <sys/socket.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace tallystick::tools {
namespace {

std::pair<Descriptor, Descriptor> Connected() {
  int ends[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

TEST(Packets, ArriveAsTheyWereSent) {
  const auto [one, other] = Connected();
  for (const std::string& text : {std::string(), std::string("text"), std::string(kPacketTextMax, '\0')}) {
    ASSERT_EQ(SendPacket(one, PacketKind::kTold, text), Sent::kYes);
    ASSERT_EQ(SendPacket(one, PacketKind::kEnded, "0"), Sent::kYes);
    const std::optional<Packet> first = ReceivePacket(other);
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(first->kind, PacketKind::kTold);
    EXPECT_TRUE(first->text == text);
    const std::optional<Packet> second = ReceivePacket(other);
    ASSERT_TRUE(second.has_value());
    EXPECT_EQ(second->kind, PacketKind::kEnded);
    EXPECT_EQ(second->text, "0");
  }
}

TEST(Packets, WhatIsTooLongIsNone) {
  const auto [one, other] = Connected();
  ASSERT_EQ(SendPacket(one, PacketKind::kTold, std::string(kPacketTextMax + 1, 'a')), Sent::kYes);
  EXPECT_FALSE(ReceivePacket(other).has_value());
}

TEST(Packets, TheOtherSideMayBeSlowOrGone) {
  auto [one, other] = Connected();
  Sent sent = Sent::kYes;
  int count = 0;
  while ((sent = SendPacket(one, PacketKind::kProgress, "", false)) == Sent::kYes) ++count;
  EXPECT_EQ(sent, Sent::kLater);
  EXPECT_GT(count, 0);
  for (int i = 0; i < count; ++i) EXPECT_TRUE(ReceivePacket(other).has_value());
  EXPECT_EQ(SendPacket(one, PacketKind::kProgress, "", false), Sent::kYes);
  { const Descriptor gone = std::exchange(other, Descriptor()); }
  EXPECT_EQ(SendPacket(one, PacketKind::kProgress, "", false), Sent::kNever);
  EXPECT_EQ(SendPacket(one, PacketKind::kProgress, ""), Sent::kNever);
  EXPECT_FALSE(ReceivePacket(one).has_value());
}

TEST(Packets, TextsAreJoinedAndSplit) {
  const std::vector<std::vector<std::string>> cases = {{}, {""}, {"", ""}, {"a"}, {"a b", "", "\n\xff"}};
  for (const std::vector<std::string>& texts : cases) EXPECT_EQ(SplitTexts(JoinTexts(texts)), texts);
  EXPECT_EQ(JoinTexts({"a", "b"}), std::string("a\0b\0", 4));
  EXPECT_EQ(SplitTexts("a"), std::nullopt);
  EXPECT_EQ(SplitTexts(std::string("a\0b", 3)), std::nullopt);
}

}  // namespace
}  // namespace tallystick::tools
