#include "serve/openapi.h"

#include "serve/message.h"

namespace tallystick::tools {

std::vector<Route> OpenApiRoutes() {
  return {{.method = "GET",
           .path = "/openapi.json",
           .access = Access::kClientsUnlessLoopback,
           .handler = [](const Request&, Respond respond) { respond({.body = std::string(OpenApiText())}); }}};
}

}  // namespace tallystick::tools
