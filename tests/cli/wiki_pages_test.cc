// Real input: a day of edits of Wikipedia pages.

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
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

  void SetUp() override {
    if (!std::filesystem::exists(File())) GTEST_SKIP() << "there is no " << File();
    Finished unpacked = Process("zcat", {File()}).Wait();
    ASSERT_EQ(unpacked.status, 0) << unpacked.err;
    edits_ = std::move(unpacked.out);
  }

  // Rows of the day.
  std::vector<std::string> Query(const std::vector<std::string>& arguments) const {
    std::vector<std::string> words = {"query"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    words.insert(words.end(), {"--from", "2015-09-12T00:00:00Z", "--to", "2015-09-13T00:00:00Z"});
    const Finished finished = Tallystick(words);
    EXPECT_EQ(finished.status, 0) << finished.err;
    const bool declared = arguments[0] == "--meter";
    EXPECT_EQ(finished.err, declared ? "tallystick: answered from rollups; 0 events read\n" : "");
    return LinesOf(finished.out);
  }
  // What `added` and `delta` are to give: ad hoc meters, or declared ones.
  void ExpectTheDaysSums(const std::vector<std::string>& added, std::vector<std::string> delta) const {
    EXPECT_THAT(Query(added), ElementsAre(R"({"from":"2015-09-12T00:00:00Z","to":"2015-09-13T00:00:00Z","group":{},)"
                                          R"("value":"8056215","count":35278})"));
    delta.insert(delta.end(), {"--window", "hour"});
    const std::vector<std::string> hours = Query(delta);
    ASSERT_EQ(hours.size(), 24U);
    EXPECT_THAT(hours[0], HasSubstr(R"("value":"28353")"));
    EXPECT_THAT(hours[1], HasSubstr(R"("value":"158520")"));
  }

  static std::vector<std::string> SumOf(const std::string& property) {
    return {"--type", "wiki.edit", "--aggregation", "sum", "--property", property};
  }

  std::string edits_;
};

TEST_F(WikiPagesTest, EndsWithTheLastEditOfEachPage) {
  const Finished first = Tallystick({"import"}, edits_);
  EXPECT_EQ(first.status, 0);
  EXPECT_EQ(first.err, "");
  EXPECT_EQ(SummaryOf(first), (Summary{.read = 39244, .created = 35278, .superseded = 3966}));
  const std::string scan = DataOf({"scan"});
  EXPECT_EQ(LinesOf(scan).size(), 35278U);
  EXPECT_THAT(DataOf({"verify"}), StartsWith(R"({"ok":true,"events":35278,"eventIds":35278,"customers":35278,)"));
  ExpectTheDaysSums(SumOf("added"), SumOf("delta"));

  // Again: the same events, whatever was superseded back and forth on the way.
  const Summary again = SummaryOf(Tallystick({"import"}, edits_));
  EXPECT_EQ(again.read, 39244U);
  EXPECT_EQ(again.created, 0U);
  EXPECT_EQ(again.rejected, 0U);
  EXPECT_EQ(again.unchanged + again.superseded, 39244U);
  const std::string scan_again = DataOf({"scan"});
  EXPECT_TRUE(WithoutStoredIds(scan_again) == WithoutStoredIds(scan));
  EXPECT_THAT(DataOf({"verify"}), StartsWith(R"({"ok":true,"events":35278,)"));
  ExpectTheDaysSums(SumOf("added"), SumOf("delta"));

  // An export is an import.
  const Finished exported = Tallystick({"import", "--db", Path("second")}, scan);
  EXPECT_EQ(SummaryOf(exported), (Summary{.read = 35278, .created = 35278}));
  EXPECT_TRUE(WithoutStoredIds(DataOf({"scan", "--db", Path("second")})) == WithoutStoredIds(scan));
  EXPECT_THAT(DataOf({"verify", "--db", Path("second")}), StartsWith(R"({"ok":true,"events":35278,)"));
}

TEST_F(WikiPagesTest, ADeclaredMeterGivesTheSameSums) {
  const auto define = [this](const std::string& name, const std::string& property) {
    std::vector<std::string> words = {"meter", "define", name};
    const std::vector<std::string> meter = SumOf(property);
    words.insert(words.end(), meter.begin(), meter.end());
    EXPECT_THAT(DataOf(words), HasSubstr(R"("outcome":"created")"));
  };
  const auto expect_the_days_sums = [this](const std::string& when) {
    SCOPED_TRACE(when);
    ExpectTheDaysSums({"--meter", "added-" + when}, {"--meter", "delta-" + when});
  };
  define("added-before", "added");
  define("delta-before", "delta");
  EXPECT_EQ(Tallystick({"import"}, edits_).status, 0);
  expect_the_days_sums("before");
  define("added-after", "added");
  define("delta-after", "delta");
  expect_the_days_sums("after");

  // What was superseded on the way back and forth leaves no trace.
  EXPECT_EQ(Tallystick({"import"}, edits_).status, 0);
  expect_the_days_sums("before");
  expect_the_days_sums("after");
  ExpectTheDaysSums(SumOf("added"), SumOf("delta"));
}

}  // namespace
}  // namespace tallystick::cli
