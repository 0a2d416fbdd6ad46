#include <regex>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/fixture.h"

namespace tallystick::cli {
namespace {

// Five events, the first two of one instant.
class ScanTest : public CliTest {
 protected:
  ScanTest() {
    Import(Line({.id = "d", .customer = "globex", .type = "call", .time = "2026-10-03T00:00:00Z"}) + "\n" +
           Line({.id = "a", .time = "2026-10-01T00:00:00Z"}) + "\n" +
           Line({.id = "b", .customer = "globex", .time = "2026-10-01T00:00:00Z"}) + "\n" +
           Line({.id = "e", .type = "[x,y]", .time = "2026-10-04T00:00:00.000000001Z"}) + "\n" +
           Line({.id = "c", .type = "call", .time = "2026-10-02T00:00:00Z"}) + "\n");
  }

  // The ids that a scan gives, as one word.
  std::string Scan(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "scan");
    std::string word;
    for (const std::string& id : EventIdsOf(DataOf(arguments))) word += id;
    return word;
  }

  struct Page {
    std::string ids;
    std::string cursor;  // empty when none was told
  };
  Page ScanPage(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "scan");
    const Finished finished = Tallystick(arguments);
    EXPECT_EQ(finished.status, 0);
    Page page;
    for (const std::string& id : EventIdsOf(finished.out)) page.ids += id;
    static const std::regex form(R"re(\{"cursor":"([A-Za-z0-9_-]+)"\}\n)re");
    std::smatch match;
    if (std::regex_match(finished.err, match, form)) {
      page.cursor = match[1];
    } else {
      EXPECT_EQ(finished.err, "");
    }
    return page;
  }
};

TEST_F(ScanTest, GivesARangeOfTimeInOrder) {
  const struct {
    std::vector<std::string> arguments;
    std::string ids;
  } kCases[] = {
      {{}, "abcde"},
      {{"--reverse"}, "edcba"},
      // `from` is included, `to` is not.
      {{"--from", "2026-10-02T00:00:00Z"}, "cde"},
      {{"--from", "2026-10-02T00:00:00.000000001Z"}, "de"},
      {{"--to", "2026-10-02T00:00:00Z"}, "ab"},
      {{"--to", "2026-10-04T00:00:00.000000001Z"}, "abcd"},
      {{"--to", "2026-10-04T00:00:00.000000002Z"}, "abcde"},
      {{"--from", "2026-10-01T00:00:00Z", "--to", "2026-10-03T00:00:00Z"}, "abc"},
      {{"--from", "2026-10-02T02:00:00+02:00", "--to", "2026-10-02T19:00:00-05:00", "--reverse"}, "c"},
      {{"--from", "2026-10-02T00:00:00Z", "--to", "2026-10-02T00:00:00Z"}, ""},
      {{"--from", "2026-10-03T00:00:00Z", "--to", "2026-10-01T00:00:00Z"}, ""},
      {{"--from", "0001-01-01T00:00:00Z", "--to", "9999-12-31T23:59:59.999999999Z"}, "abcde"},
      // An option that may be given again takes one value each time.
      {{"--type", "call"}, "cd"},
      {{"--type", "call", "--type", "message-sent"}, "abcd"},
      {{"--type", "[x,y]"}, "e"},
      {{"--type", "call,message-sent"}, ""},
      {{"--customer", "globex"}, "bd"},
      {{"--customer", "globex", "--customer", "acme", "--reverse"}, "edcba"},
      {{"--customer", "globex", "--type", "call"}, "d"},
      {{"--customer", "acme", "--type", "call", "--from", "2026-10-02T00:00:00Z"}, "c"},
      {{"--customer", "nobody"}, ""},
      {{"--customer", "scan"}, ""},
      {{"--limit", "5"}, "abcde"},
      {{"--limit", "18446744073709551615"}, "abcde"},
      {{"--limit", "010"}, "abcde"},  // ten
      {{"--limit", "2", "--customer", "globex"}, "bd"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Scan(c.arguments), c.ids) << ::testing::PrintToString(c.arguments);
  }
}

