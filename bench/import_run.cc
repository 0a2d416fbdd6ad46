#include "bench/import_run.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "bench/rocksdb_folder.h"
#include "bench/subject.h"

namespace tallystick::bench {
namespace {

Holdings HoldingsIn(const std::string& json) {
  return {.events = static_cast<std::uint64_t>(NumberIn(json, "events")),
          .hundredths = static_cast<std::int64_t>(NumberIn(json, "hundredths"))};
}

// The script lies beside its package, where Node.js looks for it.
std::vector<std::string> DuckDb(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {"node", std::string(std::getenv("TALLYSTICK_BENCH_DUCKDB")) + "/duckdb.mjs"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

}  // namespace

EventFile::EventFile(std::uint64_t sent) : path_(folder_.path("events.ndjson")) {
  const ProcessRun run = RunProcess({MAKE_EVENTS_PROGRAM, "--events", std::to_string(sent * 98 / 100), "--corrections",
                                     std::to_string(CorrectionsPerMille(2)), "--ids", "random"},
                                    {.stdout_file = path_});
  holdings_ = HoldingsIn(run.output);
  sent_ = static_cast<std::uint64_t>(NumberIn(run.output, "created") + NumberIn(run.output, "superseded"));
  bytes_ = std::filesystem::file_size(path_);
  // What is measured next must not share the disk with the writing of this.
  const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 || ::fsync(file) != 0) throw std::runtime_error("cannot sync " + path_);
  ::close(file);
}

std::vector<std::string> ImportSubjects() {
  std::vector<std::string> subjects;
  for (const std::string& subject : SubjectNames()) {
    subjects.push_back(subject);
    if (subject == "sqlite") subjects.push_back("sqlite_indexes_last");
  }
  if (std::getenv("TALLYSTICK_BENCH_DUCKDB") != nullptr) subjects.emplace_back("duckdb");
  return subjects;
}

ProcessRun Import(const std::string& subject, const std::string& file, const std::string& store) {
  if (subject == "tallystick") return RunProcess({TALLYSTICK_PROGRAM, "import", "--db", store, file});
  if (subject == "duckdb") return RunProcess(DuckDb({"import", file, store}));
  return RunProcess({BENCH_PROCESS_PROGRAM, "import", subject, file, store});
}

void ExpectImported(const std::string& subject, const std::string& store, const Holdings& expected) {
  const ProcessRun run =
      RunProcess(subject == "duckdb" ? DuckDb({"count", store})
                                     : std::vector<std::string>{BENCH_PROCESS_PROGRAM, "count", subject, store});
  if (HoldingsIn(run.output) != expected) throw std::runtime_error(subject + " holds something else: " + run.output);
}

std::uint64_t BytesAt(const std::string& path) {
  const std::filesystem::path given(path);
  std::uint64_t bytes = 0;
  if (std::filesystem::is_directory(given)) {
    for (const auto& file : std::filesystem::recursive_directory_iterator(given)) {
      if (file.is_regular_file()) bytes += file.file_size();
    }
    return bytes;
  }
  for (const auto& file : std::filesystem::directory_iterator(given.parent_path())) {
    if (file.path().filename().string().starts_with(given.filename().string())) bytes += file.file_size();
  }
  return bytes;
}

std::uint64_t OwedBytes(const std::string& store) {
  RocksDbFolder database(DataFolder(store), RocksDbFolder::Mode::kReadOnly);
  std::uint64_t owed = 0;
  for (rocksdb::ColumnFamilyHandle* const family : database.families()) {
    std::uint64_t bytes = 0;
    database.db().GetIntProperty(family, rocksdb::DB::Properties::kEstimatePendingCompactionBytes, &bytes);
    owed += bytes;
  }
  return owed;
}

Opening Open(const std::string& store, const std::string& profile, std::uint64_t busy_events) {
  const ProcessRun run = RunProcess({BENCH_PROCESS_PROGRAM, "open", store, profile, std::to_string(busy_events)});
  return {.seconds = NumberIn(run.output, "seconds"),
          .rss_bytes = NumberIn(run.output, "rss_bytes"),
          .busy_rss_bytes = busy_events == 0 ? 0 : static_cast<double>(run.peak_rss_bytes)};
}

Fill FillAndDie(const std::string& store, std::uint64_t events, std::uint64_t log_bytes) {
  const ProcessRun run = RunProcess(
      {BENCH_PROCESS_PROGRAM, "fill", store, std::to_string(events), std::to_string(log_bytes)}, {.signal = SIGKILL});
  return {.log_bytes = NumberIn(run.output, "log_bytes"), .holdings = HoldingsIn(run.output)};
}

}  // namespace tallystick::bench
