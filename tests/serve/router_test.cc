#include "serve/router.h"

#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallystick::tools {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RouterTest : public ::testing::Test {
 protected:
  static std::vector<Route> Routes() {
    std::vector<Route> routes;
    for (const auto& [method, path] : std::vector<std::pair<std::string, std::string>>{{"GET", "/events"},
                                                                                       {"POST", "/events"},
                                                                                       {"POST", "/events/batch"},
                                                                                       {"GET", "/events/{id}"},
                                                                                       {"GET", "/meters/{name}/sum"}}) {
      routes.push_back({.method = method, .path = path, .handler = {}});
    }
    return routes;
  }

  std::string RouteOf(std::string_view method, std::string_view path) const {
    const RouteMatch match = router_.Match(method, path);
    return match.route == nullptr ? "" : match.route->method + " " + match.route->path;
  }

  const Router router_{Routes()};
};

TEST_F(RouterTest, AMethodAndAPathLeadToARoute) {
  EXPECT_EQ(RouteOf("GET", "/events"), "GET /events");
  EXPECT_EQ(RouteOf("HEAD", "/events"), "GET /events");
  EXPECT_EQ(RouteOf("POST", "/events"), "POST /events");
  EXPECT_EQ(RouteOf("GET", "/events/x"), "GET /events/{id}");
  EXPECT_EQ(RouteOf("POST", "/events/batch"), "POST /events/batch");
  EXPECT_EQ(RouteOf("GET", "/events/batch"), "GET /events/{id}");
  EXPECT_EQ(RouteOf("GET", "/ev%65nts"), "GET /events");
}

TEST_F(RouterTest, NamesStandForOneStepEach) {
  EXPECT_THAT(router_.Match("GET", "/events/a%2Fb%20c").path_values, ElementsAre("a/b c"));
  EXPECT_THAT(router_.Match("GET", "/events/a+b").path_values, ElementsAre("a+b"));
  EXPECT_THAT(router_.Match("GET", "/meters/m/sum").path_values, ElementsAre("m"));
  EXPECT_THAT(router_.Match("GET", "/events/{id}").path_values, ElementsAre("{id}"));
}

TEST_F(RouterTest, OtherPathsLeadNowhere) {
  for (const char* path : {"/", "/event", "/eventss", "/events/", "/events//", "//events", "/events/a/b", "/events/%",
                           "/events%2Fa", "/Events", "/meters/m", "/meters//sum", "/meters/m/sum/x", "/%7Bid%7D"}) {
    const RouteMatch match = router_.Match("GET", path);
    EXPECT_EQ(match.route, nullptr) << path;
    EXPECT_THAT(match.allowed, IsEmpty()) << path;
  }
}

TEST_F(RouterTest, AnotherMethodIsToldWhichThereAre) {
  EXPECT_THAT(router_.Match("DELETE", "/events").allowed, ElementsAre("GET", "HEAD", "POST"));
  EXPECT_THAT(router_.Match("get", "/events").allowed, ElementsAre("GET", "HEAD", "POST"));
  EXPECT_THAT(router_.Match("PUT", "/events/batch").allowed, ElementsAre("POST", "GET", "HEAD"));
}

}  // namespace
}  // namespace tallystick::tools
