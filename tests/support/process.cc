#include "tests/support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <functional>
#include <stdexcept>
#include <system_error>
#include <utility>

extern char** environ;

namespace tallystick::testing {
namespace {

void Check(bool ok, const char* what) {
  if (!ok) throw std::system_error(errno, std::generic_category(), what);
}

// A descriptor of this process alone: what children get, they get by name.
class File {
 public:
  File() = default;
  explicit File(int file) : file_(file) {}
  File(File&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~File() { Close(); }

  void Close() {
    if (file_ >= 0) ::close(file_);
    file_ = -1;
  }
  bool open() const { return file_ >= 0; }
  int get() const { return file_; }

 private:
  int file_ = -1;
};

struct Pipe {
  File read;
  File write;

  static Pipe Make() {
    std::array<int, 2> ends;
    Check(::pipe2(ends.data(), O_CLOEXEC) == 0, "pipe2");
    return {.read = File(ends[0]), .write = File(ends[1])};
  }
  static Pipe MakeTerminal(int columns) {
    int master = -1;
    int slave = -1;
    winsize size{.ws_row = 24, .ws_col = static_cast<unsigned short>(columns), .ws_xpixel = 0, .ws_ypixel = 0};
    Check(::openpty(&master, &slave, nullptr, nullptr, &size) == 0, "openpty");
    Pipe terminal{.read = File(master), .write = File(slave)};
    for (const int end : {master, slave}) Check(::fcntl(end, F_SETFD, FD_CLOEXEC) == 0, "fcntl");
    return terminal;
  }
};

std::vector<std::string> Environment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with("TALLYSTICK_")) environment.emplace_back(*entry);
  }
  for (const auto& [name, value] : added) environment.push_back(name + "=" + value);
  return environment;
}

std::vector<char*> Pointers(std::vector<std::string>* texts) {
  std::vector<char*> pointers;
  for (std::string& text : *texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

struct Process::Impl {
  pid_t id = -1;
  File in;
  File out;
  File err;
  std::string input;  // not yet written
  bool input_finished = true;
  Finished finished;

  // Moves what can be moved between the pipes and here, waiting until there is something. Reading while writing keeps
  // a program that writes much before it reads on from standing still. False when all pipes have ended.
  bool Pump();
  // Pumps until `done`, or until there is nothing left to pump.
  void PumpUntil(const std::function<bool()>& done) {
    while (!done() && Pump()) {
    }
  }
  bool WaitFor(File* file, const std::string& text, std::string_view wanted) {
    const auto found = [&] { return text.find(wanted) != std::string::npos; };
    PumpUntil([&] { return found() || !file->open(); });
    return found();
  }
};

bool Process::Impl::Pump() {
  if (in.open() && input.empty() && input_finished) in.Close();
  const bool has_input = in.open() && !input.empty();
  if (!has_input && !out.open() && !err.open()) return false;

  // poll() passes over negative descriptors.
  std::array<pollfd, 3> waits{{{.fd = has_input ? in.get() : -1, .events = POLLOUT, .revents = 0},
                               {.fd = out.get(), .events = POLLIN, .revents = 0},
                               {.fd = err.get(), .events = POLLIN, .revents = 0}}};
  if (::poll(waits.data(), waits.size(), -1) < 0) {
    Check(errno == EINTR, "poll");
    return true;
  }
  if (waits[0].revents != 0) {
    const ssize_t written = ::write(in.get(), input.data(), input.size());
    if (written >= 0) {
      input.erase(0, static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {  // it wants no more
      input.clear();
      in.Close();
    } else {
      Check(errno == EAGAIN || errno == EINTR, "write");
    }
  }
  const auto take = [](File* file, short events, std::string* text) {
    if (events == 0) return;
    std::array<char, 65536> bytes;
    const ssize_t size = ::read(file->get(), bytes.data(), bytes.size());
    if (size > 0) {
      text->append(bytes.data(), static_cast<std::size_t>(size));
    } else if (size == 0 || errno == EIO) {  // EIO: the other end of a terminal was closed
      file->Close();
    } else {
      Check(errno == EAGAIN || errno == EINTR, "read");
    }
  };
  take(&out, waits[1].revents, &finished.out);
  take(&err, waits[2].revents, &finished.err);
  return true;
}

Process::Process(const std::string& program, const std::vector<std::string>& arguments, std::string_view input,
                 const Surroundings& surroundings)
    : impl_(std::make_unique<Impl>()) {
  // A child that does not read its input to the end must not end the test.
  std::signal(SIGPIPE, SIG_IGN);
  Pipe in = Pipe::Make();
  Pipe out = Pipe::Make();
  Pipe err = surroundings.terminal_columns > 0 ? Pipe::MakeTerminal(surroundings.terminal_columns) : Pipe::Make();
  Check(::fcntl(in.write.get(), F_SETFL, O_NONBLOCK) == 0, "fcntl");

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in.read.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err.write.get(), STDERR_FILENO);
  if (!surroundings.out_path.empty()) {
    ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, surroundings.out_path.c_str(),
                                       O_WRONLY | O_CREAT | O_TRUNC, 0666);
  }
  if (!surroundings.folder.empty()) {
    ::posix_spawn_file_actions_addchdir_np(&actions, surroundings.folder.c_str());
  }
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t defaults;
  ::sigemptyset(&defaults);
  ::sigaddset(&defaults, SIGPIPE);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);

  std::vector<std::string> words = {program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment = Environment(surroundings.environment);
  const int error = ::posix_spawnp(&impl_->id, program.c_str(), &actions, &attributes, Pointers(&words).data(),
                                   Pointers(&environment).data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::system_error(error, std::generic_category(), program);

  impl_->in = std::move(in.write);
  impl_->out = std::move(out.read);
  impl_->err = std::move(err.read);
  impl_->input = input;
  impl_->input_finished = !surroundings.unfinished_input;
}

Process::~Process() {
  if (impl_->id < 0) return;
  Kill();
  ::waitpid(impl_->id, nullptr, 0);
}

pid_t Process::id() const { return impl_->id; }

void Process::Send(std::string_view input) {
  impl_->input += input;
  impl_->PumpUntil([this] { return impl_->input.empty(); });
}

void Process::FinishInput() { impl_->input_finished = true; }

bool Process::WaitForOut(std::string_view text) { return impl_->WaitFor(&impl_->out, impl_->finished.out, text); }
bool Process::WaitForErr(std::string_view text) { return impl_->WaitFor(&impl_->err, impl_->finished.err, text); }

const std::string& Process::out() const { return impl_->finished.out; }

void Process::Kill() { ::kill(impl_->id, SIGKILL); }

Finished Process::Wait() {
  impl_->PumpUntil([] { return false; });
  int status = 0;
  rusage usage{};
  while (::wait4(impl_->id, &status, 0, &usage) < 0) Check(errno == EINTR, "wait4");
  impl_->id = -1;
  impl_->finished.memory_kib = usage.ru_maxrss;
  impl_->finished.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return std::move(impl_->finished);
}

}  // namespace tallystick::testing
