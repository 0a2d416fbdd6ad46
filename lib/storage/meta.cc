#include "lib/storage/meta.h"

#include <cstring>
#include <limits>
#include <optional>
#include <string>

#include "lib/base/status_macros.h"
#include "lib/encoding/meta_rows.h"

namespace tallystick::storage {
namespace {

// A row that every store has.
absl::StatusOr<std::string> ReadRow(const Database& database, std::string_view key, const Snapshot* snapshot) {
  TALLYSTICK_ASSIGN_OR_RETURN(std::optional<std::string> value, database.Get(Family::kMeta, key, snapshot));
  if (!value.has_value()) return absl::DataLossError("default: the row '" + std::string(key) + "' is missing");
  return *std::move(value);
}

template <typename Array>
std::string_view BytesOf(const Array& array) {
  return {reinterpret_cast<const char*>(array.data()), array.size()};
}

template <typename Array>
absl::Status ReadArray(const Database& database, std::string_view key, Array* array) {
  TALLYSTICK_ASSIGN_OR_RETURN(const std::string value, ReadRow(database, key, nullptr));
  if (value.size() != array->size()) {
    return absl::DataLossError("default: the row '" + std::string(key) + "' has the wrong length");
  }
  std::memcpy(array->data(), value.data(), value.size());
  return absl::OkStatus();
}

// A random UUID of version 4 (RFC 9562 section 5.4).
Uuid RandomUuid() {
  Uuid uuid;
  FillRandom(uuid.bytes.data(), uuid.bytes.size());
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0f) | 0x40);
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3f) | 0x80);
  return uuid;
}

HashKey RandomKey() {
  HashKey key;
  FillRandom(key.bytes.data(), key.bytes.size());
  return key;
}

}  // namespace

Identity NewIdentity() {
  return {.store_id = RandomUuid(),
          .history = {.number = 1, .id = RandomUuid()},
          .fingerprint_key = RandomKey(),
          .event_id_key = RandomKey(),
          .cursor_key = RandomKey()};
}

absl::StatusOr<Identity> RestoredIdentity(const Identity& identity) {
  if (identity.history.number == std::numeric_limits<std::uint16_t>::max()) {
    return absl::FailedPreconditionError("the store has been restored too often for another history");
  }
  Identity restored = identity;
  restored.history = {.number = static_cast<std::uint16_t>(identity.history.number + 1), .id = RandomUuid()};
  restored.cursor_key = RandomKey();
  return restored;
}

void PutIdentity(const Identity& identity, Batch* batch) {
  batch->Put(Family::kMeta, meta_key::kFormatVersion, EncodeFormatVersion(kFormatVersion));
  batch->Put(Family::kMeta, meta_key::kStoreId, BytesOf(identity.store_id.bytes));
  batch->Put(Family::kMeta, meta_key::kHistory, EncodeHistory(identity.history.number, identity.history.id));
  batch->Put(Family::kMeta, meta_key::kFingerprintKey, BytesOf(identity.fingerprint_key.bytes));
  batch->Put(Family::kMeta, meta_key::kEventIdKey, BytesOf(identity.event_id_key.bytes));
  batch->Put(Family::kMeta, meta_key::kCursorKey, BytesOf(identity.cursor_key.bytes));
}

absl::Status CheckFormatVersion(std::string_view row) {
  TALLYSTICK_ASSIGN_OR_RETURN(const std::uint32_t version, DecodeFormatVersion(row));
  if (version == kFormatVersion) return absl::OkStatus();
  return absl::FailedPreconditionError("the store has format version " + std::to_string(version) +
                                       "; this program reads version " + std::to_string(kFormatVersion));
}

absl::StatusOr<Identity> ReadIdentity(const Database& database) {
  TALLYSTICK_ASSIGN_OR_RETURN(const std::string version_row, ReadRow(database, meta_key::kFormatVersion, nullptr));
  TALLYSTICK_RETURN_IF_ERROR(CheckFormatVersion(version_row));
  Identity identity;
  TALLYSTICK_RETURN_IF_ERROR(ReadArray(database, meta_key::kStoreId, &identity.store_id.bytes));
  TALLYSTICK_ASSIGN_OR_RETURN(const std::string history, ReadRow(database, meta_key::kHistory, nullptr));
  TALLYSTICK_RETURN_IF_ERROR(DecodeHistory(history, &identity.history.number, &identity.history.id));
  TALLYSTICK_RETURN_IF_ERROR(ReadArray(database, meta_key::kFingerprintKey, &identity.fingerprint_key.bytes));
  TALLYSTICK_RETURN_IF_ERROR(ReadArray(database, meta_key::kEventIdKey, &identity.event_id_key.bytes));
  TALLYSTICK_RETURN_IF_ERROR(ReadArray(database, meta_key::kCursorKey, &identity.cursor_key.bytes));
  return identity;
}

void PutPosition(const CommitPosition& position, Batch* batch) {
  batch->Put(Family::kMeta, meta_key::kPosition, position.Encode());
}

absl::StatusOr<CommitPosition> ReadPosition(const Database& database, const Snapshot* snapshot) {
  TALLYSTICK_ASSIGN_OR_RETURN(const std::string value, ReadRow(database, meta_key::kPosition, snapshot));
  return CommitPosition::Decode(value);
}

}  // namespace tallystick::storage
