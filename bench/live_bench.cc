// How fast live writers are: batches of 1, 100 and 1,000 events from 1, 4 and 16 threads, synced and buffered, and how
// long a call takes; against SQLite and LMDB, and against RocksDB alone.
//
//   Live       all of these for each subject, a fifth of the events
//   Sustained  batches of 1,000, buffered, by two threads, all of the events; `ceiling` is RocksDB given the very same
//              rows, sorted, by one thread that does nothing else (captured_rows.h)
//   Singles    one event a call, synced, by 64 threads; `rocksdb` is RocksDB's own group commit of the same events'
//   rows Fdatasync  what one append to a file and one fdatasync take on this disk
//
// Ids are random, two of a hundred events supersede an earlier one. Events and rows are made before the clock starts.
// Measured is the time from the first write to the end of a sync after the last one, which at least brings what is
// buffered to the disk; what is flushed and compacted later is not in it, for none of the subjects but SQLite, whose
// sync is a checkpoint. "events/s" counts events sent.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/captured_rows.h"
#include "bench/environment.h"
#include "bench/rocksdb_folder.h"
#include "bench/sending.h"
#include "bench/subject.h"
#include "bench/workload.h"

namespace tallystick::bench {
namespace {

std::vector<Work> MakeWork(std::uint64_t writers, std::size_t batch_events, std::uint64_t events) {
  return Divide(writers, batch_events,
                {.events = events, .corrections_per_mille = CorrectionsPerMille(2), .ids = IdForm::kRandom});
}

std::vector<std::size_t> BatchCounts(const std::vector<Work>& works) {
  std::vector<std::size_t> counts;
  for (const Work& work : works) counts.push_back(work.batches.size());
  return counts;
}

void Report(benchmark::State& state, Sending sending, std::uint64_t events) {
  state.SetIterationTime(sending.seconds);
  state.counters["events/s"] = static_cast<double>(events) / sending.seconds;
  sending.calls.Report(state);
}

void MeasureSubject(benchmark::State& state, const std::string& name, const std::vector<Work>& works,
                    Durability durability) {
  const Sum sum = SumOf(works);
  while (state.KeepRunning()) {
    const TempFolder folder;
    const std::unique_ptr<Subject> subject = OpenSubject(name, folder.path("usage.db"), durability);
    std::atomic<std::uint64_t> changed = 0;
    const Sending sending = SendAll(
        BatchCounts(works),
        [&](std::size_t writer, std::size_t i) { changed += subject->Write(works[writer].batches[i].documents); },
        [&] { subject->Sync(); });
    if (changed != sum.sent) throw std::runtime_error(std::to_string(changed) + " events changed something");
    ExpectHoldings(*subject, sum.holdings);
    Report(state, sending, sum.sent);
  }
}

// All writers' batches, as those that are equally fast take turns; and whose each of them is.
struct Turns {
  std::vector<absl::Span<const std::string_view>> batches;
  std::vector<std::size_t> writers;
};

Turns TakeTurns(const std::vector<Work>& works) {
  Turns turns;
  for (std::size_t i = 0;; ++i) {
    const std::size_t before = turns.batches.size();
    for (std::size_t writer = 0; writer < works.size(); ++writer) {
      if (i >= works[writer].batches.size()) continue;
      turns.batches.emplace_back(works[writer].batches[i].documents);
      turns.writers.push_back(writer);
    }
    if (turns.batches.size() == before) return turns;
  }
}

// RocksDB alone, given the rows of the batches: by one thread, or by one for each writer, which is the only one that
// supersedes its events, so that the order of threads does not matter.
void MeasureRows(benchmark::State& state, const std::vector<Work>& works, bool one_thread, Durability durability,
                 bool concurrent_writes) {
  const Turns turns = TakeTurns(works);
  const TempFolder donor;
  // Of several threads' commits, each would write the position, which Tallystick writes once for a group: left out.
  CapturedRows rows(donor.path("usage.db"), turns.batches, one_thread);
  std::vector<std::vector<rocksdb::WriteBatch*>> of_threads(one_thread ? 1 : works.size());
  for (std::size_t i = 0; i < rows.batches().size(); ++i) {
    of_threads[one_thread ? 0 : turns.writers[i]].push_back(&rows.batches()[i]);
  }
  std::vector<std::size_t> counts;
  for (const auto& batches : of_threads) counts.push_back(batches.size());
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::kSynced;
  while (state.KeepRunning()) {
    const TempFolder folder;
    RocksDbFolder database(folder.path("rows"), RocksDbFolder::Mode::kCreate, concurrent_writes);
    const Sending sending = SendAll(
        counts, [&](std::size_t thread, std::size_t i) { Check(database.db().Write(options, of_threads[thread][i])); },
        [&] { Check(database.db().FlushWAL(true)); });
    rows.ExpectSame(database);
    Report(state, sending, SumOf(works).sent);
    state.counters["row_bytes"] = static_cast<double>(rows.bytes());
  }
}

// Of the most events that a synced cell is given, so that one thread's single events end within seconds.
std::uint64_t CellEvents(std::size_t batch, std::uint64_t writers, Durability durability) {
  const std::uint64_t events = std::max<std::uint64_t>(EventsWanted() / 5, writers);
  const std::uint64_t synced = std::max<std::uint64_t>(EventsWanted() / 200, 50) * writers * batch;
  return durability == Durability::kSynced ? std::min(events, synced) : events;
}

void AddLive(const std::string& subject) {
  for (const Durability durability : {Durability::kSynced, Durability::kBuffered}) {
    for (const std::size_t batch : {1, 100, 1000}) {
      for (const std::uint64_t writers : {1, 4, 16}) {
        const std::string name = "Live/subject:" + subject +
                                 "/durability:" + (durability == Durability::kSynced ? "synced" : "buffered") +
                                 "/batch:" + std::to_string(batch) + "/writers:" + std::to_string(writers);
        AddRun(name, [=](benchmark::State& state) {
          MeasureSubject(state, subject, MakeWork(writers, batch, CellEvents(batch, writers, durability)), durability);
        });
      }
    }
  }
}

void AddSustained() {
  constexpr std::uint64_t kWriters = 2;
  constexpr std::size_t kBatch = 1000;
  for (const std::string& subject : SubjectNames()) {
    AddRun("Sustained/subject:" + subject, [=](benchmark::State& state) {
      MeasureSubject(state, subject, MakeWork(kWriters, kBatch, EventsWanted()), Durability::kBuffered);
    });
  }
  AddRun("Sustained/subject:ceiling", [](benchmark::State& state) {
    MeasureRows(state, MakeWork(kWriters, kBatch, EventsWanted()), true, Durability::kBuffered, false);
  });
}

void AddSingles() {
  constexpr std::uint64_t kWriters = 64;
  const auto events = [=] { return std::max<std::uint64_t>(EventsWanted() / 5, kWriters); };
  AddRun("Singles/subject:tallystick", [=](benchmark::State& state) {
    MeasureSubject(state, "tallystick", MakeWork(kWriters, 1, events()), Durability::kSynced);
  });
  for (const bool concurrent : {false, true}) {
    AddRun(std::string("Singles/subject:rocksdb/concurrent:") + (concurrent ? "1" : "0"), [=](benchmark::State& state) {
      MeasureRows(state, MakeWork(kWriters, 1, events()), false, Durability::kSynced, concurrent);
    });
  }
}

void Fdatasync(benchmark::State& state) {
  const TempFolder folder;
  const int file = ::open(folder.path("log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (file < 0) throw std::runtime_error("cannot make a file");
  std::array<char, 512> record{};
  Latencies calls;
  while (state.KeepRunning()) {
    calls.Time([&] {
      if (::write(file, record.data(), record.size()) < 0 || ::fdatasync(file) != 0) {
        throw std::runtime_error("cannot write");
      }
    });
  }
  ::close(file);
  calls.Report(state);
}

int Run(int argc, char** argv) {
  AddBenchmark("Fdatasync", Fdatasync)->Iterations(1000)->UseRealTime()->Unit(benchmark::kMicrosecond);
  AddSustained();
  AddSingles();
  for (const std::string& subject : SubjectNames()) AddLive(subject);
  return RunBenchmarks(argc, argv);
}

}  // namespace
}  // namespace tallystick::bench

int main(int argc, char** argv) { return tallystick::bench::Run(argc, argv); }
