// The guide's example of the change feed: keeps a copy of a store up to date. Run in an empty folder.

#include <iostream>
#include <map>
#include <string>
#include <utility>

#include "tallystick/store.h"

namespace {

using tallystick::Store;

// [begin changes]
// A copy of a store, kept elsewhere. Keep all three members together: in one file, or in one transaction.
struct Copy {
  tallystick::Uuid history;
  std::uint64_t position = 0;
  std::map<std::pair<tallystick::Uuid, std::string>, std::string> events;  // by (account, customerEventId)
};

absl::Status CatchUp(const Store& store, Copy* copy) {
  if (copy->history != store.history().id) {
    // Another store, or one restored from a backup: positions of the old history mean nothing in this one.
    *copy = Copy{.history = store.history().id, .position = 0, .events = {}};
  }
  tallystick::ChangeIterator changes = store.Changes({.after = copy->position, .history = copy->history});
  for (; changes.Valid(); changes.Next()) {
    const tallystick::Change& change = changes.change();
    // The same identity again takes the place of what the copy has: no event is ever in it twice.
    copy->events[{change.event.account, std::string(change.event.customer_event_id)}] =
        tallystick::ToJson(change.event);
    copy->position = changes.position();
  }
  if (!changes.status().ok()) return changes.status();
  copy->position = changes.position();  // may be greater than that of the last one shown
  return absl::OkStatus();
}
// [end changes]

int Check(const absl::Status& status) {
  if (status.ok()) return 0;
  std::cerr << status << "\n";
  return 1;
}

}  // namespace

int main() {
  auto store = Store::Open("usage.db");
  if (!store.ok()) return Check(store.status());
  Copy copy;
  for (const char* properties : {R"({"length":500})", R"({"length":512})"}) {
    const auto put = (*store)->Put({}, {.customer_event_id = "event-1",
                                        .customer_alias = "acme",
                                        .event_type = "message-sent",
                                        .event_properties = properties});
    if (!put.ok()) return Check(put.status());
    if (Check(CatchUp(**store, &copy)) != 0) return 1;
    std::cout << copy.events.size() << " event, at position " << copy.position << "\n";
  }
  return 0;
}

// Prints:
// 1 event, at position 1
// 1 event, at position 2
