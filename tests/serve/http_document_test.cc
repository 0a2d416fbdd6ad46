// Every command that docs/HTTP.md shows, run in its order against the program, gives the answer that it shows.

#include <cstddef>
#include <memory>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/docs/markdown.h"
#include "tests/support/process.h"
#include "tests/support/temp_folder.h"

namespace tallystick::serve {
namespace {

using testing::Finished;
using testing::Process;

constexpr char kDocument[] = "docs/HTTP.md";
constexpr char kAddress[] = "http://127.0.0.1:8080";
constexpr char kServe[] = "tallystick serve --db usage.db";

struct Command {
  std::string text;     // of a shell; may have several lines
  std::string printed;  // what it is shown to print
};

// Behind `$ ` stands a command, which goes on in the lines behind it that are indented.
std::vector<Command> ShownCommands() {
  std::vector<Command> commands;
  for (const docs::Block& block : docs::FencedBlocks(docs::ReadSource(kDocument))) {
    if (block.info != "console") continue;
    std::istringstream lines(block.text);
    bool goes_on = false;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("$ ")) {
        commands.push_back({.text = line.substr(2) + "\n", .printed = ""});
        goes_on = true;
      } else if (goes_on && line.starts_with("    ")) {
        commands.back().text += line + "\n";
      } else {
        goes_on = false;
        commands.back().printed += line + "\n";
      }
    }
  }
  return commands;
}

std::string Replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// Without what differs from run to run: ids, cursors, the time, a credential's name, and how far the building of a
// meter is.
std::string Lasting(std::string text) {
  for (const auto& [what, by] : std::vector<std::pair<std::string, std::string>>{
           {"\r", ""},
           {R"([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})", "ID"},
           {R"re("(after|before)":"[^"]+")re", R"("$1":"CURSOR")"},
           {"\nDate: [^\n]*", "\nDate: NOW"},
           {"\nContent-Length: [^\n]*", "\nContent-Length: N"},
           {R"("state":"(complete"|building","eventsRead":[0-9]+))", R"("state":"...")"},
           {R"("id":"[0-9a-f]{16}")", R"("id":"NAME")"},
           {R"("created":"[^"]+")", R"("created":"NOW")"},
       }) {
    text = std::regex_replace(text, std::regex(what), by);
  }
  if (!text.empty() && text.back() != '\n') text += '\n';
  return text;
}

TEST(HttpDocument, EveryCommandPrintsWhatIsShown) {
  const testing::TempFolder folder;
  const std::string program = TALLYSTICK_PROGRAM;
  std::unique_ptr<Process> server;
  std::string url = kAddress;
  const std::vector<Command> commands = ShownCommands();
  EXPECT_GE(commands.size(), 20u);
  for (const Command& command : commands) {
    std::string printed;
    if (command.text.starts_with(kServe)) {
      server = std::make_unique<Process>(
          program, std::vector<std::string>{"serve", "--db", folder.path("usage.db"), "--listen", "127.0.0.1:0"});
      ASSERT_TRUE(server->WaitForOut("\n"));
      printed = server->out();
      url = Replaced(printed.substr(printed.find("http")), "\"}\n", "");
    } else {
      const std::string path = "PATH=" + program.substr(0, program.rfind('/')) + ":$PATH\n";
      const Finished finished = Process("bash", {"-c", path + Replaced(command.text, kAddress, url)}, "",
                                        {.environment = {}, .folder = folder.path()})
                                    .Wait();
      EXPECT_EQ(finished.status, 0) << command.text << finished.err;
      EXPECT_EQ(finished.err, "") << command.text;
      printed = finished.out;
    }
    EXPECT_EQ(Lasting(Replaced(printed, url, kAddress)), Lasting(command.printed)) << command.text;
  }
}

}  // namespace
}  // namespace tallystick::serve
