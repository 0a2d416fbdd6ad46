#include <string>
#include <string_view>

#include "lib/encoding/event_id.h"
#include "lib/encoding/rows.h"
#include "lib/json/event_parser.h"
#include "tallystick/event.h"
#include "tests/fuzz/targets.h"
#include "tests/support/event_reference.h"
#include "tests/support/json_implementations.h"
#include "tests/support/parsed_event.h"

namespace tallystick::fuzz {
namespace {

using testing::Parsed;
using testing::ReferenceParser;

// What comes back of an event that was stored: its row, read again and printed.
std::string StoreAndReturn(const Parsed& event, Instant time, Finding* finding) {
  constexpr Receipt kReceipt{.ticks = 4096};
  EventRow row{.receipt = kReceipt,
               .customer_alias = event.customer_alias,
               .event_type = event.event_type,
               .event_properties = event.event_properties};
  if (event.customer_event_id.has_value()) row.customer_event_id = CustomerEventId(*event.customer_event_id);
  std::string value;
  row.AppendTo(&value);
  const absl::StatusOr<EventRow> stored = EventRow::Decode(value);
  if (!stored.ok()) {
    *finding = "is accepted, and its row does not decode";
    return {};
  }
  std::string buffer;
  return ToJson(
      {.id = MakeEventId(HashKey{}, stored->receipt, 1),
       .customer_event_id = stored->customer_event_id.has_value() ? stored->customer_event_id->ToText(&buffer) : "none",
       .customer_alias = stored->customer_alias,
       .event_type = stored->event_type,
       .event_timestamp = time.ToTime(),
       .event_properties = stored->event_properties});
}

}  // namespace

Finding FuzzEvent(std::string_view document) {
  const Parsed expected = ReferenceParser::Parse(document);
  for (const simdjson::implementation* const implementation : testing::JsonImplementations()) {
    const testing::JsonImplementation used(implementation);
    EventParser parser;
    const Parsed actual = testing::Parse(&parser, document);
    if (const auto difference = testing::Difference(actual, expected)) {
      return *difference + " (" + implementation->name() + ")";
    }
    if (actual.rejection.has_value() && actual.rejection->offset.value_or(0) > document.size()) {
      return "is rejected at an offset behind its end";
    }
  }
  if (expected.rejection.has_value()) return std::nullopt;

  Parsed meant = expected;
  if (!meant.event_timestamp.has_value()) meant.event_timestamp = Instant::Min();
  Finding finding;
  const std::string returned = StoreAndReturn(expected, *meant.event_timestamp, &finding);
  if (finding.has_value()) return finding;
  if (!meant.customer_event_id.has_value()) meant.customer_event_id = "none";
  if (const auto difference = testing::Difference(ReferenceParser::Parse(returned), meant)) {
    return "comes back as " + returned + ": " + *difference;
  }
  return std::nullopt;
}

}  // namespace tallystick::fuzz
