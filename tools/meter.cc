#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "command.h"
#include "meter_options.h"
#include "output.h"
#include "progress.h"
#include "tallystick/event.h"
#include "tallystick/write.h"

namespace tallystick::tools {
namespace {

struct MeterCommandOptions {
  Target target;
  std::string name;
  MeterOptions meter;
};

void AppendStrings(const std::vector<std::string>& strings, std::string* json) {
  json->push_back('[');
  for (const std::string& text : strings) {
    if (json->back() != '[') json->push_back(',');
    AppendJsonString(text, json);
  }
  json->push_back(']');
}

// The members that say what the meter is.
void AppendDefinition(const Meter& meter, std::string* json) {
  json->append("\"eventType\":");
  AppendJsonString(meter.event_type, json);
  json->append(",\"aggregation\":\"").append(AggregationName(meter.aggregation)).append("\",\"property\":");
  if (meter.property.empty()) {
    json->append("null");
  } else {
    AppendJsonString(meter.property, json);
  }
  json->append(",\"groupBy\":");
  AppendStrings(meter.group_by, json);
  json->append(",\"filter\":{");
  for (const auto& [property, allowed] : meter.filter) {
    if (json->back() != '{') json->push_back(',');
    AppendJsonString(property, json);
    json->push_back(':');
    AppendStrings(allowed, json);
  }
  json->push_back('}');
}

int Print(const std::vector<std::string>& lines) {
  Output output;
  for (const std::string& line : lines) {
    if (!output.WriteLine(line)) break;
  }
  const absl::Status written = output.Flush();
  return written.ok() ? kDone : Fail(written);
}

int Define(const MeterCommandOptions& options) {
  const Meter meter = DescribedMeter(options.meter);
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenToWrite(options.target);
  if (!store.ok()) return Fail(store.status());
  const Uuid& account = options.target.account;
  const absl::StatusOr<Outcome> outcome = (*store)->DefineMeter(account, options.name, meter);
  if (!outcome.ok()) {
    const int failed = Fail(outcome.status());
    return absl::IsInvalidArgument(outcome.status()) ? kWrongUsage : failed;
  }

  Progress progress("events");
  const absl::Status complete =
      (*store)->AwaitMeter(account, options.name, [&progress](std::uint64_t events_read, std::uint64_t events_total) {
        std::optional<double> fraction;
        if (events_total > 0) fraction = static_cast<double>(events_read) / static_cast<double>(events_total);
        progress.Update(events_read, fraction);
        return true;
      });
  progress.Clear();
  if (!complete.ok()) return Fail(complete);

  std::string line = "{\"name\":\"" + options.name + "\",\"outcome\":\"";
  line.append(OutcomeName(*outcome)).append("\",");
  AppendDefinition(meter, &line);
  return Print({line + "}"});
}

int List(const Target& target) {
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenToRead(target);
  if (!store.ok()) return Fail(store.status());
  const absl::StatusOr<std::vector<DeclaredMeter>> meters = (*store)->Meters(target.account);
  if (!meters.ok()) return Fail(meters.status());
  std::vector<std::string> lines;
  for (const DeclaredMeter& meter : *meters) {
    std::string& line = lines.emplace_back("{\"name\":\"" + meter.name + "\",");
    AppendDefinition(meter.meter, &line);
    line += meter.complete ? ",\"complete\":true}"
                           : ",\"complete\":false,\"eventsRead\":" + std::to_string(meter.events_read) + "}";
  }
  return Print(lines);
}

int Drop(const MeterCommandOptions& options) {
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenPresentToWrite(options.target);
  if (!store.ok()) return Fail(store.status());
  const absl::Status dropped = (*store)->DropMeter(options.target.account, options.name);
  if (!dropped.ok()) return Fail(dropped);
  return Print({"{\"name\":\"" + options.name + "\",\"outcome\":\"dropped\"}"});
}

void AddDefine(CLI::App* meter, int* exit_status) {
  CLI::App* command = meter->add_subcommand("define", "Declares a meter, and waits until it is complete");
  const auto options = std::make_shared<MeterCommandOptions>();
  AddTarget(command, &options->target);
  AddReserve(command, &options->target);
  AddMeterName(command, "NAME", &options->name, "The meter's name: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'")
      ->required();
  AddMeterOptions(command, &options->meter);
  options->meter.type->required();
  options->meter.aggregation->required();
  command->footer(
      "If it is cut short, the next command that writes to the store goes on, and so does the same one once more.\n"
      "Queries are right meanwhile: they read the events.\n\n"
      "Example: tallystick meter define --db usage.db messages --type message-sent --aggregation sum "
      "--property length --group-by channel");
  command->callback([options, exit_status] { *exit_status = Define(*options); });
}

void AddList(CLI::App* meter, int* exit_status) {
  CLI::App* command = meter->add_subcommand("list", "Prints the account's declared meters");
  const auto target = std::make_shared<Target>();
  AddTarget(command, target.get());
  command->footer("Example: tallystick meter list --db usage.db");
  command->callback([target, exit_status] { *exit_status = List(*target); });
}

void AddDrop(CLI::App* meter, int* exit_status) {
  CLI::App* command = meter->add_subcommand("drop", "Ends a meter's declaration; its events stay");
  const auto options = std::make_shared<MeterCommandOptions>();
  AddTarget(command, &options->target);
  AddMeterName(command, "NAME", &options->name, "The meter's name")->required();
  command->footer(
      "What it kept is deleted by the commands that write to the store from then on.\n\n"
      "Example: tallystick meter drop --db usage.db messages");
  command->callback([options, exit_status] { *exit_status = Drop(*options); });
}

}  // namespace

void AddMeter(CLI::App* program, int* exit_status) {
  CLI::App* meter =
      program->add_subcommand("meter", "Declares meters, which the store keeps up to date and 'query --meter' reads");
  meter->require_subcommand(1);
  AddDefine(meter, exit_status);
  AddList(meter, exit_status);
  AddDrop(meter, exit_status);
  meter->footer(
      "'tallystick meter COMMAND --help' shows a command's options, with an example.\n\n"
      "Example: tallystick meter define --db usage.db messages --type message-sent --aggregation count");
}

}  // namespace tallystick::tools
