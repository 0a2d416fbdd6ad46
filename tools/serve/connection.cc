// Beast's parser asserts that five bytes stand there when the last chunk's line has come without the empty line behind
// it, and copes where they do not (1.81: basic_parser::parse_chunk_header). A client must not end the process by that.
#define BOOST_DISABLE_ASSERTS

#include "serve/connection.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace tallystick::tools {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

using Clock = std::chrono::steady_clock;
using Executor = net::io_context::executor_type;
using TcpStream = beast::basic_stream<net::ip::tcp, Executor>;
using TlsStream = beast::ssl_stream<TcpStream>;
using RequestParser = http::request_parser<http::string_body>;
template <typename Value>
using Task = net::awaitable<Value, Executor>;

// Operations give their error as a value.
constexpr auto kAwait = net::as_tuple(net::use_awaitable_t<Executor>());

constexpr std::size_t kReadBytes = 4096;
constexpr std::size_t kBodyReadBytes = 64 * 1024;
// Beast limits neither what stands behind a chunk's size nor the lines behind the last chunk. It wants each whole in
// the buffer, so this limits them.
constexpr std::size_t kBufferBytesMax = 2 * kBodyReadBytes;
// A body that is not wanted is read to its end if it is no longer than this, so that the connection can go on.
constexpr std::size_t kUnwantedBytesMax = 64 * 1024;
// Of a client that goes on sending what is not wanted.
constexpr Clock::duration kLingerTime = std::chrono::seconds(5);
constexpr std::uint64_t kBytesPerSecondMin = 64 * 1024;

Clock::duration TimeFor(std::uint64_t bytes) { return std::chrono::seconds(bytes / kBytesPerSecondMin); }

std::string_view ToStd(beast::string_view text) { return {text.data(), text.size()}; }

template <typename Fields>
std::optional<std::string_view> FieldOf(const Fields& fields, beast::string_view name) {
  const auto field = fields.find(name);
  return field == fields.end() ? std::nullopt : std::optional(ToStd(field->value()));
}

// What the parser lets pass and HTTP does not (RFC 9112 sections 3.2 and 6.1).
std::optional<Response> RefuseMessage(const RequestParser& parser) {
  const auto& fields = parser.get();
  const std::size_t hosts = fields.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && fields.version() >= 11)) {
    return ErrorResponse(400, "malformed_request", "must be given once", "Host");
  }
  if (const auto coding = FieldOf(fields, "Transfer-Encoding");
      coding.has_value() && !beast::iequals(beast::string_view(coding->data(), coding->size()), "chunked")) {
    return ErrorResponse(400, "malformed_request", "must be chunked, or absent", "Transfer-Encoding");
  }
  if (fields.count("Sequence-Version") > 1 || fields.count(http::field::authorization) > 1) {
    return ErrorResponse(400, "malformed_request", "a header is given twice");
  }
  return std::nullopt;
}

Response Malformed(const beast::error_code& error) {
  if (error == http::error::header_limit || error == beast::error_code(http::error::buffer_overflow)) {
    return ErrorResponse(431, "headers_too_large", "the request's line and headers are too long");
  }
  return ErrorResponse(400, "malformed_request", "not a request in HTTP: " + error.message());
}

std::string HttpDate(absl::Time time) {
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", time, absl::UTCTimeZone());
}

// In what connections without and with TLS differ. The caller sets the time.

// What comes before requests; whether they can come.
Task<bool> Begin(TcpStream* /*stream*/) { co_return true; }
Task<bool> Begin(TlsStream* stream) {
  const auto [error] = co_await stream->async_handshake(net::ssl::stream_base::server, kAwait);
  co_return !error;
}

// Tells the client that nothing more comes, if that can be told while it is still heard.
void EndSending(TcpStream* stream) {
  beast::error_code ignored;  // of a client that has gone
  stream->socket().shutdown(net::socket_base::shutdown_send, ignored);
}
void EndSending(TlsStream* /*stream*/) {}

// What comes after requests. Many clients close without TLS's farewell, which takes nothing away: lengths say where
// answers end.
Task<void> End(TcpStream* /*stream*/) { co_return; }
Task<void> End(TlsStream* stream) {
  if (beast::get_lowest_layer(*stream).socket().is_open()) co_await stream->async_shutdown(kAwait);
}

