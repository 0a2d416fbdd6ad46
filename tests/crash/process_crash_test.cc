// A process that works on a store is killed, by the test at a moment of its own or right before a change that it makes
// to files, also while it makes or opens the store. Nothing that it was told of may be missing afterwards, synced or
// not; and so on with the same store, kill after kill.
//
// $TALLYSTICK_TORTURE_KILLS sets how often each part kills.

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tallystick/store.h"
#include "tests/crash/ledger.h"
#include "tests/crash/told_ledger.h"
#include "tests/support/process.h"
#include "tests/support/random.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tallystick::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;

// In parts that can run side by side.
constexpr std::uint64_t kParts = 2;
constexpr std::uint64_t kKillsOfAStore = 8;

std::uint64_t KillsOfAPart() {
  const char* const given = std::getenv("TALLYSTICK_TORTURE_KILLS");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 24;
}

// The parameter is the number of a part.
class ProcessCrashTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  ProcessCrashTest() : random_(TestSeed() + GetParam()) {}

  // One process from beginning to end. What it printed.
  std::string WorkUntilKilled(std::uint64_t kill) {
    std::vector<std::string> arguments = {path_, std::to_string(random_.Below(1'000'000)), std::to_string(kill * 10),
                                          std::to_string(1 + random_.Below(3))};
    const bool kills_itself = random_.OneIn(2);
    if (kills_itself) arguments.push_back(std::to_string(1 + random_.Below(random_.OneIn(3) ? 120 : 1500)));
    Process process(WORKER_PROCESS, arguments);
    if (!kills_itself) {
      process.WaitForOut("\nacknowledged\t" + std::to_string(random_.Below(random_.OneIn(3) ? 5 : 150)) + "\t");
      process.Kill();
    }
    Finished finished = process.Wait();
    EXPECT_EQ(finished.status, -SIGKILL) << finished.err;
    return std::move(finished.out);
  }

  Random random_;
  TempFolder folder_{MemoryDir()};
  std::string path_;
};

TEST_P(ProcessCrashTest, NothingThatWasAcknowledgedIsMissing) {
  std::unique_ptr<Ledger> ledger;
  std::uint64_t commits = 0;
  std::uint64_t stores = 0;
  const std::uint64_t kills = KillsOfAPart();
  for (std::uint64_t kill = 0; kill < kills && !HasFailure(); ++kill) {
    SCOPED_TRACE("kill " + std::to_string(kill));
    if (kill % kKillsOfAStore == 0) {
      path_ = folder_.path("store-" + std::to_string(++stores));
      ledger = std::make_unique<Ledger>();
    }
    ASSERT_TRUE(TakeDown(WorkUntilKilled(kill), ledger.get()));
    if (!fs::exists(path_)) continue;
    // Who comes next recovers the store: this test, or the next process.
    const bool recover = random_.OneIn(2);
    ASSERT_OK_AND_ASSIGN(const auto store, Store::Open(path_, {.profile = Profile::kEdge, .read_only = !recover}));
    ASSERT_THAT(ledger->Check(*store, Ledger::Crash::kProcess), IsEmpty());
    ledger->Settle();
    if ((kill + 1) % kKillsOfAStore == 0 || kill + 1 == kills) commits += ledger->acknowledged();
    EXPECT_THAT(store->Close(), IsOk());
  }
  std::cout << kills << " kills; stores: " << stores << "; events committed: " << commits << std::endl;
}

INSTANTIATE_TEST_SUITE_P(Parts, ProcessCrashTest, ::testing::Range(std::uint64_t{0}, kParts));

}  // namespace
}  // namespace tallystick::testing
