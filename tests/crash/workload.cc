#include "tests/crash/workload.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "lib/base/status_macros.h"
#include "tests/support/bulk.h"
#include "tests/support/stored.h"

namespace tallystick::testing {
namespace {

constexpr std::uint64_t kIds = 80;
constexpr std::size_t kMetersMax = 2;  // of a worker
constexpr std::size_t kBulkInput = 50;

// Few enough that most events meet an older one. Ids that are UUIDs are stored in a form of their own.
std::string IdOf(std::uint64_t n) {
  if (n % 3 != 0) return "event-" + std::to_string(n);
  return "0184421a-8202-70ea-a729-30308a40bb" + std::to_string(n % 90 + 10);
}

}  // namespace

std::vector<std::string> WorkerIds() {
  std::vector<std::string> ids;
  for (std::uint64_t n = 0; n < kIds; ++n) ids.push_back(IdOf(n));
  return ids;
}

std::vector<SentEvent> Worker::MakeEvents(std::size_t count) {
  std::vector<SentEvent> events;
  const Uuid account = Account(static_cast<std::uint8_t>(1 + random_.Below(2)));
  while (events.size() < count) {
    const std::uint64_t tag = number_ * 1'000'000 + ++made_;
    events.push_back({.account = account,
                      .id = IdOf(random_.Below(kIds)),
                      .alias = "customer-" + std::to_string(random_.Below(5)),
                      .type = "type-" + std::to_string(random_.Below(2)),
                      .time = absl::FromUnixSeconds(1'760'000'000 + static_cast<std::int64_t>(random_.Below(200'000))),
                      .properties = R"({"n":)" + std::to_string(tag) + R"(,"text":")" +
                                    std::string(random_.Below(200), 'x') + R"("})"});
  }
  return events;
}

absl::Status Worker::Run(Store* store, int operations) {
  for (int i = 0; i < operations; ++i) {
    absl::Status status;
    switch (random_.Below(16)) {
      case 0:
        status = Load(store);
        break;
      case 1:
        status = Sync(store);
        break;
      case 2:
        status = Follow(store);
        break;
      case 3:
        status = meters_.size() < kMetersMax ? Define(store) : Drop(store);
        break;
      case 4:
        if (!sent_.empty()) status = Write(store, random_.PickFrom(sent_));
        break;
      default:
        status = Write(store, MakeEvents(1 + random_.Below(random_.OneIn(8) ? 100 : 10)));
        break;
    }
    TALLYSTICK_RETURN_IF_ERROR(status);
  }
  return absl::OkStatus();
}

absl::Status Worker::Write(Store* store, std::vector<SentEvent> events) {
  const Durability durability = random_.OneIn(2) ? Durability::kSynced : Durability::kBuffered;
  const WriteOptions options{
      .durability = durability,
      .timeout = random_.OneIn(4) ? std::optional(absl::Hours(1)) : std::nullopt,  // another thread does the work then
  };
  const std::size_t write = ledger_.Begins(events);
  absl::StatusOr<std::vector<WriteResult>> results;
  if (random_.OneIn(2)) {
    std::vector<Event> views;
    for (const SentEvent& event : events) views.push_back(event.ToEvent());
    results = store->Write(events.front().account, views, options);
  } else {
    std::vector<std::string> texts;
    for (const SentEvent& event : events) texts.push_back(event.ToJson());
    const std::vector<std::string_view> documents(texts.begin(), texts.end());
    results = store->WriteJson(events.front().account, documents, options);
  }
  TALLYSTICK_RETURN_IF_ERROR(results.status());
  std::vector<Ledger::Told> told;
  for (const WriteResult& result : *results) {
    told.push_back({.sequence = result.sequence, .unchanged = result.outcome == Outcome::kUnchanged});
  }
  ledger_.Acknowledged(write, told, durability == Durability::kSynced);
  sent_.push_back(std::move(events));
  return absl::OkStatus();
}

absl::Status Worker::Load(Store* store) {
  const std::vector<SentEvent> events = MakeEvents(50 + random_.Below(400));
  std::vector<std::string> documents;
  for (const SentEvent& event : events) documents.push_back(event.ToJson());
  const std::size_t bulk = ledger_.BulkBegins(events, kBulkInput);
  const BulkOptions options{
      .on_stored = [&](const BulkResult& so_far) { ledger_.BulkStored(bulk, so_far.read()); },
      .chunk_bytes = 64 * 1024,
      .threads = 1 + static_cast<int>(random_.Below(2)),
  };
  const auto result = store->WriteBulk(events.front().account, SourceOf(std::move(documents), kBulkInput), options);
  TALLYSTICK_RETURN_IF_ERROR(result.status());
  if (result->read() != events.size()) return absl::InternalError("a bulk write did not read its source to the end");
  ledger_.BulkStored(bulk, events.size());
  return absl::OkStatus();
}

absl::Status Worker::Sync(Store* store) {
  const std::uint64_t acknowledged = ledger_.acknowledged();
  TALLYSTICK_RETURN_IF_ERROR(store->Sync());
  ledger_.Synced(acknowledged);
  return absl::OkStatus();
}

// What the feed shows is on stable storage.
absl::Status Worker::Follow(Store* store) {
  ChangeIterator changes = store->Changes({.after = followed_});
  for (; changes.Valid(); changes.Next()) ledger_.Synced(changes.change().event.sequence);
  TALLYSTICK_RETURN_IF_ERROR(changes.status());
  followed_ = changes.position();
  return absl::OkStatus();
}

absl::Status Worker::Define(Store* store) {
  constexpr std::array kAggregations = {Aggregation::kSum, Aggregation::kCount, Aggregation::kMax,
                                        Aggregation::kUniqueCount, Aggregation::kLatest};
  const Aggregation aggregation = random_.PickFrom(kAggregations);
  const Meter meter = {.event_type = "type-" + std::to_string(random_.Below(2)),
                       .aggregation = aggregation,
                       .property = aggregation == Aggregation::kCount ? "" : "n"};
  const Uuid account = Account(static_cast<std::uint8_t>(1 + random_.Below(2)));
  const std::string name = "meter-" + std::to_string(number_ * 1'000'000 + ++made_);
  ledger_.SetMeter(account, name, Ledger::MeterState::kDefining);
  TALLYSTICK_RETURN_IF_ERROR(store->DefineMeter(account, name, meter).status());
  ledger_.SetMeter(account, name, Ledger::MeterState::kDefined);
  meters_.push_back({.account = account, .name = name});
  return random_.OneIn(2) ? store->AwaitMeter(account, name) : absl::OkStatus();
}

absl::Status Worker::Drop(Store* store) {
  const Declared meter = meters_.front();
  ledger_.SetMeter(meter.account, meter.name, Ledger::MeterState::kDropping);
  TALLYSTICK_RETURN_IF_ERROR(store->DropMeter(meter.account, meter.name));
  ledger_.SetMeter(meter.account, meter.name, Ledger::MeterState::kDropped);
  meters_.erase(meters_.begin());
  return absl::OkStatus();
}

absl::Status RunWorkers(std::vector<Worker>* workers, Store* store, int operations) {
  std::vector<absl::Status> statuses(workers->size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < workers->size(); ++i) {
    threads.emplace_back([&, i] { statuses[i] = (*workers)[i].Run(store, operations); });
  }
  for (std::thread& thread : threads) thread.join();
  const auto failed = std::find_if(statuses.begin(), statuses.end(), [](const auto& status) { return !status.ok(); });
  return failed == statuses.end() ? absl::OkStatus() : *failed;
}

}  // namespace tallystick::testing
