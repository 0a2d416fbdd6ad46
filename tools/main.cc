// The program `tallystick`: the library from the command line.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <exception>
#include <new>
#include <sstream>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "command.h"
#include "output.h"
#include "task.h"

namespace tallystick::tools {
namespace {

// Where a standard descriptor was closed, the next file opened would get its number: the store's own files would be
// read as input, or written as output. Opened the wrong way round, it fails what is done with it, as a closed one does.
bool OccupyStandardDescriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number is taken, which is this one.
    if (::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY) != descriptor) return false;
  }
  return true;
}

// Where the first words name no command: tells so, and with which words that can be mended.
bool TellUnknownCommand(const CLI::App& program, int argc, char** argv) {
  const CLI::App* command = &program;
  std::string words;
  for (int i = 1; i < argc && argv[i][0] != '-'; ++i) {
    if (command->get_subcommands(nullptr).empty()) return false;  // what follows are its arguments
    const std::string known = words;
    words += (words.empty() ? "" : " ") + std::string(argv[i]);
    const auto is_given = [&](const CLI::App* one) { return one->check_name(argv[i]); };
    const std::vector<const CLI::App*> given = command->get_subcommands(is_given);
    if (given.empty()) {
      Tell("there is no command '" + words + "'; 'tallystick " + known + (known.empty() ? "" : " ") +
           "--help' lists them");
      return true;
    }
    command = given.front();
  }
  return false;
}

int Run(int argc, char** argv) {
  CLI::App program("Stores deduplicated usage events, reads them by time and by customer, and adds them up.",
                   "tallystick");
  program.set_version_flag("--version", "tallystick " TALLYSTICK_VERSION);
  program.require_subcommand(1);
  program.footer(
      "Exit status: 0 done; 1 failed; 2 wrong usage; 3 done, but some events were rejected.\n"
      "'tallystick COMMAND --help' shows a command's options, with an example.\n\n"
      "Example: tallystick import --db usage.db events.ndjson");

  int exit_status = kDone;
  AddImport(&program, &exit_status);
  AddGet(&program, &exit_status);
  AddScan(&program, &exit_status);
  AddQuery(&program, &exit_status);
  AddMeter(&program, RunTask, &exit_status);
  AddStats(&program, &exit_status);
  AddVerify(&program, &exit_status);
  AddBackup(&program, RunTask, &exit_status);
  AddBackups(&program, &exit_status);
  AddRestore(&program, &exit_status);
  AddServe(&program, &exit_status);
  AddCredentials(&program, &exit_status);

  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool asked = error.get_exit_code() == 0;  // --help, --version
    if (TellUnknownCommand(program, argc, argv)) return kWrongUsage;
    std::ostringstream help;
    program.exit(error, help);
    if (!asked) return kWrongUsage;
    std::string text = help.str();
    if (text.ends_with('\n')) text.pop_back();
    Output output;
    output.WriteLine(text);
    const absl::Status written = output.Flush();
    return written.ok() ? kDone : Fail(written);
  }
  return exit_status;
}

}  // namespace
}  // namespace tallystick::tools

int main(int argc, char** argv) {
  using namespace tallystick::tools;  // NOLINT(google-build-using-namespace): this file is the program
  // A reader of our output that goes away is an error of a write, which Output reports.
  std::signal(SIGPIPE, SIG_IGN);
  if (!OccupyStandardDescriptors()) return kFailed;
  // We throw nothing ourselves; the standard library does where the machine has no memory or no thread to give.
  try {
    return Run(argc, argv);
  } catch (const std::bad_alloc&) {
    Tell("out of memory");
  } catch (const std::exception& error) {
    Tell(error.what());
  }
  return kFailed;
}
