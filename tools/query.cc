#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "command.h"
#include "meter_options.h"
#include "meter_text.h"
#include "output.h"
#include "progress.h"

namespace tallystick::tools {
namespace {

struct QueryCommandOptions {
  Target target;
  QueryOptions query;
  MeterOptions meter;
  bool total = false;
};

// "1 event", "12 events".
std::string Events(std::uint64_t count) { return std::to_string(count) + (count == 1 ? " event" : " events"); }

// What is not in the rows, for a person.
void TellOf(const Usage& usage, const QueryOptions& query) {
  if (usage.skipped > 0) {
    Tell(Events(usage.skipped) + (usage.skipped == 1 ? " was" : " were") + " skipped, without a value " +
         (query.declared.empty() ? "of '" + query.meter.property + "' " : "") + "to go by");
  }
  if (!query.declared.empty()) {
    Tell((usage.from_rollups ? "answered from rollups; " : "the meter is not complete: answered from the events; ") +
         Events(usage.events_read) + " read");
  }
}

// The meter, or the name of one, and what to group it by. Throws a CLI::ParseError where the options say neither.
QueryOptions QueryOf(const QueryCommandOptions& options) {
  QueryOptions query = options.query;
  query.account = options.target.account;
  if (query.declared.empty()) {
    query.meter = DescribedMeter(options.meter);
    return query;
  }
  const std::vector<std::string>& group_by = options.meter.meter.group_by;
  CheckGroupBy(group_by);
  if (options.total || !group_by.empty()) query.group_by = group_by;
  return query;
}

int Query(const QueryCommandOptions& options) {
  QueryOptions query = QueryOf(options);
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenToRead(options.target);
  if (!store.ok()) return Fail(store.status());
  Progress progress("events");
  query.progress = [&progress](std::uint64_t events_read) {
    progress.Update(events_read, std::nullopt);
    return true;
  };
  const absl::StatusOr<Usage> usage = (*store)->Query(query);
  progress.Clear();
  if (!usage.ok()) {
    const int failed = Fail(usage.status());
    return absl::IsInvalidArgument(usage.status()) ? kWrongUsage : failed;
  }

  Output output;
  std::string line;
  for (const UsageRow& row : usage->rows) {
    line.clear();
    AppendRow(row, usage->group_by, &line);
    if (!output.WriteLine(line)) break;
  }
  const absl::Status written = output.Flush();
  if (!written.ok()) return Fail(written);
  TellOf(*usage, query);
  return kDone;
}

}  // namespace

void AddQuery(CLI::App* program, int* exit_status) {
  CLI::App* command = program->add_subcommand("query", "Prints what events add up to, by window and group");
  const auto options = std::make_shared<QueryCommandOptions>();
  QueryOptions& query = options->query;
  MeterOptions& meter = options->meter;
  AddTarget(command, &options->target);
  AddMeterOptions(command, &meter);
  CLI::Option* const declared =
      AddMeterName(command, "--meter", &query.declared,
                   "A declared meter, by its name; --group-by then chooses among its properties, and takes all of them "
                   "when not given");
  for (CLI::Option* option : {meter.type, meter.aggregation, meter.property, meter.filter}) declared->excludes(option);
  command->add_flag("--total", options->total, "With --meter: by none of its properties")
      ->needs(declared)
      ->excludes(meter.group_by);
  AddRepeatable(command, "--customer", &query.customer_aliases, "Only events of this customer; may be given again");
  AddTimestamp(command, "--from", &query.from, "The first instant of the range (RFC 3339)");
  AddTimestamp(command, "--to", &query.to, "The instant at which the range ends, itself left out");
  AddChoice<Window>(
      command, "--window", Windows(), [&query](Window window) { query.window = window; }, "A row for each");
  command->add_option("--timezone", query.time_zone, "The time zone of the windows, by its IANA name")
      ->capture_default_str();
  command->footer(
      "Example: tallystick query --db usage.db --type message-sent --aggregation sum --property length "
      "--from 2022-10-01T00:00:00Z --to 2022-11-01T00:00:00Z --window day --timezone Europe/Berlin\n"
      "Example: tallystick query --db usage.db --meter messages --total --window month");
  command->callback([options, exit_status] { *exit_status = Query(*options); });
}

}  // namespace tallystick::tools