template <typename Stream>
class StreamConnection final : public Connection {
 public:
  template <typename... Args>
  StreamConnection(const ConnectionContext* context, Loop* loop, std::string client, Args&&... stream)
      : context_(*context), loop_(loop), client_(std::move(client)), stream_(std::forward<Args>(stream)...) {
    loop_->Add(this);
  }
  ~StreamConnection() override { loop_->Remove(this); }
  StreamConnection(const StreamConnection&) = delete;
  StreamConnection& operator=(const StreamConnection&) = delete;

  void Drain() override {
    draining_ = true;
    if (idle_) tcp().cancel();
  }
  void Abort() override { tcp().close(); }

  Task<void> Run();

 private:
  // How the reading of a body ended.
  enum class Body { kRead, kTooLarge, kTooMuch, kMalformed, kGone };

  // A request on its way.
  struct Exchange {
    explicit Exchange(ByteBudget* bodies) : share(bodies) {}
    RequestParser parser;
    ByteBudget::Share share;
    Admission admission;
    Clock::time_point begun = Clock::now();
    absl::Time begun_at = absl::Now();
    std::uint64_t request_bytes = 0;
    bool keep_alive = false;  // whether the next request may follow on this connection
  };

  TcpStream& tcp() { return beast::get_lowest_layer(stream_); }

  Task<bool> AwaitRequest();                                   // whether one begins
  Task<bool> ServeRequest();                                   // whether the connection goes on
  Task<std::optional<Response>> AnswerTo(Exchange* exchange);  // absent: the client has gone
  Task<Body> ReadBody(Exchange* exchange, std::size_t bytes_max);
  Task<Response> Ask(const Route& route, Request request);
  Task<bool> Write(Exchange* exchange, const Response& answer);
  Task<void> Linger();

  Admission Admit(const RequestParser& parser);
  void Tell(const Exchange& exchange, const Response* answer) const;

  const ConnectionContext& context_;
  Loop* const loop_;
  const std::string client_;
  Stream stream_;
  beast::flat_buffer buffer_{kBufferBytesMax};  // what was read and not yet used: a head, and a piece of a body
  bool idle_ = false;                           // waits, and no request has begun
  bool draining_ = false;
};

template <typename Stream>
Task<void> StreamConnection<Stream>::Run() {
  tcp().expires_after(context_.client_timeout);
  idle_ = true;
  bool goes_on = co_await Begin(&stream_);
  idle_ = false;
  while (goes_on) {
    goes_on = co_await AwaitRequest();
    if (goes_on) goes_on = co_await ServeRequest();
  }
  tcp().expires_after(kLingerTime);
  co_await End(&stream_);
}

template <typename Stream>
Task<bool> StreamConnection<Stream>::AwaitRequest() {
  if (draining_) co_return false;
  if (buffer_.size() > 0) co_return true;  // sent behind the one before
  // What a large request needed is not kept while nothing comes.
  if (buffer_.capacity() > kReadBytes) buffer_ = beast::flat_buffer(buffer_.max_size());
  tcp().expires_after(context_.client_timeout);
  idle_ = true;
  const auto [error, bytes] = co_await stream_.async_read_some(buffer_.prepare(kReadBytes), kAwait);
  idle_ = false;
  if (error) co_return false;
  buffer_.commit(bytes);
  co_return true;
}

template <typename Stream>
Task<bool> StreamConnection<Stream>::ServeRequest() {
  Exchange exchange(context_.bodies);
  const std::optional<Response> answer = co_await AnswerTo(&exchange);
  bool written = false;
  if (answer.has_value()) {
    if (draining_) exchange.keep_alive = false;
    written = co_await Write(&exchange, *answer);
  }
  Tell(exchange, answer.has_value() ? &*answer : nullptr);
  if (!written) co_return false;
  if (!exchange.keep_alive && (!exchange.parser.is_done() || buffer_.size() > 0)) co_await Linger();
  co_return exchange.keep_alive;
}

