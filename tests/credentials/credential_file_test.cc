#include "credentials/credential_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/docs/markdown.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tallystick::tools {
namespace {

using ::tallystick::testing::IsOk;
using ::tallystick::testing::StatusIs;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Uuid kAccount = *Uuid::Parse("0184421e-a9cc-711b-af93-bf0511d4d833");

constexpr char kLine[] =
    "0123456789abcdef 0184421e-a9cc-711b-af93-bf0511d4d833 2026-10-01T00:00:00Z "
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";

class CredentialFileTest : public ::testing::Test {
 protected:
  std::string Path() const { return folder_.path("credentials"); }

  void Write(const std::string& text) const {
    std::ofstream(Path(), std::ios::binary | std::ios::trunc) << text;
    ASSERT_EQ(::chmod(Path().c_str(), 0600), 0);
  }
  std::string Text() const {
    std::ifstream file(Path(), std::ios::binary);
    EXPECT_TRUE(file.good());
    return {std::istreambuf_iterator<char>(file), {}};
  }
  mode_t Mode() const {
    struct stat state {};
    EXPECT_EQ(::stat(Path().c_str(), &state), 0);
    return state.st_mode & 07777;
  }
  absl::Status Add() const {
    return ChangeCredentials(folder_.path(), [](std::vector<Credential>* credentials) {
      credentials->push_back(IssueCredential(kAccount, absl::FromUnixSeconds(1)).kept);
      return absl::OkStatus();
    });
  }
  absl::StatusOr<CredentialFile> Read() const { return CredentialFile::Read(folder_.path()); }

  testing::TempFolder folder_{testing::MemoryDir()};  // many changes, each of them synced
};

TEST_F(CredentialFileTest, AnAbsentOneHoldsNone) {
  ASSERT_OK_AND_ASSIGN(const CredentialFile file, Read());
  EXPECT_THAT(file.credentials(), IsEmpty());
  EXPECT_FALSE(file.IsOutdated());
  EXPECT_THAT(CredentialFile::Read(folder_.path("none")),
              StatusIs(absl::StatusCode::kNotFound, folder_.path("none") + ": there is no store"));
  EXPECT_THAT(ChangeCredentials(folder_.path("none"), [](auto*) { return absl::OkStatus(); }),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_FALSE(std::filesystem::exists(folder_.path("none")));
}

// The example of docs/FORMAT.md section 9, with its secret.
TEST_F(CredentialFileTest, IsAsTheFormatSays) {
  for (const docs::Block& block : docs::FencedBlocks(docs::ReadSource("docs/FORMAT.md"))) {
    if (block.text.starts_with("tallystick credentials ")) Write(block.text);
  }
  ASSERT_OK_AND_ASSIGN(const CredentialFile file, Read());
  ASSERT_THAT(file.credentials(), SizeIs(1));
  const std::optional<ShownCredential> shown =
      ShownCredential::Parse("MDEyMzQ1Njc4OWFiY2RlZjpBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB");
  ASSERT_TRUE(shown.has_value());
  EXPECT_TRUE(shown->Is(file.credentials().front()));
  EXPECT_EQ(file.credentials().front().account, kAccount);
}

TEST_F(CredentialFileTest, IsALineForEach) {
  Write(std::string("tallystick credentials 1\n") + kLine);
  ASSERT_OK_AND_ASSIGN(const CredentialFile file, Read());
  ASSERT_THAT(file.credentials(), SizeIs(1));
  const Credential& credential = file.credentials().front();
  EXPECT_EQ(credential.id, "0123456789abcdef");
  EXPECT_EQ(credential.account, kAccount);
  EXPECT_EQ(credential.created, absl::FromCivil(absl::CivilDay(2026, 10, 1), absl::UTCTimeZone()));
  EXPECT_EQ(credential.hash[0], 0x00);
  EXPECT_EQ(credential.hash[1], 0x11);
  EXPECT_EQ(credential.hash[31], 0xff);

  EXPECT_THAT(ChangeCredentials(folder_.path(), [](auto*) { return absl::OkStatus(); }), IsOk());
  EXPECT_EQ(Text(), std::string("tallystick credentials 1\n") + kLine);
}

TEST_F(CredentialFileTest, IsTheOwnersAloneWhateverTheUmask) {
  for (const mode_t umask : {0U, 022U, 0777U}) {
    const mode_t before = ::umask(umask);
    EXPECT_THAT(Add(), IsOk());
    ::umask(before);
    EXPECT_EQ(Mode(), 0600U);
  }
  for (const mode_t mode : {0640U, 0604U, 0620U, 0602U, 0610U, 0601U}) {
    ASSERT_EQ(::chmod(Path().c_str(), mode), 0);
    EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kFailedPrecondition, Path()));
    EXPECT_THAT(Add(), StatusIs(absl::StatusCode::kFailedPrecondition)) << "it may have been changed";
  }
}

