#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "command.h"
#include "tallystick/event.h"

namespace tallystick::tools {
namespace {

void AppendCounts(const std::vector<CountOf>& counts, std::string* json) {
  json->push_back('[');
  for (const CountOf& count : counts) {
    if (json->back() != '[') json->push_back(',');
    json->append("{\"name\":");
    AppendJsonString(count.name, json);
    json->append(",\"events\":" + std::to_string(count.events) + "}");
  }
  json->push_back(']');
}

std::string ToJson(const StoreStats& stats, const Uuid& account) {
  std::string json = "{\"account\":\"" + account.ToString() + "\",\"events\":" + std::to_string(stats.events);
  json += ",\"eventTypes\":";
  AppendCounts(stats.event_types, &json);
  json += ",\"customers\":";
  AppendCounts(stats.customer_aliases, &json);
  json += ",\"store\":{\"events\":" + std::to_string(stats.store_events);
  json += ",\"lastSequence\":" + std::to_string(stats.last_sequence) + ",\"families\":[";
  for (const FamilySize& family : stats.families) {
    if (json.back() != '[') json.push_back(',');
    json += "{\"name\":\"" + family.name + "\",\"fileBytes\":" + std::to_string(family.file_bytes);
    json += ",\"memoryBytes\":" + std::to_string(family.memory_bytes) + "}";
  }
  std::array<char, 32> bytes_per_event;
  std::snprintf(bytes_per_event.data(), bytes_per_event.size(), "%.1f", stats.bytes_per_event);
  json += "],\"compactionOwedBytes\":" + std::to_string(stats.compaction_owed_bytes);
  return json + ",\"bytesPerEvent\":" + bytes_per_event.data() + "}}";
}

int Stats(const Target& target) {
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenToRead(target);
  if (!store.ok()) return Fail(store.status());
  const absl::StatusOr<StoreStats> stats = (*store)->Stats(target.account);
  if (!stats.ok()) return Fail(stats.status());
  return Answer(ToJson(*stats, target.account));
}

}  // namespace

void AddStats(CLI::App* program, int* exit_status) {
  CLI::App* command =
      program->add_subcommand("stats", "Counts the account's events by type and customer, and measures the store");
  const auto target = std::make_shared<Target>();
  AddTarget(command, target.get());
  command->footer("Example: tallystick stats --db usage.db");
  command->callback([target, exit_status] { *exit_status = Stats(*target); });
}

}  // namespace tallystick::tools
