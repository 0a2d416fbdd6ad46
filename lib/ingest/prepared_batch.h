// The events of one write, made ready by their caller: everything that needs no order among writers is done here, in
// parallel, before the commit queue is asked for a place.

#ifndef TALLYSTICK_LIB_INGEST_PREPARED_BATCH_H_
#define TALLYSTICK_LIB_INGEST_PREPARED_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/instant.h"
#include "lib/base/keyed_hash.h"
#include "lib/encoding/rows.h"
#include "lib/json/event_parser.h"
#include "lib/metering/contributions.h"
#include "lib/storage/commit_queue.h"
#include "lib/storage/database.h"
#include "tallystick/uuid.h"
#include "tallystick/write.h"

namespace tallystick::ingest {

// The event that stands under an identity: what `event_ids` says of it, and `changes` at its sequence.
struct StoredRow {
  Instant time{};
  std::uint64_t sequence = 0;
  Receipt receipt{};
  std::uint64_t fingerprint = 0;

  // Of both rows; `change` is the row of `changes` at the other's sequence. DATA_LOSS when it is none, or another
  // account's.
  static absl::StatusOr<StoredRow> Join(const Uuid& account, const EventIdRow& id_row, std::string_view change);
};

// What stands under an event's identity.
struct Stored {
  StoredRow row{};
  // What is needed once it leaves; the alias is empty until then.
  std::string customer_alias{};               // to find its row in `customers`
  metering::Contributions::Range metering{};  // what it gave to the declared meters
};

// One valid event. Offsets count into PreparedBatch's text.
struct PreparedEvent {
  std::uint32_t input_index = 0;  // its place among the caller's events
  std::uint32_t id_key_offset = 0;
  std::uint32_t id_key_size = 0;  // 0: no customerEventId, so its own id will be its identity
  std::uint32_t row_offset = 0;   // the `events` row, its receipt left open
  std::uint32_t row_size = 0;
  std::uint32_t alias_offset = 0;
  std::uint8_t alias_size = 0;
  bool repeated = false;          // another event of this batch has the same identity
  bool look_again = false;        // what `stored` would be was superseded while it was read, or is damaged
  std::optional<Instant> time{};  // absent: the time of receipt
  std::uint64_t fingerprint = 0;
  std::uint64_t identity_hash = 0;            // of the id key, for this process only
  std::optional<Stored> stored{};             // as of PreparedBatch::looked_up_at()
  metering::Contributions::Range metering{};  // what it gives to the declared meters

  // Whether `row` says the same, so that storing this event would change nothing.
  bool SameAs(const StoredRow& row) const {
    return fingerprint == row.fingerprint && (!time.has_value() || *time == row.time);
  }
};

// What the commit decided for one event.
struct Decision {
  Outcome outcome = Outcome::kNotStored;
  bool live = false;  // its rows are to be written: it was not replaced within its own group
  Instant time{};
  std::uint64_t sequence = 0;
  Receipt receipt{};
  std::optional<ChangeRow::Replaced> replaced{};
};

class PreparedBatch : public storage::CommitRequest {
 public:
  explicit PreparedBatch(const Uuid& account) : account_(account) {}

  // Room for what is to come.
  void Reserve(std::size_t events, std::size_t text_bytes);

  // Copies the event; `input_index` grows from call to call.
  void Add(std::size_t input_index, const ParsedEvent& event, const HashKey& fingerprint_key);

  // Sorts, once all events are there.
  void Sort();

  // Finds out what the events give to these meters, of which those of the account count. Forgets what stored events
  // gave to others.
  absl::Status Measure(const std::shared_ptr<const metering::KeptMeters>& meters);

  // Reads what is stored under the events' identities, after Measure(). `committed` is a sequence whose commit is
  // visible already.
  absl::Status LookUp(const storage::Database& database, std::uint64_t committed);

  // Reads what is needed of an event's stored one so that it can leave. NOT_FOUND when it is not there (any more).
  absl::Status ReadLeaving(const storage::Database& database, Stored* stored);

  std::size_t bytes() const override;

  const Uuid& account() const { return account_; }
  std::vector<PreparedEvent>& events() { return events_; }
  const std::vector<PreparedEvent>& events() const { return events_; }
  std::vector<Decision>& decisions() { return decisions_; }  // one for each event
  const std::vector<Decision>& decisions() const { return decisions_; }
  std::uint64_t looked_up_at() const { return looked_up_at_; }
  const metering::Contributions& contributions() const { return *contributions_; }

  std::string_view IdKey(const PreparedEvent& event) const;
  std::string_view Alias(const PreparedEvent& event) const;
  // The row with its receipt filled in.
  std::string_view Row(const PreparedEvent& event, Receipt receipt);

  // The order of each family's keys, as indexes into events(). Events without customerEventId are not in by_id().
  const std::vector<std::uint32_t>& by_id() const { return by_id_; }
  const std::vector<std::uint32_t>& by_time() const { return by_time_; }
  const std::vector<std::uint32_t>& by_customer() const { return by_customer_; }

 private:
  // What `event_ids` has under an event's identity.
  struct Hit {
    EventIdRow row{};
    std::uint32_t event = 0;
  };
  // Goes on from there.
  absl::Status LookUpHits(const storage::Database& database, std::vector<Hit>* hits);

  const Uuid account_;
  std::string text_;
  std::string scratch_;
  std::vector<PreparedEvent> events_;
  std::vector<Decision> decisions_;
  std::vector<std::uint32_t> by_id_;
  std::vector<std::uint32_t> by_time_;
  std::vector<std::uint32_t> by_customer_;
  std::uint64_t looked_up_at_ = 0;
  std::optional<metering::Contributions> contributions_;  // set by Measure()
};

// What stands under the account's `id_key`; absent when nothing does. Nobody may commit meanwhile: what is superseded
// between its two reads is DATA_LOSS.
absl::StatusOr<std::optional<Stored>> ReadStored(const storage::Database& database, const Uuid& account,
                                                 std::string_view id_key);

}  // namespace tallystick::ingest

#endif  // TALLYSTICK_LIB_INGEST_PREPARED_BATCH_H_
