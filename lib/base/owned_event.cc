#include <cstring>

#include "tallystick/event.h"

namespace tallystick {

OwnedEvent::OwnedEvent(const StoredEvent& event) : event_(event) {
  text_ = std::make_unique<char[]>(event.customer_event_id.size() + event.customer_alias.size() +
                                   event.event_type.size() + event.event_properties.size());
  char* end = text_.get();
  for (std::string_view* text :
       {&event_.customer_event_id, &event_.customer_alias, &event_.event_type, &event_.event_properties}) {
    if (!text->empty()) std::memcpy(end, text->data(), text->size());
    *text = std::string_view(end, text->size());
    end += text->size();
  }
}

OwnedEvent& OwnedEvent::operator=(const OwnedEvent& other) {
  if (this != &other) *this = OwnedEvent(other);
  return *this;
}

}  // namespace tallystick
