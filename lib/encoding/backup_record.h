// The record of a backup, as docs/FORMAT.md specifies it: a file of text that says what the backup is, and by whose
// presence it counts.

#ifndef TALLYSTICK_LIB_ENCODING_BACKUP_RECORD_H_
#define TALLYSTICK_LIB_ENCODING_BACKUP_RECORD_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tallystick/backup.h"

namespace tallystick {

struct BackupRecord {
  BackupInfo info{};
  std::uint32_t format_version = 0;  // of the store
  std::string files_digest{};        // Digest() of the list of its files

  // `info.taken` must lie in years 0001 to 9999.
  std::string Encode() const;
  // DATA_LOSS for what Encode() did not make; FAILED_PRECONDITION where that of a later version did.
  static absl::StatusOr<BackupRecord> Decode(std::string_view text);
};

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_ENCODING_BACKUP_RECORD_H_
