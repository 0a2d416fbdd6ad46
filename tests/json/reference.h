// A plain reader of events, to compare the fast one with: it goes by the tree of a plain JSON reader, and shares
// nothing with lib/json but the names of the reasons.

#ifndef TALLYSTICK_TESTS_JSON_REFERENCE_H_
#define TALLYSTICK_TESTS_JSON_REFERENCE_H_

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "lib/base/instant.h"
#include "tallystick/write.h"
#include "tests/json/parsing.h"
#include "tests/support/json_reader.h"

namespace tallystick::testing {

// What is to become of a document, by the same precedence. kInvalidJson stands for kTooDeep, too; neither message nor
// offset is said.
class ReferenceParser {
 public:
  static Parsed Parse(std::string_view document) {
    const std::optional<Json> json = ReferenceReader(document).ReadDocument(1);
    ReferenceParser parser;
    if (!json.has_value()) {
      parser.Fault(RejectReason::kInvalidJson, "");
    } else if (json->kind != Json::kObject) {
      parser.Fault(RejectReason::kWrongType, "");
    } else {
      parser.TakeFields(*json);
    }
    return parser.parsed_;
  }

  // The same for properties on their own.
  static Parsed ParseProperties(std::string_view object) {
    const std::optional<Json> json = ReferenceReader(object).ReadDocument(2);
    ReferenceParser parser;
    if (!json.has_value()) {
      parser.Fault(RejectReason::kInvalidJson, "/eventProperties");
    } else {
      parser.TakeProperties(*json);
    }
    return parser.parsed_;
  }

 private:
  void Fault(RejectReason reason, std::string pointer) {
    if (!parsed_.rejection.has_value()) {
      parsed_.rejection = Rejection{.reason = reason, .message = {}, .pointer = std::move(pointer), .offset = {}};
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
        Fault(RejectReason::kUnknownField, pointer);
      } else if (!seen.insert(key).second) {
        Fault(RejectReason::kDuplicateKey, pointer);
      } else if (ignored) {
        continue;
      } else if (value.kind == Json::kNull) {
        if (key == "customerAlias" || key == "eventType") Fault(RejectReason::kMissingField, pointer);
      } else if (key == "eventProperties") {
        TakeProperties(value);
      } else if (value.kind != Json::kString) {
        Fault(RejectReason::kWrongType, pointer);
      } else if (key == "eventTimestamp") {
        const absl::StatusOr<Instant> instant = ParseInstant(value.string);
        if (instant.ok()) {
          parsed_.event_timestamp = *instant;
        } else {
          Fault(RejectReason::kInvalidValue, pointer);
        }
      } else {
        if (value.string.empty() || value.string.size() > 255) Fault(RejectReason::kInvalidValue, pointer);
        for (const char c : value.string) {
          if (c >= 0 && c < 0x20) Fault(RejectReason::kInvalidValue, pointer);
        }
        if (key == "customerEventId") parsed_.customer_event_id = value.string;
        if (key == "customerAlias") parsed_.customer_alias = value.string;
        if (key == "eventType") parsed_.event_type = value.string;
      }
    }
    if (seen.count("customerAlias") == 0) Fault(RejectReason::kMissingField, "/customerAlias");
    if (seen.count("eventType") == 0) Fault(RejectReason::kMissingField, "/eventType");
  }

  void TakeProperties(const Json& properties) {
    if (properties.kind != Json::kObject) Fault(RejectReason::kWrongType, "/eventProperties");
    std::set<std::string> seen;
    for (const std::string& key : properties.keys) {
      if (!seen.insert(key).second) Fault(RejectReason::kDuplicateKey, "/eventProperties/" + EscapePointer(key));
    }
    parsed_.event_properties = properties.minified;
  }

  static std::string EscapePointer(const std::string& key) {
    std::string escaped;
    for (const char c : key) escaped += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    return escaped;
  }

  Parsed parsed_;
};

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_JSON_REFERENCE_H_
