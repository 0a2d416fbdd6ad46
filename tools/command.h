// What the commands of the program share.

#ifndef TALLYSTICK_TOOLS_COMMAND_H_
#define TALLYSTICK_TOOLS_COMMAND_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tallystick/store.h"

namespace tallystick::tools {

// Exit statuses.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kWrongUsage = 2;
inline constexpr int kDoneWithRejections = 3;

// Which store and account: `--db` and `--account`, and their defaults.
struct Target {
  std::string db;
  Uuid account;
  std::optional<std::uint64_t> reserve_bytes;  // of a store that is opened to write; absent: the library's
};

void AddTarget(CLI::App* command, Target* target);
// Adds `--reserve-mib`.
void AddReserve(CLI::App* command, Target* target);
// `--db` alone.
void AddStore(CLI::App* command, std::string* db);

// Adds an option that takes one value each time it is given.
CLI::Option* AddRepeatable(CLI::App* command, const std::string& name, std::vector<std::string>* values,
                           const std::string& description);

// Adds an option whose value is a whole number from `least` to `most`, in decimal digits and nothing else.
CLI::Option* AddNumber(CLI::App* command, const std::string& name, std::uint64_t least, std::uint64_t most,
                       const std::function<void(std::uint64_t)>& take, const std::string& description);

// Adds an option whose value is one of some names, in any case. `choices` outlives the program's run.
template <typename Value>
CLI::Option* AddChoice(CLI::App* command, const std::string& name, const std::map<std::string, Value>& choices,
                       const std::function<void(Value)>& take, const std::string& description) {
  std::string names;
  for (const auto& [choice, value] : choices) names += (names.empty() ? "" : ", ") + choice;
  return command->add_option_function<std::string>(
      name,
      [=, &choices](const std::string& text) {
        const auto choice = choices.find(CLI::detail::to_lower(text));
        if (choice == choices.end()) throw CLI::ValidationError(name, "'" + text + "' is none of " + names);
        take(choice->second);
      },
      description + ": " + names);
}

// Adds an option whose value is an RFC 3339 date-time.
CLI::Option* AddTimestamp(CLI::App* command, const std::string& name, absl::Time* time, const std::string& description);

// Opens the store to read; never makes one.
absl::StatusOr<std::unique_ptr<Store>> OpenToRead(const Target& target);
// Opens the store to write; makes an absent one.
absl::StatusOr<std::unique_ptr<Store>> OpenToWrite(const Target& target);
// Opens the store to write; never makes one.
absl::StatusOr<std::unique_ptr<Store>> OpenPresentToWrite(const Target& target);

// Tells a person on standard error: `tallystick: TEXT`.
void Tell(const std::string& text);

// A backup as the commands print it: one JSON object, without its end.
std::string ToJson(const BackupInfo& info);

// Tells why the command failed, and returns kFailed.
int Fail(const absl::Status& status);

// Prints the one line of JSON that is the command's answer. `exit_status`, unless it cannot be written.
int Answer(const std::string& json, int exit_status = kDone);

// Does a command's work (task.h).
struct Task;
using TaskRunner = std::function<int(const Task& task)>;

// Each adds its command to the program. When the command is the one given, `*exit_status` is what it ended with.
void AddImport(CLI::App* program, int* exit_status);
void AddGet(CLI::App* program, int* exit_status);
void AddScan(CLI::App* program, int* exit_status);
void AddQuery(CLI::App* program, int* exit_status);
void AddMeter(CLI::App* program, const TaskRunner& run, int* exit_status);
void AddStats(CLI::App* program, int* exit_status);
void AddVerify(CLI::App* program, int* exit_status);
void AddBackup(CLI::App* program, const TaskRunner& run, int* exit_status);
void AddBackups(CLI::App* program, int* exit_status);
void AddRestore(CLI::App* program, int* exit_status);
void AddServe(CLI::App* program, int* exit_status);
void AddCredentials(CLI::App* program, int* exit_status);

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_COMMAND_H_
