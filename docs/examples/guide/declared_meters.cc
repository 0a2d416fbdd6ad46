// The guide's examples of declared meters. Run in an empty folder.

#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "tallystick/store.h"

namespace {

using tallystick::Outcome;
using tallystick::Store;

// [begin define]
absl::Status DeclareSpending(Store& store, const tallystick::Uuid& account) {
  absl::StatusOr<Outcome> defined = store.DefineMeter(account, "spending",
                                                      {.event_type = "message-sent",
                                                       .aggregation = tallystick::Aggregation::kSum,
                                                       .property = "price",
                                                       .group_by = {"channel", "country"}});
  if (!defined.ok()) return defined.status();  // ALREADY_EXISTS: another meter has this name
  std::cout << tallystick::OutcomeName(*defined) << "\n";
  // A program may go on at once. This one waits until the meter has what was stored before.
  return store.AwaitMeter(account, "spending");
}
// [end define]

// [begin query]
absl::Status PrintSpending(const Store& store, const tallystick::Uuid& account, absl::Time from, absl::Time to) {
  absl::StatusOr<tallystick::Usage> usage =
      store.Query({.account = account,
                   .declared = "spending",
                   .group_by = std::vector<std::string>{"channel"},  // of its two; absent: both
                   .from = from,
                   .to = to,
                   .window = tallystick::Window::kMonth,
                   .time_zone = "Asia/Kathmandu"});
  if (!usage.ok()) return usage.status();
  for (const tallystick::UsageRow& row : usage->rows) {
    std::cout << tallystick::FormatTimestamp(*row.from) << " " << row.group[0].value_or("(none)") << " " << row.value
              << " for " << row.count << "\n";
  }
  std::cout << (usage->from_rollups ? "from rollups" : "from the events") << ", " << usage->events_read << " read\n";
  return absl::OkStatus();
}
// [end query]

// [begin drop]
absl::Status DropAll(Store& store, const tallystick::Uuid& account) {
  absl::StatusOr<std::vector<tallystick::DeclaredMeter>> meters = store.Meters(account);
  if (!meters.ok()) return meters.status();
  for (const tallystick::DeclaredMeter& meter : *meters) {
    std::cout << meter.name << (meter.complete ? "" : " is being built") << "\n";
    if (absl::Status dropped = store.DropMeter(account, meter.name); !dropped.ok()) return dropped;
  }
  return absl::OkStatus();
}
// [end drop]

absl::Time At(const char* text) { return tallystick::ParseTimestamp(text).value(); }

struct Message {
  const char* id;
  const char* time;
  const char* properties;
};

absl::Status Put(Store& store, const tallystick::Uuid& account, const Message& message) {
  return store
      .Put(account, {.customer_event_id = message.id,
                     .customer_alias = "acme",
                     .event_type = "message-sent",
                     .event_timestamp = At(message.time),
                     .event_properties = message.properties})
      .status();
}

absl::Status Run(Store& store, const tallystick::Uuid& account) {
  for (const Message& message :
       {Message{"1", "2026-09-30T18:14:00Z", R"({"channel":"sms","country":"NP","price":"0.1"})"},
        {"2", "2026-10-10T12:00:00Z", R"({"channel":"sms","country":"NP","price":"0.2"})"},
        {"3", "2026-10-10T12:00:01Z", R"({"channel":"sms","country":"IN","price":"0.2"})"},
        {"4", "2026-10-31T18:15:00Z", R"({"channel":"email","country":"NP","price":0.00015})"},
        {"5", "2026-11-03T08:07:00Z", R"({"channel":"sms","country":"NP","price":0.4})"}}) {
    if (absl::Status put = Put(store, account, message); !put.ok()) return put;
  }
  if (absl::Status declared = DeclareSpending(store, account); !declared.ok()) return declared;
  const absl::Time october = At("2026-09-30T18:15:00Z");  // where the month begins in Kathmandu
  if (absl::Status printed = PrintSpending(store, account, october, At("2026-12-01T00:00:00Z")); !printed.ok()) {
    return printed;
  }
  // A correction changes the answer at once, in whichever month.
  const Message corrected{"2", "2026-11-10T12:00:00Z", R"({"channel":"email","country":"NP","price":"0.25"})"};
  if (absl::Status put = Put(store, account, corrected); !put.ok()) return put;
  if (absl::Status printed = PrintSpending(store, account, october, At("2026-11-03T08:10:00Z")); !printed.ok()) {
    return printed;
  }
  return DropAll(store, account);
}

}  // namespace

int main() {
  auto store = Store::Open("usage.db");
  if (!store.ok()) return 1;
  const absl::Status run = Run(**store, tallystick::Uuid{});
  if (!run.ok()) std::cerr << run << "\n";
  return run.ok() ? 0 : 1;
}

// Prints:
// created
// 2026-09-30T18:15:00Z sms 0.4 for 2
// 2026-10-31T18:15:00Z email 0.00015 for 1
// 2026-10-31T18:15:00Z sms 0.4 for 1
// from rollups, 0 read
// 2026-09-30T18:15:00Z sms 0.2 for 1
// 2026-10-31T18:15:00Z email 0.00015 for 1
// 2026-10-31T18:15:00Z sms 0.4 for 1
// from rollups, 1 read
// spending
