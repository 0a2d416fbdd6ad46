// A month of made-up usage: events as JSON text, and the exact answers that queries over them must give.
//
// Everything follows from the options by integer arithmetic of this file's own, so each machine and library makes the
// same text. An event costs about half a microsecond.
//
//   UsageEvents events({.events = 1'000'000});
//   for (Batch batch; events.Next(1000, &batch);) store->WriteJson(account, batch.documents).IgnoreError();
//   Expect(events.answers().total(kMessageSent).hundredths);
//
// Thread safety: thread-compatible.

#ifndef TALLYSTICK_BENCH_EVENTS_H_
#define TALLYSTICK_BENCH_EVENTS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"

namespace tallystick::bench {

// The types, and how many of a hundred events each has.
struct EventType {
  std::string_view name;
  std::uint32_t percent;
};
inline constexpr std::array<EventType, 5> kEventTypes = {
    {{"message-sent", 50}, {"api-call", 25}, {"file-stored", 12}, {"job-run", 8}, {"seat-active", 5}}};
inline constexpr std::size_t kMessageSent = 0;  // in kEventTypes

// The values of the property "region", in order, and how many of a hundred events each has.
struct Region {
  std::string_view name;
  std::uint32_t percent;
};
inline constexpr std::array<Region, 4> kRegions = {
    {{"ap-south", 10}, {"eu-central", 40}, {"us-east", 30}, {"us-west", 20}}};

inline constexpr std::uint32_t kUsers = 50'000;  // values of the property "user", equally frequent
inline constexpr int kDays = 31;                 // October 2026, in UTC

absl::Time MonthStart();

// customerEventId.
enum class IdForm {
  kRandom,      // a random UUID
  kSequential,  // `event-000000000042`
  kUuidV7,      // the event's time to the millisecond, then random bits
};

// In which order events are sent.
enum class TimeOrder {
  kMostly,  // by time, each up to 30 s late
  kRandom,  // any event of the month may be the next
};

struct UsageOptions {
  // How many different events are sent.
  std::uint64_t events = 1'000'000;
  // Of a thousand events, how many are followed by a correction of an earlier one, of whatever age: another event of
  // the same id, customer, type and user, with another amount and region, and another time within 30 s.
  std::uint32_t corrections_per_mille = 10;
  // The k-th customer has a share of the events in proportion to 1 / k.
  std::uint32_t customers = 1'000;
  IdForm ids = IdForm::kUuidV7;
  TimeOrder order = TimeOrder::kMostly;
  // The number of the first event. Of two generators with the same seed, those with numbers apart send different ids.
  std::uint64_t first = 0;
  std::uint64_t seed = 1;
};

// `customer` counts from 0, the one with the most events.
std::string CustomerAlias(std::uint32_t customer);

// Events to be sent together.
struct Batch {
  Batch() = default;
  // What was moved still has its text at the same address, which a short std::string would not.
  Batch(Batch&&) = default;
  Batch& operator=(Batch&&) = default;

  std::vector<char> text;
  std::vector<std::string_view> documents;  // in `text`
};

// What some stored events have in common: how many they are, and the sum of their property "amount".
struct Total {
  std::uint64_t events = 0;
  std::int64_t hundredths = 0;
};

// What a store holds that has been sent all batches so far. Types, regions, customers and days count from 0.
class Answers {
 public:
  explicit Answers(std::uint32_t customers);

  std::uint64_t created() const { return created_; }
  std::uint64_t superseded() const { return superseded_; }

  Total total(std::size_t type) const;
  Total total(std::size_t type, std::size_t region) const { return by_region_[type][region]; }
  Total total(std::size_t type, std::uint32_t customer, int day) const { return by_day_[CellOf(type, customer, day)]; }
  std::uint64_t customer_events(std::uint32_t customer) const;  // of all types
  std::uint64_t users(std::size_t type) const { return users_[type]; }

 private:
  friend class UsageEvents;

  std::size_t CellOf(std::size_t type, std::uint32_t customer, int day) const {
    return (type * customers_ + customer) * kDays + static_cast<std::size_t>(day);
  }

  std::uint32_t customers_;
  std::uint64_t created_ = 0;
  std::uint64_t superseded_ = 0;
  std::array<std::array<Total, kRegions.size()>, kEventTypes.size()> by_region_{};
  std::vector<Total> by_day_;
  std::array<std::vector<bool>, kEventTypes.size()> user_seen_;
  std::array<std::uint64_t, kEventTypes.size()> users_{};
};

class UsageEvents {
 public:
  explicit UsageEvents(const UsageOptions& options);

  // Makes `*batch` the next events, at most `size` of them. False, and no event, when all have been sent.
  bool Next(std::size_t size, Batch* batch);

  const Answers& answers() const { return answers_; }

 private:
  struct Content;

  // What the event of this number is in its version, 0 being the first. The same each time it is asked for.
  Content ContentOf(std::uint64_t number, std::uint32_t version) const;
  void Count(const Content& content, int sign);
  void AppendJson(const Content& content, std::vector<char>* out) const;

  const UsageOptions options_;
  std::vector<std::uint64_t> customer_shares_;                  // running totals
  std::uint64_t sent_ = 0;                                      // different events
  std::optional<std::uint64_t> correct_next_;                   // the number of the event
  absl::flat_hash_map<std::uint64_t, std::uint32_t> versions_;  // of the events that were corrected, by number
  Answers answers_;
};

}  // namespace tallystick::bench

#endif  // TALLYSTICK_BENCH_EVENTS_H_
