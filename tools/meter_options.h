// The options that say what a meter is, for the commands that take one.

#ifndef TALLYSTICK_TOOLS_METER_OPTIONS_H_
#define TALLYSTICK_TOOLS_METER_OPTIONS_H_

#include <string>
#include <string_view>
#include <vector>

#include "CLI/CLI.hpp"
#include "tallystick/meter.h"

namespace tallystick::tools {

struct MeterOptions {
  Meter meter{};                       // but for its filter
  std::vector<std::string> filters{};  // PROPERTY=VALUE each

  // As they stand on the command line.
  CLI::Option* type = nullptr;
  CLI::Option* aggregation = nullptr;
  CLI::Option* property = nullptr;
  CLI::Option* group_by = nullptr;
  CLI::Option* filter = nullptr;
};

void AddMeterOptions(CLI::App* command, MeterOptions* options);

// The meter that the options describe. Throws a CLI::ParseError that names the option where they describe none.
Meter DescribedMeter(const MeterOptions& options);

// Appends the options once more to Task::words, but for those that were not given.
void AppendWords(const MeterOptions& options, std::vector<std::string>* words);

// Throws a CLI::ParseError where a property is named twice, or is none.
void CheckGroupBy(const std::vector<std::string>& group_by);

// Adds an option, or without dashes an argument, that is the name of a declared meter.
CLI::Option* AddMeterName(CLI::App* command, const std::string& option, std::string* name,
                          const std::string& description);

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_METER_OPTIONS_H_
