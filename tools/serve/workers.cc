#include "serve/workers.h"

#include <exception>
#include <memory>
#include <utility>

namespace tallystick::tools {
namespace {

// What a request asks for may be more than the machine has memory for.
Response AnswerOf(const std::function<Response(const Request&)>& answer, const Request& request) {
  try {
    return answer(request);
  } catch (const std::exception& error) {
    return ErrorResponse(absl::ResourceExhaustedError(error.what()));
  }
}

}  // namespace

Workers::Workers(std::size_t threads, std::size_t waiting_max) : waiting_max_(waiting_max) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool Workers::Do(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= waiting_max_) return false;
    waiting_.push_back(std::move(job));
  }
  changed_.notify_one();
  return true;
}

Handler Workers::Handling(std::function<Response(const Request&)> answer) {
  return [this, answer = std::move(answer)](Request request, Respond respond) {
    // The queue says only afterwards whether it takes the job, and with it the way to answer.
    const auto waiting = std::make_shared<Respond>(std::move(respond));
    const bool taken = Do([&answer, waiting, request = std::move(request)] { (*waiting)(AnswerOf(answer, request)); });
    if (!taken) (*waiting)(Overloaded());
  };
}

void Workers::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
  }
}

}  // namespace tallystick::tools
