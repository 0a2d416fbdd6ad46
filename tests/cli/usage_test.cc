#include <sys/resource.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/fixture.h"

namespace tallystick::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::PrintToString;

using Arguments = std::vector<std::string>;

constexpr char kAccount[] = "0184421e-a9cc-711b-af93-bf0511d4d833";
const std::vector<std::string> kCommands = {"import", "get",    "scan",    "query",   "meter",      "stats",
                                            "verify", "backup", "backups", "restore", "credentials"};
const std::map<std::string, std::vector<std::string>> kFurtherCommands = {
    {"meter", {"define", "list", "drop"}},
    {"credentials", {"add", "list", "revoke"}},
};

// Every command that reads, as it is called.
const std::vector<Arguments> kReadingCommands = {
    {"get", "a"}, {"scan"}, {"query", "--type", "message-sent", "--aggregation", "count"}, {"stats"}, {"verify"},
};
// And those that have something to read where the meter is declared.
const std::vector<Arguments> kReadingMeters = {{"query", "--meter", "messages"}, {"meter", "list"}};
const Arguments kDefine = {"meter", "define", "messages", "--type", "message-sent", "--aggregation", "count"};

class UsageTest : public CliTest {
 protected:
  // Runs a command from a shell that sets something up first.
  Finished TallystickBehind(const std::string& setup, const Arguments& arguments, std::string_view input = "") const {
    Arguments words = {"-c", setup + "; exec \"$@\"", "sh", ProgramPath()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return Process("sh", words, input, Here()).Wait();
  }
};

TEST_F(UsageTest, WrongUsageIsTold) {
  const std::vector<Arguments> kCases = {
      {},
      {"frobnicate"},
      {"--frobnicate"},
      {"import", "--frobnicate"},
      {"import", "a", "b"},
      {"import", "--batch", "0"},
      {"import", "--batch", "-1"},
      {"import", "--batch", "ten"},
      {"import", "--batch", "100001"},
      {"import", "--reserve-mib", "-1"},
      {"import", "--reserve-mib", "1G"},
      {"import", "--reserve-mib", "17592186044416"},
      {"import", "--on-error", "ignore"},
      {"import", "--rejects"},
      {"import", "--db"},
      {"get"},
      {"get", "a", "b"},
      {"scan", "a"},
      {"scan", "--from", "2026-10-01"},
      {"scan", "--from", "2026-10-01 00:00:00Z"},
      {"scan", "--from", "2026-10-01T00:00:00"},
      {"scan", "--to", "2026-13-01T00:00:00Z"},
      {"scan", "--to", ""},
      {"scan", "--limit", "-1"},
      {"scan", "--limit", "+1"},
      {"scan", "--limit", "1.5"},
      {"scan", "--limit", "0x10"},
      {"scan", "--limit", " 1"},
      {"scan", "--limit", ""},
      {"scan", "--limit", "many"},
      {"scan", "--limit", "18446744073709551616"},
      {"scan", "--type"},
      {"scan", "--reverse", "yes"},
      {"scan", "--customer", "a", "b"},
      {"stats", "a"},
      {"stats", "--account", "acme"},
      {"stats", "--account", "0184421e-a9cc-711b-af93-bf0511d4d83"},
      {"stats", "--account", ""},
      {"verify", "a"},
      {"stats", "verify"},
      {"backup"},
      {"backup", "a", "b"},
      {"backup", "a", "--keep", "0"},
      {"backup", "a", "--keep"},
      {"backups"},
      {"backups", "a", "--db", "store"},
      {"restore"},
      {"restore", "a", "--id", "0"},
      {"restore", "a", "--id", "4294967296"},
      {"credentials"},
      {"credentials", "add", "a"},
      {"credentials", "add", "--account", "acme"},
      {"credentials", "list", "--account", kAccount},
      {"credentials", "revoke"},
      {"credentials", "revoke", "0123456789ABCDEF"},
      {"credentials", "revoke", "0123456789abcdef0"},
      {"credentials", "revoke", "0123456789abcdef", "0123456789abcdef"},
      {"query"},
      {"query", "--type", "t"},
      {"query", "--aggregation", "count"},
      {"query", "--type", "", "--aggregation", "count"},
      {"query", "--type", std::string(256, 't'), "--aggregation", "count"},
      {"query", "--type", "t", "--aggregation", "sum"},
      {"query", "--type", "t", "--aggregation", "count", "--property", "p"},
      {"query", "--type", "t", "--aggregation", "count", "--group-by", ""},
      {"query", "--type", "t", "--aggregation", "count", "--group-by", "p", "--group-by", "p"},
      {"query", "--type", "t", "--aggregation", "count", "--total"},
      {"query", "--total"},
      {"query", "--meter"},
      {"query", "--meter", ""},
      {"query", "--meter", "a b"},
      {"query", "--meter", std::string(65, 'm')},
      {"query", "--meter", "m", "--type", "t"},
      {"query", "--meter", "m", "--aggregation", "count"},
      {"query", "--meter", "m", "--property", "p"},
      {"query", "--meter", "m", "--filter", "p=v"},
      {"query", "--meter", "m", "--group-by", "p", "--group-by", "p"},
      {"query", "--meter", "m", "--group-by", "p", "--total"},
      {"query", "--meter", "m", "--window", "week"},
      {"meter"},
      {"meter", "frobnicate"},
      {"meter", "--frobnicate"},
      {"meter", "--db", "store", "list"},
      {"meter", "list", "m"},
      {"meter", "list", "drop", "m"},
      {"meter", "drop"},
      {"meter", "drop", "m", "n"},
      {"meter", "drop", ""},
      {"meter", "drop", "m/n"},
      {"meter", "define"},
      {"meter", "define", "m"},
      {"meter", "define", "m", "--type", "t"},
      {"meter", "define", "m", "--aggregation", "count"},
      {"meter", "define", "--type", "t", "--aggregation", "count"},
      {"meter", "define", "m", "n", "--type", "t", "--aggregation", "count"},
      {"meter", "define", "m/n", "--type", "t", "--aggregation", "count"},
      {"meter", "define", std::string(65, 'm'), "--type", "t", "--aggregation", "count"},
      {"meter", "define", "m", "--type", "", "--aggregation", "count"},
      {"meter", "define", "m", "--type", "t", "--aggregation", "median"},
      {"meter", "define", "m", "--type", "t", "--aggregation", "sum"},
      {"meter", "define", "m", "--type", "t", "--aggregation", "count", "--property", "p"},
      {"meter", "define", "m", "--type", "t", "--aggregation", "count", "--group-by", "p", "--group-by", "p"},
      {"meter", "define", "m", "--type", "t", "--aggregation", "count", "--filter", "p"},
      {"meter", "define", "m", "--type", "t", "--aggregation", "count", "--window", "day"},
  };
  for (const Arguments& arguments : kCases) {
    SCOPED_TRACE(PrintToString(arguments));
    const Finished finished = Tallystick(arguments);
    EXPECT_EQ(finished.status, 2);
    EXPECT_EQ(finished.out, "");
    EXPECT_NE(finished.err, "");
    EXPECT_FALSE(std::filesystem::exists(Path("store")));
  }
}

TEST_F(UsageTest, AnUnknownCommandIsNamed) {
  EXPECT_EQ(Tallystick({"frobnicate", "--db", "x"}).err,
            "tallystick: there is no command 'frobnicate'; 'tallystick --help' lists them\n");
  EXPECT_EQ(Tallystick({"meter", "frobnicate", "--db", "x"}).err,
            "tallystick: there is no command 'meter frobnicate'; 'tallystick meter --help' lists them\n");
}

TEST_F(UsageTest, WhatIsWrongIsNamedByItsOption) {
  const struct {
    Arguments arguments;
    std::string told;
  } kCases[] = {
      {{"query"}, "--type is required"},
      {{"query", "--meter", "m", "--type", "t"}, "--type excludes --meter"},
      {{"query", "--total"}, "--total requires --meter"},
      {{"query", "--type", "t", "--aggregation", "sum"}, "--property is required"},
      {{"query", "--type", "t", "--aggregation", "count", "--property", "p"},
       "--aggregation count excludes --property"},
      {{"query", "--meter", "m", "--group-by", "p", "--group-by", "p"}, "--group-by: 'p' is given twice"},
      {{"meter"}, "A subcommand is required"},
      {{"meter", "drop", "a b"}, "NAME: 'a b' is no name of a meter: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Tallystick(c.arguments).err, c.told + "\nRun with --help for more information.\n");
  }
}

TEST_F(UsageTest, HelpHasAnExample) {
  const Finished program = Tallystick({"--help"});
  EXPECT_EQ(program.status, 0);
  EXPECT_EQ(program.err, "");
  EXPECT_THAT(program.out, HasSubstr("\nExample: tallystick "));
  for (const std::string& command : kCommands) {
    EXPECT_THAT(program.out, HasSubstr("\n  " + command + " "));
    const Finished finished = Tallystick({command, "--help"});
    EXPECT_EQ(finished.status, 0) << command;
    EXPECT_EQ(finished.err, "");
    EXPECT_THAT(finished.out, HasSubstr("\nExample: tallystick " + command + " "));
  }
  for (const auto& [first, commands] : kFurtherCommands) {
    const Finished listed = Tallystick({first, "--help"});
    for (const std::string& command : commands) {
      EXPECT_THAT(listed.out, HasSubstr("\n  " + command + " "));
      const Finished finished = Tallystick({first, command, "--help"});
      EXPECT_EQ(finished.status, 0) << command;
      EXPECT_EQ(finished.err, "");
      EXPECT_THAT(finished.out, HasSubstr("\nExample: tallystick " + first + " " + command + " --db "));
    }
  }
  EXPECT_FALSE(std::filesystem::exists(Path("store")));
}

TEST_F(UsageTest, TellsItsVersion) {
  const Finished finished = Tallystick({"--version"});
  EXPECT_EQ(finished.status, 0);
  EXPECT_THAT(finished.out, MatchesRegex("tallystick [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST_F(UsageTest, TheStoreIsTheOptionsElseTheEnvironmentsElseTheDefault) {
  Surroundings here{.folder = Path("")};
  const auto import = [&](const Arguments& arguments) {
    EXPECT_EQ(RunProgram(arguments, Line({.id = "a"}), here).status, 0);
  };
  import({"import"});
  EXPECT_TRUE(std::filesystem::exists(Path("tallystick-data/data")));
  here.environment["TALLYSTICK_DB"] = "from-environment";
  import({"import"});
  EXPECT_TRUE(std::filesystem::exists(Path("from-environment/data")));
  import({"import", "--db", "from-option"});
  EXPECT_TRUE(std::filesystem::exists(Path("from-option/data")));
  import({"import", "--db=" + Path("from option=")});
  EXPECT_TRUE(std::filesystem::exists(Path("from option=/data")));

  for (const std::string store : {"tallystick-data", "from-environment", "from-option"}) {
    EXPECT_EQ(SummaryOf(RunProgram({"import", "--db", store}, Line({.id = "a"}), here)),
              (Summary{.read = 1, .unchanged = 1}));
  }
}

TEST_F(UsageTest, TheAccountIsTheOptionsElseTheEnvironmentsElseNil) {
  const std::string option_account = "01844220-0000-7000-8000-000000000001";
  Surroundings with_account = Here();
  with_account.environment["TALLYSTICK_ACCOUNT"] = kAccount;
  const auto account_of = [](const Finished& finished) {
    EXPECT_EQ(finished.status, 0) << finished.err;
    const std::size_t begin = finished.out.find("\"sequenceAccountId\":\"") + 21;
    return finished.out.substr(begin, 36);
  };
  Import(Line({.id = "a"}));
  ASSERT_EQ(RunProgram({"import"}, Line({.id = "b"}), with_account).status, 0);
  ASSERT_EQ(RunProgram({"import", "--account", option_account}, Line({.id = "c"}), with_account).status, 0);
  EXPECT_EQ(account_of(Tallystick({"get", "a"})), "00000000-0000-0000-0000-000000000000");
  EXPECT_EQ(account_of(RunProgram({"get", "b"}, "", with_account)), kAccount);
  EXPECT_EQ(account_of(RunProgram({"get", "c", "--account", option_account}, "", with_account)), option_account);
  EXPECT_EQ(RunProgram({"get", "a"}, "", with_account).status, 1);

  with_account.environment["TALLYSTICK_ACCOUNT"] = "acme";
  EXPECT_EQ(RunProgram({"scan"}, "", with_account).status, 2);
}

TEST_F(UsageTest, ReadingAnAbsentStoreFailsAndMakesNone) {
  std::vector<Arguments> commands = kReadingCommands;
  commands.insert(commands.end(), kReadingMeters.begin(), kReadingMeters.end());
  for (const Arguments& arguments : commands) {
    const Finished finished = Tallystick(arguments);
    EXPECT_EQ(finished.status, 1) << PrintToString(arguments);
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(finished.err, "tallystick: " + Path("store") + ": there is no store\n");
    EXPECT_FALSE(std::filesystem::exists(Path("store")));
  }
}

TEST_F(UsageTest, AFolderThatHoldsSomethingElseIsLeftAlone) {
  std::filesystem::create_directory(Path("store"));
  WriteFile("store/photo.jpg", "");
  std::vector<Arguments> commands = kReadingCommands;
  commands.insert(commands.end(), kReadingMeters.begin(), kReadingMeters.end());
  commands.insert(commands.end(), {{"import"}, kDefine, {"meter", "drop", "messages"}});
  for (const Arguments& arguments : commands) {
    const Finished finished = Tallystick(arguments, Line({.id = "a"}));
    EXPECT_EQ(finished.status, 1) << PrintToString(arguments);
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(finished.err,
              "tallystick: " + Path("store") + ": is not a store, and holds something else: 'photo.jpg'\n");
  }
  std::filesystem::remove(Path("store/photo.jpg"));
  EXPECT_TRUE(std::filesystem::is_empty(Path("store")));
}

TEST_F(UsageTest, AStoreThatIsAFileOrHasNoParentIsAFailure) {
  WriteFile("file", "");
  const struct {
    std::string db;
    std::string told;
  } kCases[] = {
      {"file", "tallystick: file: is not a folder\n"},
      {"absent/store", "tallystick: absent/store: cannot make the folder: No such file or directory\n"},
  };
  for (const auto& c : kCases) {
    const Finished finished = Tallystick({"import", "--db", c.db}, Line({.id = "a"}));
    EXPECT_EQ(finished.status, 1);
    EXPECT_EQ(finished.err, c.told);
  }
}

TEST_F(UsageTest, OutputThatCannotBeWrittenIsAFailure) {
  Import(Line({.id = "a"}));
  Surroundings full = Here();
  full.out_path = "/dev/full";
  std::vector<Arguments> commands = kReadingCommands;
  commands.insert(commands.end(), {{"import"}, {"--help"}, {"scan", "--help"}, {"--version"}});
  for (const Arguments& arguments : commands) {
    const Finished finished = RunProgram(arguments, "", full);
    EXPECT_EQ(finished.status, 1) << PrintToString(arguments);
    EXPECT_EQ(finished.err, "tallystick: cannot write to standard output: No space left on device\n");
  }
  commands = kReadingMeters;
  commands.insert(commands.end(), {kDefine, {"meter", "drop", "messages"}});
  DataOf(kDefine);
  for (const Arguments& arguments : commands) {
    const Finished finished = RunProgram(arguments, "", full);
    EXPECT_EQ(finished.status, 1) << PrintToString(arguments);
    EXPECT_EQ(finished.err, "tallystick: cannot write to standard output: No space left on device\n");
  }
}

// Once the store's own files got the numbers of what was closed, and the summary went into one of them.
TEST_F(UsageTest, AClosedStandardDescriptorIsAFailure) {
  Import(Line({.id = "a"}) + "\n" + Line({.id = "b"}));
  const std::string no_output = "tallystick: cannot write to standard output: Bad file descriptor\n";
  const std::string no_input = "tallystick: -: cannot read on: Bad file descriptor\n";
  const struct {
    std::string closed;
    Arguments arguments;
    std::string told;
  } kCases[] = {
      {">&-", {"import"}, no_output},         {"<&- >&-", {"import"}, no_output}, {"<&- >&- 2>&-", {"import"}, ""},
      {"<&-", {"import"}, no_input},          {"<&- 2>&-", {"import"}, ""},       {">&-", {"scan"}, no_output},
      {"2>&-", {"scan", "--limit", "1"}, ""},  // the cursor gets lost
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(PrintToString(c.arguments) + " " + c.closed);
    const Finished finished = TallystickBehind("exec " + c.closed, c.arguments, Line({.id = "a"}));
    EXPECT_EQ(finished.status, 1);
    EXPECT_EQ(finished.err, c.told);
  }
  EXPECT_EQ(TallystickBehind("exec <&- 2>&-", {"scan"}).status, 0);  // it has no use for either
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(Path("store"))) {
    if (!entry.is_regular_file()) continue;
    ++files;
    const std::string name = std::filesystem::relative(entry.path(), Path("")).string();
    EXPECT_EQ(ReadFile(name).find("\"seconds\""), std::string::npos) << name;
  }
  EXPECT_GT(files, 0U);
}

TEST_F(UsageTest, AMachineWithoutAThreadToGiveIsAFailure) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer ends a program that cannot make a thread";
#endif
  rlimit stack{};
  ASSERT_EQ(::getrlimit(RLIMIT_STACK, &stack), 0);
  if (stack.rlim_max != RLIM_INFINITY) GTEST_SKIP() << "needs to raise the limit of the stack";
  Import(Line({.id = "a"}));
  // In KiB: a thread gets a stack of the limit's size, and no machine has that much to give.
  const std::string no_threads = "ulimit -S -s " + std::to_string(std::uint64_t{1} << 40);
  std::vector<Arguments> commands = kReadingCommands;
  commands.insert(commands.end(), kReadingMeters.begin(), kReadingMeters.end());
  commands.insert(commands.end(), {{"import"}, kDefine, {"meter", "drop", "messages"}});
  for (const Arguments& arguments : commands) {
    const Finished finished = TallystickBehind(no_threads, arguments);
    EXPECT_EQ(finished.status, 1) << PrintToString(arguments);
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(finished.err, "tallystick: Resource temporarily unavailable\n");
  }
}

}  // namespace
}  // namespace tallystick::cli
