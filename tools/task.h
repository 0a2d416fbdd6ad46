// A command's work on a store, which a server that has the store open can do as well as the program by itself.

#ifndef TALLYSTICK_TOOLS_TASK_H_
#define TALLYSTICK_TOOLS_TASK_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "command.h"
#include "console.h"

namespace tallystick::tools {

struct Task {
  Target target;
  // The command once more, so that it means the same whatever folder and environment it is read in.
  std::vector<std::string> words;
  // Opens the store where no server has it open.
  absl::StatusOr<std::unique_ptr<Store>> (*open)(const Target&);
  // Returns the exit status.
  std::function<int(Store& store, Console& console)> work;
};

// Appends `--db` and `--account` to Task::words.
void AppendWords(const Target& target, std::vector<std::string>* words);

// For AddBackup and AddMeter: has the server of the store do it, or where there is none, opens the store and does it.
int RunTask(const Task& task);

// What a server does with such words: the same on its store.
int CarryOut(const std::vector<std::string>& words, Store& store, Console& console);

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_TASK_H_
