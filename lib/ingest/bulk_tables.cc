#include "lib/ingest/bulk_tables.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>

#include "lib/base/parallel.h"
#include "lib/base/status_macros.h"
#include "lib/encoding/event_id.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/rows.h"
#include "lib/storage/table_writer.h"

namespace tallystick::ingest {

using storage::Family;
using storage::TableFile;
using storage::TableWriter;
using Place = BulkChunk::Place;

namespace {

// A chunk of fewer events has one file of `events`.
constexpr std::size_t kEventsOfFileMin = 64 * 1024;

// Rows lie anywhere in memory: so many of them ahead of their turn, they are asked for.
constexpr std::size_t kAhead = 16;

// Asks for the event that comes twice kAhead behind the i-th.
void PrefetchAhead(const BulkChunk& chunk, const std::vector<Place>& places, std::size_t i) {
  if (i + 2 * kAhead < places.size()) chunk.Prefetch(places[i + 2 * kAhead]);
}

// The same, and for what `prefetch_text` names of the one that comes kAhead behind.
template <typename PrefetchText>
void PrefetchAhead(const BulkChunk& chunk, const std::vector<Place>& places, std::size_t i,
                   PrefetchText prefetch_text) {
  PrefetchAhead(chunk, places, i);
  if (i + kAhead < places.size()) prefetch_text(places[i + kAhead]);
}

// Writes rows in the order of their keys, and between them the keys of a range that are deleted.
class MergingWriter {
 public:
  using Deletes = std::vector<std::string>;

  MergingWriter(TableWriter* writer, Deletes::const_iterator next, Deletes::const_iterator end)
      : writer_(writer), next_(next), end_(end) {}

  void Put(std::string_view key, std::string_view value) {
    for (; next_ != end_ && *next_ < key; ++next_) writer_->Delete(*next_);
    writer_->Put(key, value);
  }
  void Finish() {
    for (; next_ != end_; ++next_) writer_->Delete(*next_);
  }

