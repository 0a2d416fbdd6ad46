// Looks at a database's manifest and logs before RocksDB opens it, which destroys the evidence: it takes them for ended
// where they stop to make sense, deletes the logs, and the tables that the manifest does not name.

#ifndef TALLYSTICK_LIB_STORAGE_LOG_CHECK_H_
#define TALLYSTICK_LIB_STORAGE_LOG_CHECK_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "lib/encoding/sync_marks.h"
#include "lib/storage/guarded_files.h"
#include "rocksdb/file_system.h"

namespace tallystick::storage {

struct LogFindings {
  // How far each log is to be replayed: the whole records of one uninterrupted line of commits. Logs that are not
  // needed any more are not named.
  LogEnds ends{};
  // RocksDB's own sequence that comes after these records; 0 when there are none.
  std::uint64_t next_sequence = 0;
  // What is not replayed, for people; empty when there is nothing. It was not known to be on stable storage: a crash
  // may leave it so.
  std::string torn{};
};

// Reads the manifest once more and the logs to their ends. `guard` is what ReadSyncGuard() gave, before `files` were
// listed when someone else may be writing to them. Changes nothing.
//
//   DATA_LOSS            what had been synced is not whole; the message names the file, the place, and what is lost. Or
//                        the guard is missing or damaged
//   FAILED_PRECONDITION  the store has another format version
absl::StatusOr<LogFindings> CheckLogs(const std::shared_ptr<rocksdb::FileSystem>& files, const std::string& folder,
                                      const absl::StatusOr<SyncedParts>& guard);

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_LOG_CHECK_H_
