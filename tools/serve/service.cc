#include "serve/service.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <utility>

#include "serve/url.h"

namespace tallystick::tools {
namespace {

std::string Joined(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : ", ") + word;
  return joined;
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

Response Unauthorized(std::string_view message) {
  Response answer = ErrorResponse(401, "unauthorized", message, "Authorization");
  answer.headers.emplace_back("WWW-Authenticate", "Basic realm=\"tallystick\", charset=\"UTF-8\"");
  return answer;
}

Response TooManyRequests(RateLimiter::Clock::duration wait) {
  Response answer =
      ErrorResponse(429, "rate_limited", "this credential has made its requests for now; try again later");
  answer.headers.emplace_back("Retry-After", std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count()));
  return answer;
}

// What stands behind the scheme's name.
std::optional<std::string_view> BasicOf(std::string_view authorization) {
  constexpr std::string_view kScheme = "Basic ";
  if (!EqualsIgnoringCase(authorization.substr(0, kScheme.size()), kScheme)) return std::nullopt;
  const std::size_t begin = authorization.find_first_not_of(' ', kScheme.size());
  return begin == std::string_view::npos ? std::nullopt : std::optional(authorization.substr(begin));
}

// `Application/JSON; charset=utf-8` is `application/json`.
std::string MediaTypeOf(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return type;
}

std::optional<Response> RefuseBody(const Route& route, const RequestHead& head, Request* request) {
  if (!route.media_types.empty()) {
    request->media_type = MediaTypeOf(head.content_type.value_or(""));
    if (std::find(route.media_types.begin(), route.media_types.end(), request->media_type) == route.media_types.end()) {
      return ErrorResponse(415, "unsupported_media_type", "must be " + Joined(route.media_types), "Content-Type");
    }
    if (head.content_encoding.has_value() && !EqualsIgnoringCase(*head.content_encoding, "identity")) {
      return ErrorResponse(415, "unsupported_media_type", "a body is taken without encoding only", "Content-Encoding");
    }
  }
  if (head.content_length > route.body_bytes_max) return TooLarge(route.body_bytes_max);
  return std::nullopt;
}

}  // namespace

Response TooLarge(std::size_t bytes_max) {
  return ErrorResponse(413, "too_large", "the body is longer than " + std::to_string(bytes_max) + " bytes");
}

Service::Service(std::vector<Route> routes, Options options)
    : router_(std::move(routes)),
      options_(std::move(options)),
      rate_limiter_(options_.requests_per_second > 0 ? std::make_unique<RateLimiter>(options_.requests_per_second)
                                                     : nullptr) {}

Admission Service::Admit(const RequestHead& head) {
  Admission admission;
  const auto refuse = [&admission](Response answer) {
    admission.refusal = std::move(answer);
    return std::move(admission);
  };
  const std::optional<RequestTarget> target = ParseTarget(head.target);
  std::optional<Query> query = Query::Parse(target.has_value() ? target->query : "");
  if (!target.has_value() || !query.has_value()) {
    return refuse(
        ErrorResponse(400, "invalid_request", "the request's target is none, or its percent-encoding is not"));
  }
  RouteMatch match = router_.Match(head.method, target->path);
  if (match.route == nullptr && match.allowed.empty()) {
    return refuse(ErrorResponse(404, "not_found", "there is nothing at this path"));
  }
  if (match.route == nullptr) {
    Response answer = ErrorResponse(405, "method_not_allowed", "this path takes " + Joined(match.allowed));
    answer.headers.emplace_back("Allow", Joined(match.allowed));
    return refuse(std::move(answer));
  }
  const Route& route = *match.route;
  admission.route = &route;

  if (route.access == Access::kClients || (route.access == Access::kClientsUnlessLoopback && !head.loopback)) {
    const std::optional<std::string_view> basic = BasicOf(head.authorization.value_or(""));
    if (!basic.has_value()) return refuse(Unauthorized("a credential is needed: Authorization: Basic ..."));
    admission.client = options_.authenticate(*basic);
    if (!admission.client.has_value()) return refuse(Unauthorized("there is no such credential"));
    if (rate_limiter_ != nullptr) {
      const auto wait = rate_limiter_->Refuse(admission.client->credential, options_.clock());
      if (wait.has_value()) return refuse(TooManyRequests(*wait));
    }
    admission.request.account = admission.client->account;
  }
  if (head.version.has_value() && *head.version != kVersion) {
    return refuse(
        ErrorResponse(400, "UnrecognisedApiVersion", "the version is " + std::string(kVersion), kVersionHeader));
  }
  admission.request.path_values = std::move(match.path_values);
  admission.request.query = *std::move(query);
  if (std::optional<Response> refusal = RefuseBody(route, head, &admission.request)) return refuse(*std::move(refusal));
  return admission;
}

}  // namespace tallystick::tools
