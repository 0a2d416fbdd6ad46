#include "lib/encoding/fingerprint.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "lib/encoding/customer_event_id.h"
#include "lib/encoding/rows.h"
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

// A batch hashes the end of the row that it has just made, and `verify` what it reads in the row.
TEST(FingerprintTest, AnEncodedRowEndsWithWhatIsHashed) {
  for (const std::optional<CustomerEventId>& id :
       {std::optional<CustomerEventId>(), std::optional<CustomerEventId>("an-id"),
        std::optional<CustomerEventId>("0187f0c1-2ab3-7c4d-8e5f-60718293a4b5")}) {
    const EventRow row = {
        .customer_event_id = id, .customer_alias = "acme", .event_type = "t", .event_properties = R"({"n":1.10})"};
    std::string bytes = "what comes before";
    const std::size_t before = bytes.size();
    row.AppendTo(&bytes);
    EXPECT_EQ(FingerprintOfContent(CountingKey(), std::string_view(bytes).substr(before + row.ContentOffset())),
              Of("acme", "t", R"({"n":1.10})"));
  }
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
