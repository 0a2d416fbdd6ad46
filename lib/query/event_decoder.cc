#include "lib/query/event_decoder.h"

#include "lib/base/status_macros.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/rows.h"

namespace tallystick::query {

absl::Status EventDecoder::Decode(std::string_view key, std::string_view value, StoredEvent* event) {
  const absl::StatusOr<EventKey> decoded_key = EventKey::Decode(key);
  if (!decoded_key.ok()) return decoded_key.status();
  const EventKey& position = *decoded_key;
  const absl::StatusOr<EventRow> decoded = EventRow::Decode(value);
  if (!decoded.ok()) {
    return absl::Status(decoded.status().code(),
                        std::string(decoded.status().message()) + " (" + DescribeEventKey(key) + ")");
  }
  const EventRow& row = *decoded;
  event->id = MakeEventId(identity_->event_id_key, row.receipt, position.sequence);
  event->account = position.account;
  event->customer_event_id = row.customer_event_id.has_value() ? row.customer_event_id->ToText(&id_text_)
                                                               : CustomerEventId(event->id).ToText(&id_text_);
  event->customer_alias = row.customer_alias;
  event->event_type = row.event_type;
  event->event_timestamp = position.time.ToTime();
  event->event_properties = row.event_properties;
  event->received = row.receipt.ToTime();
  event->sequence = position.sequence;
  return absl::OkStatus();
}

}  // namespace tallystick::query
