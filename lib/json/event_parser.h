// From JSON text to an event: the request form, by every rule of docs/GUIDE.md section 1.
//
// simdjson's first stage finds the tokens and checks UTF-8 and strings' ends; a walk of our own over every token does
// the rest, since neither of simdjson's front ends refuses all that is not RFC 8259 nor takes every number that is.

#ifndef TALLYSTICK_LIB_JSON_EVENT_PARSER_H_
#define TALLYSTICK_LIB_JSON_EVENT_PARSER_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/instant.h"
#include "tallystick/write.h"

namespace tallystick {

// A valid event. Text views into the input where it stands there as needed, otherwise into the parser.
struct ParsedEvent {
  std::optional<std::string_view> customer_event_id{};
  std::string_view customer_alias{};
  std::string_view event_type{};
  std::optional<Instant> event_timestamp{};
  std::string_view event_properties{};  // minified; `{}` when absent
};

// Reuses its buffers from call to call. Not thread-safe: one for each thread.
class EventParser {
 public:
  EventParser();
  ~EventParser();
  EventParser(EventParser&&) noexcept;
  EventParser& operator=(EventParser&&) noexcept;

  // The event that `document` is, in `*event`; or why it is none. Views in `*event` live until the next call, and no
  // longer than `document`. Absent result: accepted.
  std::optional<Rejection> Parse(std::string_view document, ParsedEvent* event);

  // The same for a JSON object on its own, such as `Event::event_properties`: `*minified` is its text without
  // whitespace between tokens. Pointers in a rejection begin with `/eventProperties`; offsets count from `object`.
  std::optional<Rejection> ParseProperties(std::string_view object, std::string_view* minified);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// What becomes of a document of more than `kEventJsonBytesMax` bytes, which is refused unread.
Rejection TooLargeDocument();

// The rule for customerEventId, customerAlias and eventType: 1 to 255 bytes of UTF-8 without U+0000 to U+001F.
// `pointer` is the field's JSON pointer.
std::optional<Rejection> CheckName(std::string_view text, std::string_view pointer);

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_JSON_EVENT_PARSER_H_
