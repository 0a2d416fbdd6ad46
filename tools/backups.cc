#include <memory>
#include <string>
#include <vector>

#include "command.h"
#include "output.h"

namespace tallystick::tools {
namespace {

struct BackupsCommandOptions {
  std::string folder;
  bool verify = false;
};

int Backups(const BackupsCommandOptions& options) {
  absl::StatusOr<std::vector<BackupInfo>> backups = ListBackups(options.folder);
  if (!backups.ok()) return Fail(backups.status());
  Output output;
  bool sound = true;
  for (BackupInfo& backup : *backups) {
    if (options.verify && backup.status.ok()) {
      backup.status = VerifyBackup(options.folder, backup.id);
      if (absl::IsNotFound(backup.status)) continue;  // it was removed meanwhile
      if (absl::IsUnavailable(backup.status)) return Fail(backup.status);
    }
    sound = sound && backup.status.ok();
    if (!output.WriteLine(ToJson(backup))) break;
  }
  const absl::Status written = output.Flush();
  if (!written.ok()) return Fail(written);
  return sound ? kDone : kFailed;
}

}  // namespace

void AddBackups(CLI::App* program, int* exit_status) {
  CLI::App* command = program->add_subcommand("backups", "Lists the backups in a folder");
  const auto options = std::make_shared<BackupsCommandOptions>();
  command->add_option("DIR", options->folder, "The folder of backups")->required();
  command->add_flag("--verify", options->verify, "Read all their files and compare them with their checksums");
  command->footer("Example: tallystick backups --verify /mnt/backup/usage");
  command->callback([options, exit_status] { *exit_status = Backups(*options); });
}

}  // namespace tallystick::tools