template <typename Stream>
Task<std::optional<Response>> StreamConnection<Stream>::AnswerTo(Exchange* exchange) {
  RequestParser& parser = exchange->parser;
  parser.header_limit(static_cast<std::uint32_t>(context_.header_bytes_max));
  parser.body_limit(boost::none);  // until the route is known
  tcp().expires_after(context_.client_timeout);
  const auto [error, bytes] = co_await http::async_read_header(stream_, buffer_, parser, kAwait);
  if (error) {
    if (error.category() != beast::error_code(http::error::bad_method).category()) co_return std::nullopt;
    if (error == http::error::end_of_stream || error == http::error::partial_message) co_return std::nullopt;
    co_return Malformed(error);
  }
  if (std::optional<Response> refusal = RefuseMessage(parser)) co_return refusal;

  exchange->admission = Admit(parser);
  Admission& admission = exchange->admission;
  const std::string_view expectation = FieldOf(parser.get(), "Expect").value_or("");
  const bool waits = parser.get().version() >= 11 &&
                     beast::iequals(beast::string_view(expectation.data(), expectation.size()), "100-continue");
  exchange->keep_alive = parser.keep_alive() && parser.get().version() >= 11;
  if (admission.refusal.has_value()) {
    // A client that waits would not know whether its body is read.
    Body skipped = Body::kMalformed;
    if (!waits) skipped = co_await ReadBody(exchange, kUnwantedBytesMax);
    if (skipped == Body::kGone) co_return std::nullopt;
    if (!parser.is_done()) exchange->keep_alive = false;
    co_return std::move(admission.refusal);
  }

  if (waits && !parser.is_done()) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    tcp().expires_after(context_.client_timeout);
    const auto [failed, written] =
        co_await net::async_write(stream_, net::buffer(kContinue.data(), kContinue.size()), kAwait);
    if (failed) co_return std::nullopt;
  }
  const Body body = co_await ReadBody(exchange, admission.route->body_bytes_max);
  if (body != Body::kRead) exchange->keep_alive = false;
  switch (body) {
    case Body::kRead:
      break;
    case Body::kTooLarge:
      co_return TooLarge(admission.route->body_bytes_max);
    case Body::kTooMuch:
      co_return Overloaded();
    case Body::kMalformed:
      co_return ErrorResponse(400, "malformed_request", "the body's chunks are none");
    case Body::kGone:
      co_return std::nullopt;
  }
  admission.request.body = std::move(parser.get().body());
  co_return co_await Ask(*admission.route, std::move(admission.request));
}

template <typename Stream>
Admission StreamConnection<Stream>::Admit(const RequestParser& parser) {
  const auto& fields = parser.get();
  const auto length = parser.content_length();
  return context_.service->Admit({.method = ToStd(fields.method_string()),
                                  .target = ToStd(fields.target()),
                                  .authorization = FieldOf(fields, "Authorization"),
                                  .version = FieldOf(fields, "Sequence-Version"),
                                  .content_type = FieldOf(fields, "Content-Type"),
                                  .content_encoding = FieldOf(fields, "Content-Encoding"),
                                  .content_length = length ? *length : 0,
                                  .loopback = context_.loopback});
}

template <typename Stream>
Task<typename StreamConnection<Stream>::Body> StreamConnection<Stream>::ReadBody(Exchange* exchange,
                                                                                 std::size_t bytes_max) {
  RequestParser& parser = exchange->parser;
  const auto length = parser.content_length();
  if (length && *length > bytes_max) co_return Body::kTooLarge;
  if (!parser.is_done()) {
    parser.body_limit(bytes_max);  // of a body in chunks
    buffer_.reserve(std::min<std::size_t>(kBodyReadBytes, length ? *length : kBodyReadBytes));
  }
  const Clock::time_point begun = Clock::now();
  while (!parser.is_done()) {
    tcp().expires_at(begun + context_.client_timeout + TimeFor(parser.get().body().size()));
    const auto [error, bytes] = co_await http::async_read_some(stream_, buffer_, parser, kAwait);
    exchange->request_bytes = parser.get().body().size();
    if (error == http::error::body_limit) co_return Body::kTooLarge;
    if (error && error.category() == beast::error_code(http::error::bad_chunk).category() &&
        error != http::error::partial_message && error != http::error::end_of_stream) {
      co_return Body::kMalformed;
    }
    if (error) co_return Body::kGone;
    if (!exchange->share.GrowTo(exchange->request_bytes)) co_return Body::kTooMuch;
  }
  co_return Body::kRead;
}

// Hands the request over, and goes on on the loop's thread when there is an answer.
template <typename Stream>
Task<Response> StreamConnection<Stream>::Ask(const Route& route, Request request) {
  auto start = [this, &route, &request](auto resume) {
    route.handler(std::move(request),
                  [executor = tcp().get_executor(), resume = std::move(resume)](Response answer) mutable {
                    net::post(executor, [resume = std::move(resume), answer = std::move(answer)]() mutable {
                      std::move(resume)(std::move(answer));
                    });
                  });
  };
  net::use_awaitable_t<Executor> await;
  co_return co_await net::async_initiate<net::use_awaitable_t<Executor>, void(Response)>(std::move(start), await);
}

