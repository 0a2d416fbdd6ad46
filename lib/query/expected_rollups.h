// What the cells and values of declared meters must be, by the events.

#ifndef TALLYSTICK_LIB_QUERY_EXPECTED_ROLLUPS_H_
#define TALLYSTICK_LIB_QUERY_EXPECTED_ROLLUPS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/rollup_keys.h"
#include "lib/encoding/rollup_rows.h"
#include "lib/metering/contributions.h"
#include "lib/metering/kept_meters.h"
#include "lib/query/reads.h"
#include "lib/storage/database.h"
#include "tallystick/uuid.h"

namespace tallystick::query {

// Reads an account's events in order of time. All that a day's events make is complete when the day is over, so memory
// holds what some days make, and less when it would be too much: then the day is read several times, each time for a
// share of the keys, by a hash of them.
class ExpectedRollups {
 public:
  using Expected = std::variant<std::monostate, CellRow, ValueRow>;  // never the first, for who sees it
  struct Row {
    std::string_view key{};
    const metering::KeptMeter* meter = nullptr;
    const Expected* row = nullptr;
  };
  struct Callbacks {
    // Every row once, in batches that are in the order of the keys. Texts and rows stay until it returns.
    std::function<absl::Status(absl::Span<const Row>)> rows{};
    // Now and then, the number of events read since the last time.
    std::function<void(std::uint64_t)> read{};
    // The key of an event with properties that do not decode, which then counts as none. May be null.
    std::function<void(std::string_view)> unreadable{};
  };

  static constexpr std::size_t kBytesMax = std::size_t{32} * 1024 * 1024;

  // Of meters of one account, by name; a meter that is being built has the events that its building has come to.
  // `bytes_max` is about what the rows may take in memory; a single one may take more.
  ExpectedRollups(const View& view, const std::vector<metering::StoredMeter>& meters,
                  std::size_t bytes_max = kBytesMax);

  // An event that does not decode counts as none.
  absl::Status Read(const Callbacks& callbacks);

 private:
  // Some of all keys: those whose hash has these bits where the mask has ones.
  struct Share {
    std::uint32_t mask = 0;  // ones from the lowest bit on
    std::uint32_t bits = 0;

    bool IsAll() const { return mask == 0; }
    bool Has(std::string_view key) const;
  };
  struct Entry {
    const metering::KeptMeter* meter = nullptr;
    std::uint32_t day = 0;
    Expected row{};
  };

  storage::RowIterator Rows(Instant from, Instant to) const;
  absl::Status AddEvent(const EventKey& position, std::string_view key, std::string_view value);
  void AddTo(const metering::Contribution& contribution, std::string_view customer_alias,
             const EventPosition& position);
  // Null for a key of another share.
  Expected* At(const std::string& key, const metering::KeptMeter& meter);
  absl::Status EndDay();
  absl::Status MakeRoom();
  void Halve();
  // What is complete: all but today's, or all.
  enum class Which { kBeforeToday, kAll };
  absl::Status HandOut(Which which);

  const View& view_;
  const Uuid account_;
  const std::size_t bytes_max_;
  metering::Contributions contributions_;
  absl::flat_hash_map<const metering::KeptMeter*, EventPosition> built_to_;  // of those that are being built

  const Callbacks* callbacks_ = nullptr;
  absl::flat_hash_map<std::string, Entry> expected_;
  std::size_t bytes_ = 0;
  std::uint32_t today_ = 0;
  Share share_;                     // of today
  std::vector<Share> shares_left_;  // of today, to be read later
  std::uint64_t events_read_ = 0;   // since the last call of Callbacks::read
  std::string key_;
};

}  // namespace tallystick::query

#endif  // TALLYSTICK_LIB_QUERY_EXPECTED_ROLLUPS_H_
