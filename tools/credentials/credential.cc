#include "credentials/credential.h"

#include <sodium.h>

#include <algorithm>
#include <cstdlib>

namespace tallystick::tools {
namespace {

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static_assert(sizeof(Credential::hash) == crypto_generichash_BYTES);

// Without it the random source is opened on first use, which is not thread-safe.
void InitialiseSodium() {
  static const int initialised = sodium_init();
  if (initialised < 0) std::abort();  // there is no randomness to be had
}

}  // namespace

bool IsCredentialId(std::string_view text) {
  return text.size() == Credential::kIdBytes && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<ShownCredential> ShownCredential::Parse(std::string_view basic) {
  static_assert(kBytes % 3 == 0, "so that the base64 form has no padding");
  // libsodium takes some bytes beyond ASCII for others.
  if (basic.size() != kBytes / 3 * 4 || basic.find_first_not_of(kBase64) != std::string_view::npos) return std::nullopt;
  ShownCredential shown;
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(shown.text_.data()), kBytes, basic.data(), basic.size(),
                        nullptr, &size, nullptr, sodium_base64_VARIANT_ORIGINAL) != 0) {
    return std::nullopt;
  }
  if (size != kBytes || !IsCredentialId(shown.id()) || shown.text_[Credential::kIdBytes] != ':') return std::nullopt;
  return shown;
}

void ShownCredential::Hash(const Uuid& account, std::array<unsigned char, 32>* hash) const {
  std::array<unsigned char, sizeof(account.bytes) + kBytes> hashed;
  std::copy(text_.begin(), text_.end(), std::copy(account.bytes.begin(), account.bytes.end(), hashed.begin()));
  crypto_generichash(hash->data(), hash->size(), hashed.data(), hashed.size(), nullptr, 0);
}

bool ShownCredential::Is(const Credential& credential) const {
  std::array<unsigned char, 32> hash;
  Hash(credential.account, &hash);
  return id() == credential.id && sodium_memcmp(hash.data(), credential.hash.data(), hash.size()) == 0;
}

IssuedCredential IssueCredential(const Uuid& account, absl::Time now) {
  InitialiseSodium();
  std::array<unsigned char, Credential::kIdBytes / 2> id;
  std::array<unsigned char, 32> secret;
  randombytes_buf(id.data(), id.size());
  randombytes_buf(secret.data(), secret.size());

  // Both functions end their text with a NUL.
  ShownCredential shown;
  std::array<char, ShownCredential::kBytes + 1> text;
  sodium_bin2hex(text.data(), Credential::kIdBytes + 1, id.data(), id.size());
  text[Credential::kIdBytes] = ':';
  sodium_bin2base64(text.data() + Credential::kIdBytes + 1, ShownCredential::kSecretBytes + 1, secret.data(),
                    secret.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  std::copy_n(text.begin(), ShownCredential::kBytes, shown.text_.begin());

  IssuedCredential issued{.kept = {.id = std::string(shown.id()), .account = account, .created = now}, .basic = {}};
  shown.Hash(account, &issued.kept.hash);
  std::array<char, sodium_base64_ENCODED_LEN(ShownCredential::kBytes, sodium_base64_VARIANT_ORIGINAL)> basic;
  issued.basic = sodium_bin2base64(basic.data(), basic.size(), reinterpret_cast<unsigned char*>(shown.text_.data()),
                                   shown.text_.size(), sodium_base64_VARIANT_ORIGINAL);
  return issued;
}

}  // namespace tallystick::tools
