// What is decided about a request before its body: routes, clients, rates, versions, types and sizes.

#include "serve/service.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "serve/rate_limiter.h"
#include "tests/support/stored.h"

namespace tallystick::tools {
namespace {

using testing::Account;
using Clock = RateLimiter::Clock;

class ServiceTest : public ::testing::Test {
 protected:
  static std::vector<Route> Routes() {
    return {{.method = "GET", .path = "/open", .access = Access::kEverybody, .handler = {}},
            {.method = "GET", .path = "/near", .access = Access::kClientsUnlessLoopback, .handler = {}},
            {.method = "GET", .path = "/events/{id}", .handler = {}},
            {.method = "POST",
             .path = "/events",
             .body_bytes_max = 10,
             .media_types = {"application/json"},
             .handler = {}}};
  }

  static std::optional<Client> Authenticate(std::string_view basic) {
    if (basic != "good") return std::nullopt;
    return Client{.account = Account(7), .credential = "the-good-one"};
  }

  Service Make(std::uint64_t requests_per_second = 0) {
    return Service(
        Routes(),
        {.authenticate = Authenticate, .requests_per_second = requests_per_second, .clock = [this] { return now_; }});
  }

  // The answer's status and the type and pointer of its error; 0 for a request that is let in.
  static std::string Refusal(Service& service, const RequestHead& head) {
    const Admission admission = service.Admit(head);
    if (!admission.refusal.has_value()) return "0";
    const std::string& body = admission.refusal->body;
    const auto member = [&body](const std::string& name) {
      const std::size_t begin = body.find("\"" + name + "\":\"") + name.size() + 4;
      return body.substr(begin, body.find('"', begin) - begin);
    };
    return std::to_string(admission.refusal->status) + " " + member("type") + " " + member("pointer");
  }
  std::string Refusal(const RequestHead& head) { return Refusal(service_, head); }

  static std::string Header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }

  static RequestHead PostHead() {
    return {.method = "POST",
            .target = "/events",
            .authorization = "Basic good",
            .content_type = "application/json",
            .content_length = 10};
  }

