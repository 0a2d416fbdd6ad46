// The rows of a closed store, to change behind its back and to compact. Nothing of a store's own code stands in
// between.

#ifndef TALLYSTICK_TESTS_SUPPORT_RAW_ROWS_H_
#define TALLYSTICK_TESTS_SUPPORT_RAW_ROWS_H_

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rocksdb/db.h"

namespace tallystick::testing {

class RawRows {
 public:
  // `store_path` is the folder of a store that nobody has open.
  explicit RawRows(const std::string& store_path) {
    const std::string path = store_path + "/data";
    rocksdb::DBOptions options;
    std::vector<std::string> names;
    Check(rocksdb::DB::ListColumnFamilies(options, path, &names));
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    rocksdb::DB* db = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    Check(rocksdb::DB::Open(options, path, families, &handles, &db));
    db_.reset(db);
    for (std::size_t i = 0; i < names.size(); ++i) handles_[names[i]] = handles[i];
  }
  RawRows(const RawRows&) = delete;
  RawRows& operator=(const RawRows&) = delete;
  ~RawRows() {
    for (const auto& [name, handle] : handles_) db_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  }

  using Rows = std::vector<std::pair<std::string, std::string>>;
  Rows All(const std::string& family) const {
    Rows rows;
    const std::unique_ptr<rocksdb::Iterator> row(db_->NewIterator(rocksdb::ReadOptions(), handles_.at(family)));
    for (row->SeekToFirst(); row->Valid(); row->Next()) {
      rows.emplace_back(row->key().ToString(), row->value().ToString());
    }
    Check(row->status());
    return rows;
  }
  void Put(const std::string& family, const std::string& key, const std::string& value) {
    Check(db_->Put(rocksdb::WriteOptions(), handles_.at(family), key, value));
  }
  void Delete(const std::string& family, const std::string& key) {
    Check(db_->Delete(rocksdb::WriteOptions(), handles_.at(family), key));
  }
  void AddFamily(const std::string& family) {
    rocksdb::ColumnFamilyHandle* handle = nullptr;
    Check(db_->CreateColumnFamily(rocksdb::ColumnFamilyOptions(), family, &handle));
    handles_[family] = handle;
  }
  void DropFamily(const std::string& family) { Check(db_->DropColumnFamily(handles_.at(family))); }

  // Rewrites every row into the last level.
  void Compact() {
    rocksdb::CompactRangeOptions options;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    for (const auto& [name, handle] : handles_) Check(db_->CompactRange(options, handle, nullptr, nullptr));
  }

 private:
  static void Check(const rocksdb::Status& status) {
    if (!status.ok()) throw std::runtime_error(status.ToString());
  }

  std::unique_ptr<rocksdb::DB> db_;
  std::map<std::string, rocksdb::ColumnFamilyHandle*> handles_;
};

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_RAW_ROWS_H_
