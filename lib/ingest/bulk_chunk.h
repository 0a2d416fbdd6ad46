// The events of a bulk write that are stored together, and what becomes of them.

#ifndef TALLYSTICK_LIB_INGEST_BULK_CHUNK_H_
#define TALLYSTICK_LIB_INGEST_BULK_CHUNK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "lib/base/bloom_filter.h"
#include "lib/base/instant.h"
#include "lib/ingest/bulk_part.h"
#include "lib/ingest/prepared_batch.h"
#include "lib/metering/contributions.h"
#include "lib/storage/database.h"
#include "tallystick/uuid.h"

namespace tallystick::ingest {

// Used in this order: Append(), Sort(), Measure(), LookUp(); then, in a turn of its own in the commit queue, Refresh(),
// Decide().
// Outcomes, sequences and ties are those that the same events get when they are written by batches.
class BulkChunk {
 public:
  using Place = BulkPlace;
  // The part of a place that is the index of a stored event among found().
  static constexpr std::uint32_t kStored = BulkEvent::kNone - 1;

  // What stands under the identity that the events of one group have.
  struct Found {
    std::uint32_t group = 0;
    Stored stored{};
    bool unread = false;  // a row that belongs to it was not there: superseded meanwhile, or lost
    const metering::Contributions* contributions = nullptr;  // that `stored.metering` counts into
    bool leaves = false;                                     // Decide(): an event of the chunk takes its place
  };

  // The events of one customer: of by_customer(), those up to `end` that come behind the customer before.
  struct Customer {
    std::string_view alias{};
    std::size_t end = 0;
  };

  explicit BulkChunk(const Uuid& account) : account_(account) {}

  void Append(std::unique_ptr<BulkPart> part) { parts_.push_back(std::move(part)); }
  // Leaves out the part's events from the i-th on, and all later parts.
  void Cut(std::size_t part, std::size_t i);

  const Uuid& account() const { return account_; }
  const std::shared_ptr<const metering::KeptMeters>& meters() const { return meters_; }  // as of Measure()
  const std::vector<std::unique_ptr<BulkPart>>& parts() const { return parts_; }
  BulkEvent& At(Place place) { return parts_[place.part]->events()[place.event]; }
  const BulkEvent& At(Place place) const { return std::as_const(*parts_[place.part]).events()[place.event]; }
  // What is asked of this place soon. Places in the order of a family's keys lie anywhere in memory.
  void Prefetch(Place place) const { __builtin_prefetch(&At(place)); }
  void PrefetchIdKey(Place place) const { __builtin_prefetch(IdKey(place).data()); }
  void PrefetchRow(Place place) const { parts_[place.part]->PrefetchRow(At(place)); }
  std::string_view Alias(Place place) const { return parts_[place.part]->Alias(At(place)); }
  std::string_view IdKey(Place place) const { return parts_[place.part]->IdKey(At(place)); }
  std::size_t size() const;
  std::size_t bytes() const;  // see BulkPart::bytes()

  // Finds the order of each family's keys. Events without a timestamp get `now`.
  absl::Status Sort(Instant now, int threads);

  // Finds out what the events give to these meters.
  absl::Status Measure(const std::shared_ptr<const metering::KeptMeters>& meters, int threads);

  // Reads what is stored under the events' identities, after Sort() and Measure(). `committed` is a sequence whose
  // commit is visible already. `known` has all identities that were stored up to there, and those that it does not have
  // are not looked for; null looks for all. It gets those of the chunk.
  absl::Status LookUp(const storage::Database& database, std::uint64_t committed, BloomFilter* known, int threads);

  // Reads again what was decided since for any of the identities: `decided` is the last sequence that was, and
  // `decided_since` tells, for an identity's hash, whether anything was after a sequence.
  absl::Status Refresh(const storage::Database& database, std::uint64_t decided,
                       const std::function<bool(std::uint64_t identity_hash, std::uint64_t sequence)>& decided_since,
                       int threads);

  // Decides what becomes of each event.
  absl::Status Decide(int threads);

  // --- After Decide() ---

  std::uint64_t created() const { return counts_.created; }
  std::uint64_t superseded() const { return counts_.superseded; }
  std::uint64_t unchanged() const { return counts_.unchanged; }
  // How many of the events get a sequence: ranks are below it.
  std::uint64_t entering() const { return created() + superseded(); }

  // The events in the order of each family's keys: pass over those that are not live. by_id() is without those that
  // have no customerEventId, which without_id() has in line order.
  const std::vector<Place>& by_id() const { return by_id_; }
  const std::vector<Place>& without_id() const { return without_id_; }
  const std::vector<Place>& by_time() const { return by_time_; }
  const std::vector<Place>& by_customer() const { return by_customer_; }
  const std::vector<Customer>& customers() const { return customers_; }
  const std::vector<Found>& found() const { return found_; }

 private:
  // The events of by_id_ from groups_[i] to groups_[i + 1] have one identity.
  std::size_t group_count() const { return groups_.size() - 1; }

  void SortById();
  void SortByTimeAndCustomer();
  // Adds the groups' identities, and returns those groups whose identity may have been there before.
  std::vector<std::uint32_t> AddTo(BloomFilter* known) const;
  absl::Status LookUpGroups(const storage::Database& database, const std::vector<std::uint32_t>& groups, bool strict,
                            int threads);
  absl::Status ReadLeaving(const storage::Database& database, absl::Span<Found* const> leaving, bool strict,
                           metering::Contributions* contributions) const;
  bool DiffersFrom(std::uint32_t group, const StoredRow& row) const;
  // How many events were decided to be what.
  struct Counts {
    std::uint64_t created = 0;
    std::uint64_t superseded = 0;
    std::uint64_t unchanged = 0;
  };
  void GiveRanks();
  Counts DecideGroups(std::uint32_t begin, std::uint32_t end);
  void DecideGroup(std::uint32_t group, Found* found, std::uint32_t found_index, Counts* counts);

  const Uuid account_;
  std::vector<std::unique_ptr<BulkPart>> parts_;
  std::shared_ptr<const metering::KeptMeters> meters_;
  std::vector<Place> by_id_;
  std::vector<std::uint32_t> groups_;
  std::vector<Place> without_id_;
  std::vector<Place> by_time_;
  std::vector<Place> by_customer_;
  std::vector<Customer> customers_;
  std::uint64_t looked_up_at_ = 0;
  std::vector<Found> found_;  // by group
  std::vector<std::unique_ptr<metering::Contributions>> found_contributions_;
  Counts counts_;
};

}  // namespace tallystick::ingest

#endif  // TALLYSTICK_LIB_INGEST_BULK_CHUNK_H_
