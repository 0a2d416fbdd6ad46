#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "command.h"
#include "output.h"
#include "progress.h"
#include "tallystick/event.h"

namespace tallystick::tools {
namespace {

struct QueryCommandOptions {
  Target target;
  QueryOptions query;
  std::vector<std::string> filters;
};

const std::map<std::string, Aggregation> kAggregations = {
    {"count", Aggregation::kCount},   {"sum", Aggregation::kSum},     {"min", Aggregation::kMin},
    {"max", Aggregation::kMax},       {"avg", Aggregation::kAverage}, {"unique_count", Aggregation::kUniqueCount},
    {"latest", Aggregation::kLatest},
};
const std::map<std::string, Window> kWindows = {
    {"minute", Window::kMinute}, {"hour", Window::kHour}, {"day", Window::kDay}, {"month", Window::kMonth}};

// Adds an option whose value is one of some names, in any case.
template <typename Value>
CLI::Option* AddChoice(CLI::App* command, const std::string& name, const std::map<std::string, Value>& choices,
                       const std::function<void(Value)>& take, const std::string& description) {
  std::string names;
  for (const auto& [choice, value] : choices) names += (names.empty() ? "" : ", ") + choice;
  return command->add_option_function<std::string>(
      name,
      [=, &choices](const std::string& text) {
        const auto choice = choices.find(CLI::detail::to_lower(text));
        if (choice == choices.end()) throw CLI::ValidationError(name, "'" + text + "' is none of " + names);
        take(choice->second);
      },
      description + ": " + names);
}

void AppendTime(const char* key, const std::optional<absl::Time>& time, std::string* json) {
  json->append("\"").append(key).append("\":");
  json->append(time.has_value() ? '"' + FormatTimestamp(*time) + '"' : "null");
}

void AppendRow(const UsageRow& row, const std::vector<std::string>& group_by, std::string* json) {
  json->push_back('{');
  AppendTime("from", row.from, json);
  json->push_back(',');
  AppendTime("to", row.to, json);
  json->append(",\"group\":{");
  for (std::size_t i = 0; i < group_by.size(); ++i) {
    if (i > 0) json->push_back(',');
    AppendJsonString(group_by[i], json);
    json->push_back(':');
    if (row.group[i].has_value()) {
      AppendJsonString(*row.group[i], json);
    } else {
      json->append("null");
    }
  }
  json->append("},\"value\":");
  AppendJsonString(row.value, json);
  if (row.sum.has_value()) json->append(",\"sum\":\"" + *row.sum + "\"");
  json->append(",\"count\":" + std::to_string(row.count) + "}");
}

int Query(const QueryCommandOptions& options) {
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenToRead(options.target);
  if (!store.ok()) return Fail(store.status());
  QueryOptions query = options.query;
  query.account = options.target.account;
  for (const std::string& filter : options.filters) {
    const std::size_t equals = filter.find('=');
    query.meter.filter[filter.substr(0, equals)].push_back(filter.substr(equals + 1));
  }
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
    AppendRow(row, query.meter.group_by, &line);
    if (!output.WriteLine(line)) break;
  }
  const absl::Status written = output.Flush();
  if (!written.ok()) return Fail(written);
  if (usage->skipped > 0) {
    Tell((usage->skipped == 1 ? "1 event was" : std::to_string(usage->skipped) + " events were") +
         " skipped, without a value of '" + query.meter.property + "' to go by");
  }
  return kDone;
}

}  // namespace

void AddQuery(CLI::App* program, int* exit_status) {
  CLI::App* command = program->add_subcommand("query", "Prints what events add up to, by window and group");
  const auto options = std::make_shared<QueryCommandOptions>();
  QueryOptions& query = options->query;
  AddTarget(command, &options->target);
  command->add_option("--type", query.meter.event_type, "The type of the events")->required();
  AddChoice<Aggregation>(
      command, "--aggregation", kAggregations,
      [&query](Aggregation aggregation) { query.meter.aggregation = aggregation; }, "What is made of them")
      ->required();
  command->add_option("--property", query.meter.property,
                      "The property to aggregate: a key, or keys with dots between them");
  AddRepeatable(command, "--group-by", &query.meter.group_by,
                "A row for each value of this property; may be given again");
  AddRepeatable(command, "--filter", &options->filters,
                "PROPERTY=VALUE: only events with this value; given again for a property, with any of its values")
      ->check([](const std::string& filter) {
        const std::size_t equals = filter.find('=');
        return equals == 0 || equals == std::string::npos ? "'" + filter + "' is not PROPERTY=VALUE" : std::string();
      });
  AddRepeatable(command, "--customer", &query.customer_aliases, "Only events of this customer; may be given again");
  AddTimestamp(command, "--from", &query.from, "The first instant of the range (RFC 3339)");
  AddTimestamp(command, "--to", &query.to, "The instant at which the range ends, itself left out");
  AddChoice<Window>(
      command, "--window", kWindows, [&query](Window window) { query.window = window; }, "A row for each");
  command->add_option("--timezone", query.time_zone, "The time zone of the windows, by its IANA name")
      ->capture_default_str();
  command->footer(
      "Example: tallystick query --db usage.db --type message-sent --aggregation sum --property length "
      "--from 2022-10-01T00:00:00Z --to 2022-11-01T00:00:00Z --window day --timezone Europe/Berlin");
  command->callback([options, exit_status] { *exit_status = Query(*options); });
}

}  // namespace tallystick::tools
