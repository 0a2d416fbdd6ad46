// The rows of a decided chunk, as table files of all families.

#ifndef TALLYSTICK_LIB_INGEST_BULK_TABLES_H_
#define TALLYSTICK_LIB_INGEST_BULK_TABLES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/encoding/key_buffer.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/meta_rows.h"
#include "lib/ingest/bulk_chunk.h"
#include "lib/storage/database.h"
#include "lib/storage/meta.h"
#include "lib/storage/table_writer.h"

namespace tallystick::ingest {

class BulkTables {
 public:
  // `before` is the position that the chunk follows upon; the event of rank r gets sequence and receipt r + 1 behind
  // it. Files are made in `folder`.
  BulkTables(const storage::Database& database, const storage::Identity& identity, const CommitPosition& before,
             const std::string& folder);

  // Writes all files, and puts them on stable storage; `files` are those that have rows. `rollups` has rows of that
  // family, or none. At least one event of the chunk gets a sequence.
  absl::Status Write(BulkChunk* chunk, const storage::Batch& rollups, int threads,
                     std::vector<storage::TableFile>* files) const;

  // The position that the chunk comes to.
  CommitPosition PositionAfter(const BulkChunk& chunk) const {
    return {.sequence = before_.sequence + chunk.entering(), .receipt = {before_.receipt.ticks + chunk.entering()}};
  }

 private:
  // Keys of rows that leave a family, in order.
  using Deletes = std::vector<std::string>;

  std::uint64_t SequenceOf(const BulkEvent& event) const { return before_.sequence + 1 + event.rank; }
  Receipt ReceiptOf(const BulkEvent& event) const { return {before_.receipt.ticks + 1 + event.rank}; }

  // One file of `events`: of by_time() from `begin` to `end`, and of the deletes.
  struct Slice {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t deletes_begin = 0;
    std::size_t deletes_end = 0;
    bool overlaps = false;  // what is stored
  };
  absl::StatusOr<std::vector<Slice>> SlicesOfEvents(const BulkChunk& chunk, const Deletes& deletes, int threads) const;
  KeyBuffer EventKeyAt(const BulkChunk& chunk, std::size_t i) const;

  // The last key that is stored in the range; empty when there is none.
  absl::StatusOr<std::string> LastKey(storage::Family family, const KeyRange& range) const;

  absl::Status WriteEventIds(const BulkChunk& chunk, storage::TableWriter* table) const;
  void WriteEvents(BulkChunk* chunk, const Slice& slice, const Deletes& deletes, storage::TableWriter* table) const;
  void WriteCustomers(const BulkChunk& chunk, const Deletes& deletes, storage::TableWriter* table) const;
  void WriteChanges(const BulkChunk& chunk, storage::TableWriter* table) const;

  const storage::Database& database_;
  const storage::Identity& identity_;
  const CommitPosition before_;
  const std::string folder_;
};

}  // namespace tallystick::ingest

#endif  // TALLYSTICK_LIB_INGEST_BULK_TABLES_H_
