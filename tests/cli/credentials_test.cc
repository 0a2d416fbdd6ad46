#include "credentials/credentials.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/fixture.h"
#include "tests/support/status_matchers.h"

namespace tallystick::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kAccount[] = "0184421e-a9cc-711b-af93-bf0511d4d833";

class CredentialsTest : public CliTest {
 protected:
  // Adds one, and returns what the client shows.
  std::string Add(const std::vector<std::string>& arguments = {}) const {
    std::vector<std::string> words = {"credentials", "add"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::string out = DataOf(words);
    EXPECT_THAT(out, MatchesRegex("[A-Za-z0-9+/]{80}\n"));
    out.pop_back();
    return out;
  }
  std::optional<tools::Credentials::Known> Find(const std::string& basic) const {
    const absl::StatusOr<std::unique_ptr<tools::Credentials>> credentials = tools::Credentials::Load(Path("store"));
    EXPECT_THAT(credentials, testing::IsOk());
    return (*credentials)->Find(basic);
  }
  std::vector<std::string> Listed() const { return LinesOf(DataOf({"credentials", "list"})); }
};

TEST_F(CredentialsTest, AreAddedListedAndRevoked) {
  const std::string basic = Add({"--account", kAccount});
  const std::string nil = Add();
  const std::optional<tools::Credentials::Known> known = Find(basic);
  ASSERT_TRUE(known.has_value());
  EXPECT_EQ(known->account.ToString(), kAccount);
  ASSERT_TRUE(Find(nil).has_value());
  EXPECT_EQ(Find(nil)->account, Uuid());

  const std::vector<std::string> listed = Listed();
  ASSERT_THAT(listed, SizeIs(2));
  EXPECT_THAT(listed[0], MatchesRegex("\\{\"id\":\"" + known->name + "\",\"account\":\"" + kAccount +
                                      "\",\"created\":\"20[0-9-]{8}T[0-9:]{8}Z\"\\}"));
  EXPECT_EQ(DataOf({"credentials", "revoke", known->name}),
            "{\"id\":\"" + known->name + "\",\"outcome\":\"revoked\"}\n");
  EXPECT_FALSE(Find(basic).has_value());
  EXPECT_TRUE(Find(nil).has_value());
  EXPECT_EQ(Listed(), std::vector<std::string>{listed[1]});

  const Finished again = Tallystick({"credentials", "revoke", known->name});
  EXPECT_EQ(again.status, 1);
  EXPECT_EQ(again.out, "");
  EXPECT_EQ(again.err, "tallystick: " + Path("store") + ": there is no credential '" + known->name + "'\n");
}

TEST_F(CredentialsTest, TheStoreKeepsNoSecret) {
  const std::string basic = Add();
  // The id is in its beginning.
  const std::string secret = basic.substr(24);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(Path("store"))) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_THAT(text, Not(HasSubstr(secret))) << entry.path();
  }
  EXPECT_THAT(ReadFile("store/credentials"),
              MatchesRegex("tallystick credentials 1\n[0-9a-f]{16} 0{8}-0{4}-0{4}-0{4}-0{12} [0-9TZ:-]{20} "
                           "[0-9a-f]{64}\n"));
  struct stat state {};
  ASSERT_EQ(::stat(Path("store/credentials").c_str(), &state), 0);
  EXPECT_EQ(state.st_mode & 07777, 0600U);
}

TEST_F(CredentialsTest, OnlyAddMakesAStore) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"credentials", "list"}, {"credentials", "revoke", "0123456789abcdef"}}) {
    const Finished finished = Tallystick(words);
    EXPECT_EQ(finished.status, 1);
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(finished.err, "tallystick: " + Path("store") + ": there is no store\n");
    EXPECT_FALSE(std::filesystem::exists(Path("store")));
  }
  Add();
  EXPECT_EQ(DataOf({"scan"}), "");
  Import(Line({.id = "a"}));
  Add();
  EXPECT_THAT(Listed(), SizeIs(2));
}

