#include "serve/meter_body.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_replace.h"
#include "meter_text.h"
#include "simdjson.h"
#include "tallystick/event.h"

namespace tallystick::tools {
namespace {

using simdjson::dom::element;
using Fault = std::optional<Rejection>;

Fault FaultOf(RejectReason reason, const std::string& pointer, std::string message) {
  return Rejection{.reason = reason, .message = std::move(message), .pointer = pointer};
}

std::string Below(const std::string& pointer, std::string_view key) {
  return pointer + "/" + absl::StrReplaceAll({key.data(), key.size()}, {{"~", "~0"}, {"/", "~1"}});
}

Fault ReadText(const std::string& pointer, const element& value, std::string* text) {
  std::string_view view;
  if (value.get(view) != simdjson::SUCCESS) return FaultOf(RejectReason::kWrongType, pointer, "must be a string");
  *text = view;
  return std::nullopt;
}

Fault ReadName(const std::string& pointer, const element& value, std::string* text) {
  if (Fault fault = ReadText(pointer, value, text)) return fault;
  if (text->empty()) return FaultOf(RejectReason::kInvalidValue, pointer, "must not be empty");
  return std::nullopt;
}

Fault ReadTexts(const std::string& pointer, const element& value, std::vector<std::string>* texts) {
  simdjson::dom::array array;
  if (value.get(array) != simdjson::SUCCESS) {
    return FaultOf(RejectReason::kWrongType, pointer, "must be an array of strings");
  }
  for (const element each : array) {
    const std::string at = Below(pointer, std::to_string(texts->size()));
    if (Fault fault = ReadText(at, each, &texts->emplace_back())) return fault;
  }
  return std::nullopt;
}

// Strings that have something in them.
Fault ReadNames(const std::string& pointer, const element& value, std::vector<std::string>* names) {
  if (Fault fault = ReadTexts(pointer, value, names)) return fault;
  for (std::size_t i = 0; i < names->size(); ++i) {
    if ((*names)[i].empty()) {
      return FaultOf(RejectReason::kInvalidValue, Below(pointer, std::to_string(i)), "must not be empty");
    }
  }
  return std::nullopt;
}

Fault ReadGroupBy(const std::string& pointer, const element& value, std::vector<std::string>* group_by) {
  if (Fault fault = ReadNames(pointer, value, group_by)) return fault;
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < group_by->size(); ++i) {
    if (!seen.insert((*group_by)[i]).second) {
      return FaultOf(RejectReason::kInvalidValue, Below(pointer, std::to_string(i)), "is given twice");
    }
  }
  return std::nullopt;
}

Fault ReadFilter(const std::string& pointer, const element& value,
                 std::map<std::string, std::vector<std::string>>* filter) {
  simdjson::dom::object object;
  if (value.get(object) != simdjson::SUCCESS) return FaultOf(RejectReason::kWrongType, pointer, "must be an object");
  for (const simdjson::dom::key_value_pair member : object) {
    const std::string at = Below(pointer, member.key);
    if (member.key.empty()) return FaultOf(RejectReason::kInvalidValue, at, "names no property");
    const auto [allowed, added] = filter->try_emplace(std::string(member.key));
    if (!added) return FaultOf(RejectReason::kDuplicateKey, at, "is given twice");
    if (Fault fault = ReadTexts(at, member.value, &allowed->second)) return fault;
    if (allowed->second.empty()) return FaultOf(RejectReason::kInvalidValue, at, "allows no value");
  }
  return std::nullopt;
}

Fault ReadTime(const std::string& pointer, const element& value, absl::Time* time) {
  std::string text;
  if (Fault fault = ReadText(pointer, value, &text)) return fault;
  const absl::StatusOr<absl::Time> parsed = ParseTimestamp(text);
  if (!parsed.ok()) return FaultOf(RejectReason::kInvalidValue, pointer, std::string(parsed.status().message()));
  *time = *parsed;
  return std::nullopt;
}

template <typename Value>
Fault ReadChoice(const std::string& pointer, const element& value, const std::map<std::string, Value>& choices,
                 Value* choice) {
  std::string text;
  if (Fault fault = ReadText(pointer, value, &text)) return fault;
  const auto found = choices.find(text);
  if (found == choices.end()) {
    std::string names;
    for (const auto& [name, each] : choices) names += (names.empty() ? "" : ", ") + name;
    return FaultOf(RejectReason::kInvalidValue, pointer, "must be one of " + names);
  }
  *choice = found->second;
  return std::nullopt;
}

// A member that a body may have.
struct Field {
  std::string_view name;
  bool required = false;
  std::function<Fault(const std::string& pointer, const element& value)> read;
};

Fault ReadFields(std::string_view body, const std::vector<Field>& fields) {
  simdjson::dom::parser parser;
  element document;
  if (const auto error = parser.parse(body.data(), body.size()).get(document); error != simdjson::SUCCESS) {
    return FaultOf(RejectReason::kInvalidJson, "", simdjson::error_message(error));
  }
  simdjson::dom::object object;
  if (document.get(object) != simdjson::SUCCESS) return FaultOf(RejectReason::kWrongType, "", "must be an object");
  std::set<std::string_view> seen;
  std::set<std::string_view> present;
  for (const simdjson::dom::key_value_pair member : object) {
    const auto field =
        std::find_if(fields.begin(), fields.end(), [&member](const Field& each) { return each.name == member.key; });
    if (field == fields.end()) {
      return FaultOf(RejectReason::kUnknownField, Below("", member.key), "is not a field of this body");
    }
    const std::string pointer = Below("", member.key);
    if (!seen.insert(member.key).second) return FaultOf(RejectReason::kDuplicateKey, pointer, "is given twice");
    if (member.value.is_null()) continue;
    present.insert(member.key);
    if (Fault fault = field->read(pointer, member.value)) return fault;
  }
  for (const Field& field : fields) {
    if (field.required && !present.contains(field.name)) {
      return FaultOf(RejectReason::kMissingField, Below("", field.name), "is required");
    }
  }
  return std::nullopt;
}

std::vector<Field> MeterFields(Meter* meter) {
  return {
      {.name = "eventType",
       .required = true,
       .read =
           [meter](const std::string& pointer, const element& value) {
             Fault fault = ReadName(pointer, value, &meter->event_type);
             if (!fault.has_value() && meter->event_type.size() > kNameBytesMax) {
               fault = FaultOf(RejectReason::kInvalidValue, pointer,
                               "has more than " + std::to_string(kNameBytesMax) + " bytes");
             }
             return fault;
           }},
      {.name = "aggregation",
       .required = true,
       .read = [meter](
                   const std::string& pointer,
                   const element& value) { return ReadChoice(pointer, value, Aggregations(), &meter->aggregation); }},
      {.name = "property",
       .read = [meter](const std::string& pointer,
                       const element& value) { return ReadName(pointer, value, &meter->property); }},
      {.name = "groupBy",
       .read = [meter](const std::string& pointer,
                       const element& value) { return ReadGroupBy(pointer, value, &meter->group_by); }},
      {.name = "filter",
       .read = [meter](const std::string& pointer,
                       const element& value) { return ReadFilter(pointer, value, &meter->filter); }},
  };
}

// The members taken together.
Fault CheckMeter(const Meter& meter) {
  const bool counts = meter.aggregation == Aggregation::kCount;
  if (counts && !meter.property.empty()) {
    return FaultOf(RejectReason::kInvalidValue, "/property", "must not be given for a count");
  }
  if (!counts && meter.property.empty()) {
    return FaultOf(RejectReason::kMissingField, "/property", "is required for this aggregation");
  }
  return std::nullopt;
}

std::vector<Field> QueryFields(QueryOptions* query) {
  return {
      {.name = "customerAlias",
       .read =
           [query](const std::string& pointer, const element& value) {
             return value.is_string() ? ReadName(pointer, value, &query->customer_aliases.emplace_back())
                                      : ReadNames(pointer, value, &query->customer_aliases);
           }},
      {.name = "from",
       .read = [query](const std::string& pointer,
                       const element& value) { return ReadTime(pointer, value, &query->from); }},
      {.name = "to",
       .read = [query](const std::string& pointer,
                       const element& value) { return ReadTime(pointer, value, &query->to); }},
      {.name = "window",
       .read = [query](
                   const std::string& pointer,
                   const element& value) { return ReadChoice(pointer, value, Windows(), &query->window.emplace()); }},
      {.name = "timezone",
       .read = [query](const std::string& pointer,
                       const element& value) { return ReadText(pointer, value, &query->time_zone); }},
  };
}

}  // namespace

std::optional<Rejection> ReadMeter(std::string_view body, std::string* name, Meter* meter) {
  std::vector<Field> fields = MeterFields(meter);
  const Field name_field{
      .name = "name", .required = true, .read = [name](const std::string& pointer, const element& value) {
        Fault fault = ReadText(pointer, value, name);
        if (!fault.has_value() && !IsMeterName(*name)) {
          fault = FaultOf(RejectReason::kInvalidValue, pointer, "must have " + MeterNameRule());
        }
        return fault;
      }};
  fields.insert(fields.begin(), name_field);
  if (Fault fault = ReadFields(body, fields)) return fault;
  return CheckMeter(*meter);
}

std::optional<Rejection> ReadQuery(std::string_view body, QueryOptions* query) {
  std::vector<Field> fields = MeterFields(&query->meter);
  for (Field& field : QueryFields(query)) fields.push_back(std::move(field));
  if (Fault fault = ReadFields(body, fields)) return fault;
  return CheckMeter(query->meter);
}

}  // namespace tallystick::tools
