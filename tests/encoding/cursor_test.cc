#include "lib/encoding/cursor.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"
#include "tests/support/counting_key.h"
#include "tests/support/hex.h"
#include "tests/support/random.h"
#include "tests/support/status_matchers.h"

namespace tallystick {
namespace {

using testing::CountingKey;
using testing::Hex;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::StatusIs;

const Uuid kAccount = *Uuid::Parse("0184421e-a9cc-711b-af93-bf0511d4d833");
constexpr CursorPosition kPosition{.time = {63'800'179'200, 500}, .sequence = 7};

CursorScope Scope(bool descending = false, std::vector<std::string> types = {}, std::vector<std::string> aliases = {}) {
  return {.account = kAccount,
          .descending = descending,
          .event_types = std::move(types),
          .customer_aliases = std::move(aliases)};
}

void ExpectRefused(const CursorScope& scope, std::string_view cursor, const HashKey& key = CountingKey()) {
  EXPECT_THAT(DecodeCursor(key, scope, cursor),
              StatusIs(absl::StatusCode::kInvalidArgument, "the cursor does not belong to this scan"))
      << cursor;
}

// People keep cursors across an upgrade. Computed by an independent program.
TEST(CursorTest, TextIsPinned) {
  EXPECT_EQ(EncodeCursor(CountingKey(), Scope(), kPosition), "Ag7ayXoAAAAH0AAAAAAAB1eoHbtWceJ4");
  EXPECT_EQ(EncodeCursor(CountingKey(), Scope(true, {"b", "a"}, {"acme"}), kPosition),
            "Ag7ayXoAAAAH0AAAAAAAB-BYyIqnryXc");
}

TEST(CursorTest, ReadsBackAtTheEdges) {
  for (const CursorPosition& position : {
           kPosition,
           CursorPosition{.time = Instant::Min(), .sequence = 1},
           CursorPosition{.time = {Instant::kSecondsEnd - 1, 999'999'999}, .sequence = (std::uint64_t{1} << 48) - 1},
       }) {
    for (const CursorScope& scope : {Scope(), Scope(true), Scope(false, {"a"}, {"b", "c"})}) {
      EXPECT_THAT(DecodeCursor(CountingKey(), scope, EncodeCursor(CountingKey(), scope, position)),
                  IsOkAndHolds(position));
    }
  }
}

TEST(CursorTest, IsBoundToAccountDirectionFiltersAndStore) {
  const CursorScope scope = Scope(false, {"sent", "read"}, {"acme"});
  const std::string cursor = EncodeCursor(CountingKey(), scope, kPosition);
  ASSERT_THAT(DecodeCursor(CountingKey(), scope, cursor), IsOk());

  HashKey other_store = CountingKey();
  other_store.bytes[15] ^= 1;
  ExpectRefused(scope, cursor, other_store);
  CursorScope other_account = scope;
  other_account.account.bytes[15] ^= 1;
  ExpectRefused(other_account, cursor);
  for (const CursorScope& other : {
           Scope(true, {"sent", "read"}, {"acme"}),
           Scope(false, {"sent"}, {"acme"}),
           Scope(false, {"sent", "read", "seen"}, {"acme"}),
           Scope(false, {"sent", "read"}),
           Scope(false, {}, {"acme"}),
           Scope(false, {"sent", "read"}, {"acme", "acme2"}),
           Scope(false, {"acme"}, {"sent", "read"}),  // types and aliases the other way round
           Scope(false, {"read", "sent", "acme"}),    // one run into the other
           Scope(false, {"readsent"}, {"acme"}),      // names run together
           Scope(false, {"rea", "dsent"}, {"acme"}),
           Scope(),
       }) {
    ExpectRefused(other, cursor);
  }
}

TEST(CursorTest, FiltersMeanTheSameInAnyOrder) {
  const std::string cursor = EncodeCursor(CountingKey(), Scope(false, {"a", "b"}, {"c", "d"}), kPosition);
  EXPECT_THAT(DecodeCursor(CountingKey(), Scope(false, {"b", "a"}, {"d", "c"}), cursor), IsOkAndHolds(kPosition));
  EXPECT_THAT(DecodeCursor(CountingKey(), Scope(false, {"b", "a", "b"}, {"d", "c", "c"}), cursor),
              IsOkAndHolds(kPosition));
}

TEST(CursorTest, EveryAlteredBitIsRefused) {
  const std::string cursor = EncodeCursor(CountingKey(), Scope(), kPosition);
  for (std::size_t bit = 0; bit < cursor.size() * 8; ++bit) {
    std::string altered = cursor;
    altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ 1 << bit % 8);
    ExpectRefused(Scope(), altered);
  }
  std::string bytes;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(cursor, &bytes));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string altered = bytes;
    altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ 1 << bit % 8);
    ExpectRefused(Scope(), absl::WebSafeBase64Escape(altered));
  }
}

TEST(CursorTest, OnePositionHasOneText) {
  const std::string cursor = EncodeCursor(CountingKey(), Scope(), kPosition);
  for (std::size_t size = 0; size < cursor.size(); ++size) ExpectRefused(Scope(), cursor.substr(0, size));
  for (const char* more : {"=", "==", "A", "AAAA", " ", "\n", "\r\n"}) {
    ExpectRefused(Scope(), cursor + more);
    ExpectRefused(Scope(), more + cursor);
  }
  std::string broken = cursor;
  broken.insert(8, "\n");
  ExpectRefused(Scope(), broken);

  // The other alphabet of base64, where the cursor has a character that they write differently.
  for (std::uint64_t sequence = 1;; ++sequence) {
    const CursorPosition position{.time = kPosition.time, .sequence = sequence};
    std::string other = EncodeCursor(CountingKey(), Scope(), position);
    const std::size_t at = other.find_first_of("-_");
    if (at == std::string::npos) continue;
    ASSERT_THAT(DecodeCursor(CountingKey(), Scope(), other), IsOkAndHolds(position));
    other[at] = other[at] == '-' ? '+' : '/';
    ExpectRefused(Scope(), other);
    break;
  }
}

TEST(CursorTest, RandomTextIsRefused) {
  testing::Random random;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = i % 2 == 0 ? Hex("02") : "";
    for (std::size_t size = random.Below(40); bytes.size() < size;)
      bytes.push_back(static_cast<char>(random.Below(256)));
    ExpectRefused(Scope(), bytes);
    ExpectRefused(Scope(), absl::WebSafeBase64Escape(bytes));
  }
}

}  // namespace
}  // namespace tallystick
