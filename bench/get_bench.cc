// How fast one event is found by its id, of a store that has been opened anew; and how fast it is found that there is
// none. Random ids, one thread.

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/environment.h"
#include "bench/subject.h"
#include "bench/workload.h"

namespace tallystick::bench {
namespace {

constexpr std::uint64_t kSeed = 1;

UsageOptions Events(std::uint64_t first) {
  return {.events = EventsWanted(), .corrections_per_mille = 0, .ids = IdForm::kRandom, .first = first};
}

struct Sample {
  std::string id;
  std::string properties;
};

// A store of each subject, made by the first benchmark that asks; and some of the events that are in all of them, and
// some that are in none, in random order.
class Stores {
 public:
  Stores() : present_(Samples(0)), absent_(Samples(EventsWanted())) {}

  const std::vector<Sample>& present() const { return present_; }
  const std::vector<Sample>& absent() const { return absent_; }

  Subject& Of(const std::string& name) {
    std::unique_ptr<Subject>& subject = subjects_[name];
    if (subject == nullptr) subject = Fill(name);
    return *subject;
  }

 private:
  static std::vector<Sample> Samples(std::uint64_t first) {
    UsageEvents usage(Events(first));
    std::vector<Sample> samples;
    for (Batch batch; usage.Next(1000, &batch);) {
      for (std::size_t i = first % 10; i < batch.documents.size(); i += 10) {
        samples.push_back({std::string(IdOf(batch.documents[i])), std::string(PropertiesOf(batch.documents[i]))});
      }
    }
    std::shuffle(samples.begin(), samples.end(), std::mt19937_64(kSeed));
    return samples;
  }

  std::unique_ptr<Subject> Fill(const std::string& name) const {
    const std::string path = folder_.path(name);
    UsageEvents usage(Events(0));
    std::unique_ptr<Subject> subject = OpenSubject(name, path, Durability::kBuffered);
    for (Batch batch; usage.Next(1000, &batch);) subject->Write(batch.documents);
    subject->Sync();
    subject.reset();
    subject = OpenSubject(name, path, Durability::kBuffered);
    WaitUntilIdle();
    ExpectHoldings(*subject, HoldingsOf(usage.answers()));
    for (const Sample& sample : present_) {
      bool same = false;
      const bool found = subject->Get(sample.id, [&](const Row& row) { same = row.properties == sample.properties; });
      if (!found || !same) throw std::runtime_error("not the event that was sent: " + sample.id);
    }
    for (const Sample& sample : absent_) {
      if (subject->Get(sample.id, [](const Row&) {})) throw std::runtime_error("was never sent: " + sample.id);
    }
    return subject;
  }

  const TempFolder folder_;
  const std::vector<Sample> present_;
  const std::vector<Sample> absent_;
  std::map<std::string, std::unique_ptr<Subject>> subjects_;
};

std::unique_ptr<Stores> stores;

void Get(benchmark::State& state, const std::string& name, bool present) {
  if (stores == nullptr) stores = std::make_unique<Stores>();
  Subject& subject = stores->Of(name);
  const std::vector<Sample>& samples = present ? stores->present() : stores->absent();
  std::size_t next = 0;
  while (state.KeepRunning()) {
    const bool found =
        subject.Get(samples[next].id, [](const Row& row) { benchmark::DoNotOptimize(row.properties.size()); });
    if (found != present) throw std::runtime_error("another answer than before");
    next = next + 1 == samples.size() ? 0 : next + 1;
  }
  state.counters["gets/s"] = benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

int Run(int argc, char** argv) {
  for (const bool present : {true, false}) {
    for (const std::string& subject : SubjectNames()) {
      AddBenchmark("Get/subject:" + subject + "/present:" + (present ? "1" : "0"), [=](benchmark::State& state) {
        Get(state, subject, present);
      })->Unit(benchmark::kMicrosecond);
    }
  }
  return RunBenchmarks(argc, argv, [] { stores.reset(); });
}

}  // namespace
}  // namespace tallystick::bench

int main(int argc, char** argv) { return tallystick::bench::Run(argc, argv); }
