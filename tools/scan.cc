#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <string>

#include "command.h"
#include "output.h"
#include "tallystick/event.h"

namespace tallystick::tools {
namespace {

struct ScanCommandOptions {
  Target target;
  ScanOptions scan;
  bool reverse = false;
};

int Scan(const ScanCommandOptions& options) {
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenToRead(options.target);
  if (!store.ok()) return Fail(store.status());
  ScanOptions scan = options.scan;
  scan.account = options.target.account;
  scan.direction = options.reverse ? Direction::kDescending : Direction::kAscending;

  Output output;
  std::string line;
  EventIterator events = (*store)->Scan(scan);
  for (; events.Valid(); events.Next()) {
    line.clear();
    AppendJson(events.event(), &line);
    if (!output.WriteLine(line)) break;
  }
  const absl::Status written = output.Flush();
  if (!written.ok()) return Fail(written);
  if (!events.status().ok()) return Fail(events.status());
  if (const std::optional<std::string> cursor = events.cursor(); cursor.has_value()) {
    // Without it nobody could go on: not to have told it is a failure.
    if (std::fprintf(stderr, "{\"cursor\":\"%s\"}\n", cursor->c_str()) < 0) return kFailed;
  }
  return kDone;
}

}  // namespace

void AddScan(CLI::App* program, int* exit_status) {
  CLI::App* command = program->add_subcommand("scan", "Prints the events of a range of time, in order of time");
  const auto options = std::make_shared<ScanCommandOptions>();
  AddTarget(command, &options->target);
  AddTimestamp(command, "--from", &options->scan.from, "The first instant of the range (RFC 3339)");
  AddTimestamp(command, "--to", &options->scan.to, "The instant at which the range ends, itself left out");
  AddRepeatable(command, "--type", &options->scan.event_types, "Only events of this type; may be given again");
  AddRepeatable(command, "--customer", &options->scan.customer_aliases,
                "Only events of this customer; may be given again");
  AddNumber(
      command, "--limit", 0, std::numeric_limits<std::uint64_t>::max(),
      [limit = &options->scan.limit](std::uint64_t number) { *limit = number; },
      "At most this many events; where there are more, a cursor to go on with follows on standard error");
  command->add_option("--cursor", options->scan.cursor, "Go on behind the page that ended with this cursor");
  command->add_flag("--reverse", options->reverse, "Latest first");
  command->footer(
      "Example: tallystick scan --db usage.db --from 2022-10-01T00:00:00Z --to 2022-11-01T00:00:00Z --customer acme "
      "--limit 100");
  command->callback([options, exit_status] { *exit_status = Scan(*options); });
}

}  // namespace tallystick::tools
