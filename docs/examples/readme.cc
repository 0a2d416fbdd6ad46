// [begin readme]
#include <iostream>

#include "tallystick/store.h"

int main() {
  auto store = tallystick::Store::Open("usage.db");
  if (!store.ok()) return 1;
  for (const char* properties : {R"({"length":500})", R"({"length":500})", R"({"length":512})"}) {
    auto put = (*store)->Put(tallystick::Uuid{}, {.customer_event_id = "event-1",
                                                  .customer_alias = "acme",
                                                  .event_type = "message-sent",
                                                  .event_timestamp = absl::UnixEpoch(),
                                                  .event_properties = properties});
    if (!put.ok()) return 1;
    std::cout << tallystick::OutcomeName(put->outcome) << "\n";  // created, unchanged, superseded
  }
  auto events = (*store)->Scan({.customer_aliases = {"acme"}});
  for (; events.Valid(); events.Next()) std::cout << events.event().event_properties << "\n";  // {"length":512}
  return events.status().ok() ? 0 : 1;
}
// [end readme]

// Prints:
// created
// unchanged
// superseded
// {"length":512}
