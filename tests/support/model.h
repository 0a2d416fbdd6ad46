// The plain reference of a store: a map, and what docs and contract say about it, in as few lines as it takes.

#ifndef TALLYSTICK_TESTS_SUPPORT_MODEL_H_
#define TALLYSTICK_TESTS_SUPPORT_MODEL_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tallystick/store.h"
#include "tests/support/stored.h"

namespace tallystick::testing {

// An event as a test makes it up.
struct NewEvent {
  std::optional<std::string> customer_event_id{};
  std::string customer_alias{};
  std::string event_type{};
  std::optional<absl::Time> event_timestamp{};
  std::string event_properties{};  // as sent
  std::string minified{};          // as stored
  std::optional<RejectReason> invalid{};

  Event ToEvent() const {
    return {.customer_event_id = customer_event_id,
            .customer_alias = customer_alias,
            .event_type = event_type,
            .event_timestamp = event_timestamp,
            .event_properties = event_properties};
  }
  std::string ToJson() const {
    std::string json = "{ ";
    const auto add = [&json](std::string_view name, std::string_view text) {
      json.append("\"").append(name).append("\" : ");
      AppendJsonString(text, &json);
      json += ",\n";
    };
    if (customer_event_id) add("customerEventId", *customer_event_id);
    add("customerAlias", customer_alias);
    if (event_timestamp) add("eventTimestamp", FormatTimestamp(*event_timestamp));
    if (!event_properties.empty()) json += "\"eventProperties\": " + event_properties + ",";
    add("eventType", event_type);
    json.erase(json.size() - 2);  // the last comma and line end
    return json + "}";
  }
};

class Model {
 public:
  // Checks what the store answered to a batch against what it had to answer, and takes the batch in.
  void Apply(const Uuid& account, const std::vector<NewEvent>& events, BatchMode mode, absl::Time now,
             const std::vector<WriteResult>& results) {
    ASSERT_EQ(results.size(), events.size());
    const bool refused = mode == BatchMode::kAtomic &&
                         std::any_of(events.begin(), events.end(), [](const auto& e) { return e.invalid.has_value(); });
    for (std::size_t i = 0; i < events.size(); ++i) {
      SCOPED_TRACE("event " + std::to_string(i) + " of the batch");
      ApplyOne(account, events[i], refused, now, results[i]);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }

  const Stored* Find(const Uuid& account, const std::string& customer_event_id) const {
    const auto found = live_.find({account, customer_event_id});
    return found == live_.end() ? nullptr : &found->second.event;
  }

  std::vector<Stored> Scan(const ScanOptions& options) const {
    const auto among = [](const std::vector<std::string>& wanted, const std::string& name) {
      return wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end();
    };
    std::vector<Stored> found;
    for (const auto& [identity, change] : live_) {
      const Stored& event = change.event;
      if (event.account == options.account && event.event_timestamp >= options.from &&
          event.event_timestamp < options.to && among(options.event_types, event.event_type) &&
          among(options.customer_aliases, event.customer_alias)) {
        found.push_back(event);
      }
    }
    std::sort(found.begin(), found.end(), [](const Stored& a, const Stored& b) {
      return std::pair(a.event_timestamp, a.sequence) < std::pair(b.event_timestamp, b.sequence);
    });
    if (options.direction == Direction::kDescending) std::reverse(found.begin(), found.end());
    if (options.limit && found.size() > *options.limit) found.resize(*options.limit);
    return found;
  }

  std::vector<StoredChange> Changes(const ChangesOptions& options) const {
    std::vector<StoredChange> found;
    for (const auto& [identity, change] : live_) {
      if (change.event.sequence > options.after && (!options.account || change.event.account == *options.account)) {
        found.push_back(change);
      }
    }
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.event.sequence < b.event.sequence; });
    if (options.limit && found.size() > *options.limit) found.resize(*options.limit);
    return found;
  }

  std::size_t size() const { return live_.size(); }
  std::uint64_t last_sequence() const { return last_sequence_; }
  const std::map<std::pair<Uuid, std::string>, StoredChange>& live() const { return live_; }

 private:
  void ApplyOne(const Uuid& account, const NewEvent& event, bool refused, absl::Time now, const WriteResult& result) {
    if (event.invalid) {
      ASSERT_EQ(result.outcome, Outcome::kRejected);
      ASSERT_TRUE(result.rejection.has_value());
      EXPECT_EQ(RejectReasonName(result.rejection->reason), RejectReasonName(*event.invalid));
      return;
    }
    if (refused) {
      EXPECT_EQ(OutcomeName(result.outcome), OutcomeName(Outcome::kNotStored));
      return;
    }
    EXPECT_EQ(result.identity_assigned, !event.customer_event_id.has_value());
    const std::string id_text = event.customer_event_id.value_or(result.id.ToString());
    const auto found = live_.find({account, id_text});
    if (found != live_.end()) {
      const Stored& old = found->second.event;
      if (old.customer_alias == event.customer_alias && old.event_type == event.event_type &&
          old.event_properties == event.minified &&
          event.event_timestamp.value_or(old.event_timestamp) == old.event_timestamp) {
        ASSERT_EQ(OutcomeName(result.outcome), OutcomeName(Outcome::kUnchanged)) << old;
        EXPECT_EQ(result.id, old.id);
        EXPECT_EQ(result.sequence, old.sequence);
        EXPECT_EQ(result.event_timestamp, old.event_timestamp);
        EXPECT_FALSE(result.superseded_id.has_value());
        return;
      }
    }
    StoredChange change;
    change.event.id = result.id;
    change.event.account = account;
    change.event.customer_event_id = id_text;
    change.event.customer_alias = event.customer_alias;
    change.event.event_type = event.event_type;
    change.event.event_timestamp = event.event_timestamp.value_or(now);
    change.event.event_properties = event.minified;
    change.event.received = ReceivedAt(result.id);
    change.event.sequence = result.sequence;
    EXPECT_EQ(result.event_timestamp, change.event.event_timestamp);
    EXPECT_GT(result.sequence, last_sequence_);
    EXPECT_GT(result.id, last_id_);
    if (found == live_.end()) {
      ASSERT_EQ(OutcomeName(result.outcome), OutcomeName(Outcome::kCreated));
      EXPECT_FALSE(result.superseded_id.has_value());
    } else {
      const Stored& old = found->second.event;
      ASSERT_EQ(OutcomeName(result.outcome), OutcomeName(Outcome::kSuperseded)) << old;
      EXPECT_EQ(result.superseded_id, old.id);
      change.replaced.emplace(old.sequence, old.id);
    }
    last_sequence_ = result.sequence;
    last_id_ = result.id;
    live_[{account, id_text}] = change;
  }

  // RFC 9562 section 5.7: milliseconds in 48 bits; then, by section 6.2 method 3, 4096ths of one in the 12 bits behind
  // the version.
  static absl::Time ReceivedAt(const Uuid& id) {
    std::int64_t milliseconds = 0;
    for (std::size_t i = 0; i < 6; ++i) milliseconds = milliseconds * 256 + id.bytes[i];
    const std::int64_t ticks = (id.bytes[6] & 0x0f) * 256 + id.bytes[7];
    return absl::FromUnixMillis(milliseconds) + absl::Nanoseconds(ticks * 1'000'000 / 4096);  // whole nanoseconds
  }

  std::map<std::pair<Uuid, std::string>, StoredChange> live_;
  std::uint64_t last_sequence_ = 0;
  Uuid last_id_{};
};

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_MODEL_H_
