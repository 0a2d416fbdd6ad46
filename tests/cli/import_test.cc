#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tallystick/event.h"
#include "tests/cli/fixture.h"

namespace tallystick::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

class ImportTest : public CliTest {
 protected:
  std::vector<std::string> StoredIds() const { return EventIdsOf(DataOf({"scan"})); }
};

// An event of exactly this many bytes.
std::string LineOfSize(const std::string& id, std::size_t size) {
  std::string line = Line({.id = id});
  line.insert(line.size() - 1, std::string(size - line.size(), ' '));
  return line;
}

TEST_F(ImportTest, CountsEveryOutcome) {
  const std::string input = Line({.id = "a"}) + "\n" + Line({.id = "b"}) + "\n" +
                            Line({.id = "a", .properties = R"({"length":1})"}) + "\n" + Line({.id = "b"}) +
                            "\nrubbish\n";
  const Finished finished = Tallystick({"import"}, input);
  EXPECT_EQ(finished.status, 3);
  EXPECT_EQ(SummaryOf(finished), (Summary{.read = 5, .created = 2, .superseded = 1, .unchanged = 1, .rejected = 1}));
  EXPECT_EQ(finished.err, "-:5: expects a value (byte 0)\n");
  EXPECT_THAT(StoredIds(), ElementsAre("b", "a"));  // of one time, so in the order of storing
}

TEST_F(ImportTest, ASecondTimeIsUnchanged) {
  const std::string input = Line({.id = "a"}) + "\n" + Line({.id = "b"}) + "\n";
  Import(input);
  const std::string before = DataOf({"scan"});
  const Finished again = Tallystick({"import"}, input);
  EXPECT_EQ(again.status, 0);
  EXPECT_EQ(SummaryOf(again), (Summary{.read = 2, .unchanged = 2}));
  EXPECT_EQ(DataOf({"scan"}), before);
}

TEST_F(ImportTest, RubbishCostsItsOwnLineWhereverItStands) {
  const std::string a = Line({.id = "a"}) + "\n";
  const std::string b = Line({.id = "b"}) + "\n";
  const struct {
    std::string name;
    std::string input;
    std::string line;
  } kCases[] = {
      {"first", "rubbish\n" + a + b, "1"},
      {"middle", a + "rubbish\n" + b, "2"},
      {"last", a + b + "rubbish\n", "3"},
      {"last-without-end", a + b + "rubbish", "3"},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.name);
    const std::string account = AccountOf(static_cast<std::size_t>(&c - kCases));
    const std::string file = WriteFile(c.name, c.input);
    const Finished finished = Tallystick({"import", "--account", account, file});
    EXPECT_EQ(finished.status, 3);
    EXPECT_EQ(SummaryOf(finished), (Summary{.read = 3, .created = 2, .rejected = 1}));
    EXPECT_EQ(finished.err, file + ":" + c.line + ": expects a value (byte 0)\n");
    EXPECT_THAT(EventIdsOf(DataOf({"scan", "--account", account})), ElementsAre("a", "b"));
  }
}

TEST_F(ImportTest, EachRejectedLineIsToldWithItsReason) {
  // What stands in a line, and what is said of it.
  const std::vector<std::pair<std::string, std::string>> kLines = {
      {"{", "ends too early (byte 1)"},
      {"[]", "must be a JSON object (byte 0)"},
      {R"({"customerAlias":"a"})", "/eventType: is required"},
      {R"({"customerAlias":"a","eventType":7})", "/eventType: must be a string (byte 33)"},
      {R"({"customerAlias":"","eventType":"t"})", "/customerAlias: must not be empty (byte 17)"},
      {R"({"customerAlias":"a","eventType":"t","eventTimestmp":"2026-10-01T00:00:00Z"})",
       "/eventTimestmp: is not a field of an event (byte 37)"},
      {Line({.id = "twice"}) + Line({.id = "twice"}), "has something behind its end (byte 138)"},
      {std::string("\0", 1), "expects a value (byte 0)"},
      {std::string(kByteOrderMark) + Line({.id = "mark"}), "expects a value (byte 0)"},
      {Line({.id = "caf\xe9"}), "is not valid UTF-8 (byte 23)"},
      {Line({.properties = R"({"a":1,"a":2})"}), "/eventProperties/a: is given twice (byte 116)"},
      {Line({.properties = R"({"a":01})"}), "expects a value (byte 114)"},
  };
  std::string input;
  std::vector<std::string> told;
  for (const auto& [line, reason] : kLines) {
    input += Line({.id = "event-" + std::to_string(told.size())}) + "\n" + line + "\n";
    told.push_back("-:" + std::to_string(2 * told.size() + 2) + ": " + reason);
  }
  const Finished finished = Tallystick({"import"}, input);
  EXPECT_EQ(finished.status, 3);
  EXPECT_EQ(SummaryOf(finished),
            (Summary{.read = 2 * kLines.size(), .created = kLines.size(), .rejected = kLines.size()}));
  EXPECT_EQ(LinesOf(finished.err), told);
}

