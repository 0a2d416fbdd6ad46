#include "tests/serve/description.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <regex>
#include <set>

#include "serve/openapi.h"
#include "serve/url.h"
#include "tallystick/event.h"
#include "tallystick/uuid.h"

namespace tallystick::serve {
namespace {

using simdjson::dom::element;

std::optional<element> Member(element object, std::string_view name) {
  element value;
  if (object[name].get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

std::string TextOf(element value) {
  std::string_view text;
  return value.get(text) == simdjson::SUCCESS ? std::string(text) : simdjson::minify(value);
}

simdjson::dom::array ArrayOf(element value) { return value.get_array().value(); }
simdjson::dom::object ObjectOf(element value) { return value.get_object().value(); }

std::string Upper(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); });
  return upper;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return lower;
}

bool IsOfType(element value, std::string_view type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "null") return value.is_null();
  if (type == "boolean") return value.is_bool();
  if (type == "integer") return value.is_int64() || value.is_uint64();
  return false;
}

bool IsOfFormat(const std::string& text, std::string_view format) {
  if (format == "uuid") return Uuid::Parse(text).has_value();
  if (format == "date-time") return ParseTimestamp(text).ok();
  return false;
}

std::size_t CodePoints(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// What every answer in HTTP may have.
bool IsOrdinaryHeader(const std::string& name) {
  static const std::set<std::string> kNames = {"connection", "content-length", "content-type", "date"};
  return kNames.contains(name);
}

}  // namespace

const Description& Description::Get() {
  static const auto* const kDescription = new Description(tools::OpenApiText());
  return *kDescription;
}

Description::Description(std::string_view text) : router_(ReadRoutes(text)) {}

std::vector<tools::Route> Description::ReadRoutes(std::string_view text) {
  document_ = parser_.parse(text.data(), text.size()).value();
  std::vector<tools::Route> routes;
  for (const auto path : ObjectOf(*Member(document_, "paths"))) {
    for (const auto operation : ObjectOf(path.value)) {
      tools::Route& route = routes.emplace_back();
      route.method = Upper(operation.key);
      route.path = path.key;
      if (const auto security = Member(operation.value, "security")) {
        route.access =
            ArrayOf(*security).size() == 0 ? tools::Access::kEverybody : tools::Access::kClientsUnlessLoopback;
      }
      if (const auto body = Member(operation.value, "requestBody")) {
        route.body_bytes_max = static_cast<std::size_t>(Member(*body, "x-body-bytes-max")->get_uint64().value());
        for (const auto content : ObjectOf(*Member(*body, "content"))) route.media_types.emplace_back(content.key);
      }
    }
  }
  return routes;
}

Description::Element Description::OperationOf(const tools::Route& route) const {
  return *Member(*Member(*Member(document_, "paths"), route.path), Lower(route.method));
}

Description::Element Description::Resolve(Element element) const {
  const auto reference = Member(element, "$ref");
  if (!reference.has_value()) return element;
  return document_.at_pointer(TextOf(*reference).substr(1)).value();
}

std::vector<std::string> Description::QueryParametersOf(const tools::Route& route) const {
  std::vector<std::string> names;
  for (const Element each : ArrayOf(*Member(OperationOf(route), "parameters"))) {
    const Element parameter = Resolve(each);
    if (TextOf(*Member(parameter, "in")) == "query") names.push_back(TextOf(*Member(parameter, "name")));
  }
  return names;
}

std::vector<std::string> Description::FaultsOf(const Ask& ask, const Reply& reply) const {
  Faults faults;
  const auto target = tools::ParseTarget(ask.target);
  const tools::RouteMatch match = router_.Match(ask.method, target.has_value() ? target->path : "");
  if (match.route == nullptr) {
    // No operation: the form of errors is all that holds.
    if (reply.status < 400) faults.push_back("answered, and not described: " + ask.method + " " + ask.target);
    if (ask.method != "HEAD") {
      HoldBody(*Member(*Member(*Member(*Member(document_, "components"), "responses"), "NotFound"), "content"),
               reply.header("content-type"), reply.body, &faults);
    }
    return faults;
  }
  const Element operation = OperationOf(*match.route);
  const auto described = Member(*Member(operation, "responses"), std::to_string(reply.status));
  if (!described.has_value()) return {"no answer " + std::to_string(reply.status) + " is described"};
  const Element response = Resolve(*described);
  HoldHeaders(response, reply, &faults);
  if (ask.method != "HEAD") {
    HoldBody(*Member(response, "content"), reply.header("content-type"), reply.body, &faults);
  }
  if (reply.status < 400) HoldRequest(operation, ask, &faults);
  for (std::string& fault : faults) {
    fault = match.route->method + " " + match.route->path + " " + std::to_string(reply.status) + " " + fault;
  }
  return faults;
}

void Description::HoldRequest(Element operation, const Ask& ask, Faults* faults) const {
  const auto query = tools::Query::Parse(tools::ParseTarget(ask.target)->query);
  for (const auto& given : query->parameters()) {
    const auto parameters = ArrayOf(*Member(operation, "parameters"));
    const bool known = std::any_of(parameters.begin(), parameters.end(), [&](Element each) {
      const Element parameter = Resolve(each);
      return TextOf(*Member(parameter, "in")) == "query" && TextOf(*Member(parameter, "name")) == given.name;
    });
    if (!known) faults->push_back("takes the parameter '" + given.name + "'");
  }
  const auto body = Member(operation, "requestBody");
  // A batch is taken with events that are none.
  if (body.has_value() && TextOf(*Member(operation, "operationId")) != "createUsageEvents") {
    HoldBody(*Member(*body, "content"), ask.content_type, ask.body, faults);
  }
}

