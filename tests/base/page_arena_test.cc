#include "lib/base/page_arena.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallystick {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;

// Fills a piece of the arena, and returns where it is.
char* Put(PageArena* arena, std::size_t room, std::string_view text) {
  char* const piece = arena->Room(room);
  std::memcpy(piece, text.data(), text.size());
  arena->Take(text.size());
  return piece;
}

TEST(PageArenaTest, PiecesStandBesideEachOther) {
  PageArena arena(kMiB);
  std::vector<char*> pieces;
  for (int i = 0; i < 1000; ++i) pieces.push_back(Put(&arena, 10'000, "piece " + std::to_string(i)));
  for (int i = 0; i < 1000; ++i) {
    const std::string text = "piece " + std::to_string(i);
    EXPECT_EQ(std::string_view(pieces[static_cast<std::size_t>(i)], text.size()), text);
  }
}

TEST(PageArenaTest, RoomThatIsNotTakenIsGivenAgain) {
  PageArena arena(kMiB);
  char* const room = arena.Room(100);
  EXPECT_EQ(arena.Room(50), room);
  arena.Take(8);
  EXPECT_NE(arena.Room(50), room);
}

TEST(PageArenaTest, EveryPieceIsAligned) {
  PageArena arena(kMiB);
  for (std::size_t size = 1; size < 40; ++size) {
    const auto at = reinterpret_cast<std::uintptr_t>(Put(&arena, size, std::string(size, 'x')));
    EXPECT_EQ(at % 64, 0u) << size;
  }
}

TEST(PageArenaTest, APieceMayBeLargerThanABlock) {
  PageArena arena(kMiB);
  char* const small = Put(&arena, 10, "small");
  const std::string large(7 * kMiB + 1, 'x');
  EXPECT_EQ(std::string_view(Put(&arena, large.size(), large), large.size()), large);
  EXPECT_EQ(std::string_view(small, 5), "small");
  EXPECT_EQ(std::string_view(Put(&arena, 10, "behind"), 6), "behind");
}

TEST(PageArenaTest, ResetGivesTheSameMemoryAgain) {
  PageArena arena(2 * kMiB);
  std::vector<char*> first;
  for (int i = 0; i < 5; ++i) first.push_back(Put(&arena, kMiB, std::string(kMiB, 'a')));
  arena.Reset();
  std::vector<char*> second;
  for (int i = 0; i < 5; ++i) second.push_back(Put(&arena, kMiB, std::string(kMiB, 'b')));
  EXPECT_EQ(first, second);
}

TEST(PageArenaTest, AFullBlockIsLeftBehind) {
  PageArena arena(2 * kMiB);
  Put(&arena, 2 * kMiB, std::string(2 * kMiB, 'a'));
  EXPECT_NE(arena.Room(1), nullptr);
  Put(&arena, 1, "b");
}

TEST(ReserveLargeTest, ReservesAndKeepsWhatIsThere) {
  std::vector<int> numbers = {1, 2, 3};
  ReserveLarge(5'000'000, &numbers);
  EXPECT_GE(numbers.capacity(), 5'000'000u);
  EXPECT_THAT(numbers, ::testing::ElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace tallystick
