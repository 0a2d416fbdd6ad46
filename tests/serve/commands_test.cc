// Commands of the program beside a server that has the store open.

#include <signal.h>

#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tallystick/backup.h"
#include "tests/serve/fixture.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"

namespace tallystick::serve {
namespace {

using testing::Finished;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::Process;

class CommandsTest : public ServeTest {
 protected:
  Finished Run(std::vector<std::string> words) const {
    words.insert(words.end(), {"--db", db()});
    return Process(TALLYSTICK_PROGRAM, words).Wait();
  }
  // Of a command that is to do its work.
  std::string OutOf(const std::vector<std::string>& words) const {
    const Finished finished = Run(words);
    EXPECT_EQ(finished.status, 0) << finished.err;
    return finished.out;
  }
  // On one store: what commands print must not depend on who carries them out.
  std::string OutOfMeters() const {
    const std::vector<std::string> account = {"--account", account_.ToString()};
    std::string out;
    for (std::vector<std::string> words :
         {std::vector<std::string>{"meter", "define", "calls", "--type", "call", "--aggregation", "count"},
          {"meter", "list"},
          {"meter", "drop", "calls"},
          {"meter", "list"}}) {
      words.insert(words.end(), account.begin(), account.end());
      out += OutOf(words);
    }
    return out;
  }
};

TEST_F(CommandsTest, AServerCarriesMeterCommandsOut) {
  const std::string by_themselves = OutOfMeters();
  EXPECT_THAT(by_themselves, HasSubstr("calls"));
  Start();
  EXPECT_EQ(OutOfMeters(), by_themselves);
}

TEST_F(CommandsTest, AServerMakesABackupOfWhatItHasAcknowledged) {
  ASSERT_EQ(Call(PostOf("one")).status, 201);
  const std::string backups = Path("backups");
  EXPECT_THAT(OutOf({"backup", backups}), HasSubstr("\"lastSequence\":1"));
  ASSERT_EQ(Call(PostOf("two")).status, 201);
  EXPECT_EQ(End(SIGTERM).status, 0);

  EXPECT_EQ(Process(TALLYSTICK_PROGRAM, {"restore", backups, "--db", Path("restored")}).Wait().status, 0);
  const Finished scanned =
      Process(TALLYSTICK_PROGRAM, {"scan", "--db", Path("restored"), "--account", account_.ToString()}).Wait();
  EXPECT_EQ(EventIdsIn(scanned.out), std::vector<std::string>{"one"}) << scanned.err;
}

TEST_F(CommandsTest, ThereIsOneServerForAStore) {
  Start();
  const Finished second = Run({"serve", "--listen", "127.0.0.1:0"});
  EXPECT_EQ(second.status, 1);
  EXPECT_THAT(second.err, HasSubstr("open for writing"));
  EXPECT_EQ(Call(PostOf("one")).status, 201);  // the first goes on, and so does its socket
  EXPECT_EQ(OutOf({"meter", "list"}), "");
}

TEST_F(CommandsTest, AServerThatWasKilledIsInNobodysWay) {
  ASSERT_EQ(Call(PostOf("one")).status, 201);
  End(SIGKILL);
  ASSERT_TRUE(std::filesystem::exists(db() + "/control"));
  EXPECT_THAT(OutOf({"backup", Path("backups")}), HasSubstr("\"lastSequence\":1"));
  Start();
  EXPECT_EQ(OutOf({"meter", "list"}), "");
  EXPECT_EQ(End(SIGTERM).status, 0);
  EXPECT_FALSE(std::filesystem::exists(db() + "/control"));
}

}  // namespace
}  // namespace tallystick::serve
