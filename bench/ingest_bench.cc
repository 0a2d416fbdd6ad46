// How fast events are stored: JSON text in batches of a thousand, buffered, into a store that is empty at first; also
// while it keeps declared meters up to date.
//
// The events are made beforehand, which takes some 350 bytes of memory for each. Measured is the time from the first
// write to the end of a sync after the last one; what is flushed or compacted later is not in it. The processor's time
// is that of making the events.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "bench/environment.h"
#include "bench/events.h"
#include "benchmark/benchmark.h"
#include "tallystick/store.h"

namespace tallystick::bench {
namespace {

constexpr std::size_t kBatchEvents = 1'000;

struct Outcomes {
  std::uint64_t created = 0;
  std::uint64_t superseded = 0;
  std::uint64_t others = 0;  // of these there must be none
};

// What one writer sends, and what must become of it.
struct Work {
  std::vector<Batch> batches;
  Outcomes expected;
  std::uint64_t bytes = 0;
};

// Each writer's events are spread over the whole month, and only it corrects them.
std::vector<Work> Divide(std::uint64_t events, std::uint64_t writers, const UsageOptions& options) {
  std::vector<Work> works(writers);
  for (std::uint64_t i = 0; i < writers; ++i) {
    UsageOptions part = options;
    part.first = events * i / writers;
    part.events = events * (i + 1) / writers - part.first;
    UsageEvents usage(part);
    for (Batch batch; usage.Next(kBatchEvents, &batch); batch = Batch()) {
      works[i].bytes += batch.text.size();
      works[i].batches.push_back(std::move(batch));
    }
    works[i].expected = {.created = usage.answers().created(), .superseded = usage.answers().superseded()};
  }
  return works;
}

absl::StatusOr<Outcomes> Send(Store& store, const std::vector<Batch>& batches) {
  Outcomes outcomes;
  for (const Batch& batch : batches) {
    const auto results = store.WriteJson(Uuid{}, batch.documents, {.durability = Durability::kBuffered});
    if (!results.ok()) return results.status();
    for (const WriteResult& result : *results) {
      ++(result.outcome == Outcome::kCreated      ? outcomes.created
         : result.outcome == Outcome::kSuperseded ? outcomes.superseded
                                                  : outcomes.others);
    }
  }
  return outcomes;
}

// What is wrong with what became of it, or nothing.
std::string Fault(const absl::StatusOr<Outcomes>& outcomes, const Outcomes& expected) {
  if (!outcomes.ok()) return outcomes.status().ToString();
  if (outcomes->created == expected.created && outcomes->superseded == expected.superseded && outcomes->others == 0) {
    return "";
  }
  return absl::StrFormat("%d created, %d superseded, %d others; not %d and %d", outcomes->created, outcomes->superseded,
                         outcomes->others, expected.created, expected.superseded);
}

// Whether a declared meter says what the events say.
std::string MeterFault(const Store& store, const std::string& name, const Meter& meter) {
  const absl::StatusOr<Usage> kept = store.Query({.declared = name, .window = Window::kDay});
  const absl::StatusOr<Usage> read = store.Query({.meter = meter, .window = Window::kDay});
  if (!kept.ok()) return kept.status().ToString();
  if (!read.ok()) return read.status().ToString();
  const auto same = [](const UsageRow& a, const UsageRow& b) {
    return a.from == b.from && a.group == b.group && a.value == b.value && a.count == b.count;
  };
  const bool equal = kept->from_rollups &&
                     std::equal(kept->rows.begin(), kept->rows.end(), read->rows.begin(), read->rows.end(), same);
  return equal ? "" : name + " differs from the events";
}

std::uint64_t CountByScan(const Store& store) {
  std::uint64_t events = 0;
  for (EventIterator scan = store.Scan({}); scan.Valid(); scan.Next()) ++events;
  return events;
}

// What is sent, and the meters that are declared before.
struct Sent {
  TimeOrder order;
  IdForm ids;
  std::vector<Meter> meters{};
};

Meter Amounts(std::size_t type, std::vector<std::string> group_by = {}) {
  return {.event_type = std::string(kEventTypes[type].name),
          .aggregation = Aggregation::kSum,
          .property = "amount",
          .group_by = std::move(group_by)};
}

Meter Users(std::size_t type) {
  return {
      .event_type = std::string(kEventTypes[type].name), .aggregation = Aggregation::kUniqueCount, .property = "user"};
}

// Three meters as a service may have them, each of a type of its own: of 87 of a hundred events each changes one.
std::vector<Meter> OfThreeTypes() { return {Amounts(0, {"region"}), Amounts(1), Amounts(2, {"region"})}; }

// Three meters of the most frequent type, so that every second event changes all of them.
std::vector<Meter> OfOneType() {
  Meter largest = Amounts(0);
  largest.aggregation = Aggregation::kMax;
  return {Amounts(0, {"region"}), Amounts(0), largest};
}

void WriteJson(benchmark::State& state, const Sent& what) {
  const auto writer_count = static_cast<std::uint64_t>(state.range(0));
  std::uint64_t sent = 0;
  std::uint64_t bytes = 0;
  while (state.KeepRunning()) {
    const std::vector<Work> works = Divide(EventsWanted(), writer_count, {.ids = what.ids, .order = what.order});
    const TempFolder folder;
    const absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(folder.path("usage.db"));
    if (!store.ok()) return Fail(state, store.status().ToString());
    for (std::size_t i = 0; i < what.meters.size(); ++i) {
      const std::string name = "meter-" + std::to_string(i);
      if (const auto defined = (*store)->DefineMeter({}, name, what.meters[i]); !defined.ok()) {
        return Fail(state, defined.status().ToString());
      }
      if (const absl::Status built = (*store)->AwaitMeter({}, name); !built.ok()) return Fail(state, built.ToString());
    }

    const auto start = std::chrono::steady_clock::now();
    std::vector<std::future<absl::StatusOr<Outcomes>>> writers;
    for (const Work& work : works) {
      writers.push_back(std::async(std::launch::async, [&] { return Send(**store, work.batches); }));
    }
    for (const auto& writer : writers) writer.wait();
    const absl::Status synced = (*store)->Sync();
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());

    if (!synced.ok()) return Fail(state, synced.ToString());
    std::uint64_t stored = 0;
    for (std::size_t i = 0; i < works.size(); ++i) {
      if (const std::string fault = Fault(writers[i].get(), works[i].expected); !fault.empty()) {
        return Fail(state, fault);
      }
      stored += works[i].expected.created;
      sent += works[i].expected.created + works[i].expected.superseded;
      bytes += works[i].bytes;
    }
    if (CountByScan(**store) != stored) return Fail(state, "the scan has another number of events");
    for (std::size_t i = 0; i < what.meters.size(); ++i) {
      const std::string fault = MeterFault(**store, "meter-" + std::to_string(i), what.meters[i]);
      if (!fault.empty()) return Fail(state, fault);
    }
  }
  state.counters["events/s"] = benchmark::Counter(static_cast<double>(sent), benchmark::Counter::kIsRate);
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

void OfWriters(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("writers")->Arg(1)->Arg(2)->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);
}

BENCHMARK_CAPTURE(WriteJson, by_time_random_ids, {TimeOrder::kMostly, IdForm::kRandom})->Apply(OfWriters);
BENCHMARK_CAPTURE(WriteJson, by_time_uuid_v7_ids, {TimeOrder::kMostly, IdForm::kUuidV7})->Apply(OfWriters);
BENCHMARK_CAPTURE(WriteJson, by_time_sequential_ids, {TimeOrder::kMostly, IdForm::kSequential})->Apply(OfWriters);
BENCHMARK_CAPTURE(WriteJson, random_time_random_ids, {TimeOrder::kRandom, IdForm::kRandom})->Apply(OfWriters);

BENCHMARK_CAPTURE(WriteJson, by_time_meters_of_three_types, {TimeOrder::kMostly, IdForm::kRandom, OfThreeTypes()})
    ->Apply(OfWriters);
BENCHMARK_CAPTURE(WriteJson, by_time_meters_of_one_type, {TimeOrder::kMostly, IdForm::kRandom, OfOneType()})
    ->Apply(OfWriters);
BENCHMARK_CAPTURE(WriteJson, by_time_distinct_users, {TimeOrder::kMostly, IdForm::kRandom, {Users(0)}})
    ->Apply(OfWriters);
BENCHMARK_CAPTURE(WriteJson, random_time_meters_of_three_types, {TimeOrder::kRandom, IdForm::kRandom, OfThreeTypes()})
    ->Apply(OfWriters);

}  // namespace
}  // namespace tallystick::bench

int main(int argc, char** argv) { return tallystick::bench::RunBenchmarks(argc, argv); }
