#include "lib/ingest/writer.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "lib/base/status_macros.h"
#include "lib/encoding/event_id.h"
#include "lib/ingest/lone_request.h"
#include "lib/metering/kept_meters.h"
#include "lib/metering/meter_reader.h"

namespace tallystick::ingest {
namespace {

using Clock = storage::CommitQueue::Clock;

constexpr bool kSync = true;

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;

// One call's text, copied: beyond it a batch would not fit the memory that goes with it several times over.
constexpr std::size_t kBatchTextBytesMax = 1024 * kMiB;

// With it, offsets into a batch's rows fit 32 bits: an event adds its text (its id twice) and less than 64 bytes.
constexpr std::size_t kBatchEventsMax = 16 * 1024 * 1024;

// A group commits this much at once; a larger single request goes alone. A few fsyncs' worth of log.
std::size_t GroupBytesMax(Profile profile) { return profile == Profile::kEdge ? 512 * kKiB : 4 * kMiB; }

// A group of its own is worth some ten events.
constexpr std::size_t kEarlyBytesMin = 8 * kKiB;

// How finely recent commits are told apart: enough that two writers of 10,000 events each look up few ids in vain.
std::size_t RecentSlots(Profile profile) { return profile == Profile::kEdge ? 1 << 13 : 1 << 18; }

// Of the cells of declared meters, those that commits change again and again: some hundred bytes each.
std::size_t RollupCacheBytes(Profile profile) { return profile == Profile::kEdge ? kMiB : 32 * kMiB; }

Clock::time_point DeadlineAfter(absl::Duration timeout) {
  // A timeout so long that it cannot pass is none.
  if (timeout > absl::Hours(24 * 365)) return Clock::time_point::max();
  return Clock::now() + absl::ToChronoNanoseconds(timeout);
}

absl::Status DeadlinePassed() {
  return absl::DeadlineExceededError("the write's timeout passed before it began; nothing was stored");
}

// An event in the form of the API, by the same rules as one in JSON.
std::optional<Rejection> ReadEvent(const Event& event, EventParser* parser, ParsedEvent* parsed) {
  if (event.customer_event_id.has_value()) {
    if (auto rejection = CheckName(*event.customer_event_id, "/customerEventId")) return rejection;
  }
  if (auto rejection = CheckName(event.customer_alias, "/customerAlias")) return rejection;
  if (auto rejection = CheckName(event.event_type, "/eventType")) return rejection;
  parsed->customer_event_id = event.customer_event_id;
  parsed->customer_alias = event.customer_alias;
  parsed->event_type = event.event_type;
  parsed->event_timestamp.reset();
  if (event.event_timestamp.has_value()) {
    parsed->event_timestamp = Instant::FromTime(*event.event_timestamp);
    if (!parsed->event_timestamp.has_value()) {
      return Rejection{.reason = RejectReason::kInvalidValue,
                       .message = "must lie in years 0001 to 9999",
                       .pointer = "/eventTimestamp",
                       .offset = std::nullopt};
    }
  }
  parsed->event_properties = "{}";
  if (event.event_properties.empty()) return std::nullopt;
  return parser->ParseProperties(event.event_properties, &parsed->event_properties);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Writer>> Writer::Start(std::shared_ptr<storage::Database> database,
                                                      std::shared_ptr<const storage::Identity> identity,
                                                      std::shared_ptr<storage::FailureLatch> failure,
                                                      const Options& options) {
  TALLYSTICK_ASSIGN_OR_RETURN(const CommitPosition position, storage::ReadPosition(*database, nullptr));
  TALLYSTICK_ASSIGN_OR_RETURN(std::unique_ptr<MeterBook> meters, MeterBook::Load(*database));
  return std::unique_ptr<Writer>(
      new Writer(std::move(database), std::move(identity), position, std::move(meters), std::move(failure), options));
}

Writer::Writer(std::shared_ptr<storage::Database> database, std::shared_ptr<const storage::Identity> identity,
               const CommitPosition& position, std::unique_ptr<MeterBook> meters,
               std::shared_ptr<storage::FailureLatch> failure, const Options& options)
    : database_(std::move(database)),
      identity_(std::move(identity)),
      options_(options),
      meters_(std::move(meters)),
      rollups_(database_, RollupCacheBytes(options.profile)),
      committer_(database_, identity_, position, RecentSlots(options.profile), options.clock, meters_.get(), &rollups_),
      queue_(database_, std::move(failure), &committer_,
             {.group_bytes_max = GroupBytesMax(options.profile),
              .early_bytes_min = kEarlyBytesMin,
              .sync_interval = absl::ToChronoNanoseconds(options.sync_interval)}),
      keeper_({.database = database_,
               .meters = meters_.get(),
               .rollups = &rollups_,
               .queue = &queue_,
               .report = [diagnostics = options.diagnostics](const absl::Status& status) {
                 if (diagnostics) diagnostics({.severity = Severity::kError, .text = status.ToString()});
               }}) {}

absl::StatusOr<std::vector<WriteResult>> Writer::Write(const Uuid& account, absl::Span<const Event> events,
                                                       const WriteOptions& options) {
  std::size_t text_bytes = 0;
  for (const Event& event : events) {
    text_bytes += event.customer_event_id.value_or("").size() + event.customer_alias.size() + event.event_type.size() +
                  event.event_properties.size();
  }
  const ReadInput read = [events](EventParser* parser, std::size_t i, ParsedEvent* event) {
    return ReadEvent(events[i], parser, event);
  };
  return WriteInputs(account, events.size(), text_bytes, read, options);
}

absl::StatusOr<std::vector<WriteResult>> Writer::WriteJson(const Uuid& account,
                                                           absl::Span<const std::string_view> documents,
                                                           const WriteOptions& options) {
  std::size_t text_bytes = 0;
  for (const std::string_view document : documents) text_bytes += document.size();
  const ReadInput read = [documents](EventParser* parser, std::size_t i, ParsedEvent* event) {
    return parser->Parse(documents[i], event);
  };
  return WriteInputs(account, documents.size(), text_bytes, read, options);
}

absl::StatusOr<std::vector<WriteResult>> Writer::WriteInputs(const Uuid& account, std::size_t count,
                                                             std::size_t text_bytes, const ReadInput& read,
                                                             const WriteOptions& options) {
  const absl::Duration timeout = options.timeout.value_or(options_.write_timeout);
  if (timeout <= absl::ZeroDuration()) return DeadlinePassed();
  const Clock::time_point deadline = DeadlineAfter(timeout);
  if (count > kBatchEventsMax) {
    return absl::InvalidArgumentError("a batch of " + std::to_string(count) + " events is over the limit of " +
                                      std::to_string(kBatchEventsMax) + "; write it in several");
  }
  if (text_bytes > kBatchTextBytesMax) {
    return absl::InvalidArgumentError("a batch of " + std::to_string(text_bytes) +
                                      " bytes of text is over the limit of " + std::to_string(kBatchTextBytesMax) +
                                      "; write it in several");
  }

  std::vector<WriteResult> results(count);
  const auto batch = std::make_shared<PreparedBatch>(account);
  batch->Reserve(count, text_bytes);
  std::optional<Instant> latest;
  if (options_.future_limit.has_value()) {
    latest = Instant::CeilFromTime(options_.clock() + *options_.future_limit + absl::Nanoseconds(1));
  }
  std::unique_ptr<EventParser> parser = TakeParser();
  ParsedEvent event;
  for (std::size_t i = 0; i < count; ++i) {
    std::optional<Rejection> rejection = read(parser.get(), i, &event);
    if (!rejection.has_value() && latest.has_value() && event.event_timestamp.has_value() &&
        *event.event_timestamp >= *latest) {
      rejection = Rejection{.reason = RejectReason::kInFuture,
                            .message = "lies further in the future than this store accepts",
                            .pointer = "/eventTimestamp",
                            .offset = std::nullopt};
    }
    if (rejection.has_value()) {
      results[i].outcome = Outcome::kRejected;
      results[i].rejection = std::move(rejection);
    } else {
      results[i].outcome = Outcome::kNotStored;  // until it is
      batch->Add(i, event, identity_->fingerprint_key);
    }
  }
  GiveBack(std::move(parser));

  const bool refused = options.mode == BatchMode::kAtomic && batch->events().size() < count;
  if (refused || batch->events().empty()) return results;

  batch->Sort();
  TALLYSTICK_RETURN_IF_ERROR(batch->Measure(meters_->meters()));
  TALLYSTICK_RETURN_IF_ERROR(batch->LookUp(*database_, committer_.visible_sequence()));
  const bool sync = options.durability.value_or(options_.durability) == Durability::kSynced;
  TALLYSTICK_RETURN_IF_ERROR(queue_.Submit(batch, sync, deadline));
  FillResults(batch.get(), &results);
  if (rollups_.stale_count() != stale_count_.load(std::memory_order_relaxed)) {
    stale_count_.store(rollups_.stale_count(), std::memory_order_relaxed);
    keeper_.Wake();
  }
  return results;
}

namespace {

class DefineRequest : public LoneRequest {
 public:
  DefineRequest(MeterBook* meters, const Uuid& account, std::string name, Meter meter)
      : meters_(meters), account_(account), name_(std::move(name)), meter_(std::move(meter)) {}

  absl::Status Decide(storage::Batch* batch) override {
    TALLYSTICK_ASSIGN_OR_RETURN(outcome_, meters_->Define(account_, name_, meter_, batch));
    return absl::OkStatus();
  }
  Outcome outcome() const { return outcome_; }

 private:
  MeterBook* const meters_;
  const Uuid account_;
  const std::string name_;
  const Meter meter_;
  Outcome outcome_ = Outcome::kUnchanged;
};

class DropRequest : public LoneRequest {
 public:
  DropRequest(MeterBook* meters, const Uuid& account, std::string name)
      : meters_(meters), account_(account), name_(std::move(name)) {}

  absl::Status Decide(storage::Batch* batch) override { return meters_->Drop(account_, name_, batch).status(); }

 private:
  MeterBook* const meters_;
  const Uuid account_;
  const std::string name_;
};

}  // namespace

absl::StatusOr<Outcome> Writer::DefineMeter(const Uuid& account, const std::string& name, const Meter& meter) {
  TALLYSTICK_RETURN_IF_ERROR(metering::CheckMeterName(name));
  TALLYSTICK_RETURN_IF_ERROR(metering::CheckMeter(meter));
  const auto request = std::make_shared<DefineRequest>(meters_.get(), account, name, meter);
  TALLYSTICK_RETURN_IF_ERROR(queue_.Submit(request, kSync, Clock::time_point::max()));
  keeper_.Wake();
  return request->outcome();
}

absl::Status Writer::DropMeter(const Uuid& account, const std::string& name) {
  const auto request = std::make_shared<DropRequest>(meters_.get(), account, name);
  TALLYSTICK_RETURN_IF_ERROR(queue_.Submit(request, kSync, Clock::time_point::max()));
  keeper_.Wake();
  return absl::OkStatus();
}

absl::Status Writer::AwaitMeter(const Uuid& account, const std::string& name,
                                const std::function<bool(std::uint64_t, std::uint64_t)>& progress) const {
  return meters_->Await(account, name, progress,
                        [this] { return database_->ApproximateRows(storage::Family::kEvents); });
}

void Writer::FillResults(PreparedBatch* batch, std::vector<WriteResult>* results) const {
  for (std::size_t i = 0; i < batch->events().size(); ++i) {
    const PreparedEvent& event = batch->events()[i];
    const Decision& decision = batch->decisions()[i];
    WriteResult& result = (*results)[event.input_index];
    result.outcome = decision.outcome;
    result.id = MakeEventId(identity_->event_id_key, decision.receipt, decision.sequence);
    result.sequence = decision.sequence;
    result.event_timestamp = decision.time.ToTime();
    result.identity_assigned = event.id_key_size == 0;
    if (decision.replaced.has_value()) {
      result.superseded_id =
          MakeEventId(identity_->event_id_key, decision.replaced->receipt, decision.replaced->sequence);
    }
  }
}

std::unique_ptr<EventParser> Writer::TakeParser() {
  {
    const std::lock_guard lock(parsers_mutex_);
    if (!parsers_.empty()) {
      std::unique_ptr<EventParser> parser = std::move(parsers_.back());
      parsers_.pop_back();
      return parser;
    }
  }
  return std::make_unique<EventParser>();
}

void Writer::GiveBack(std::unique_ptr<EventParser> parser) {
  const std::lock_guard lock(parsers_mutex_);
  parsers_.push_back(std::move(parser));
}

}  // namespace tallystick::ingest
