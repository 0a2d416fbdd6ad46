#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "command.h"
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

std::string ToJson(const SalvageReport& report) {
  std::string json = std::string("{\"complete\":") + (report.complete() ? "true" : "false");
  json += ",\"events\":" + std::to_string(report.events);
  json += ",\"unreadable\":[";
  for (const UnreadablePart& part : report.unreadable) {
    if (json.back() != '[') json.push_back(',');
    json += "{\"file\":";
    AppendJsonString(part.file, &json);
    json += ",\"family\":";
    AppendJsonString(part.family, &json);
    json += ",\"problem\":";
    AppendJsonString(part.problem, &json);
    json.push_back('}');
  }
  json += "],\"lostCount\":" + std::to_string(report.lost_count);
  json += std::string(",\"lostAllKnown\":") + (report.lost_all_known ? "true" : "false");
  json += ",\"lost\":[";
  for (const LostEvent& event : report.lost) {
    if (json.back() != '[') json.push_back(',');
    json += "{\"sequence\":" + std::to_string(event.sequence) + ",\"sequenceAccountId\":";
    json += event.account.has_value() ? "\"" + event.account->ToString() + "\"" : "null";
    json += ",\"customerEventId\":";
    if (event.customer_event_id.has_value()) {
      AppendJsonString(*event.customer_event_id, &json);
    } else {
      json += "null";
    }
    json += ",\"eventTimestamp\":";
    json += event.event_timestamp.has_value() ? "\"" + FormatTimestamp(*event.event_timestamp) + "\"" : "null";
    json.push_back('}');
  }
  json += "],\"meters\":[";
  for (const SalvagedMeter& meter : report.meters) {
    if (json.back() != '[') json.push_back(',');
    json += "{\"sequenceAccountId\":\"" + meter.account.ToString() + "\",\"name\":";
    AppendJsonString(meter.name, &json);
    json += std::string(",\"declared\":") + (meter.declared ? "true}" : "false}");
  }
  return json + "]}";
}

int Salvage(const Target& target, const std::string& to) {
  Progress progress("events");
  SalvageOptions options;
  options.progress = [&progress](std::uint64_t /*rows_read*/, std::uint64_t events_written) {
    progress.Update(events_written, std::nullopt);
  };
  const absl::StatusOr<SalvageReport> report = Store::Salvage(target.db, to, options);
  progress.Clear();
  if (!report.ok()) return Fail(report.status());
  return Answer(ToJson(*report), report->complete() ? kDone : kFailed);
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
  return Answer(ToJson(*report), report->ok() ? kDone : kFailed);
}

}  // namespace

void AddVerify(CLI::App* program, int* exit_status) {
  CLI::App* command =
      program->add_subcommand("verify", "Checks every index and rollup of the store, of all accounts, row by row");
  const auto target = std::make_shared<Target>();
  AddTarget(command, target.get());
  const auto salvage = std::make_shared<std::string>();
  command->add_option("--salvage", *salvage,
                      "Write what can still be read of a damaged store into a new one, in this folder, and list what "
                      "cannot");
  command->footer("Example: tallystick verify --db usage.db");
  command->callback([target, salvage, exit_status] {
    *exit_status = salvage->empty() ? Verify(*target) : Salvage(*target, *salvage);
  });
}

}  // namespace tallystick::tools