TEST_F(ImportTest, BlankLinesAreCountedAndNotRead) {
  const Finished finished = Tallystick({"import"}, "\n \t \n\r\n" + Line({.id = "a"}) + "\n\n\nrubbish\n \n\t");
  EXPECT_EQ(finished.status, 3);
  EXPECT_EQ(SummaryOf(finished), (Summary{.read = 2, .created = 1, .rejected = 1}));
  EXPECT_THAT(finished.err, ::testing::StartsWith("-:7: "));
}

// Once the import ended, and told of a success, where a whole batch was blank.
TEST_F(ImportTest, BlankLinesAreNotTheEndHoweverManyTheyAre) {
  constexpr std::size_t kBytes = 9 * 1024 * 1024;  // more than a batch
  std::string long_lines;
  for (std::size_t i = 0; i < 9; ++i) long_lines += std::string(kBytes / 9 - 1, ' ') + "\n";
  const struct {
    std::string name;
    std::string blank;
    std::size_t lines;
  } kCases[] = {
      {"short", std::string(kBytes, '\n'), kBytes},
      {"long", long_lines, 9},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.name);
    const std::string account = AccountOf(static_cast<std::size_t>(&c - kCases));
    const std::string file = WriteFile(c.name, c.blank + "rubbish\n" + Line({.id = "a"}) + "\n");
    const Finished finished = Tallystick({"import", "--account", account, file});
    EXPECT_EQ(finished.status, 3);
    EXPECT_EQ(SummaryOf(finished), (Summary{.read = 2, .created = 1, .rejected = 1}));
    EXPECT_EQ(finished.err, file + ":" + std::to_string(c.lines + 1) + ": expects a value (byte 0)\n");
  }
}

TEST_F(ImportTest, LineEndsAndAByteOrderMarkAreNoPartOfAnEvent) {
  const std::string mark(kByteOrderMark);
  const std::string a = Line({.id = "a"});
  const std::string b = Line({.id = "b"});
  const struct {
    std::string name;
    std::string input;
    std::uint64_t events;
  } kCases[] = {
      {"lf", a + "\n" + b + "\n", 2},
      {"cr-lf", a + "\r\n" + b + "\r\n", 2},
      {"no-last-end", a + "\n" + b, 2},
      {"cr-at-the-end", a + "\r\n" + b + "\r", 2},
      {"mark", mark + a + "\n" + b + "\n", 2},
      {"mark-and-cr-lf", mark + a + "\r\n", 1},
      {"mark-on-a-blank-line", mark + "\r\n" + a + "\n", 1},
      {"mark-alone", mark, 0},
      {"nothing", "", 0},
      {"line-end-alone", "\n", 0},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.name);
    const std::string account = AccountOf(static_cast<std::size_t>(&c - kCases));
    const Finished finished = Tallystick({"import", "--account", account, WriteFile("input", c.input)});
    EXPECT_EQ(finished.status, 0);
    EXPECT_EQ(finished.err, "");
    EXPECT_EQ(SummaryOf(finished), (Summary{.read = c.events, .created = c.events}));
  }
}

