// What `Store::Salvage` could save of a damaged store, and what it could not.
//
// Thread safety: plain values (thread-compatible).

#ifndef TALLYSTICK_SALVAGE_H_
#define TALLYSTICK_SALVAGE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tallystick/uuid.h"

namespace tallystick {

// A file of the damaged store, or a part of it, that cannot be read.
struct UnreadablePart {
  std::string file{};     // its name in data/; empty where `problem` names it, or it is rows of several
  std::string family{};   // whose rows it has, where that could be read; empty for a log
  std::string problem{};  // where, and what is wrong
};

// An event that was stored, and whose record cannot be read.
struct LostEvent {
  std::uint64_t sequence = 0;
  std::optional<Uuid> account{};                   // known by its id, or by the change feed
  std::optional<std::string> customer_event_id{};  // where its row can be read
  std::optional<absl::Time> event_timestamp{};     // likewise, that of the change feed
};

// A meter that was declared.
struct SalvagedMeter {
  Uuid account{};
  std::string name{};
  bool declared = false;  // in the new store as well; otherwise its row does not decode
};

struct SalvageReport {
  std::uint64_t events = 0;  // in the new store

  std::vector<UnreadablePart> unreadable{};

  std::uint64_t lost_count = 0;
  std::vector<LostEvent> lost{};  // the first 10,000, by sequence
  // Whether all the events that were lost are counted: the store opens, and no part of a log, or of the index of ids,
  // is unreadable, in which an event can be lost without a trace.
  bool lost_all_known = true;

  std::vector<SalvagedMeter> meters{};

  // Everything that the store had is in the new one.
  bool complete() const { return unreadable.empty() && lost_count == 0; }
};

struct SalvageOptions {
  // Called now and then with the rows read, then with the events written.
  std::function<void(std::uint64_t rows_read, std::uint64_t events_written)> progress{};
};

}  // namespace tallystick

#endif  // TALLYSTICK_SALVAGE_H_
