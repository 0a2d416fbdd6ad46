// The guide's examples of backups. Run in an empty folder.

#include <iostream>
#include <string>
#include <vector>

#include "tallystick/store.h"

namespace {

using tallystick::Store;

// [begin backup]
absl::Status BackUpNightly(Store& store, const std::string& folder) {
  // Beside everything else that goes on in the store. Copies what is new since the one before.
  const absl::StatusOr<tallystick::BackupInfo> backup = store.Backup(folder, {.keep = 30});
  if (!backup.ok()) return backup.status();
  std::cout << "backup " << backup->id << ", up to sequence " << backup->last_sequence << "\n";
  return absl::OkStatus();
}
// [end backup]

// [begin restore]
absl::Status RestoreAsOf(const std::string& folder, absl::Time time, const std::string& path) {
  const absl::StatusOr<std::vector<tallystick::BackupInfo>> backups = tallystick::ListBackups(folder);
  if (!backups.ok()) return backups.status();
  tallystick::RestoreOptions options;
  for (const tallystick::BackupInfo& backup : *backups) {
    if (backup.status.ok() && backup.taken <= time) options.id = backup.id;  // they are in the order of their making
  }
  if (!options.id.has_value()) return absl::NotFoundError("there is no backup that old");
  return tallystick::RestoreBackup(folder, path, options).status();
}
// [end restore]

int Check(const absl::Status& status) {
  if (status.ok()) return 0;
  std::cerr << status << "\n";
  return 1;
}

}  // namespace

int main() {
  auto store = Store::Open("usage.db");
  if (!store.ok()) return Check(store.status());
  for (const char* id : {"event-1", "event-2"}) {
    const auto put =
        (*store)->Put({}, {.customer_event_id = id, .customer_alias = "acme", .event_type = "message-sent"});
    if (!put.ok()) return Check(put.status());
    if (Check(BackUpNightly(**store, "backups")) != 0) return 1;
  }
  if (Check(RestoreAsOf("backups", absl::Now(), "restored.db")) != 0) return 1;
  const auto restored = Store::Open("restored.db");
  if (!restored.ok()) return Check(restored.status());
  std::cout << "restored " << ((*restored)->Get({}, "event-2").ok() ? "both" : "one") << ", in history "
            << (*restored)->history().number << "\n";
  return 0;
}

// Prints:
// backup 1, up to sequence 1
// backup 2, up to sequence 2
// restored both, in history 2
