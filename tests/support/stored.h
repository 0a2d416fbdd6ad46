// What reads return, as values that compare and print.

#ifndef TALLYSTICK_TESTS_SUPPORT_STORED_H_
#define TALLYSTICK_TESTS_SUPPORT_STORED_H_

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tallystick/store.h"

namespace tallystick::testing {

// Account number n, and never the nil UUID.
inline Uuid Account(std::uint8_t n) {
  Uuid account;
  account.bytes[0] = 0xac;
  account.bytes[15] = n;
  return account;
}

struct Stored {
  Uuid id{};
  Uuid account{};
  std::string customer_event_id{};
  std::string customer_alias{};
  std::string event_type{};
  absl::Time event_timestamp{};
  std::string event_properties{};
  absl::Time received{};
  std::uint64_t sequence = 0;

  Stored() = default;
  explicit Stored(const StoredEvent& event)
      : id(event.id),
        account(event.account),
        customer_event_id(event.customer_event_id),
        customer_alias(event.customer_alias),
        event_type(event.event_type),
        event_timestamp(event.event_timestamp),
        event_properties(event.event_properties),
        received(event.received),
        sequence(event.sequence) {}

  friend bool operator==(const Stored&, const Stored&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Stored& event) {
    return out << "#" << event.sequence << " " << event.id.ToString() << " account " << event.account.ToString()
               << " id '" << event.customer_event_id << "' alias '" << event.customer_alias << "' type '"
               << event.event_type << "' at " << FormatTimestamp(event.event_timestamp) << " received "
               << FormatTimestamp(event.received) << " " << event.event_properties;
  }
};

struct StoredChange {
  Stored event{};
  std::optional<std::pair<std::uint64_t, Uuid>> replaced{};

  friend bool operator==(const StoredChange&, const StoredChange&) = default;
  friend std::ostream& operator<<(std::ostream& out, const StoredChange& change) {
    out << change.event;
    if (change.replaced) out << " in place of #" << change.replaced->first << " " << change.replaced->second.ToString();
    return out;
  }
};

inline absl::StatusOr<std::vector<Stored>> ReadAll(EventIterator events) {
  std::vector<Stored> all;
  for (; events.Valid(); events.Next()) all.emplace_back(events.event());
  if (!events.status().ok()) return events.status();
  return all;
}

inline StoredChange ToStored(const Change& change) {
  StoredChange stored{.event = Stored(change.event)};
  if (change.replaced) stored.replaced.emplace(change.replaced->sequence, change.replaced->id);
  return stored;
}

inline absl::StatusOr<std::vector<StoredChange>> ReadAll(ChangeIterator changes) {
  std::vector<StoredChange> all;
  for (; changes.Valid(); changes.Next()) all.push_back(ToStored(changes.change()));
  if (!changes.status().ok()) return changes.status();
  return all;
}

// The ids of a scan, in its order: what most tests look at.
inline absl::StatusOr<std::vector<std::string>> Ids(EventIterator events) {
  std::vector<std::string> ids;
  for (; events.Valid(); events.Next()) ids.emplace_back(events.event().customer_event_id);
  if (!events.status().ok()) return events.status();
  return ids;
}

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_STORED_H_
