// The guide's example of a damaged store. Run in an empty folder.

#include <filesystem>
#include <iostream>
#include <string>

#include "tallystick/store.h"

namespace {

using tallystick::Store;

// [begin salvage]
absl::Status SaveWhatIsLeft(const std::string& damaged, const std::string& saved) {
  const absl::StatusOr<tallystick::SalvageReport> report = Store::Salvage(damaged, saved);
  if (!report.ok()) return report.status();
  std::cout << report->events << " events saved, " << report->lost_count << " lost\n";
  for (const tallystick::LostEvent& lost : report->lost) {  // to be sent again
    std::cout << lost.sequence << " " << lost.customer_event_id.value_or("(unknown)") << "\n";
  }
  return absl::OkStatus();
}
// [end salvage]

}  // namespace

int main() {
  {
    const auto store = Store::Open("usage.db");
    if (!store.ok()) return 1;
    for (const char* id : {"event-1", "event-2"}) {
      const auto put = (*store)->Put({}, {.customer_event_id = id, .customer_alias = "acme", .event_type = "call"});
      if (!put.ok()) return 1;
    }
  }
  std::filesystem::remove("usage.db/data/CURRENT");
  std::cout << absl::StatusCodeToString(Store::Open("usage.db").status().code()) << "\n";
  return SaveWhatIsLeft("usage.db", "saved.db").ok() ? 0 : 1;
}

// Prints:
// DATA_LOSS
// 2 events saved, 0 lost
