#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/fixture.h"

namespace tallystick::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

class ProgressTest : public CliTest {
 protected:
  Finished RunOnTerminal(const std::vector<std::string>& arguments, std::string_view input = "",
                         int columns = 80) const {
    Surroundings here = Here();
    here.terminal_columns = columns;
    return RunProgram(arguments, input, here);
  }

  static constexpr char kGone[] = "\r\x1b[K";  // to the line's start, and erase
};

TEST_F(ProgressTest, AFileShowsABarThatIsTakenAway) {
  const std::string first = Line({.id = "a"}) + "\n";
  const std::string file = WriteFile("input", first + Line({.id = "b"}) + "\n");
  const Finished finished = RunOnTerminal({"import", "--batch", "1", file});
  EXPECT_EQ(finished.status, 0);
  // Drawn after the first batch, and at times again.
  EXPECT_THAT(finished.err,
              MatchesRegex("\r\\[############            \\] 50 %  1 events  [0-9,]+/s  [0-9]+:[0-9][0-9] left\x1b\\[K"
                           "(\r\\[.*left\x1b\\[K)?\r\x1b\\[K"));
  EXPECT_EQ(SummaryOf(finished), (Summary{.read = 2, .created = 2}));
}

TEST_F(ProgressTest, APipeShowsWhatIsKnown) {
  const Finished finished = RunOnTerminal({"import"}, Line({.id = "a"}) + "\n");
  EXPECT_THAT(finished.err, MatchesRegex("\r1 events  [0-9,]+/s  [0-9]+:[0-9][0-9]\x1b\\[K\r\x1b\\[K"));
}

// What goes on in a second line could not be erased.
TEST_F(ProgressTest, ABarIsNotWiderThanTheTerminal) {
  const Finished finished = RunOnTerminal({"import"}, Line({.id = "a"}) + "\n", 8);
  EXPECT_EQ(finished.err, "\r1 event\x1b[K\r\x1b[K");
}

TEST_F(ProgressTest, AMessageTakesTheBarsPlace) {
  const Finished finished = RunOnTerminal({"import", "--batch", "1"}, Line({.id = "a"}) + "\nrubbish\n");
  EXPECT_THAT(finished.err, HasSubstr(std::string(kGone) + "-:2: expects a value (byte 0)\r\n"));
}

TEST_F(ProgressTest, VerifyShowsABar) {
  Import(Line({.id = "a"}) + "\n");
  const Finished finished = RunOnTerminal({"verify"});
  EXPECT_THAT(finished.err, MatchesRegex("\r\\[[# ]+\\] [0-9]+ %  [0-9]+ rows  .*\r\x1b\\[K"));
  EXPECT_THAT(finished.out, StartsWith(R"({"ok":true,)"));
}

TEST_F(ProgressTest, SettingTheTimeOfDayDoesNotMatter) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer wants to be loaded first";
#endif
  Surroundings here = Here();
  here.terminal_columns = 80;
  here.environment["LD_PRELOAD"] = STEPPING_CLOCK;
  const Finished finished = RunProgram({"import", "--batch", "1"}, Line({.id = "a"}) + "\n", here);
  EXPECT_EQ(SummaryOf(finished), (Summary{.read = 1, .created = 1}));  // its seconds are not negative
  // Nor is the rate 1,000/s, which is what a negative time came to.
  EXPECT_THAT(finished.err, MatchesRegex("\r1 events  [0-9]{1,3}/s  [0-9]+:[0-9][0-9]\x1b\\[K\r\x1b\\[K"));
}

TEST_F(ProgressTest, WithoutATerminalThereIsNone) {
  std::string lines;
  for (int i = 0; i < 50; ++i) lines += Line({.id = std::to_string(i)}) + "\n";
  const Finished finished = Tallystick({"import", "--batch", "1", WriteFile("input", lines)});
  EXPECT_EQ(finished.err, "");
  EXPECT_EQ(Tallystick({"verify"}).err, "");
}

}  // namespace
}  // namespace tallystick::cli