 private:
  TableWriter* const writer_;
  Deletes::const_iterator next_;
  const Deletes::const_iterator end_;
};

}  // namespace

BulkTables::BulkTables(const storage::Database& database, const storage::Identity& identity,
                       const CommitPosition& before, const std::string& folder)
    : database_(database), identity_(identity), before_(before), folder_(folder) {}

absl::Status BulkTables::Write(BulkChunk* chunk, const storage::Batch& rollups, int threads,
                               std::vector<TableFile>* files) const {
  Deletes events;
  Deletes customers;
  Deletes changes;
  for (const BulkChunk::Found& found : chunk->found()) {
    if (!found.leaves) continue;
    const StoredRow& row = found.stored.row;
    events.emplace_back(
        EventKey{.account = chunk->account(), .time = row.time, .sequence = row.sequence}.Encode().view());
    customers.emplace_back(CustomerKey{.account = chunk->account(),
                                       .customer_alias = found.stored.customer_alias,
                                       .time = row.time,
                                       .sequence = row.sequence}
                               .Encode()
                               .view());
    changes.emplace_back(ChangeKey{.sequence = row.sequence}.Encode().view());
  }
  for (Deletes* const deletes : {&events, &customers, &changes}) std::sort(deletes->begin(), deletes->end());

  std::vector<std::function<absl::Status()>> tasks;
  const auto add = [&](Family family, std::function<absl::Status(const std::string& path)> write) {
    std::string path = folder_ + "/" + std::to_string(files->size()) + ".sst";
    files->push_back({.family = family, .path = path});
    tasks.push_back([write = std::move(write), path = std::move(path)] { return write(path); });
  };
  // The largest first, so that the last to end are small.
  const std::size_t count = chunk->by_time().size();
  const std::size_t parts = std::clamp<std::size_t>(count / kEventsOfFileMin, 1, static_cast<std::size_t>(threads));
  for (std::size_t i = 0; i < parts; ++i) {
    add(Family::kEvents, [=, this, &events](const std::string& path) {
      return WriteEvents(chunk, count * i / parts, count * (i + 1) / parts, events, path);
    });
  }
  add(Family::kEventIds, [=, this](const std::string& path) { return WriteEventIds(*chunk, path); });
  add(Family::kChanges, [=, this, &changes](const std::string& path) { return WriteChanges(*chunk, changes, path); });
  add(Family::kCustomers,
      [=, this, &customers](const std::string& path) { return WriteCustomers(*chunk, customers, path); });
  if (!rollups.empty()) {
    add(Family::kRollups,
        [this, &rollups](const std::string& path) { return WriteBatch(Family::kRollups, rollups, path); });
  }
  storage::Batch position(database_);
  storage::PutPosition(PositionAfter(*chunk), &position);
  add(Family::kMeta, [this, &position](const std::string& path) { return WriteBatch(Family::kMeta, position, path); });
  // A thread more than there are processors: one of them may be waiting for the disk.
  return RunTasks(threads + 1, tasks);
}

absl::Status BulkTables::WriteBatch(Family family, const storage::Batch& batch, const std::string& path) const {
  TableWriter writer(database_, family, path);
  writer.Add(batch);
  return writer.Finish();
}

absl::Status BulkTables::WriteEventIds(const BulkChunk& chunk, const std::string& path) const {
  TableWriter writer(database_, Family::kEventIds, path, before_.sequence > 0);
  // Events that came without one have their own id for their identity.
  std::vector<std::pair<std::string, Place>> assigned;
  for (const Place place : chunk.without_id()) {
    const BulkEvent& event = chunk.At(place);
    const Uuid id = MakeEventId(identity_.event_id_key, ReceiptOf(event), SequenceOf(event));
    assigned.emplace_back(EventIdKey{chunk.account(), id}.Encode(), place);
  }
  std::sort(assigned.begin(), assigned.end(), [](const auto& a, const auto& b) { return a.first < b.first; });

  std::string value;
  const auto put = [&](std::string_view key, const BulkEvent& event) {
    value.clear();
    EventIdRow{.sequence = SequenceOf(event), .fingerprint = event.fingerprint}.AppendTo(&value);
    writer.Put(key, value);
  };
  auto next = assigned.begin();
  for (std::size_t i = 0; i < chunk.by_id().size(); ++i) {
    PrefetchAhead(chunk, chunk.by_id(), i, [&chunk](Place place) { chunk.PrefetchIdKey(place); });
    const Place place = chunk.by_id()[i];
    if (!chunk.At(place).live) continue;
    const std::string_view key = chunk.IdKey(place);
    for (; next != assigned.end() && next->first < key; ++next) put(next->first, chunk.At(next->second));
    put(key, chunk.At(place));
  }
  for (; next != assigned.end(); ++next) put(next->first, chunk.At(next->second));
  return writer.Finish();
}

KeyBuffer BulkTables::EventKeyAt(const BulkChunk& chunk, std::size_t i) const {
  const BulkEvent& event = chunk.At(chunk.by_time()[i]);
  return EventKey{.account = chunk.account(), .time = event.time, .sequence = SequenceOf(event)}.Encode();
}

absl::Status BulkTables::WriteEvents(BulkChunk* chunk, std::size_t begin, std::size_t end, const Deletes& deletes,
                                     const std::string& path) const {
  // Each file's range of keys begins with its first row, but for the first one's.
  const auto from = [&](std::size_t i) {
    if (i == 0) return deletes.begin();
    while (i < chunk->by_time().size() && !chunk->At(chunk->by_time()[i]).live) ++i;
    if (i == chunk->by_time().size()) return deletes.end();
    return std::lower_bound(deletes.begin(), deletes.end(), EventKeyAt(*chunk, i).view());
  };
  TableWriter table(database_, Family::kEvents, path);
  MergingWriter writer(&table, from(begin), from(end));
  for (std::size_t i = begin; i < end; ++i) {
    PrefetchAhead(*chunk, chunk->by_time(), i, [chunk](Place place) { chunk->PrefetchRow(place); });
    const Place place = chunk->by_time()[i];
    BulkPart& part = *chunk->parts()[place.part];
    const BulkEvent& event = part.events()[place.event];
    if (!event.live) continue;
    writer.Put(EventKeyAt(*chunk, i), part.Row(event, ReceiptOf(event)));
  }
  writer.Finish();
  return table.Finish();
}

absl::Status BulkTables::WriteCustomers(const BulkChunk& chunk, const Deletes& deletes, const std::string& path) const {
  TableWriter table(database_, Family::kCustomers, path, before_.sequence > 0);
  MergingWriter writer(&table, deletes.begin(), deletes.end());
  std::size_t i = 0;
  for (const BulkChunk::Customer& customer : chunk.customers()) {
    for (; i < customer.end; ++i) {
      PrefetchAhead(chunk, chunk.by_customer(), i);
      const BulkEvent& event = chunk.At(chunk.by_customer()[i]);
      if (!event.live) continue;
      writer.Put(CustomerKey{.account = chunk.account(),
                             .customer_alias = customer.alias,
                             .time = event.time,
                             .sequence = SequenceOf(event)}
                     .Encode(),
                 {});
    }
  }
  writer.Finish();
  return table.Finish();
}

absl::Status BulkTables::WriteChanges(const BulkChunk& chunk, const Deletes& deletes, const std::string& path) const {
  TableWriter table(database_, Family::kChanges, path);
  MergingWriter writer(&table, deletes.begin(), deletes.end());
  std::string value;
  for (const auto& part : chunk.parts()) {
    for (const BulkEvent& event : part->events()) {
      if (!event.live) continue;
      ChangeRow row = {.account = chunk.account(), .time = event.time, .receipt = ReceiptOf(event), .replaced = {}};
      if (event.replaced.part == BulkChunk::kStored) {
        const StoredRow& stored = chunk.found()[event.replaced.event].stored.row;
        row.replaced = {.sequence = stored.sequence, .receipt = stored.receipt};
      } else if (event.replaced.part != BulkEvent::kNone) {
        const BulkEvent& other = chunk.At(event.replaced);
        row.replaced = {.sequence = SequenceOf(other), .receipt = ReceiptOf(other)};
      }
      value.clear();
      row.AppendTo(&value);
      writer.Put(ChangeKey{.sequence = SequenceOf(event)}.Encode(), value);
    }
  }
  writer.Finish();
  return table.Finish();
}

}  // namespace tallystick::ingest
