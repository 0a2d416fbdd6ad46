#include <cstdint>
#include <memory>
#include <string>

#include "command.h"
#include "output.h"
#include "progress.h"
#include "tallystick/event.h"

namespace tallystick::tools {
namespace {

std::string ToJson(const VerifyReport& report) {
  const auto number = [](const char* key, std::uint64_t value) {
    return ",\"" + std::string(key) + "\":" + std::to_string(value);
  };
  std::string json = std::string("{\"ok\":") + (report.ok() ? "true" : "false");
  json += number("events", report.events) + number("eventIds", report.event_ids);
  json += number("customers", report.customers) + number("changes", report.changes);
  json += number("rollups", report.rollups) + number("lastSequence", report.last_sequence);
  json += number("differenceCount", report.difference_count);
  json += ",\"differences\":[";
  for (const Difference& difference : report.differences) {
    if (json.back() != '[') json.push_back(',');
    json += "{\"family\":\"" + difference.family + "\",\"key\":";
    AppendJsonString(difference.key, &json);
    json += ",\"problem\":";
    AppendJsonString(difference.problem, &json);
    json.push_back('}');
  }
  return json + "]}";
}

int Verify(const Target& target) {
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenToRead(target);
  if (!store.ok()) return Fail(store.status());
  Progress progress("rows");
  VerifyOptions options;
  options.progress = [&progress](std::uint64_t rows_read, std::uint64_t rows_total) {
    progress.Update(rows_read, static_cast<double>(rows_read) / static_cast<double>(rows_total));
  };
  const absl::StatusOr<VerifyReport> report = (*store)->Verify(options);
  progress.Clear();
  if (!report.ok()) return Fail(report.status());
  Output output;
  output.WriteLine(ToJson(*report));
  const absl::Status written = output.Flush();
  if (!written.ok()) return Fail(written);
  return report->ok() ? kDone : kFailed;
}

}  // namespace

void AddVerify(CLI::App* program, int* exit_status) {
  CLI::App* command =
      program->add_subcommand("verify", "Checks every index and rollup of the store, of all accounts, row by row");
  const auto target = std::make_shared<Target>();
  AddTarget(command, target.get());
  command->footer("Example: tallystick verify --db usage.db");
  command->callback([target, exit_status] { *exit_status = Verify(*target); });
}

}  // namespace tallystick::tools
