#include "serve/workers.h"

#include <future>
#include <new>
#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace tallystick::tools {
namespace {

TEST(WorkersTest, AHandlersAnswerIsMadeElsewhere) {
  Workers workers(2, 10);
  const std::thread::id here = std::this_thread::get_id();
  const Handler handler = workers.Handling([here](const Request& request) {
    EXPECT_NE(std::this_thread::get_id(), here);
    return Response{.body = "of " + request.body};
  });
  std::promise<Response> answered;
  Request request;
  request.body = "it";
  handler(std::move(request), [&answered](Response response) { answered.set_value(std::move(response)); });
  EXPECT_EQ(answered.get_future().get().body, "of it");
}

TEST(WorkersTest, WhatIsTooMuchIsRefusedAndTheRestIsDone) {
  std::promise<void> begun;
  std::promise<void> go_on;
  int done = 0;
  std::vector<int> statuses;
  {
    Workers workers(1, 2);
    ASSERT_TRUE(workers.Do([&] {
      begun.set_value();
      go_on.get_future().wait();
    }));
    begun.get_future().wait();
    EXPECT_TRUE(workers.Do([&done] { ++done; }));
    EXPECT_TRUE(workers.Do([&done] { ++done; }));
    EXPECT_FALSE(workers.Do([&done] { ++done; }));
    const Handler handler = workers.Handling([](const Request&) { return Response(); });
    handler({}, [&statuses](const Response& response) { statuses.push_back(response.status); });
    go_on.set_value();
  }
  EXPECT_EQ(done, 2);
  EXPECT_EQ(statuses, std::vector<int>{503});
}

TEST(WorkersTest, AWorkerThatHasNoMemorySaysSo) {
  std::promise<Response> answered;
  Workers workers(1, 1);
  const Handler handler = workers.Handling([](const Request&) -> Response { throw std::bad_alloc(); });
  handler({}, [&answered](Response response) { answered.set_value(std::move(response)); });
  const Response response = answered.get_future().get();
  EXPECT_EQ(response.status, 503);
  EXPECT_NE(response.cause, "");
}

}  // namespace
}  // namespace tallystick::tools
