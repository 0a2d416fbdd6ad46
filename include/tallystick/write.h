// What a write asks for and what it answers.
//
// Thread safety: plain values (thread-compatible).

#ifndef TALLYSTICK_WRITE_H_
#define TALLYSTICK_WRITE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "tallystick/event.h"
#include "tallystick/uuid.h"

namespace tallystick {

// What a successful write promises.
//   kSynced    the events are on stable storage: neither a process crash nor a machine crash loses them.
//   kBuffered  the events are with the operating system: a process crash loses nothing; a machine crash may lose the
//              newest writes, never older ones, and at most those of the last `Options::sync_interval`.
enum class Durability { kSynced, kBuffered };

// What becomes of a batch with rejected events: kPartial stores the valid ones, kAtomic stores nothing.
enum class BatchMode { kPartial, kAtomic };

struct WriteOptions {
  // Absent: `Options::durability`.
  std::optional<Durability> durability{};
  BatchMode mode = BatchMode::kPartial;
  // How long the call may take, from its start, but for the look-ups by id that it begins with. When it passes, the
  // write returns DEADLINE_EXCEEDED: the outcome is unknown (it may still be stored), and sending the same again is
  // safe for events that carry an id. Absent: `Options::write_timeout`.
  std::optional<absl::Duration> timeout{};
  // Whether results hold the events (`WriteResult::event`). Costs a copy of each.
  bool return_events = false;
};

enum class Outcome {
  kCreated,     // no event of that identity was stored; now one is
  kUnchanged,   // the same event was stored already: nothing was written
  kSuperseded,  // another event of that identity was stored; this one took its place in every index
  kRejected,    // the event breaks a rule: nothing was written for it
  kNotStored,   // valid, but its atomic batch held a rejected event
};

// "created", "unchanged", "superseded", "rejected", "not_stored".
std::string_view OutcomeName(Outcome outcome);

// Why an event was rejected. Where several reasons apply, the one reported is the first of: kTooLarge (the text is
// refused unread); kInvalidJson where, anywhere in the text, bytes are not UTF-8, a backslash stands outside of
// strings, or a string does not end, holds a raw control character, or begins right behind a word or number;
// kInvalidJson and kTooDeep at the first place where the text stops being an acceptable document; then the first fault
// of a field in the order in which the text (or `Event`) has its fields, and within eventProperties a key given twice
// before too many bytes; then missing fields, customerAlias before eventType; then kInFuture.
enum class RejectReason {
  kInvalidJson,   // not one valid RFC 8259 document in UTF-8, or a lone surrogate in an escape
  kTooDeep,       // nested deeper than `kJsonDepthMax`
  kTooLarge,      // text over `kEventJsonBytesMax`, or minified properties over `kPropertiesBytesMax`
  kMissingField,  // a required field is absent or null
  kWrongType,     // a field, or the document itself, is of another JSON type
  kInvalidValue,  // an empty or over-long string, a control character, not a timestamp
  kUnknownField,  // a field that the form does not have
  kDuplicateKey,  // a key given twice in the event or in the first level of its properties
  kInFuture,      // further ahead of now than `Options::future_limit`
};

// "invalid_json", "too_deep", ...: stable, for programs.
std::string_view RejectReasonName(RejectReason reason);

struct Rejection {
  RejectReason reason = RejectReason::kInvalidValue;
  std::string message{};                // for a person; names neither field nor offset
  std::string pointer{};                // RFC 6901 JSON pointer to the field; empty means the whole event
  std::optional<std::size_t> offset{};  // byte offset in the JSON text, where one is known

  // `/eventTimestamp: not a date-time with an offset (byte 57)`.
  std::string ToString() const;
};

// What became of one event.
struct WriteResult {
  Outcome outcome = Outcome::kRejected;
  // Of the event that is now stored (kCreated, kSuperseded) or was and is (kUnchanged); otherwise nil and 0.
  Uuid id{};
  std::uint64_t sequence = 0;
  absl::Time event_timestamp{};  // the stored one: it fills in for a request that had none
  // The event came without a customerEventId, so that its own id became its identity: sent again, it is stored again.
  bool identity_assigned = false;
  // kSuperseded: the id of the event that was replaced.
  std::optional<Uuid> superseded_id{};
  // With `WriteOptions::return_events`: the event that `id` names, as it was stored. Null without an `id`.
  std::shared_ptr<const OwnedEvent> event{};
  // kRejected: why.
  std::optional<Rejection> rejection{};
};

}  // namespace tallystick

#endif  // TALLYSTICK_WRITE_H_
