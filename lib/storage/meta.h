// What a store knows of itself: the rows of the family `default`.

#ifndef TALLYSTICK_LIB_STORAGE_META_H_
#define TALLYSTICK_LIB_STORAGE_META_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/keyed_hash.h"
#include "lib/encoding/meta_rows.h"
#include "lib/storage/database.h"
#include "tallystick/history.h"
#include "tallystick/uuid.h"

namespace tallystick::storage {

// Made with the store, or at a restore; never changed while it is open.
struct Identity {
  Uuid store_id{};
  History history{};
  // Secrets of the store: one for each purpose, so that what one of them reveals helps with none of the others.
  HashKey fingerprint_key{};
  HashKey event_id_key{};
  HashKey cursor_key{};
};

// A new identity, from random bytes.
Identity NewIdentity();

// The identity of a store that is restored: the same store in a new history, whose cursors are no longer accepted.
// FAILED_PRECONDITION: its histories have no more numbers.
absl::StatusOr<Identity> RestoredIdentity(const Identity& identity);

// Writes the rows of a new store, or of one that begins a new history.
void PutIdentity(const Identity& identity, Batch* batch);

// What the row `format_version` says: FAILED_PRECONDITION when it is another version than ours, DATA_LOSS when it does
// not decode.
absl::Status CheckFormatVersion(std::string_view row);

// DATA_LOSS when a row is missing or does not decode, FAILED_PRECONDITION when the format version is another than ours.
absl::StatusOr<Identity> ReadIdentity(const Database& database);

// The last sequence and receipt given out, written by every commit.
void PutPosition(const CommitPosition& position, Batch* batch);
absl::StatusOr<CommitPosition> ReadPosition(const Database& database, const Snapshot* snapshot);

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_META_H_
