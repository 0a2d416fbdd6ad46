// How fast a file of events becomes a durable, deduplicated, indexed store: by a process of its own, into a new store,
// for Tallystick and what a user would pick instead (import_run.h).
//
// "peak_rss" is the process's largest resident memory, which for LMDB counts the pages of its file that it has mapped.
// "owed" is what Tallystick's store still has to compact; "store_bytes" what lies on the disk when the process has
// ended; "written/json" what it wrote to the disk, by the bytes of the file.

#include <cstdint>
#include <memory>
#include <string>

#include "bench/environment.h"
#include "bench/import_run.h"

namespace tallystick::bench {
namespace {

std::unique_ptr<EventFile> file;  // made by the first benchmark

void ImportFile(benchmark::State& state, const std::string& subject) {
  if (file == nullptr) file = std::make_unique<EventFile>(EventsWanted());
  while (state.KeepRunning()) {
    const TempFolder folder;
    const std::string store = folder.path("usage.db");
    const ProcessRun run = Import(subject, file->path(), store);
    ExpectImported(subject, store, file->holdings());
    state.SetIterationTime(run.seconds);
    state.counters["events/s"] = static_cast<double>(file->sent()) / run.seconds;
    state.counters["peak_rss"] = static_cast<double>(run.peak_rss_bytes);
    state.counters["store_bytes"] = static_cast<double>(BytesAt(store));
    state.counters["written/json"] = static_cast<double>(run.written_bytes) / static_cast<double>(file->bytes());
    if (subject == "tallystick") state.counters["owed"] = static_cast<double>(OwedBytes(store));
  }
}

int Run(int argc, char** argv) {
  for (const std::string& subject : ImportSubjects()) {
    AddRun("Import/subject:" + subject, [=](benchmark::State& state) { ImportFile(state, subject); });
  }
  return RunBenchmarks(argc, argv, [] { file.reset(); });
}

}  // namespace
}  // namespace tallystick::bench

int main(int argc, char** argv) { return tallystick::bench::Run(argc, argv); }
