#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/fixture.h"

namespace tallystick::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class BesideAWriterTest : public CliTest {
 protected:
  BesideAWriterTest() : writer_(ProgramPath(), {"import", "--batch", "1"}, Line({.id = "a"}) + "\nrubbish\n", Open()) {
    // The line before it is stored by now, and the writer waits for more.
    EXPECT_TRUE(writer_.WaitForErr("-:2: "));
  }

  Process writer_;

 private:
  Surroundings Open() const {
    Surroundings here = Here();
    here.unfinished_input = true;
    return here;
  }
};

TEST_F(BesideAWriterTest, AnotherWriterIsToldWhoHoldsTheStore) {
  const Finished finished = Tallystick({"import"}, Line({.id = "b"}));
  EXPECT_EQ(finished.status, 1);
  EXPECT_EQ(finished.out, "");
  EXPECT_EQ(finished.err, "tallystick: " + Path("store") + ": the store is open for writing in process " +
                              std::to_string(writer_.id()) + "\n");

  writer_.Send(Line({.id = "c"}) + "\n");
  writer_.FinishInput();
  EXPECT_EQ(SummaryOf(writer_.Wait()), (Summary{.read = 3, .created = 2, .rejected = 1}));
  EXPECT_EQ(SummaryOf(Tallystick({"import"}, Line({.id = "b"}))), (Summary{.read = 1, .created = 1}));
}

TEST_F(BesideAWriterTest, ReadingCommandsWork) {
  EXPECT_EQ(EventIdsOf(DataOf({"get", "a"})), std::vector<std::string>{"a"});
  EXPECT_EQ(EventIdsOf(DataOf({"scan"})), std::vector<std::string>{"a"});
  EXPECT_THAT(DataOf({"stats"}), HasSubstr(R"("events":1,)"));
  EXPECT_THAT(DataOf({"verify"}), StartsWith(R"({"ok":true,"events":1,)"));

  // What it stores in the meantime is seen by the next one that looks.
  writer_.Send(Line({.id = "b"}) + "\nrubbish\n");
  EXPECT_TRUE(writer_.WaitForErr("-:4: "));
  EXPECT_EQ(EventIdsOf(DataOf({"scan"})), (std::vector<std::string>{"a", "b"}));
  writer_.FinishInput();
  EXPECT_EQ(writer_.Wait().status, 3);
}

}  // namespace
}  // namespace tallystick::cli
