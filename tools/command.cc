#include "command.h"

#include <charconv>
#include <cstdio>
#include <optional>
#include <system_error>

#include "output.h"
#include "printable.h"
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

Options WriterOptions(const Target& target) {
  Options options = BaseOptions();
  options.reserve_bytes = target.reserve_bytes;
  return options;
}

}  // namespace

void AddStore(CLI::App* command, std::string* db) {
  *db = "./tallystick-data";
  command->add_option("--db", *db, "The store's folder")->envname("TALLYSTICK_DB")->capture_default_str();
}

void AddTarget(CLI::App* command, Target* target) {
  AddStore(command, &target->db);
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

void AddReserve(CLI::App* command, Target* target) {
  constexpr std::uint64_t kMiB = 1024 * 1024;
  AddNumber(
      command, "--reserve-mib", 0, ~std::uint64_t{0} / kMiB,
      [target](std::uint64_t mib) { target->reserve_bytes = mib * kMiB; },
      "Leave so many MiB free on the store's disk; 1024 when not given, and 0 leaves none");
}

CLI::Option* AddRepeatable(CLI::App* command, const std::string& name, std::vector<std::string>* values,
                           const std::string& description) {
  // Otherwise the option would go on to swallow the arguments that follow its value.
  return command->add_option(name, *values, description)
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

CLI::Option* AddNumber(CLI::App* command, const std::string& name, std::uint64_t least, std::uint64_t most,
                       const std::function<void(std::uint64_t)>& take, const std::string& description) {
  // CLI11's own reading takes "-1" for 2^64 - 1, "010" for 8, and what is too great for the greatest.
  return command
      ->add_option_function<std::string>(
          name,
          [=](const std::string& text) {
            std::uint64_t number = 0;
            const char* const end = text.data() + text.size();
            const auto [last, error] = std::from_chars(text.data(), end, number);
            if (text.empty() || error != std::errc() || last != end || number < least || number > most) {
              throw CLI::ValidationError(name, "'" + text + "' is not a whole number from " + std::to_string(least) +
                                                   " to " + std::to_string(most));
            }
            take(number);
          },
          description)
      ->type_name("NUMBER");
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
  return Store::Open(target.db, WriterOptions(target));
}

absl::StatusOr<std::unique_ptr<Store>> OpenPresentToWrite(const Target& target) {
  Options options = WriterOptions(target);
  options.create_if_missing = false;
  return Store::Open(target.db, options);
}

void Tell(const std::string& text) { std::fprintf(stderr, "tallystick: %s\n", Printable(text).c_str()); }

int Fail(const absl::Status& status) {
  Tell(std::string(status.message()));
  return kFailed;
}

int Answer(const std::string& json, int exit_status) {
  Output output;
  output.WriteLine(json);
  const absl::Status written = output.Flush();
  return written.ok() ? exit_status : Fail(written);
}

}  // namespace tallystick::tools
