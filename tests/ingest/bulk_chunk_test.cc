#include "lib/ingest/bulk_chunk.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/encoding/event_id.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/rows.h"
#include "lib/ingest/bulk_tables.h"
#include "lib/ingest/lone_request.h"
#include "lib/json/event_parser.h"
#include "tests/support/bulk.h"
#include "tests/support/ingest.h"
#include "tests/support/model.h"
#include "tests/support/random.h"

namespace tallystick::ingest {
namespace {

using storage::Family;
using testing::Account;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::Sent;
using ::testing::SizeIs;

constexpr std::uint32_t kNone = BulkEvent::kNone;

class BulkChunkTest : public testing::IngestTest {
 protected:
  using Chunk = std::unique_ptr<BulkChunk>;

  static std::string ToJson(const Sent& sent) {
    return testing::NewEvent{.customer_event_id = sent.id,
                             .customer_alias = sent.alias,
                             .event_type = sent.type,
                             .event_timestamp = sent.time ? std::optional(sent.time->ToTime()) : std::nullopt,
                             .event_properties = sent.properties}
        .ToJson();
  }

  // A chunk of these parts, sorted.
  Chunk Read(const std::vector<std::vector<Sent>>& parts) {
    auto chunk = std::make_unique<BulkChunk>(Account(1));
    for (const std::vector<Sent>& events : parts) {
      std::vector<std::string> texts;
      for (const Sent& sent : events) texts.push_back(ToJson(sent));
      BulkInput input;
      for (const std::string& text : texts) input.documents.push_back({.text = text});
      auto part = std::make_unique<BulkPart>(Account(1));
      part->Read(input, std::nullopt, identity_->fingerprint_key, &parser_, &arena_);
      EXPECT_THAT(part->rejected(), IsEmpty());
      chunk->Append(std::move(part));
    }
    EXPECT_THAT(chunk->Sort(*Instant::FromTime(clock_.Now()), 2), IsOk());
    return chunk;
  }
  void LookUp(const Chunk& chunk) {
    EXPECT_THAT(chunk->Measure(declared_, 2), IsOk());
    EXPECT_THAT(chunk->LookUp(*database(), committer().visible_sequence(), nullptr, 2), IsOk());
  }
  // As its turn does.
  absl::Status Refresh(const Chunk& chunk) {
    return chunk->Refresh(
        *database(), committer().visible_sequence(),
        [this](std::uint64_t hash, std::uint64_t sequence) { return committer().DecidedSince(hash, sequence); }, 2);
  }
  void Decide(const Chunk& chunk) {
    EXPECT_THAT(Refresh(chunk), IsOk());
    EXPECT_THAT(chunk->Decide(2), IsOk());
  }
  Chunk ReadAndDecide(const std::vector<std::vector<Sent>>& parts) {
    Chunk chunk = Read(parts);
    LookUp(chunk);
    Decide(chunk);
    return chunk;
  }

  // Ranks in line order; -1 for those that are unchanged.
  static std::vector<int> Ranks(const Chunk& chunk) {
    std::vector<int> ranks;
    for (const auto& part : chunk->parts()) {
      for (const BulkEvent& event : part->events()) {
        ranks.push_back(event.rank == kNone ? -1 : static_cast<int>(event.rank));
      }
    }
    return ranks;
  }
  static std::vector<bool> Live(const Chunk& chunk) {
    std::vector<bool> live;
    for (const auto& part : chunk->parts()) {
      for (const BulkEvent& event : part->events()) live.push_back(event.live);
    }
    return live;
  }
  // Line numbers, from 0.
  static std::size_t Line(const Chunk& chunk, BulkChunk::Place place) {
    std::size_t line = place.event;
    for (std::uint32_t part = 0; part < place.part; ++part) line += chunk->parts()[part]->events().size();
    return line;
  }
  // Of those that are live.
  static std::vector<std::size_t> Lines(const Chunk& chunk, const std::vector<BulkChunk::Place>& places) {
    std::vector<std::size_t> lines;
    for (const BulkChunk::Place place : places) {
      if (chunk->At(place).live) lines.push_back(Line(chunk, place));
    }
    return lines;
  }

