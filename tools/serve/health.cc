#include "serve/health.h"

#include "absl/status/status.h"
#include "serve/message.h"

namespace tallystick::tools {

std::vector<Route> HealthRoutes(const Store* store) {
  return {
      {.method = "GET",
       .path = "/healthz",
       .access = Access::kEverybody,
       .handler = [](const Request&, Respond respond) { respond({.body = R"({"status":"alive"})"}); }},
      {.method = "GET",
       .path = "/readyz",
       .access = Access::kEverybody,
       .handler =
           [store](const Request&, Respond respond) {
             const absl::Status writable = store->Writable();
             respond(writable.ok() ? Response{.body = R"({"status":"ready"})"} : ErrorResponse(writable));
           }},
  };
}

}  // namespace tallystick::tools
