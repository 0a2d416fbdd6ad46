// A chunk's turn in the commit queue: it is decided, written to table files, and taken into the database in one step.

#ifndef TALLYSTICK_LIB_INGEST_BULK_REQUEST_H_
#define TALLYSTICK_LIB_INGEST_BULK_REQUEST_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "lib/ingest/bulk_chunk.h"
#include "lib/ingest/event_committer.h"
#include "lib/ingest/lone_request.h"
#include "lib/ingest/meter_book.h"
#include "lib/ingest/rollups.h"
#include "lib/storage/database.h"
#include "lib/storage/failure_latch.h"
#include "lib/storage/meta.h"
#include "lib/storage/space_reserve.h"
#include "tallystick/bulk.h"

namespace tallystick::ingest {

class BulkRequest : public LoneRequest {
 public:
  // What it works with; all of it outlives the request.
  struct Parts {
    storage::Database* database = nullptr;
    const storage::Identity* identity = nullptr;
    EventCommitter* committer = nullptr;
    const MeterBook* meters = nullptr;
    Rollups* rollups = nullptr;
    storage::FailureLatch* failure = nullptr;
    storage::SpaceReserve* reserve = nullptr;
    std::string folder{};  // for table files: exists
    int threads = 1;
  };

  // `written` is called, once, when the chunk's memory is free and only the disk is waited for; not after a failure.
  BulkRequest(const Parts& parts, std::unique_ptr<BulkChunk> chunk, std::function<void()> written)
      : parts_(parts), chunk_(std::move(chunk)), written_(std::move(written)) {}

  absl::Status Decide(storage::Batch* batch) override;

  // What became of the events, once it is committed.
  const BulkResult& result() const { return result_; }
  // It was given the sequences behind `before` up to `last`.
  std::uint64_t before() const { return before_; }
  std::uint64_t last() const { return last_; }

 private:
  absl::Status Store(const CommitPosition& before, storage::Batch* batch);
  absl::Status AddRollups(const CommitPosition& before, storage::Batch* batch);

  const Parts parts_;
  std::unique_ptr<BulkChunk> chunk_;
  const std::function<void()> written_;
  BulkResult result_;
  std::uint64_t before_ = 0;
  std::uint64_t last_ = 0;
};

}  // namespace tallystick::ingest

#endif  // TALLYSTICK_LIB_INGEST_BULK_REQUEST_H_
