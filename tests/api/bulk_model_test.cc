// Random bulk writes between other writes, reopenings and crashes, beside the plain map, and beside a second store that
// gets the same events by batches alone. All that can be read must be the same, but for what is random in an id.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tallystick/store.h"
#include "tests/support/bulk.h"
#include "tests/support/model.h"
#include "tests/support/modelled_store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/stored.h"

namespace tallystick::testing {
namespace {

using ::testing::ContainerEq;

// In parts that can run side by side.
constexpr int kParts = 3;
constexpr int kSteps = 24;               // at least
constexpr std::uint64_t kChunksMin = 5;  // more than so many are stored

constexpr std::size_t kChunkBytes = 64 * 1024;  // some two hundred events

// An id's receipt: what follows is made with a key of the store's own.
Uuid ReceiptOf(const Uuid& id) {
  Uuid receipt;
  std::copy_n(id.bytes.begin(), 8, receipt.bytes.begin());
  return receipt;
}

// What two stores that got the same at the same times have in common.
Stored Common(Stored event) {
  if (event.customer_event_id == event.id.ToString()) event.customer_event_id = "assigned";
  event.id = ReceiptOf(event.id);
  return event;
}
StoredChange Common(StoredChange change) {
  change.event = Common(std::move(change.event));
  if (change.replaced) change.replaced->second = ReceiptOf(change.replaced->second);
  return change;
}
template <typename T>
std::vector<T> Common(std::vector<T> all) {
  for (T& one : all) one = Common(std::move(one));
  return all;
}

class BulkModelTest : public ModelledStoreTest {
 protected:
  void OpenBoth() {
    Open();
    Options options;
    options.clock = clock_.function();
    options.durability = Durability::kBuffered;
    ASSERT_OK_AND_ASSIGN(batches_, Store::Open(folder_.path("batches"), options));
  }

  // --- Random input ---

  Uuid RandomAccount() { return Account(static_cast<std::uint8_t>(1 + random_.Below(2))); }

  const std::string& RandomAlias() {
    static const std::vector<std::string> aliases = {"a", "aa", "aaa", "b", "ab", std::string(255, 'a'), "Ünïcode"};
    return random_.PickFrom(aliases);
  }

  // Some come again and again within a chunk, others once in a while.
  std::string RandomId() {
    static const std::vector<std::string> special = {"a",  "aa", std::string(255, 'x'), "\"",
                                                     "é€", " ",  std::string("a\x7f"),  "00000000-"};
    if (random_.OneIn(10)) return random_.PickFrom(special);
    return "event-" + std::to_string(random_.OneIn(3) ? random_.Below(40) : random_.Below(1200));
  }

  // Times that many events share, in the order of nothing, and the two ends.
  absl::Time RandomTime() {
    static const std::vector<absl::Time> edges = {ParseTimestamp("0001-01-01T00:00:00Z").value(),
                                                  ParseTimestamp("9999-12-31T23:59:59.999999999Z").value()};
    if (random_.OneIn(100)) return random_.PickFrom(edges);
    return absl::FromUnixSeconds(1'760'000'000) + absl::Minutes(20) * static_cast<double>(random_.Below(100)) +
           absl::Nanoseconds(random_.Below(40));
  }

  NewEvent RandomEvent() {
    NewEvent event;
    if (!random_.OneIn(50)) event.customer_event_id = RandomId();
    event.customer_alias = RandomAlias();
    event.event_type = random_.OneIn(3) ? "u" : "t";
    if (!random_.OneIn(8)) event.event_timestamp = RandomTime();
    if (!random_.OneIn(10)) {
      const std::string value = random_.OneIn(20) ? "\"none\"" : std::to_string(random_.Below(5)) + ".5";
      event.minified = R"({"n":)" + value + R"(,"g":")" + std::to_string(random_.Below(3)) + "\"}";
      event.event_properties = random_.OneIn(2) ? event.minified : " " + event.minified + " ";
    } else {
      event.minified = "{}";
    }
    if (random_.OneIn(60)) {
      if (random_.OneIn(2)) {
        event.customer_alias = "";
      } else {
        event.event_type = std::string(256, 't');
      }
      event.invalid = RejectReason::kInvalidValue;
    }
    return event;
  }

