// The description of the API says what the server answers, and nothing else. Besides, ServeTest::Call holds every
// answer that any test gets against it.

#include "serve/openapi.h"

#include <signal.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "serve/gatherer.h"
#include "serve/routes.h"
#include "serve/service.h"
#include "serve/workers.h"
#include "tests/serve/description.h"
#include "tests/serve/fixture.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tallystick::serve {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Not;
using ::testing::UnorderedElementsAreArray;

// What of a route a description has.
using RouteFacts = std::tuple<std::string, std::string, tools::Access, std::size_t, std::vector<std::string>>;

std::vector<RouteFacts> FactsOf(const std::vector<tools::Route>& routes) {
  std::vector<RouteFacts> facts;
  for (const tools::Route& route : routes) {
    facts.emplace_back(route.method, route.path, route.access, route.body_bytes_max, route.media_types);
  }
  return facts;
}

TEST(OpenApi, EveryRouteIsDescribedAndNothingElse) {
  testing::TempFolder folder;
  absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(folder.path("store"));
  ASSERT_THAT(store, IsOk());
  tools::Workers workers(1, 1);
  tools::Gatherer gatherer(store->get(), {});
  const std::vector<tools::Route> routes =
      tools::AllRoutes({.store = store->get(), .gatherer = &gatherer, .readers = &workers, .writers = &workers});
  EXPECT_THAT(FactsOf(Description::Get().routes()), UnorderedElementsAreArray(FactsOf(routes)));
}

TEST(OpenApi, ItIsOfThisVersion) {
  EXPECT_THAT(std::string(tools::OpenApiText()), HasSubstr("\"version\": \"" + std::string(tools::kVersion) + "\""));
}

TEST(OpenApi, WhatIsNotDescribedIsAFault) {
  const Ask get{.target = "/healthz"};
  const auto faults = [&get](const Reply& reply) { return Description::Get().FaultsOf(get, reply); };
  const std::map<std::string, std::string> json = {{"content-type", "application/json"}};
  EXPECT_THAT(faults({.status = 200, .headers = json, .body = R"({"status":"alive"})"}), IsEmpty());
  for (const Reply& wrong : std::vector<Reply>{
           {.status = 201, .headers = json, .body = R"({"status":"alive"})"},
           {.status = 200, .headers = {}, .body = R"({"status":"alive"})"},
           {.status = 200, .headers = json, .body = R"({"status":"dead"})"},
           {.status = 200, .headers = json, .body = R"({"status":"alive","more":1})"},
           {.status = 200, .headers = json, .body = "{}"},
           {.status = 200, .headers = json, .body = ""},
           {.status = 503, .headers = json, .body = R"({"error":{"type":"x","message":"","pointer":""}})"},
           {.status = 200,
           .headers = {{"content-type", "application/json"}, {"x-more", "1"}},
           .body = R"({"status":"alive"})"},
       }) {
    EXPECT_THAT(faults(wrong), Not(IsEmpty())) << wrong.status << wrong.body;
  }
}

class OpenApiServeTest : public ServeTest {};

TEST_F(OpenApiServeTest, ItIsServedToEverybodyOnLoopback) {
  const Reply reply = Call({.target = "/openapi.json"});
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("content-type"), "application/json");
  EXPECT_EQ(reply.body, tools::OpenApiText());

  EXPECT_EQ(End(SIGTERM).status, 0);
  Start({"--listen", "0.0.0.0:0", "--clear-text"});
  EXPECT_EQ(ErrorOf(Call({.target = "/openapi.json"})), "401 unauthorized Authorization");
  EXPECT_EQ(Call({.target = "/openapi.json", .credential = credential_}).status, 200);
}

TEST_F(OpenApiServeTest, DescribedParametersAreKnown) {
  for (const tools::Route& route : Description::Get().routes()) {
    for (const std::string& name : Description::Get().QueryParametersOf(route)) {
      const Reply reply = Call({.method = route.method,
                                .target = route.path + "?" + name + "=%00",
                                .credential = credential_,
                                .content_type = route.media_types.empty() ? "" : route.media_types.front()});
      EXPECT_THAT(reply.body, Not(HasSubstr("unknown_parameter"))) << route.path << " " << name;
    }
  }
}

}  // namespace
}  // namespace tallystick::serve
