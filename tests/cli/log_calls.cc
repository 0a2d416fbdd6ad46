// Loaded into the program before the C library: says on standard output what is written to the store's logs, table
// files and manifests, and when it is synced, a line each ("write PATH", "fdatasync PATH").

#include <unistd.h>

#include <memory>
#include <string>

#include "tests/support/file_calls.h"

namespace tallystick::testing {
namespace {

class SayLogCalls : public FileCallWatcher {
 public:
  void Succeeded(const FileCall& call) override {
    const bool manifest = call.path.find("/MANIFEST-") != std::string::npos;
    if (!call.path.ends_with(".log") && !call.path.ends_with(".sst") && !manifest) return;
    const std::string line = std::string(call.name) + " " + call.path + "\n";
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) return;  // the test misses it
  }
};

const bool watched = [] {
  WatchFileCalls(std::make_shared<SayLogCalls>());
  return true;
}();

}  // namespace
}  // namespace tallystick::testing
