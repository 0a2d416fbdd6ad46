// Meters, and what they give, as text: the names and the JSON that the commands and the service share.

#ifndef TALLYSTICK_TOOLS_METER_TEXT_H_
#define TALLYSTICK_TOOLS_METER_TEXT_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tallystick/meter.h"

namespace tallystick::tools {

// By their names outside of C++.
const std::map<std::string, Aggregation>& Aggregations();
const std::map<std::string, Window>& Windows();

std::string_view AggregationName(Aggregation aggregation);

// Whether it is one of a declared meter, and what a person is told otherwise.
bool IsMeterName(std::string_view text);
std::string MeterNameRule();

// `["a","b"]`
void AppendStrings(const std::vector<std::string>& strings, std::string* json);

// The members that say what the meter is:
// `"eventType":...,"aggregation":...,"property":...,"groupBy":...,"filter":...`.
void AppendDefinition(const Meter& meter, std::string* json);

// `{"from":...,"to":...,"group":{...},"value":"...","count":N}`. Numbers of events are strings, since they are exact
// decimals, which most readers of JSON would round; `group_by` is that of the row's `Usage`.
void AppendRow(const UsageRow& row, const std::vector<std::string>& group_by, std::string* json);

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_METER_TEXT_H_
