// A slow and strict reader of events, to compare the fast one with. It goes by the tree of a plain JSON reader and says
// what docs/GUIDE.md section 1 and docs/decisions/0006-precedence-of-rejections.md say, and shares nothing with
// lib/json but the names of the reasons.

#ifndef TALLYSTICK_TESTS_SUPPORT_EVENT_REFERENCE_H_
#define TALLYSTICK_TESTS_SUPPORT_EVENT_REFERENCE_H_

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "lib/base/instant.h"
#include "tallystick/write.h"
#include "tests/support/json_reader.h"
#include "tests/support/parsed_event.h"
#include "tests/support/timestamp_reference.h"

namespace tallystick::testing {

// What is to become of a document. Messages are not said, and neither is the offset of what makes a text no JSON.
class ReferenceParser {
 public:
  static Parsed Parse(std::string_view document) {
    ReferenceParser parser;
    if (const std::optional<Json> json = parser.Read(document, 1, "")) {
      if (json->kind == Json::kObject) {
        parser.TakeFields(*json);
      } else {
        parser.Fault(RejectReason::kWrongType, "", json->offset);
      }
    }
    return parser.parsed_;
  }

  // The same for properties on their own.
  static Parsed ParseProperties(std::string_view object) {
    ReferenceParser parser;
    if (const std::optional<Json> json = parser.Read(object, 2, "/eventProperties")) parser.TakeProperties(*json);
    return parser.parsed_;
  }

 private:
  std::optional<Json> Read(std::string_view text, int level, const std::string& pointer) {
    ReferenceReader reader(text);
    std::optional<Json> json;
    if (text.size() > 2 * 1'048'576) {
      Fault(RejectReason::kTooLarge, pointer, std::nullopt);
    } else if (json = reader.ReadDocument(level); reader.too_deep_at().has_value()) {
      Fault(RejectReason::kTooDeep, pointer, reader.too_deep_at());
    } else if (!json.has_value()) {
      Fault(RejectReason::kInvalidJson, pointer, std::nullopt);
    }
    return json;
  }

  void Fault(RejectReason reason, std::string pointer, std::optional<std::size_t> offset) {
    if (!parsed_.rejection.has_value()) {
      parsed_.rejection = Rejection{.reason = reason, .message = {}, .pointer = std::move(pointer), .offset = offset};
    }
  }

  void TakeFields(const Json& event) {
    parsed_.event_properties = "{}";
    std::set<std::string> seen;
    for (std::size_t i = 0; i < event.keys.size(); ++i) {
      const std::string& key = event.keys[i];
      const Json& value = event.values[i];
      const std::string pointer = "/" + EscapePointer(key);
      const bool ignored = key == "id" || key == "sequenceAccountId";
      if (!ignored && key != "customerEventId" && key != "customerAlias" && key != "eventType" &&
          key != "eventTimestamp" && key != "eventProperties") {
        Fault(RejectReason::kUnknownField, pointer, event.key_offsets[i]);
      } else if (!seen.insert(key).second) {
        Fault(RejectReason::kDuplicateKey, pointer, event.key_offsets[i]);
      } else if (ignored) {
        continue;
      } else if (value.kind == Json::kNull) {
        if (key == "customerAlias" || key == "eventType") Fault(RejectReason::kMissingField, pointer, value.offset);
      } else if (key == "eventProperties") {
        TakeProperties(value);
      } else if (value.kind != Json::kString) {
        Fault(RejectReason::kWrongType, pointer, value.offset);
      } else if (key == "eventTimestamp") {
        parsed_.event_timestamp = ReferenceInstant(value.string);
        if (!parsed_.event_timestamp.has_value()) Fault(RejectReason::kInvalidValue, pointer, value.offset);
      } else {
        bool valid = !value.string.empty() && value.string.size() <= 255;
        for (const char c : value.string) valid = valid && (c < 0 || c >= 0x20);
        if (!valid) Fault(RejectReason::kInvalidValue, pointer, value.offset);
        if (key == "customerEventId") parsed_.customer_event_id = value.string;
        if (key == "customerAlias") parsed_.customer_alias = value.string;
        if (key == "eventType") parsed_.event_type = value.string;
      }
    }
    if (seen.count("customerAlias") == 0) Fault(RejectReason::kMissingField, "/customerAlias", std::nullopt);
    if (seen.count("eventType") == 0) Fault(RejectReason::kMissingField, "/eventType", std::nullopt);
  }

  void TakeProperties(const Json& properties) {
    const std::string pointer = "/eventProperties";
    if (properties.kind != Json::kObject) Fault(RejectReason::kWrongType, pointer, properties.offset);
    std::set<std::string> seen;
    for (std::size_t i = 0; i < properties.keys.size(); ++i) {
      const std::string& key = properties.keys[i];
      if (!seen.insert(key).second) {
        Fault(RejectReason::kDuplicateKey, pointer + "/" + EscapePointer(key), properties.key_offsets[i]);
      }
    }
    if (properties.minified.size() > 1'048'576) Fault(RejectReason::kTooLarge, pointer, properties.offset);
    parsed_.event_properties = properties.minified;
  }

  static std::string EscapePointer(const std::string& key) {
    std::string escaped;
    for (const char c : key) escaped += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    return escaped;
  }

  Parsed parsed_;
};

// In what `actual` differs from the reference's answer; absent when in nothing but messages.
inline std::optional<std::string> Difference(const Parsed& actual, const Parsed& expected) {
  const auto describe = [](const std::optional<Rejection>& rejection) {
    if (!rejection.has_value()) return std::string("accepted");
    return "rejected, " + std::string(RejectReasonName(rejection->reason)) + " " + rejection->ToString();
  };
  if (actual.rejection.has_value() || expected.rejection.has_value()) {
    const bool same = actual.rejection.has_value() && expected.rejection.has_value() &&
                      actual.rejection->reason == expected.rejection->reason &&
                      actual.rejection->pointer == expected.rejection->pointer &&
                      (expected.rejection->reason == RejectReason::kInvalidJson ||
                       actual.rejection->offset == expected.rejection->offset);
    if (same) return std::nullopt;
    return "is " + describe(actual.rejection) + "; should be " + describe(expected.rejection);
  }
  const auto differs = [](const std::string& what, const std::string& one, const std::string& other) {
    return what + " is '" + one + "'; should be '" + other + "'";
  };
  if (actual.customer_event_id != expected.customer_event_id) {
    return differs("customerEventId", actual.customer_event_id.value_or("(none)"),
                   expected.customer_event_id.value_or("(none)"));
  }
  if (actual.customer_alias != expected.customer_alias) {
    return differs("customerAlias", actual.customer_alias, expected.customer_alias);
  }
  if (actual.event_type != expected.event_type) return differs("eventType", actual.event_type, expected.event_type);
  if (actual.event_timestamp != expected.event_timestamp) return "eventTimestamp is another";
  if (actual.event_properties != expected.event_properties) {
    return differs("eventProperties", actual.event_properties, expected.event_properties);
  }
  return std::nullopt;
}

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_EVENT_REFERENCE_H_
