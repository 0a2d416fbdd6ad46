// How fast a range of time is read, and one customer's events; against SQLite and LMDB, and against a bare RocksDB
// iterator over the very rows that Tallystick reads, which does nothing with them.
//
//   FullScan   every event: `tallystick`, by one thread and split for two, and `rocksdb`, the bare iterator, likewise,
//              each of them over the same files, opened to read. The iterator reads ahead and keeps what it has read
//              out of the cache, as a skilled user's would; without these it is slower or no faster
//   DayScan    the events of one day
//   CustomerScan  all events of one customer, the one with the most, and the 100th
//
// Stores have been opened anew and are idle. Random ids, two of a hundred events superseded another.

#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/environment.h"
#include "bench/rocksdb_folder.h"
#include "bench/subject.h"
#include "bench/workload.h"
#include "rocksdb/iterator.h"
#include "tallystick/store.h"

namespace tallystick::bench {
namespace {

constexpr int kDay = 14;
constexpr std::size_t kReadAheadBytes = 2 << 20;

UsageOptions Events() {
  return {.events = EventsWanted(), .corrections_per_mille = CorrectionsPerMille(2), .ids = IdForm::kRandom};
}

// A store of each subject, made by the first benchmark that asks.
class Stores {
 public:
  // For a reader of the files: while nothing has the store open, no compaction takes them away.
  std::string ClosedPathOf(const std::string& name) {
    Of(name);
    subjects_[name].reset();
    return folder_.path(name);
  }

  Subject& Of(const std::string& name) {
    const bool fill = !subjects_.contains(name);
    if (fill) Fill(name);
    std::unique_ptr<Subject>& subject = subjects_[name];
    if (subject == nullptr) {
      subject = OpenSubject(name, folder_.path(name), Durability::kBuffered);
      WaitUntilIdle();
    }
    if (fill) ExpectHoldings(*subject, HoldingsOf(*answers_));
    return *subject;
  }

  const Answers& answers() const { return *answers_; }

 private:
  void Fill(const std::string& name) {
    UsageEvents usage(Events());
    const std::unique_ptr<Subject> subject = OpenSubject(name, folder_.path(name), Durability::kBuffered);
    for (Batch batch; usage.Next(1000, &batch);) subject->Write(batch.documents);
    subject->Sync();
    if (!answers_.has_value()) answers_ = usage.answers();
  }

