#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/fixture.h"

namespace tallystick::cli {
namespace {

using ::testing::Contains;
using ::testing::StartsWith;

class DurabilityTest : public CliTest {};

// Whoever reads the summary may delete the file.
TEST_F(DurabilityTest, AnImportIsOnStableStorageBeforeItsSummaryIsPrinted) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer wants to be loaded first";
#endif
  Surroundings here = Here();
  here.environment["LD_PRELOAD"] = LOG_CALLS;
  const std::string input = Line({.id = "a"}) + "\n" + Line({.id = "b"}) + "\n";
  // "stop" writes the line before the bad one a second time.
  for (const auto& [on_error, text] :
       {std::pair{"skip", input}, std::pair{"stop", Line({.id = "c"}) + "\nrubbish\n"}}) {
    SCOPED_TRACE(on_error);
    std::vector<std::string> lines = LinesOf(RunProgram({"import", "--on-error", on_error}, text, here).out);
    const auto summary = std::find_if(lines.begin(), lines.end(), [](const auto& line) { return line.front() == '{'; });
    ASSERT_NE(summary, lines.end());
    lines.erase(summary, lines.end());
    EXPECT_THAT(lines, Contains(StartsWith("write ")));
    ASSERT_FALSE(lines.empty());
    EXPECT_THAT(lines.back(), StartsWith("fdatasync "));
  }
}

}  // namespace
}  // namespace tallystick::cli