void Description::HoldHeaders(Element response, const Reply& reply, Faults* faults) const {
  std::set<std::string> known;
  if (const auto headers = Member(response, "headers")) {
    for (const auto each : ObjectOf(*headers)) {
      const std::string name = Lower(each.key);
      known.insert(name);
      const Element header = Resolve(each.value);
      if (!reply.headers.contains(name)) {
        if (Member(header, "required").has_value()) faults->push_back("lacks the header " + name);
        continue;
      }
      std::string json;
      AppendJsonString(reply.header(name), &json);
      simdjson::dom::parser parser;
      Hold(*Member(header, "schema"), parser.parse(json).value(), name, faults);
    }
  }
  for (const auto& [name, value] : reply.headers) {
    if (!known.contains(name) && !IsOrdinaryHeader(name)) faults->push_back("has the header " + name);
  }
}

void Description::HoldBody(Element content, const std::string& type, const std::string& body, Faults* faults) const {
  const auto described = Member(content, type);
  if (!described.has_value()) return faults->push_back("a body of type '" + type + "'");
  simdjson::dom::parser parser;
  Element value;
  if (parser.parse(body).get(value) != simdjson::SUCCESS) return faults->push_back("a body that is not JSON");
  Hold(*Member(*described, "schema"), value, "", faults);
}

void Description::Hold(Element schema, Element value, const std::string& at, Faults* faults) const {
  schema = Resolve(schema);
  for (const auto rule : ObjectOf(schema)) HoldKeyword(rule.key, rule.value, schema, value, at, faults);
}

void Description::HoldKeyword(std::string_view keyword, Element rule, Element schema, Element value,
                              const std::string& at, Faults* faults) const {
  const auto hold = [&](bool holds) {
    if (!holds) faults->push_back("'" + at + "' is not of " + std::string(keyword) + " " + simdjson::minify(rule));
  };
  const auto number = [&rule] { return rule.get_uint64().value(); };
  if (keyword == "description" || keyword == "default") return;
  if (keyword == "const") return hold(simdjson::minify(value) == simdjson::minify(rule));
  if (keyword == "enum") {
    const auto choices = ArrayOf(rule);
    return hold(std::any_of(choices.begin(), choices.end(),
                            [&value](Element choice) { return simdjson::minify(value) == simdjson::minify(choice); }));
  }
  if (keyword == "type") {
    if (rule.is_string()) return hold(IsOfType(value, TextOf(rule)));
    const auto types = ArrayOf(rule);
    return hold(
        std::any_of(types.begin(), types.end(), [&value](Element type) { return IsOfType(value, TextOf(type)); }));
  }
  if (keyword == "anyOf") {
    const auto choices = ArrayOf(rule);
    return hold(std::any_of(choices.begin(), choices.end(), [&](Element choice) {
      Faults ignored;
      Hold(choice, value, at, &ignored);
      return ignored.empty();
    }));
  }
  // The rest says something of values of one type only.
  if (keyword == "format") return hold(!value.is_string() || IsOfFormat(TextOf(value), TextOf(rule)));
  if (keyword == "pattern") {
    return hold(!value.is_string() || std::regex_search(TextOf(value), std::regex(TextOf(rule))));
  }
  if (keyword == "minLength") return hold(!value.is_string() || CodePoints(TextOf(value)) >= number());
  if (keyword == "maxLength") return hold(!value.is_string() || CodePoints(TextOf(value)) <= number());
  if (keyword == "minimum") return hold(!value.is_uint64() || value.get_uint64().value() >= number());
  if (keyword == "minItems") return hold(!value.is_array() || ArrayOf(value).size() >= number());
  if (keyword == "maxItems") return hold(!value.is_array() || ArrayOf(value).size() <= number());
  if (keyword == "uniqueItems") {
    if (!value.is_array()) return;
    std::set<std::string> seen;
    for (const Element item : ArrayOf(value)) hold(seen.insert(simdjson::minify(item)).second);
    return;
  }
  if (keyword == "items") {
    if (!value.is_array()) return;
    std::size_t i = 0;
    for (const Element item : ArrayOf(value)) Hold(rule, item, at + "/" + std::to_string(i++), faults);
    return;
  }
  if (keyword == "required") {
    for (const Element name : ArrayOf(rule)) {
      if (value.is_object() && !Member(value, TextOf(name)).has_value()) {
        faults->push_back("'" + at + "' lacks " + TextOf(name));
      }
    }
    return;
  }
  if (keyword == "properties") {
    if (!value.is_object()) return;
    for (const auto property : ObjectOf(rule)) {
      const auto member = Member(value, property.key);
      if (member.has_value()) Hold(property.value, *member, at + "/" + std::string(property.key), faults);
    }
    return;
  }
  if (keyword == "additionalProperties") {
    if (!value.is_object()) return;
    const auto properties = Member(schema, "properties");
    for (const auto member : ObjectOf(value)) {
      if (properties.has_value() && Member(*properties, member.key).has_value()) continue;
      const std::string there = at + "/" + std::string(member.key);
      if (rule.is_bool()) {
        faults->push_back("'" + there + "' is not described");
      } else {
        Hold(rule, member.value, there, faults);
      }
    }
    return;
  }
  faults->push_back("the keyword " + std::string(keyword) + " of a schema is not known here");
}

}  // namespace tallystick::serve