TEST_F(ImportTest, ALineOfTwoMebibytesIsTheLongest) {
  const struct {
    std::string name;
    std::string line;
    bool accepted;
  } kCases[] = {
      {"longest", LineOfSize("a", kEventJsonBytesMax), true},
      {"longest-with-cr", LineOfSize("a", kEventJsonBytesMax) + "\r", true},
      {"longest-with-mark-and-cr", std::string(kByteOrderMark) + LineOfSize("a", kEventJsonBytesMax) + "\r", true},
      {"a-byte-more", LineOfSize("a", kEventJsonBytesMax + 1), false},
      {"far-more", LineOfSize("a", 5 * kEventJsonBytesMax + 12345), false},
      // It may be an event behind all that space, so it is not passed over as blank.
      {"space-first", std::string(2 * kEventJsonBytesMax, ' ') + Line({.id = "a"}), false},
      {"nothing-but-space", std::string(2 * kEventJsonBytesMax, ' '), false},
      {"not-even-json", std::string(kEventJsonBytesMax + 1, 'x'), false},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.name);
    const std::string account = AccountOf(static_cast<std::size_t>(&c - kCases));
    const Finished finished = Tallystick({"import", "--account", account}, c.line + "\n" + Line({.id = "b"}));
    EXPECT_EQ(finished.status, c.accepted ? 0 : 3);
    EXPECT_EQ(finished.err, c.accepted ? "" : "-:1: is longer than 2097152 bytes\n");
    EXPECT_EQ(SummaryOf(finished),
              (c.accepted ? Summary{.read = 2, .created = 2} : Summary{.read = 2, .created = 1, .rejected = 1}));
  }
}

TEST_F(ImportTest, LinesThatAreTooLongCostThemselvesWhereverTheyStand) {
  const std::string too_long = LineOfSize("long", kEventJsonBytesMax + 1) + "\n";
  const std::string far_too_long = LineOfSize("longer", 2 * kEventJsonBytesMax + 12345);
  const Finished finished = Tallystick({"import"}, too_long + Line({.id = "a"}) + "\n" + far_too_long + "\r\n" +
                                                       too_long + Line({.id = "b"}) + "\n\n" + far_too_long);
  const std::string reason = ": is longer than 2097152 bytes\n";
  EXPECT_EQ(finished.status, 3);
  EXPECT_EQ(finished.err, "-:1" + reason + "-:3" + reason + "-:4" + reason + "-:7" + reason);
  EXPECT_EQ(SummaryOf(finished), (Summary{.read = 6, .created = 2, .rejected = 4}));
  EXPECT_THAT(StoredIds(), ElementsAre("a", "b"));
}

TEST_F(ImportTest, StopKeepsWhatCameBefore) {
  const std::string before = Line({.id = "a"}) + "\n" + Line({.id = "b"}) + "\n";
  const std::string behind = "\n" + Line({.id = "c"}) + "\nrubbish\n";
  std::size_t accounts = 0;
  const struct {
    std::string bad;
    std::string reason;
  } kCases[] = {
      {"rubbish", "expects a value (byte 0)"},
      {LineOfSize("long", kEventJsonBytesMax + 1), "is longer than 2097152 bytes"},
      {LineOfSize("very-long", 2 * kEventJsonBytesMax), "is longer than 2097152 bytes"},
  };
  for (const auto& c : kCases) {
    for (const std::string batch : {"", "1", "2", "100"}) {
      SCOPED_TRACE(c.reason + ", batch " + batch);
      const std::string account = AccountOf(accounts++);
      std::vector<std::string> arguments = {"import", "--account", account, "--on-error", "stop"};
      if (!batch.empty()) arguments.insert(arguments.end(), {"--batch", batch});
      const Finished finished = Tallystick(arguments, before + c.bad + behind);
      EXPECT_EQ(finished.status, 1);
      EXPECT_EQ(SummaryOf(finished), (Summary{.read = 3, .created = 2, .rejected = 1}));
      EXPECT_EQ(finished.err, "-:3: " + c.reason + "\n");
      EXPECT_THAT(EventIdsOf(DataOf({"scan", "--account", account})), ElementsAre("a", "b"));
    }
  }
}

