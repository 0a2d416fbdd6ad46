// A customerEventId as keys and rows hold it. Many are random UUIDs, whose 36 characters are 16 bytes that say the
// same.

#ifndef TALLYSTICK_LIB_ENCODING_CUSTOMER_EVENT_ID_H_
#define TALLYSTICK_LIB_ENCODING_CUSTOMER_EVENT_ID_H_

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/uuid_text.h"
#include "tallystick/event.h"
#include "tallystick/uuid.h"

namespace tallystick {

// A UUID when the text is one as Uuid::ToString() writes it, otherwise a view of the text: so one text has one form,
// and it comes back byte for byte. Anything else that stands for a UUID (upper case, braces) is another text.
class CustomerEventId {
 public:
  // Whether an event can have this id, as far as keys depend on it: they begin with a control character where they hold
  // a UUID, which is why no text may.
  static bool IsPossible(std::string_view text) {
    return !text.empty() && text.size() <= kNameBytesMax && static_cast<unsigned char>(text.front()) >= 0x20;
  }

  CustomerEventId() = default;
  // `text` outlives this, and is possible where it goes into a key or a row.
  template <std::convertible_to<std::string_view> Text>
  CustomerEventId(const Text& text)  // NOLINT(google-explicit-constructor): it is that text
      : text_(text), uuid_(ParseUuidText(text_)) {
    if (uuid_.has_value()) text_ = {};
  }
  CustomerEventId(const Uuid& uuid) : uuid_(uuid) {}  // NOLINT(google-explicit-constructor): likewise

  const std::optional<Uuid>& uuid() const { return uuid_; }

  std::string_view text() const { return text_; }  // empty for a UUID

  // The text of either, which for a UUID is written to `*buffer`.
  std::string_view ToText(std::string* buffer) const {
    if (!uuid_.has_value()) return text_;
    buffer->resize(kUuidTextSize);
    WriteUuidText(*uuid_, buffer->data());
    return *buffer;
  }

  friend bool operator==(const CustomerEventId& a, const CustomerEventId& b) {
    return a.uuid_ == b.uuid_ && a.text_ == b.text_;
  }

 private:
  std::string_view text_{};
  std::optional<Uuid> uuid_{};
};

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_ENCODING_CUSTOMER_EVENT_ID_H_
