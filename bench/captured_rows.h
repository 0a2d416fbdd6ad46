// The ceiling's rows: the very keys, values and deletes that Tallystick writes, batch by batch, to be written again by
// RocksDB alone.
//
// They are read from the write-ahead log of a store that was given the same batches by one writer, so they are right
// whatever form rows have. Within a batch they are sorted by family and key, which is as good as a batch can be. That
// nothing is missing is checked: replayed into an empty database, they must give the families that the store has.

#ifndef TALLYSTICK_BENCH_CAPTURED_ROWS_H_
#define TALLYSTICK_BENCH_CAPTURED_ROWS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "bench/rocksdb_folder.h"
#include "rocksdb/write_batch.h"

namespace tallystick::bench {

class CapturedRows {
 public:
  // Makes a store at `path`, which must not exist, gives it the batches in this order, and keeps the rows of each. With
  // `position`, also the row that tells which sequence was given out last: a row of the commit, not of its events.
  CapturedRows(const std::string& path, const std::vector<absl::Span<const std::string_view>>& batches, bool position);

  // One for each batch. Writing one sets its sequence number, and it can be written again.
  std::vector<rocksdb::WriteBatch>& batches() { return batches_; }
  std::uint64_t bytes() const { return bytes_; }

  // Throws unless this database's families, but for `default`, have the rows that the store's have, byte by byte.
  void ExpectSame(RocksDbFolder& database) const;

 private:
  std::string path_;
  std::vector<rocksdb::WriteBatch> batches_;
  std::uint64_t bytes_ = 0;
};

}  // namespace tallystick::bench

#endif  // TALLYSTICK_BENCH_CAPTURED_ROWS_H_
