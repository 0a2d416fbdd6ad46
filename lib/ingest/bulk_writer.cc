#include "lib/ingest/bulk_writer.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "lib/base/parallel.h"
#include "lib/base/status_macros.h"
#include "lib/ingest/future.h"
#include "lib/ingest/storable_now.h"
#include "lib/metering/kept_meters.h"

namespace tallystick::ingest {
namespace {

using Clock = storage::CommitQueue::Clock;

constexpr bool kSync = true;

constexpr std::size_t kMiB = 1024 * 1024;

// A million and a half of the usual events: fewer files to merge than smaller chunks leave, and less than a gigabyte
// with what else a process takes.
std::size_t ChunkBytes(Profile profile, const BulkOptions& options) {
  return options.chunk_bytes.value_or(profile == Profile::kEdge ? 8 * kMiB : 256 * kMiB);
}

// Places in a chunk are numbers of 32 bits, with room to spare.
constexpr std::size_t kChunkEventsMax = std::size_t{1} << 30;

// Offsets into a part are of 32 bits, and an event adds its text (its id twice) and less than 64 bytes: with these
// limits they fit.
constexpr std::size_t kInputTextBytesMax = 1024 * kMiB;
constexpr std::size_t kInputDocumentsMax = 16 * 1024 * 1024;

absl::Status CheckInput(const BulkInput& input) {
  std::size_t text_bytes = 0;
  for (const BulkDocument& document : input.documents) text_bytes += document.text.size();
  if (text_bytes <= kInputTextBytesMax && input.documents.size() <= kInputDocumentsMax) return absl::OkStatus();
  return absl::InvalidArgumentError("a BulkInput of " + std::to_string(input.documents.size()) + " documents with " +
                                    std::to_string(text_bytes) + " bytes of text is over the limit of " +
                                    std::to_string(kInputDocumentsMax) + " and 1 GiB; hand it over in several");
}

// Enough for fifty million identities, and of use to several times as many.
std::size_t KnownIdsBytes(Profile profile) { return profile == Profile::kEdge ? 0 : 64 * kMiB; }

// From this chunk on, compactions wait for more of them: one before they would begin by themselves.
constexpr int kLoadingChunks = 3;

// What an event gives to a meter takes up to a kilobyte until its chunk is written.
std::size_t ChunkChangesMax(Profile profile) { return profile == Profile::kEdge ? 8'000 : 200'000; }

}  // namespace

BulkWriter::BulkWriter(const BulkRequest::Parts& parts, storage::CommitQueue* queue, const Options& store_options,
                       const Uuid& account, const BulkOptions& options)
    : parts_(parts),
      queue_(queue),
      store_options_(store_options),
      account_(account),
      options_(options),
      threads_(parts.threads),
      chunk_bytes_(ChunkBytes(store_options.profile, options)) {
  const std::size_t block = std::clamp(chunk_bytes_ / 8, kMiB, 32 * kMiB);
  for (int i = 0; i < threads_; ++i) {
    parsers_.push_back(std::make_unique<EventParser>());
    arenas_.push_back(std::make_unique<PageArena>(block));
  }
}

absl::StatusOr<BulkResult> BulkWriter::Run(const BulkSource& source) {
  absl::Status status;
  // Neither the source nor a callback is to throw; but compactions must not wait for ever when they do.
  try {
    status = StoreAll(source);
  } catch (...) {
    if (loading_) SetLoading(false).IgnoreError();
    throw;
  }
  if (loading_) status.Update(SetLoading(false));
  if (!status.ok()) return status;
  return result_;
}

absl::Status BulkWriter::StoreAll(const BulkSource& source) {
  bool ended = false;
  absl::Status status;
  while (!ended && status.ok()) {
    // Before the source is asked for what cannot be stored.
    status = parts_.reserve->Admit(0);
    if (!status.ok()) break;
    absl::StatusOr<std::unique_ptr<BulkChunk>> chunk = ReadChunk(source, &ended);
    status = chunk.ok() ? StoreChunk(*std::move(chunk)) : chunk.status();
    // A source that keeps one waiting may itself wait to hear of what it gave.
    if (status.ok() && chunk_was_slow_) status = FinishChunk();
  }
  status.Update(FinishChunk());
  status.Update(source_status_);
  return status;
}

absl::Status BulkWriter::SetLoading(bool loading) {
  loading_ = true;  // for some families, where it fails
  absl::Status status = parts_.database->SetLoading(loading);
  // Options stand in the manifest too.
  if (!status.ok()) parts_.failure->Set(status);
  return status;
}

// --- Reading ---

// What the reading threads share.
struct BulkWriter::Reading {
  std::mutex mutex;
  // Guarded by mutex, all of them:
  std::vector<std::unique_ptr<BulkPart>> parts;  // in the input's order; null while it is being read
  std::size_t bytes = 0;
  std::size_t events = 0;
  std::size_t events_max = 0;
  Clock::time_point began{};  // when the first input came
  bool ended = false;
  absl::Status status;

