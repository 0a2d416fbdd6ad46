// A process is killed in the middle of a bulk write, right before any one of the changes that it makes to files.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tallystick/store.h"
#include "tests/support/bulk.h"
#include "tests/support/process.h"
#include "tests/support/random.h"
#include "tests/support/status_matchers.h"
#include "tests/support/stored.h"
#include "tests/support/temp_folder.h"

namespace tallystick::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::ContainerEq;

// In parts that can run side by side.
constexpr int kParts = 3;
constexpr int kKills = 6;

constexpr std::uint64_t kEvents = 2000;
constexpr std::uint64_t kInput = 50;
constexpr std::uint64_t kChunkBytes = 64 * 1024;
constexpr std::uint64_t kBefore = 300;

// The number behind the last `word` in `text`; 0 when there is none.
std::uint64_t LastNumber(const std::string& text, const std::string& word) {
  const std::size_t at = text.rfind(word + " ");
  return at == std::string::npos ? 0 : std::stoull(text.substr(at + word.size() + 1));
}

class BulkCrashTest : public ::testing::TestWithParam<int> {
 protected:
  BulkCrashTest() : random_(TestSeed() + static_cast<std::uint64_t>(GetParam())) {
    const auto store = Store::Open(prepared_);
    EXPECT_THAT(store, IsOk());
    if (!store.ok()) return;
    const Meter sum = {.event_type = "t", .aggregation = Aggregation::kSum, .property = "n"};
    EXPECT_THAT((*store)->DefineMeter(Account(1), "sum", sum), IsOk());
    EXPECT_THAT((*store)->AwaitMeter(Account(1), "sum"), IsOk());
    for (std::uint64_t n = 0; n < kBefore; ++n) {
      const std::string id = BulkEventId(n);
      EXPECT_THAT((*store)->Put(Account(1),
                                {.customer_event_id = id,
                                 .customer_alias = "before",
                                 .event_type = "t",
                                 .event_timestamp = absl::FromUnixSeconds(1'760'000'000),
                                 .event_properties = R"({"n":1000000})"},
                                {.durability = Durability::kBuffered}),
                  IsOk());
      before_[id] = R"({"n":1000000})";
    }
    EXPECT_THAT((*store)->Close(), IsOk());
  }

  using Properties = std::map<std::string, std::string>;  // by id

  // What a store holds after the first `count` events.
  Properties After(std::uint64_t count) const {
    Properties properties = before_;
    for (std::uint64_t n = 0; n < count; ++n) properties[BulkEventId(n)] = BulkEventProperties(n);
    return properties;
  }

  static void ExpectHolds(const Store& store, const Properties& expected) {
    Properties found;
    EventIterator events = store.Scan({.account = Account(1)});
    std::uint64_t sum = 0;
    for (; events.Valid(); events.Next()) {
      found.emplace(events.event().customer_event_id, events.event().event_properties);
      sum += std::stoull(std::string(events.event().event_properties.substr(5)));
    }
    ASSERT_THAT(events.status(), IsOk());
    EXPECT_THAT(found, ContainerEq(expected));
    ASSERT_OK_AND_ASSIGN(const Usage usage, store.Query({.account = Account(1), .declared = "sum"}));
    ASSERT_EQ(usage.rows.size(), 1u);
    EXPECT_EQ(usage.rows.front().value, std::to_string(sum));
    ASSERT_OK_AND_ASSIGN(const VerifyReport report, store.Verify());
    EXPECT_EQ(report.events, expected.size());
    EXPECT_GT(report.rollups, 0u);
    for (const Difference& difference : report.differences) {
      ADD_FAILURE() << difference.family << " " << difference.key << ": " << difference.problem;
    }
  }

  // Copies the prepared store, and runs a bulk write into it, to be killed at `step`; 0: not at all.
  Finished Load(const std::string& path, std::uint64_t step) const {
    fs::copy(prepared_, path, fs::copy_options::recursive);
    std::vector<std::string> arguments = {"bulk", path, std::to_string(kEvents), std::to_string(kChunkBytes),
                                          std::to_string(kInput)};
    if (step > 0) arguments.push_back(std::to_string(step));
    return Process(STORE_PROCESS, arguments).Wait();
  }

  TempFolder folder_;
  const std::string prepared_ = folder_.path("prepared");
  Properties before_;
  Random random_;
};

TEST_P(BulkCrashTest, LeavesWhatAPrefixOfTheChunksGives) {
  const Finished whole = Load(folder_.path("whole"), 0);
  ASSERT_EQ(whole.status, 0) << whole.err;
  const std::uint64_t steps = LastNumber(whole.out, "steps");
  ASSERT_GT(steps, 50u);
  ASSERT_GT(std::count(whole.out.begin(), whole.out.end(), '\n'), 4) << whole.out;  // chunks, and the steps

  std::map<std::uint64_t, int> seen;
  // Chance may let the first few die within one chunk.
  for (int kill = 0; (kill < kKills || (seen.size() < 2 && kill < 10 * kKills)) && !HasFailure(); ++kill) {
    const std::uint64_t step = 1 + random_.Below(steps);
    SCOPED_TRACE("killed at step " + std::to_string(step) + " of about " + std::to_string(steps));
    const std::string path = folder_.path("store-" + std::to_string(kill));
    const Finished finished = Load(path, step);
    ASSERT_TRUE(finished.status == -9 || finished.status == 0) << finished.status << finished.err;

    // A reader may come first.
    if (random_.OneIn(3)) {
      ASSERT_OK_AND_ASSIGN(const auto reader, Store::Open(path, {.read_only = true}));
      ASSERT_OK_AND_ASSIGN(const VerifyReport report, reader->Verify());
      EXPECT_TRUE(report.ok()) << report.differences.front().problem;
    }
    ASSERT_OK_AND_ASSIGN(const auto store, Store::Open(path));
    EXPECT_FALSE(fs::exists(path + "/data.loading"));
    ASSERT_OK_AND_ASSIGN(const VerifyReport report, store->Verify());
    // Each event of the bulk write has a sequence.
    const std::uint64_t stored = report.last_sequence - kBefore;
    EXPECT_GE(stored, LastNumber(finished.out, "stored")) << "what was reported is there";
    EXPECT_EQ(stored % kInput, 0u) << "a part of a chunk";
    ExpectHolds(*store, After(stored));
    ++seen[stored];

    ASSERT_OK_AND_ASSIGN(const BulkResult again, store->WriteBulk(Account(1), SourceOf(BulkEvents(kEvents), kInput),
                                                                  {.chunk_bytes = kChunkBytes, .threads = 2}));
    EXPECT_EQ(again.read(), kEvents);
    ExpectHolds(*store, After(kEvents));
    EXPECT_FALSE(fs::exists(path + "/data.loading"));
  }
  EXPECT_GT(seen.size(), 1u) << "killed in different places";
}

INSTANTIATE_TEST_SUITE_P(Parts, BulkCrashTest, ::testing::Range(0, kParts));

}  // namespace
}  // namespace tallystick::testing
