// How fast meters add up what is stored: from the events, and from the rollups of declared meters.
//
// All benchmarks ask one store that holds a month of usage, and check the answer before they measure. "events/s" counts
// the events that are read. A plain scan stands beside them for comparison. The meters are declared when the events are
// there: the program says how long building them took.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "bench/environment.h"
#include "bench/events.h"
#include "benchmark/benchmark.h"
#include "tallystick/store.h"

namespace tallystick::bench {
namespace {

constexpr std::size_t kBatchEvents = 1'000;

Meter SumOfMessages(const std::vector<std::string>& group_by = {}) {
  return {.event_type = std::string(kEventTypes[kMessageSent].name),
          .aggregation = Aggregation::kSum,
          .property = "amount",
          .group_by = group_by};
}

Meter DistinctUsers() {
  return {.event_type = std::string(kEventTypes[kMessageSent].name),
          .aggregation = Aggregation::kUniqueCount,
          .property = "user"};
}

std::map<std::string, Meter> DeclaredMeters() {
  return {{"amount-by-region", SumOfMessages({"region"})}, {"users", DistinctUsers()}};
}

// A store that has been sent a month of usage.
class Month {
 public:
  static absl::StatusOr<std::unique_ptr<Month>> Make(std::uint64_t events);

  const Store& store() const { return *store_; }
  const Answers& answers() const { return usage_.answers(); }

 private:
  explicit Month(std::uint64_t events) : usage_({.events = events}) {}

  TempFolder folder_;
  UsageEvents usage_;
  std::unique_ptr<Store> store_;
};

absl::StatusOr<std::unique_ptr<Month>> Month::Make(std::uint64_t events) {
  auto month = std::unique_ptr<Month>(new Month(events));
  const std::string path = month->folder_.path("usage.db");
  absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(path, {.durability = Durability::kBuffered});
  if (!store.ok()) return store.status();
  for (Batch batch; month->usage_.Next(kBatchEvents, &batch);) {
    const auto results = (*store)->WriteJson(Uuid{}, batch.documents);
    if (!results.ok()) return results.status();
  }
  for (const auto& [name, meter] : DeclaredMeters()) {
    const auto start = std::chrono::steady_clock::now();
    if (const auto defined = (*store)->DefineMeter({}, name, meter); !defined.ok()) return defined.status();
    if (const absl::Status built = (*store)->AwaitMeter({}, name); !built.ok()) return built;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::cerr << "built the meter '" << name << "' from " << events << " events in " << took.count() << " s\n";
  }
  // Opened again, all of it is in table files and nothing in write buffers.
  if (const absl::Status closed = (*store)->Close(); !closed.ok()) return closed;
  store = Store::Open(path);
  if (!store.ok()) return store.status();
  month->store_ = *std::move(store);
  WaitUntilIdle();
  return month;
}

// Made by the first benchmark that asks.
std::unique_ptr<Month> month;

absl::Status MakeMonth() {
  if (month != nullptr) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<Month>> made = Month::Make(EventsWanted());
  if (!made.ok()) return made.status();
  month = *std::move(made);
  return absl::OkStatus();
}

// A row that an answer must have.
struct Row {
  std::optional<absl::Time> from{};
  std::vector<std::string> group{};
  std::string value{};
  std::uint64_t count = 0;

