#include "lib/encoding/fingerprint.h"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "tests/support/counting_key.h"

namespace tallystick {
namespace {

using testing::CountingKey;

std::uint64_t Of(std::string_view alias, std::string_view type, std::string_view properties,
                 const HashKey& key = CountingKey()) {
  std::string scratch = "left over from the event before";
  return Fingerprint(key, alias, type, properties, &scratch);
}

// Fingerprints are on disk: a re-send must meet the same one for ever. Computed by an independent program.
TEST(FingerprintTest, ValuesArePinned) {
  EXPECT_EQ(Of("acme", "message-sent", R"({"length":500})"), 0x0342'555d'252a'bb7b);
  EXPECT_EQ(Of(std::string(255, 'a'), std::string(255, 't'), "{}"), 0x7454'5f75'4fa6'b3f1);
}

TEST(FingerprintTest, TellsApartWhatReadsTheSameRunTogether) {
  const std::set<std::uint64_t> fingerprints = {
      Of("ab", "c", "{}"), Of("a", "bc", "{}"),         Of("abc", "{", "}"),
      Of("a", "b", "c{}"), Of("c", "ab", "{}"),         Of("ab", "c", "{} "),
      Of("ab", "C", "{}"), Of("ab", "c", R"({"a":1})"), Of("ab", "c", "{}", HashKey()),
  };
  EXPECT_EQ(fingerprints.size(), 9u);
}

}  // namespace
}  // namespace tallystick
