// What growth does: the speed of an import, and how long opening takes afterwards, for stores of a hundredth, a tenth,
// three tenths and all of the events (of 100 million: 1, 10, 30 and 100 million). The peers get up to a tenth of them:
// more would take hours.

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "bench/environment.h"
#include "bench/import_run.h"

namespace tallystick::bench {
namespace {

// Of a hundred.
constexpr std::array<std::uint64_t, 4> kSizes = {1, 10, 30, 100};
constexpr std::uint64_t kPeersEnd = 10;

std::unique_ptr<EventFile> file;  // of the size that is being measured
std::uint64_t file_size = 0;

void Grow(benchmark::State& state, const std::string& subject, std::uint64_t events) {
  if (file_size != events) {
    file.reset();
    file = std::make_unique<EventFile>(events);
    file_size = events;
  }
  while (state.KeepRunning()) {
    const TempFolder folder;
    const std::string store = folder.path("usage.db");
    const ProcessRun run = Import(subject, file->path(), store);
    state.SetIterationTime(run.seconds);
    state.counters["events/s"] = static_cast<double>(file->sent()) / run.seconds;
    state.counters["peak_rss"] = static_cast<double>(run.peak_rss_bytes);
    state.counters["store_bytes"] = static_cast<double>(BytesAt(store));
    if (subject == "tallystick") {
      state.counters["open_s"] = Open(store, "server").seconds;
      state.counters["owed"] = static_cast<double>(OwedBytes(store));
    }
    ExpectImported(subject, store, file->holdings());
  }
}

int Run(int argc, char** argv) {
  for (const std::uint64_t size : kSizes) {
    const std::uint64_t events = EventsWanted() * size / 100;
    for (const std::string& subject : ImportSubjects()) {
      if (subject != "tallystick" && size > kPeersEnd) continue;
      AddRun("Growth/subject:" + subject + "/events:" + std::to_string(events),
             [=](benchmark::State& state) { Grow(state, subject, events); });
    }
  }
  return RunBenchmarks(argc, argv, [] { file.reset(); });
}

}  // namespace
}  // namespace tallystick::bench

int main(int argc, char** argv) { return tallystick::bench::Run(argc, argv); }
