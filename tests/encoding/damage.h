// What every decoder must refuse, whatever it decodes.

#ifndef TALLYSTICK_TESTS_ENCODING_DAMAGE_H_
#define TALLYSTICK_TESTS_ENCODING_DAMAGE_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "tests/support/hex.h"
#include "tests/support/status_matchers.h"

namespace tallystick::testing {

// `decode` takes `whole`, and neither less of it nor more.
template <typename Decode>
void ExpectNeitherLessNorMore(const std::string& whole, Decode decode) {
  ASSERT_THAT(decode(whole), IsOk()) << ToHex(whole);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // A copy of its own, so that a sanitizer sees a read past the end.
    const std::string cut = whole.substr(0, size);
    EXPECT_THAT(decode(cut), StatusIs(absl::StatusCode::kDataLoss)) << ToHex(cut);
  }
  for (const char more : {'\x00', '\x01', '\xff'}) {
    const std::string longer = whole + more;
    EXPECT_THAT(decode(longer), StatusIs(absl::StatusCode::kDataLoss)) << ToHex(longer);
  }
}

// `bytes` with what stands at `offset` written over.
inline std::string Overwritten(std::string bytes, std::size_t offset, std::string_view with) {
  return bytes.replace(offset, with.size(), with);
}

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_ENCODING_DAMAGE_H_
