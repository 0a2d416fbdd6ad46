// Real input: a day of edits of Wikipedia pages.

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/fixture.h"

namespace tallystick::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// 39,244 edits of pages, of which 3,966 are of a page that was edited before: $TALLYSTICK_WIKI_PAGES, or in the folder
// `shared` beside the project's.
class WikiPagesTest : public CliTest {
 protected:
  static std::string File() {
    const char* const given = std::getenv("TALLYSTICK_WIKI_PAGES");
    return given != nullptr ? given : SourcePath("../shared/data/wiki-pages.ndjson.gz");
  }
};

TEST_F(WikiPagesTest, EndsWithTheLastEditOfEachPage) {
  if (!std::filesystem::exists(File())) GTEST_SKIP() << "there is no " << File();
  const Finished unpacked = Process("zcat", {File()}).Wait();
  ASSERT_EQ(unpacked.status, 0) << unpacked.err;

  const Finished first = Tallystick({"import"}, unpacked.out);
  EXPECT_EQ(first.status, 0);
  EXPECT_EQ(first.err, "");
  EXPECT_EQ(SummaryOf(first), (Summary{.read = 39244, .created = 35278, .superseded = 3966}));
  const std::string scan = DataOf({"scan"});
  EXPECT_EQ(LinesOf(scan).size(), 35278U);
  EXPECT_THAT(DataOf({"verify"}), StartsWith(R"({"ok":true,"events":35278,"eventIds":35278,"customers":35278,)"));

  // Metered: a sum of it all, and one of each hour.
  const std::vector<std::string> day = {"--from", "2015-09-12T00:00:00Z", "--to", "2015-09-13T00:00:00Z"};
  const auto query = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"query", "--type", "wiki.edit", "--aggregation", "sum"});
    arguments.insert(arguments.end(), day.begin(), day.end());
    return LinesOf(DataOf(arguments));
  };
  EXPECT_THAT(query({"--property", "added"}),
              ElementsAre(R"({"from":"2015-09-12T00:00:00Z","to":"2015-09-13T00:00:00Z","group":{},)"
                          R"("value":"8056215","count":35278})"));
  const std::vector<std::string> hours = query({"--property", "delta", "--window", "hour"});
  ASSERT_EQ(hours.size(), 24U);
  EXPECT_THAT(hours[0], HasSubstr(R"("value":"28353")"));
  EXPECT_THAT(hours[1], HasSubstr(R"("value":"158520")"));

  // Again: the same events, whatever was superseded back and forth on the way.
  const Summary again = SummaryOf(Tallystick({"import"}, unpacked.out));
  EXPECT_EQ(again.read, 39244U);
  EXPECT_EQ(again.created, 0U);
  EXPECT_EQ(again.rejected, 0U);
  EXPECT_EQ(again.unchanged + again.superseded, 39244U);
  const std::string scan_again = DataOf({"scan"});
  EXPECT_TRUE(WithoutStoredIds(scan_again) == WithoutStoredIds(scan));
  EXPECT_THAT(DataOf({"verify"}), StartsWith(R"({"ok":true,"events":35278,)"));

  // An export is an import.
  const Finished exported = Tallystick({"import", "--db", Path("second")}, scan);
  EXPECT_EQ(SummaryOf(exported), (Summary{.read = 35278, .created = 35278}));
  EXPECT_TRUE(WithoutStoredIds(DataOf({"scan", "--db", Path("second")})) == WithoutStoredIds(scan));
  EXPECT_THAT(DataOf({"verify", "--db", Path("second")}), StartsWith(R"({"ok":true,"events":35278,)"));
}

}  // namespace
}  // namespace tallystick::cli
