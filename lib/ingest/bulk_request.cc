#include "lib/ingest/bulk_request.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/encoding/keys.h"
#include "lib/ingest/bulk_tables.h"
#include "lib/ingest/meter_changes.h"
#include "lib/metering/contributions.h"
#include "lib/metering/kept_meters.h"

namespace tallystick::ingest {

absl::Status BulkRequest::Decide(storage::Batch* batch) {
  EventCommitter& committer = *parts_.committer;
  TALLYSTICK_ASSIGN_OR_RETURN(const CommitPosition before, committer.NextPosition());
  if (const auto meters = parts_.meters->meters(); meters != chunk_->meters()) {
    // A meter was declared or dropped since: what stored events gave is read again as well.
    TALLYSTICK_RETURN_IF_ERROR(chunk_->Measure(meters, parts_.threads));
    TALLYSTICK_RETURN_IF_ERROR(chunk_->LookUp(*parts_.database, before.sequence, nullptr, parts_.threads));
  }
  TALLYSTICK_RETURN_IF_ERROR(chunk_->Refresh(
      *parts_.database, before.sequence,
      [&committer](std::uint64_t hash, std::uint64_t sequence) { return committer.DecidedSince(hash, sequence); },
      parts_.threads));
  if (chunk_->size() >= kSequenceEnd - before.sequence) {
    return absl::ResourceExhaustedError("the store has used all its sequence numbers");
  }
  TALLYSTICK_RETURN_IF_ERROR(chunk_->Decide(parts_.threads));
  before_ = last_ = before.sequence;
  result_.created = chunk_->created();
  result_.superseded = chunk_->superseded();
  result_.unchanged = chunk_->unchanged();
  result_.identities_assigned = chunk_->without_id().size();
  if (chunk_->entering() == 0) {
    chunk_.reset();
    written_();
    return absl::OkStatus();
  }
  const absl::Status stored = Store(before, batch);
  // The rollups' rows in memory have what was not stored.
  if (!stored.ok()) parts_.rollups->Clear();
  return stored;
}

absl::Status BulkRequest::Store(const CommitPosition& before, storage::Batch* batch) {
  TALLYSTICK_RETURN_IF_ERROR(AddRollups(before, batch));
  const BulkTables tables(*parts_.database, *parts_.identity, before, parts_.folder);
  std::vector<storage::TableFile> files;
  TALLYSTICK_RETURN_IF_ERROR(tables.Write(chunk_.get(), *batch, parts_.threads, &files));
  // All that there is to write is in the files.
  batch->Clear();

  // From here on the outcome may be unknown: what was given out is not given out again.
  const CommitPosition after = tables.PositionAfter(*chunk_);
  parts_.committer->Advance(after);
  last_ = after.sequence;
  parts_.committer->MarkAllDecided(after.sequence);
  chunk_.reset();
  written_();
  const absl::Status taken_in = parts_.database->Ingest(files);
  // What reached the manifest is known only once it is read again. RocksDB itself goes on.
  if (!taken_in.ok()) parts_.failure->Set(taken_in);
  return taken_in;
}

absl::Status BulkRequest::AddRollups(const CommitPosition& before, storage::Batch* batch) {
  if (chunk_->meters()->Of(chunk_->account()).empty()) return absl::OkStatus();
  for (const BulkChunk::Found& found : chunk_->found()) {
    if (!found.leaves) continue;
    const Stored& stored = found.stored;
    ForEachChange(*parts_.meters, *found.contributions, stored.metering, stored.customer_alias,
                  {.time = stored.row.time, .sequence = stored.row.sequence},
                  [this](const Rollups::Change& change) { parts_.rollups->Leave(change); });
  }
  for (const BulkChunk::Place place : chunk_->by_time()) {
    const BulkEvent& event = chunk_->At(place);
    if (!event.live) continue;
    const BulkPart& part = *chunk_->parts()[place.part];
    ForEachChange(*parts_.meters, *part.contributions(), part.Metering(place.event), part.Alias(event),
                  {.time = event.time, .sequence = before.sequence + 1 + event.rank},
                  [this](const Rollups::Change& change) { parts_.rollups->Enter(change); });
  }
  return parts_.rollups->AddRows(batch);
}

}  // namespace tallystick::ingest
