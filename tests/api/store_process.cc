// A program for tests that need a store in a process of its own: to kill it, to lock it out, to weigh it.
//
//   store_process create PATH [STEP]
//                               makes a store and closes it; with STEP, kills itself right before the STEP-th change
//                               that it makes to files, from 1
//   store_process hold PATH     opens for writing, stores the event "held", prints "holding", waits for its input's end
//   store_process read PATH     prints the number of events that a reader finds
//   store_process edge-write PATH N BYTES
//                               stores N events of 300 customers, with BYTES of text each, with the edge profile
//   store_process edge-read PATH
//                               reads them all back by id, time, customer and change, with the edge profile, and
//                               verifies them
//
//   store_process bulk PATH EVENTS CHUNK_BYTES INPUT [STEP]
//                               opens, and loads EVENTS events of support/bulk.h in bulk, so many to an INPUT; prints
//                               "stored N" after each chunk, and in the end "steps N", the changes made to files since
//                               the opening; with STEP, kills itself right before the STEP-th of them, from 1
//
// Those of the edge print the process's largest resident size in KiB.
//
// All use account 1 (see stored.h). An error is printed, and the exit status is 1.

#include <array>
#include <cstdint>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "lib/base/status_macros.h"
#include "tallystick/store.h"
#include "tests/support/bulk.h"
#include "tests/support/file_calls.h"
#include "tests/support/kill_at_step.h"
#include "tests/support/stored.h"

namespace tallystick::testing {
namespace {

using Numbers = std::vector<std::uint64_t>;  // what comes behind the path

Event MakeEvent(std::string_view id) {
  return {.customer_event_id = id, .customer_alias = "acme", .event_type = "message-sent"};
}

absl::Status Bulk(const std::string& path, const Numbers& numbers) {
  TALLYSTICK_ASSIGN_OR_RETURN(const auto store, Store::Open(path));
  const auto watcher = std::make_shared<KillAtStep>(path, numbers.size() > 3 ? numbers[3] : 0);
  WatchFileCalls(watcher);
  BulkOptions options{.chunk_bytes = numbers.at(1), .threads = 2};
  options.on_stored = [](const BulkResult& so_far) { std::cout << "stored " << so_far.read() << std::endl; };
  TALLYSTICK_RETURN_IF_ERROR(
      store->WriteBulk(Account(1), SourceOf(BulkEvents(numbers.at(0)), numbers.at(2)), options).status());
  TALLYSTICK_RETURN_IF_ERROR(store->Close());
  std::cout << "steps " << watcher->steps() << std::endl;
  return absl::OkStatus();
}

absl::Status Create(const std::string& path, const Numbers& numbers) {
  if (!numbers.empty()) WatchFileCalls(std::make_shared<KillAtStep>(path, numbers.front()));
  TALLYSTICK_ASSIGN_OR_RETURN(const auto store, Store::Open(path));
  return store->Close();
}

absl::Status Hold(const std::string& path, const Numbers&) {
  TALLYSTICK_ASSIGN_OR_RETURN(const auto store, Store::Open(path));
  TALLYSTICK_RETURN_IF_ERROR(store->Put(Account(1), MakeEvent("held")).status());
  std::cout << "holding" << std::endl;
  std::cin.get();
  return absl::OkStatus();
}

absl::Status Read(const std::string& path, const Numbers&) {
  TALLYSTICK_ASSIGN_OR_RETURN(const auto store, Store::Open(path, {.read_only = true}));
  TALLYSTICK_ASSIGN_OR_RETURN(const auto events, ReadAll(store->Scan({.account = Account(1)})));
  std::cout << events.size() << std::endl;
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Store>> OpenOnTheEdge(const std::string& path) {
  return Store::Open(path, {.profile = Profile::kEdge, .durability = Durability::kBuffered});
}

std::vector<std::string> EdgeCustomers() {
  std::vector<std::string> aliases;
  for (int i = 0; i < 300; ++i) aliases.push_back("customer-0123456" + std::to_string(100 + i));
  return aliases;
}

// In KiB. Not getrusage's: that one remembers the size of the process that forked this one.
void PrintLargestSize() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) std::cout << std::stoull(line.substr(6)) << std::endl;
  }
}

