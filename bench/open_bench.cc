// How long opening a store takes, and what memory it has then: after a clean close, and after its process was killed
// with its write buffers full. Each opening is done by a process of its own.
//
//   OpenClosed  a store of all events; also what memory a process of each profile comes to that writes a tenth as many
//               more, in batches of 100, and reads as many: "busy_rss"
//   OpenKilled  a store that was killed when its log had 240 MiB of the 256 MiB that it may have (or, of few events,
//               whatever they make); what was written must all be there
//
// The files are in the page cache.

#include <cstdint>
#include <memory>
#include <string>

#include "bench/environment.h"
#include "bench/import_run.h"

namespace tallystick::bench {
namespace {

constexpr std::uint64_t kLogBytes = 240 << 20;

struct ClosedStore {
  ClosedStore() : file(EventsWanted()) { Import("tallystick", file.path(), path()); }
  std::string path() const { return folder.path("usage.db"); }

  EventFile file;
  TempFolder folder;
};

std::unique_ptr<ClosedStore> closed;  // made by the first benchmark that asks

void OpenClosed(benchmark::State& state, const std::string& profile) {
  if (closed == nullptr) closed = std::make_unique<ClosedStore>();
  while (state.KeepRunning()) {
    const Opening opening = Open(closed->path(), profile);
    state.SetIterationTime(opening.seconds);
    state.counters["rss"] = opening.rss_bytes;
  }
  ExpectImported("tallystick", closed->path(), closed->file.holdings());
}

void Busy(benchmark::State& state, const std::string& profile) {
  while (state.KeepRunning()) {
    const ClosedStore store;  // of its own, since it grows
    const Opening opening = Open(store.path(), profile, EventsWanted() / 10);
    state.SetIterationTime(opening.seconds);
    state.counters["busy_rss"] = opening.busy_rss_bytes;
  }
}

void OpenKilled(benchmark::State& state) {
  while (state.KeepRunning()) {
    const TempFolder folder;
    const Fill fill = FillAndDie(folder.path("usage.db"), EventsWanted(), kLogBytes);
    const Opening opening = Open(folder.path("usage.db"), "server");
    state.SetIterationTime(opening.seconds);
    state.counters["log_bytes"] = fill.log_bytes;
    ExpectImported("tallystick", folder.path("usage.db"), fill.holdings);
  }
}

int Run(int argc, char** argv) {
  for (const std::string profile : {"server", "edge"}) {
    AddRun("OpenClosed/profile:" + profile, [=](benchmark::State& state) { OpenClosed(state, profile); });
    AddRun("Busy/profile:" + profile, [=](benchmark::State& state) { Busy(state, profile); });
  }
  AddRun("OpenKilled/profile:server", OpenKilled);
  return RunBenchmarks(argc, argv, [] { closed.reset(); });
}

}  // namespace
}  // namespace tallystick::bench

int main(int argc, char** argv) { return tallystick::bench::Run(argc, argv); }
