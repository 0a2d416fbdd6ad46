#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/encoding/bytes.h"
#include "lib/encoding/cursor.h"
#include "tests/fuzz/targets.h"
#include "tests/support/counting_key.h"

namespace tallystick::fuzz {
namespace {

// The scan that cursors are made for, and others that differ from it in one thing each. Names run together would read
// the same in some of them.
const std::vector<CursorScope>& Scopes() {
  static const std::vector<CursorScope> scopes = {
      {.event_types = {"ab", "c"}, .customer_aliases = {"d"}},
      {.descending = true, .event_types = {"ab", "c"}, .customer_aliases = {"d"}},
      {.account = {{1}}, .event_types = {"ab", "c"}, .customer_aliases = {"d"}},
      {.event_types = {"a", "bc"}, .customer_aliases = {"d"}},
      {.event_types = {"ab"}, .customer_aliases = {"c", "d"}},
      {.event_types = {"ab", "c", "d"}},
      {},
  };
  return scopes;
}

Finding TakeText(std::string_view text) {
  for (const CursorScope& scope : Scopes()) {
    const absl::StatusOr<CursorPosition> position = DecodeCursor(testing::CountingKey(), scope, text);
    if (position.ok() && EncodeCursor(testing::CountingKey(), scope, *position) != text) return "is taken in two forms";
    if (!position.ok() && position.status().code() != absl::StatusCode::kInvalidArgument) {
      return "is refused with another code";
    }
  }
  return std::nullopt;
}

// `bytes`: an instant, a sequence, and then changes of the cursor of that position, two bytes each: twice the place,
// and one more where a letter is written over, none where one is put in; and the letter.
Finding TakePosition(std::string_view bytes) {
  ByteReader reader(bytes);
  const CursorPosition position{.time = reader.TakeInstant(), .sequence = reader.TakeSequence()};
  if (!reader.ok()) return std::nullopt;
  std::string cursor = EncodeCursor(testing::CountingKey(), Scopes().front(), position);
  for (std::size_t i = 0; i < Scopes().size(); ++i) {
    const absl::StatusOr<CursorPosition> taken = DecodeCursor(testing::CountingKey(), Scopes()[i], cursor);
    if (taken.ok() != (i == 0)) return "is taken by another scan, or not by its own";
    if (taken.ok() && *taken != position) return "is another position";
  }
  std::string changed = cursor;
  const std::string_view changes = reader.TakeRest();
  for (std::size_t i = 0; i + 1 < changes.size() && i < cursor.size(); i += 2) {
    const auto place = static_cast<unsigned char>(changes[i]);
    const std::size_t at = place / 2 % (changed.size() + 1);
    if (place % 2 == 0) {
      changed.insert(at, 1, changes[i + 1]);
    } else if (at < changed.size()) {
      changed[at] = changes[i + 1];
    }
  }
  if (changed != cursor && DecodeCursor(testing::CountingKey(), Scopes().front(), changed).ok()) {
    return "is taken with other bytes: " + changed;
  }
  return std::nullopt;
}

}  // namespace

Finding FuzzCursor(std::string_view bytes) {
  if (const Finding finding = TakeText(bytes)) return finding;
  return TakePosition(bytes);
}

}  // namespace tallystick::fuzz
