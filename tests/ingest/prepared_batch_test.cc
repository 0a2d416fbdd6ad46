#include "lib/ingest/prepared_batch.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/encoding/fingerprint.h"
#include "tests/support/ingest.h"
#include "tests/support/random.h"

namespace tallystick::ingest {
namespace {

using absl::StatusCode;
using storage::Family;
using testing::Account;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::Sent;
using testing::StatusIs;
using Indexes = std::vector<std::uint32_t>;

using PreparedBatchTest = testing::IngestTest;

// Names that differ late, by a length, or by a zero byte: what an order by the first eight bytes could get wrong.
const std::vector<std::string>& TrickyNames() {
  static const std::vector<std::string> names = {"a",
                                                 "aa",
                                                 "b",
                                                 "1234567",
                                                 "12345678",
                                                 "123456789",
                                                 "12345678a",
                                                 "12345678b",
                                                 std::string("1234567\0", 8),
                                                 std::string("a\0", 2),
                                                 std::string("a\0\0", 3),
                                                 std::string("12345678\0", 9),
                                                 "9d47c1a5-266c-4437-9b34-615396fb4170",
                                                 "9d47c1a5-266c-4437-9b34-615396fb4171",
                                                 "9D47C1A5-266C-4437-9B34-615396FB4170",
                                                 "\x7f",
                                                 "\xc3\xa9",
                                                 "\xf0\x9f\x98\x80",
                                                 std::string(254, 'x'),
                                                 std::string(255, 'x'),
                                                 std::string(254, 'x') + "y"};
  return names;
}

// --- What a batch holds ---

TEST_F(PreparedBatchTest, KeepsWhatItWasGiven) {
  std::string alias = "acme";
  const Sent sent = {.id = "event-1", .time = At(7, 5), .alias = alias, .type = "t", .properties = R"({"n":1.10})"};
  const Batch batch = Prepare({{.alias = "other"}, sent});
  const PreparedEvent& event = batch->events()[1];
  EXPECT_EQ(event.input_index, 1u);
  EXPECT_EQ(batch->Alias(event), "acme");
  EXPECT_EQ(batch->IdKey(event), (EventIdKey{Account(1), "event-1"}.Encode().view()));
  EXPECT_EQ(event.time, At(7, 5));
  std::string scratch;
  EXPECT_EQ(event.fingerprint, Fingerprint(identity_->fingerprint_key, "acme", "t", R"({"n":1.10})", &scratch));
  for (const std::uint64_t ticks : {std::uint64_t{0}, std::uint64_t{12345}, Receipt::kTicksEnd - 1}) {
    const auto row = EventRow::Decode(batch->Row(event, Receipt{ticks}));
    ASSERT_THAT(row, IsOk());
    EXPECT_EQ(row->receipt.ticks, ticks);
    EXPECT_EQ(row->customer_event_id, "event-1");
    EXPECT_EQ(row->customer_alias, "acme");
    EXPECT_EQ(row->event_type, "t");
    EXPECT_EQ(row->event_properties, R"({"n":1.10})");
  }
}

TEST_F(PreparedBatchTest, AnEventWithoutIdHasNoIdKeyAndNoIdInItsRow) {
  const Batch batch = Prepare({{.id = "b"}, {}, {.id = "a"}, {}});
  EXPECT_THAT(batch->by_id(), ElementsAre(2, 0));
  EXPECT_EQ(batch->events()[1].id_key_size, 0u);
  const auto row = EventRow::Decode(batch->Row(batch->events()[1], Receipt{1}));
  ASSERT_THAT(row, IsOk());
  EXPECT_FALSE(row->customer_event_id.has_value());
  EXPECT_EQ(batch->Alias(batch->events()[1]), "acme");
}

TEST_F(PreparedBatchTest, ItsSizeCoversWhatItWillWrite) {
  const Batch batch = Prepare({{.id = "a", .properties = R"({"text":")" + std::string(5000, 'x') + "\"}"}, {}});
  storage::Batch rows(*database());
  EXPECT_THAT(batch->LookUp(*database(), 0), IsOk());
  std::vector<storage::CommitRequest*> group = {batch.get()};
  std::vector<absl::Status> statuses(1);
  committer().Decide(group, absl::MakeSpan(statuses), &rows);
  EXPECT_GE(batch->bytes(), rows.bytes() * 9 / 10);
  EXPECT_LE(batch->bytes(), rows.bytes() * 2);
}

// --- Orders ---

class OrderTest : public PreparedBatchTest {
 protected:
  // All events by the keys that they would get if they were stored in the order of the batch.
  template <typename KeyOf>
  static Indexes InOrderOf(const PreparedBatch& batch, const Indexes& among, const KeyOf& key_of) {
    Indexes order = among;
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return key_of(batch, a).view() < key_of(batch, b).view();
    });
    return order;
  }
  // The time of receipt is not known yet, and taken to be the latest.
  static Instant TimeOf(PreparedBatch& batch, std::uint32_t i) {
    return batch.events()[i].time.value_or(Instant::End());
  }

  void ExpectKeyOrders(const std::vector<Sent>& events) const {
    const Batch batch = Prepare(events);
    Indexes all;
    Indexes with_id;
    for (std::uint32_t i = 0; i < events.size(); ++i) {
      all.push_back(i);
      if (events[i].id.has_value()) with_id.push_back(i);
    }
    EXPECT_EQ(batch->by_id(), InOrderOf(*batch, with_id, [&](const PreparedBatch&, std::uint32_t i) {
                return EventIdKey{Account(1), *events[i].id}.Encode();
              }));
    EXPECT_EQ(batch->by_time(), InOrderOf(*batch, all, [&](const PreparedBatch&, std::uint32_t i) {
                return EventKey{.account = Account(1), .time = TimeOf(*batch, i), .sequence = i + 1}.Encode();
              }));
    EXPECT_EQ(
        batch->by_customer(), InOrderOf(*batch, all, [&](const PreparedBatch&, std::uint32_t i) {
          return CustomerKey{
              .account = Account(1), .customer_alias = events[i].alias, .time = TimeOf(*batch, i), .sequence = i + 1}
              .Encode();
        }));
    std::map<std::string, int> count;
    for (const Sent& event : events) count[event.id.value_or("")] += event.id.has_value() ? 1 : 0;
    for (std::uint32_t i = 0; i < events.size(); ++i) {
      EXPECT_EQ(batch->events()[i].repeated, events[i].id.has_value() && count[*events[i].id] > 1)
          << ::testing::PrintToString(events[i].id);
    }
  }
};

