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
  std::vector<char> written;  // by task: whether its file has rows
  const auto add = [&](Family family, bool overlaps, std::function<absl::Status(TableWriter*)> write) {
    // Named after the sequence too: a file that could not be removed is never written to again.
    std::string path = folder_ + "/" + std::to_string(before_.sequence) + "-" + std::to_string(files->size()) + ".sst";
    files->push_back({.family = family, .path = path});
    tasks.push_back([this, &written, i = tasks.size(), family, overlaps, write = std::move(write),
                     path = std::move(path)]() -> absl::Status {
      TableWriter table(database_, family, path, overlaps);
      TALLYSTICK_RETURN_IF_ERROR(write(&table));
      written[i] = table.rows() > 0;
      return table.Finish();
    });
  };
  const bool any_stored = before_.sequence > 0;
  // The largest first, so that the last to end are small.
  TALLYSTICK_ASSIGN_OR_RETURN(const std::vector<Slice> slices, SlicesOfEvents(*chunk, events, threads));
  for (const Slice& slice : slices) {
    add(Family::kEvents, slice.overlaps, [this, chunk, &slice, &events](TableWriter* table) {
      WriteEvents(chunk, slice, events, table);
      return absl::OkStatus();
    });
  }
  TALLYSTICK_ASSIGN_OR_RETURN(const std::string last_id, LastKey(Family::kEventIds, EventIdRange(chunk->account())));
  const bool ids_overlap = !last_id.empty() && (!chunk->without_id().empty() || chunk->by_id().empty() ||
                                                chunk->IdKey(chunk->by_id().front()) <= last_id);
  add(Family::kEventIds, ids_overlap, [this, chunk](TableWriter* table) { return WriteEventIds(*chunk, table); });
  add(Family::kChanges, false, [this, chunk](TableWriter* table) {
    WriteChanges(*chunk, table);
    return absl::OkStatus();
  });
  // All that leave have lower sequences than those that enter, whose file overlaps nothing without them.
  add(Family::kChanges, any_stored, [&changes](TableWriter* table) {
    for (const std::string& key : changes) table->Delete(key);
    return absl::OkStatus();
  });
  add(Family::kCustomers, any_stored, [this, chunk, &customers](TableWriter* table) {
    WriteCustomers(*chunk, customers, table);
    return absl::OkStatus();
  });
  add(Family::kRollups, any_stored, [&rollups](TableWriter* table) {
    table->Add(rollups);
    return absl::OkStatus();
  });
  storage::Batch position(database_);
  storage::PutPosition(PositionAfter(*chunk), &position);
  add(Family::kMeta, any_stored, [&position](TableWriter* table) {
    table->Add(position);
    return absl::OkStatus();
  });
  written.resize(tasks.size());
  // A thread more than there are processors: one of them may be waiting for the disk.
  TALLYSTICK_RETURN_IF_ERROR(RunTasks(threads + 1, tasks));
  std::vector<TableFile> with_rows;
  for (std::size_t i = 0; i < files->size(); ++i) {
    if (written[i]) with_rows.push_back(std::move((*files)[i]));
  }
  *files = std::move(with_rows);
  return absl::OkStatus();
}

absl::StatusOr<std::string> BulkTables::LastKey(Family family, const KeyRange& range) const {
  storage::RowIterator rows =
      database_.NewIterator(family, range, database_.TakeSnapshot(), storage::ReadLength::kShort);
  rows.SeekToLast();
  TALLYSTICK_RETURN_IF_ERROR(rows.status());
  return rows.Valid() ? std::string(rows.key()) : std::string();
}

absl::StatusOr<std::vector<BulkTables::Slice>> BulkTables::SlicesOfEvents(const BulkChunk& chunk,
                                                                          const Deletes& deletes, int threads) const {
  const std::vector<Place>& places = chunk.by_time();
  TALLYSTICK_ASSIGN_OR_RETURN(const std::string last,
                              LastKey(Family::kEvents, EventRange(chunk.account(), Instant::Min(), Instant::End())));
  std::size_t stored_end = 0;
  if (!last.empty()) {
    TALLYSTICK_ASSIGN_OR_RETURN(const EventKey last_key, EventKey::Decode(last));
    stored_end = static_cast<std::size_t>(
        std::partition_point(places.begin(), places.end(),
                             [&](Place place) { return chunk.At(place).time <= last_key.time; }) -
        places.begin());
  }

  std::vector<Slice> slices;
  const auto divide = [&](std::size_t begin, std::size_t end) {
    const std::size_t count = end - begin;
    const std::size_t parts = std::clamp<std::size_t>(count / kEventsOfFileMin, 1, static_cast<std::size_t>(threads));
    for (std::size_t i = 0; i < parts; ++i) {
      slices.push_back({.begin = begin + count * i / parts, .end = begin + count * (i + 1) / parts});
    }
  };
  divide(0, stored_end);
  const std::size_t overlapping = slices.size();
  divide(stored_end, places.size());

  // A slice deletes what lies before the first row of the next one; the last of those that overlap all the rest.
  std::size_t deleted = 0;
  for (std::size_t i = 0; i < overlapping; ++i) {
    Slice& slice = slices[i];
    slice.overlaps = true;
    slice.deletes_begin = deleted;
    std::size_t next = slice.end;
    while (next < stored_end && !chunk.At(places[next]).live) ++next;
    deleted =
        next == stored_end
            ? deletes.size()
            : static_cast<std::size_t>(
                  std::lower_bound(deletes.begin(), deletes.end(), EventKeyAt(chunk, next).view()) - deletes.begin());
    slice.deletes_end = deleted;
  }
  return slices;
}

absl::Status BulkTables::WriteEventIds(const BulkChunk& chunk, TableWriter* table) const {
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
    table->Put(key, value);
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
  return absl::OkStatus();
}

KeyBuffer BulkTables::EventKeyAt(const BulkChunk& chunk, std::size_t i) const {
  const BulkEvent& event = chunk.At(chunk.by_time()[i]);
  return EventKey{.account = chunk.account(), .time = event.time, .sequence = SequenceOf(event)}.Encode();
}

void BulkTables::WriteEvents(BulkChunk* chunk, const Slice& slice, const Deletes& deletes, TableWriter* table) const {
  const auto at = [&deletes](std::size_t i) { return deletes.begin() + static_cast<std::ptrdiff_t>(i); };
  MergingWriter writer(table, at(slice.deletes_begin), at(slice.deletes_end));
  for (std::size_t i = slice.begin; i < slice.end; ++i) {
    PrefetchAhead(*chunk, chunk->by_time(), i, [chunk](Place place) { chunk->PrefetchRow(place); });
    const Place place = chunk->by_time()[i];
    BulkPart& part = *chunk->parts()[place.part];
    const BulkEvent& event = part.events()[place.event];
    if (!event.live) continue;
    writer.Put(EventKeyAt(*chunk, i), part.Row(event, ReceiptOf(event)));
  }
  writer.Finish();
}

void BulkTables::WriteCustomers(const BulkChunk& chunk, const Deletes& deletes, TableWriter* table) const {
  MergingWriter writer(table, deletes.begin(), deletes.end());
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
}

void BulkTables::WriteChanges(const BulkChunk& chunk, TableWriter* table) const {
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
      table->Put(ChangeKey{.sequence = SequenceOf(event)}.Encode(), value);
    }
  }
}

}  // namespace tallystick::ingest
