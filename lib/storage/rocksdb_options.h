// How RocksDB is set up, for each profile and family.

#ifndef TALLYSTICK_LIB_STORAGE_ROCKSDB_OPTIONS_H_
#define TALLYSTICK_LIB_STORAGE_ROCKSDB_OPTIONS_H_

#include <cstddef>
#include <memory>
#include <optional>

#include "lib/storage/families.h"
#include "rocksdb/options.h"
#include "tallystick/options.h"

namespace tallystick::storage {

// How many files at level 0 of a family begin a compaction: in general, and while table files are being loaded, which
// seldom reads those files (Database::SetLoading). Writers are held back at 20 (RocksDB's default).
inline constexpr int kLevel0Files = 4;
inline constexpr int kLevel0FilesLoading = 16;

// The options of one opening. All families share one block cache and one bound on write buffers.
class RocksDbOptions {
 public:
  RocksDbOptions(Profile profile, std::optional<std::size_t> cache_bytes);

  rocksdb::DBOptions Database() const;
  rocksdb::ColumnFamilyOptions For(Family family) const;

 private:
  Profile profile_;
  std::shared_ptr<rocksdb::Cache> cache_;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers_;
};

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_ROCKSDB_OPTIONS_H_
