// Stores an event, corrects it, and reads back what a customer used. Give it a folder that does not exist yet.

#include <iostream>

#include "tallystick/store.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: embed FOLDER\n";
    return 2;
  }
  absl::StatusOr<std::unique_ptr<tallystick::Store>> store = tallystick::Store::Open(argv[1]);
  if (!store.ok()) {
    std::cerr << store.status() << "\n";
    return 1;
  }

  const tallystick::Uuid account{};  // a program with one account may use the nil UUID
  for (const char* properties : {R"({"length":500})", R"({"length":512})"}) {
    absl::StatusOr<tallystick::WriteResult> put = (*store)->Put(account, {.customer_event_id = "event-1",
                                                                          .customer_alias = "acme",
                                                                          .event_type = "message-sent",
                                                                          .event_timestamp = absl::FromUnixSeconds(0),
                                                                          .event_properties = properties});
    if (!put.ok()) {
      std::cerr << put.status() << "\n";
      return 1;
    }
    std::cout << tallystick::OutcomeName(put->outcome) << "\n";
  }

  tallystick::EventIterator events = (*store)->Scan({.account = account, .customer_aliases = {"acme"}});
  for (; events.Valid(); events.Next()) {
    std::cout << events.event().customer_event_id << " " << events.event().event_properties << "\n";
  }
  if (!events.status().ok()) {
    std::cerr << events.status() << "\n";
    return 1;
  }
  return (*store)->Close().ok() ? 0 : 1;
}
