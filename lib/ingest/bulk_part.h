// The events of one input of a bulk write, as one thread read them.

#ifndef TALLYSTICK_LIB_INGEST_BULK_PART_H_
#define TALLYSTICK_LIB_INGEST_BULK_PART_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
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

// One valid event. Offsets count into its part's text. Small: a chunk has a million of them or more.
struct BulkEvent {
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  Instant time{};  // `has_time` tells whether it was given
  std::uint64_t fingerprint = 0;
  std::uint64_t identity_hash = 0;  // of the id key, for this process only
  std::uint32_t id_key_offset = 0;
  std::uint32_t row_offset = 0;  // the `events` row, its receipt left open
  std::uint32_t row_size = 0;
  metering::Contributions::Range metering{};  // what it gives to the declared meters
  // What is decided of it: which of the chunk's events that are stored it is, and which one it replaces.
  std::uint32_t rank = kNone;      // none: unchanged
  std::uint32_t replaced = kNone;  // index among BulkChunk's replaced events
  std::uint16_t id_key_size = 0;   // 0: no customerEventId, so its own id will be its identity
  std::uint16_t alias_offset = 0;  // in the row
  std::uint8_t alias_size = 0;
  bool has_time = false;
  bool live = false;  // its rows are written: no later event of the chunk replaces it

  // Whether `row` says the same, so that storing this event would change nothing.
  bool SameAs(const StoredRow& row) const { return fingerprint == row.fingerprint && (!has_time || time == row.time); }
};

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

  std::string_view IdKey(const BulkEvent& event) const { return {text_ + event.id_key_offset, event.id_key_size}; }
  std::string_view Alias(const BulkEvent& event) const {
    return {text_ + event.row_offset + event.alias_offset, event.alias_size};
  }
  void PrefetchRow(const BulkEvent& event) const { __builtin_prefetch(text_ + event.row_offset); }
  // The row with its receipt filled in.
  std::string_view Row(const BulkEvent& event, Receipt receipt) {
    EventRow::SetReceipt(receipt, text_ + event.row_offset);
    return {text_ + event.row_offset, event.row_size};
  }

  // About how much memory it takes.
  std::size_t bytes() const { return text_size_ + events_.size() * sizeof(BulkEvent) + rejected_bytes_; }

 private:
  void Add(const ParsedEvent& event, const HashKey& fingerprint_key, BulkEvent* kept);
  void AppendText(std::string_view text);
  void Reject(const BulkDocument& document, std::size_t before, Rejection rejection);

  const Uuid account_;
  absl::Span<BulkEvent> events_;
  char* text_ = nullptr;
  std::size_t text_size_ = 0;
  std::string scratch_;
  std::vector<Rejected> rejected_;
  std::size_t rejected_bytes_ = 0;
  std::optional<metering::Contributions> contributions_;
};

}  // namespace tallystick::ingest

#endif  // TALLYSTICK_LIB_INGEST_BULK_PART_H_
