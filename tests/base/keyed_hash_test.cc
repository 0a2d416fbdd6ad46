#include "lib/base/keyed_hash.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "tests/support/counting_key.h"

namespace tallystick {
namespace {

using testing::CountingKey;

std::string CountingMessage(std::size_t size) {
  std::string message;
  for (std::size_t i = 0; i < size; ++i) message.push_back(static_cast<char>(i));
  return message;
}

// The vector of 15 bytes is that of the paper's appendix A; the next two are of the reference implementation's table.
// Such values are on disk (fingerprints, ids): they must be the same for ever and on every machine.
TEST(KeyedHashTest, IsSipHash24) {
  EXPECT_EQ(KeyedHash(CountingKey(), CountingMessage(15)), 0xa129ca6149be45e5);
  EXPECT_EQ(KeyedHash(CountingKey(), CountingMessage(0)), 0x726fdb47dd0e0e31);
  EXPECT_EQ(KeyedHash(CountingKey(), CountingMessage(8)), 0x93f5f5799a932462);
  EXPECT_EQ(KeyedHash(HashKey(), ""), 0x1e924b9d737700d7);
}

TEST(KeyedHashTest, FollowsEveryBitOfTheKey) {
  const std::uint64_t plain = KeyedHash(CountingKey(), "data");
  for (std::size_t bit = 0; bit < 128; ++bit) {
    HashKey key = CountingKey();
    key.bytes[bit / 8] = static_cast<std::uint8_t>(key.bytes[bit / 8] ^ 1u << bit % 8);
    EXPECT_NE(KeyedHash(key, "data"), plain) << "bit " << bit;
  }
}

TEST(FillRandomTest, FillsAllOfItAndNothingElse) {
  std::string bytes(66, '\0');
  for (int tries = 0; tries < 40 && bytes.substr(1, 64).find('\0') != std::string::npos; ++tries) {
    FillRandom(bytes.data() + 1, 64);
  }
  EXPECT_EQ(bytes.substr(1, 64).find('\0'), std::string::npos);
  EXPECT_EQ(bytes.front(), '\0');
  EXPECT_EQ(bytes.back(), '\0');

  HashKey first, second;
  FillRandom(first.bytes.data(), first.bytes.size());
  FillRandom(second.bytes.data(), second.bytes.size());
  EXPECT_NE(first.bytes, second.bytes);
}

}  // namespace
}  // namespace tallystick
