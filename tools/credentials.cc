#include <sys/stat.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "command.h"
#include "credentials/credential.h"
#include "credentials/credential_file.h"
#include "output.h"
#include "tallystick/event.h"

namespace tallystick::tools {
namespace {

// Makes the store when it is absent. One that is there is not opened: it may be open in a server.
absl::Status MakeStore(const Target& target) {
  // What makes a folder a store (docs/FORMAT.md section 1).
  struct stat state {};
  if (::stat((target.db + "/data").c_str(), &state) == 0) return absl::OkStatus();
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenToWrite(target);
  return store.ok() ? (*store)->Close() : store.status();
}

int Add(const Target& target) {
  if (const absl::Status made = MakeStore(target); !made.ok()) return Fail(made);
  const absl::Time now = absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now()));
  const IssuedCredential issued = IssueCredential(target.account, now);
  const absl::Status added = ChangeCredentials(target.db, [&issued](std::vector<Credential>* credentials) {
    credentials->push_back(issued.kept);
    return absl::OkStatus();
  });
  if (!added.ok()) return Fail(added);
  Output output;
  output.WriteLine(issued.basic);
  const absl::Status written = output.Flush();
  if (written.ok()) return kDone;
  Tell("the credential " + issued.kept.id + " was added, but nobody has seen it: revoke it");
  return Fail(written);
}

int List(const std::string& db) {
  const absl::StatusOr<CredentialFile> file = CredentialFile::Read(db);
  if (!file.ok()) return Fail(file.status());
  Output output;
  for (const Credential& credential : file->credentials()) {
    if (!output.WriteLine("{\"id\":\"" + credential.id + "\",\"account\":\"" + credential.account.ToString() +
                          "\",\"created\":\"" + FormatTimestamp(credential.created) + "\"}")) {
      break;
    }
  }
  const absl::Status written = output.Flush();
  return written.ok() ? kDone : Fail(written);
}

struct RevokeOptions {
  std::string db;
  std::string id;
};

int Revoke(const RevokeOptions& options) {
  const absl::Status revoked = ChangeCredentials(options.db, [&options](std::vector<Credential>* credentials) {
    const auto is_meant = [&options](const Credential& credential) { return credential.id == options.id; };
    return std::erase_if(*credentials, is_meant) > 0
               ? absl::OkStatus()
               : absl::NotFoundError(options.db + ": there is no credential '" + options.id + "'");
  });
  if (!revoked.ok()) return Fail(revoked);
  return Answer("{\"id\":\"" + options.id + "\",\"outcome\":\"revoked\"}");
}

void AddAdd(CLI::App* credentials, int* exit_status) {
  CLI::App* command = credentials->add_subcommand("add", "Lets a client of a server use the account");
  const auto target = std::make_shared<Target>();
  AddTarget(command, target.get());
  command->footer(
      "Prints what the client puts behind 'Authorization: Basic ', once: the store keeps a hash of it alone. An "
      "absent\n"
      "store is made; a server that is running takes the credential within a second.\n\n"
      "Example: tallystick credentials add --db usage.db --account 0184421e-a9cc-711b-af93-bf0511d4d833");
  command->callback([target, exit_status] { *exit_status = Add(*target); });
}

void AddList(CLI::App* credentials, int* exit_status) {
  CLI::App* command = credentials->add_subcommand("list", "Prints the store's credentials, of every account");
  const auto db = std::make_shared<std::string>();
  AddStore(command, db.get());
  command->footer("Example: tallystick credentials list --db usage.db");
  command->callback([db, exit_status] { *exit_status = List(*db); });
}

void AddRevoke(CLI::App* credentials, int* exit_status) {
  CLI::App* command = credentials->add_subcommand("revoke", "Takes a credential away");
  const auto options = std::make_shared<RevokeOptions>();
  AddStore(command, &options->db);
  command->add_option("ID", options->id, "The credential's id, as 'credentials list' prints it")
      ->required()
      // Not told with the message: it may be the credential itself.
      ->check([](const std::string& id) { return IsCredentialId(id) ? "" : "16 digits of 0-9 and a-f are meant"; });
  command->footer(
      "A server that is running refuses it within a second.\n\n"
      "Example: tallystick credentials revoke --db usage.db 0f3a9c2e5b7d1846");
  command->callback([options, exit_status] { *exit_status = Revoke(*options); });
}

}  // namespace

void AddCredentials(CLI::App* program, int* exit_status) {
  CLI::App* credentials =
      program->add_subcommand("credentials", "Says which clients of a server may use which account");
  credentials->require_subcommand(1);
  AddAdd(credentials, exit_status);
  AddList(credentials, exit_status);
  AddRevoke(credentials, exit_status);
  credentials->footer(
      "'tallystick credentials COMMAND --help' shows a command's options, with an example.\n\n"
      "Example: tallystick credentials add --db usage.db");
}

}  // namespace tallystick::tools
