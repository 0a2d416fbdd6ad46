// Decides, in commit order, what becomes of each event, and turns a group's decisions into one batch over all families.

#ifndef TALLYSTICK_LIB_INGEST_EVENT_COMMITTER_H_
#define TALLYSTICK_LIB_INGEST_EVENT_COMMITTER_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "lib/base/instant.h"
#include "lib/encoding/meta_rows.h"
#include "lib/ingest/meter_book.h"
#include "lib/ingest/prepared_batch.h"
#include "lib/ingest/rollups.h"
#include "lib/storage/commit_queue.h"
#include "lib/storage/database.h"
#include "lib/storage/meta.h"

namespace tallystick::ingest {

class EventCommitter : public storage::Committer {
 public:
  // `position` is the last one given out so far. `recent_slots`, a power of two, is how finely recent commits are told
  // apart (8 bytes each): fewer make more look-ups in vain. `meters` and `rollups` outlive the committer.
  EventCommitter(std::shared_ptr<const storage::Database> database, std::shared_ptr<const storage::Identity> identity,
                 const CommitPosition& position, std::size_t recent_slots, std::function<absl::Time()> clock,
                 const MeterBook* meters, Rollups* rollups);

  bool MustWait(absl::Span<storage::CommitRequest* const> group) const override;
  void Decide(absl::Span<storage::CommitRequest* const> group, absl::Span<absl::Status> statuses,
              storage::Batch* batch) override;
  void Written() override;

  // --- For a bulk write, which decides by itself in a turn of its own (lib/ingest/bulk_request.h) ---

  // What the next sequence and receipt follow upon. FAILED_PRECONDITION when the clock reads no time that can be
  // stored.
  absl::StatusOr<CommitPosition> NextPosition() const;
  // Whether anything was decided after `sequence` for an identity of this hash, or one that shares its slot.
  bool DecidedSince(std::uint64_t identity_hash, std::uint64_t sequence) const {
    return LastDecided(identity_hash) > sequence;
  }
  // So many identities have been decided, the last of them at `sequence`, that most hashes have one of theirs.
  void MarkAllDecided(std::uint64_t sequence) { recent_floor_ = sequence; }
  // All up to `position` has been given out.
  void Advance(const CommitPosition& position) { position_ = position; }

  // A sequence such that it and all below are visible to every read that begins now. Thread-safe.
  std::uint64_t visible_sequence() const { return visible_.load(std::memory_order_acquire); }

 private:
  // The newest event of an identity, as of the decisions taken so far in this group.
  struct Newest {
    bool exists = false;
    StoredRow row{};
    Decision* decision = nullptr;  // of the event, when this group brought it
  };

  void DecideGroup(absl::Span<storage::CommitRequest* const> group, absl::Span<absl::Status> statuses,
                   storage::Batch* batch);
  // Looks again for what was committed since the request looked: all its reads, so that deciding cannot fail half-way.
  absl::Status Refresh(PreparedBatch* request);
  void DecideRequest(PreparedBatch* request, bool alone);
  void Store(const PreparedBatch& request, const PreparedEvent& event, const Newest& replaced, Decision* decision);
  void AddRows(PreparedBatch* request, storage::Batch* batch) const;
  // What the group's events change in the rollups.
  absl::Status AddRollups(storage::Batch* batch);

  void MarkRecent(PreparedBatch* request);
  std::uint64_t& RecentSlot(std::uint64_t identity_hash) { return recent_[identity_hash & (recent_.size() - 1)]; }
  std::uint64_t LastDecided(std::uint64_t identity_hash) const {
    return std::max(recent_floor_, recent_[identity_hash & (recent_.size() - 1)]);
  }

  // A stored event that leaves every index.
  struct Leaving {
    const PreparedBatch* request = nullptr;
    Stored stored{};
  };

  const std::shared_ptr<const storage::Database> database_;
  const std::shared_ptr<const storage::Identity> identity_;
  const std::function<absl::Time()> clock_;
  const MeterBook* const meters_;
  Rollups* const rollups_;

  CommitPosition position_;
  std::atomic<std::uint64_t> visible_;
  // By a hash of the identity: the last sequence that was decided for any identity that falls there. A request that
  // looked up at an earlier sequence must look again.
  std::vector<std::uint64_t> recent_;
  std::uint64_t recent_floor_ = 0;  // the same for all
  // The hashes of the identities that the last group changed, which perhaps cannot be read yet.
  absl::flat_hash_set<std::uint64_t> last_changed_;

  // The last sequences of the groups, by their number modulo two: of the one that is being written, and of the one that
  // is being decided meanwhile.
  std::array<std::uint64_t, 2> decided_sequences_{};
  std::size_t decided_groups_ = 0;  // by Decide()
  std::size_t written_groups_ = 0;  // by Written()

  // Of the group that is being decided.
  Instant now_;      // the time of receipt: what the clock says, also when it has stepped back
  Receipt receipt_;  // the earliest that the group may get
  std::shared_ptr<const metering::KeptMeters> current_meters_;
  std::vector<PreparedBatch*> decided_;
  absl::flat_hash_map<std::string_view, Newest> newest_;  // by id key
  std::vector<Leaving> leaving_;
};

}  // namespace tallystick::ingest

#endif  // TALLYSTICK_LIB_INGEST_EVENT_COMMITTER_H_
