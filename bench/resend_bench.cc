// What it costs when events come again: 0, 2 and 50 of a hundred events sent supersede an earlier one; then all of them
// are sent a second time, unchanged, by a client that re-sends everything.
//
// Batches of 1,000, buffered, random ids, one and two threads. Of the second time, the store has been opened anew and
// is idle, so that all that is written is written by it: nothing may be, not a byte of any file of the database nor a
// sequence number. Its speed is compared with that of the first time ("created/s"), in the same run.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/environment.h"
#include "bench/rocksdb_folder.h"
#include "bench/sending.h"
#include "bench/subject.h"
#include "bench/workload.h"
#include "tallystick/store.h"

namespace tallystick::bench {
namespace {

constexpr std::size_t kBatchEvents = 1000;

std::vector<Work> MakeWork(std::uint64_t writers, std::uint32_t superseding_percent) {
  // As many events sent in each case.
  const std::uint64_t different = EventsWanted() * (100 - superseding_percent) / 100;
  return Divide(
      writers, kBatchEvents,
      {.events = different, .corrections_per_mille = CorrectionsPerMille(superseding_percent), .ids = IdForm::kRandom});
}

// Seconds. `changed` is how many events must have changed something.
double Send(Subject& store, const std::vector<Work>& works, std::uint64_t changed) {
  std::vector<std::size_t> counts;
  for (const Work& work : works) counts.push_back(work.batches.size());
  std::atomic<std::uint64_t> found = 0;
  const Sending sending = SendAll(
      counts, [&](std::size_t writer, std::size_t i) { found += store.Write(works[writer].batches[i].documents); },
      [&] { store.Sync(); });
  if (found != changed) throw std::runtime_error(std::to_string(found) + " events changed something");
  return sending.seconds;
}

void Superseding(benchmark::State& state, std::uint64_t writers, std::uint32_t percent) {
  const std::vector<Work> works = MakeWork(writers, percent);
  const Sum sum = SumOf(works);
  while (state.KeepRunning()) {
    const TempFolder folder;
    const auto store = OpenTallystick(folder.path("usage.db"), Durability::kBuffered);
    const double seconds = Send(*store, works, sum.sent);
    ExpectHoldings(*store, sum.holdings);
    state.SetIterationTime(seconds);
    state.counters["events/s"] = static_cast<double>(sum.sent) / seconds;
  }
}

// The database's files, and the bytes of each; not RocksDB's own messages.
std::map<std::string, std::uint64_t> FilesOf(const std::string& store) {
  std::map<std::string, std::uint64_t> sizes;
  for (const auto& file : std::filesystem::directory_iterator(DataFolder(store))) {
    const std::string name = file.path().filename().string();
    if (!name.starts_with("LOG")) sizes[name] = file.file_size();
  }
  return sizes;
}

std::uint64_t LastSequence(const std::string& path) {
  const auto store = Store::Open(path, {.read_only = true});
  if (!store.ok()) throw std::runtime_error(store.status().ToString());
  const auto stats = (*store)->Stats(Uuid{});
  if (!stats.ok()) throw std::runtime_error(stats.status().ToString());
  return stats->last_sequence;
}

void Unchanged(benchmark::State& state, std::uint64_t writers) {
  const std::vector<Work> works = MakeWork(writers, 0);
  const Sum sum = SumOf(works);
  while (state.KeepRunning()) {
    const TempFolder folder;
    const std::string path = folder.path("usage.db");
    auto store = OpenTallystick(path, Durability::kBuffered);
    const double created_seconds = Send(*store, works, sum.sent);
    store.reset();
    store = OpenTallystick(path, Durability::kBuffered);
    WaitUntilIdle();

    const std::uint64_t sequence = LastSequence(path);
    const std::map<std::string, std::uint64_t> files = FilesOf(path);
    const std::uint64_t written = WrittenBytes();
    const double seconds = Send(*store, works, 0);
    const std::uint64_t written_now = WrittenBytes();
    if (FilesOf(path) != files) throw std::runtime_error("files of the database have changed");
    if (LastSequence(path) != sequence) throw std::runtime_error("the last sequence has changed");

    ExpectHoldings(*store, sum.holdings);
    state.SetIterationTime(seconds);
    state.counters["events/s"] = static_cast<double>(sum.sent) / seconds;
    state.counters["created/s"] = static_cast<double>(sum.sent) / created_seconds;
    state.counters["written_bytes"] = static_cast<double>(written_now - written);
  }
}

int Run(int argc, char** argv) {
  for (const std::uint64_t writers : {1, 2}) {
    const std::string of_writers = "/writers:" + std::to_string(writers);
    for (const std::uint32_t percent : {0, 2, 50}) {
      AddRun("Superseding/percent:" + std::to_string(percent) + of_writers,
             [=](benchmark::State& state) { Superseding(state, writers, percent); });
    }
    AddRun("Unchanged" + of_writers, [=](benchmark::State& state) { Unchanged(state, writers); });
  }
  return RunBenchmarks(argc, argv);
}

}  // namespace
}  // namespace tallystick::bench

int main(int argc, char** argv) { return tallystick::bench::Run(argc, argv); }
