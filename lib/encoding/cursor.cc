#include "lib/encoding/cursor.h"

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "lib/base/sorted_unique.h"
#include "lib/encoding/bytes.h"

namespace tallystick {
namespace {

constexpr std::uint8_t kCursorVersion = 2;  // 1 had another form of instants
constexpr std::size_t kSealSize = 8;
constexpr std::size_t kFilterSizeSize = 4;

void AppendFilter(const std::vector<std::string>& values, std::string* out) {
  const std::vector<std::string> set = SortedUnique(values);
  AppendBigEndian(set.size(), kFilterSizeSize, out);
  for (const std::string& value : set) {
    AppendBigEndian(value.size(), kFilterSizeSize, out);
    out->append(value);
  }
}

// Over the position and all that it is bound to, each part with its length.
std::uint64_t Seal(const HashKey& key, const CursorScope& scope, std::string_view position) {
  std::string sealed(position);
  sealed.append(BytesOf(scope.account));
  sealed.push_back(scope.descending ? '\x01' : '\x00');
  AppendFilter(scope.event_types, &sealed);
  AppendFilter(scope.customer_aliases, &sealed);
  return KeyedHash(key, sealed);
}

std::string EncodePosition(const CursorPosition& position) {
  std::string bytes;
  AppendBigEndian(kCursorVersion, 1, &bytes);
  AppendInstantBytes(position.time, &bytes);
  AppendBigEndian(position.sequence, kSequenceSize, &bytes);
  return bytes;
}

}  // namespace

std::string EncodeCursor(const HashKey& key, const CursorScope& scope, const CursorPosition& position) {
  std::string bytes = EncodePosition(position);
  AppendBigEndian(Seal(key, scope, bytes), kSealSize, &bytes);
  return absl::WebSafeBase64Escape(absl::string_view(bytes.data(), bytes.size()));
}

absl::StatusOr<CursorPosition> DecodeCursor(const HashKey& key, const CursorScope& scope, std::string_view cursor) {
  std::string bytes;
  if (absl::WebSafeBase64Unescape(absl::string_view(cursor.data(), cursor.size()), &bytes)) {
    ByteReader reader(bytes);
    CursorPosition position;
    const std::uint64_t version = reader.Number(1);
    position.time = reader.TakeInstant();
    position.sequence = reader.TakeSequence();
    const std::uint64_t seal = reader.Number(kSealSize);
    // One position has one text: base64 would otherwise take padding and bits that mean nothing.
    if (reader.at_end() && version == kCursorVersion && seal == Seal(key, scope, EncodePosition(position)) &&
        cursor == EncodeCursor(key, scope, position)) {
      return position;
    }
  }
  return absl::InvalidArgumentError(
      "the cursor does not belong to this scan: it is bound to the store, account, direction and filters of the "
      "scan that returned it");
}

}  // namespace tallystick
