// Backups: states of a store, kept in a folder of their own, and stores made from them.
//
//   store->Backup("/mnt/backup/usage", {.keep = 30});   // while the store is in use; copies what is new
//   ...
//   tallystick::RestoreBackup("/mnt/backup/usage", "usage.db");   // the newest one
//
// One folder holds the backups of one store. Each of them can be restored by itself; they share the table files that
// the store had at both times, so that a backup costs the time and space of what has changed since the one before.
// The files hold all events and the store's secrets; they are made with the rights that the process's umask leaves.
//
// Thread safety: the functions may be called from any thread, and by several processes: one of them at a time adds to a
// folder of backups or removes from it, with nobody reading it meanwhile; what finds it in use is UNAVAILABLE.

#ifndef TALLYSTICK_BACKUP_H_
#define TALLYSTICK_BACKUP_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tallystick/history.h"
#include "tallystick/uuid.h"

namespace tallystick {

struct BackupInfo {
  std::uint32_t id = 0;  // 1 for the first one in a folder; a later one has a greater id
  absl::Time taken{};    // when its state was the store's, by the store's clock
  Uuid store{};          // which one; a restored store stays the same one
  History history{};     // that the store had
  std::uint64_t last_sequence = 0;
  std::uint64_t bytes = 0;         // of all its files
  std::uint64_t copied_bytes = 0;  // of those that no earlier backup had
  // DATA_LOSS: what the folder says of this backup is damaged. It cannot be restored, and nothing above but its id
  // holds.
  absl::Status status{};
};

struct BackupOptions {
  // How many backups the folder is to hold afterwards, this one among them: the older ones are removed once this one is
  // complete. Absent: all.
  std::optional<std::uint32_t> keep{};

  // What is copied is always read back and checked. With this, so are the files that earlier backups brought and this
  // one relies on, which takes as long as reading a whole backup.
  bool verify = false;

  // Called now and then, not always from the same thread, with how many bytes are done and how many there are to be
  // copied and checked. False: the backup ends with CANCELLED.
  std::function<bool(std::uint64_t bytes_done, std::uint64_t bytes_total)> progress{};
};

struct RestoreOptions {
  std::optional<std::uint32_t> id{};  // of the backup; absent: the newest
};

// The backups in a folder, by id; those that are being made are not among them. Reads a small file for each.
//
//   NOT_FOUND            there is no such folder
//   FAILED_PRECONDITION  it holds something else
absl::StatusOr<std::vector<BackupInfo>> ListBackups(const std::string& folder);

// Reads all files of a backup and compares them with their checksums.
//
//   NOT_FOUND            there is no such folder or backup
//   UNAVAILABLE          backups are being added or removed
//   DATA_LOSS            a file is damaged or missing; the message names it
//   FAILED_PRECONDITION  the folder holds something else, or a newer version wrote the backup
absl::Status VerifyBackup(const std::string& folder, std::uint32_t id);

// Makes a store in the folder `path`, whose parent must exist, of a backup; every file is checked on the way. The store
// holds what the backup holds and takes writes from there. It begins a new history: positions in the change feed and
// cursors of before are no longer accepted (see `ChangesOptions::history`). Returns what was restored; `history` is the
// new one.
//
// What is restored appears as a whole, on stable storage, or not at all. After a failure or a crash, `path` is no
// store, also not an empty one, until a restore into it is done or the folder is removed.
//
//   NOT_FOUND            there is no such folder of backups, no such backup, or none at all; `path` has no parent
//   ALREADY_EXISTS       there is a store at `path`
//   UNAVAILABLE          backups are being added or removed, or another process is making a store at `path`
//   INVALID_ARGUMENT     `path` lies in the folder of backups
//   FAILED_PRECONDITION  `folder` or `path` holds something else, or the backup is of another format version
//   DATA_LOSS            a file of the backup is damaged or missing; the message names it
//   RESOURCE_EXHAUSTED   the disk is full
//   UNKNOWN              the file system failed otherwise
absl::StatusOr<BackupInfo> RestoreBackup(const std::string& folder, const std::string& path,
                                         const RestoreOptions& options = {});

}  // namespace tallystick

#endif  // TALLYSTICK_BACKUP_H_