  // Many new ones, and some that were sent before.
  std::vector<NewEvent> RandomEvents(std::size_t count) {
    std::vector<NewEvent> events;
    for (std::size_t i = 0; i < count; ++i) {
      if (!sent_.empty() && random_.OneIn(6)) {
        events.push_back(random_.PickFrom(sent_));
      } else {
        events.push_back(RandomEvent());
        if (sent_.size() < 2000) {
          sent_.push_back(events.back());
        } else {
          sent_[random_.Below(sent_.size())] = events.back();
        }
      }
    }
    return events;
  }

  // --- Writing ---

  // To the second store and the model; what became of the events.
  BulkResult WriteBatches(const Uuid& account, const std::vector<NewEvent>& events) {
    BulkResult counts;
    for (std::size_t begin = 0; begin < events.size();) {
      const std::size_t end = std::min(events.size(), begin + 1 + random_.Below(400));
      const std::vector<NewEvent> batch(events.begin() + static_cast<std::ptrdiff_t>(begin),
                                        events.begin() + static_cast<std::ptrdiff_t>(end));
      std::vector<std::string> texts;
      for (const NewEvent& event : batch) texts.push_back(event.ToJson());
      const std::vector<std::string_view> documents(texts.begin(), texts.end());
      const auto results = batches_->WriteJson(account, documents);
      EXPECT_THAT(results, IsOk());
      if (!results.ok()) return counts;
      model_.Apply(account, batch, BatchMode::kPartial, clock_.Now(), *results);
      for (const WriteResult& result : *results) {
        counts.created += result.outcome == Outcome::kCreated ? 1 : 0;
        counts.superseded += result.outcome == Outcome::kSuperseded ? 1 : 0;
        counts.unchanged += result.outcome == Outcome::kUnchanged ? 1 : 0;
        counts.rejected += result.outcome == Outcome::kRejected ? 1 : 0;
        counts.identities_assigned += result.identity_assigned ? 1 : 0;
      }
      begin = end;
    }
    return counts;
  }

  void WriteInBulk(const Uuid& account, const std::vector<NewEvent>& events) {
    const std::uint64_t sequence_before = model_.last_sequence();
    const BulkResult expected = WriteBatches(account, events);
    std::vector<std::uint64_t> expected_rejected;
    std::vector<std::string> texts;
    for (const NewEvent& event : events) {
      texts.push_back(event.ToJson());
      if (event.invalid) expected_rejected.push_back(texts.size());
    }

    std::vector<std::uint64_t> rejected;
    BulkOptions options{.chunk_bytes = kChunkBytes, .threads = 1 + static_cast<int>(random_.Below(4))};
    options.on_rejected = [&](const BulkDocument& document, const Rejection& rejection) {
      EXPECT_EQ(document.text, events[document.number - 1].ToJson());
      EXPECT_EQ(RejectReasonName(rejection.reason), RejectReasonName(RejectReason::kInvalidValue));
      rejected.push_back(document.number);
      return true;
    };
    std::uint64_t chunks = 0;
    options.on_stored = [&](const BulkResult& so_far) {
      ++chunks;
      // No further chunk has been handed over yet: the feed ends with this one's last event.
      const std::uint64_t last = sequence_before + so_far.created + so_far.superseded;
      if (so_far.created + so_far.superseded > 0) {
        ChangeIterator changes = store_->Changes({.after = last - 1});
        EXPECT_TRUE(changes.Valid());
        if (changes.Valid()) {
          EXPECT_EQ(changes.change().event.sequence, last);
        }
      }
      EXPECT_FALSE(store_->Changes({.after = last}).Valid());
      stored_ += so_far.read() > 0 ? 1 : 0;
    };
    const std::size_t size = 1 + random_.Below(150);
    const BulkSource source = SourceOf(texts, [this, size, &account] {
      // Meters come and go while a chunk is being read, and the one before is being stored.
      if (random_.OneIn(20)) RandomDeclaration(account);
      return 1 + random_.Below(size);
    });
    const absl::StatusOr<BulkResult> result = store_->WriteBulk(account, source, options);
    ASSERT_THAT(result, IsOk());
    EXPECT_EQ(result->created, expected.created);
    EXPECT_EQ(result->superseded, expected.superseded);
    EXPECT_EQ(result->unchanged, expected.unchanged);
    EXPECT_EQ(result->rejected, expected.rejected);
    EXPECT_EQ(result->identities_assigned, expected.identities_assigned);
    EXPECT_FALSE(result->stopped);
    EXPECT_THAT(rejected, ContainerEq(expected_rejected));
    if (events.size() > 1200) {
      EXPECT_GT(chunks, 2u);
    }
  }