  friend bool operator==(const Row&, const Row&) = default;
};

struct Expected {
  std::vector<Row> rows{};
  std::uint64_t events_read = 0;
};

// A sum as rows show it: 1.5, not 1.50.
std::string Amount(std::int64_t hundredths) {
  std::string text = absl::StrFormat("%d.%02d", hundredths / 100, hundredths % 100);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string Text(const std::vector<Row>& rows) {
  return absl::StrJoin(rows, "; ", [](std::string* out, const Row& row) {
    absl::StrAppendFormat(out, "%s [%s] %s of %d", row.from.has_value() ? FormatTimestamp(*row.from) : "open",
                          absl::StrJoin(row.group, ","), row.value, row.count);
  });
}

// What is wrong with an answer, or nothing.
std::string Fault(const absl::StatusOr<Usage>& usage, const Expected& expected) {
  if (!usage.ok()) return usage.status().ToString();
  std::vector<Row> rows;
  for (const UsageRow& row : usage->rows) {
    rows.push_back({.from = row.from, .value = row.value, .count = row.count});
    for (const std::optional<std::string>& value : row.group) rows.back().group.push_back(value.value_or("absent"));
  }
  if (rows != expected.rows) return "answered " + Text(rows) + " instead of " + Text(expected.rows);
  if (usage->skipped != 0) return absl::StrFormat("skipped %d events", usage->skipped);
  if (usage->events_read != expected.events_read) {
    return absl::StrFormat("read %d events, not %d", usage->events_read, expected.events_read);
  }
  return "";
}

void ReportEvents(benchmark::State& state, std::uint64_t each_iteration) {
  state.counters["events/s"] = benchmark::Counter(
      static_cast<double>(each_iteration) * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

// Measures a query whose answer is known.
void Measure(benchmark::State& state, const QueryOptions& options,
             const std::function<Expected(const Answers&)>& expected_of) {
  if (const absl::Status made = MakeMonth(); !made.ok()) return Fail(state, made.ToString());
  const Expected expected = expected_of(month->answers());
  if (const std::string fault = Fault(month->store().Query(options), expected); !fault.empty()) {
    return Fail(state, fault);
  }
  while (state.KeepRunning()) {
    if (!month->store().Query(options).ok()) return Fail(state, "the query failed");
  }
  ReportEvents(state, expected.events_read);
}

// The sum over one type, half of all events.
void Sum(benchmark::State& state) {
  Measure(state, {.meter = SumOfMessages(), .threads = static_cast<int>(state.range(0))}, [](const Answers& answers) {
    const Total total = answers.total(kMessageSent);
    return Expected{.rows = {{.value = Amount(total.hundredths), .count = total.events}},
                    .events_read = answers.created()};
  });
}

void SumByRegion(benchmark::State& state) {
  Measure(state, {.meter = SumOfMessages({"region"}), .threads = static_cast<int>(state.range(0))},
          [](const Answers& answers) {
            Expected expected{.events_read = answers.created()};
            for (std::size_t region = 0; region < kRegions.size(); ++region) {
              const Total total = answers.total(kMessageSent, region);
              if (total.events == 0) continue;
              expected.rows.push_back({.group = {std::string(kRegions[region].name)},
                                       .value = Amount(total.hundredths),
                                       .count = total.events});
            }
            return expected;
          });
}

// How many users sent a message: a set of some ten thousand strings.
void UniqueUsers(benchmark::State& state) {
  Measure(state, {.meter = DistinctUsers(), .threads = static_cast<int>(state.range(0))}, [](const Answers& answers) {
    return Expected{
        .rows = {{.value = std::to_string(answers.users(kMessageSent)), .count = answers.total(kMessageSent).events}},
        .events_read = answers.created()};
  });
}

// What an invoice asks: one customer's month, by day. Of a thousand customers, the first has 13 % of all events, and
// the hundredth one in 750.
void CustomerByDay(benchmark::State& state) {
  const auto customer = static_cast<std::uint32_t>(state.range(0) - 1);
  const QueryOptions options = {.meter = SumOfMessages(),
                                .from = MonthStart(),
                                .to = MonthStart() + kDays * absl::Hours(24),
                                .customer_aliases = {CustomerAlias(customer)},
                                .window = Window::kDay};
  Measure(state, options, [customer](const Answers& answers) {
    Expected expected{.events_read = answers.customer_events(customer)};
    for (int day = 0; day < kDays; ++day) {
      const Total total = answers.total(kMessageSent, customer, day);
      if (total.events == 0) continue;
      expected.rows.push_back(
          {.from = MonthStart() + day * absl::Hours(24), .value = Amount(total.hundredths), .count = total.events});
    }
    return expected;
  });
}

// --- From rollups ---

// Measures a query of a declared meter, which must answer what the events say and read none of them.
void MeasureDeclared(benchmark::State& state, const std::string& name, QueryOptions options) {
  if (const absl::Status made = MakeMonth(); !made.ok()) return Fail(state, made.ToString());
  QueryOptions ad_hoc = options;
  ad_hoc.meter = DeclaredMeters().at(name);
  if (options.group_by.has_value()) ad_hoc.meter.group_by = *options.group_by;
  ad_hoc.group_by.reset();
  options.declared = name;
  const absl::StatusOr<Usage> expected = month->store().Query(ad_hoc);
  const absl::StatusOr<Usage> usage = month->store().Query(options);
  if (!expected.ok()) return Fail(state, expected.status().ToString());
  if (!usage.ok()) return Fail(state, usage.status().ToString());
  const auto same = [](const UsageRow& a, const UsageRow& b) {
    return a.from == b.from && a.to == b.to && a.group == b.group && a.value == b.value && a.count == b.count;
  };
  if (!std::equal(usage->rows.begin(), usage->rows.end(), expected->rows.begin(), expected->rows.end(), same)) {
    return Fail(state, "the rollups answer something else than the events");
  }
  if (!usage->from_rollups || usage->events_read != 0) return Fail(state, "events were read");
  while (state.KeepRunning()) {
    if (!month->store().Query(options).ok()) return Fail(state, "the query failed");
  }
  state.counters["rows"] = static_cast<double>(usage->rows.size());
}

const char* const kZones[] = {"UTC", "Europe/Berlin"};

void DeclaredCustomerByDay(benchmark::State& state) {
  MeasureDeclared(state, "amount-by-region",
                  {.group_by = std::vector<std::string>(),
                   .from = MonthStart(),
                   .to = MonthStart() + kDays * absl::Hours(24),
                   .customer_aliases = {CustomerAlias(static_cast<std::uint32_t>(state.range(0) - 1))},
                   .window = Window::kDay,
                   .time_zone = kZones[state.range(1)]});
}

void DeclaredByRegionAndDay(benchmark::State& state) {
  MeasureDeclared(state, "amount-by-region", {.window = Window::kDay, .time_zone = kZones[state.range(0)]});
}

// The different users of each day.
void DeclaredUsersByDay(benchmark::State& state) {
  MeasureDeclared(state, "users", {.window = Window::kDay, .threads = 1});
}

// Each event of the store as a caller sees it, in one thread.
void Scan(benchmark::State& state) {
  if (const absl::Status made = MakeMonth(); !made.ok()) return Fail(state, made.ToString());
  const auto count = [] {
    std::uint64_t events = 0;
    for (EventIterator scan = month->store().Scan({}); scan.Valid(); scan.Next()) ++events;
    return events;
  };
  if (count() != month->answers().created()) return Fail(state, "the scan has another number of events");
  while (state.KeepRunning()) benchmark::DoNotOptimize(count());
  ReportEvents(state, month->answers().created());
}

// The processor's time is that of all threads.
void OfThreads(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("threads")->Arg(1)->Arg(2)->MeasureProcessCPUTime()->UseRealTime();
}

BENCHMARK(Sum)->Apply(OfThreads)->Unit(benchmark::kMillisecond);
BENCHMARK(SumByRegion)->Apply(OfThreads)->Unit(benchmark::kMillisecond);
BENCHMARK(UniqueUsers)->Apply(OfThreads)->Unit(benchmark::kMillisecond);
BENCHMARK(CustomerByDay)
    ->ArgName("customer")
    ->Arg(1)
    ->Arg(100)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(DeclaredCustomerByDay)
    ->ArgNames({"customer", "zone"})
    ->ArgsProduct({{1, 100}, {0, 1}})
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(DeclaredByRegionAndDay)->ArgName("zone")->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);
BENCHMARK(DeclaredUsersByDay)->Unit(benchmark::kMillisecond);
BENCHMARK(Scan)->MeasureProcessCPUTime()->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tallystick::bench

int main(int argc, char** argv) {
  return tallystick::bench::RunBenchmarks(argc, argv, [] { tallystick::bench::month.reset(); });
}