absl::Status EdgeWrite(const std::string& path, const Numbers& numbers) {
  const std::uint64_t count = numbers.at(0);
  TALLYSTICK_ASSIGN_OR_RETURN(const auto store, OpenOnTheEdge(path));
  const std::string text(numbers.at(1), 'x');
  const std::vector<std::string> aliases = EdgeCustomers();
  // The second round supersedes: ids in another order, so that look-ups go all over the files.
  for (const std::uint64_t step : {std::uint64_t{1}, std::uint64_t{7919}}) {
    for (std::uint64_t n = 0; n < count;) {
      const std::uint64_t first = n;
      std::vector<std::pair<std::string, std::string>> texts;
      for (; n < count && texts.size() < 1000 && texts.size() * text.size() < 256 * 1024; ++n) {
        const std::uint64_t number = n * step % count;
        texts.emplace_back("event-" + std::to_string(number * 2654435761 % 1'000'000'007) + std::to_string(number),
                           R"({"length":)" + std::to_string(n + step) + R"(,"text":")" + text + R"("})");
      }
      std::vector<Event> events;
      for (std::size_t i = 0; i < texts.size(); ++i) {
        // Times that do not compress, as those of real events do not.
        const std::uint64_t nanos = (first + i) * 6364136223846793005 % 1'000'000'000'000'000;
        events.push_back({.customer_event_id = texts[i].first,
                          .customer_alias = aliases[(first + i) % aliases.size()],
                          .event_type = "message-sent",
                          .event_timestamp = absl::FromUnixSeconds(1'760'000'000) +
                                             absl::Nanoseconds(static_cast<std::int64_t>(nanos)),
                          .event_properties = texts[i].second});
      }
      TALLYSTICK_RETURN_IF_ERROR(store->Write(Account(1), events).status());
    }
  }
  TALLYSTICK_RETURN_IF_ERROR(store->Close());
  PrintLargestSize();
  return absl::OkStatus();
}

absl::Status EdgeRead(const std::string& path, const Numbers&) {
  TALLYSTICK_ASSIGN_OR_RETURN(const auto store, OpenOnTheEdge(path));
  std::array<std::uint64_t, 3> found{};
  EventIterator events = store->Scan({.account = Account(1)});
  for (; events.Valid(); events.Next()) {
    if (++found[0] % 16 == 0) {
      TALLYSTICK_RETURN_IF_ERROR(store->Get(Account(1), events.event().customer_event_id).status());
    }
  }
  TALLYSTICK_RETURN_IF_ERROR(events.status());
  EventIterator by_customer = store->Scan({.account = Account(1), .customer_aliases = EdgeCustomers()});
  for (; by_customer.Valid(); by_customer.Next()) ++found[1];
  TALLYSTICK_RETURN_IF_ERROR(by_customer.status());
  ChangeIterator changes = store->Changes();
  for (; changes.Valid(); changes.Next()) ++found[2];
  TALLYSTICK_RETURN_IF_ERROR(changes.status());
  TALLYSTICK_ASSIGN_OR_RETURN(const VerifyReport report, store->Verify());
  for (const std::uint64_t count : found) {
    if (!report.ok() || count != report.events) return absl::InternalError("the reads differ");
  }
  PrintLargestSize();
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  using Command = absl::Status (*)(const std::string& path, const Numbers& numbers);
  const std::map<std::string, Command> commands = {
      {"create", Create},        {"hold", Hold},         {"read", Read}, {"bulk", Bulk},
      {"edge-write", EdgeWrite}, {"edge-read", EdgeRead}};
  const auto command = argc >= 3 ? commands.find(argv[1]) : commands.end();
  if (command == commands.end()) return 2;
  Numbers numbers;
  for (int i = 3; i < argc; ++i) numbers.push_back(std::stoull(argv[i]));
  const absl::Status status = command->second(argv[2], numbers);
  if (!status.ok()) std::cerr << status << std::endl;
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace tallystick::testing

int main(int argc, char** argv) { return tallystick::testing::Main(argc, argv); }
