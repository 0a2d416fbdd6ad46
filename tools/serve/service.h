// From a request's head to what is done about it: the route, the client, the version, the limits. No connections here.

#ifndef TALLYSTICK_TOOLS_SERVE_SERVICE_H_
#define TALLYSTICK_TOOLS_SERVE_SERVICE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/message.h"
#include "serve/rate_limiter.h"
#include "serve/router.h"
#include "tallystick/uuid.h"

namespace tallystick::tools {

// The version of the API, and the header by which a client asks for it.
inline constexpr std::string_view kVersion = "2024-07-30";
inline constexpr std::string_view kVersionHeader = "Sequence-Version";

// What is known of a request before its body. Views live as long as the head.
struct RequestHead {
  std::string_view method;
  std::string_view target;
  std::optional<std::string_view> authorization{};
  std::optional<std::string_view> version{};
  std::optional<std::string_view> content_type{};
  std::optional<std::string_view> content_encoding{};
  std::uint64_t content_length = 0;  // 0 where it is not known
  bool loopback = false;             // whether the server listens on loopback alone
};

// Who showed a credential.
struct Client {
  Uuid account;
  std::string credential;  // its name, which is no secret
};

// What is done about a request.
struct Admission {
  std::optional<Response> refusal{};  // the answer, whatever the body; otherwise the route's handler gets `request`
  const Route* route = nullptr;       // as far as it is known, also of one that is refused
  std::optional<Client> client{};     // likewise
  Request request{};
};

// The answer to a body that is longer than its route takes.
Response TooLarge(std::size_t bytes_max);

// Thread-safe.
class Service {
 public:
  struct Options {
    // Who shows what stands behind `Basic `. Thread-safe, and does not block.
    std::function<std::optional<Client>(std::string_view basic)> authenticate;
    std::uint64_t requests_per_second = 0;  // of each credential; 0: as many as it likes
    std::function<RateLimiter::Clock::time_point()> clock = RateLimiter::Clock::now;
  };

  Service(std::vector<Route> routes, Options options);

  // The first reason against a request, in this order: its target (400), path (404), method (405), credential (401),
  // rate (429), version (400), media type and encoding (415), size (413).
  Admission Admit(const RequestHead& head);

  const Router& router() const { return router_; }

 private:
  const Router router_;
  const Options options_;
  const std::unique_ptr<RateLimiter> rate_limiter_;  // null: no limit
};

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_SERVE_SERVICE_H_
