#include "bench/environment.h"

#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <system_error>

namespace tallystick::bench {
namespace {

bool failed = false;

}  // namespace

std::uint64_t EventsWanted() {
  const char* const given = std::getenv("TALLYSTICK_BENCH_EVENTS");
  const std::uint64_t events = given != nullptr ? std::strtoull(given, nullptr, 10) : 1'000'000;
  if (events == 0) throw std::invalid_argument("TALLYSTICK_BENCH_EVENTS must be a number of events");
  return events;
}

TempFolder::TempFolder() {
  const char* const given = std::getenv("TALLYSTICK_BENCH_FOLDER");
  path_ = (given != nullptr ? given : std::filesystem::temp_directory_path().string()) + "/tallystick-bench-XXXXXX";
  if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make a folder: " + path_);
}

TempFolder::~TempFolder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
  if (error) std::cerr << "left behind: " << path_ << "\n";
}

void Fail(benchmark::State& state, const std::string& message) {
  failed = true;
  state.SkipWithError(message.c_str());
}

int RunBenchmarks(int argc, char** argv, const std::function<void()>& clean_up) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("events", std::to_string(EventsWanted()));
  benchmark::AddCustomContext("rocksdb", TALLYSTICK_ROCKSDB_FOUND_AS);
  benchmark::RunSpecifiedBenchmarks();
  clean_up();
  benchmark::Shutdown();
  return failed ? 1 : 0;
}

}  // namespace tallystick::bench
