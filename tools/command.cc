#include "command.h"

#include <cstdio>
#include <optional>

#include "tallystick/event.h"

namespace tallystick::tools {
namespace {

Options BaseOptions() {
  Options options;
  options.diagnostics = [](const Diagnostic& diagnostic) {
    if (diagnostic.severity != Severity::kInfo) Tell(std::string(diagnostic.text));
  };
  return options;
}

}  // namespace

void AddTarget(CLI::App* command, Target* target) {
  target->db = "./tallystick-data";
  command->add_option("--db", target->db, "The store's folder")->envname("TALLYSTICK_DB")->capture_default_str();
  command
      ->add_option_function<std::string>(
          "--account",
          [target](const std::string& text) {
            const std::optional<Uuid> account = Uuid::Parse(text);
            if (!account.has_value()) throw CLI::ValidationError("--account", "'" + text + "' is not a UUID");
            target->account = *account;
          },
          "The account, a UUID; the nil UUID when not given")
      ->envname("TALLYSTICK_ACCOUNT");
}

CLI::Option* AddRepeatable(CLI::App* command, const std::string& name, std::vector<std::string>* values,
                           const std::string& description) {
  // Otherwise the option would go on to swallow the arguments that follow its value.
  return command->add_option(name, *values, description)
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

CLI::Option* AddTimestamp(CLI::App* command, const std::string& name, absl::Time* time,
                          const std::string& description) {
  return command->add_option_function<std::string>(
      name,
      [name, time](const std::string& text) {
        const absl::StatusOr<absl::Time> parsed = ParseTimestamp(text);
        if (!parsed.ok()) {
          throw CLI::ValidationError(name, "'" + text + "' " + std::string(parsed.status().message()));
        }
        *time = *parsed;
      },
      description);
}

absl::StatusOr<std::unique_ptr<Store>> OpenToRead(const Target& target) {
  Options options = BaseOptions();
  options.read_only = true;
  return Store::Open(target.db, options);
}

absl::StatusOr<std::unique_ptr<Store>> OpenToWrite(const Target& target) {
  return Store::Open(target.db, BaseOptions());
}

void Tell(const std::string& text) { std::fprintf(stderr, "tallystick: %s\n", text.c_str()); }

int Fail(const absl::Status& status) {
  Tell(std::string(status.message()));
  return kFailed;
}

}  // namespace tallystick::tools
