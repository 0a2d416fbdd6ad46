#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "command.h"

namespace tallystick::tools {
namespace {

struct RestoreCommandOptions {
  Target target;
  std::string folder;
  RestoreOptions restore;
};

int Restore(const RestoreCommandOptions& options) {
  const absl::StatusOr<BackupInfo> info = RestoreBackup(options.folder, options.target.db, options.restore);
  if (!info.ok()) return Fail(info.status());
  return Answer(ToJson(*info));
}

}  // namespace

void AddRestore(CLI::App* program, int* exit_status) {
  CLI::App* command = program->add_subcommand("restore", "Makes a store of a backup, where there is none");
  const auto options = std::make_shared<RestoreCommandOptions>();
  AddTarget(command, &options->target);
  command->add_option("DIR", options->folder, "The folder of backups")->required();
  AddNumber(
      command, "--id", 1, std::numeric_limits<std::uint32_t>::max(),
      [options](std::uint64_t id) { options->restore.id = static_cast<std::uint32_t>(id); },
      "The backup; otherwise the newest one");
  command->footer(
      "The store begins a new history: readers of its changes begin anew, and cursors of before are refused.\n\n"
      "Example: tallystick restore --db usage.db /mnt/backup/usage");
  command->callback([options, exit_status] { *exit_status = Restore(*options); });
}

}  // namespace tallystick::tools
