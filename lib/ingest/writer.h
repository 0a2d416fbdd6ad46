// Writing: from a caller's events to their outcomes.

#ifndef TALLYSTICK_LIB_INGEST_WRITER_H_
#define TALLYSTICK_LIB_INGEST_WRITER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "lib/base/instant.h"
#include "lib/ingest/event_committer.h"
#include "lib/ingest/meter_book.h"
#include "lib/ingest/meter_keeper.h"
#include "lib/ingest/prepared_batch.h"
#include "lib/ingest/rollups.h"
#include "lib/json/event_parser.h"
#include "lib/storage/commit_queue.h"
#include "lib/storage/database.h"
#include "lib/storage/failure_latch.h"
#include "lib/storage/meta.h"
#include "lib/storage/space_reserve.h"
#include "tallystick/bulk.h"
#include "tallystick/event.h"
#include "tallystick/options.h"
#include "tallystick/uuid.h"
#include "tallystick/write.h"

namespace tallystick::ingest {

// Thread-safe. See the functions of the same names in tallystick/store.h.
class Writer {
 public:
  // Everything is as the database of the store at `path` holds it. DATA_LOSS when a row that is needed does not decode.
  static absl::StatusOr<std::unique_ptr<Writer>> Start(const std::string& path,
                                                       std::shared_ptr<storage::Database> database,
                                                       std::shared_ptr<const storage::Identity> identity,
                                                       std::shared_ptr<storage::FailureLatch> failure,
                                                       std::shared_ptr<storage::SpaceReserve> reserve,
                                                       const Options& options);

  absl::StatusOr<std::vector<WriteResult>> Write(const Uuid& account, absl::Span<const Event> events,
                                                 const WriteOptions& options);
  absl::StatusOr<std::vector<WriteResult>> WriteJson(const Uuid& account, absl::Span<const std::string_view> documents,
                                                     const WriteOptions& options);
  absl::StatusOr<BulkResult> WriteBulk(const Uuid& account, const BulkSource& source, const BulkOptions& options);
  absl::Status Writable() const { return failure_->Check(); }
  absl::Status Sync() { return queue_.Sync(); }

  // Makes a database in the folder `to`, on the store's file system, with exactly what has been committed at one
  // moment, everything that has returned among it. Returns the clock's time then. Writers wait while that is done, some
  // milliseconds.
  absl::StatusOr<absl::Time> Freeze(const std::string& to);

  absl::StatusOr<Outcome> DefineMeter(const Uuid& account, const std::string& name, const Meter& meter);
  absl::Status DropMeter(const Uuid& account, const std::string& name);
  absl::Status AwaitMeter(const Uuid& account, const std::string& name,
                          const std::function<bool(std::uint64_t, std::uint64_t)>& progress) const;
  // Ends the work in the background, and every AwaitMeter.
  void StopKeeping() { keeper_.Stop(); }

 private:
  Writer(const std::string& path, std::shared_ptr<storage::Database> database,
         std::shared_ptr<const storage::Identity> identity, const CommitPosition& position,
         std::unique_ptr<MeterBook> meters, std::shared_ptr<storage::FailureLatch> failure,
         std::shared_ptr<storage::SpaceReserve> reserve, const Options& options);

  // Whether so many bytes may be written. A store that has failed says so first: to make room is not enough then.
  absl::Status Admit(std::uint64_t bytes);

  // Fills `*event` from the i-th input, or says why it is none. The event's text lives until the next call.
  using ReadInput = std::function<std::optional<Rejection>(EventParser* parser, std::size_t i, ParsedEvent* event)>;

  absl::StatusOr<std::vector<WriteResult>> WriteInputs(const Uuid& account, std::size_t count, std::size_t text_bytes,
                                                       const ReadInput& read, const WriteOptions& options);
  absl::StatusOr<BulkResult> Load(const Uuid& account, const BulkSource& source, const BulkOptions& options);
  void WakeForStaleCells();
  void FillResults(PreparedBatch* batch, std::vector<WriteResult>* results) const;
  // Fills in the events of results that are filled otherwise.
  absl::Status ReturnEvents(PreparedBatch* batch, std::vector<WriteResult>* results) const;

  std::unique_ptr<EventParser> TakeParser();
  void GiveBack(std::unique_ptr<EventParser> parser);

  const std::string path_;
  const std::shared_ptr<storage::Database> database_;
  const std::shared_ptr<const storage::Identity> identity_;
  const Options options_;
  const std::shared_ptr<storage::FailureLatch> failure_;
  const std::shared_ptr<storage::SpaceReserve> reserve_;
  const std::unique_ptr<MeterBook> meters_;
  Rollups rollups_;
  EventCommitter committer_;
  storage::CommitQueue queue_;
  MeterKeeper keeper_;

  std::atomic<std::uint64_t> stale_count_ = 0;  // when the keeper was woken for stale cells last

  std::mutex bulk_mutex_;  // held by the bulk write under way

  std::mutex parsers_mutex_;
  std::vector<std::unique_ptr<EventParser>> parsers_;  // guarded by parsers_mutex_; those that nobody is using
};

}  // namespace tallystick::ingest

#endif  // TALLYSTICK_LIB_INGEST_WRITER_H_
