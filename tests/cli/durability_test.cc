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

// What the program did to files of this kind before it printed its summary, and to which.
std::vector<std::string> CallsBeforeSummary(const std::string& out, const std::string& kind) {
  std::vector<std::string> lines = LinesOf(out);
  const auto summary = std::find_if(lines.begin(), lines.end(), [](const auto& line) { return line.front() == '{'; });
  EXPECT_NE(summary, lines.end());
  lines.erase(summary, lines.end());
  std::erase_if(lines, [&kind](const std::string& line) { return line.find(kind) == std::string::npos; });
  return lines;
}

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
    const std::vector<std::string> lines =
        CallsBeforeSummary(RunProgram({"import", "--batch", "10", "--on-error", on_error}, text, here).out, ".log");
    EXPECT_THAT(lines, Contains(StartsWith("write ")));
    ASSERT_FALSE(lines.empty());
    EXPECT_THAT(lines.back(), StartsWith("fdatasync "));
  }
}

// A load in bulk has no log: its table files and the manifest that names them are synced.
TEST_F(DurabilityTest, ALoadIsOnStableStorageBeforeItsSummaryIsPrinted) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer wants to be loaded first";
#endif
  Surroundings here = Here();
  here.environment["LD_PRELOAD"] = LOG_CALLS;
  const std::string out = RunProgram({"import"}, Line({.id = "a"}) + "\n", here).out;
  const std::vector<std::string> manifest = CallsBeforeSummary(out, "/MANIFEST-");
  EXPECT_THAT(manifest, Contains(StartsWith("write ")));
  ASSERT_FALSE(manifest.empty());
  EXPECT_THAT(manifest.back(), StartsWith("fdatasync "));
  const std::vector<std::string> tables = CallsBeforeSummary(out, "/data.loading/");
  EXPECT_THAT(tables, Contains(StartsWith("write ")));
  for (const std::string& line : tables) {
    if (!line.starts_with("write ")) continue;
    EXPECT_THAT(tables, Contains("fdatasync " + line.substr(6))) << "each is synced as well";
  }
}

}  // namespace
}  // namespace tallystick::cli
