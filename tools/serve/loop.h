// One thread of input and output, and the connections that it serves.

#ifndef TALLYSTICK_TOOLS_SERVE_LOOP_H_
#define TALLYSTICK_TOOLS_SERVE_LOOP_H_

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>
#include <set>

namespace tallystick::tools {

// A connection, as its loop sees it. Everything happens on the loop's thread.
class Connection {
 public:
  virtual ~Connection() = default;
  // Ends once the request that has begun, if any, is answered.
  virtual void Drain() = 0;
  // Ends now.
  virtual void Abort() = 0;
};

// Connections never change their loop, so what they do needs no locks.
class Loop {
 public:
  boost::asio::io_context& context() { return context_; }

  // Serves until Drain() was called and all connections have ended.
  void Run();

  // Thread-safe. Drains all connections, also those that come later; those that are left after `grace` are aborted.
  void Drain(std::chrono::steady_clock::duration grace);

  // On the loop's thread:
  void Add(Connection* connection);
  void Remove(Connection* connection);

 private:
  void Abort();
  void EndIfDone();

  static constexpr int kThreads = 1;
  std::set<Connection*> connections_;
  bool draining_ = false;
  boost::asio::io_context context_{kThreads};  // behind what the connections in it use when they go with it
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  std::optional<boost::asio::steady_timer> grace_;  // while it drains
};

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_SERVE_LOOP_H_
