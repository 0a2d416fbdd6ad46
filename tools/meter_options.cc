#include "meter_options.h"

#include <cstddef>
#include <set>

#include "command.h"
#include "meter_text.h"
#include "tallystick/event.h"

namespace tallystick::tools {

void AddMeterOptions(CLI::App* command, MeterOptions* options) {
  Meter& meter = options->meter;
  options->type = command->add_option("--type", meter.event_type, "The type of the events");
  options->aggregation = AddChoice<Aggregation>(
      command, "--aggregation", Aggregations(), [&meter](Aggregation aggregation) { meter.aggregation = aggregation; },
      "What is made of them");
  options->property = command->add_option("--property", meter.property,
                                          "The property to aggregate: a key, or keys with dots between them");
  options->group_by = AddRepeatable(command, "--group-by", &meter.group_by,
                                    "A row for each value of this property; may be given again");
  options->filter =
      AddRepeatable(command, "--filter", &options->filters,
                    "PROPERTY=VALUE: only events with this value; given again for a property, with any of its values")
          ->check([](const std::string& filter) {
            const std::size_t equals = filter.find('=');
            return equals == 0 || equals == std::string::npos ? "'" + filter + "' is not PROPERTY=VALUE"
                                                              : std::string();
          });
}

// What the library would say of the same, said of the options, and before a store is made.
Meter DescribedMeter(const MeterOptions& options) {
  Meter meter = options.meter;
  if (options.type->count() == 0) throw CLI::RequiredError("--type");
  if (meter.event_type.empty() || meter.event_type.size() > kNameBytesMax) {
    throw CLI::ValidationError("--type", "must have 1 to " + std::to_string(kNameBytesMax) + " bytes");
  }
  if (options.aggregation->count() == 0) throw CLI::RequiredError("--aggregation");
  if (meter.aggregation == Aggregation::kCount) {
    if (!meter.property.empty()) throw CLI::ExcludesError("--aggregation count", "--property");
  } else if (meter.property.empty()) {
    throw CLI::RequiredError("--property");
  }
  CheckGroupBy(meter.group_by);
  for (const std::string& filter : options.filters) {
    const std::size_t equals = filter.find('=');
    meter.filter[filter.substr(0, equals)].push_back(filter.substr(equals + 1));
  }
  return meter;
}

void AppendWords(const MeterOptions& options, std::vector<std::string>* words) {
  const auto add = [words](const char* option, std::string_view value) {
    if (!value.empty()) words->push_back(std::string(option) + "=" + std::string(value));
  };
  if (options.type == nullptr) return;  // the command takes no meter
  add("--type", options.meter.event_type);
  add("--aggregation", AggregationName(options.meter.aggregation));
  add("--property", options.meter.property);
  for (const std::string& property : options.meter.group_by) add("--group-by", property);
  for (const std::string& filter : options.filters) add("--filter", filter);
}

void CheckGroupBy(const std::vector<std::string>& group_by) {
  std::set<std::string_view> names;
  for (const std::string& name : group_by) {
    if (name.empty()) throw CLI::ValidationError("--group-by", "'' is no property");
    if (!names.insert(name).second) throw CLI::ValidationError("--group-by", "'" + name + "' is given twice");
  }
}

CLI::Option* AddMeterName(CLI::App* command, const std::string& option, std::string* name,
                          const std::string& description) {
  return command->add_option(option, *name, description)->check([](const std::string& text) {
    return IsMeterName(text) ? std::string() : "'" + text + "' is no name of a meter: " + MeterNameRule();
  });
}

}  // namespace tallystick::tools
