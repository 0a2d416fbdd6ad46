#include "credentials/credential.h"

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sodium.h"

namespace tallystick::tools {
namespace {

const Uuid kAccount = *Uuid::Parse("0184421e-a9cc-711b-af93-bf0511d4d833");

std::string Base64(const std::string& text) {
  std::string encoded(sodium_base64_ENCODED_LEN(text.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(encoded.data(), encoded.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  encoded.pop_back();  // the NUL
  return encoded;
}

std::string FromBase64(const std::string& text) {
  std::string decoded(text.size(), '\0');
  std::size_t size = 0;
  EXPECT_EQ(sodium_base642bin(reinterpret_cast<unsigned char*>(decoded.data()), decoded.size(), text.data(),
                              text.size(), nullptr, &size, nullptr, sodium_base64_VARIANT_ORIGINAL),
            0);
  decoded.resize(size);
  return decoded;
}

TEST(Credential, IsShownAsIdAndSecret) {
  const absl::Time now = absl::FromUnixSeconds(1'700'000'000);
  const IssuedCredential issued = IssueCredential(kAccount, now);
  EXPECT_EQ(issued.kept.account, kAccount);
  EXPECT_EQ(issued.kept.created, now);
  EXPECT_TRUE(IsCredentialId(issued.kept.id)) << issued.kept.id;
  // What `curl --user ID:SECRET` sends is the same.
  const std::string text = FromBase64(issued.basic);
  EXPECT_THAT(text, ::testing::MatchesRegex(issued.kept.id + ":[A-Za-z0-9_-]{43}"));
  EXPECT_EQ(Base64(text), issued.basic);

  const std::optional<ShownCredential> shown = ShownCredential::Parse(issued.basic);
  ASSERT_TRUE(shown.has_value());
  EXPECT_EQ(shown->id(), issued.kept.id);
  EXPECT_TRUE(shown->Is(issued.kept));
}

// The hash is pinned: a file that was written once is read by later versions.
TEST(Credential, IsTheHashOfAccountAndText) {
  const std::string text = "0123456789abcdef:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  const std::optional<ShownCredential> shown = ShownCredential::Parse(Base64(text));
  ASSERT_TRUE(shown.has_value());
  // Python: hashlib.blake2b(account + text, digest_size=32).hexdigest(); docs/FORMAT.md section 9 has it too.
  constexpr std::string_view kHash = "67e3db339759c059c02de9e444d3118bdccbb0e5835e0077b1cb84d2c465c2e0";
  Credential credential{.id = "0123456789abcdef", .account = kAccount};
  ASSERT_EQ(sodium_hex2bin(credential.hash.data(), credential.hash.size(), kHash.data(), kHash.size(), nullptr, nullptr,
                           nullptr),
            0);
  EXPECT_TRUE(shown->Is(credential));
}

TEST(Credential, IsNoOtherOne) {
  const IssuedCredential issued = IssueCredential(kAccount, absl::UnixEpoch());
  const std::optional<ShownCredential> shown = ShownCredential::Parse(issued.basic);
  ASSERT_TRUE(shown.has_value());
  Credential other = issued.kept;
  other.id = IssueCredential(kAccount, absl::UnixEpoch()).kept.id;
  EXPECT_FALSE(shown->Is(other)) << "another id";
  for (std::size_t bit = 0; bit < 8 * sizeof(other.account.bytes); ++bit) {
    other = issued.kept;
    other.account.bytes[bit / 8] = static_cast<std::uint8_t>(other.account.bytes[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_FALSE(shown->Is(other)) << "the account's bit " << bit;
  }
  for (std::size_t bit = 0; bit < 8 * sizeof(other.hash); ++bit) {
    other = issued.kept;
    other.hash[bit / 8] = static_cast<unsigned char>(other.hash[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_FALSE(shown->Is(other)) << "the hash's bit " << bit;
  }
  // Any other secret, too.
  const std::string text = FromBase64(issued.basic);
  for (std::size_t i = Credential::kIdBytes + 1; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    const std::optional<ShownCredential> wrong = ShownCredential::Parse(Base64(changed));
    ASSERT_TRUE(wrong.has_value());
    EXPECT_FALSE(wrong->Is(issued.kept)) << i;
  }
}

TEST(Credential, AreDifferentEachTime) {
  std::set<std::string> ids;
  std::set<std::string> secrets;
  for (int i = 0; i < 1000; ++i) {
    const IssuedCredential issued = IssueCredential(kAccount, absl::UnixEpoch());
    EXPECT_TRUE(ids.insert(issued.kept.id).second);
    EXPECT_TRUE(secrets.insert(FromBase64(issued.basic).substr(Credential::kIdBytes + 1)).second);
  }
}

TEST(Credential, OnlyItsOwnFormIsOne) {
  const std::string basic = IssueCredential(kAccount, absl::UnixEpoch()).basic;
  ASSERT_TRUE(ShownCredential::Parse(basic).has_value());
  const std::string text = FromBase64(basic);
  std::vector<std::string> others = {
      "",
      "=",
      ":",
      std::string(1, '\0'),
      "user:password",
      Base64("user:password"),
      Base64(""),
      Base64(text + "a"),
      Base64(text + "abc"),
      Base64(text.substr(1)),
      Base64("G" + text.substr(1)),
      Base64(text.substr(0, Credential::kIdBytes) + "." + text.substr(Credential::kIdBytes + 1)),
      " " + basic,
      basic + " ",
      basic + "\n",
      basic + "=",
      basic + "====",
      basic + basic,
      std::string(basic.size(), '='),
      std::string(basic.size(), '\xff'),
      std::string(1'000'000, 'A'),
  };
  for (std::size_t size = 0; size < basic.size(); ++size) others.push_back(basic.substr(0, size));
  for (std::size_t i = 0; i < basic.size(); ++i) {
    for (const char character : {'-', '_', '=', '\0', '\n', '\x80'}) {
      others.push_back(basic);
      others.back()[i] = character;
    }
  }
  for (const std::string& other : others) {
    EXPECT_FALSE(ShownCredential::Parse(other).has_value()) << other.substr(0, 200);
  }
}

}  // namespace
}  // namespace tallystick::tools
