#include "serve/request_log.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "tallystick/event.h"

namespace tallystick::tools {
namespace {

constexpr std::size_t kWaitingBytesMax = 4 * 1024 * 1024;
constexpr std::size_t kPathBytesMax = 1024;

void AppendText(std::string_view key, std::string_view text, std::string* line) {
  line->append(",\"").append(key).append("\":");
  AppendJsonString(text, line);
}

void WriteAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return;  // nobody reads it any more: there is nobody to tell
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

std::string ToLogLine(const RequestRecord& record) {
  std::string line = "{\"time\":\"" + FormatTimestamp(record.begun) + "\"";
  AppendText("client", record.client, &line);
  AppendText("method", record.method, &line);
  AppendText("path", record.path.substr(0, kPathBytesMax), &line);
  AppendText("route", record.route, &line);
  AppendText("credential", record.credential, &line);
  line += ",\"status\":" + std::to_string(record.status);
  line += ",\"requestBytes\":" + std::to_string(record.request_bytes);
  line += ",\"responseBytes\":" + std::to_string(record.response_bytes);
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.6f", std::chrono::duration<double>(record.duration).count());
  line += ",\"seconds\":" + std::string(seconds);
  if (!record.cause.empty()) AppendText("cause", record.cause, &line);
  line += "}\n";
  return line;
}

RequestLog::RequestLog(int descriptor) : descriptor_(descriptor), thread_([this] { Run(); }) {}

RequestLog::~RequestLog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void RequestLog::Add(const RequestRecord& record) {
  const std::string line = ToLogLine(record);
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() + line.size() > kWaitingBytesMax) {
      ++dropped_;
      return;
    }
    first = waiting_.empty();
    waiting_ += line;
  }
  if (first) changed_.notify_one();
}

void RequestLog::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    std::string lines = std::exchange(waiting_, {});
    if (const std::uint64_t dropped = std::exchange(dropped_, 0); dropped > 0) {
      lines += "{\"droppedLines\":" + std::to_string(dropped) + "}\n";
    }
    lock.unlock();
    WriteAll(descriptor_, lines);
    lock.lock();
  }
}

}  // namespace tallystick::tools
