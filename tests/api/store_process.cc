// A program for tests that need a store in a process of its own: to kill it, to lock it out, to weigh it.
//
//   store_process create PATH   makes a store
//   store_process hold PATH     opens for writing, stores the event "held", prints "holding", waits for its input's end
//   store_process write PATH    prints "acknowledged N" for each synced or buffered event N it has stored, without end
//   store_process read PATH     prints the number of events that a reader finds
//   store_process edge PATH N   stores N events of about 280 bytes of 300 customers with the edge profile, then reads
//   them
//                               all back by id, time, customer and change; prints the process's largest resident size
//                               in KiB
//
// All use account 1 (see stored.h). An error is printed, and the exit status is 1.

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
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
#include "tests/support/stored.h"

namespace tallystick::testing {
namespace {

using Numbers = std::vector<std::uint64_t>;  // what comes behind the path

Event MakeEvent(std::string_view id) {
  return {.customer_event_id = id, .customer_alias = "acme", .event_type = "message-sent"};
}

absl::Status Create(const std::string& path, const Numbers&) { return Store::Open(path).status(); }

absl::Status Hold(const std::string& path, const Numbers&) {
  TALLYSTICK_ASSIGN_OR_RETURN(const auto store, Store::Open(path));
  TALLYSTICK_RETURN_IF_ERROR(store->Put(Account(1), MakeEvent("held")).status());
  std::cout << "holding" << std::endl;
  std::cin.get();
  return absl::OkStatus();
}

absl::Status Write(const std::string& path, const Numbers&) {
  TALLYSTICK_ASSIGN_OR_RETURN(const auto store, Store::Open(path));
  for (std::uint64_t n = 0;; ++n) {
    const std::string id = "event-" + std::to_string(n);
    const Durability durability = n % 8 == 0 ? Durability::kSynced : Durability::kBuffered;
    TALLYSTICK_RETURN_IF_ERROR(store->Put(Account(1), MakeEvent(id), {.durability = durability}).status());
    std::cout << "acknowledged " << n << std::endl;
  }
}

absl::Status Read(const std::string& path, const Numbers&) {
  TALLYSTICK_ASSIGN_OR_RETURN(const auto store, Store::Open(path, {.read_only = true}));
  TALLYSTICK_ASSIGN_OR_RETURN(const auto events, ReadAll(store->Scan({.account = Account(1)})));
  std::cout << events.size() << std::endl;
  return absl::OkStatus();
}

absl::Status Edge(const std::string& path, const Numbers& numbers) {
  const std::uint64_t count = numbers.at(0);
  TALLYSTICK_ASSIGN_OR_RETURN(const auto store,
                              Store::Open(path, {.profile = Profile::kEdge, .durability = Durability::kBuffered}));
  const std::string text(numbers.at(1), 'x');
  std::vector<std::string> aliases;
  for (int i = 0; i < 300; ++i) aliases.push_back("customer-0123456" + std::to_string(100 + i));
  // The second round supersedes: ids in another order, so that look-ups go all over the files.
  for (const std::uint64_t step : {std::uint64_t{1}, std::uint64_t{7919}}) {
    for (std::uint64_t n = 0; n < count;) {
      std::vector<std::pair<std::string, std::string>> texts;
      for (; n < count && texts.size() < 1000 && texts.size() * text.size() < 256 * 1024; ++n) {
        const std::uint64_t number = n * step % count;
        texts.emplace_back("event-" + std::to_string(number * 2654435761 % 1'000'000'007) + std::to_string(number),
                           R"({"length":)" + std::to_string(n + step) + R"(,"text":")" + text + R"("})");
      }
      std::vector<Event> events;
      for (const auto& [id, properties] : texts) {
        events.push_back({.customer_event_id = id,
                          .customer_alias = aliases[n % aliases.size()],
                          .event_type = "message-sent",
                          .event_timestamp = absl::FromUnixSeconds(static_cast<std::int64_t>(1'760'000'000 + n)),
                          .event_properties = properties});
      }
      TALLYSTICK_RETURN_IF_ERROR(store->Write(Account(1), events).status());
    }
  }
  std::uint64_t found = 0;
  EventIterator events = store->Scan({.account = Account(1)});
  for (; events.Valid(); events.Next()) {
    if (++found % 16 == 0) {
      TALLYSTICK_RETURN_IF_ERROR(store->Get(Account(1), events.event().customer_event_id).status());
    }
  }
  TALLYSTICK_RETURN_IF_ERROR(events.status());
  EventIterator by_customer = store->Scan({.account = Account(1), .customer_aliases = aliases});
  for (; by_customer.Valid(); by_customer.Next()) ++found;
  TALLYSTICK_RETURN_IF_ERROR(by_customer.status());
  ChangeIterator changes = store->Changes();
  for (; changes.Valid(); changes.Next()) ++found;
  TALLYSTICK_RETURN_IF_ERROR(changes.status());
  if (found != 3 * count) return absl::InternalError("found " + std::to_string(found) + " events and changes");
  TALLYSTICK_ASSIGN_OR_RETURN(const VerifyReport report, store->Verify());
  if (!report.ok() || report.events != count) return absl::InternalError("the store does not verify");
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  std::cout << usage.ru_maxrss << std::endl;
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  using Command = absl::Status (*)(const std::string& path, const Numbers& numbers);
  const std::map<std::string, Command> commands = {
      {"create", Create}, {"hold", Hold}, {"write", Write}, {"read", Read}, {"edge", Edge}};
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
