// A store's database opened as plain RocksDB, with the very options that Tallystick gives it: to write into without
// Tallystick, to read beside it, and to compact.
//
// Failures are thrown as std::runtime_error.

#ifndef TALLYSTICK_BENCH_ROCKSDB_FOLDER_H_
#define TALLYSTICK_BENCH_ROCKSDB_FOLDER_H_

#include <memory>
#include <string>
#include <vector>

#include "lib/storage/families.h"
#include "lib/storage/rocksdb_options.h"
#include "rocksdb/db.h"

namespace tallystick::bench {

// Throws when the status is not OK.
void Check(const rocksdb::Status& status);

class RocksDbFolder {
 public:
  enum class Mode { kCreate, kWrite, kReadOnly };

  // `concurrent_writes` lets RocksDB insert a group of several threads' writes by these threads, its own default, which
  // Tallystick's options turn off.
  RocksDbFolder(const std::string& path, Mode mode, bool concurrent_writes = false);
  ~RocksDbFolder();

  rocksdb::DB& db() { return *db_; }
  rocksdb::ColumnFamilyHandle* family(storage::Family family) const {
    return handles_[static_cast<std::size_t>(family)];
  }
  const std::vector<rocksdb::ColumnFamilyHandle*>& families() const { return handles_; }  // in the order of Family

  // Merges each family into its last level, every file anew.
  void Compact();
  // Of the family's table files.
  std::uint64_t FileBytes(storage::Family family) const;

 private:
  storage::RocksDbOptions options_{Profile::kServer, std::nullopt};
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

// The folder of the database in a store's folder (docs/FORMAT.md section 1).
inline std::string DataFolder(const std::string& store) { return store + "/data"; }

}  // namespace tallystick::bench

#endif  // TALLYSTICK_BENCH_ROCKSDB_FOLDER_H_
