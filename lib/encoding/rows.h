// The values of every column family, as docs/FORMAT.md specifies them. Every decoder checks tag, length and what
// trails; what does not decode is DATA_LOSS.

#ifndef TALLYSTICK_LIB_ENCODING_ROWS_H_
#define TALLYSTICK_LIB_ENCODING_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/base/instant.h"
#include "lib/encoding/customer_event_id.h"
#include "lib/encoding/event_id.h"
#include "tallystick/uuid.h"

namespace tallystick {

// A row's tag: its first byte. Never reused.
enum class EventIdState : std::uint8_t {
  kLive = 1,
  // 2: expired (reserved for retention)
};

// A value of `event_ids`: which event is stored under this identity, and what it was. The row of `changes` at its
// sequence says where it is.
struct EventIdRow {
  EventIdState state = EventIdState::kLive;
  std::uint64_t sequence = 0;
  std::uint64_t fingerprint = 0;  // see fingerprint.h

  void AppendTo(std::string* out) const;
  static absl::StatusOr<EventIdRow> Decode(std::string_view value);
  friend bool operator==(const EventIdRow&, const EventIdRow&) = default;
};

// A value of `events`: all of the event that its key does not say. Decoded text views into the value.
struct EventRow {
  Receipt receipt{};
  std::optional<CustomerEventId> customer_event_id{};  // absent: the event's id is its identity
  std::string_view customer_alias{};
  std::string_view event_type{};
  std::string_view event_properties{};

  void AppendTo(std::string* out) const;
  std::size_t EncodedSize() const;
  // Writes the row's EncodedSize() bytes.
  void EncodeTo(char* out) const;
  // Where in an encoded row the part begins that fingerprint.h hashes: alias, type and properties, up to its end.
  std::size_t ContentOffset() const;
  // Where the alias's text begins.
  std::size_t AliasOffset() const { return ContentOffset() + 1; }
  // Replaces the receipt in an encoded row, which `row` points to: it is known last.
  static void SetReceipt(Receipt receipt, char* row);
  static absl::StatusOr<EventRow> Decode(std::string_view value);
};

// A value of `customers` is empty.

// A value of `changes`: which event entered at this sequence, and which one it replaced.
struct ChangeRow {
  struct Replaced {
    std::uint64_t sequence = 0;
    Receipt receipt{};
    friend bool operator==(const Replaced&, const Replaced&) = default;
  };
  Uuid account;
  Instant time{};
  Receipt receipt{};
  std::optional<Replaced> replaced{};

  void AppendTo(std::string* out) const;
  static absl::StatusOr<ChangeRow> Decode(std::string_view value);
  // The same, of the row to which one of `event_ids` has led: DATA_LOSS too for another account's event.
  static absl::StatusOr<ChangeRow> DecodeOf(const Uuid& account, std::uint64_t sequence, std::string_view value);
  friend bool operator==(const ChangeRow&, const ChangeRow&) = default;
};

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_ENCODING_ROWS_H_