TEST_F(OrderTest, OfTrickyNamesIsThatOfTheirKeys) {
  std::vector<Sent> events;
  for (const std::string& name : TrickyNames()) events.push_back({.id = name, .time = At(1), .alias = name});
  ExpectKeyOrders(events);
  std::reverse(events.begin(), events.end());
  ExpectKeyOrders(events);
}

TEST_F(OrderTest, OfTimesThatDifferInTheirLowestBitsIsThatOfTheirKeys) {
  std::vector<Sent> events = {{}};  // at the time of receipt
  for (const std::uint32_t nanos : {999'999'999u, 0u, 1u, 31u, 32u, 33u, 64u, 999'999'968u, 32u}) {
    events.push_back({.time = At(5, nanos)});
    events.push_back({.time = At(4, nanos)});
  }
  events.push_back({.time = Instant::Min()});
  events.push_back({.time = Instant{.seconds = Instant::kSecondsEnd - 1, .nanos = 999'999'999}});
  events.push_back({});
  ExpectKeyOrders(events);
}

TEST_F(OrderTest, OfNothingIsNothing) {
  const Batch batch = Prepare({});
  EXPECT_THAT(batch->by_id(), IsEmpty());
  EXPECT_THAT(batch->by_time(), IsEmpty());
  EXPECT_THAT(batch->by_customer(), IsEmpty());
  EXPECT_THAT(batch->LookUp(*database(), 0), IsOk());
}

TEST_F(OrderTest, OfRandomEventsIsThatOfTheirKeys) {
  testing::Random random(testing::TestSeed());
  for (int round = 0; round < 100; ++round) {
    std::vector<Sent> events(random.Below(60));
    for (Sent& event : events) {
      if (!random.OneIn(8)) event.id = random.PickFrom(TrickyNames());
      if (!random.OneIn(8)) event.time = At(random.Below(3), static_cast<std::uint32_t>(random.Below(40)));
      event.alias = random.PickFrom(TrickyNames());
    }
    ExpectKeyOrders(events);
    if (::testing::Test::HasFailure()) return;
  }
}

// --- Looking up ---

