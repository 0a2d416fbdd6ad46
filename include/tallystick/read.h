// Reading: ranges of events by time, and the change feed.
//
// An iterator reads one consistent snapshot, taken when it is made, for as long as it lives; writers go on beside it.
// It keeps what it needs of the store alive, but holds back space on disk, so let go of it when done.
//
//   tallystick::EventIterator events = store->Scan({.account = account, .from = october, .to = november});
//   for (; events.Valid(); events.Next()) Use(events.event());
//   if (!events.status().ok()) return events.status();
//
// Thread safety: an iterator is thread-compatible; different iterators of one store may be used by different threads.

#ifndef TALLYSTICK_READ_H_
#define TALLYSTICK_READ_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tallystick/event.h"
#include "tallystick/uuid.h"

namespace tallystick {

enum class Direction { kAscending, kDescending };

struct ScanOptions {
  Uuid account{};
  // The range is [from, to): `from` is included, `to` is not. The defaults leave both ends open. `from` at or after
  // `to` is an empty range.
  absl::Time from = absl::InfinitePast();
  absl::Time to = absl::InfiniteFuture();
  // Only events of one of these types; empty means all.
  std::vector<std::string> event_types{};
  // Only events of one of these customers; empty means all. The cost is then in proportion to these customers' events
  // in the range, not to everybody's.
  std::vector<std::string> customer_aliases{};
  // Order by (eventTimestamp, sequence).
  Direction direction = Direction::kAscending;
  // At most this many events.
  std::optional<std::uint64_t> limit{};
  // Go on behind the page that returned this cursor; empty means from the start. A cursor is bound to its store,
  // account, direction and filters; used with others, or altered, the scan fails with INVALID_ARGUMENT. The range may
  // differ.
  std::string cursor{};
};

namespace internal {
class EventSource;
class ChangeSource;
}  // namespace internal

// Walks the events of a scan. See `Store::Scan`.
class EventIterator {
 public:
  explicit EventIterator(std::unique_ptr<internal::EventSource> source);
  explicit EventIterator(absl::Status status);  // without an event
  EventIterator(EventIterator&&) noexcept;
  EventIterator& operator=(EventIterator&&) noexcept;
  ~EventIterator();

  // Whether there is a current event. False at the end and after an error: look at `status()` to tell.
  bool Valid() const;

  // Goes on to the next one. Requires `Valid()`; otherwise it does nothing.
  void Next();

  // The current event, whose text is valid until `Next()`. Requires `Valid()`.
  const StoredEvent& event() const;

  // OK, or why the scan stopped. INVALID_ARGUMENT: a cursor that does not belong here. DATA_LOSS: a stored row does not
  // decode or its checksum differs (the row is never left out). FAILED_PRECONDITION: the store is closed.
  absl::Status status() const;

  // After a scan that `limit` cut short: where to go on. Absent when no further event matched.
  std::optional<std::string> cursor() const;

  // Cursors of the current event, whatever the limit; require `Valid()`. A scan of the same account and filters goes on
  // behind the event with the first, in the direction of this scan; and with the second, in the opposite direction,
  // with what lies before the event.
  std::string CursorBehind() const;
  std::string CursorBefore() const;

 private:
  std::unique_ptr<internal::EventSource> source_;
  absl::Status status_;  // when there is no source
};

struct ChangesOptions {
  // Changes with a greater sequence only: the last one that the reader has dealt with; 0 is the beginning.
  std::uint64_t after = 0;
  // The history (`Store::history().id`) in which the store gave `after`. Another store, or one that has been restored
  // from a backup since, refuses the position: INVALID_ARGUMENT, and the reader begins anew. Absent: not asked.
  std::optional<Uuid> history{};
  // Only this account's changes. Absent: all accounts', for a reader that may see them all. The cost is that of the
  // whole feed either way.
  std::optional<Uuid> account{};
  // At most this many changes.
  std::optional<std::uint64_t> limit{};
};

// An event entered the store.
struct Change {
  struct Replaced {
    Uuid id{};
    std::uint64_t sequence = 0;
  };
  // `event.sequence` is the position of the change.
  StoredEvent event;
  // The event of the same identity that this one replaced.
  std::optional<Replaced> replaced;
};

// Walks the change feed: each stored event once, at its latest sequence, in commit order. A superseded event is not in
// the feed any more; the one that took its place is, at a later sequence. See `Store::Changes`.
class ChangeIterator {
 public:
  explicit ChangeIterator(std::unique_ptr<internal::ChangeSource> source);
  ChangeIterator(absl::Status status, std::uint64_t position);  // without a change
  ChangeIterator(ChangeIterator&&) noexcept;
  ChangeIterator& operator=(ChangeIterator&&) noexcept;
  ~ChangeIterator();

  bool Valid() const;

  // Goes on to the next one. Requires `Valid()`; otherwise it does nothing.
  void Next();

  // The current change, whose text is valid until `Next()`. Requires `Valid()`.
  const Change& change() const;

  absl::Status status() const;

  // The sequence up to which this iterator has shown everything: what to give as `after` next time. While `Valid()`, it
  // is that of the current change; at the end it may be greater than that of the last one shown. After an error it is
  // that of the last one shown, and `ChangesOptions::after` before the first.
  std::uint64_t position() const;

 private:
  std::unique_ptr<internal::ChangeSource> source_;
  absl::Status status_;         // when there is no source
  std::uint64_t position_ = 0;  // likewise
};

}  // namespace tallystick

#endif  // TALLYSTICK_READ_H_
