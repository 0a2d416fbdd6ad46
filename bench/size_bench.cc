// What an event takes on the disk when everything is compacted, by family; and how many bytes were written to get
// there.
//
// Live batches of 1,000, buffered, two of a hundred events supersede an earlier one; for each form of ids. The store is
// closed when it is idle, opened as plain RocksDB with its own options, and every family is merged into its last level.
// "live/json" is what was written until the store was idle (log, flushes and compactions), by the bytes of JSON; the
// final compaction, which a store does not do by itself, is "compact/json".

#include <cstdint>
#include <string>

#include "bench/environment.h"
#include "bench/rocksdb_folder.h"
#include "bench/subject.h"
#include "bench/workload.h"

namespace tallystick::bench {
namespace {

void BytesAtRest(benchmark::State& state, IdForm ids) {
  while (state.KeepRunning()) {
    const TempFolder folder;
    const std::string path = folder.path("usage.db");
    UsageEvents usage({.events = EventsWanted(), .corrections_per_mille = CorrectionsPerMille(2), .ids = ids});
    double json_bytes = 0;
    const std::uint64_t before = WrittenBytes();
    {
      const auto store = OpenTallystick(path, Durability::kBuffered);
      for (Batch batch; usage.Next(1000, &batch);) {
        json_bytes += static_cast<double>(batch.text.size());
        store->Write(batch.documents);
      }
      store->Sync();
      WaitUntilIdle();
    }
    const std::uint64_t live = WrittenBytes();
    const auto events = static_cast<double>(usage.answers().created());
    double bytes = 0;
    {
      RocksDbFolder database(DataFolder(path), RocksDbFolder::Mode::kWrite);
      database.Compact();
      for (const storage::Family family : storage::kAllFamilies) {
        const auto size = static_cast<double>(database.FileBytes(family));
        state.counters[std::string(storage::FamilyName(family))] = size / events;
        bytes += size;
      }
    }
    const std::uint64_t compacted = WrittenBytes();
    ExpectHoldings(*OpenTallystick(path, Durability::kBuffered), HoldingsOf(usage.answers()));
    state.SetIterationTime(1);  // time is not what is asked
    state.counters["bytes/event"] = bytes / events;
    state.counters["json_bytes/event"] =
        json_bytes / static_cast<double>(usage.answers().created() + usage.answers().superseded());
    state.counters["live/json"] = static_cast<double>(live - before) / json_bytes;
    state.counters["compact/json"] = static_cast<double>(compacted - live) / json_bytes;
  }
}

int Run(int argc, char** argv) {
  AddRun("BytesAtRest/ids:random", [](benchmark::State& state) { BytesAtRest(state, IdForm::kRandom); });
  AddRun("BytesAtRest/ids:uuidv7", [](benchmark::State& state) { BytesAtRest(state, IdForm::kUuidV7); });
  AddRun("BytesAtRest/ids:sequential", [](benchmark::State& state) { BytesAtRest(state, IdForm::kSequential); });
  return RunBenchmarks(argc, argv);
}

}  // namespace
}  // namespace tallystick::bench

int main(int argc, char** argv) { return tallystick::bench::Run(argc, argv); }
