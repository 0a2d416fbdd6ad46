// The one place where a RocksDB status becomes one of ours.

#ifndef TALLYSTICK_LIB_STORAGE_STATUS_H_
#define TALLYSTICK_LIB_STORAGE_STATUS_H_

#include <string_view>

#include "absl/status/status.h"
#include "rocksdb/status.h"

namespace tallystick::storage {

// The disk, or a quota, is full.
bool IsOutOfSpace(const rocksdb::Status& status);

// `what` says what was being done and to what: "events: cannot read a row". RocksDB's own text follows it.
//
//   DATA_LOSS           stored bytes are damaged, or a file is gone
//   RESOURCE_EXHAUSTED  the disk or its quota is full, or memory is
//   NOT_FOUND           there is no such row
//   UNAVAILABLE         RocksDB says that trying again may help
//   FAILED_PRECONDITION the database is shutting down
//   UNKNOWN             the file system failed in another way
//   INTERNAL            we called RocksDB wrongly
absl::Status FromRocksDb(const rocksdb::Status& status, std::string_view what);

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_STATUS_H_
