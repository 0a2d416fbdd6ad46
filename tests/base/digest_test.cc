#include "lib/base/digest.h"

#include <string>

#include "gtest/gtest.h"
#include "tests/support/hex.h"

namespace tallystick {
namespace {

using testing::ToHex;

std::string CountingText(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text.push_back(static_cast<char>(i));
  return text;
}

// Made with Python: hashlib.blake2b(text, digest_size=32). Such digests are on disk: they must be the same for ever and
// on every machine. A block of the hash is 128 bytes.
TEST(DigestTest, IsBlake2bOf256Bits) {
  EXPECT_EQ(ToHex(Digest("")), "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
  EXPECT_EQ(ToHex(Digest("abc")), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
  EXPECT_EQ(ToHex(Digest(CountingText(128))), "c3582f71ebb2be66fa5dd750f80baae97554f3b015663c8be377cfcb2488c1d1");
  EXPECT_EQ(ToHex(Digest(CountingText(129))), "f7f3c46ba2564ff4c4c162da1f5b605f9f1c4aa6a20652a9f9a337c1a2f5b9c9");
  EXPECT_EQ(ToHex(Digest(std::string(1'000'000, 'a'))),
            "0741850f36cba4259628355d1073e24ddb9ca0e1bfac36fd39ae5dc2101e23a4");
}

TEST(DigestTest, HasItsSizeAndFollowsEveryByte) {
  const std::string text = CountingText(200);
  const std::string plain = Digest(text);
  EXPECT_EQ(plain.size(), kDigestSize);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = static_cast<char>(other[i] ^ 1);
    EXPECT_NE(Digest(other), plain) << i;
  }
  EXPECT_NE(Digest(text + '\0'), plain);
}

}  // namespace
}  // namespace tallystick
