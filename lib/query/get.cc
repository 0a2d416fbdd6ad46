#include "lib/base/status_macros.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/rows.h"
#include "lib/query/event_decoder.h"
#include "lib/query/reads.h"

namespace tallystick::query {

absl::StatusOr<OwnedEvent> Get(const View& view, const Uuid& account, std::string_view customer_event_id) {
  const storage::Database& database = view.snapshot->database();
  const absl::Status absent = absl::NotFoundError("there is no event with this id");
  if (!CustomerEventId::IsPossible(customer_event_id)) return absent;  // its key would be none, or another id's
  const KeyBuffer id_key = EventIdKey{account, customer_event_id}.Encode();
  TALLYSTICK_ASSIGN_OR_RETURN(const std::optional<std::string> id_value,
                              database.Get(storage::Family::kEventIds, id_key, view.snapshot.get()));
  if (!id_value.has_value()) return absent;
  TALLYSTICK_ASSIGN_OR_RETURN(const EventIdRow id_row, EventIdRow::Decode(*id_value));

  const KeyBuffer change_key = ChangeKey{.sequence = id_row.sequence}.Encode();
  TALLYSTICK_ASSIGN_OR_RETURN(const std::optional<std::string> change_value,
                              database.Get(storage::Family::kChanges, change_key, view.snapshot.get()));
  if (!change_value.has_value()) {
    return absl::DataLossError("changes: the row is missing that 'event_ids' points to: " +
                               DescribeChangeKey(change_key));
  }
  TALLYSTICK_ASSIGN_OR_RETURN(const ChangeRow change, ChangeRow::DecodeOf(account, id_row.sequence, *change_value));

  const KeyBuffer key = EventKey{.account = account, .time = change.time, .sequence = id_row.sequence}.Encode();
  TALLYSTICK_ASSIGN_OR_RETURN(const std::optional<std::string> value,
                              database.Get(storage::Family::kEvents, key, view.snapshot.get()));
  if (!value.has_value()) {
    return absl::DataLossError("events: the row is missing that 'event_ids' and 'changes' point to: " +
                               DescribeEventKey(key));
  }
  EventDecoder decoder(view.identity);
  StoredEvent event;
  TALLYSTICK_RETURN_IF_ERROR(decoder.Decode(key, *value, &event));
  if (event.customer_event_id != customer_event_id) {
    return absl::DataLossError("events: the row has another id than the one by which it was found: " +
                               DescribeEventKey(key));
  }
  return OwnedEvent(event);
}

}  // namespace tallystick::query
