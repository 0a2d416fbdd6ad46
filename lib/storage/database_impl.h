// What a database is made of: for this room's own files that work on RocksDB beside database.cc.

#ifndef TALLYSTICK_LIB_STORAGE_DATABASE_IMPL_H_
#define TALLYSTICK_LIB_STORAGE_DATABASE_IMPL_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "lib/storage/database.h"
#include "lib/storage/log_check.h"
#include "lib/storage/merge_gate.h"
#include "lib/storage/read_only_files.h"
#include "lib/storage/sync_guard.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"

namespace tallystick::storage {

inline rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

struct Database::Impl {
  Impl(std::string folder, std::shared_ptr<void> held) : path(std::move(folder)), lock(std::move(held)) {}
  ~Impl();

  rocksdb::ColumnFamilyHandle* handle(Family family) const { return handles[static_cast<std::size_t>(family)]; }

  absl::Status OpenForWriting(const DatabaseOptions& options);
  absl::Status OpenReadOnly(const DatabaseOptions& options);
  // Whether what was opened is what had been found in the logs.
  absl::Status CheckRecovered(const LogFindings& findings) const;
  // Leaves nothing in the log that opening would have to replay, and no flush under way. Writers may be held back,
  // where there are many files, but nobody waits for compactions.
  absl::Status FlushNow() const;
  void AwaitFlushes() const;

  const std::string path;
  bool read_only = false;
  // What must outlive RocksDB: members go from the last to the first.
  std::shared_ptr<void> lock;
  std::shared_ptr<FrozenFiles> files;
  std::shared_ptr<SyncGuard> guard;  // null when read-only
  const std::shared_ptr<MergeGate> merge_gate = std::make_shared<MergeGate>();
  std::unique_ptr<rocksdb::Env> env;
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;  // by Family

  // Shared by who takes a snapshot; alone for who must know that none is taken.
  mutable std::shared_mutex snapshots_mutex;
  mutable std::atomic<std::size_t> snapshots = 0;  // that are held
};

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_DATABASE_IMPL_H_