TEST_F(CredentialsTest, WhatIsNoStoreIsLeftAlone) {
  std::filesystem::create_directory(Path("store"));
  for (const std::string name : {"photo.jpg", "data.restoring", "data.salvaging"}) {
    std::filesystem::create_directory(Path("store/" + name));
    const Finished finished = Tallystick({"credentials", "add"});
    EXPECT_EQ(finished.status, 1);
    EXPECT_EQ(finished.out, "");
    EXPECT_FALSE(std::filesystem::exists(Path("store/credentials"))) << name;
    std::filesystem::remove_all(Path("store/" + name));
  }
}

TEST_F(CredentialsTest, WorkBesideAWriter) {
  Surroundings here = Here();
  here.unfinished_input = true;
  Process writer(ProgramPath(), {"import", "--batch", "1"}, Line({.id = "a"}) + "\nrubbish\n", here);
  ASSERT_TRUE(writer.WaitForErr("-:2: "));
  const std::string basic = Add();
  EXPECT_TRUE(Find(basic).has_value());
  DataOf({"credentials", "revoke", Find(basic)->name});
  EXPECT_THAT(Listed(), IsEmpty());
  writer.Kill();
}

TEST_F(CredentialsTest, SeveralAddAtOnce) {
  Add();
  std::vector<std::unique_ptr<Process>> adding;
  for (int i = 0; i < 6; ++i) {
    adding.push_back(
        std::make_unique<Process>(ProgramPath(), std::vector<std::string>{"credentials", "add"}, "", Here()));
  }
  std::set<std::string> shown;
  for (const std::unique_ptr<Process>& process : adding) shown.insert(process->Wait().out);
  EXPECT_THAT(shown, SizeIs(6));
  EXPECT_THAT(Listed(), SizeIs(7));
}

TEST_F(CredentialsTest, ADamagedFileIsNamedWithItsLine) {
  const std::string basic = Add();
  const std::string id = Find(basic)->name;
  std::ofstream(Path("store/credentials"), std::ios::app) << "rubbish\n";
  const std::string text = ReadFile("store/credentials");
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"credentials", "list"}, {"credentials", "add"}, {"credentials", "revoke", id}}) {
    const Finished finished = Tallystick(words);
    EXPECT_EQ(finished.status, 1);
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(finished.err, "tallystick: " + Path("store/credentials") + ":3: is no credential\n");
    EXPECT_EQ(ReadFile("store/credentials"), text);
  }
}

TEST_F(CredentialsTest, WhatCannotBePrintedIsToldOf) {
  Add();
  Surroundings full = Here();
  full.out_path = "/dev/full";
  const Finished finished = RunProgram({"credentials", "add"}, "", full);
  EXPECT_EQ(finished.status, 1);
  EXPECT_THAT(finished.err, MatchesRegex("tallystick: the credential [0-9a-f]{16} was added, but nobody has seen it: "
                                         "revoke it\ntallystick: cannot write to standard output: .*\n"));
  EXPECT_THAT(Listed()[1], HasSubstr(finished.err.substr(27, 16)));
  EXPECT_EQ(RunProgram({"credentials", "list"}, "", full).status, 1);
}

// Somebody may give the credential itself where its id is meant.
TEST_F(CredentialsTest, WhatIsNoIdIsNotRepeated) {
  const std::string basic = Add();
  const Finished finished = Tallystick({"credentials", "revoke", basic});
  EXPECT_EQ(finished.status, 2);
  EXPECT_EQ(finished.out, "");
  EXPECT_THAT(finished.err, Not(HasSubstr(basic)));
  EXPECT_THAT(finished.err, HasSubstr("16 digits"));
}

// What was revoked since must not come back with them.
TEST_F(CredentialsTest, ABackupHasNone) {
  Add();
  DataOf({"backup", "backups"});
  EXPECT_EQ(Tallystick({"restore", "--db", Path("restored"), "backups"}).status, 0);
  EXPECT_EQ(DataOf({"credentials", "list", "--db", Path("restored")}), "");
  EXPECT_EQ(Tallystick({"verify", "--salvage", Path("salvaged")}).status, 0);
  EXPECT_EQ(DataOf({"credentials", "list", "--db", Path("salvaged")}), "");
}

}  // namespace
}  // namespace tallystick::cli