  EventParser parser_;
  PageArena arena_{1 << 20};
};

// --- Order ---

TEST_F(BulkChunkTest, EachFamilysOrderIsThatOfItsKeysAndTiesAreInLineOrder) {
  const Chunk chunk = ReadAndDecide({{{.id = "bb", .time = At(5), .alias = "zz"},
                                      {.id = "b", .time = At(5), .alias = "a"},
                                      {.id = std::string("b\x7f"), .time = At(4), .alias = "zz"}},
                                     {},
                                     {{.id = "a", .time = At(5), .alias = "zz"},
                                      {.id = "é", .time = At(4, 999'999'999), .alias = "b"},
                                      {.time = At(5), .alias = "zz"}}});
  EXPECT_EQ(chunk->size(), 6u);
  EXPECT_THAT(Lines(chunk, chunk->by_id()), ElementsAre(3, 1, 0, 2, 4));
  EXPECT_THAT(Lines(chunk, chunk->without_id()), ElementsAre(5));
  EXPECT_THAT(Lines(chunk, chunk->by_time()), ElementsAre(2, 4, 0, 1, 3, 5));
  EXPECT_THAT(Lines(chunk, chunk->by_customer()), ElementsAre(1, 4, 2, 0, 3, 5));  // by length first
}

// Sorting compares numbers made of a key's first bytes, and of a time without its last five bits.
TEST_F(BulkChunkTest, WhatTiesInItsFirstBytesIsOrderedByTheRest) {
  const Chunk chunk = ReadAndDecide({{{.id = "12345678-b", .time = At(1, 31)},
                                      {.id = "12345678-a", .time = At(1, 30)},
                                      {.id = "12345678", .time = At(1, 32)},
                                      {.id = "12345678-", .time = At(1, 1)},
                                      {.id = "1234567", .time = At(1, 0)},
                                      {.id = "12345678-b", .time = At(0, 999'999'999)}}});
  EXPECT_THAT(Lines(chunk, chunk->by_id()), ElementsAre(4, 2, 3, 1, 5));
  EXPECT_THAT(Lines(chunk, chunk->by_time()), ElementsAre(5, 4, 3, 1, 2));
}

TEST_F(BulkChunkTest, RandomKeysComeInTheOrderOfTheirBytes) {
  testing::Random random;
  std::vector<std::vector<Sent>> parts(5);
  for (int i = 0; i < 2000; ++i) {
    Sent sent{.time = At(random.Below(3), static_cast<std::uint32_t>(random.Below(100))),
              .alias = std::string(1 + random.Below(3), static_cast<char>('a' + random.Below(3)))};
    sent.id = std::string(random.Below(12), 'x') + std::to_string(random.Below(500)) +
              (random.OneIn(3) ? std::string("\x7f") : "");
    if (random.OneIn(10)) sent.id.reset();
    parts[random.Below(5)].push_back(sent);
  }
  std::sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
  const Chunk chunk = ReadAndDecide(parts);
  std::vector<std::string> ids, events, customers;
  const auto sequence = [&](BulkChunk::Place place) { return std::uint64_t{1} + chunk->At(place).rank; };
  for (const auto place : chunk->by_id()) {
    if (chunk->At(place).live) ids.emplace_back(chunk->IdKey(place));
  }
  for (const auto place : chunk->by_time()) {
    if (!chunk->At(place).live) continue;
    events.emplace_back(
        EventKey{.account = Account(1), .time = chunk->At(place).time, .sequence = sequence(place)}.Encode().view());
  }
  std::size_t customer = 0;
  for (std::size_t i = 0; i < chunk->by_customer().size(); ++i) {
    const BulkChunk::Place place = chunk->by_customer()[i];
    if (i == chunk->customers()[customer].end) ++customer;
    EXPECT_EQ(chunk->customers()[customer].alias, chunk->Alias(place));
    if (!chunk->At(place).live) continue;
    customers.emplace_back(CustomerKey{.account = Account(1),
                                       .customer_alias = chunk->Alias(place),
                                       .time = chunk->At(place).time,
                                       .sequence = sequence(place)}
                               .Encode()
                               .view());
  }
  EXPECT_EQ(customer + 1, chunk->customers().size());
  EXPECT_EQ(events.size(), chunk->created());
  EXPECT_EQ(customers.size(), events.size());
  EXPECT_EQ(ids.size() + chunk->without_id().size(), events.size());
  for (const auto& keys : {ids, events, customers}) {
    EXPECT_EQ(std::adjacent_find(keys.begin(), keys.end(), std::greater_equal<>()), keys.end());
  }
}

TEST_F(BulkChunkTest, CutLeavesOutAllBehindIt) {
  Chunk chunk = std::make_unique<BulkChunk>(Account(1));
  for (int p = 0; p < 3; ++p) {
    auto part = std::make_unique<BulkPart>(Account(1));
    std::vector<std::string> texts;
    for (int i = 0; i < 4; ++i) texts.push_back(ToJson({.id = std::to_string(10 * p + i), .time = At(1)}));
    BulkInput input;
    for (const std::string& text : texts) input.documents.push_back({.text = text});
    part->Read(input, std::nullopt, identity_->fingerprint_key, &parser_, &arena_);
    chunk->Append(std::move(part));
  }
  chunk->Cut(1, 2);
  EXPECT_EQ(chunk->size(), 6u);
  ASSERT_THAT(chunk->Sort(At(1), 1), IsOk());
  LookUp(chunk);
  Decide(chunk);
  EXPECT_THAT(Ranks(chunk), ElementsAre(0, 1, 2, 3, 4, 5));
}

// --- Decisions ---

TEST_F(BulkChunkTest, OneIdentitysEventsAreDecidedInLineOrderAgainstWhatIsStored) {
  Store({{.id = "a", .time = At(1)}, {.id = "b", .time = At(1)}, {.id = "c", .time = At(1)}});
  const Chunk chunk = ReadAndDecide({{
                                         {.id = "a", .time = At(1)},  // unchanged
                                         {.id = "n", .time = At(1)},  // created
                                         {.id = "b", .time = At(2)},  // supersedes the stored one
                                     },
                                     {
                                         {.id = "b", .time = At(2)},  // unchanged, within the chunk
                                         {.id = "b", .time = At(1)},  // what was stored comes back: a new event
                                         {.id = "n"},                 // unchanged: without a time, any will do
                                         {.id = "n", .time = At(1), .properties = R"({"n":1})"},
                                         {.id = "c"},  // unchanged
                                     }});
  EXPECT_THAT(Ranks(chunk), ElementsAre(-1, 0, 1, -1, 2, -1, 3, -1));
  EXPECT_THAT(Live(chunk), ElementsAre(false, false, false, false, true, false, true, false));
  EXPECT_EQ(chunk->created(), 1u);
  EXPECT_EQ(chunk->superseded(), 3u);
  EXPECT_EQ(chunk->unchanged(), 4u);
  EXPECT_EQ(chunk->entering(), 4u);
  EXPECT_THAT(Lines(chunk, chunk->by_id()), ElementsAre(4, 6));
  const auto replaced_by = [&](BulkChunk::Place place) { return chunk->At(place).replaced; };
  const BulkChunk::Place of_stored = replaced_by({0, 2});
  EXPECT_EQ(of_stored.part, BulkChunk::kStored);
  EXPECT_EQ(chunk->found()[of_stored.event].stored.row.sequence, 2u);
  EXPECT_EQ(chunk->found()[of_stored.event].stored.customer_alias, "acme");
  EXPECT_EQ(Line(chunk, replaced_by({1, 1})), 2u);
  EXPECT_EQ(Line(chunk, replaced_by({1, 3})), 1u);
  EXPECT_EQ(replaced_by({0, 1}).part, kNone);
  std::vector<bool> leaves;
  for (const BulkChunk::Found& found : chunk->found()) leaves.push_back(found.leaves);
  EXPECT_THAT(leaves, ElementsAre(false, true, false));
}

TEST_F(BulkChunkTest, EventsWithoutAnIdAreAllNew) {
  const Chunk chunk = ReadAndDecide({{{.time = At(1)}, {.time = At(1)}, {.id = "a", .time = At(1)}, {.time = At(1)}}});
  EXPECT_EQ(chunk->created(), 4u);
  EXPECT_THAT(Ranks(chunk), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(Lines(chunk, chunk->without_id()), ElementsAre(0, 1, 3));
}

TEST_F(BulkChunkTest, ManyGroupsAreLookedUpEachOnItsOwn) {
  std::vector<Sent> stored, sent;
  for (int i = 0; i < 10'000; ++i) {
    stored.push_back({.id = std::to_string(i), .time = At(1)});
    sent.push_back({.id = std::to_string(9'999 - i), .time = At(i % 3 == 0 ? 2 : 1), .alias = "other"});
    if (i % 3 == 1) sent.back().alias = "acme";
  }
  Store(stored);
  const Chunk chunk = ReadAndDecide({sent});
  EXPECT_EQ(chunk->unchanged(), 3'333u);
  EXPECT_EQ(chunk->superseded(), 6'667u);
  EXPECT_EQ(std::count_if(chunk->found().begin(), chunk->found().end(), [](const auto& found) { return found.leaves; }),
            6'667);
}

// --- What others commit between the look-up and the turn ---

TEST_F(BulkChunkTest, ACommitInBetweenIsSeenAtItsTurn) {
  Store({{.id = "stored", .time = At(1)}, {.id = "moves", .time = At(1)}, {.id = "stays", .time = At(1)}});
  const Chunk chunk = Read({{{.id = "moves", .time = At(1)},
                             {.id = "new", .time = At(1)},
                             {.id = "stays", .time = At(5)},
                             {.id = "stored", .time = At(7), .alias = "globex"}}});
  LookUp(chunk);
  Store({{.id = "moves", .time = At(2)},
         {.id = "new", .time = At(1)},
         {.id = "stored", .time = At(6), .alias = "initech"}});
  Decide(chunk);
  // In vain it had been unchanged, new and superseding another one.
  EXPECT_THAT(Ranks(chunk), ElementsAre(0, -1, 1, 2));
  EXPECT_EQ(chunk->superseded(), 3u);
  std::map<std::string, std::uint64_t> leaving;  // aliases and sequences
  for (const BulkChunk::Found& found : chunk->found()) {
    if (found.leaves) leaving[found.stored.customer_alias] += found.stored.row.sequence;
  }
  EXPECT_EQ(leaving, (std::map<std::string, std::uint64_t>{{"acme", 4 + 3}, {"initech", 6}}));
}

// The table of recent commits is of a few slots: others that share one are looked up again, to the same end.
TEST_F(BulkChunkTest, SharedSlotsChangeNothing) {
  StartAt({}, 1);
  Store({{.id = "a", .time = At(1)}, {.id = "b", .time = At(1)}});
  const Chunk chunk = Read({{{.id = "a", .time = At(2)}, {.id = "b", .time = At(1)}, {.id = "c", .time = At(1)}}});
  LookUp(chunk);
  Store({{.id = "d", .time = At(1)}});
  Decide(chunk);
  EXPECT_EQ(chunk->superseded(), 1u);
  EXPECT_EQ(chunk->unchanged(), 1u);
  EXPECT_EQ(chunk->created(), 1u);
}

TEST_F(BulkChunkTest, ARecordThatIsLostIsFoundOutAtItsTurn) {
  Store({{.id = "a", .time = At(1)}});
  Delete(Family::kEvents, EventKey{.account = Account(1), .time = At(1), .sequence = 1}.Encode());
  const Chunk chunk = Read({{{.id = "a", .time = At(2)}}});
  LookUp(chunk);  // it might have been superseded meanwhile
  EXPECT_THAT(Refresh(chunk), testing::StatusIs(absl::StatusCode::kDataLoss, "events: no row for"));
  const Chunk same = Read({{{.id = "a", .time = At(1)}}});
  LookUp(same);
  EXPECT_THAT(Refresh(same), IsOk()) << "nobody needs it";
}

// --- Tables ---

class BulkTablesTest : public BulkChunkTest {
 protected:
  // What a chunk's turn leaves the committer with.
  class TurnEnd : public LoneRequest {
   public:
    TurnEnd(EventCommitter* committer, const CommitPosition& position) : committer_(committer), position_(position) {}
    absl::Status Decide(storage::Batch*) override {
      committer_->Advance(position_);
      return absl::OkStatus();
    }

   private:
    EventCommitter* const committer_;
    const CommitPosition position_;
  };

  // Writes the chunk's files, and takes them in.
  std::vector<storage::TableFile> Take(const Chunk& chunk, int threads) {
    const CommitPosition before = *committer().NextPosition();
    const BulkTables tables(*database(), *identity_, before, folder_.path());
    std::vector<storage::TableFile> files;
    EXPECT_THAT(tables.Write(chunk.get(), storage::Batch(*database()), threads, &files), IsOk());
    EXPECT_THAT(database()->Ingest(files), IsOk());
    TurnEnd turn(&committer(), tables.PositionAfter(*chunk));
    storage::CommitRequest* const group[] = {&turn};
    absl::Status status;
    storage::Batch batch(*database());
    committer().Decide(group, absl::MakeSpan(&status, 1), &batch);
    EXPECT_THAT(status, IsOk());
    committer().Written();
    return files;
  }

  static std::ptrdiff_t CountOf(Family family, const std::vector<storage::TableFile>& files) {
    return std::count_if(files.begin(), files.end(),
                         [family](const storage::TableFile& file) { return file.family == family; });
  }

  // A decided chunk of the events of these numbers, which are their ids; `second_of` says when each was.
  Chunk ReadLarge(std::uint64_t begin, std::uint64_t end,
                  const std::function<std::uint64_t(std::uint64_t)>& second_of) {
    std::vector<std::string> texts;
    for (std::uint64_t i = begin; i < end; ++i) {
      texts.push_back(R"({"customerEventId":")" + std::to_string(i) +
                      R"(","customerAlias":"a","eventType":"t","eventTimestamp":")" +
                      FormatTimestamp(At(second_of(i)).ToTime()) + R"("})");
    }
    BulkInput input;
    for (const std::string& text : texts) input.documents.push_back({.text = text});
    auto chunk = std::make_unique<BulkChunk>(Account(1));
    auto part = std::make_unique<BulkPart>(Account(1));
    part->Read(input, std::nullopt, identity_->fingerprint_key, &parser_, &arena_);
    chunk->Append(std::move(part));
    EXPECT_THAT(chunk->Sort(At(0), 2), IsOk());
    LookUp(chunk);
    Decide(chunk);
    return chunk;
  }
};

// What comes behind all that is stored has files of its own, which overlap nothing: RowsAreThoseOfABatch has both.
TEST_F(BulkTablesTest, EventsBehindWhatIsStoredAreApart) {
  std::vector<Sent> stored;
  for (std::uint64_t i = 0; i < 100; ++i) stored.push_back({.id = std::to_string(i), .time = At(1 + i)});
  Store(stored);
  std::vector<Sent> events;
  for (std::uint64_t i = 90; i < 200; ++i) events.push_back({.id = std::to_string(i), .time = At(2 + i)});
  const Chunk chunk = ReadAndDecide({events});
  EXPECT_EQ(chunk->superseded(), 10u);
  const std::vector<storage::TableFile> files = Take(chunk, 2);
  EXPECT_EQ(CountOf(Family::kEvents, files), 2);
  EXPECT_EQ(CountOf(Family::kChanges, files), 2) << "one of them deletes";
  for (const Family family : {Family::kEvents, Family::kEventIds, Family::kCustomers, Family::kChanges}) {
    EXPECT_THAT(RowsOf(family), SizeIs(200)) << storage::FamilyName(family);
  }
}

// An export that grows and is loaded again whole: its older half makes no row at all.
TEST_F(BulkTablesTest, WhatIsUnchangedMakesNoFile) {
  constexpr std::uint64_t kEvents = 140'000;
  const auto time_of = [](std::uint64_t i) { return 1 + i / 10; };
  EXPECT_EQ(CountOf(Family::kEvents, Take(ReadLarge(0, kEvents / 2, time_of), 2)), 1);
  const Chunk whole = ReadLarge(0, kEvents, time_of);
  EXPECT_EQ(whole->unchanged(), kEvents / 2);
  EXPECT_EQ(CountOf(Family::kEvents, Take(whole, 2)), 1);
  EXPECT_THAT(RowsOf(Family::kEvents), SizeIs(kEvents));
}

// The same rows, byte for byte, as a batch of the same events makes.
TEST_F(BulkTablesTest, RowsAreThoseOfABatch) {
  const std::vector<Sent> first = {{.id = "a", .time = At(1)}, {.id = "b", .time = At(2), .alias = "globex"}};
  const std::vector<Sent> second = {{.id = "b", .time = At(1), .alias = "initech", .properties = R"({"n":1})"},
                                    {.time = At(9)},
                                    {.id = "c"},
                                    {.id = "c", .time = At(3)},
                                    {.id = "a", .time = At(1)},
                                    {.id = "~", .time = At(3), .alias = "zz"},
                                    {.time = At(0)}};
  Store(first);
  Store(second);
  std::map<Family, Rows> expected;
  for (const Family family : storage::kAllFamilies) expected[family] = RowsOf(family);

  for (const Family family : storage::kAllFamilies) {
    for (const auto& [key, value] : expected[family]) Delete(family, key);
  }
  StartAt({});
  Store(first);
  const Chunk chunk = ReadAndDecide({{second.begin(), second.begin() + 3}, {second.begin() + 3, second.end()}});
  EXPECT_THAT(Take(chunk, 2), SizeIs(7)) << "what deletes, and what comes behind, is apart from the rest";
  for (const Family family : storage::kAllFamilies) {
    EXPECT_EQ(RowsOf(family), expected[family]) << storage::FamilyName(family);
  }
}

// Large chunks have several files of events. What leaves goes into the one whose range it falls into.
TEST_F(BulkTablesTest, EventsOfALargeChunkAreInSeveralFiles) {
  constexpr std::uint64_t kEvents = 140'000;
  constexpr std::uint64_t kTimes = 1000;
  std::vector<Sent> stored;
  for (std::uint64_t i = 0; i < 300; ++i) stored.push_back({.id = std::to_string(i * 400), .time = At(i * 4)});
  Store(stored);
  const Chunk chunk = ReadLarge(0, kEvents, [](std::uint64_t i) { return 1 + i * 7919 % kTimes; });
  EXPECT_EQ(chunk->superseded(), 300u);
  EXPECT_EQ(CountOf(Family::kEvents, Take(chunk, 2)), 2);
  for (const Family family : {Family::kEvents, Family::kEventIds, Family::kCustomers, Family::kChanges}) {
    EXPECT_EQ(RowsOf(family).size(), kEvents) << storage::FamilyName(family);
  }
  // Each at its own place, and none of those that left.
  for (const auto& [key, value] : RowsOf(Family::kEvents)) {
    const auto decoded = EventKey::Decode(key);
    ASSERT_THAT(decoded, IsOk());
    ASSERT_GT(decoded->sequence, 300u);
    ASSERT_EQ(decoded->time, At(1 + (decoded->sequence - 301) * 7919 % kTimes));
  }
}

}  // namespace
}  // namespace tallystick::ingest
