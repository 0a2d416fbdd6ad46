// What a store has promised, and whether it has kept it.
//
// Writers enter what they send before they send it, and what they were told when they are told; after a crash the store
// is held to that. The rules are those of the contract: what was acknowledged as synced is there; what is there is what
// the first commits give, up to one of them, in their order; nothing is half there.
//
// A ledger knows the content of everything that was sent, so that what is found can be traced to who sent it, also when
// nobody was told of it.

#ifndef TALLYSTICK_TESTS_CRASH_LEDGER_H_
#define TALLYSTICK_TESTS_CRASH_LEDGER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tallystick/store.h"

namespace tallystick::testing {

// An event as it is sent and as it is found: everything but what the store gives it.
struct SentEvent {
  Uuid account{};
  std::string id{};
  std::string alias{};
  std::string type{};
  absl::Time time{};
  std::string properties{};  // minified

  Event ToEvent() const {
    return {.customer_event_id = id,
            .customer_alias = alias,
            .event_type = type,
            .event_timestamp = time,
            .event_properties = properties};
  }
  std::string ToJson() const;
  friend bool operator==(const SentEvent&, const SentEvent&) = default;
};

// Thread-safe.
class Ledger {
 public:
  virtual ~Ledger() = default;

  // --- What was promised ---

  // A write that is about to be sent: its number.
  virtual std::size_t Begins(std::vector<SentEvent> events);
  // It was acknowledged: what it was told of each event.
  struct Told {
    std::uint64_t sequence = 0;
    bool unchanged = false;
  };
  virtual void Acknowledged(std::size_t write, const std::vector<Told>& told, bool synced);

  // A bulk write that is about to be sent, in inputs of so many events.
  virtual std::size_t BulkBegins(std::vector<SentEvent> events, std::size_t input);
  // So many of its events are on stable storage.
  virtual void BulkStored(std::size_t bulk, std::size_t events);

  // Up to which sequence something has been acknowledged: what a sync that begins now must cover.
  std::uint64_t acknowledged() const;
  // Everything up to this sequence is on stable storage, and will never be given out again.
  virtual void Synced(std::uint64_t sequence);

  // Declarations of meters, each under a name of its own.
  enum class MeterState { kDefining, kDefined, kDropping, kDropped };
  virtual void SetMeter(const Uuid& account, const std::string& name, MeterState state);

  // --- Whether it was kept ---

  enum class Crash {
    kPower,    // may lose what is not synced
    kProcess,  // may lose nothing that was acknowledged
  };
  // What is wrong with `store` after a crash; empty when nothing is.
  std::vector<std::string> Check(const Store& store, Crash crash);
  // From now on, what the last check found must be there.
  void Settle();

 private:
  using Identity = std::pair<Uuid, std::string>;
  struct Version {
    std::uint64_t sequence = 0;
    SentEvent event{};
  };
  struct Write {
    std::vector<SentEvent> events;
    std::vector<Told> told;  // empty until it was acknowledged
  };
  struct Bulk {
    std::vector<SentEvent> events;
    std::size_t input = 1;
    std::uint64_t after = 0;  // its sequences are greater
    std::size_t stored = 0;
  };
  struct Found {
    std::map<Identity, Version> events{};
    std::uint64_t last_sequence = 0;
    std::set<std::pair<Uuid, std::string>> meters{};
  };
  static absl::StatusOr<Found> Read(const Store& store, std::vector<std::string>* problems);

  bool IsKnown(const Identity& identity, std::uint64_t sequence) const;
  bool WasSent(const SentEvent& event) const;
  // Each adds what it finds wrong.
  void CheckAcknowledged(const Found& found, std::vector<std::string>* problems) const;
  void CheckUnacknowledged(const Write& write, const Found& found, std::vector<std::string>* problems) const;
  void CheckBulk(const Bulk& bulk, const Found& found, std::vector<std::string>* problems) const;
  void CheckMeters(const Store& store, Found* found, std::vector<std::string>* problems) const;

  mutable std::mutex mutex_;                           // guards all of the rest
  std::map<Identity, std::vector<Version>> versions_;  // that are known to have been stored
  std::vector<Write> writes_;
  std::vector<Bulk> bulks_;
  std::map<std::pair<Uuid, std::string>, MeterState> meters_;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t synced_ = 0;
  Found found_;  // by the last check
};

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_CRASH_LEDGER_H_
