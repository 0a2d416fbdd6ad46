// A bulk write from its source to its end: reads chunks, stores one after the other.
//
// While a chunk's table files are taken in, which waits for the disk, the next chunk is read. A crash leaves the chunks
// that were stored, which are a prefix of the input.

#ifndef TALLYSTICK_LIB_INGEST_BULK_WRITER_H_
#define TALLYSTICK_LIB_INGEST_BULK_WRITER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/instant.h"
#include "lib/base/page_arena.h"
#include "lib/ingest/bulk_chunk.h"
#include "lib/ingest/bulk_request.h"
#include "lib/ingest/known_ids.h"
#include "lib/json/event_parser.h"
#include "lib/storage/commit_queue.h"
#include "tallystick/bulk.h"
#include "tallystick/options.h"
#include "tallystick/uuid.h"

namespace tallystick::ingest {

// One object for each bulk write.
class BulkWriter {
 public:
  // `parts`, `queue` and `store_options` outlive it.
  BulkWriter(const BulkRequest::Parts& parts, storage::CommitQueue* queue, const Options& store_options,
             const Uuid& account, const BulkOptions& options);

  absl::StatusOr<BulkResult> Run(const BulkSource& source);

 private:
  struct Reading;

  bool IsFull(const Reading& reading) const;
  // Its time is up.
  bool IsOverdue(const Reading& reading) const;
  // Fails where an input can be no part; a failure of the source is `reading`'s.
  absl::Status ReadParts(const BulkSource& source, EventParser* parser, PageArena* arena, Reading* reading) const;
  // The next chunk; its rejected events have been told of. Sets `*ended` behind the last one.
  absl::StatusOr<std::unique_ptr<BulkChunk>> ReadChunk(const BulkSource& source, bool* ended);
  // Tells of the rejected events. False when the bulk write is to end with this chunk.
  bool TellRejected(BulkChunk* chunk);

  absl::Status StoreAll(const BulkSource& source);
  // See storage::Database::SetLoading().
  absl::Status SetLoading(bool loading);
  absl::Status StoreChunk(std::unique_ptr<BulkChunk> chunk);
  // Waits for the chunk that is being stored, and counts it.
  absl::Status FinishChunk();

  const BulkRequest::Parts parts_;
  storage::CommitQueue* const queue_;
  const Options& store_options_;
  const Uuid account_;
  const BulkOptions& options_;
  const int threads_;
  const std::size_t chunk_bytes_;
  // One for each thread. The arenas hold the events of one chunk, which is gone before the next is read.
  std::vector<std::unique_ptr<EventParser>> parsers_;
  std::vector<std::unique_ptr<PageArena>> arenas_;
  std::optional<KnownIds> known_ids_;  // from the first chunk on
  absl::Status source_status_;
  bool chunk_was_slow_ = false;  // the one that was read last
  int chunks_ = 0;
  bool loading_ = false;
  std::uint64_t rejected_ = 0;  // beside the chunk that was read last
  BulkResult result_;           // of what is stored

  // The chunk that is being stored.
  std::shared_ptr<BulkRequest> request_;
  std::uint64_t request_rejected_ = 0;
  std::future<absl::Status> committed_;  // valid while a chunk is being stored
};

}  // namespace tallystick::ingest

#endif  // TALLYSTICK_LIB_INGEST_BULK_WRITER_H_
