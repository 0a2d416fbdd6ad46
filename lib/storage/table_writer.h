// Table files made beside the database, to be taken in by Database::Ingest().

#ifndef TALLYSTICK_LIB_STORAGE_TABLE_WRITER_H_
#define TALLYSTICK_LIB_STORAGE_TABLE_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "lib/storage/database.h"
#include "lib/storage/families.h"

namespace tallystick::storage {

// Writes one file of rows of one family, each key once and in ascending order. Not thread-safe; several may write side
// by side.
class TableWriter {
 public:
  // `database` outlives the writer. The file must be on the file system of the database's folder. What overlaps the
  // rows that the family has already is merged with those before long: with `merged_soon`, it is compressed fast rather
  // than well.
  TableWriter(const Database& database, Family family, std::string path, bool merged_soon = false);
  TableWriter(const TableWriter&) = delete;
  TableWriter& operator=(const TableWriter&) = delete;
  ~TableWriter();  // without Finish(), what there is of the file means nothing

  // The first failure stays: Finish() tells it.
  void Put(std::string_view key, std::string_view value);
  void Delete(std::string_view key);
  // The rows of the family that the batch would leave, which are all that the file gets.
  void Add(const Batch& batch);

  std::uint64_t rows() const { return rows_; }  // that it was given
  std::uint64_t bytes() const;                  // of the file, as far as it is written

  // Ends the file, and puts it on stable storage. Without a row there is none.
  absl::Status Finish();

 private:
  struct Impl;
  bool Open();

  const Database& database_;
  const Family family_;
  const std::string path_;
  const bool merged_soon_;
  std::unique_ptr<Impl> impl_;  // null before the first row
  absl::Status status_;
  std::uint64_t rows_ = 0;
};

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_TABLE_WRITER_H_
