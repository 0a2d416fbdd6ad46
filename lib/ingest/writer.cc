#include "lib/ingest/writer.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "lib/base/parallel.h"
#include "lib/base/status_macros.h"
#include "lib/encoding/customer_event_id.h"
#include "lib/encoding/event_id.h"
#include "lib/encoding/rows.h"
#include "lib/ingest/bulk_writer.h"
#include "lib/ingest/future.h"
#include "lib/ingest/lone_request.h"
#include "lib/ingest/storable_now.h"
#include "lib/metering/kept_meters.h"
#include "lib/metering/meter_reader.h"
#include "lib/storage/folder.h"

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

// A group of its own is worth some five events.
constexpr std::size_t kEarlyBytesMin = 4 * kKiB;

// How finely recent commits are told apart: enough that two writers of 10,000 events each look up few ids in vain.
std::size_t RecentSlots(Profile profile) { return profile == Profile::kEdge ? 1 << 13 : 1 << 18; }

// Of the cells of declared meters, those that commits change again and again: some hundred bytes each.
std::size_t RollupCacheBytes(Profile profile) { return profile == Profile::kEdge ? kMiB : 32 * kMiB; }

// A meter's declaration takes less.
constexpr std::uint64_t kMeterBytes = 4 * kKiB;

// Of a bulk write: more only wait for each other.
constexpr int kBulkThreadsMax = 64;

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

absl::StatusOr<std::unique_ptr<Writer>> Writer::Start(const std::string& path,
                                                      std::shared_ptr<storage::Database> database,
                                                      std::shared_ptr<const storage::Identity> identity,
                                                      std::shared_ptr<storage::FailureLatch> failure,
                                                      std::shared_ptr<storage::SpaceReserve> reserve,
                                                      const Options& options) {
  TALLYSTICK_ASSIGN_OR_RETURN(const CommitPosition position, storage::ReadPosition(*database, nullptr));
  TALLYSTICK_ASSIGN_OR_RETURN(std::unique_ptr<MeterBook> meters, MeterBook::Load(*database));
  return std::unique_ptr<Writer>(new Writer(path, std::move(database), std::move(identity), position, std::move(meters),
                                            std::move(failure), std::move(reserve), options));
}

