// The usage event: what a caller hands in (`Event`) and what a read gives back (`StoredEvent`).
//
// The form is that of Sequence's "Create usage event" API. Both types are views: they own nothing, and the text they
// name must outlive their use; `OwnedEvent` keeps it. Thread safety: plain values (thread-compatible).

#ifndef TALLYSTICK_EVENT_H_
#define TALLYSTICK_EVENT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tallystick/uuid.h"

namespace tallystick {

// Limits of one event, in bytes of UTF-8.
inline constexpr std::size_t kNameBytesMax = 255;                 // customerEventId, customerAlias, eventType: 1 to 255
inline constexpr std::size_t kPropertiesBytesMax = 1'048'576;     // eventProperties, minified
inline constexpr std::size_t kEventJsonBytesMax = 2 * 1'048'576;  // the JSON text of one event, as it arrives
inline constexpr int kJsonDepthMax = 64;                          // nesting; the event itself is level 1

// One usage event to be stored. See `Store::Put`.
struct Event {
  // The identity within the account, compared byte for byte. Absent: the event's own `id` serves as its identity, so
  // the event is new each time it is sent.
  std::optional<std::string_view> customer_event_id{};
  std::string_view customer_alias{};
  std::string_view event_type{};
  // Kept to the nanosecond (anything finer is cut off); must lie in years 0001 to 9999. Absent: the time of receipt.
  std::optional<absl::Time> event_timestamp{};
  // A JSON object's text; empty means `{}`. Stored minified, with every number and string kept as written.
  std::string_view event_properties{};
};

// One stored event, as reads return it.
struct StoredEvent {
  Uuid id{};  // UUIDv7, strictly increasing in the order of storing
  Uuid account{};
  std::string_view customer_event_id{};  // the text of `id` for an event that was stored without one
  std::string_view customer_alias{};
  std::string_view event_type{};
  absl::Time event_timestamp{};
  std::string_view event_properties{};  // minified
  absl::Time received{};                // when it was stored, to 1/4096 of a millisecond
  std::uint64_t sequence = 0;           // its place in the commit order of the whole store
};

// A stored event that owns its text.
class OwnedEvent {
 public:
  explicit OwnedEvent(const StoredEvent& event);
  OwnedEvent(const OwnedEvent& other) : OwnedEvent(other.event_) {}
  OwnedEvent& operator=(const OwnedEvent& other);
  OwnedEvent(OwnedEvent&&) noexcept = default;
  OwnedEvent& operator=(OwnedEvent&&) noexcept = default;

  const StoredEvent& operator*() const { return event_; }
  const StoredEvent* operator->() const { return &event_; }

 private:
  std::unique_ptr<char[]> text_;
  StoredEvent event_;
};

// The event as JSON on one line, without a line end: the response form of the "Create usage event" API, fields in its
// order. `AppendJson` adds to `*out`.
std::string ToJson(const StoredEvent& event);
void AppendJson(const StoredEvent& event, std::string* out);

// `text` as a JSON string, quotes included: `"` and `\` escaped, control characters as `\n`, `\t`, `\u001f` and so on.
// Bytes that are not UTF-8 become U+FFFD, so that the result is always valid JSON. Returns whether all of `text` was
// UTF-8.
bool AppendJsonString(std::string_view text, std::string* out);

// The elements of `text`, which is one JSON array: what `Store::WriteJson` takes for each event of a batch that came as
// an array. They are views of `text`, without the whitespace around them. Elements may be any JSON, and as deep as they
// like: whether one is an event is for the write to say, and what it rejects costs that one only.
//
//   INVALID_ARGUMENT  `text` is not one RFC 8259 document in UTF-8, or it is of another type; the message says where
//   OUT_OF_RANGE      there are more than `elements_max`; what is behind them was not looked at
//
// Memory: four bytes for each token of `text`, and some for each element.
absl::StatusOr<std::vector<std::string_view>> SplitJsonArray(std::string_view text, std::size_t elements_max);

// RFC 3339 date-time with an offset, to the nanosecond: `2022-10-01T02:00:00.5+02:00`. INVALID_ARGUMENT, with the
// reason, for anything else; the accepted range is years 0001 to 9999 in UTC, and second 60 only where a leap second
// can be (23:59:60 UTC on 30 June and 31 December; it reads as the next second).
absl::StatusOr<absl::Time> ParseTimestamp(std::string_view text);

// UTC with `Z` and 0, 3, 6 or 9 fractional digits, the fewest that lose nothing above a nanosecond. `time` must lie in
// years 0001 to 9999, as the time of every stored event does.
std::string FormatTimestamp(absl::Time time);

}  // namespace tallystick

#endif  // TALLYSTICK_EVENT_H_
