// What the benchmarks do in a process of its own, each a command; answers are lines of JSON.
//
//   import SUBJECT FILE STORE       gives a peer the events of a file, an event a line
//   count SUBJECT STORE             what a subject holds
//   open STORE PROFILE EVENTS       opens a Tallystick store, then writes and reads some events if EVENTS is not 0
//   fill STORE EVENTS LOG_BYTES     writes events to a Tallystick store, and dies by SIGKILL in the middle

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "bench/rocksdb_folder.h"
#include "bench/subject.h"
#include "bench/workload.h"
#include "tallystick/store.h"

namespace tallystick::bench {
namespace {

constexpr std::size_t kTransactionEvents = 10'000;
constexpr std::size_t kBatchEvents = 1'000;

void Print(const Holdings& holdings) {
  std::cout << R"("events":)" << holdings.events << R"(,"hundredths":)" << holdings.hundredths;
}

void Import(const std::string& name, const std::string& file, const std::string& path) {
  const std::unique_ptr<Subject> subject = OpenSubject(name, path, Durability::kBuffered);
  std::ifstream lines(file);
  if (!lines) throw std::runtime_error("cannot read " + file);
  std::vector<std::string> texts(kTransactionEvents);
  std::vector<std::string_view> documents;
  while (lines) {
    documents.clear();
    while (documents.size() < texts.size() && std::getline(lines, texts[documents.size()])) {
      documents.emplace_back(texts[documents.size()]);
    }
    if (!documents.empty()) subject->Write(documents);
  }
  subject->Sync();
}

void Count(const std::string& name, const std::string& path) {
  const Holdings holdings = CountByScan(*OpenSubject(name, path, Durability::kBuffered));
  std::cout << "{";
  Print(holdings);
  std::cout << "}\n";
}

std::uint64_t ResidentBytes() {
  std::ifstream counts("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  counts >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void Open(const std::string& path, const std::string& profile, std::uint64_t busy_events) {
  const auto start = std::chrono::steady_clock::now();
  const auto store = Store::Open(path, {.profile = profile == "edge" ? Profile::kEdge : Profile::kServer});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  if (!store.ok()) throw std::runtime_error(store.status().ToString());
  std::cout << R"({"seconds":)" << took.count() << R"(,"rss_bytes":)" << ResidentBytes() << "}\n";
  // Other events than those that are there: another seed makes other ids.
  UsageEvents usage({.events = busy_events, .ids = IdForm::kRandom, .seed = 2});
  if (busy_events == 0) return;
  for (Batch batch; usage.Next(100, &batch);) {
    const auto written = (*store)->WriteJson(Uuid{}, batch.documents, {.durability = Durability::kBuffered});
    if (!written.ok()) throw std::runtime_error(written.status().ToString());
  }
  EventIterator events = (*store)->Scan({.limit = busy_events});
  while (events.Valid()) events.Next();
  if (!events.status().ok()) throw std::runtime_error(events.status().ToString());
}

std::uint64_t LogBytes(const std::string& store) {
  std::uint64_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(DataFolder(store))) {
    std::error_code gone;  // the store deletes logs meanwhile
    const std::uintmax_t size = file.path().extension() == ".log" ? file.file_size(gone) : 0;
    if (!gone) bytes += size;
  }
  return bytes;
}

void Fill(const std::string& path, std::uint64_t events, std::uint64_t log_bytes) {
  const std::unique_ptr<Subject> store = OpenTallystick(path, Durability::kBuffered);
  UsageEvents usage({.events = events, .ids = IdForm::kRandom});
  for (Batch batch; LogBytes(path) < log_bytes && usage.Next(kBatchEvents, &batch);) store->Write(batch.documents);
  const std::uint64_t bytes = LogBytes(path);
  ExpectHoldings(*store, HoldingsOf(usage.answers()));
  std::cout << R"({"log_bytes":)" << bytes << ",";
  Print(HoldingsOf(usage.answers()));
  std::cout << "}\n" << std::flush;
  ::kill(::getpid(), SIGKILL);
}

int Run(const std::vector<std::string>& words) {
  try {
    if (words.size() == 4 && words[0] == "import") return Import(words[1], words[2], words[3]), 0;
    if (words.size() == 3 && words[0] == "count") return Count(words[1], words[2]), 0;
    if (words.size() == 4 && words[0] == "open") return Open(words[1], words[2], std::stoull(words[3])), 0;
    if (words.size() == 4 && words[0] == "fill") return Fill(words[1], std::stoull(words[2]), std::stoull(words[3])), 0;
  } catch (const std::exception& fault) {
    std::cerr << "bench_process: " << fault.what() << "\n";
    return 1;
  }
  std::cerr << "bench_process: see the head of bench/bench_process.cc\n";
  return 2;
}

}  // namespace
}  // namespace tallystick::bench

int main(int argc, char** argv) { return tallystick::bench::Run({argv + 1, argv + argc}); }
