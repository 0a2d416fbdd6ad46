// What every decoder must refuse, whatever it decodes.

#ifndef TALLYSTICK_TESTS_ENCODING_DAMAGE_H_
#define TALLYSTICK_TESTS_ENCODING_DAMAGE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "tests/support/hex.h"
#include "tests/support/random.h"
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

// `bytes` with one to three changes: a byte written over, put in or taken out, or the end cut off.
inline std::string Damaged(std::string bytes, Random* random) {
  constexpr std::string_view kBytes("\x00\x01\x02\x03\x7f\x80\x81\xff", 8);
  for (std::uint64_t changes = 1 + random->Below(3); changes > 0; --changes) {
    const auto at = static_cast<std::size_t>(random->Below(bytes.size() + 1));
    const char byte = random->OneIn(2) ? random->PickFrom(kBytes) : static_cast<char>(random->Below(256));
    switch (random->Below(8)) {
      case 0:
        bytes.insert(at, 1, byte);
        break;
      case 1:
        bytes.erase(at, 1);
        break;
      case 2:
        bytes.resize(at);
        break;
      default:
        if (at < bytes.size()) bytes[at] = byte;
    }
  }
  return bytes;
}

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_ENCODING_DAMAGE_H_
