// A line of JSON for each request.

#ifndef TALLYSTICK_TOOLS_SERVE_REQUEST_LOG_H_
#define TALLYSTICK_TOOLS_SERVE_REQUEST_LOG_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "absl/time/time.h"

namespace tallystick::tools {

// What is told of a request that has ended. Views live during the call that tells.
struct RequestRecord {
  absl::Time begun{};
  std::string_view client;  // address and port
  std::string_view method;
  std::string_view path;             // as it was sent, without its query
  std::string_view route;            // the pattern that it matched; empty for none
  std::string_view credential;       // its name; empty without one
  int status = 0;                    // 0: the client went away, or was too slow, before there was an answer
  std::uint64_t request_bytes = 0;   // of the body
  std::uint64_t response_bytes = 0;  // likewise
  std::chrono::nanoseconds duration{};
  std::string_view cause;  // of a 5xx
};

// Called from any thread, several at once; must not block.
using ObserveRequest = std::function<void(const RequestRecord&)>;

// The record as one line, with its end. It holds no secret.
std::string ToLogLine(const RequestRecord& record);

// Thread-safe. Writes lines to a descriptor from a thread of its own: who reads them may be slow, and requests do not
// wait for it. When too much waits, lines are dropped, and a line says how many.
class RequestLog {
 public:
  explicit RequestLog(int descriptor);
  RequestLog(const RequestLog&) = delete;
  RequestLog& operator=(const RequestLog&) = delete;
  ~RequestLog();  // writes what waits

  void Add(const RequestRecord& record);

 private:
  void Run();

  const int descriptor_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string waiting_;        // guarded by mutex_
  std::uint64_t dropped_ = 0;  // guarded by mutex_
  bool stopping_ = false;      // guarded by mutex_
  std::thread thread_;
};

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_SERVE_REQUEST_LOG_H_