template <typename Stream>
Task<bool> StreamConnection<Stream>::Write(Exchange* exchange, const Response& answer) {
  const RequestParser& parser = exchange->parser;
  constexpr unsigned kHttp11 = 11;
  http::response<http::span_body<const char>> response(static_cast<http::status>(answer.status), kHttp11);
  response.set(http::field::date, HttpDate(exchange->begun_at));
  response.set(http::field::content_type, answer.content_type);
  const Route* const route = exchange->admission.route;
  if (route != nullptr && route->access == Access::kClients) {
    response.set(beast::string_view(kVersionHeader.data(), kVersionHeader.size()),
                 beast::string_view(kVersion.data(), kVersion.size()));
  }
  for (const auto& [name, value] : answer.headers) response.set(name, value);
  response.keep_alive(exchange->keep_alive);
  response.content_length(answer.body.size());
  const bool head_only = parser.is_header_done() && parser.get().method() == http::verb::head;
  if (!head_only) response.body() = beast::span<const char>(answer.body.data(), answer.body.size());
  tcp().expires_after(context_.client_timeout + TimeFor(answer.body.size()));
  const auto [error, bytes] = co_await http::async_write(stream_, response, kAwait);
  co_return !error;
}

template <typename Stream>
void StreamConnection<Stream>::Tell(const Exchange& exchange, const Response* answer) const {
  if (!context_.observe) return;
  const RequestParser& parser = exchange.parser;
  const Admission& admission = exchange.admission;
  const std::optional<RequestTarget> target =
      parser.is_header_done() ? ParseTarget(ToStd(parser.get().target())) : std::nullopt;
  context_.observe({.begun = exchange.begun_at,
                    .client = client_,
                    .method = parser.is_header_done() ? ToStd(parser.get().method_string()) : "",
                    .path = target.has_value() ? target->path : "",
                    .route = admission.route != nullptr ? std::string_view(admission.route->path) : "",
                    .credential = admission.client.has_value() ? std::string_view(admission.client->credential) : "",
                    .status = answer != nullptr ? answer->status : 0,
                    .request_bytes = exchange.request_bytes,
                    .response_bytes = answer != nullptr ? answer->body.size() : 0,
                    .duration = Clock::now() - exchange.begun,
                    .cause = answer != nullptr ? std::string_view(answer->cause) : ""});
}

// Takes what a client still sends, so that it gets to read its answer: closing on bytes that were not read would reset
// the connection, and the answer might be lost.
template <typename Stream>
Task<void> StreamConnection<Stream>::Linger() {
  EndSending(&stream_);
  buffer_.consume(buffer_.size());
  tcp().expires_after(kLingerTime);
  idle_ = true;
  while (!draining_) {
    const auto [error, bytes] = co_await stream_.async_read_some(buffer_.prepare(kReadBytes), kAwait);
    if (error) break;
  }
  idle_ = false;
}

Task<void> ServeTcp(Socket socket, Loop* loop, const ConnectionContext* context, std::string client) {
  StreamConnection<TcpStream> connection(context, loop, std::move(client), std::move(socket));
  co_await connection.Run();
}

Task<void> ServeTls(Socket socket, Loop* loop, const ConnectionContext* context, std::string client) {
  StreamConnection<TlsStream> connection(context, loop, std::move(client), TcpStream(std::move(socket)), *context->tls);
  co_await connection.Run();
}

std::string NameOf(const Socket& socket) {
  boost::system::error_code error;
  const auto peer = socket.remote_endpoint(error);
  if (error) return "";
  const std::string address = peer.address().to_string();
  return absl::StrCat(peer.address().is_v6() ? "[" + address + "]" : address, ":", peer.port());
}

}  // namespace

void StartConnection(Socket socket, Loop* loop, const ConnectionContext* context, std::function<void()> ended) {
  boost::system::error_code ignored;  // it only makes answers quicker
  socket.set_option(net::ip::tcp::no_delay(true), ignored);
  std::string client = NameOf(socket);
  // What a connection throws, for want of memory, ends it and no other.
  net::co_spawn(loop->context(),
                context->tls != nullptr ? ServeTls(std::move(socket), loop, context, std::move(client))
                                        : ServeTcp(std::move(socket), loop, context, std::move(client)),
                [ended = std::move(ended)](const std::exception_ptr&) { ended(); });
}

}  // namespace tallystick::tools
