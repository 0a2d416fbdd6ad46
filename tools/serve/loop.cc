#include "serve/loop.h"

#include <boost/asio/post.hpp>

namespace tallystick::tools {

void Loop::Run() { context_.run(); }

void Loop::Add(Connection* connection) {
  connections_.insert(connection);
  if (draining_) connection->Drain();
}

void Loop::Remove(Connection* connection) {
  connections_.erase(connection);
  EndIfDone();
}

void Loop::Drain(std::chrono::steady_clock::duration grace) {
  boost::asio::post(context_, [this, grace] {
    draining_ = true;
    for (Connection* connection : connections_) connection->Drain();
    EndIfDone();
    if (connections_.empty()) return;
    grace_.emplace(context_, grace);
    grace_->async_wait([this](const boost::system::error_code& error) {
      if (!error) Abort();
    });
  });
}

void Loop::Abort() {
  for (Connection* connection : connections_) connection->Abort();
}

void Loop::EndIfDone() {
  if (!draining_ || !connections_.empty()) return;
  work_.reset();
  grace_.reset();
}

}  // namespace tallystick::tools
