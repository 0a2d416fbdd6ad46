// The guide's examples of writing. Run in an empty folder.

#include <algorithm>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "tallystick/store.h"

namespace {

using tallystick::Outcome;
using tallystick::Store;
using tallystick::WriteResult;

// [begin open]
absl::StatusOr<std::unique_ptr<tallystick::Store>> OpenStore(const std::string& path) {
  tallystick::Options options;
  options.diagnostics = [](const tallystick::Diagnostic& diagnostic) {
    if (diagnostic.severity != tallystick::Severity::kInfo) std::cerr << diagnostic.text << "\n";
  };
  return tallystick::Store::Open(path, options);
}
// [end open]

// [begin put]
absl::Status RecordMessage(Store& store, const tallystick::Uuid& account, std::string_view id, int length) {
  const std::string properties = "{\"length\":" + std::to_string(length) + "}";
  absl::StatusOr<WriteResult> put =
      store.Put(account, {.customer_event_id = id,
                          .customer_alias = "acme",
                          .event_type = "message-sent",
                          .event_timestamp = tallystick::ParseTimestamp("2022-10-01T02:00:00+02:00").value(),
                          .event_properties = properties});
  if (!put.ok()) return put.status();  // nothing is known of the event: send it again
  switch (put->outcome) {
    case Outcome::kCreated:     // put->id is the new event's
    case Outcome::kUnchanged:   // put->id is that of the event that was there already
    case Outcome::kSuperseded:  // put->superseded_id is that of the event it replaced
      std::cout << tallystick::OutcomeName(put->outcome) << " at sequence " << put->sequence << "\n";
      return absl::OkStatus();
    case Outcome::kRejected:
      return absl::InvalidArgumentError(put->rejection->ToString());
    case Outcome::kNotStored:  // only in an atomic batch
      break;
  }
  return absl::OkStatus();
}
// [end put]

// [begin json]
absl::Status StoreLines(Store& store, const tallystick::Uuid& account, const std::vector<std::string_view>& lines) {
  absl::StatusOr<std::vector<WriteResult>> results = store.WriteJson(account, lines);
  if (!results.ok()) return results.status();
  for (std::size_t i = 0; i < results->size(); ++i) {
    const WriteResult& result = (*results)[i];  // of lines[i]
    std::cout << tallystick::OutcomeName(result.outcome);
    if (result.rejection.has_value()) std::cout << ": " << result.rejection->ToString();
    std::cout << "\n";
  }
  return absl::OkStatus();
}
// [end json]

// [begin atomic]
absl::StatusOr<bool> StoreAllOrNothing(Store& store, const tallystick::Uuid& account,
                                       absl::Span<const tallystick::Event> events) {
  absl::StatusOr<std::vector<WriteResult>> results =
      store.Write(account, events, {.mode = tallystick::BatchMode::kAtomic});
  if (!results.ok()) return results.status();
  for (const WriteResult& result : *results) {
    if (result.outcome == Outcome::kRejected) return false;  // the others are kNotStored
  }
  return true;
}
// [end atomic]

// [begin buffered]
absl::Status StoreQuickly(Store& store, const tallystick::Uuid& account, absl::Span<const tallystick::Event> events) {
  constexpr std::size_t kBatch = 1000;
  for (; !events.empty(); events.remove_prefix(std::min(kBatch, events.size()))) {
    absl::StatusOr<std::vector<WriteResult>> results = store.Write(
        account, events.first(std::min(kBatch, events.size())), {.durability = tallystick::Durability::kBuffered});
    if (!results.ok()) return results.status();
  }
  return store.Sync();  // from here on, a machine crash loses none of them
}
// [end buffered]

// [begin timeout]
absl::Status PutInTime(Store& store, const tallystick::Uuid& account, const tallystick::Event& event) {
  for (int attempt = 1;; ++attempt) {
    absl::StatusOr<WriteResult> put = store.Put(account, event, {.timeout = absl::Seconds(2)});
    if (put.ok()) return absl::OkStatus();
    // The event carries an id, so sending it again cannot count it twice.
    if (!absl::IsDeadlineExceeded(put.status()) || attempt == 3) return put.status();
  }
}
// [end timeout]

int Check(const absl::Status& status) {
  if (status.ok()) return 0;
  std::cerr << status << "\n";
  return 1;
}

}  // namespace

int main() {
  auto store = OpenStore("usage.db");
  if (!store.ok()) return Check(store.status());
  const tallystick::Uuid account{};
  int failures = 0;
  for (const int length : {500, 500, 512}) failures += Check(RecordMessage(**store, account, "event-1", length));

  failures += Check(StoreLines(
      **store, account,
      {R"({"customerEventId":"event-2","customerAlias":"acme","eventType":"message-sent"})",
       R"({"customerEventId":"event-3","customerAlias":"acme","eventType":"message-sent","eventTimestamp":"today"})"}));

  const std::vector<tallystick::Event> events = {
      {.customer_event_id = "event-4", .customer_alias = "acme", .event_type = "message-sent"},
      {.customer_event_id = "event-5", .customer_alias = "", .event_type = "message-sent"}};
  const auto all = StoreAllOrNothing(**store, account, events);
  std::cout << (all.ok() && !*all ? "nothing of the batch is stored" : "?") << "\n";

  failures += Check(StoreQuickly(**store, account, absl::MakeConstSpan(events).first(1)));
  failures += Check(PutInTime(**store, account, events[0]));
  return failures;
}

// Prints:
// created at sequence 1
// unchanged at sequence 1
// superseded at sequence 2
// created
// rejected: /eventTimestamp: is not an RFC 3339 date-time: the date is not of the form '2022-10-01' (byte 96)
// nothing of the batch is stored
