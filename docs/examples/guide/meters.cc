// The guide's example of a meter. Run in an empty folder.

#include <iostream>
#include <string>

#include "tallystick/store.h"

namespace {

using tallystick::Store;

// [begin meter]
absl::Status PrintBill(const Store& store, const tallystick::Uuid& account, absl::Time from, absl::Time to) {
  absl::StatusOr<tallystick::Usage> usage = store.Query({.account = account,
                                                         .meter = {.event_type = "message-sent",
                                                                   .aggregation = tallystick::Aggregation::kSum,
                                                                   .property = "price",
                                                                   .group_by = {"channel"}},
                                                         .from = from,
                                                         .to = to,
                                                         .customer_aliases = {"acme"},
                                                         .window = tallystick::Window::kDay,
                                                         .time_zone = "Europe/Berlin"});
  if (!usage.ok()) return usage.status();
  for (const tallystick::UsageRow& row : usage->rows) {
    std::cout << tallystick::FormatTimestamp(*row.from) << " " << row.group[0].value_or("(none)") << " " << row.value
              << " for " << row.count << "\n";
  }
  std::cout << usage->skipped << " without a price\n";
  return absl::OkStatus();
}
// [end meter]

absl::Time At(const char* text) { return tallystick::ParseTimestamp(text).value(); }

}  // namespace

int main() {
  auto store = Store::Open("usage.db");
  if (!store.ok()) return 1;
  const tallystick::Uuid account{};
  struct Message {
    const char* id;
    const char* time;
    const char* properties;
  };
  for (const Message& message : {Message{"1", "2026-10-24T21:59:59Z", R"({"channel":"sms","price":"0.1"})"},
                                 {"2", "2026-10-24T22:00:00Z", R"({"channel":"sms","price":"0.2"})"},
                                 {"3", "2026-10-25T12:00:00Z", R"({"channel":"email","price":0.00015})"},
                                 {"4", "2026-10-25T22:59:59Z", R"({"channel":"sms","price":0.1})"},
                                 {"5", "2026-10-25T22:59:59Z", R"({"channel":"sms"})"}}) {
    const auto put = (*store)->Put(account, {.customer_event_id = message.id,
                                             .customer_alias = "acme",
                                             .event_type = "message-sent",
                                             .event_timestamp = At(message.time),
                                             .event_properties = message.properties});
    if (!put.ok()) return 1;
  }
  const absl::Status printed = PrintBill(**store, account, At("2026-10-01T00:00:00Z"), At("2026-11-01T00:00:00Z"));
  if (!printed.ok()) std::cerr << printed << "\n";
  return printed.ok() ? 0 : 1;
}

// Prints:
// 2026-10-23T22:00:00Z sms 0.1 for 1
// 2026-10-24T22:00:00Z email 0.00015 for 1
// 2026-10-24T22:00:00Z sms 0.3 for 2
// 1 without a price