TEST_F(PreparedBatchTest, LookUpFindsWhatIsStoredUnderEachIdentity) {
  const std::vector<Sent> events = {{.id = "a", .time = At(1)}, {.id = "aa", .time = At(2), .alias = "zeta"}};
  Store(events);
  Store({{.id = "b", .time = At(1)}}, Account(2));

  Sent changed = events[1];
  changed.properties = R"({"n":1})";
  Sent any_time = events[0];
  any_time.time.reset();
  const Batch batch = Prepare({changed, {.id = "new"}, events[0], changed, {}, {.id = "b", .time = At(1)}, any_time});
  ASSERT_THAT(batch->LookUp(*database(), 17), IsOk());
  EXPECT_EQ(batch->looked_up_at(), 17u);
  const auto& found = batch->events();
  for (const std::size_t i : {std::size_t{0}, std::size_t{3}}) {
    ASSERT_TRUE(found[i].stored.has_value());
    EXPECT_EQ(found[i].stored->row.sequence, 2u);
    EXPECT_EQ(found[i].stored->row.time, At(2));
    EXPECT_EQ(found[i].stored->customer_alias, "zeta");
    EXPECT_FALSE(found[i].SameAs(found[i].stored->row));
  }
  for (const std::size_t i : {std::size_t{2}, std::size_t{6}}) {
    ASSERT_TRUE(found[i].stored.has_value());
    EXPECT_EQ(found[i].stored->row.sequence, 1u);
    EXPECT_TRUE(found[i].SameAs(found[i].stored->row));
  }
  EXPECT_FALSE(found[1].stored.has_value());
  EXPECT_FALSE(found[4].stored.has_value());
  EXPECT_FALSE(found[5].stored.has_value()) << "another account's";
}

// Identities and sequences are in different orders, and one of each is asked for twice.
TEST_F(PreparedBatchTest, LookUpFindsManyInAnyOrder) {
  testing::Random random(testing::TestSeed());
  std::vector<Sent> events;
  for (std::uint64_t i = 0; i < 300; ++i) {
    events.push_back({.id = std::to_string(random.Below(1'000'000)) + "-" + std::to_string(i), .time = At(i)});
  }
  const Batch stored = Store(events);
  std::vector<Sent> again;
  std::vector<std::size_t> places;
  for (int i = 0; i < 400; ++i) {
    places.push_back(static_cast<std::size_t>(random.Below(events.size())));
    again.push_back(events[places.back()]);
    if (random.OneIn(3)) again.back().alias = "other";
  }
  const Batch batch = Prepare(again);
  ASSERT_THAT(batch->LookUp(*database(), 0), IsOk());
  for (std::size_t i = 0; i < again.size(); ++i) {
    const PreparedEvent& event = batch->events()[i];
    const Decision& decision = stored->decisions()[places[i]];
    ASSERT_TRUE(event.stored.has_value()) << i;
    EXPECT_FALSE(event.look_again);
    EXPECT_EQ(event.stored->row.sequence, decision.sequence);
    EXPECT_EQ(event.stored->row.time, At(places[i]));
    EXPECT_EQ(event.stored->row.receipt, decision.receipt);
    EXPECT_EQ(event.SameAs(event.stored->row), again[i].alias == "acme");
    EXPECT_EQ(event.stored->customer_alias, again[i].alias == "acme" ? "" : "acme");
  }
}

TEST_F(PreparedBatchTest, ADamagedRowFailsTheLookUp) {
  Store({{.id = "a", .time = At(1)}});
  const std::string id_key(EventIdKey{Account(1), "a"}.Encode().view());
  const std::string event_key(EventKey{.account = Account(1), .time = At(1), .sequence = 1}.Encode().view());
  const auto look_up = [this](const Sent& sent) { return Prepare({sent})->LookUp(*database(), 0); };
  const Sent changed = {.id = "a", .time = At(2)};

  Put(Family::kEvents, event_key, "rubbish");
  EXPECT_THAT(look_up({.id = "a", .time = At(1)}), IsOk()) << "need not be read";
  EXPECT_THAT(look_up(changed), StatusIs(StatusCode::kDataLoss, "events"));
  Delete(Family::kEvents, event_key);
  EXPECT_THAT(look_up(changed), IsOk()) << "may have been superseded just now: the committer tells";

  const std::string change_key(ChangeKey{1}.Encode().view());
  std::string foreign;
  ChangeRow{.account = Account(2), .time = At(1), .receipt = Receipt{1}}.AppendTo(&foreign);
  Put(Family::kChanges, change_key, foreign);
  EXPECT_THAT(look_up(changed), StatusIs(StatusCode::kDataLoss, "changes: a row to which 'event_ids' leads"));
  Put(Family::kChanges, change_key, "rubbish");
  EXPECT_THAT(look_up(changed), StatusIs(StatusCode::kDataLoss, "changes"));
  Delete(Family::kChanges, change_key);
  EXPECT_THAT(look_up(changed), IsOk()) << "likewise";
  Put(Family::kEventIds, id_key, "rubbish");
  EXPECT_THAT(look_up(changed), StatusIs(StatusCode::kDataLoss, "event_ids"));
}

}  // namespace
}  // namespace tallystick::ingest
