// A credential: by what a client shows that it may use an account. The client has an id and a secret, and shows both as
// HTTP's Basic scheme has it (RFC 7617: the base64 form of `id:secret`); we keep the id, the account and a hash.
//
// The secret is 256 random bits, so nobody finds it by trying, and a fast hash without salt is as good as a slow one.

#ifndef TALLYSTICK_TOOLS_CREDENTIALS_CREDENTIAL_H_
#define TALLYSTICK_TOOLS_CREDENTIALS_CREDENTIAL_H_

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "tallystick/uuid.h"

namespace tallystick::tools {

// A value, thread-compatible.
struct Credential {
  static constexpr std::size_t kIdBytes = 16;

  std::string id{};  // random hexadecimal digits; no secret: lists and logs name a credential by it
  Uuid account{};
  absl::Time created{};
  // BLAKE2b-256 of the account and of what the client shows. Damage to any of these, the account above all, leaves a
  // credential that nobody has, and never one of another account.
  std::array<unsigned char, 32> hash{};
};

// One that was just drawn.
struct IssuedCredential {
  Credential kept;
  std::string basic;  // what the client puts behind `Basic `: the secret is nowhere else
};
IssuedCredential IssueCredential(const Uuid& account, absl::Time now);

bool IsCredentialId(std::string_view text);

// What a client shows.
class ShownCredential {
 public:
  // `basic` is what stood behind `Basic `. Absent when it cannot be one of ours.
  static std::optional<ShownCredential> Parse(std::string_view basic);

  std::string_view id() const { return {text_.data(), Credential::kIdBytes}; }

  // Whether it is this one. Takes the same time for each secret.
  bool Is(const Credential& credential) const;

 private:
  static constexpr std::size_t kSecretBytes = 43;  // 256 bits in base64
  static constexpr std::size_t kBytes = Credential::kIdBytes + 1 + kSecretBytes;
  friend IssuedCredential IssueCredential(const Uuid& account, absl::Time now);

  void Hash(const Uuid& account, std::array<unsigned char, 32>* hash) const;

  std::array<char, kBytes> text_{};  // id:secret
};

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_CREDENTIALS_CREDENTIAL_H_
