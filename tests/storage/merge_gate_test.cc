#include "lib/storage/merge_gate.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace tallystick::storage {
namespace {

rocksdb::CompactionJobInfo Merge(int job) {
  rocksdb::CompactionJobInfo merge{};
  merge.job_id = job;
  return merge;
}

rocksdb::SubcompactionJobInfo Work(int job) {
  rocksdb::SubcompactionJobInfo work{};
  work.job_id = job;
  return work;
}

TEST(MergeGateTest, NothingIsPutInForceWhileItIsClosed) {
  constexpr int kMerges = 3;
  constexpr int kRounds = 3000;
  MergeGate gate;
  std::atomic<int> putting = 0;
  std::atomic<int> taking_in = 0;
  std::atomic<bool> met = false;
  const auto put_in_force = [&] {
    ++putting;
    if (taking_in > 0) met = true;
    --putting;
  };
  std::vector<std::thread> merges;
  for (int job = 0; job < kMerges; ++job) {
    merges.emplace_back([&, job] {
      for (int i = 0; i < kRounds; ++i) {
        gate.OnCompactionBegin(nullptr, Merge(job));
        if (i % 2 == 0) {  // otherwise it only moves a file
          gate.OnSubcompactionBegin(Work(job));
          gate.OnSubcompactionCompleted(Work(job));
        }
        put_in_force();
        gate.OnCompactionCompleted(nullptr, Merge(job));
      }
    });
  }
  std::vector<std::thread> takers;
  for (int taker = 0; taker < 2; ++taker) {
    takers.emplace_back([&] {
      for (int i = 0; i < kRounds; ++i) {
        const MergeGate::Closed closed(&gate);
        if (++taking_in > 1 || putting > 0) met = true;
        std::this_thread::yield();
        if (putting > 0) met = true;
        --taking_in;
      }
    });
  }
  for (std::thread& thread : merges) thread.join();
  for (std::thread& thread : takers) thread.join();
  EXPECT_FALSE(met);
}

TEST(MergeGateTest, AMergeAtWorkIsNotWaitedFor) {
  MergeGate gate;
  gate.OnCompactionBegin(nullptr, Merge(1));
  gate.OnSubcompactionBegin(Work(1));
  { const MergeGate::Closed closed(&gate); }  // or this test does not end
  gate.OnSubcompactionCompleted(Work(1));
  gate.OnCompactionCompleted(nullptr, Merge(1));
  { const MergeGate::Closed closed(&gate); }
}

}  // namespace
}  // namespace tallystick::storage
