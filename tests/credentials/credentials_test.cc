#include "credentials/credentials.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tallystick::tools {
namespace {

using ::tallystick::testing::IsOk;
using ::tallystick::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Uuid kAccount = *Uuid::Parse("0184421e-a9cc-711b-af93-bf0511d4d833");
const Uuid kOther = *Uuid::Parse("0184421e-a9cc-711b-af93-bf0511d4d834");

class CredentialsTest : public ::testing::Test {
 protected:
  // Adds one, and returns what a client shows.
  IssuedCredential Add(const Uuid& account) const {
    IssuedCredential issued = IssueCredential(account, absl::UnixEpoch());
    EXPECT_THAT(ChangeCredentials(folder_.path(),
                                  [&](std::vector<Credential>* credentials) {
                                    credentials->push_back(issued.kept);
                                    return absl::OkStatus();
                                  }),
                IsOk());
    return issued;
  }
  void Revoke(const std::string& id) const {
    EXPECT_THAT(ChangeCredentials(folder_.path(),
                                  [&](std::vector<Credential>* credentials) {
                                    EXPECT_EQ(std::erase_if(*credentials, [&](auto& one) { return one.id == id; }), 1U);
                                    return absl::OkStatus();
                                  }),
                IsOk());
  }
  std::unique_ptr<Credentials> Load() {
    absl::StatusOr<std::unique_ptr<Credentials>> loaded = Credentials::Load(
        folder_.path(), {.clock = [this] { return std::chrono::steady_clock::time_point(now_.load()); },
                         .tell = [this](const absl::Status& problem) { told_.emplace_back(problem.message()); }});
    EXPECT_THAT(loaded, IsOk());
    return *std::move(loaded);
  }
  void Pass() { now_ = now_.load() + Credentials::kLookEvery; }

  testing::TempFolder folder_{testing::MemoryDir()};  // many changes, each of them synced
  std::atomic<std::chrono::milliseconds> now_{std::chrono::milliseconds(1'000'000)};
  std::vector<std::string> told_;
};

TEST_F(CredentialsTest, FindsWhoseCredentialItIs) {
  const IssuedCredential first = Add(kAccount);
  const IssuedCredential second = Add(kOther);
  const std::unique_ptr<Credentials> credentials = Load();
  ASSERT_TRUE(credentials->Find(first.basic).has_value());
  EXPECT_EQ(credentials->Find(first.basic)->account, kAccount);
  EXPECT_EQ(credentials->Find(first.basic)->name, first.kept.id);
  ASSERT_TRUE(credentials->Find(second.basic).has_value());
  EXPECT_EQ(credentials->Find(second.basic)->account, kOther);

  EXPECT_FALSE(credentials->Find(IssueCredential(kAccount, absl::UnixEpoch()).basic).has_value());
  EXPECT_FALSE(credentials->Find("").has_value());
  EXPECT_FALSE(credentials->Find("rubbish").has_value());
  // The id of one and the secret of another. The id is 16 bytes long: 20 characters, with some of the colon and secret.
  EXPECT_FALSE(credentials->Find(first.basic.substr(0, 24) + second.basic.substr(24)).has_value());
}

TEST_F(CredentialsTest, SeesWhatIsAddedAndRevoked) {
  const std::unique_ptr<Credentials> credentials = Load();
  const IssuedCredential issued = Add(kAccount);
  EXPECT_FALSE(credentials->Find(issued.basic).has_value()) << "it has not looked yet";
  Pass();
  EXPECT_TRUE(credentials->Find(issued.basic).has_value());
  const IssuedCredential other = Add(kOther);
  Revoke(issued.kept.id);
  Pass();
  EXPECT_FALSE(credentials->Find(issued.basic).has_value());
  EXPECT_TRUE(credentials->Find(other.basic).has_value());
  std::filesystem::remove(folder_.path("credentials"));
  Pass();
  EXPECT_FALSE(credentials->Find(other.basic).has_value());
  EXPECT_THAT(told_, ElementsAre()) << "none of this is a problem";
}

TEST_F(CredentialsTest, LooksSoonEnough) { EXPECT_LE(Credentials::kLookEvery, std::chrono::seconds(1)); }

TEST_F(CredentialsTest, NobodyIsKnownWhileTheFileCannotBeUsed) {
  const IssuedCredential issued = Add(kAccount);
  const std::unique_ptr<Credentials> credentials = Load();
  const std::string path = folder_.path("credentials");
  std::ofstream(path, std::ios::app) << "rubbish\n";
  for (int i = 0; i < 3; ++i) {
    Pass();
    EXPECT_FALSE(credentials->Find(issued.basic).has_value());
  }
  EXPECT_THAT(told_, ElementsAre(HasSubstr(path + ":3: "))) << "it is told once";
  EXPECT_THAT(Credentials::Load(folder_.path()), StatusIs(absl::StatusCode::kDataLoss, path + ":3: "));

  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  Pass();
  EXPECT_FALSE(credentials->Find(issued.basic).has_value());
  EXPECT_THAT(told_, ElementsAre(HasSubstr(path + ":3: "), HasSubstr("chmod 600"))) << "and so is another problem";

  std::filesystem::remove(path);
  const IssuedCredential other = Add(kAccount);
  Pass();
  EXPECT_TRUE(credentials->Find(other.basic).has_value()) << "without a restart";
  EXPECT_FALSE(credentials->Find(issued.basic).has_value());
}

TEST_F(CredentialsTest, MayBeAskedByManyThreads) {
  const IssuedCredential kept = Add(kAccount);
  const std::unique_ptr<Credentials> credentials = Load();
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!done) EXPECT_TRUE(credentials->Find(kept.basic).has_value());
    });
  }
  for (int i = 0; i < 50; ++i) {
    const IssuedCredential issued = Add(kOther);
    Pass();
    EXPECT_TRUE(credentials->Find(issued.basic).has_value());
    Revoke(issued.kept.id);
    Pass();
    EXPECT_FALSE(credentials->Find(issued.basic).has_value());
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace tallystick::tools
