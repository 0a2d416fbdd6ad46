#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "command.h"
#include "control/control_socket.h"
#include "credentials/credentials.h"
#include "serve/gatherer.h"
#include "serve/request_log.h"
#include "serve/routes.h"
#include "serve/server.h"
#include "serve/service.h"
#include "serve/workers.h"
#include "task.h"

namespace tallystick::tools {
namespace {

// Reads and batches block a thread each; what waits for one is bounded by these and by the memory for bodies.
constexpr std::size_t kReaders = 4;
constexpr std::size_t kReadsWaitingMax = 1024;
constexpr std::size_t kWriters = 2;
constexpr std::size_t kBatchesWaitingMax = 256;

// Descriptors that are left to the store, which opens all of its files, and to everything else.
constexpr std::size_t kOtherFiles = 1024;

struct ServeOptions {
  Target target;  // whose account is not used: clients have their own
  ServerOptions server;
  std::uint64_t requests_per_second = 0;
};

// `HOST:PORT`, where an IPv6 address stands in brackets.
void ReadAddress(const std::string& text, ServerOptions* server) {
  const std::size_t colon = text.rfind(':');
  const auto bad = [&text] { return CLI::ValidationError("--listen", "'" + text + "' is not HOST:PORT"); };
  if (colon == std::string::npos) throw bad();
  std::string host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string::npos) {
    throw bad();
  }
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data() + colon + 1, end, server->port);
  if (host.empty() || error != std::errc() || last != end || colon + 1 == text.size()) throw bad();
  server->host = host;
}

// A connection that the process cannot open is worse than one that is turned away: the store's own files would be next.
absl::Status MakeRoomForConnections(std::size_t connections) {
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return absl::OkStatus();
  const rlim_t wanted = connections + kOtherFiles;
  if (limit.rlim_cur >= wanted) return absl::OkStatus();
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  if (limit.rlim_cur == wanted && ::setrlimit(RLIMIT_NOFILE, &limit) == 0) return absl::OkStatus();
  return absl::ResourceExhaustedError("--max-connections " + std::to_string(connections) + " needs " +
                                      std::to_string(wanted) + " open files, and this process may have " +
                                      std::to_string(limit.rlim_max) + " (ulimit -n)");
}

int Serve(const ServeOptions& options) {
  const absl::Status room = MakeRoomForConnections(options.server.connections_max);
  if (!room.ok()) return Fail(room);
  // First, so that it goes last: who reads it may be slow.
  RequestLog log(STDERR_FILENO);
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenToWrite(options.target);
  if (!store.ok()) return Fail(store.status());
  const absl::StatusOr<std::unique_ptr<Credentials>> credentials = Credentials::Load(
      options.target.db, {.tell = [](const absl::Status& problem) { Tell(std::string(problem.message())); }});
  if (!credentials.ok()) return Fail(credentials.status());

  {
    // What is below uses what is above.
    const absl::StatusOr<std::unique_ptr<ControlSocket>> control =
        ControlSocket::Start(options.target.db, [&store](const std::vector<std::string>& words, Console& console) {
          return CarryOut(words, **store, console);
        });
    if (!control.ok()) return Fail(control.status());
    Workers readers(kReaders, kReadsWaitingMax);
    Workers writers(kWriters, kBatchesWaitingMax);
    Gatherer gatherer(store->get(), {});
    Service service(AllRoutes({.store = store->get(), .gatherer = &gatherer, .readers = &readers, .writers = &writers}),
                    {.authenticate = [&credentials](std::string_view basic) -> std::optional<Client> {
                       std::optional<Credentials::Known> known = (*credentials)->Find(basic);
                       if (!known.has_value()) return std::nullopt;
                       return Client{.account = known->account, .credential = std::move(known->name)};
                     },
                     .requests_per_second = options.requests_per_second});
    const absl::StatusOr<std::unique_ptr<Server>> server =
        Server::Listen(options.server, &service, [&log](const RequestRecord& record) { log.Add(record); });
    if (!server.ok()) {
      const int failed = Fail(server.status());
      return absl::IsInvalidArgument(server.status()) ? kWrongUsage : failed;
    }
    if (const int told = Answer("{\"listening\":\"" + (*server)->url() + "\"}"); told != kDone) return told;
    (*server)->Run();
  }
  const absl::Status closed = (*store)->Close();
  return closed.ok() ? kDone : Fail(closed);
}

}  // namespace

void AddServe(CLI::App* program, int* exit_status) {
  CLI::App* command = program->add_subcommand("serve", "Serves the store over HTTP, until SIGTERM");
  const auto options = std::make_shared<ServeOptions>();
  ServerOptions& server = options->server;
  AddStore(command, &options->target.db);
  AddReserve(command, &options->target);
  command
      ->add_option_function<std::string>(
          "--listen", [&server](const std::string& text) { ReadAddress(text, &server); },
          "Where to listen; 127.0.0.1:8080 when not given. Port 0 takes one that is free: the line on standard output "
          "names it")
      ->type_name("HOST:PORT");
  CLI::Option* const certificate = command->add_option("--tls-cert", server.tls_certificate,
                                                       "PEM file of the certificate and those that vouch for it");
  CLI::Option* const key = command->add_option("--tls-key", server.tls_key, "PEM file of its key");
  certificate->needs(key);
  key->needs(certificate);
  command->add_flag("--clear-text", server.clear_text,
                    "Listen where others can connect without TLS: credentials and events cross the network for "
                    "everybody on the way to read");
  AddNumber(
      command, "--rate-limit", 1, 1'000'000, [options](std::uint64_t number) { options->requests_per_second = number; },
      "Requests that each credential may make in a second; any number when not given");
  AddNumber(
      command, "--max-connections", 1, 1'000'000,
      [&server](std::uint64_t number) { server.connections_max = static_cast<std::size_t>(number); },
      "Connections at once; 4096 when not given");
  AddNumber(
      command, "--client-timeout", 1, 3600,
      [&server](std::uint64_t number) { server.client_timeout = std::chrono::seconds(number); },
      "Seconds that a client may take for the head of a request, and between two; 30 when not given");
  command->footer(
      "Example: tallystick credentials add --db usage.db --account 0184421e-a9cc-711b-af93-bf0511d4d833\n"
      "         tallystick serve --db usage.db --listen 127.0.0.1:8080");
  command->callback([options, exit_status] { *exit_status = Serve(*options); });
}

}  // namespace tallystick::tools
