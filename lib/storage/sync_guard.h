// The file SYNCED of a database: how much of its logs and of its manifest is known to be on stable storage.
//
// RocksDB takes a log for ended where a record is not whole, since that is how a power cut ends it, and reads a
// manifest that is too short as an older one. Neither can be told from rot without knowing what had been synced.
//
// The file is itself written without a sync, after each sync of what it tells of: an older state of it is true as well,
// and only guards less. It has two slots. The first is what an opening for writing found, on stable storage, and is not
// touched; the second is written over and over, and a power cut may leave any state of it, or none.

#ifndef TALLYSTICK_LIB_STORAGE_SYNC_GUARD_H_
#define TALLYSTICK_LIB_STORAGE_SYNC_GUARD_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/encoding/sync_marks.h"

namespace tallystick::storage {

std::string SyncGuardPath(const std::string& folder);

// What the guard in the database's folder says; nothing, where it is an empty file. NOT_FOUND: there is none.
// DATA_LOSS: it is damaged, both slots of it; a power cut does not do that.
absl::StatusOr<SyncedParts> ReadSyncGuard(const std::string& folder);

// Keeps a guard up to date. Is told what becomes of the files by GuardedFiles. What cannot be written guards less, and
// is no error: a disk that fails shows so where it matters. Thread-safe.
class SyncGuard {
 public:
  // Makes the guard of a database that nobody has open, on stable storage; the folder must exist. Takes the place of
  // one that is there. Two fsyncs.
  static absl::StatusOr<std::shared_ptr<SyncGuard>> Create(const std::string& folder, const SyncedParts& parts = {});
  // The same from what the guard says that is there: a new file, since what became of the last one's syncs is not
  // known.
  static absl::StatusOr<std::shared_ptr<SyncGuard>> Renew(const std::string& folder);

  SyncGuard(const SyncGuard&) = delete;
  SyncGuard& operator=(const SyncGuard&) = delete;
  ~SyncGuard();

  // --- Logs ---

  // Logs are numbered in the order in which they are made; only the last one is written to.
  void LogMade(std::uint64_t number);
  void LogAppended(std::uint64_t number, std::uint64_t bytes);
  // What has been appended so far is whole records.
  void Written();
  // A sync begins: what it will put on stable storage, to be handed to LogSynced() if it succeeds.
  std::uint64_t LogSyncBegins(std::uint64_t number) const;
  void LogSynced(std::uint64_t number, std::uint64_t bytes);
  void LogRemoved(std::uint64_t number);

  // What a record that is written now may say of what is on stable storage.
  FilePart mark() const;

  // --- Manifests ---

  void ManifestSynced(std::uint64_t number, std::uint64_t bytes);
  // CURRENT names the manifest that was synced last.
  void CurrentRenamed();

  // --- The folder's entries ---

  struct FolderState {
    std::uint64_t newest_log = 0;
    std::uint64_t current = 0;
  };
  // As for logs.
  FolderState FolderSyncBegins() const;
  void FolderSynced(const FolderState& state);

 private:
  struct Log {
    std::uint64_t number = 0;
    std::uint64_t written = 0;  // in whole records
    std::uint64_t synced = 0;
    bool entered = false;  // its name is on stable storage
  };

  explicit SyncGuard(int file) : file_(file) {}
  const Log* Find(std::uint64_t number) const;
  Log* Find(std::uint64_t number) { return const_cast<Log*>(std::as_const(*this).Find(number)); }
  void UpdateMark();
  void Write();  // with the lock

  const int file_;
  mutable std::mutex mutex_;
  // Guarded by mutex_, all of them:
  std::vector<Log> logs_;       // that are there, by number
  std::uint64_t appended_ = 0;  // to the last one
  FilePart mark_;
  FilePart manifest_;  // that is to be found after a power cut
  FilePart latest_manifest_;
  std::uint64_t current_ = 0;  // the number that CURRENT names, perhaps not on stable storage

  std::uint64_t generation_ = 0;  // of the slot that was written last
  std::vector<FilePart> parts_;   // for Write(), kept so as not to be allocated again
  SyncSlot bytes_;
};

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_SYNC_GUARD_H_
