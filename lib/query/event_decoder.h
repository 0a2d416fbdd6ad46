// From the rows of `events` to the event that a caller sees.

#ifndef TALLYSTICK_LIB_QUERY_EVENT_DECODER_H_
#define TALLYSTICK_LIB_QUERY_EVENT_DECODER_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "lib/storage/meta.h"
#include "tallystick/event.h"

namespace tallystick::query {

class EventDecoder {
 public:
  explicit EventDecoder(std::shared_ptr<const storage::Identity> identity) : identity_(std::move(identity)) {}

  // `*event` views into `value` and into the decoder, until the next call. DATA_LOSS when the row does not decode.
  absl::Status Decode(std::string_view key, std::string_view value, StoredEvent* event);

 private:
  std::shared_ptr<const storage::Identity> identity_;
  std::string id_text_;  // of a customerEventId that is a UUID, or stands in for one that the event came without
};

}  // namespace tallystick::query

#endif  // TALLYSTICK_LIB_QUERY_EVENT_DECODER_H_