  // By a batch, to all three.
  void WriteAsUsual(const Uuid& account, const std::vector<NewEvent>& events) {
    const std::uint64_t before = model_.last_sequence();
    WriteBatches(account, events);
    std::vector<Event> batch;
    for (const NewEvent& event : events) batch.push_back(event.ToEvent());
    ASSERT_OK_AND_ASSIGN(const auto results, store_->Write(account, batch));
    std::uint64_t last = before;
    for (const WriteResult& result : results) last = std::max(last, result.sequence);
    EXPECT_EQ(last, model_.last_sequence() == before ? last : model_.last_sequence());
  }

  // --- Meters ---

  static const std::vector<std::pair<std::string, Meter>>& Meters() {
    static const std::vector<std::pair<std::string, Meter>> meters = {
        {"count", {.event_type = "t", .aggregation = Aggregation::kCount}},
        {"count-by", {.event_type = "u", .aggregation = Aggregation::kCount, .group_by = {"g"}}},
        {"sum", {.event_type = "t", .aggregation = Aggregation::kSum, .property = "n", .group_by = {"g"}}},
        {"min", {.event_type = "t", .aggregation = Aggregation::kMin, .property = "n"}},
        {"max", {.event_type = "t", .aggregation = Aggregation::kMax, .property = "n", .group_by = {"g"}}},
        {"average", {.event_type = "u", .aggregation = Aggregation::kAverage, .property = "n"}},
        {"unique", {.event_type = "t", .aggregation = Aggregation::kUniqueCount, .property = "n"}},
        {"latest", {.event_type = "t", .aggregation = Aggregation::kLatest, .property = "n"}}};
    return meters;
  }

  // Of the store alone: the second one answers from its events.
  void RandomDeclaration(const Uuid& account) {
    const auto& [name, meter] = random_.PickFrom(Meters());
    if (declared_.contains({account, name}) && random_.OneIn(3)) {
      EXPECT_THAT(store_->DropMeter(account, name), IsOk());
      declared_.erase({account, name});
    } else {
      EXPECT_THAT(store_->DefineMeter(account, name, meter), IsOk());
      declared_.insert({account, name});
    }
  }

  void CompareMeters() {
    for (const auto& [name, meter] : Meters()) {
      for (std::uint8_t n = 1; n <= 2; ++n) {
        if (!declared_.contains({Account(n), name})) continue;
        SCOPED_TRACE("meter " + name + " of account " + std::to_string(n));
        if (random_.OneIn(2)) {
          ASSERT_THAT(store_->AwaitMeter(Account(n), name), IsOk());
        }
        QueryOptions options{.account = Account(n), .meter = meter};
        if (random_.OneIn(3)) options.customer_aliases = {RandomAlias()};
        if (random_.OneIn(3)) options.from = RandomTime();
        if (random_.OneIn(2)) options.window = random_.OneIn(2) ? Window::kDay : Window::kHour;
        ASSERT_OK_AND_ASSIGN(const Usage expected, batches_->Query(options));
        options.declared = name;
        options.meter = {};
        ASSERT_OK_AND_ASSIGN(const Usage usage, store_->Query(options));
        EXPECT_EQ(usage.skipped, expected.skipped);
        EXPECT_THAT(Texts(usage), ContainerEq(Texts(expected)));
      }
    }
  }

  static std::vector<std::string> Texts(const Usage& usage) {
    std::vector<std::string> rows;
    for (const UsageRow& row : usage.rows) {
      std::string text = (row.from ? FormatTimestamp(*row.from) : "open") + " to " +
                         (row.to ? FormatTimestamp(*row.to) : "open") + " " + row.value + " of " +
                         std::to_string(row.count) + ", sum " + row.sum.value_or("none");
      for (const auto& group : row.group) text += " " + group.value_or("null");
      rows.push_back(text);
    }
    return rows;
  }

  // --- Comparing ---

