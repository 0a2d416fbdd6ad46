#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "command.h"
#include "progress.h"

namespace tallystick::tools {
namespace {

struct BackupCommandOptions {
  Target target;
  std::string folder;
  BackupOptions backup;
};

int Backup(BackupCommandOptions* options) {
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenPresentToWrite(options->target);
  if (!store.ok()) return Fail(store.status());
  Progress progress("bytes");
  options->backup.progress = [&progress](std::uint64_t bytes_done, std::uint64_t bytes_total) {
    progress.Update(bytes_done, static_cast<double>(bytes_done) / static_cast<double>(bytes_total));
    return true;
  };
  const absl::StatusOr<BackupInfo> info = (*store)->Backup(options->folder, options->backup);
  progress.Clear();
  if (!info.ok()) return Fail(info.status());
  return Answer(ToJson(*info));
}

}  // namespace

std::string ToJson(const BackupInfo& info) {
  const auto number = [](const char* key, std::uint64_t value) {
    return "\"" + std::string(key) + "\":" + std::to_string(value);
  };
  std::string json = "{" + number("id", info.id);
  if (!info.status.ok()) {
    json += ",\"problem\":";
    AppendJsonString(std::string(info.status.message()), &json);
    return json + "}";
  }
  json += ",\"time\":\"" + FormatTimestamp(info.taken) + "\",\"store\":\"" + info.store.ToString() + "\"";
  json += ",\"history\":{" + number("number", info.history.number) + ",\"id\":\"" + info.history.id.ToString() + "\"}";
  json += "," + number("lastSequence", info.last_sequence);
  return json + "," + number("bytes", info.bytes) + "," + number("copiedBytes", info.copied_bytes) + "}";
}

void AddBackup(CLI::App* program, int* exit_status) {
  CLI::App* command = program->add_subcommand("backup", "Adds a backup of the store to a folder of backups");
  const auto options = std::make_shared<BackupCommandOptions>();
  AddTarget(command, &options->target);
  AddReserve(command, &options->target);
  command->add_option("DIR", options->folder, "The folder, which is made when it is absent")->required();
  constexpr std::uint64_t kMostKept = 1'000'000'000;
  AddNumber(
      command, "--keep", 1, kMostKept,
      [options](std::uint64_t count) { options->backup.keep = static_cast<std::uint32_t>(count); },
      "Remove older backups, so that so many are left");
  command->add_flag("--verify", options->backup.verify, "Also read and check the files that earlier backups brought");
  command->footer(
      "Only what is new since the backup before is copied. 'tallystick backups DIR' lists what there is,\n"
      "'tallystick restore DIR' makes a store of it.\n\n"
      "Example: tallystick backup --db usage.db --keep 30 /mnt/backup/usage");
  command->callback([options, exit_status] { *exit_status = Backup(options.get()); });
}

}  // namespace tallystick::tools
