// The rows of the family `default`, as docs/FORMAT.md specifies them.

#ifndef TALLYSTICK_LIB_ENCODING_META_ROWS_H_
#define TALLYSTICK_LIB_ENCODING_META_ROWS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/encoding/event_id.h"
#include "tallystick/uuid.h"

namespace tallystick {

// Raised with every change of the bytes on disk; stores of any other version are refused.
inline constexpr std::uint32_t kFormatVersion = 4;

namespace meta_key {
inline constexpr std::string_view kFormatVersion = "format_version";
inline constexpr std::string_view kStoreId = "store_id";
inline constexpr std::string_view kHistory = "history";
inline constexpr std::string_view kFingerprintKey = "key.fingerprint";
inline constexpr std::string_view kEventIdKey = "key.event_id";
inline constexpr std::string_view kCursorKey = "key.cursor";
inline constexpr std::string_view kPosition = "position";
}  // namespace meta_key

// The last sequence and the last receipt that were given out.
struct CommitPosition {
  std::uint64_t sequence = 0;
  Receipt receipt{};

  std::string Encode() const;
  static absl::StatusOr<CommitPosition> Decode(std::string_view value);
  friend bool operator==(const CommitPosition&, const CommitPosition&) = default;
};

std::string EncodeFormatVersion(std::uint32_t version);
absl::StatusOr<std::uint32_t> DecodeFormatVersion(std::string_view value);

// A history: its number, then its id.
std::string EncodeHistory(std::uint16_t number, const Uuid& id);
absl::Status DecodeHistory(std::string_view value, std::uint16_t* number, Uuid* id);

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_ENCODING_META_ROWS_H_
