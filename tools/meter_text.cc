#include "meter_text.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "tallystick/event.h"

namespace tallystick::tools {
namespace {

void AppendTime(const char* key, const std::optional<absl::Time>& time, std::string* json) {
  json->append("\"").append(key).append("\":");
  json->append(time.has_value() ? '"' + FormatTimestamp(*time) + '"' : "null");
}

}  // namespace

const std::map<std::string, Aggregation>& Aggregations() {
  static const auto* const kAggregations = new std::map<std::string, Aggregation>{
      {"count", Aggregation::kCount},   {"sum", Aggregation::kSum},     {"min", Aggregation::kMin},
      {"max", Aggregation::kMax},       {"avg", Aggregation::kAverage}, {"unique_count", Aggregation::kUniqueCount},
      {"latest", Aggregation::kLatest},
  };
  return *kAggregations;
}

const std::map<std::string, Window>& Windows() {
  static const auto* const kWindows = new std::map<std::string, Window>{
      {"minute", Window::kMinute}, {"hour", Window::kHour}, {"day", Window::kDay}, {"month", Window::kMonth}};
  return *kWindows;
}

std::string_view AggregationName(Aggregation aggregation) {
  return std::find_if(Aggregations().begin(), Aggregations().end(),
                      [aggregation](const auto& choice) { return choice.second == aggregation; })
      ->first;
}

bool IsMeterName(std::string_view text) {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !text.empty() && text.size() <= kMeterNameBytesMax && text.find_first_not_of(kAllowed) == std::string::npos;
}

std::string MeterNameRule() {
  return "1 to " + std::to_string(kMeterNameBytesMax) + " of A-Z, a-z, 0-9, '.', '_' and '-'";
}

void AppendStrings(const std::vector<std::string>& strings, std::string* json) {
  json->push_back('[');
  for (const std::string& text : strings) {
    if (json->back() != '[') json->push_back(',');
    AppendJsonString(text, json);
  }
  json->push_back(']');
}

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

}  // namespace tallystick::tools
