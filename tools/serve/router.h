// The table of what the server answers: methods and paths, and what each asks of a request.

#ifndef TALLYSTICK_TOOLS_SERVE_ROUTER_H_
#define TALLYSTICK_TOOLS_SERVE_ROUTER_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/message.h"

namespace tallystick::tools {

// Answers a request, now or later, and on whatever thread; must not block.
using Handler = std::function<void(Request, Respond)>;

// Whom a route answers.
enum class Access {
  kEverybody,
  kClients,                // who shows a credential: the request has its account
  kClientsUnlessLoopback,  // likewise, but everybody where the server listens on loopback
};

struct Route {
  std::string method;
  // Its steps are taken as they are, but for `{name}`, which stands for any one step.
  std::string path;
  Access access = Access::kClients;
  // Of the body, in bytes, and the types it may have. None: the request has no body.
  std::size_t body_bytes_max = 0;
  std::vector<std::string> media_types{};
  Handler handler;
};

// Where a method and path lead.
struct RouteMatch {
  const Route* route = nullptr;          // null: nowhere
  std::vector<std::string> path_values;  // for the `{name}`s, in order, decoded
  std::vector<std::string> allowed;      // the methods of the path, where there is no such method; empty: no such path
};

class Router {
 public:
  explicit Router(std::vector<Route> routes) : routes_(std::move(routes)) {}

  // A route for GET takes HEAD too. Steps are decoded after the path is cut at its slashes, so `%2F` is no cut; one
  // whose encoding is none matches nothing.
  RouteMatch Match(std::string_view method, std::string_view path) const;

  const std::vector<Route>& routes() const { return routes_; }

 private:
  const std::vector<Route> routes_;
};

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_SERVE_ROUTER_H_
