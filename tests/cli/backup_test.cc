#include <filesystem>
#include <regex>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/fixture.h"

namespace tallystick::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class BackupTest : public CliTest {
 protected:
  // What differs from run to run is only told to be there.
  static std::string Pinned(const std::string& lines) {
    static const std::regex time(R"re("time":"2[0-9-]{9}T[0-9:.]+Z")re");
    static const std::regex uuid(R"re("[0-9a-f]{8}-[0-9a-f-]{27}")re");
    static const std::regex bytes(R"re(("(?:bytes|copiedBytes)"):\d+)re");
    std::string pinned = std::regex_replace(lines, time, R"("time":T)");
    pinned = std::regex_replace(pinned, uuid, "U");
    return std::regex_replace(pinned, bytes, "$1:#");
  }
  static std::string MemberOf(const std::string& line, const std::string& name) {
    std::smatch found;
    std::regex_search(line, found, std::regex("\"" + name + "\":([^,}]*)"));
    return found[1];
  }

  Finished Restore(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"restore", "--db", Path("restored")});
    return Tallystick(arguments);
  }
  std::string RestoredIds() const { return RunProgram({"scan", "--db", Path("restored")}, "", Here()).out; }
};

TEST_F(BackupTest, BacksUpListsAndRestores) {
  Import(Line({.id = "a"}) + "\n");
  const std::string first = DataOf({"backup", "backups"});
  EXPECT_EQ(Pinned(first),
            R"({"id":1,"time":T,"store":U,"history":{"number":1,"id":U},"lastSequence":1,"bytes":#,"copiedBytes":#})"
            "\n");
  const std::string before = DataOf({"scan"});
  Import(Line({.id = "b"}) + "\n");
  const std::string second = DataOf({"backup", "backups", "--verify"});
  EXPECT_EQ(Pinned(second),
            R"({"id":2,"time":T,"store":U,"history":{"number":1,"id":U},"lastSequence":2,"bytes":#,"copiedBytes":#})"
            "\n");
  EXPECT_LT(std::stoull(MemberOf(second, "copiedBytes")), std::stoull(MemberOf(second, "bytes")));
  EXPECT_EQ(DataOf({"backups", "backups"}), first + second);
  EXPECT_EQ(DataOf({"backups", "--verify", "backups"}), first + second);

  const Finished restored = Restore({"backups", "--id", "1"});
  EXPECT_EQ(restored.status, 0) << restored.err;
  EXPECT_EQ(restored.err, "");
  EXPECT_EQ(Pinned(restored.out),
            R"({"id":1,"time":T,"store":U,"history":{"number":2,"id":U},"lastSequence":1,"bytes":#,"copiedBytes":#})"
            "\n");
  EXPECT_EQ(RestoredIds(), before) << "with the same ids";
  std::filesystem::remove_all(Path("restored"));
  EXPECT_EQ(Restore({"backups"}).status, 0);
  EXPECT_EQ(RestoredIds(), DataOf({"scan"}));
}

TEST_F(BackupTest, KeepsAsManyAsAsked) {
  Import(Line({.id = "a"}) + "\n");
  for (int i = 0; i < 3; ++i) DataOf({"backup", "backups", "--keep", "2"});
  const std::string listed = DataOf({"backups", "backups"});
  EXPECT_THAT(LinesOf(listed), SizeIs(2));
  EXPECT_EQ(MemberOf(listed, "id"), "2");
}

TEST_F(BackupTest, SaysWhatIsDamaged) {
  Import(Line({.id = "a"}) + "\n");
  DataOf({"backup", "backups"});
  const std::string sound = DataOf({"backup", "backups"});
  WriteFile("backups/private/1/CURRENT", "MANIFEST-999999\n");
  EXPECT_EQ(Tallystick({"backups", "backups"}).status, 0) << "it is not looked at";
  const Finished verified = Tallystick({"backups", "backups", "--verify"});
  EXPECT_EQ(verified.status, 1);
  EXPECT_THAT(verified.out, HasSubstr(R"({"id":1,"problem":")"));
  EXPECT_THAT(verified.out, HasSubstr("private/1/CURRENT"));
  EXPECT_TRUE(verified.out.ends_with(sound)) << verified.out;
  const Finished restored = Restore({"backups", "--id", "1"});
  EXPECT_EQ(restored.status, 1);
  EXPECT_EQ(restored.out, "");
  EXPECT_THAT(restored.err, HasSubstr("private/1/CURRENT"));
  EXPECT_EQ(Tallystick({"scan", "--db", Path("restored")}).status, 1) << "it is no store";
  EXPECT_EQ(Restore({"backups", "--id", "2"}).status, 0) << "the other one is sound";

  WriteFile("backups/backups/1", "text");
  const Finished listed = Tallystick({"backups", "backups"});
  EXPECT_EQ(listed.status, 1);
  EXPECT_THAT(listed.out, HasSubstr("backups/backups/1"));
  const Finished refused = Tallystick({"backup", "backups"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("backups/backups/1"));
}

TEST_F(BackupTest, FailsWhereItCannot) {
  EXPECT_EQ(Tallystick({"backup", "backups"}).status, 1) << "there is no store";
  EXPECT_FALSE(std::filesystem::exists(Path("store")));
  EXPECT_FALSE(std::filesystem::exists(Path("backups")));
  Import(Line({.id = "a"}) + "\n");
  EXPECT_EQ(Tallystick({"backups", "backups"}).status, 1);
  EXPECT_EQ(Restore({"backups"}).status, 1);
  EXPECT_FALSE(std::filesystem::exists(Path("restored")));
  DataOf({"backup", "backups"});
  EXPECT_EQ(Restore({"backups", "--id", "2"}).status, 1);
  const Finished over = Tallystick({"restore", "backups"});
  EXPECT_EQ(over.status, 1);
  EXPECT_THAT(over.err, HasSubstr("the store exists"));
  EXPECT_EQ(Tallystick({"backup", "store/backups"}).status, 1);
}

}  // namespace
}  // namespace tallystick::cli
