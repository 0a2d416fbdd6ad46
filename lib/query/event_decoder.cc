#include "lib/query/event_decoder.h"

#include "lib/base/status_macros.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/rows.h"

namespace tallystick::query {

absl::Status EventDecoder::Decode(std::string_view key, std::string_view value, StoredEvent* event) {
  TALLYSTICK_ASSIGN_OR_RETURN(const EventKey position, EventKey::Decode(key));
  absl::StatusOr<EventRow> decoded = EventRow::Decode(value);
  if (!decoded.ok()) {
    return absl::Status(decoded.status().code(),
                        std::string(decoded.status().message()) + " (" + DescribeEventKey(key) + ")");
  }
  const EventRow& row = *decoded;
  event->id = MakeEventId(identity_->event_id_key, row.receipt, position.sequence);
  event->account = position.account;
  event->customer_event_id = row.customer_event_id.value_or(event->id).ToText(&id_text_);
  event->customer_alias = row.customer_alias;
  event->event_type = row.event_type;
  event->event_timestamp = position.time.ToTime();
  event->event_properties = row.event_properties;
  event->received = row.receipt.ToTime();
  event->sequence = position.sequence;
  return absl::OkStatus();
}

}  // namespace tallystick::query
