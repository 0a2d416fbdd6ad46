// The guide's example of a bulk write. Run in an empty folder.

#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tallystick/store.h"

namespace {

using tallystick::BulkInput;
using tallystick::Store;

// [begin bulk]
absl::Status LoadFile(Store& store, const tallystick::Uuid& account, const std::string& path) {
  std::ifstream file(path);
  std::uint64_t number = 0;
  // Gives some lines each time it is called, by one thread at a time.
  const tallystick::BulkSource source = [&]() -> absl::StatusOr<std::optional<BulkInput>> {
    constexpr std::size_t kLines = 10'000;
    auto lines = std::make_shared<std::vector<std::string>>();
    for (std::string line; lines->size() < kLines && std::getline(file, line);) lines->push_back(std::move(line));
    if (file.bad()) return absl::UnknownError(path + ": cannot read");
    if (lines->empty()) return std::nullopt;  // the end
    BulkInput input{.owner = lines};          // keeps the text until it has been read
    for (const std::string& line : *lines) input.documents.push_back({.text = line, .number = ++number});
    return input;
  };
  tallystick::BulkOptions options;
  options.on_rejected = [](const tallystick::BulkDocument& document, const tallystick::Rejection& rejection) {
    std::cout << "line " << document.number << ": " << rejection.ToString() << "\n";
    return true;  // false ends the load behind what came before
  };
  absl::StatusOr<tallystick::BulkResult> result = store.WriteBulk(account, source, options);
  if (!result.ok()) return result.status();  // the chunks before are stored: load the file again
  std::cout << result->created << " created, " << result->superseded << " superseded, " << result->unchanged
            << " unchanged, " << result->rejected << " rejected\n";
  return absl::OkStatus();
}
// [end bulk]

void MakeFile(const std::string& path) {
  std::ofstream file(path);
  for (int i = 0; i < 3000; ++i) {
    // Every hundredth corrects the one before.
    file << R"({"customerEventId":"event-)" << (i % 100 == 99 ? i - 1 : i)
         << R"(","customerAlias":"acme","eventType":"message-sent","eventTimestamp":"2022-10-01T00:00:00Z",)"
         << R"("eventProperties":{"length":)" << i << "}}\n";
  }
  file << R"({"customerEventId":"event-3000","customerAlias":"acme"})"
       << "\n";
}

}  // namespace

int main() {
  auto store = Store::Open("usage.db");
  if (!store.ok()) return 1;
  MakeFile("events.ndjson");
  const absl::Status loaded = LoadFile(**store, {}, "events.ndjson");
  if (!loaded.ok()) std::cerr << loaded << "\n";
  return loaded.ok() ? 0 : 1;
}

// Prints:
// line 3001: /eventType: is required
// 2970 created, 30 superseded, 0 unchanged, 1 rejected