TEST_F(ImportTest, StopWithNothingToStopAtIsAsUsual) {
  const Finished finished = Tallystick({"import", "--on-error", "stop"}, Line({.id = "a"}) + "\n");
  EXPECT_EQ(finished.status, 0);
  EXPECT_EQ(SummaryOf(finished), (Summary{.read = 1, .created = 1}));
}

TEST_F(ImportTest, TheBatchSizeDoesNotChangeTheAnswer) {
  std::string input;
  for (int i = 0; i < 20; ++i) {
    input += Line({.id = "event-" + std::to_string(i % 7), .properties = "{\"n\":" + std::to_string(i) + "}"}) + "\n";
    if (i % 5 == 0) input += "rubbish\n";
  }
  std::string first_scan;
  for (const std::string batch : {"1", "3", "100000"}) {
    SCOPED_TRACE(batch);
    const Finished finished = Tallystick({"import", "--db", Path("of-" + batch), "--batch", batch}, input);
    EXPECT_EQ(SummaryOf(finished), (Summary{.read = 24, .created = 7, .superseded = 13, .rejected = 4}));
    const std::string scan = WithoutStoredIds(DataOf({"scan", "--db", Path("of-" + batch)}));
    if (first_scan.empty()) first_scan = scan;
    EXPECT_EQ(scan, first_scan);
  }
}

// More lines than are handed over at a time, in bulk or by batches, with all that can become of one.
TEST_F(ImportTest, InBulkAndByBatchesAreTheSame) {
  std::string input;
  for (int i = 0; i < 12'000; ++i) {
    input += Line({.id = "event-" + std::to_string(i * 7919 % 11'000),
                   .customer = "customer-" + std::to_string(i % 17),
                   .properties = "{\"n\":" + std::to_string(i % 3) + "}"}) +
             "\n";
    if (i % 1000 == 999) input += "rubbish " + std::to_string(i) + "\n\n";
    if (i == 11'500) input += LineOfSize("long", kEventJsonBytesMax + 1) + "\n";
    if (i % 4000 == 0) input += Line({.id = "unchanged"}) + "\n";
  }
  const std::string file = WriteFile("input", input);
  for (const std::string on_error : {"skip", "stop"}) {
    SCOPED_TRACE(on_error);
    std::vector<std::string> scans, rejects, told;
    std::vector<Summary> summaries;
    for (const std::string batch : {"", "700"}) {
      const std::string db = Path("store-" + on_error + batch);
      std::vector<std::string> arguments = {"import",    "--db",          db,  "--on-error", on_error,
                                            "--rejects", Path("rejects"), file};
      if (!batch.empty()) arguments.insert(arguments.end(), {"--batch", batch});
      const Finished finished = Tallystick(arguments);
      EXPECT_EQ(finished.status, on_error == "stop" ? 1 : 3);
      summaries.push_back(SummaryOf(finished));
      told.push_back(finished.err);
      rejects.push_back(ReadFile("rejects"));
      scans.push_back(WithoutStoredIds(DataOf({"scan", "--db", db})));
      EXPECT_THAT(DataOf({"verify", "--db", db}), ::testing::StartsWith(R"({"ok":true,)"));
      EXPECT_FALSE(std::filesystem::exists(db + "/data.loading"));
    }
    EXPECT_EQ(summaries[0], summaries[1]);
    EXPECT_EQ(told[0], told[1]);
    EXPECT_TRUE(rejects[0] == rejects[1]);
    EXPECT_TRUE(scans[0] == scans[1]);
    EXPECT_EQ(summaries[0].rejected, on_error == "stop" ? 1U : 13U);
    EXPECT_EQ(LinesOf(scans[0]).size(), summaries[0].created);
    EXPECT_GT(summaries[0].superseded + (on_error == "stop" ? 1 : 0), 0U);
  }
}

TEST_F(ImportTest, ReadsAFileOrStandardInput) {
  const std::string file = WriteFile("a.ndjson", Line({.id = "a"}) + "\n");
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"import", file}, {"import", "-"}, {"import"}}) {
    const bool from_file = arguments.back() == file;
    const Finished finished = Tallystick(arguments, from_file ? "rubbish" : Line({.id = "a"}));
    EXPECT_EQ(finished.status, 0) << ::testing::PrintToString(arguments);
    EXPECT_EQ(SummaryOf(finished).read, 1U) << ::testing::PrintToString(arguments);
  }
  EXPECT_THAT(StoredIds(), ElementsAre("a"));
}

