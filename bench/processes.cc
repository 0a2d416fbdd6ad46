#include "bench/processes.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <stdexcept>

extern char** environ;

namespace tallystick::bench {
namespace {

// ru_oublock counts blocks of this size, whatever the file system's is.
constexpr std::uint64_t kBlockBytes = 512;

std::string ReadAll(int file) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (ssize_t size = 0; (size = ::read(file, buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return text;
}

}  // namespace

ProcessRun RunProcess(const std::vector<std::string>& command, const ProcessOptions& options) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (options.stdout_file.empty()) {
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  } else {
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, options.stdout_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  }

  const auto start = std::chrono::steady_clock::now();
  pid_t child = 0;
  const int code = ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (code != 0) {
    ::close(ends[0]);
    throw std::runtime_error("cannot run " + command[0]);
  }
  ProcessRun run;
  run.output = ReadAll(ends[0]);
  ::close(ends[0]);
  int status = 0;
  rusage usage{};
  if (::wait4(child, &status, 0, &usage) != child) throw std::runtime_error("cannot wait for " + command[0]);
  run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  run.peak_rss_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
  run.written_bytes = static_cast<std::uint64_t>(usage.ru_oublock) * kBlockBytes;
  const bool as_expected = options.signal == 0 ? WIFEXITED(status) && WEXITSTATUS(status) == 0
                                               : WIFSIGNALED(status) && WTERMSIG(status) == options.signal;
  if (!as_expected) {
    throw std::runtime_error(command[0] + " ended with status " + std::to_string(status) + ": " + run.output);
  }
  return run;
}

double NumberIn(const std::string& json, const std::string& name) {
  const std::string quoted = '"' + name + "\":";
  const std::size_t at = json.find(quoted);
  if (at == std::string::npos) throw std::runtime_error("no \"" + name + "\" in " + json);
  return std::strtod(json.c_str() + at + quoted.size(), nullptr);
}

}  // namespace tallystick::bench
