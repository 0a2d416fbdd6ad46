#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "command.h"
#include "task.h"

namespace tallystick::tools {
namespace {

struct BackupCommandOptions {
  Target target;
  std::string folder;
  BackupOptions backup;
};

int Backup(const BackupCommandOptions& options, Store& store, Console& console) {
  BackupOptions backup = options.backup;
  backup.progress = [&console](std::uint64_t bytes_done, std::uint64_t bytes_total) {
    return console.ShowProgress("bytes", bytes_done,
                                static_cast<double>(bytes_done) / static_cast<double>(bytes_total));
  };
  const absl::StatusOr<BackupInfo> info = store.Backup(options.folder, backup);
  return info.ok() ? console.Answer({ToJson(*info)}) : console.Fail(info.status());
}

std::vector<std::string> WordsOf(const BackupCommandOptions& options) {
  std::vector<std::string> words = {"backup"};
  AppendWords(options.target, &words);
  if (options.backup.keep.has_value()) words.push_back("--keep=" + std::to_string(*options.backup.keep));
  if (options.backup.verify) words.emplace_back("--verify");
  words.push_back(std::filesystem::absolute(options.folder).string());
  return words;
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

void AddBackup(CLI::App* program, const TaskRunner& run, int* exit_status) {
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
      "'tallystick restore DIR' makes a store of it. A server that has the store open makes the backup.\n\n"
      "Example: tallystick backup --db usage.db --keep 30 /mnt/backup/usage");
  command->callback([options, run, exit_status] {
    *exit_status = run({.target = options->target,
                        .words = WordsOf(*options),
                        .open = OpenPresentToWrite,
                        .work = [&](Store& store, Console& console) { return Backup(*options, store, console); }});
  });
}

}  // namespace tallystick::tools
