// Many threads: writers that meet on one id, readers of the feed and of scans beside them, openings for reading.

#include <algorithm>
#include <atomic>
#include <functional>
#include <latch>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tallystick/store.h"
#include "tests/support/bulk.h"
#include "tests/support/open_store.h"
#include "tests/support/random.h"

namespace tallystick::testing {
namespace {

using ::testing::ContainerEq;

// Does something on the way out, also where an assertion fails: other threads wait for it.
class AtEnd {
 public:
  explicit AtEnd(std::function<void()> action) : action_(std::move(action)) {}
  AtEnd(const AtEnd&) = delete;
  AtEnd& operator=(const AtEnd&) = delete;
  ~AtEnd() { action_(); }

 private:
  const std::function<void()> action_;
};

class ConcurrencyTest : public StoreTest {
 protected:
  ConcurrencyTest() { options_.clock = absl::Now; }

  // Runs `task(0)`, `task(1)`, ... at once.
  template <typename Task>
  static void InThreads(int count, const Task& task) {
    std::latch start(count);
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) {
      threads.emplace_back([&start, &task, i] {
        start.arrive_and_wait();
        task(i);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  void ExpectAllIndexesAgree() {
    ASSERT_OK_AND_ASSIGN(const VerifyReport report, store().Verify());
    for (const Difference& difference : report.differences) {
      ADD_FAILURE() << difference.family << " " << difference.key << ": " << difference.problem;
    }
  }

  // Events whose time tells by which round they were written: a read sees those of one.
  void ExpectOneRound(int events) {
    ASSERT_OK_AND_ASSIGN(const auto all, ReadAll(store().Scan({.account = account_})));
    ASSERT_EQ(all.size(), static_cast<std::size_t>(events));
    for (const Stored& event : all) ASSERT_EQ(event.event_timestamp, all.front().event_timestamp);
    ASSERT_OK_AND_ASSIGN(const auto either,
                         ReadAll(store().Scan({.account = account_, .customer_aliases = {"even", "odd"}})));
    ASSERT_EQ(either.size(), static_cast<std::size_t>(events));
  }
};

// Writers put batches over few ids. Replaying what each write was told, in the order of the sequences, must give what
// the store holds: no write was lost, none was decided on an outdated look-up.
TEST_F(ConcurrencyTest, ManyWritersOnOverlappingIdsLeaveOneHistory) {
  constexpr int kWriters = 8;
  constexpr int kWritesEach = 150;
  const std::uint64_t seed = TestSeed();
  struct Told {
    std::string id;
    std::string properties;
    WriteResult result;
  };
  std::vector<std::vector<Told>> told(kWriters);
  store();
  InThreads(kWriters, [&](int writer) {
    Random random(seed + static_cast<std::uint64_t>(writer));
    for (int write = 0; write < kWritesEach; ++write) {
      std::vector<std::pair<std::string, std::string>> texts(1 + random.Below(20));
      for (auto& [id, properties] : texts) {
        id = "event-" + std::to_string(random.Below(40));
        properties = R"({"n":)" + std::to_string(random.Below(3)) + "}";
      }
      std::vector<Event> events;
      for (const auto& [id, properties] : texts) {
        events.push_back(MakeEvent(id, static_cast<double>(properties.size()), "acme", "t", properties));
      }
      const Durability durability = random.OneIn(10) ? Durability::kSynced : Durability::kBuffered;
      const auto timeout = random.OneIn(4) ? std::optional(absl::Hours(1)) : std::nullopt;
      const auto results = store().Write(account_, events, {.durability = durability, .timeout = timeout});
      ASSERT_THAT(results, IsOk());
      for (std::size_t i = 0; i < texts.size(); ++i) {
        told[static_cast<std::size_t>(writer)].push_back({texts[i].first, texts[i].second, (*results)[i]});
      }
    }
  });

  std::map<std::uint64_t, const Told*> stored;  // by sequence
  std::vector<const Told*> unchanged;
  for (const auto& of_writer : told) {
    for (const Told& one : of_writer) {
      if (one.result.outcome == Outcome::kUnchanged) {
        unchanged.push_back(&one);
      } else {
        EXPECT_TRUE(stored.emplace(one.result.sequence, &one).second) << "sequence given out twice";
      }
    }
  }
  std::map<std::string, const Told*> newest;
  std::uint64_t expected_sequence = 1;
  Uuid last_id{};
  for (const auto& [sequence, one] : stored) {
    EXPECT_EQ(sequence, expected_sequence++);
    EXPECT_GT(one->result.id, last_id);
    last_id = one->result.id;
    const Told*& before = newest[one->id];
    if (before == nullptr) {
      EXPECT_EQ(one->result.outcome, Outcome::kCreated);
    } else {
      EXPECT_EQ(one->result.superseded_id, before->result.id);
      EXPECT_NE(one->properties, before->properties);
    }
    before = one;
  }
  for (const Told* one : unchanged) {
    const auto original = stored.find(one->result.sequence);
    ASSERT_NE(original, stored.end());
    EXPECT_EQ(original->second->id, one->id);
    EXPECT_EQ(original->second->properties, one->properties);
  }
  std::map<std::string, Uuid> expected;
  for (const auto& [id, one] : newest) expected[id] = one->result.id;
  std::map<std::string, Uuid> found;
  EventIterator events = store().Scan({.account = account_});
  for (; events.Valid(); events.Next()) found.emplace(events.event().customer_event_id, events.event().id);
  EXPECT_THAT(found, ContainerEq(expected));
  ExpectAllIndexesAgree();
}

// Meters come and go while batches that were measured for others wait for their turn. In the end, what is kept is what
// the events say.
TEST_F(ConcurrencyTest, DeclaredMetersAreRightBesideManyWriters) {
  constexpr int kWriters = 4;
  constexpr int kWritesEach = 200;
  const std::uint64_t seed = TestSeed();
  const std::map<std::string, Meter> meters = {
      {"sum", {.event_type = "t", .aggregation = Aggregation::kSum, .property = "n", .group_by = {"g"}}},
      {"max", {.event_type = "t", .aggregation = Aggregation::kMax, .property = "n"}},
      {"values", {.event_type = "t", .aggregation = Aggregation::kUniqueCount, .property = "n"}}};
  store();
  InThreads(kWriters + 1, [&](int thread) {
    Random random(seed + static_cast<std::uint64_t>(thread));
    for (int round = 0; round < (thread == kWriters ? kWritesEach / 4 : kWritesEach); ++round) {
      if (thread == kWriters) {
        for (const auto& [name, meter] : meters) {
          EXPECT_THAT(store().DefineMeter(account_, name, meter), IsOk());
          if (random.OneIn(2)) {
            EXPECT_THAT(store().AwaitMeter(account_, name), IsOk());
          }
          const auto usage = store().Query({.account = account_, .declared = name});
          ASSERT_THAT(usage, IsOk());
          if (random.OneIn(2)) {
            EXPECT_THAT(store().DropMeter(account_, name), IsOk());
          }
        }
        continue;
      }
      std::vector<std::pair<std::string, std::string>> texts(1 + random.Below(20));
      std::vector<Event> events;
      for (auto& [id, properties] : texts) {
        id = "event-" + std::to_string(random.Below(100));
        properties = R"({"n":)" + std::to_string(random.Below(9)) + R"(,"g":)" + std::to_string(random.Below(3)) + "}";
        events.push_back(MakeEvent(id, static_cast<double>(random.Below(5)) * 1000, random.OneIn(2) ? "acme" : "globex",
                                   random.OneIn(8) ? "u" : "t", properties));
      }
      ASSERT_THAT(store().Write(account_, events), IsOk());
    }
  });
  for (const auto& [name, meter] : meters) {
    EXPECT_THAT(store().DefineMeter(account_, name, meter), IsOk());
    EXPECT_THAT(store().AwaitMeter(account_, name), IsOk());
    const auto kept = store().Query({.account = account_, .declared = name, .window = Window::kHour});
    const auto read = store().Query({.account = account_, .meter = meter, .window = Window::kHour});
    ASSERT_THAT(kept, IsOk());
    ASSERT_THAT(read, IsOk());
    EXPECT_TRUE(kept->from_rollups);
    ASSERT_EQ(kept->rows.size(), read->rows.size());
    for (std::size_t i = 0; i < kept->rows.size(); ++i) {
      EXPECT_EQ(kept->rows[i].value, read->rows[i].value);
      EXPECT_EQ(kept->rows[i].count, read->rows[i].count);
    }
  }
  ExpectAllIndexesAgree();
}

// A reader polls the feed while synced and buffered writers go on, and keeps a copy. It must never see a sequence twice
// or out of order, and end with just what the store holds.
TEST_F(ConcurrencyTest, AFeedReaderBesideSyncedAndBufferedWritersMissesNothing) {
  constexpr int kWriters = 4;
  constexpr int kWritesEach = 200;
  std::atomic<int> writing = kWriters;
  std::map<std::string, Stored> copy;
  int polls = 0;
  store();
  InThreads(kWriters + 1, [&](int thread) {
    if (thread < kWriters) {
      const AtEnd end([&] { --writing; });
      Random random(static_cast<std::uint64_t>(thread));
      for (int write = 0; write < kWritesEach; ++write) {
        const std::string properties = R"({"n":)" + std::to_string(thread * kWritesEach + write) + "}";
        const std::string id = "event-" + std::to_string(random.Below(100));
        const Durability durability = thread % 2 == 0 ? Durability::kSynced : Durability::kBuffered;
        ASSERT_THAT(store().Put(account_, MakeEvent(id, 1, "acme", "t", properties), {.durability = durability}),
                    IsOk());
      }
      return;
    }
    std::uint64_t position = 0;
    for (bool last_round = false; !last_round; ++polls) {
      last_round = writing == 0;
      ChangeIterator changes = store().Changes({.after = position});
      for (; changes.Valid(); changes.Next()) {
        const Stored event(changes.change().event);
        ASSERT_GT(event.sequence, position);
        position = event.sequence;
        const auto known = copy.find(event.customer_event_id);
        if (known != copy.end()) {
          // What it replaced last is what the copy holds, or came and went between two polls.
          ASSERT_TRUE(changes.change().replaced.has_value());
          EXPECT_GE(changes.change().replaced->sequence, known->second.sequence);
        }
        copy.insert_or_assign(event.customer_event_id, event);
      }
      ASSERT_THAT(changes.status(), IsOk());
      position = changes.position();
    }
  });
  std::map<std::string, Stored> expected;
  ASSERT_OK_AND_ASSIGN(const auto all, ReadAll(store().Scan({.account = account_})));
  for (const Stored& event : all) expected.emplace(event.customer_event_id, event);
  EXPECT_THAT(copy, ContainerEq(expected));
  EXPECT_GT(polls, 1);
}

// Each write moves all of a customer's events to the next second together; a read must find them all at one second.
TEST_F(ConcurrencyTest, EveryReadIsOneMoment) {
  constexpr int kEvents = 20;
  constexpr int kRounds = 150;
  std::vector<std::string> names;
  for (int i = 0; i < kEvents; ++i) names.push_back("event-" + std::to_string(i));
  const auto write_round = [&](int round) {
    std::vector<Event> events;
    for (const std::string& name : names) events.push_back(MakeEvent(name, round, round % 2 == 0 ? "even" : "odd"));
    ASSERT_THAT(store().Write(account_, events), IsOk());
  };
  write_round(0);
  std::atomic<bool> writing = true;
  InThreads(3, [&](int thread) {
    if (thread == 0) {
      const AtEnd end([&] { writing = false; });
      for (int round = 1; round < kRounds; ++round) write_round(round);
      return;
    }
    while (writing) {
      if (thread == 1) {
        ASSERT_NO_FATAL_FAILURE(ExpectOneRound(kEvents));
      } else {
        ASSERT_OK_AND_ASSIGN(const VerifyReport report, store().Verify());
        ASSERT_TRUE(report.ok()) << report.differences.front().problem;
        ASSERT_EQ(report.events, static_cast<std::uint64_t>(kEvents));
      }
    }
  });
  ExpectAllIndexesAgree();
}

// Large events make the writer flush and delete logs all the time, which is when an opening could miss rows.
TEST_F(ConcurrencyTest, AReaderThatOpensBesideABusyWriterSeesAllThatWasAcknowledged) {
  options_.profile = Profile::kEdge;
  constexpr int kOpenings = 12;
  const std::string properties = R"({"text":")" + std::string(200'000, 'x') + R"("})";
  std::atomic<std::uint64_t> acknowledged = 0;
  std::atomic<bool> reading = true;
  store();
  InThreads(2, [&](int thread) {
    if (thread == 0) {
      for (int i = 0; reading; ++i) {
        const std::string id = "event-" + std::to_string(i % 400);
        ASSERT_OK_AND_ASSIGN(const WriteResult result,
                             store().Put(account_, MakeEvent(id, i, "acme", "t", properties)));
        acknowledged = result.sequence;
      }
      return;
    }
    const AtEnd end([&] { reading = false; });
    for (int i = 0; i < kOpenings; ++i) {
      const std::uint64_t at_least = acknowledged;
      // A slash too many must not make the reader look away.
      const auto reader = Store::Open(folder_.path() + "//store/", {.profile = Profile::kEdge, .read_only = true});
      ASSERT_THAT(reader, IsOk());
      ASSERT_OK_AND_ASSIGN(const VerifyReport report, (*reader)->Verify());
      EXPECT_TRUE(report.ok());
      EXPECT_GE(report.last_sequence, at_least);
      EXPECT_EQ(report.events, std::min<std::uint64_t>(report.last_sequence, 400));
    }
  });
}

TEST_F(ConcurrencyTest, ClosingBesideCallsEndsThemWithAnErrorAtMost) {
  store();
  std::atomic<int> refused = 0;
  InThreads(4, [&](int thread) {
    if (thread == 0) {
      const AtEnd end([&] { EXPECT_THAT(store().Close(), IsOk()); });
      for (int i = 0; i < 50; ++i) ASSERT_THAT(store().Put(account_, MakeEvent("warm-up", i)), IsOk());
      return;
    }
    for (int i = 0;; ++i) {
      const std::string id = "event-" + std::to_string(thread) + "-" + std::to_string(i);
      const auto result = store().Put(account_, MakeEvent(id, 1));
      if (!result.ok()) {
        EXPECT_THAT(result, StatusIs(absl::StatusCode::kFailedPrecondition));
        ++refused;
        return;
      }
    }
  });
  EXPECT_EQ(refused, 3);
  Reopen();
  ExpectAllIndexesAgree();
}

// --- Beside a bulk write ---

// Each chunk moves all events to the next second together; every read must find them all at one second, and the feed
// either all of them or none behind a position.
TEST_F(ConcurrencyTest, EveryReadBesideABulkWriteIsOneMoment) {
  constexpr int kEvents = 100;
  constexpr int kChunks = 40;
  const auto documents_of = [](int chunk) {
    std::vector<std::string> documents;
    for (int i = 0; i < kEvents; ++i) {
      const Event event = MakeEvent("", chunk, chunk % 2 == 0 ? "even" : "odd");
      documents.push_back(R"({"customerEventId":"event-)" + std::to_string(i) + R"(","customerAlias":")" +
                          std::string(event.customer_alias) + R"(","eventType":"t","eventTimestamp":")" +
                          FormatTimestamp(*event.event_timestamp) + R"("})");
    }
    return documents;
  };
  ASSERT_THAT(store().WriteBulk(account_, SourceOf(documents_of(0))), IsOk());
  std::atomic<bool> writing = true;
  InThreads(4, [&](int thread) {
    if (thread == 0) {
      const AtEnd end([&] { writing = false; });
      std::vector<std::string> all;
      for (int chunk = 1; chunk < kChunks; ++chunk) {
        for (std::string& document : documents_of(chunk)) all.push_back(std::move(document));
      }
      std::uint64_t chunks = 0;
      BulkOptions options{.chunk_time = absl::Nanoseconds(1), .threads = 1};
      options.on_stored = [&chunks](const BulkResult&) { ++chunks; };
      ASSERT_THAT(store().WriteBulk(account_, SourceOf(std::move(all), kEvents), options), IsOk());
      EXPECT_EQ(chunks, static_cast<std::uint64_t>(kChunks - 1));
      return;
    }
    std::uint64_t position = 0;
    while (writing) {
      if (thread == 1) {
        ASSERT_NO_FATAL_FAILURE(ExpectOneRound(kEvents));
        ASSERT_THAT(store().Get(account_, "event-7"), IsOk());
      } else if (thread == 2) {
        ASSERT_OK_AND_ASSIGN(const VerifyReport report, store().Verify());
        ASSERT_TRUE(report.ok()) << report.differences.front().problem;
        ASSERT_EQ(report.events, static_cast<std::uint64_t>(kEvents));
      } else {
        ASSERT_OK_AND_ASSIGN(const auto changes, ReadAll(store().Changes({.after = position})));
        ASSERT_TRUE(changes.empty() || changes.size() == static_cast<std::size_t>(kEvents)) << changes.size();
        for (const StoredChange& change : changes) {
          ASSERT_GT(change.event.sequence, position);
          position = change.event.sequence;
          ASSERT_EQ(change.event.event_timestamp, changes.front().event.event_timestamp);
        }
      }
    }
  });
  ExpectAllIndexesAgree();
}

// Writers put batches over the ids of the bulk write's events, and meters come and go. Whatever got the greatest
// sequence of an id must be what is stored.
TEST_F(ConcurrencyTest, WritersBesideABulkWriteOnTheSameIdsLeaveOneHistory) {
  constexpr int kWriters = 3;
  constexpr std::uint64_t kBulk = 8000;
  constexpr std::uint64_t kLive = 1'000'000;  // the numbers of others' events begin here
  const std::uint64_t seed = TestSeed();
  const Meter sum = {.event_type = "t", .aggregation = Aggregation::kSum, .property = "n"};
  const Meter max = {.event_type = "t", .aggregation = Aggregation::kMax, .property = "n"};
  ASSERT_THAT(store().DefineMeter(account_, "sum", sum), IsOk());
  struct Told {
    std::string id;
    WriteResult result;
  };
  std::vector<std::vector<Told>> told(kWriters);
  std::atomic<bool> loading = true;
  InThreads(kWriters + 2, [&](int thread) {
    Random random(seed + static_cast<std::uint64_t>(thread));
    if (thread == kWriters) {
      const AtEnd end([&] { loading = false; });
      BulkOptions options{.chunk_bytes = 64 * 1024, .threads = 2};
      ASSERT_OK_AND_ASSIGN(const BulkResult result,
                           store().WriteBulk(account_, SourceOf(BulkEvents(kBulk), 50), options));
      EXPECT_EQ(result.created + result.superseded, kBulk) << "each is unlike any before it";
      return;
    }
    for (std::uint64_t round = 0; loading; ++round) {
      if (thread > kWriters) {
        EXPECT_THAT(store().DefineMeter(account_, "max", max), IsOk());
        if (random.OneIn(2)) {
          EXPECT_THAT(store().AwaitMeter(account_, "max"), IsOk());
        }
        EXPECT_THAT(store().DropMeter(account_, "max"), IsOk());
        continue;
      }
      std::vector<std::pair<std::string, std::string>> texts(1 + random.Below(20));
      std::vector<Event> events;
      for (std::size_t i = 0; i < texts.size(); ++i) {
        const std::uint64_t n = kLive * static_cast<std::uint64_t>(1 + thread) + round * 20 + i;
        texts[i] = {BulkEventId(random.Below(kBulkEventIds)), BulkEventProperties(n)};
        events.push_back(
            MakeEvent(texts[i].first, static_cast<double>(random.Below(5)) * 1000, "acme", "t", texts[i].second));
      }
      const Durability durability = random.OneIn(10) ? Durability::kSynced : Durability::kBuffered;
      const auto results = store().Write(account_, events, {.durability = durability});
      ASSERT_THAT(results, IsOk());
      for (std::size_t i = 0; i < texts.size(); ++i) {
        told[static_cast<std::size_t>(thread)].push_back({texts[i].first, (*results)[i]});
      }
    }
  });

  std::map<std::string, Stored> stored;
  ASSERT_OK_AND_ASSIGN(const auto all, ReadAll(store().Scan({.account = account_})));
  std::uint64_t expected_sum = 0;
  std::map<std::uint64_t, std::uint64_t> bulk;  // the numbers of its events, by sequence
  for (const Stored& event : all) {
    stored.emplace(event.customer_event_id, event);
    const std::uint64_t n = std::stoull(event.event_properties.substr(5));
    expected_sum += n;
    if (n < kLive) bulk.emplace(event.sequence, n);
  }
  EXPECT_EQ(stored.size(), all.size());
  std::uint64_t last = 0;
  for (const auto& [sequence, n] : bulk) {
    EXPECT_GE(n + kBulkEventIds, kBulk) << "a later one of the same id was in the input";
    EXPECT_GE(n, last) << "sequences are in line order";
    last = n;
  }
  std::map<std::uint64_t, const Told*> by_sequence;
  for (const auto& of_writer : told) {
    for (const Told& one : of_writer) {
      EXPECT_NE(one.result.outcome, Outcome::kUnchanged);
      EXPECT_TRUE(by_sequence.emplace(one.result.sequence, &one).second) << "sequence given out twice";
      const Stored& newest = stored.at(one.id);
      EXPECT_GE(newest.sequence, one.result.sequence) << "an older one stands";
      if (newest.sequence == one.result.sequence) {
        EXPECT_EQ(newest.id, one.result.id);
      }
    }
  }
  for (const auto& [id, event] : stored) {
    const bool of_bulk = bulk.contains(event.sequence);
    EXPECT_NE(of_bulk, by_sequence.contains(event.sequence)) << event;
  }
  ASSERT_OK_AND_ASSIGN(const VerifyReport report, store().Verify());
  EXPECT_EQ(report.last_sequence, kBulk + by_sequence.size()) << "no sequence is lost or given out twice";
  ASSERT_THAT(store().AwaitMeter(account_, "sum"), IsOk());
  ASSERT_OK_AND_ASSIGN(const Usage usage, store().Query({.account = account_, .declared = "sum"}));
  EXPECT_EQ(usage.rows.at(0).value, std::to_string(expected_sum));
  ExpectAllIndexesAgree();
}

TEST_F(ConcurrencyTest, BulkWritesWaitForEachOther) {
  store();
  InThreads(3, [&](int thread) {
    const Uuid account = Account(static_cast<std::uint8_t>(10 + thread));
    BulkOptions options{.chunk_time = absl::Nanoseconds(1), .threads = 2};
    ASSERT_OK_AND_ASSIGN(const BulkResult result, store().WriteBulk(account, SourceOf(BulkEvents(300)), options));
    EXPECT_EQ(result.created, 300u);
  });
  for (std::uint8_t n = 10; n < 13; ++n) {
    ASSERT_OK_AND_ASSIGN(const auto all, ReadAll(store().Scan({.account = Account(n)})));
    EXPECT_EQ(all.size(), 300u);
    const auto [first, last] = std::minmax_element(
        all.begin(), all.end(), [](const Stored& a, const Stored& b) { return a.sequence < b.sequence; });
    EXPECT_EQ(last->sequence - first->sequence, 299u) << "one behind the other";
  }
  ExpectAllIndexesAgree();
}

}  // namespace
}  // namespace tallystick::testing
