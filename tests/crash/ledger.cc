#include "tests/crash/ledger.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "tests/support/stored.h"

namespace tallystick::testing {
namespace {

std::string Describe(const SentEvent& event) { return "'" + event.id + "' " + event.properties; }
std::string Describe(std::uint64_t sequence, const SentEvent& event) {
  return "#" + std::to_string(sequence) + " " + Describe(event);
}

// For each identity, which event of a batch is the last one of it, of those before `limit`.
std::map<std::pair<Uuid, std::string>, std::size_t> LastOfEach(const std::vector<SentEvent>& events,
                                                               std::size_t limit) {
  std::map<std::pair<Uuid, std::string>, std::size_t> last;
  for (std::size_t i = 0; i < limit; ++i) last[{events[i].account, events[i].id}] = i;
  return last;
}

}  // namespace

std::string SentEvent::ToJson() const {
  std::string json = R"({"customerEventId":)";
  AppendJsonString(id, &json);
  json += R"(,"customerAlias":)";
  AppendJsonString(alias, &json);
  json += R"(,"eventType":)";
  AppendJsonString(type, &json);
  return json + R"(,"eventTimestamp":")" + FormatTimestamp(time) + R"(","eventProperties":)" + properties + "}";
}

// --- What was promised ---

std::size_t Ledger::Begins(std::vector<SentEvent> events) {
  const std::lock_guard lock(mutex_);
  writes_.push_back({.events = std::move(events), .told = {}});
  return writes_.size() - 1;
}

void Ledger::Acknowledged(std::size_t write, const std::vector<Told>& told, bool synced) {
  const std::lock_guard lock(mutex_);
  const std::vector<SentEvent>& events = writes_[write].events;
  for (std::size_t i = 0; i < told.size(); ++i) {
    versions_[{events[i].account, events[i].id}].push_back({.sequence = told[i].sequence, .event = events[i]});
    acknowledged_ = std::max(acknowledged_, told[i].sequence);
    if (synced) synced_ = std::max(synced_, told[i].sequence);
  }
  writes_[write].told = told;
}

std::size_t Ledger::BulkBegins(std::vector<SentEvent> events, std::size_t input) {
  const std::lock_guard lock(mutex_);
  bulks_.push_back({.events = std::move(events), .input = input, .after = acknowledged_});
  return bulks_.size() - 1;
}

void Ledger::BulkStored(std::size_t bulk, std::size_t events) {
  const std::lock_guard lock(mutex_);
  bulks_[bulk].stored = events;
}

std::uint64_t Ledger::acknowledged() const {
  const std::lock_guard lock(mutex_);
  return acknowledged_;
}

void Ledger::Synced(std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  synced_ = std::max(synced_, sequence);
}

void Ledger::SetMeter(const Uuid& account, const std::string& name, MeterState state) {
  const std::lock_guard lock(mutex_);
  meters_[{account, name}] = state;
}

// --- Whether it was kept ---

absl::StatusOr<Ledger::Found> Ledger::Read(const Store& store, std::vector<std::string>* problems) {
  const absl::StatusOr<VerifyReport> report = store.Verify();
  if (!report.ok()) return report.status();
  for (const Difference& difference : report->differences) {
    problems->push_back("verify: " + difference.family + " " + difference.key + ": " + difference.problem);
  }
  Found found{.last_sequence = report->last_sequence};
  ChangeIterator changes = store.Changes();
  for (; changes.Valid(); changes.Next()) {
    const StoredEvent& event = changes.change().event;
    Version version{.sequence = event.sequence,
                    .event = {.account = event.account,
                              .id = std::string(event.customer_event_id),
                              .alias = std::string(event.customer_alias),
                              .type = std::string(event.event_type),
                              .time = event.event_timestamp,
                              .properties = std::string(event.event_properties)}};
    if (event.sequence > report->last_sequence) {
      problems->push_back(Describe(event.sequence, version.event) + " is behind the last commit");
    }
    found.events.emplace(std::pair(event.account, version.event.id), std::move(version));
  }
  if (!changes.status().ok()) return changes.status();
  return found;
}

bool Ledger::IsKnown(const Identity& identity, std::uint64_t sequence) const {
  const auto versions = versions_.find(identity);
  return versions != versions_.end() && std::any_of(versions->second.begin(), versions->second.end(),
                                                    [&](const Version& v) { return v.sequence == sequence; });
}

bool Ledger::WasSent(const SentEvent& event) const {
  const auto among = [&event](const std::vector<SentEvent>& events) {
    return std::find(events.begin(), events.end(), event) != events.end();
  };
  return std::any_of(writes_.begin(), writes_.end(),
                     [&](const Write& write) { return write.told.empty() && among(write.events); }) ||
         std::any_of(bulks_.begin(), bulks_.end(), [&](const Bulk& bulk) { return among(bulk.events); });
}

std::vector<std::string> Ledger::Check(const Store& store, Crash crash) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> problems;
  absl::StatusOr<Found> found = Read(store, &problems);
  if (!found.ok()) return {"cannot be read: " + found.status().ToString()};
  const std::uint64_t promised = crash == Crash::kProcess ? std::max(acknowledged_, synced_) : synced_;
  if (found->last_sequence < promised) {
    problems.push_back("the last commit is #" + std::to_string(found->last_sequence) + ", but #" +
                       std::to_string(promised) + " was acknowledged");
  }
  CheckAcknowledged(*found, &problems);
  for (const Write& write : writes_) {
    if (write.told.empty()) CheckUnacknowledged(write, *found, &problems);
  }
  for (const Bulk& bulk : bulks_) CheckBulk(bulk, *found, &problems);
  CheckMeters(store, &*found, &problems);
  found_ = *std::move(found);
  return problems;
}