  const TempFolder folder_;
  std::optional<Answers> answers_;
  std::map<std::string, std::unique_ptr<Subject>> subjects_;  // null: closed
};

std::unique_ptr<Stores> stores;

Stores& TheStores() {
  if (stores == nullptr) stores = std::make_unique<Stores>();
  return *stores;
}

void ReportEvents(benchmark::State& state, std::uint64_t events) {
  state.counters["events"] = static_cast<double>(events);
  state.counters["events/s"] =
      benchmark::Counter(static_cast<double>(events * state.iterations()), benchmark::Counter::kIsRate);
}

std::uint64_t Count(EventIterator& events) {
  std::uint64_t count = 0;
  for (; events.Valid(); events.Next()) {
    benchmark::DoNotOptimize(events.event().event_properties.data());
    ++count;
  }
  if (!events.status().ok()) throw std::runtime_error(events.status().ToString());
  return count;
}

void FullScan(benchmark::State& state, int threads) {
  const auto store = Store::Open(TheStores().ClosedPathOf("tallystick"), {.read_only = true});
  if (!store.ok()) throw std::runtime_error(store.status().ToString());
  const std::uint64_t expected = stores->answers().created();
  while (state.KeepRunning()) {
    auto parts = (*store)->SplitScan({}, threads);
    if (!parts.ok()) throw std::runtime_error(parts.status().ToString());
    std::vector<std::future<std::uint64_t>> others;
    for (std::size_t i = 1; i < parts->size(); ++i) {
      others.push_back(std::async(std::launch::async, [&part = (*parts)[i]] { return Count(part); }));
    }
    std::uint64_t events = Count(parts->front());
    for (auto& other : others) events += other.get();
    if (events != expected) throw std::runtime_error("the scan has another number of events");
  }
  ReportEvents(state, expected);
}

// Rows from `start` up to `limit`; empty is no bound.
std::uint64_t CountRows(RocksDbFolder& database, const std::string& start, const std::string& limit) {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = kReadAheadBytes;
  const rocksdb::Slice upper(limit);
  if (!limit.empty()) options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> rows(
      database.db().NewIterator(options, database.family(storage::Family::kEvents)));
  std::uint64_t count = 0;
  for (rows->Seek(start); rows->Valid(); rows->Next()) {
    benchmark::DoNotOptimize(rows->key().data());
    benchmark::DoNotOptimize(rows->value().data());
    ++count;
  }
  Check(rows->status());
  return count;
}

// Where parts of about equal size begin and end.
std::vector<std::string> PartBounds(RocksDbFolder& database, std::uint64_t events, int parts) {
  std::vector<std::string> bounds = {""};
  const std::unique_ptr<rocksdb::Iterator> rows(
      database.db().NewIterator(rocksdb::ReadOptions(), database.family(storage::Family::kEvents)));
  const std::uint64_t each = events / static_cast<std::uint64_t>(parts);
  std::uint64_t count = 0;
  for (rows->SeekToFirst(); rows->Valid() && bounds.size() < static_cast<std::size_t>(parts); rows->Next()) {
    if (++count % each == 0) bounds.push_back(rows->key().ToString());
  }
  Check(rows->status());
  bounds.emplace_back();
  return bounds;
}

void BareIterator(benchmark::State& state, int threads) {
  RocksDbFolder database(DataFolder(TheStores().ClosedPathOf("tallystick")), RocksDbFolder::Mode::kReadOnly);
  const std::uint64_t expected = stores->answers().created();
  const std::vector<std::string> bounds = PartBounds(database, expected, threads);
  while (state.KeepRunning()) {
    std::vector<std::future<std::uint64_t>> others;
    for (std::size_t i = 1; i + 1 < bounds.size(); ++i) {
      others.push_back(
          std::async(std::launch::async, [&, i] { return CountRows(database, bounds[i], bounds[i + 1]); }));
    }
    std::uint64_t count = CountRows(database, bounds[0], bounds[1]);
    for (auto& other : others) count += other.get();
    if (count != expected) throw std::runtime_error("the iterators have another number of rows");
  }
  ReportEvents(state, expected);
}

void ScanRange(benchmark::State& state, const std::string& name, const Range& range, std::uint64_t expected) {
  Subject& subject = TheStores().Of(name);
  if (CountByScan(subject, range).events != expected) throw std::runtime_error("the range has other events");
  while (state.KeepRunning()) {
    std::uint64_t count = 0;
    subject.Scan(range, [&](const Row& row) {
      benchmark::DoNotOptimize(row.properties.data());
      ++count;
    });
    if (count != expected) throw std::runtime_error("the range has other events");
  }
  ReportEvents(state, expected);
}

void DayScan(benchmark::State& state, const std::string& name) {
  TheStores().Of(name);
  std::uint64_t expected = 0;
  for (std::size_t type = 0; type < kEventTypes.size(); ++type) {
    for (std::uint32_t customer = 0; customer < Events().customers; ++customer) {
      expected += stores->answers().total(type, customer, kDay).events;
    }
  }
  const absl::Time from = MonthStart() + absl::Hours(24 * kDay);
  ScanRange(state, name, {.from = from, .to = from + absl::Hours(24)}, expected);
}

void CustomerScan(benchmark::State& state, const std::string& name, std::uint32_t customer) {
  TheStores().Of(name);
  ScanRange(state, name, {.customer = CustomerAlias(customer)}, stores->answers().customer_events(customer));
}

int Run(int argc, char** argv) {
  const auto add = [](const std::string& name, const std::function<void(benchmark::State&)>& function) {
    AddBenchmark(name, function)->UseRealTime()->Unit(benchmark::kMillisecond);
  };
  add("FullScan/subject:tallystick/threads:1", [](benchmark::State& state) { FullScan(state, 1); });
  add("FullScan/subject:tallystick/threads:2", [](benchmark::State& state) { FullScan(state, 2); });
  add("FullScan/subject:rocksdb/threads:1", [](benchmark::State& state) { BareIterator(state, 1); });
  add("FullScan/subject:rocksdb/threads:2", [](benchmark::State& state) { BareIterator(state, 2); });
  for (const std::string& subject : SubjectNames()) {
    if (subject != "tallystick") {
      add("FullScan/subject:" + subject + "/threads:1", [=](benchmark::State& state) {
        TheStores().Of(subject);
        ScanRange(state, subject, {}, stores->answers().created());
      });
    }
    add("DayScan/subject:" + subject, [=](benchmark::State& state) { DayScan(state, subject); });
    for (const std::uint32_t customer : {1U, 100U}) {
      add("CustomerScan/subject:" + subject + "/customer:" + std::to_string(customer),
          [=](benchmark::State& state) { CustomerScan(state, subject, customer - 1); });
    }
  }
  return RunBenchmarks(argc, argv, [] { stores.reset(); });
}

}  // namespace
}  // namespace tallystick::bench

int main(int argc, char** argv) { return tallystick::bench::Run(argc, argv); }