  std::shared_ptr<const metering::KeptMeters> meters;
};

bool BulkWriter::IsFull(const Reading& reading) const {
  if (reading.ended || !reading.status.ok()) return true;
  if (reading.parts.empty()) return false;
  return reading.bytes >= chunk_bytes_ || reading.events >= reading.events_max || IsOverdue(reading);
}

bool BulkWriter::IsOverdue(const Reading& reading) const {
  return Clock::now() - reading.began >= absl::ToChronoNanoseconds(options_.chunk_time);
}

absl::Status BulkWriter::ReadParts(const BulkSource& source, EventParser* parser, PageArena* arena,
                                   Reading* reading) const {
  std::unique_lock lock(reading->mutex);
  while (!IsFull(*reading)) {
    const absl::StatusOr<std::optional<BulkInput>> input = source();
    if (!input.ok() || !input->has_value()) {
      reading->ended = true;
      reading->status.Update(input.status());
      return absl::OkStatus();
    }
    if (reading->parts.empty()) reading->began = Clock::now();
    const std::size_t index = reading->parts.size();
    reading->parts.emplace_back();
    lock.unlock();
    auto part = std::make_unique<BulkPart>(account_);
    absl::Status status = CheckInput(**input);
    if (status.ok()) {
      part->Read(**input, FutureOf(store_options_), parts_.identity->fingerprint_key, parser, arena);
      status = part->Measure(reading->meters);
    }
    lock.lock();
    if (!status.ok()) {
      reading->ended = true;
      return status;
    }
    reading->bytes += part->bytes();
    reading->events += part->events().size();
    reading->parts[index] = std::move(part);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<BulkChunk>> BulkWriter::ReadChunk(const BulkSource& source, bool* ended) {
  Reading reading;
  reading.meters = parts_.meters->meters();
  const std::size_t meters = reading.meters->Of(account_).size();
  reading.events_max =
      meters == 0 ? kChunkEventsMax : std::max<std::size_t>(ChunkChangesMax(store_options_.profile) / meters, 1);
  std::vector<std::function<absl::Status()>> tasks;
  for (std::size_t i = 0; i < parsers_.size(); ++i) {
    arenas_[i]->Reset();
    tasks.push_back([&, i] { return ReadParts(source, parsers_[i].get(), arenas_[i].get(), &reading); });
  }
  TALLYSTICK_RETURN_IF_ERROR(RunTasks(threads_, tasks));
  // What came before a failure of the source is stored all the same.
  source_status_ = reading.status;
  chunk_was_slow_ = !reading.parts.empty() && IsOverdue(reading);
  *ended = reading.ended;

  auto chunk = std::make_unique<BulkChunk>(account_);
  for (std::unique_ptr<BulkPart>& part : reading.parts) chunk->Append(std::move(part));
  if (!TellRejected(chunk.get())) {
    result_.stopped = true;
    *ended = true;
    // How far behind the stop the source was asked is chance.
    source_status_ = absl::OkStatus();
  }
  return chunk;
}

bool BulkWriter::TellRejected(BulkChunk* chunk) {
  for (std::size_t i = 0; i < chunk->parts().size(); ++i) {
    for (const BulkPart::Rejected& rejected : chunk->parts()[i]->rejected()) {
      ++rejected_;
      if (options_.on_rejected == nullptr || options_.on_rejected(rejected.document, rejected.rejection)) continue;
      chunk->Cut(i, rejected.before);
      return false;
    }
  }
  return true;
}

// --- Storing ---

absl::Status BulkWriter::StoreChunk(std::unique_ptr<BulkChunk> chunk) {
  TALLYSTICK_ASSIGN_OR_RETURN(const Instant now, StorableNow(store_options_.clock()));
  TALLYSTICK_RETURN_IF_ERROR(chunk->Sort(now, threads_));
  // What it stores is what the look-ups of this one are to find.
  TALLYSTICK_RETURN_IF_ERROR(FinishChunk());
  if (chunk->size() == 0) {
    result_.rejected += std::exchange(rejected_, 0);
    return absl::OkStatus();
  }
  // Its table files take about as much as its text, without their compression.
  TALLYSTICK_RETURN_IF_ERROR(parts_.reserve->Admit(chunk->bytes()));
  TALLYSTICK_RETURN_IF_ERROR(chunk->Measure(parts_.meters->meters(), threads_));
  const std::uint64_t committed = parts_.committer->visible_sequence();
  if (!known_ids_.has_value()) {
    TALLYSTICK_ASSIGN_OR_RETURN(
        known_ids_, KnownIds::Begin(*parts_.database, account_, committed, KnownIdsBytes(store_options_.profile)));
  }
  TALLYSTICK_RETURN_IF_ERROR(chunk->LookUp(*parts_.database, committed, known_ids_->UpTo(committed), threads_));

  // A short load is not worth the change, which takes some writes and syncs of its own.
  if (++chunks_ == kLoadingChunks) TALLYSTICK_RETURN_IF_ERROR(SetLoading(true));

  // Only once the chunk's memory is free is the next one read.
  const auto free = std::make_shared<std::atomic_flag>();
  const auto notify = [free] {
    free->test_and_set(std::memory_order_release);
    free->notify_one();
  };
  request_ = std::make_shared<BulkRequest>(parts_, std::move(chunk), notify);
  request_rejected_ = std::exchange(rejected_, 0);
  committed_ = std::async(std::launch::async, [queue = queue_, request = request_, notify] {
    absl::Status status = queue->Submit(request, kSync, Clock::time_point::max());
    notify();  // also where it failed before
    return status;
  });
  free->wait(false, std::memory_order_acquire);
  return absl::OkStatus();
}

absl::Status BulkWriter::FinishChunk() {
  if (!committed_.valid()) return absl::OkStatus();
  TALLYSTICK_RETURN_IF_ERROR(committed_.get());
  const BulkResult& stored = request_->result();
  result_.created += stored.created;
  result_.superseded += stored.superseded;
  result_.unchanged += stored.unchanged;
  result_.identities_assigned += stored.identities_assigned;
  result_.rejected += request_rejected_;
  known_ids_->Stored(request_->before(), request_->last());
  // An identity that was assigned is told by nobody yet, but can be named by an event all the same.
  if (stored.identities_assigned > 0) known_ids_->Forget();
  request_.reset();
  if (options_.on_stored != nullptr) options_.on_stored(result_);
  return absl::OkStatus();
}

}  // namespace tallystick::ingest