Writer::Writer(const std::string& path, std::shared_ptr<storage::Database> database,
               std::shared_ptr<const storage::Identity> identity, const CommitPosition& position,
               std::unique_ptr<MeterBook> meters, std::shared_ptr<storage::FailureLatch> failure,
               std::shared_ptr<storage::SpaceReserve> reserve, const Options& options)
    : path_(path),
      database_(std::move(database)),
      identity_(std::move(identity)),
      options_(options),
      failure_(std::move(failure)),
      reserve_(std::move(reserve)),
      meters_(std::move(meters)),
      rollups_(database_, RollupCacheBytes(options.profile)),
      committer_(database_, identity_, position, RecentSlots(options.profile), options.clock, meters_.get(), &rollups_),
      queue_(database_, failure_, &committer_,
             {.group_bytes_max = GroupBytesMax(options.profile),
              .early_bytes_min = kEarlyBytesMin,
              .sync_interval = absl::ToChronoNanoseconds(options.sync_interval)}),
      keeper_({.database = database_,
               .meters = meters_.get(),
               .rollups = &rollups_,
               .queue = &queue_,
               .reserve = reserve_.get(),
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
  const std::optional<Instant> future = FutureOf(options_);
  std::unique_ptr<EventParser> parser = TakeParser();
  ParsedEvent event;
  for (std::size_t i = 0; i < count; ++i) {
    std::optional<Rejection> rejection = read(parser.get(), i, &event);
    if (!rejection.has_value()) rejection = RejectFuture(event, future);
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
  TALLYSTICK_RETURN_IF_ERROR(Admit(text_bytes));

  batch->Sort();
  TALLYSTICK_RETURN_IF_ERROR(batch->Measure(meters_->meters()));
  TALLYSTICK_RETURN_IF_ERROR(batch->LookUp(*database_, committer_.visible_sequence()));
  const bool sync = options.durability.value_or(options_.durability) == Durability::kSynced;
  TALLYSTICK_RETURN_IF_ERROR(queue_.Submit(batch, sync, deadline));
  FillResults(batch.get(), &results);
  if (options.return_events) TALLYSTICK_RETURN_IF_ERROR(ReturnEvents(batch.get(), &results));
  WakeForStaleCells();
  return results;
}

absl::Status Writer::Admit(std::uint64_t bytes) {
  TALLYSTICK_RETURN_IF_ERROR(failure_->Check());
  return reserve_->Admit(bytes);
}

void Writer::WakeForStaleCells() {
  if (rollups_.stale_count() == stale_count_.load(std::memory_order_relaxed)) return;
  stale_count_.store(rollups_.stale_count(), std::memory_order_relaxed);
  keeper_.Wake();
}

absl::StatusOr<BulkResult> Writer::WriteBulk(const Uuid& account, const BulkSource& source,
                                             const BulkOptions& options) {
  if (options.chunk_bytes.has_value() && (*options.chunk_bytes < 64 * kKiB || *options.chunk_bytes > 1024 * kMiB)) {
    return absl::InvalidArgumentError("BulkOptions::chunk_bytes must lie between 64 KiB and 1 GiB, not " +
                                      std::to_string(*options.chunk_bytes) + " bytes");
  }
  if (options.chunk_time <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("BulkOptions::chunk_time must be positive");
  }
  if (options.threads.has_value() && (*options.threads < 1 || *options.threads > kBulkThreadsMax)) {
    return absl::InvalidArgumentError("BulkOptions::threads must lie between 1 and " + std::to_string(kBulkThreadsMax));
  }
  if (source == nullptr) return absl::InvalidArgumentError("a bulk write needs a source");
  const std::lock_guard one_at_a_time(bulk_mutex_);
  TALLYSTICK_RETURN_IF_ERROR(failure_->Check());  // before the source is asked for what cannot be stored
  TALLYSTICK_RETURN_IF_ERROR(storage::ClearLoading(path_));
  absl::StatusOr<BulkResult> result = Load(account, source, options);
  // What cannot be removed now is removed by the next bulk write.
  storage::RemoveLoading(path_).IgnoreError();
  WakeForStaleCells();
  return result;
}

absl::StatusOr<BulkResult> Writer::Load(const Uuid& account, const BulkSource& source, const BulkOptions& options) {
  const BulkRequest::Parts parts{.database = database_.get(),
                                 .identity = identity_.get(),
                                 .committer = &committer_,
                                 .meters = meters_.get(),
                                 .rollups = &rollups_,
                                 .failure = failure_.get(),
                                 .reserve = reserve_.get(),
                                 .folder = storage::LoadingPath(path_),
                                 .threads = std::min(options.threads.value_or(HardwareThreads()), kBulkThreadsMax)};
  return BulkWriter(parts, &queue_, options_, account, options).Run(source);
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

// Changes nothing. In its turn nothing is being written, neither a batch nor table files that a bulk write takes in.
class FreezeRequest : public LoneRequest {
 public:
  FreezeRequest(storage::Database* database, std::string to) : database_(database), to_(std::move(to)) {}

  absl::Status Decide(storage::Batch* /*batch*/) override { return database_->Freeze(to_); }

 private:
  storage::Database* const database_;
  const std::string to_;
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
  TALLYSTICK_RETURN_IF_ERROR(Admit(kMeterBytes));
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

absl::StatusOr<absl::Time> Writer::Freeze(const std::string& to) {
  TALLYSTICK_RETURN_IF_ERROR(failure_->Check());
  // Most of what there is to flush goes before the turn, in which writers wait.
  TALLYSTICK_RETURN_IF_ERROR(database_->Flush());
  const auto request = std::make_shared<FreezeRequest>(database_.get(), to);
  TALLYSTICK_RETURN_IF_ERROR(queue_.Submit(request, !kSync, Clock::time_point::max()));
  TALLYSTICK_ASSIGN_OR_RETURN(const Instant now, StorableNow(options_.clock()));
  return now.ToTime();
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

absl::Status Writer::ReturnEvents(PreparedBatch* batch, std::vector<WriteResult>* results) const {
  std::string id_text;
  for (std::size_t i = 0; i < batch->events().size(); ++i) {
    const PreparedEvent& event = batch->events()[i];
    WriteResult& result = (*results)[event.input_index];
    // An event that is unchanged says what the stored one says, but for what the result has of that.
    const Receipt receipt = batch->decisions()[i].receipt;
    TALLYSTICK_ASSIGN_OR_RETURN(const EventRow row, EventRow::Decode(batch->Row(event, receipt)));
    const CustomerEventId id = row.customer_event_id.value_or(CustomerEventId(result.id));
    result.event = std::make_shared<const OwnedEvent>(StoredEvent{.id = result.id,
                                                                  .account = batch->account(),
                                                                  .customer_event_id = id.ToText(&id_text),
                                                                  .customer_alias = row.customer_alias,
                                                                  .event_type = row.event_type,
                                                                  .event_timestamp = result.event_timestamp,
                                                                  .event_properties = row.event_properties,
                                                                  .received = receipt.ToTime(),
                                                                  .sequence = result.sequence});
  }
  return absl::OkStatus();
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