  Clock::time_point now_ = Clock::now();
  Service service_ = Make();
};

TEST_F(ServiceTest, WhatIsInOrderIsLetIn) {
  const Admission admission =
      service_.Admit({.method = "GET", .target = "/events/a%2Fb?limit=1", .authorization = "Basic good"});
  ASSERT_FALSE(admission.refusal.has_value());
  EXPECT_EQ(admission.route->path, "/events/{id}");
  EXPECT_EQ(admission.request.account, Account(7));
  EXPECT_EQ(admission.request.path_values.front(), "a/b");
  EXPECT_EQ(admission.request.query.parameters().front().name, "limit");
  EXPECT_EQ(admission.client->credential, "the-good-one");
  EXPECT_EQ(Refusal(PostHead()), "0");
}

TEST_F(ServiceTest, TargetsAndMethodsAreKnown) {
  EXPECT_EQ(Refusal({.method = "GET", .target = "nowhere"}), "400 invalid_request ");
  EXPECT_EQ(Refusal({.method = "GET", .target = "/open?%"}), "400 invalid_request ");
  EXPECT_EQ(Refusal({.method = "GET", .target = "/nowhere"}), "404 not_found ");
  EXPECT_EQ(Refusal({.method = "PUT", .target = "/events"}), "405 method_not_allowed ");
  EXPECT_EQ(Header(*service_.Admit({.method = "PUT", .target = "/events/x"}).refusal, "Allow"), "GET, HEAD");
}

TEST_F(ServiceTest, AClientShowsACredential) {
  const auto get = [](std::optional<std::string_view> authorization) {
    return RequestHead{.method = "GET", .target = "/events/x", .authorization = authorization};
  };
  for (const auto& none : std::vector<std::optional<std::string_view>>{
           std::nullopt, "", "Basic", "Basic ", "good", "Bearer good", "Basic bad", "Basic  bad", "Basicgood"}) {
    EXPECT_EQ(Refusal(get(none)), "401 unauthorized Authorization") << none.value_or("none");
  }
  EXPECT_EQ(Refusal(get("Basic good")), "0");
  EXPECT_EQ(Refusal(get("bASIC   good")), "0");
  EXPECT_TRUE(Header(*service_.Admit(get(std::nullopt)).refusal, "WWW-Authenticate").starts_with("Basic realm="));
}

TEST_F(ServiceTest, SomeRoutesAreForEverybody) {
  EXPECT_EQ(Refusal({.method = "GET", .target = "/open"}), "0");
  EXPECT_EQ(Refusal({.method = "GET", .target = "/near", .loopback = true}), "0");
  EXPECT_EQ(Refusal({.method = "GET", .target = "/near"}), "401 unauthorized Authorization");
  EXPECT_EQ(Refusal({.method = "GET", .target = "/near", .authorization = "Basic good"}), "0");
}

TEST_F(ServiceTest, ThereIsOneVersion) {
  RequestHead head = PostHead();
  head.version = "2024-07-30";
  EXPECT_EQ(Refusal(head), "0");
  for (const char* version : {"2024-07-31", "", "2024-07-30 ", "latest"}) {
    head.version = version;
    EXPECT_EQ(Refusal(head), "400 UnrecognisedApiVersion Sequence-Version") << version;
  }
}

TEST_F(ServiceTest, BodiesHaveATypeAndASize) {
  RequestHead head = PostHead();
  for (const char* type :
       {"application/json", "Application/JSON", "application/json; charset=utf-8", "application/json \t;x=y"}) {
    head.content_type = type;
    EXPECT_EQ(Refusal(head), "0") << type;
  }
  for (const auto& type : std::vector<std::optional<std::string_view>>{
           std::nullopt, "", "text/plain", "application/jsonx", "application/x-www-form-urlencoded"}) {
    head.content_type = type;
    EXPECT_EQ(Refusal(head), "415 unsupported_media_type Content-Type") << type.value_or("none");
  }
  head = PostHead();
  head.content_encoding = "gzip";
  EXPECT_EQ(Refusal(head), "415 unsupported_media_type Content-Encoding");
  head.content_encoding = "Identity";
  EXPECT_EQ(Refusal(head), "0");
  head.content_length = 11;
  EXPECT_EQ(Refusal(head), "413 too_large ");
  EXPECT_EQ(Refusal({.method = "GET", .target = "/open", .content_length = 1}), "413 too_large ");
}

TEST_F(ServiceTest, ARateIsKeptAndTellsWhenToComeBack) {
  Service service = Make(2);
  EXPECT_EQ(Refusal(service, PostHead()), "0");
  EXPECT_EQ(Refusal(service, PostHead()), "0");
  const Admission refused = service.Admit(PostHead());
  ASSERT_TRUE(refused.refusal.has_value());
  EXPECT_EQ(refused.refusal->status, 429);
  EXPECT_EQ(Header(*refused.refusal, "Retry-After"), "1");
  EXPECT_EQ(Refusal(service, {.method = "GET", .target = "/open"}), "0");  // nobody's
  now_ += std::chrono::milliseconds(500);
  EXPECT_EQ(Refusal(service, PostHead()), "0");
  EXPECT_EQ(Refusal(service, PostHead()), "429 rate_limited ");
}

TEST(RateLimiterTest, EachClientHasItsOwnRateAndNoMoreSaved) {
  RateLimiter limiter(10);
  Clock::time_point now = Clock::now();
  const auto made = [&](const char* client) {
    int count = 0;
    while (!limiter.Refuse(client, now).has_value()) ++count;
    return count;
  };
  EXPECT_EQ(made("a"), 10);
  EXPECT_EQ(made("b"), 10);
  EXPECT_EQ(*limiter.Refuse("a", now), std::chrono::milliseconds(100));
  now += std::chrono::milliseconds(300);
  EXPECT_EQ(made("a"), 3);
  now += std::chrono::hours(1);
  EXPECT_EQ(made("a"), 10);
}

}  // namespace
}  // namespace tallystick::tools
