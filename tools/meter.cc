#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "command.h"
#include "meter_options.h"
#include "meter_text.h"
#include "tallystick/event.h"
#include "tallystick/write.h"
#include "task.h"

namespace tallystick::tools {
namespace {

struct MeterCommandOptions {
  Target target;
  std::string name;
  MeterOptions meter;
};

int Define(const MeterCommandOptions& options, const Meter& meter, Store& store, Console& console) {
  const Uuid& account = options.target.account;
  const absl::StatusOr<Outcome> outcome = store.DefineMeter(account, options.name, meter);
  if (!outcome.ok()) {
    const int failed = console.Fail(outcome.status());
    return absl::IsInvalidArgument(outcome.status()) ? kWrongUsage : failed;
  }

  const absl::Status complete =
      store.AwaitMeter(account, options.name, [&console](std::uint64_t events_read, std::uint64_t events_total) {
        std::optional<double> fraction;
        if (events_total > 0) fraction = static_cast<double>(events_read) / static_cast<double>(events_total);
        return console.ShowProgress("events", events_read, fraction);
      });
  if (!complete.ok()) return console.Fail(complete);

  std::string line = "{\"name\":\"" + options.name + "\",\"outcome\":\"";
  line.append(OutcomeName(*outcome)).append("\",");
  AppendDefinition(meter, &line);
  return console.Answer({line + "}"});
}

int List(const Uuid& account, const Store& store, Console& console) {
  const absl::StatusOr<std::vector<DeclaredMeter>> meters = store.Meters(account);
  if (!meters.ok()) return console.Fail(meters.status());
  std::vector<std::string> lines;
  for (const DeclaredMeter& meter : *meters) {
    std::string& line = lines.emplace_back("{\"name\":\"" + meter.name + "\",");
    AppendDefinition(meter.meter, &line);
    line += meter.complete ? ",\"complete\":true}"
                           : ",\"complete\":false,\"eventsRead\":" + std::to_string(meter.events_read) + "}";
  }
  return console.Answer(lines);
}

int Drop(const MeterCommandOptions& options, Store& store, Console& console) {
  const absl::Status dropped = store.DropMeter(options.target.account, options.name);
  if (!dropped.ok()) return console.Fail(dropped);
  return console.Answer({"{\"name\":\"" + options.name + "\",\"outcome\":\"dropped\"}"});
}

// `meter COMMAND` for a server. A name may begin with a dash.
std::vector<std::string> WordsOf(const std::string& command, const MeterCommandOptions& options) {
  std::vector<std::string> words = {"meter", command};
  AppendWords(options.target, &words);
  AppendWords(options.meter, &words);
  if (!options.name.empty()) words.insert(words.end(), {"--", options.name});
  return words;
}

void AddDefine(CLI::App* meter, const TaskRunner& run, int* exit_status) {
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
  command->callback([options, run, exit_status] {
    const Meter described = DescribedMeter(options->meter);
    *exit_status =
        run({.target = options->target,
             .words = WordsOf("define", *options),
             .open = OpenToWrite,
             .work = [&](Store& store, Console& console) { return Define(*options, described, store, console); }});
  });
}

void AddList(CLI::App* meter, const TaskRunner& run, int* exit_status) {
  CLI::App* command = meter->add_subcommand("list", "Prints the account's declared meters");
  const auto options = std::make_shared<MeterCommandOptions>();
  AddTarget(command, &options->target);
  command->footer("Example: tallystick meter list --db usage.db");
  command->callback([options, run, exit_status] {
    *exit_status =
        run({.target = options->target,
             .words = WordsOf("list", *options),
             .open = OpenToRead,
             .work = [&](Store& store, Console& console) { return List(options->target.account, store, console); }});
  });
}

void AddDrop(CLI::App* meter, const TaskRunner& run, int* exit_status) {
  CLI::App* command = meter->add_subcommand("drop", "Ends a meter's declaration; its events stay");
  const auto options = std::make_shared<MeterCommandOptions>();
  AddTarget(command, &options->target);
  AddMeterName(command, "NAME", &options->name, "The meter's name")->required();
  command->footer(
      "What it kept is deleted by the commands that write to the store from then on.\n\n"
      "Example: tallystick meter drop --db usage.db messages");
  command->callback([options, run, exit_status] {
    *exit_status = run({.target = options->target,
                        .words = WordsOf("drop", *options),
                        .open = OpenPresentToWrite,
                        .work = [&](Store& store, Console& console) { return Drop(*options, store, console); }});
  });
}

}  // namespace

void AddMeter(CLI::App* program, const TaskRunner& run, int* exit_status) {
  CLI::App* meter =
      program->add_subcommand("meter", "Declares meters, which the store keeps up to date and 'query --meter' reads");
  meter->require_subcommand(1);
  AddDefine(meter, run, exit_status);
  AddList(meter, run, exit_status);
  AddDrop(meter, run, exit_status);
  meter->footer(
      "'tallystick meter COMMAND --help' shows a command's options, with an example.\n\n"
      "Example: tallystick meter define --db usage.db messages --type message-sent --aggregation count");
}

}  // namespace tallystick::tools
