// The guide's examples of opening and closing. Run in an empty folder.

#include <iostream>
#include <string>

#include "tallystick/store.h"

namespace {

using tallystick::Store;

// [begin edge]
absl::StatusOr<std::unique_ptr<Store>> OpenOnASmallDevice(const std::string& path) {
  tallystick::Options options;
  options.profile = tallystick::Profile::kEdge;            // at most 40 MiB of cache, buffers and table readers
  options.durability = tallystick::Durability::kBuffered;  // for writes that do not say otherwise
  options.sync_interval = absl::Milliseconds(200);         // what a power cut may cost
  options.future_limit = absl::Hours(1);                   // a device clock that runs ahead is noticed
  return Store::Open(path, options);
}
// [end edge]

// [begin close]
absl::Status Stop(std::unique_ptr<Store> store) {
  // No call may be under way in another thread. Iterators may live on, but hold the files, and the lock, until they go.
  return store->Close();
}
// [end close]

}  // namespace

int main() {
  auto store = OpenOnASmallDevice("usage.db");
  if (!store.ok()) return 1;
  const auto put = (*store)->Put({}, {.customer_event_id = "event-1",
                                      .customer_alias = "acme",
                                      .event_type = "message-sent",
                                      .event_timestamp = absl::Now() + absl::Hours(2)});
  if (!put.ok()) return 1;
  std::cout << tallystick::RejectReasonName(put->rejection->reason) << "\n";
  std::cout << absl::StatusCodeToString(Store::Open("usage.db").status().code()) << "\n";
  std::cout << absl::StatusCodeToString(Stop(*std::move(store)).code()) << "\n";
  return 0;
}

// Prints:
// in_future
// UNAVAILABLE
// OK
