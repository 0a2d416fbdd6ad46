// The guide's examples of reading. Run in an empty folder.

#include <atomic>
#include <iostream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tallystick/store.h"

namespace {

using tallystick::Store;

// [begin get]
absl::Status PrintEvent(const Store& store, const tallystick::Uuid& account, const std::string& id) {
  absl::StatusOr<tallystick::OwnedEvent> event = store.Get(account, id);
  if (absl::IsNotFound(event.status())) {
    std::cout << "no event " << id << "\n";
    return absl::OkStatus();
  }
  if (!event.ok()) return event.status();
  std::cout << (*event)->customer_alias << " " << (*event)->event_properties << "\n";
  return absl::OkStatus();
}
// [end get]

// [begin scan]
absl::Status PrintMonth(const Store& store, const tallystick::Uuid& account, absl::Time from, absl::Time to) {
  tallystick::EventIterator events = store.Scan({.account = account,
                                                 .from = from,  // included
                                                 .to = to,      // not included
                                                 .event_types = {"message-sent", "call"},
                                                 .customer_aliases = {"acme"}});
  for (; events.Valid(); events.Next()) {
    const tallystick::StoredEvent& event = events.event();  // its text is valid until Next()
    std::cout << tallystick::FormatTimestamp(event.event_timestamp) << " " << event.customer_event_id << "\n";
  }
  return events.status();  // the loop ends at an error as it does at the end
}
// [end scan]

// [begin pages]
struct Page {
  std::vector<std::string> events;    // as JSON
  std::optional<std::string> cursor;  // absent on the last page
};

absl::StatusOr<Page> LatestFirst(const Store& store, const tallystick::Uuid& account, const std::string& cursor) {
  tallystick::EventIterator events = store.Scan({.account = account,
                                                 .direction = tallystick::Direction::kDescending,
                                                 .limit = 2,
                                                 .cursor = cursor});  // empty: the first page
  Page page;
  for (; events.Valid(); events.Next()) page.events.push_back(tallystick::ToJson(events.event()));
  if (!events.status().ok()) return events.status();
  page.cursor = events.cursor();
  return page;
}
// [end pages]

// [begin split]
absl::StatusOr<std::uint64_t> CountInParallel(const Store& store, const tallystick::Uuid& account, int threads) {
  absl::StatusOr<std::vector<tallystick::EventIterator>> pieces = store.SplitScan({.account = account}, threads);
  if (!pieces.ok()) return pieces.status();
  std::atomic<std::uint64_t> count = 0;
  std::vector<absl::Status> statuses(pieces->size());
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < pieces->size(); ++i) {
    workers.emplace_back([&count, &events = (*pieces)[i], &status = statuses[i]] {
      for (; events.Valid(); events.Next()) ++count;
      status = events.status();
    });
  }
  for (std::thread& worker : workers) worker.join();
  for (const absl::Status& status : statuses) {
    if (!status.ok()) return status;
  }
  return count.load();
}
// [end split]

// [begin read_only]
absl::Status PrintSize(const std::string& path) {
  absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(path, {.read_only = true});
  if (!store.ok()) return store.status();
  absl::StatusOr<tallystick::StoreStats> stats = (*store)->Stats(tallystick::Uuid{});
  if (!stats.ok()) return stats.status();
  std::cout << stats->store_events << " events\n";
  return absl::OkStatus();
}
// [end read_only]

int Check(const absl::Status& status) {
  if (status.ok()) return 0;
  std::cerr << status << "\n";
  return 1;
}

absl::Time At(const char* text) { return tallystick::ParseTimestamp(text).value(); }

}  // namespace

int main() {
  auto store = Store::Open("usage.db");
  if (!store.ok()) return Check(store.status());
  const tallystick::Uuid account{};
  const std::vector<tallystick::Event> events = {{.customer_event_id = "event-1",
                                                  .customer_alias = "acme",
                                                  .event_type = "message-sent",
                                                  .event_timestamp = At("2022-10-01T00:00:00Z"),
                                                  .event_properties = R"({"length": 500})"},
                                                 {.customer_event_id = "event-2",
                                                  .customer_alias = "bolt",
                                                  .event_type = "message-sent",
                                                  .event_timestamp = At("2022-10-02T00:00:00Z")},
                                                 {.customer_event_id = "event-3",
                                                  .customer_alias = "acme",
                                                  .event_type = "call",
                                                  .event_timestamp = At("2022-10-31T23:59:59.999999999Z")},
                                                 {.customer_event_id = "event-4",
                                                  .customer_alias = "acme",
                                                  .event_type = "call",
                                                  .event_timestamp = At("2022-11-01T00:00:00Z")}};
  if (const auto results = (*store)->Write(account, events); !results.ok()) return Check(results.status());

  int failures = 0;
  failures += Check(PrintEvent(**store, account, "event-1"));
  failures += Check(PrintEvent(**store, account, "event-0"));
  failures += Check(PrintMonth(**store, account, At("2022-10-01T00:00:00Z"), At("2022-11-01T00:00:00Z")));

  std::string cursor;
  do {
    const absl::StatusOr<Page> page = LatestFirst(**store, account, cursor);
    if (!page.ok()) return Check(page.status());
    std::cout << "a page of " << page->events.size() << "\n";
    cursor = page->cursor.value_or("");
  } while (!cursor.empty());

  const absl::StatusOr<std::uint64_t> count = CountInParallel(**store, account, 2);
  if (!count.ok()) return Check(count.status());
  std::cout << *count << " counted\n";
  failures += Check(PrintSize("usage.db"));
  return failures;
}

// Prints:
// acme {"length":500}
// no event event-0
// 2022-10-01T00:00:00Z event-1
// 2022-10-31T23:59:59.999999999Z event-3
// a page of 2
// a page of 2
// 4 counted
// 4 events
