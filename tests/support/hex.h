// Bytes as hex text, so that a test can pin them and a failure can show them.

#ifndef TALLYSTICK_TESTS_SUPPORT_HEX_H_
#define TALLYSTICK_TESTS_SUPPORT_HEX_H_

#include <cstdlib>
#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"

namespace tallystick::testing {

// `Hex("00 ff" "a0")` is three bytes. Spaces mean nothing; anything else that is not a pair of digits ends the program.
inline std::string Hex(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c == ' ') continue;
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) std::abort();
    digits.push_back(c);
  }
  if (digits.size() % 2 != 0) std::abort();
  return absl::HexStringToBytes(digits);
}

// `EXPECT_EQ(ToHex(key), ToHex(Hex("00 ff")))` fails with text that a person can compare.
inline std::string ToHex(std::string_view bytes) {
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_HEX_H_