// Of each event, the newest version up to the last commit, or one that came later and that nobody was told of.
void Ledger::CheckAcknowledged(const Found& found, std::vector<std::string>* problems) const {
  for (const Write& write : writes_) {
    std::size_t lost = 0;
    std::size_t fresh = 0;
    for (const Told& told : write.told) {
      if (told.unchanged) continue;
      ++fresh;
      if (told.sequence > found.last_sequence) ++lost;
    }
    if (lost != 0 && lost != fresh) problems->push_back("half a batch, from " + Describe(write.events.front()));
  }
  for (const auto& [identity, versions] : versions_) {
    const Version* newest = nullptr;
    for (const Version& version : versions) {
      if (version.sequence > found.last_sequence) continue;
      if (newest == nullptr || version.sequence > newest->sequence) newest = &version;
    }
    if (newest == nullptr) continue;
    const auto event = found.events.find(identity);
    if (event == found.events.end()) {
      problems->push_back(Describe(newest->sequence, newest->event) + " is missing");
    } else if (event->second.sequence < newest->sequence) {
      problems->push_back(Describe(newest->sequence, newest->event) + " is missing; there is the older " +
                          Describe(event->second.sequence, event->second.event));
    } else if (event->second.sequence == newest->sequence && !(event->second.event == newest->event)) {
      problems->push_back(Describe(newest->sequence, newest->event) + " reads " + Describe(event->second.event));
    }
  }
  for (const auto& [identity, version] : found.events) {
    if (!IsKnown(identity, version.sequence) && !WasSent(version.event)) {
      problems->push_back(Describe(version.sequence, version.event) + " was never sent");
    }
  }
}

// All of it is there, or has been superseded since; or nothing is.
void Ledger::CheckUnacknowledged(const Write& write, const Found& found, std::vector<std::string>* problems) const {
  const auto last = LastOfEach(write.events, write.events.size());
  std::optional<std::uint64_t> first_sequence;  // at least
  for (const auto& [identity, i] : last) {
    const auto event = found.events.find(identity);
    if (event == found.events.end() || !(event->second.event == write.events[i])) continue;
    if (!IsKnown(identity, event->second.sequence)) first_sequence = event->second.sequence - i;
  }
  if (!first_sequence.has_value()) return;
  for (const auto& [identity, i] : last) {
    const auto event = found.events.find(identity);
    if (event == found.events.end() ||
        (event->second.sequence < *first_sequence && !(event->second.event == write.events[i]))) {
      problems->push_back("half a batch: it has not " + Describe(write.events[i]));
    }
  }
}