TEST_F(ImportTest, EventsWithoutAnIdAreWarnedOfOnce) {
  const std::string input = Line({}) + "\n" + Line({.id = "a"}) + "\n" + Line({}) + "\n" +
                            R"({"customerEventId":null,"customerAlias":"a","eventType":"t"})" + "\n";
  const Finished finished = Tallystick({"import", "--batch", "1"}, input);
  EXPECT_EQ(finished.status, 0);
  EXPECT_EQ(SummaryOf(finished), (Summary{.read = 4, .created = 4}));
  EXPECT_EQ(finished.err,
            "tallystick: warning: events without a customerEventId: 3; importing them again would store them again\n");
  EXPECT_EQ(SummaryOf(Tallystick({"import"}, input)), (Summary{.read = 4, .created = 3, .unchanged = 1}));
}

TEST_F(ImportTest, FailsOnAFileThatCannotBeRead) {
  const std::string folder = Path("a-folder");
  std::filesystem::create_directory(folder);
  const struct {
    std::string file;
    std::string told;
  } kCases[] = {
      {Path("absent"), "tallystick: " + Path("absent") + ": cannot open: No such file or directory\n"},
      {folder, "tallystick: " + folder + ": cannot read on: Is a directory\n"},
  };
  for (const auto& c : kCases) {
    const Finished finished = Tallystick({"import", c.file});
    EXPECT_EQ(finished.status, 1);
    EXPECT_EQ(finished.err, c.told);
  }
}

TEST_F(ImportTest, FailsOnAFileThatItMayNotRead) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read every file";
  const std::string file = WriteFile("closed", Line({.id = "a"}));
  ASSERT_EQ(::chmod(file.c_str(), 0), 0);
  const Finished finished = Tallystick({"import", file});
  EXPECT_EQ(finished.status, 1);
  EXPECT_EQ(finished.err, "tallystick: " + file + ": cannot open: Permission denied\n");
}

TEST_F(ImportTest, MakesNoStoreWhenItCannotBegin) {
  const std::string file = WriteFile("a.ndjson", Line({.id = "a"}) + "\n");
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"import", Path("absent")}, {"import", "--rejects", Path("absent/r"), file}}) {
    const Finished finished = Tallystick(arguments);
    EXPECT_EQ(finished.status, 1) << ::testing::PrintToString(arguments);
    EXPECT_THAT(finished.err, HasSubstr("No such file or directory"));
    EXPECT_EQ(finished.out, "");
    EXPECT_FALSE(std::filesystem::exists(Path("store")));
  }
}

TEST_F(ImportTest, AnEmptyFileMakesAnEmptyStore) {
  Import("");
  EXPECT_THAT(StoredIds(), IsEmpty());
}

TEST_F(ImportTest, KilledInTheMiddleItIsSafeToRunAgain) {
  const std::string first = Line({.id = "a"}) + "\n" + Line({.id = "b"}) + "\nrubbish\n";
  Surroundings here = Here();
  here.unfinished_input = true;
  Process import(ProgramPath(), {"import", "--batch", "1"}, first, here);
  ASSERT_TRUE(import.WaitForErr("-:3: "));  // by now the lines before it are stored
  import.Kill();
  EXPECT_EQ(import.Wait().status, -SIGKILL);

  const Finished again = Tallystick({"import"}, first + Line({.id = "c"}) + "\n");
  EXPECT_EQ(SummaryOf(again), (Summary{.read = 4, .created = 1, .unchanged = 2, .rejected = 1}));
  EXPECT_EQ(DataOf({"verify"}).substr(0, 11), R"({"ok":true,)");
}

}  // namespace
}  // namespace tallystick::cli
