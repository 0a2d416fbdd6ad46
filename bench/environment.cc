#include "bench/environment.h"

#include <stdlib.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

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

benchmark::internal::Benchmark* AddBenchmark(const std::string& name, std::function<void(benchmark::State&)> function) {
  return benchmark::RegisterBenchmark(name.c_str(), [function = std::move(function)](benchmark::State& state) {
    try {
      function(state);
    } catch (const std::exception& fault) {
      Fail(state, fault.what());
    }
  });
}

benchmark::internal::Benchmark* AddRun(const std::string& name, std::function<void(benchmark::State&)> function) {
  return AddBenchmark(name, std::move(function))->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);
}

void WaitUntilIdle() {
  const std::clock_t idle = CLOCKS_PER_SEC / 100;
  std::clock_t before = 0;
  std::uint64_t written = 0;
  do {
    before = std::clock();
    written = WrittenBytes();
    std::this_thread::sleep_for(std::chrono::seconds(1));
  } while (std::clock() - before > idle || WrittenBytes() != written);
}

std::uint64_t WrittenBytes() {
  std::ifstream counts("/proc/self/io");
  std::string name;
  for (std::uint64_t count = 0; counts >> name >> count;) {
    if (name == "write_bytes:") return count;
  }
  throw std::runtime_error("/proc/self/io does not tell what was written");
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