// The events of a bulk write up to the end of an input, or what superseded them since; and all that were reported.
void Ledger::CheckBulk(const Bulk& bulk, const Found& found, std::vector<std::string>* problems) const {
  std::map<std::string_view, std::size_t> places;  // by properties, which differ
  for (std::size_t i = 0; i < bulk.events.size(); ++i) places[bulk.events[i].properties] = i;
  // Which of its events is there.
  const auto place_of = [&](const Version& version) -> std::optional<std::size_t> {
    const auto place = places.find(version.event.properties);
    if (place == places.end() || !(bulk.events[place->second] == version.event)) return std::nullopt;
    return place->second;
  };
  std::size_t stored = bulk.stored;
  for (const auto& [identity, version] : found.events) {
    const std::optional<std::size_t> place = place_of(version);
    if (!place.has_value() || IsKnown(identity, version.sequence)) continue;
    stored = std::max(stored, std::min((*place / bulk.input + 1) * bulk.input, bulk.events.size()));
  }
  for (const auto& [identity, i] : LastOfEach(bulk.events, stored)) {
    const auto event = found.events.find(identity);
    const std::string what = "a bulk write of which " + std::to_string(stored) + " events are there, " +
                             std::to_string(bulk.stored) + " of them reported, has not ";
    if (event == found.events.end()) {
      problems->push_back(what + Describe(bulk.events[i]));
      continue;
    }
    const std::optional<std::size_t> place = place_of(event->second);
    if (place.has_value() ? *place < i : event->second.sequence <= bulk.after) {
      problems->push_back(what + Describe(bulk.events[i]) + "; there is " +
                          Describe(event->second.sequence, event->second.event));
    }
  }
}

void Ledger::CheckMeters(const Store& store, Found* found, std::vector<std::string>* problems) const {
  std::set<Uuid> accounts;
  for (const auto& [meter, state] : meters_) accounts.insert(meter.first);
  for (const Uuid& account : accounts) {
    const absl::StatusOr<std::vector<DeclaredMeter>> meters = store.Meters(account);
    if (!meters.ok()) {
      problems->push_back("meters: " + meters.status().ToString());
      continue;
    }
    for (const DeclaredMeter& meter : *meters) {
      found->meters.emplace(account, meter.name);
      if (!meters_.contains({account, meter.name})) problems->push_back("nobody declared " + meter.name);
      const absl::StatusOr<Usage> kept = store.Query({.account = account, .declared = meter.name});
      const absl::StatusOr<Usage> computed = store.Query({.account = account, .meter = meter.meter});
      if (!kept.ok() || !computed.ok()) {
        problems->push_back(meter.name + ": " + kept.status().ToString() + ", " + computed.status().ToString());
        continue;
      }
      const auto text_of = [](const Usage& usage) {
        std::string text;
        for (const UsageRow& row : usage.rows) text += row.value + " of " + std::to_string(row.count) + " ";
        return text;
      };
      if (text_of(*kept) != text_of(*computed)) {
        problems->push_back(meter.name + " is " + text_of(*kept) + ", but its events give " + text_of(*computed));
      }
    }
  }
  for (const auto& [meter, state] : meters_) {
    if (state == MeterState::kDefined && !found->meters.contains(meter))
      problems->push_back(meter.second + " is missing");
    if (state == MeterState::kDropped && found->meters.contains(meter)) problems->push_back(meter.second + " is back");
  }
}

void Ledger::Settle() {
  const std::lock_guard lock(mutex_);
  versions_.clear();
  for (const auto& [identity, version] : found_.events) versions_[identity].push_back(version);
  writes_.clear();
  bulks_.clear();
  for (auto& [meter, state] : meters_) {
    state = found_.meters.contains(meter) ? MeterState::kDefined : MeterState::kDropped;
  }
  acknowledged_ = synced_ = found_.last_sequence;
}

}  // namespace tallystick::testing
