// What a database says of itself about stable storage, as docs/FORMAT.md specifies it: the slots of the file SYNCED,
// and the mark in each commit's record of the log.

#ifndef TALLYSTICK_LIB_ENCODING_SYNC_MARKS_H_
#define TALLYSTICK_LIB_ENCODING_SYNC_MARKS_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/types/span.h"

namespace tallystick {

// The first bytes of one of the database's files that are only added to, its logs and manifests. `file` is the number
// in its name; 0: none.
struct FilePart {
  std::uint64_t file = 0;
  std::uint64_t bytes = 0;
  friend auto operator<=>(const FilePart&, const FilePart&) = default;
};

// --- Marks ---

inline constexpr std::size_t kSyncMarkSize = 12;

// For a record that is written when all logs before `synced.file`, and this part of that one, are on stable storage.
// Numbers below 2^48, bytes below 2^40.
std::array<char, kSyncMarkSize> EncodeSyncMark(const FilePart& synced);

// The mark of a record of the log, which is what its write batch ends with; absent where it has none.
std::optional<FilePart> SyncMarkOf(std::string_view write_batch);

// --- Slots ---

// Parts of files that are on stable storage.
struct SyncedParts {
  FilePart manifest{};           // which CURRENT names
  std::vector<FilePart> logs{};  // by number
  friend bool operator==(const SyncedParts&, const SyncedParts&) = default;
};

inline constexpr std::size_t kSyncSlotSize = 4096;
inline constexpr std::size_t kSyncSlotLogsMax = 250;

using SyncSlot = std::array<char, kSyncSlotSize>;

// Writes a slot's beginning, which is all that means something, and returns its size. Of a greater generation, a slot
// is newer. Of more logs than kSyncSlotLogsMax, the last ones are kept.
std::size_t EncodeSyncSlot(std::uint64_t generation, const FilePart& manifest, absl::Span<const FilePart> logs,
                           SyncSlot* slot);

struct DecodedSyncSlot {
  std::uint64_t generation = 0;
  SyncedParts parts{};
};
// Absent when it is not whole.
std::optional<DecodedSyncSlot> DecodeSyncSlot(std::string_view slot);

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_ENCODING_SYNC_MARKS_H_
