// The events of one input of a bulk write, as one thread read them.

#ifndef TALLYSTICK_LIB_INGEST_BULK_PART_H_
#define TALLYSTICK_LIB_INGEST_BULK_PART_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lib/base/instant.h"
#include "lib/base/keyed_hash.h"
#include "lib/base/page_arena.h"
#include "lib/encoding/rows.h"
#include "lib/ingest/prepared_batch.h"
#include "lib/json/event_parser.h"
#include "lib/metering/contributions.h"
#include "tallystick/bulk.h"
#include "tallystick/uuid.h"

namespace tallystick::ingest {

// An event's place in a chunk (bulk_chunk.h). Line order is the order of places.
struct BulkPlace {
  std::uint32_t part = 0;
  std::uint32_t event = 0;
};

// One valid event. Offsets count into its part's text. A chunk has a million of them or more, and families' keys lead
// to them in any order: each is one line of the processor's cache.
struct alignas(64) BulkEvent {
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  Instant time{};  // `has_time` tells whether it was given
  std::uint64_t fingerprint = 0;
  std::uint64_t identity_hash = 0;  // of the id key, for this process only
  std::uint32_t id_key_offset = 0;
  std::uint32_t row_offset = 0;  // the `events` row, its receipt left open
  std::uint32_t row_size = 0;
  std::uint32_t alias = 0;  // index among the part's aliases
  // What is decided of it: which of the chunk's events that are stored it is, and which one it replaces.
  std::uint32_t rank = kNone;           // none: unchanged
  BulkPlace replaced = {kNone, kNone};  // part kNone: nothing, or a stored one (BulkChunk::kStored)
  std::uint16_t id_key_size = 0;        // 0: no customerEventId, so its own id will be its identity
  bool has_time = false;
  bool live = false;  // its rows are written: no later event of the chunk replaces it

  // Whether `row` says the same, so that storing this event would change nothing.
  bool SameAs(const StoredRow& row) const { return fingerprint == row.fingerprint && (!has_time || time == row.time); }
};
static_assert(sizeof(BulkEvent) == 64);

// Not thread-safe.
class BulkPart {
 public:
  // An event that was rejected, with its text copied: the input is let go.
  struct Rejected {
    std::size_t before = 0;  // how many valid events came before it
    BulkDocument document{};
    std::unique_ptr<char[]> text;
    Rejection rejection;
  };

  explicit BulkPart(const Uuid& account) : account_(account) {}

  // Reads all documents, once, into memory of the arena, which must stay as long as the part. Events at `future` or
  // behind are rejected; absent means none are.
  void Read(const BulkInput& input, const std::optional<Instant>& future, const HashKey& fingerprint_key,
            EventParser* parser, PageArena* arena);

  // Finds out what the events give to these meters, of which those of the account count.
  absl::Status Measure(const std::shared_ptr<const metering::KeptMeters>& meters);

  // Leaves out all events from the i-th on.
  void Cut(std::size_t i) { events_ = events_.first(i); }

  absl::Span<BulkEvent> events() { return events_; }
  absl::Span<const BulkEvent> events() const { return events_; }
  const std::vector<Rejected>& rejected() const { return rejected_; }
  // Null before Measure().
  const metering::Contributions* contributions() const { return contributions_ ? &*contributions_ : nullptr; }
  // What the i-th event gives: a range of contributions().
  metering::Contributions::Range Metering(std::size_t i) const {
    return metering_.empty() ? metering::Contributions::Range() : metering_[i];
  }

  std::string_view IdKey(const BulkEvent& event) const { return {text_ + event.id_key_offset, event.id_key_size}; }
  // The customers that the events name, each once, by BulkEvent::alias.
  const std::vector<std::string_view>& aliases() const { return aliases_; }
  std::string_view Alias(const BulkEvent& event) const { return aliases_[event.alias]; }
  void PrefetchRow(const BulkEvent& event) const { __builtin_prefetch(text_ + event.row_offset); }
  // The row with its receipt filled in.
  std::string_view Row(const BulkEvent& event, Receipt receipt) {
    EventRow::SetReceipt(receipt, text_ + event.row_offset);
    return {text_ + event.row_offset, event.row_size};
  }

  // About how much memory it takes.
  std::size_t bytes() const {
    return text_size_ + events_.size() * sizeof(BulkEvent) + aliases_.size() * kAliasBytes + rejected_bytes_;
  }

 private:
  static constexpr std::size_t kAliasBytes = 64;  // in a table and a list

  void Add(const ParsedEvent& event, const HashKey& fingerprint_key, BulkEvent* kept);
  // The number of an alias, whose text stays where it is.
  std::uint32_t NumberOf(std::string_view alias);
  void Reject(const BulkDocument& document, std::size_t before, Rejection rejection);

  const Uuid account_;
  absl::Span<BulkEvent> events_;
  char* text_ = nullptr;
  std::size_t text_size_ = 0;
  absl::flat_hash_map<absl::string_view, std::uint32_t> alias_numbers_;
  std::vector<std::string_view> aliases_;
  std::vector<Rejected> rejected_;
  std::size_t rejected_bytes_ = 0;
  std::optional<metering::Contributions> contributions_;
  std::vector<metering::Contributions::Range> metering_;  // empty when there are no meters
};

}  // namespace tallystick::ingest

#endif  // TALLYSTICK_LIB_INGEST_BULK_PART_H_
