#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/json/event_parser.h"
#include "lib/json/properties.h"
#include "tests/fuzz/targets.h"
#include "tests/support/event_reference.h"
#include "tests/support/json_implementations.h"
#include "tests/support/json_reader.h"
#include "tests/support/parsed_event.h"

namespace tallystick::fuzz {
namespace {

using testing::Json;
using testing::Parsed;
using testing::ReferenceParser;

// The last member of that key.
const Json* Member(const Json& json, std::string_view key) {
  const Json* found = nullptr;
  for (std::size_t i = 0; i < json.keys.size(); ++i) {
    if (json.keys[i] == key) found = &json.values[i];
  }
  return found;
}

const Json* ReferenceFind(const Json& properties, const std::string& name) {
  if (const Json* const exact = Member(properties, name)) return exact;
  const Json* json = &properties;
  for (std::size_t at = 0; json != nullptr && at <= name.size();) {
    const std::size_t dot = std::min(name.find('.', at), name.size());
    json = Member(*json, name.substr(at, dot - at));
    at = dot + 1;
  }
  return json;
}

// The names of all members, and those of their members behind a dot, up to a number that a run has time for.
std::vector<std::string> NamesIn(const Json& properties) {
  constexpr std::size_t kMost = 16;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < properties.keys.size() && names.size() < kMost; ++i) {
    names.push_back(properties.keys[i]);
    for (std::size_t k = 0; k < properties.values[i].keys.size() && names.size() < kMost; ++k) {
      names.push_back(properties.keys[i] + "." + properties.values[i].keys[k]);
    }
  }
  names.emplace_back("absent.name");
  return names;
}

Finding FindEveryName(const std::string& minified) {
  const std::optional<Json> properties = testing::ReferenceReader(minified).ReadDocument(2);
  if (!properties.has_value() || properties->minified != minified) return "is minified to something else";
  const std::vector<std::string> names = NamesIn(*properties);
  PropertyFinder finder(names);
  const testing::Exact exact(minified);
  if (!finder.Find(exact.text())) return "is accepted, and damaged to a reader of values";
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Json* const expected = ReferenceFind(*properties, names[i]);
    const std::optional<std::string_view> found = finder.value(i);
    if (found.has_value() != (expected != nullptr)) return "has a value that is found or not: " + names[i];
    if (!found.has_value()) continue;
    if (*found != expected->minified) return "has another value: " + names[i];
    std::string scratch;
    const bool is_string = expected->kind == Json::kString;
    if (StringForm(*found, &scratch) != (is_string ? expected->string : expected->minified)) {
      return "has a value of another string form: " + names[i];
    }
    const std::string text = is_string ? expected->string : expected->minified;
    const std::optional<Json> inside = testing::ReferenceReader(text).ReadDocument(1);
    const bool number = (is_string || expected->kind == Json::kNumber) && inside.has_value() &&
                        inside->kind == Json::kNumber && inside->minified == text;
    const std::optional<std::string_view> numeral = NumericText(*found, &scratch);
    if (numeral.has_value() != number || (number && *numeral != text)) return "is a number or not: " + names[i];
  }
  return std::nullopt;
}

// What stands in a damaged row may be anything: it is read within its bounds, and what is found is sound.
void FindInDamagedText(std::string_view text) {
  const testing::Exact exact(text);
  PropertyFinder finder({"a", "a.b", "", "length"});
  if (!finder.Find(exact.text())) return;
  for (std::size_t i = 0; i < 4; ++i) {
    std::string scratch;
    if (finder.value(i).has_value()) {
      StringForm(*finder.value(i), &scratch);
      NumericText(*finder.value(i), &scratch);
    }
  }
}

}  // namespace

Finding FuzzProperties(std::string_view object) {
  const Parsed expected = ReferenceParser::ParseProperties(object);
  for (const simdjson::implementation* const implementation : testing::JsonImplementations()) {
    const testing::JsonImplementation used(implementation);
    EventParser parser;
    if (const auto difference = testing::Difference(testing::ParseProperties(&parser, object), expected)) {
      return *difference + " (" + implementation->name() + ")";
    }
  }
  FindInDamagedText(object);
  return expected.rejection.has_value() ? std::nullopt : FindEveryName(expected.event_properties);
}

}  // namespace tallystick::fuzz