TEST_F(ScanTest, PagesMakeTheWhole) {
  const std::vector<std::vector<std::string>> kScans = {
      {},
      {"--reverse"},
      {"--customer", "acme"},
      {"--type", "call", "--type", "message-sent", "--reverse"},
      {"--from", "2026-10-01T00:00:00Z", "--to", "2026-10-04T00:00:00Z"},
  };
  for (const std::vector<std::string>& scan : kScans) {
    const std::string whole = Scan(scan);
    for (const std::size_t limit : {std::size_t{1}, std::size_t{2}, whole.size()}) {
      SCOPED_TRACE(::testing::PrintToString(scan) + ", pages of " + std::to_string(limit));
      std::string rest = whole;
      std::string cursor;
      do {
        std::vector<std::string> arguments = scan;
        arguments.insert(arguments.end(), {"--limit", std::to_string(limit)});
        if (!cursor.empty()) arguments.insert(arguments.end(), {"--cursor", cursor});
        const Page page = ScanPage(arguments);
        EXPECT_EQ(page.ids, rest.substr(0, limit));
        rest.erase(0, page.ids.size());
        cursor = page.cursor;
        ASSERT_EQ(cursor.empty(), rest.empty());
      } while (!cursor.empty());
    }
  }
}

TEST_F(ScanTest, ACursorGoesOnWithoutALimit) {
  const Page page = ScanPage({"--limit", "2"});
  EXPECT_EQ(page.ids, "ab");
  EXPECT_EQ(Scan({"--cursor", page.cursor}), "cde");
}

TEST_F(ScanTest, ACursorOfAnotherScanIsRefused) {
  const std::string cursor = ScanPage({"--limit", "1"}).cursor;
  ASSERT_NE(cursor, "");
  std::string altered = cursor;
  altered[3] = altered[3] == 'A' ? 'B' : 'A';
  const std::vector<std::vector<std::string>> kScans = {
      {"--cursor", cursor, "--reverse"},
      {"--cursor", cursor, "--type", "call"},
      {"--cursor", cursor, "--customer", "acme"},
      {"--cursor", cursor, "--account", "0184421e-a9cc-711b-af93-bf0511d4d833"},
      {"--cursor", altered},
      {"--cursor", cursor.substr(1)},
      {"--cursor", "rubbish"},
  };
  for (std::vector<std::string> arguments : kScans) {
    arguments.insert(arguments.begin(), "scan");
    const Finished finished = Tallystick(arguments);
    EXPECT_EQ(finished.status, 1) << ::testing::PrintToString(arguments);
    EXPECT_EQ(finished.out, "");
    EXPECT_THAT(finished.err, ::testing::StartsWith("tallystick: the cursor does not belong to this scan"));
  }
}

TEST_F(ScanTest, AnExportCanBeImported) {
  const std::string exported = DataOf({"scan"});
  const Finished imported = Tallystick({"import", "--db", Path("second")}, exported);
  EXPECT_EQ(imported.status, 0);
  EXPECT_EQ(imported.err, "");
  EXPECT_EQ(SummaryOf(imported), (Summary{.read = 5, .created = 5}));
  const std::string second = DataOf({"scan", "--db", Path("second")});
  EXPECT_EQ(WithoutStoredIds(second), WithoutStoredIds(exported));
  EXPECT_NE(second, exported);

  // Into the store that it came from, it changes nothing.
  EXPECT_EQ(SummaryOf(Tallystick({"import"}, exported)), (Summary{.read = 5, .unchanged = 5}));
}

TEST_F(ScanTest, AnAccountWithoutEventsIsAnEmptyAnswer) {
  EXPECT_EQ(Scan({"--account", "0184421e-a9cc-711b-af93-bf0511d4d833"}), "");
}

}  // namespace
}  // namespace tallystick::cli
