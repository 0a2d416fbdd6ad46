#include "task.h"

#include <optional>

#include "control/control_client.h"

namespace tallystick::tools {

namespace {

// The server's environment is not the client's, which is in the words.
void ForgetEnvironment(CLI::App* command) {
  for (CLI::Option* option : command->get_options()) option->envname("");
  for (CLI::App* further : command->get_subcommands(nullptr)) ForgetEnvironment(further);
}

}  // namespace

void AppendWords(const Target& target, std::vector<std::string>* words) {
  words->insert(words->end(), {"--db=" + target.db, "--account=" + target.account.ToString()});
}

int RunTask(const Task& task) {
  Terminal terminal;
  if (const std::optional<int> exit_status = AskServer(task.target.db, task.words, terminal)) return *exit_status;
  const absl::StatusOr<std::unique_ptr<Store>> store = task.open(task.target);
  if (!store.ok()) return terminal.Fail(store.status());
  return task.work(**store, terminal);
}

int CarryOut(const std::vector<std::string>& words, Store& store, Console& console) {
  CLI::App program("", "tallystick");
  program.require_subcommand(1);
  int exit_status = kDone;
  const TaskRunner run = [&](const Task& task) { return task.work(store, console); };
  AddBackup(&program, run, &exit_status);
  AddMeter(&program, run, &exit_status);
  ForgetEnvironment(&program);
  try {
    program.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // CLI11 takes the last one first
  } catch (const CLI::ParseError& error) {
    // The program that sent them understood them: another version.
    console.Tell("the server does not understand the command: " + std::string(error.what()));
    return kWrongUsage;
  }
  return exit_status;
}

}  // namespace tallystick::tools
