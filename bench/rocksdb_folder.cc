#include "bench/rocksdb_folder.h"

#include <stdexcept>

#include "rocksdb/metadata.h"

namespace tallystick::bench {

using storage::Family;

void Check(const rocksdb::Status& status) {
  if (!status.ok()) throw std::runtime_error("rocksdb: " + status.ToString());
}

RocksDbFolder::RocksDbFolder(const std::string& path, Mode mode, bool concurrent_writes) {
  rocksdb::DBOptions database = options_.Database();
  if (mode == Mode::kCreate) {
    database.create_if_missing = true;
    database.create_missing_column_families = true;
    database.error_if_exists = true;
  }
  if (concurrent_writes) {
    const rocksdb::DBOptions defaults;
    database.allow_concurrent_memtable_write = defaults.allow_concurrent_memtable_write;
    database.enable_write_thread_adaptive_yield = defaults.enable_write_thread_adaptive_yield;
  }
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const Family family : storage::kAllFamilies) {
    descriptors.emplace_back(std::string(storage::FamilyName(family)), options_.For(family));
  }
  rocksdb::DB* db = nullptr;
  Check(mode == Mode::kReadOnly ? rocksdb::DB::OpenForReadOnly(database, path, descriptors, &handles_, &db)
                                : rocksdb::DB::Open(database, path, descriptors, &handles_, &db));
  db_.reset(db);
}

RocksDbFolder::~RocksDbFolder() {
  for (rocksdb::ColumnFamilyHandle* const handle : handles_)
    db_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
}

void RocksDbFolder::Compact() {
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  for (rocksdb::ColumnFamilyHandle* const handle : handles_) {
    Check(db_->Flush(rocksdb::FlushOptions(), handle));
    Check(db_->CompactRange(options, handle, nullptr, nullptr));
  }
}

std::uint64_t RocksDbFolder::FileBytes(Family of) const {
  rocksdb::ColumnFamilyMetaData data;
  db_->GetColumnFamilyMetaData(family(of), &data);
  return data.size;
}

}  // namespace tallystick::bench
