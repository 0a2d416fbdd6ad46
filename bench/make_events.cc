// Writes a month of made-up usage (bench/events.h) to standard output, an event a line: what the benchmarks that read a
// file are given, and something to try a store with.
//
//   make_events --events 10000000 --ids random --corrections 20 > events.ndjson
//
// Says on standard error, as a line of JSON, what becomes of the lines in a store that imports them, and what it must
// hold then: how many events, and the sum of their property "amount" in hundredths.

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>

#include "CLI/CLI.hpp"
#include "bench/events.h"
#include "bench/workload.h"

namespace tallystick::bench {
namespace {

int Run(int argc, char** argv) {
  CLI::App program("Writes made-up usage events, an event a line");
  UsageOptions options;
  program.add_option("--events", options.events, "How many different events")->capture_default_str();
  program.add_option("--corrections", options.corrections_per_mille, "Of a thousand events, how many are corrected")
      ->capture_default_str();
  program.add_option("--customers", options.customers, "How many customers")->capture_default_str();
  program.add_option("--seed", options.seed, "Another seed makes other events")->capture_default_str();
  const std::map<std::string, IdForm> id_forms = {
      {"random", IdForm::kRandom}, {"sequential", IdForm::kSequential}, {"uuidv7", IdForm::kUuidV7}};
  program.add_option("--ids", options.ids, "The form of customerEventId")->transform(CLI::CheckedTransformer(id_forms));
  const std::map<std::string, TimeOrder> orders = {{"mostly", TimeOrder::kMostly}, {"random", TimeOrder::kRandom}};
  program.add_option("--order", options.order, "Whether events come by time")
      ->transform(CLI::CheckedTransformer(orders));
  CLI11_PARSE(program, argc, argv);

  UsageEvents events(options);
  std::string lines;
  for (Batch batch; events.Next(1000, &batch);) {
    lines.clear();
    for (const std::string_view document : batch.documents) lines.append(document).push_back('\n');
    if (std::fwrite(lines.data(), 1, lines.size(), stdout) != lines.size()) {
      std::perror("make_events: cannot write");
      return 1;
    }
  }
  if (std::fflush(stdout) != 0) {
    std::perror("make_events: cannot write");
    return 1;
  }
  const Answers& answers = events.answers();
  const Holdings holdings = HoldingsOf(answers);
  std::fprintf(stderr, "{\"created\":%llu,\"superseded\":%llu,\"events\":%llu,\"hundredths\":%lld}\n",
               static_cast<unsigned long long>(answers.created()),
               static_cast<unsigned long long>(answers.superseded()), static_cast<unsigned long long>(holdings.events),
               static_cast<long long>(holdings.hundredths));
  return 0;
}

}  // namespace
}  // namespace tallystick::bench

int main(int argc, char** argv) { return tallystick::bench::Run(argc, argv); }