TEST_F(CredentialFileTest, NothingButTheFileIsLeft) {
  // Of a change that was cut short, with more in it.
  std::ofstream(folder_.path("credentials.new")) << std::string(10'000, 'x');
  EXPECT_THAT(Add(), IsOk());
  EXPECT_THAT(Read()->credentials(), SizeIs(1));
  EXPECT_FALSE(std::filesystem::exists(folder_.path("credentials.new")));

  // Nothing is followed out of the folder.
  const testing::TempFolder elsewhere;
  std::filesystem::create_symlink(elsewhere.path("file"), folder_.path("credentials.new"));
  EXPECT_THAT(Add(), IsOk());
  EXPECT_FALSE(std::filesystem::exists(elsewhere.path("file")));
  EXPECT_THAT(Read()->credentials(), SizeIs(2));
}

TEST_F(CredentialFileTest, AFailedChangeLeavesItAsItWas) {
  EXPECT_THAT(Add(), IsOk());
  const std::string before = Text();
  EXPECT_THAT(ChangeCredentials(folder_.path(),
                                [](std::vector<Credential>* credentials) {
                                  credentials->clear();
                                  return absl::NotFoundError("no");
                                }),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(Text(), before);
  ASSERT_TRUE(std::filesystem::create_directory(folder_.path("credentials.new"))) << "in the way";
  EXPECT_THAT(Add(), StatusIs(absl::StatusCode::kUnknown, "credentials.new"));
  EXPECT_EQ(Text(), before);
}

TEST_F(CredentialFileTest, DamageIsToldWithItsLine) {
  const std::string line = kLine;
  const std::string first = "tallystick credentials 1\n";
  struct Case {
    std::string text;
    int line;
  };
  std::vector<Case> cases = {
      {"", 1},
      {"\n", 1},
      {"tallystick credentials 1", 1},
      {"tallystick credentials 2\n", 1},
      {line, 1},
      {first + "\n", 2},
      {first + line + "\n", 3},
      {first + line + line, 3},
      {first + " " + line, 2},
      {first + line.substr(0, line.size() - 1) + " \n", 2},
      {first + line.substr(0, line.size() - 1) + "0\n", 2},
      {first + line.substr(0, line.size() - 1), 2},
      {first + line.substr(0, line.size() - 1) + "\r\n", 2},
      {first + std::string(1'000'000, 'a') + "\n", 2},
      {first + std::string(1'000'000, '\0') + "\n", 2},
  };
  // Cut off anywhere: what is missing is noticed, but at the end of a line.
  const std::string whole = first + line;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    if (size != first.size()) cases.push_back({whole.substr(0, size), size < first.size() ? 1 : 2});
  }
  // Another character anywhere, but in what any digit may be.
  for (std::size_t i = 0; i < line.size(); ++i) {
    std::string changed = line;
    changed[i] = '~';
    cases.push_back({first + changed, 2});
  }
  for (const Case& damaged : cases) {
    Write(damaged.text);
    const std::string where = Path() + ":" + std::to_string(damaged.line) + ": ";
    EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kDataLoss, where)) << damaged.text.substr(0, 300);
    EXPECT_THAT(Add(), StatusIs(absl::StatusCode::kDataLoss, where));
    EXPECT_EQ(Text(), damaged.text) << "nothing of it is thrown away";
  }
}

TEST_F(CredentialFileTest, WhatIsNoFileIsRefused) {
  ASSERT_TRUE(std::filesystem::create_directory(Path()));
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kFailedPrecondition, Path()));
  EXPECT_THAT(Add(), StatusIs(absl::StatusCode::kFailedPrecondition, Path()));
  std::filesystem::remove(Path());
  ASSERT_EQ(::mkfifo(Path().c_str(), 0600), 0);
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kFailedPrecondition, Path())) << "nobody waits for a writer";
}

TEST_F(CredentialFileTest, KnowsWhenItIsOutdated) {
  const auto reread = [this] {
    absl::StatusOr<CredentialFile> file = Read();
    EXPECT_THAT(file, IsOk());
    EXPECT_FALSE(file->IsOutdated());
    return *std::move(file);
  };
  CredentialFile file = reread();
  EXPECT_THAT(Add(), IsOk());
  EXPECT_TRUE(file.IsOutdated()) << "there is one";
  // As large as before, and within the same tick of the file system's clock.
  for (int i = 0; i < 100; ++i) {
    file = reread();
    EXPECT_THAT(ChangeCredentials(folder_.path(),
                                  [](std::vector<Credential>* credentials) {
                                    credentials->front() = IssueCredential(kAccount, absl::FromUnixSeconds(1)).kept;
                                    return absl::OkStatus();
                                  }),
                IsOk());
    ASSERT_TRUE(file.IsOutdated()) << "it was replaced";
    file = reread();
    EXPECT_THAT(Add(), IsOk());
    EXPECT_THAT(ChangeCredentials(folder_.path(),
                                  [](std::vector<Credential>* credentials) {
                                    credentials->pop_back();
                                    return absl::OkStatus();
                                  }),
                IsOk());
    ASSERT_TRUE(file.IsOutdated()) << "it was replaced twice";
  }
  file = reread();
  Write("tallystick credentials 1\n");
  EXPECT_TRUE(file.IsOutdated()) << "it was changed in place";
  file = reread();
  std::filesystem::remove(Path());
  EXPECT_TRUE(file.IsOutdated()) << "it is gone";
}

TEST_F(CredentialFileTest, ChangesWaitForEachOther) {
  constexpr int kThreads = 4;
  constexpr int kEach = 25;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([this] {
      for (int j = 0; j < kEach; ++j) {
        EXPECT_THAT(Add(), IsOk());
        EXPECT_THAT(Read(), IsOk()) << "it is whole at any moment";
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(Read()->credentials(), SizeIs(kThreads * kEach));
}

}  // namespace
}  // namespace tallystick::tools