  void CompareScan(const ScanOptions& options) {
    ASSERT_OK_AND_ASSIGN(const std::vector<Stored> events, ReadAll(store_->Scan(options)));
    EXPECT_THAT(Common(events), ContainerEq(Common(model_.Scan(options))));
  }

  void CompareEverything() {
    for (std::uint8_t n = 1; n <= 2; ++n) {
      for (const Direction direction : {Direction::kAscending, Direction::kDescending}) {
        ScanOptions options{.account = Account(n), .direction = direction};
        CompareScan(options);
        options.customer_aliases = {RandomAlias()};
        CompareScan(options);
        options.customer_aliases.push_back(RandomAlias());
        options.from = RandomTime();
        CompareScan(options);
      }
      ASSERT_OK_AND_ASSIGN(const StoreStats stats, store_->Stats(Account(n)));
      ASSERT_OK_AND_ASSIGN(const StoreStats expected, batches_->Stats(Account(n)));
      EXPECT_EQ(stats.events, expected.events);
      EXPECT_EQ(stats.store_events, expected.store_events);
      EXPECT_EQ(stats.last_sequence, expected.last_sequence);
      EXPECT_EQ(Texts(stats.event_types), Texts(expected.event_types));
      EXPECT_EQ(Texts(stats.customer_aliases), Texts(expected.customer_aliases));
    }
    ASSERT_OK_AND_ASSIGN(const std::vector<StoredChange> changes, ReadAll(store_->Changes()));
    EXPECT_THAT(Common(changes), ContainerEq(Common(model_.Changes({}))));
    Uuid last_id;
    for (const StoredChange& change : changes) {
      EXPECT_GT(change.event.id, last_id);
      last_id = change.event.id;
      if (change.replaced) {
        const auto known = ids_.find(change.replaced->first);
        if (known != ids_.end()) {
          EXPECT_EQ(change.replaced->second, known->second) << change;
        }
      }
      const auto [known, is_new] = ids_.emplace(change.event.sequence, change.event.id);
      if (!is_new) {
        EXPECT_EQ(change.event.id, known->second) << change;
      }
      if (!random_.OneIn(4)) continue;
      const absl::StatusOr<OwnedEvent> event = store_->Get(change.event.account, change.event.customer_event_id);
      ASSERT_THAT(event, IsOk());
      EXPECT_EQ(Stored(**event), change.event);
    }
    CompareMeters();
    ASSERT_OK_AND_ASSIGN(const VerifyReport report, store_->Verify());
    EXPECT_EQ(report.events, model_.size());
    EXPECT_EQ(report.last_sequence, model_.last_sequence());
    for (const Difference& difference : report.differences) {
      ADD_FAILURE() << difference.family << " " << difference.key << ": " << difference.problem;
    }
  }

  static std::vector<std::string> Texts(const std::vector<CountOf>& counts) {
    std::vector<std::string> texts;
    for (const CountOf& count : counts) texts.push_back(count.name + ": " + std::to_string(count.events));
    return texts;
  }

  std::unique_ptr<Store> batches_;
  std::vector<NewEvent> sent_;
  std::map<std::uint64_t, Uuid> ids_;                // by sequence, as the store has shown them
  std::set<std::pair<Uuid, std::string>> declared_;  // in the store, by account
  std::uint64_t stored_ = 0;
};

TEST_P(BulkModelTest, LeavesWhatBatchesLeave) {
  OpenBoth();
  for (int step = 1; (step <= kSteps || stored_ <= kChunksMin) && !HasFailure(); ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    const Uuid account = RandomAccount();
    switch (random_.Below(6)) {
      case 0:
        Reopen();
        break;
      case 1:
        RandomDeclaration(account);
        break;
      case 2:
      case 3:
        WriteAsUsual(account, RandomEvents(1 + random_.Below(60)));
        break;
      default:
        WriteInBulk(account, RandomEvents(random_.OneIn(3) ? random_.Below(30) : random_.Below(1500)));
    }
    if (HasFatalFailure()) return;
    if (random_.OneIn(2)) clock_.Advance(absl::Milliseconds(static_cast<int>(random_.Below(2000)) - 900));
    CompareEverything();
  }
}

INSTANTIATE_TEST_SUITE_P(Parts, BulkModelTest, ::testing::Range(0, kParts));

}  // namespace
}  // namespace tallystick::testing
