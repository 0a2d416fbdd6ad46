// What became of a document that was to be an event, in a form that outlives both.

#ifndef TALLYSTICK_TESTS_SUPPORT_PARSED_EVENT_H_
#define TALLYSTICK_TESTS_SUPPORT_PARSED_EVENT_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/instant.h"
#include "lib/json/event_parser.h"
#include "tallystick/write.h"

namespace tallystick::testing {

// Text at the very end of its memory, so that a sanitizer sees a read past it.
class Exact {
 public:
  explicit Exact(std::string_view text) : bytes_(new char[text.size()]), size_(text.size()) {
    std::copy(text.begin(), text.end(), bytes_.get());
  }
  std::string_view text() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

struct Parsed {
  std::optional<Rejection> rejection;
  std::optional<std::string> customer_event_id;
  std::string customer_alias;
  std::string event_type;
  std::optional<Instant> event_timestamp;
  std::string event_properties;
};

inline Parsed Parse(EventParser* parser, std::string_view document) {
  const Exact exact(document);
  // As callers have it: with what is left of the event before.
  ParsedEvent event{.customer_event_id = "left over",
                    .customer_alias = "left over",
                    .event_type = "left over",
                    .event_timestamp = Instant::Min(),
                    .event_properties = "left over"};
  Parsed parsed;
  parsed.rejection = parser->Parse(exact.text(), &event);
  if (parsed.rejection.has_value()) return parsed;
  if (event.customer_event_id.has_value()) parsed.customer_event_id.emplace(*event.customer_event_id);
  parsed.customer_alias = event.customer_alias;
  parsed.event_type = event.event_type;
  parsed.event_timestamp = event.event_timestamp;
  parsed.event_properties = event.event_properties;
  return parsed;
}

inline Parsed ParseProperties(EventParser* parser, std::string_view object) {
  const Exact exact(object);
  std::string_view minified;
  Parsed parsed;
  parsed.rejection = parser->ParseProperties(exact.text(), &minified);
  if (!parsed.rejection.has_value()) parsed.event_properties = minified;
  return parsed;
}

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_PARSED_EVENT_H_
