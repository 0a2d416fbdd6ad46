#include <memory>
#include <string>

#include "command.h"
#include "tallystick/event.h"

namespace tallystick::tools {
namespace {

struct GetOptions {
  Target target;
  std::string id;
};

int Get(const GetOptions& options) {
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenToRead(options.target);
  if (!store.ok()) return Fail(store.status());
  const absl::StatusOr<OwnedEvent> event = (*store)->Get(options.target.account, options.id);
  if (!event.ok()) return Fail(event.status());
  return Answer(ToJson(**event));
}

}  // namespace

void AddGet(CLI::App* program, int* exit_status) {
  CLI::App* command = program->add_subcommand("get", "Prints one event by its customerEventId");
  const auto options = std::make_shared<GetOptions>();
  AddTarget(command, &options->target);
  command->add_option("ID", options->id, "The event's customerEventId")->required();
  command->footer("Example: tallystick get --db usage.db event-1");
  command->callback([options, exit_status] { *exit_status = Get(*options); });
}

}  // namespace tallystick::tools
