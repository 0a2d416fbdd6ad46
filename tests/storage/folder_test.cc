#include "lib/storage/folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tallystick::storage {
namespace {

namespace fs = std::filesystem;
using absl::StatusCode;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::Not;
using testing::StatusIs;

class FolderTest : public ::testing::Test {
 protected:
  FolderTest() : path_(folder_.path("store")) {}

  // Makes the folder with these in it; a name that ends with a slash is a folder's.
  void Fill(const std::vector<std::string>& names) const {
    fs::remove_all(path_);
    fs::create_directory(path_);
    for (const std::string& name : names) {
      if (name.back() == '/') {
        fs::create_directory(path_ + "/" + name);
      } else {
        Write(path_ + "/" + name, "text");
      }
    }
  }

  static void Write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }
  static std::string Read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  testing::TempFolder folder_;
  const std::string path_;
};

// --- What stands there ---

TEST_F(FolderTest, SaysWhatAFolderHolds) {
  EXPECT_THAT(InspectFolder(path_), IsOkAndHolds(FolderState::kAbsent));
  struct Case {
    std::vector<std::string> names;
    FolderState state;
  };
  const std::vector<Case> cases = {
      {{}, FolderState::kEmpty},
      {{"LOCK"}, FolderState::kUnfinished},
      {{"data.creating/"}, FolderState::kUnfinished},
      {{"LOCK", "data.creating/"}, FolderState::kUnfinished},
      {{"data.restoring/"}, FolderState::kRestoring},
      {{"LOCK", "data.restoring/", "data.creating/"}, FolderState::kRestoring},
      {{"LOCK", "data.salvaging/"}, FolderState::kSalvaging},
      {{"data/", "data.salvaging/"}, FolderState::kComplete},
      {{"data/"}, FolderState::kComplete},
      {{"data/", "data.restoring/"}, FolderState::kComplete},
      {{"LOCK", "data/", "data.creating/"}, FolderState::kComplete},
      {{"data/", "a person's note"}, FolderState::kComplete},  // whatever else lies beside a store
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(::testing::PrintToString(c.names));
    Fill(c.names);
    EXPECT_THAT(InspectFolder(path_), IsOkAndHolds(c.state));
    EXPECT_THAT(InspectFolder(path_ + "/"), IsOkAndHolds(c.state));
  }
}

TEST_F(FolderTest, RefusesWhatIsSomethingElse) {
  for (const char* name : {"thesis.txt", "data2/", "lock", ".hidden", "data.creating.bak"}) {
    SCOPED_TRACE(name);
    Fill({"LOCK", name});
    EXPECT_THAT(InspectFolder(path_), StatusIs(StatusCode::kFailedPrecondition, fs::path(name).filename().string()));
  }
  Write(folder_.path("file"), "text");
  EXPECT_THAT(InspectFolder(folder_.path("file")), StatusIs(StatusCode::kFailedPrecondition, "not a folder"));
}

TEST_F(FolderTest, FollowsALinkToAFolder) {
  Fill({"data/"});
  fs::create_directory_symlink(path_, folder_.path("link"));
  EXPECT_THAT(InspectFolder(folder_.path("link")), IsOkAndHolds(FolderState::kComplete));
}

TEST_F(FolderTest, KnowsWhatLiesInAFolder) {
  Fill({"data/"});
  fs::create_directory_symlink(path_, folder_.path("link"));
  EXPECT_TRUE(LiesIn(path_, path_));
  EXPECT_TRUE(LiesIn(path_ + "/", path_));
  EXPECT_TRUE(LiesIn(path_ + "/absent/folder", path_ + "/"));
  EXPECT_TRUE(LiesIn(path_ + "/data/../x", path_));
  EXPECT_TRUE(LiesIn(folder_.path("link/x"), path_));
  EXPECT_TRUE(LiesIn(path_ + "/x", folder_.path("link")));
  EXPECT_FALSE(LiesIn(path_ + "-2", path_));
  EXPECT_FALSE(LiesIn(folder_.path(), path_));
  EXPECT_FALSE(LiesIn(path_ + "/../x", path_));
}

// --- Who may write ---

TEST_F(FolderTest, TheLockMakesTheFolderAndNamesItsHolder) {
  auto lock = FolderLock::Acquire(path_);
  ASSERT_THAT(lock, IsOk());
  const std::string id = std::to_string(::getpid());
  EXPECT_EQ(Read(path_ + "/LOCK"), id + "\n");
  EXPECT_THAT(FolderLock::Acquire(path_), StatusIs(StatusCode::kUnavailable, "this process (" + id + ")"));
  EXPECT_THAT(InspectFolder(path_), IsOkAndHolds(FolderState::kUnfinished));
}

TEST_F(FolderTest, TheLockIsFreeOnceItsHolderIsGone) {
  { ASSERT_THAT(FolderLock::Acquire(path_), IsOk()); }
  EXPECT_THAT(FolderLock::Acquire(path_), IsOk());
}

TEST_F(FolderTest, WhatAnEarlierHolderWroteIsReplaced) {
  Fill({});
  Write(path_ + "/LOCK", "123456789012345678901234567890\n");
  auto lock = FolderLock::Acquire(path_);
  ASSERT_THAT(lock, IsOk());
  EXPECT_EQ(Read(path_ + "/LOCK"), std::to_string(::getpid()) + "\n");
}

TEST_F(FolderTest, AHolderWithoutAReadableNameIsAnotherProcess) {
  struct Case {
    const char* text;
    const char* holder;
  };
  const std::vector<Case> cases = {
      {"", "another process"}, {"rubbish", "another process"}, {"1\n", "process 1"}, {"1", "process 1"}};
  auto lock = FolderLock::Acquire(path_);
  ASSERT_THAT(lock, IsOk());
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    Write(path_ + "/LOCK", c.text);
    const auto second = FolderLock::Acquire(path_);
    EXPECT_THAT(second, StatusIs(StatusCode::kUnavailable, std::string("open for writing in ") + c.holder));
    EXPECT_EQ(Read(path_ + "/LOCK"), c.text) << "the loser must not write";
  }
}

TEST_F(FolderTest, AnAbsentParentIsNotFound) {
  EXPECT_THAT(FolderLock::Acquire(folder_.path("no/parent")), StatusIs(StatusCode::kNotFound, "no/parent"));
}

TEST_F(FolderTest, BackupsAreReadByManyOrWrittenByOne) {
  EXPECT_THAT(FolderLock::ShareBackups(path_), IsOk()) << "there is nothing to lock";
  EXPECT_FALSE(fs::exists(path_));
  {
    const auto writer = FolderLock::AcquireBackups(path_);
    ASSERT_THAT(writer, IsOk());
    EXPECT_THAT(FolderLock::AcquireBackups(path_), StatusIs(StatusCode::kUnavailable, path_));
    EXPECT_THAT(FolderLock::ShareBackups(path_), StatusIs(StatusCode::kUnavailable, std::to_string(::getpid())));
  }
  const auto one = FolderLock::ShareBackups(path_);
  const auto another = FolderLock::ShareBackups(path_);
  EXPECT_THAT(one, IsOk());
  EXPECT_THAT(another, IsOk());
  EXPECT_THAT(FolderLock::AcquireBackups(path_), StatusIs(StatusCode::kUnavailable, path_));
}

// --- How a store comes to be ---

absl::Status MakeRow(const std::string& path) {
  fs::create_directory(path);
  std::ofstream(path + "/row") << "made";
  return absl::OkStatus();
}

TEST_F(FolderTest, AStoreIsThereOnceItIsWhole) {
  Fill({"LOCK"});
  const absl::Status made = CreateData(path_, [this](const std::string& path) {
    EXPECT_THAT(InspectFolder(path_), IsOkAndHolds(FolderState::kUnfinished));
    EXPECT_FALSE(fs::exists(path));
    absl::Status status = MakeRow(path);
    EXPECT_THAT(InspectFolder(path_), IsOkAndHolds(FolderState::kUnfinished));
    return status;
  });
  ASSERT_THAT(made, IsOk());
  EXPECT_THAT(InspectFolder(path_), IsOkAndHolds(FolderState::kComplete));
  EXPECT_EQ(Read(DataPath(path_) + "/row"), "made");
  EXPECT_FALSE(fs::exists(path_ + "/data.creating"));
}

TEST_F(FolderTest, LeftoversOfAnEarlierCreationAreGone) {
  Fill({"LOCK", "data.creating/"});
  Write(path_ + "/data.creating/half", "a manif");
  fs::create_directory(path_ + "/data.creating/folder");
  ASSERT_THAT(CreateData(path_, MakeRow), IsOk());
  EXPECT_EQ(Read(DataPath(path_) + "/row"), "made");
  EXPECT_FALSE(fs::exists(DataPath(path_) + "/half"));
}

TEST_F(FolderTest, AFailureLeavesNoStoreAndTheNextOneSucceeds) {
  Fill({"LOCK"});
  const absl::Status failed = CreateData(path_, [](const std::string& path) {
    EXPECT_THAT(MakeRow(path), IsOk());
    return absl::ResourceExhaustedError("the disk is full");
  });
  EXPECT_THAT(failed, StatusIs(StatusCode::kResourceExhausted, "the disk is full"));
  EXPECT_THAT(InspectFolder(path_), IsOkAndHolds(FolderState::kUnfinished));
  EXPECT_THAT(CreateData(path_, MakeRow), IsOk());
  EXPECT_THAT(InspectFolder(path_), IsOkAndHolds(FolderState::kComplete));
}

TEST_F(FolderTest, ARestoreIsThereOnceItIsWhole) {
  Fill({"LOCK", "data.creating/", "data.restoring/"});
  Write(path_ + "/data.restoring/half", "a manif");
  const absl::Status failed = RestoreData(path_, [this](const std::string& path) {
    EXPECT_TRUE(fs::is_empty(path));
    EXPECT_THAT(InspectFolder(path_), IsOkAndHolds(FolderState::kRestoring));
    EXPECT_THAT(MakeRow(path), IsOk());
    return absl::ResourceExhaustedError("the disk is full");
  });
  EXPECT_THAT(failed, StatusIs(StatusCode::kResourceExhausted, "the disk is full"));
  EXPECT_THAT(InspectFolder(path_), IsOkAndHolds(FolderState::kRestoring)) << "not an empty store";
  EXPECT_TRUE(fs::is_empty(path_ + "/data.restoring")) << "the space is given back";
  ASSERT_THAT(RestoreData(path_, MakeRow), IsOk());
  EXPECT_THAT(InspectFolder(path_), IsOkAndHolds(FolderState::kComplete));
  EXPECT_EQ(Read(DataPath(path_) + "/row"), "made");
  EXPECT_FALSE(fs::exists(path_ + "/data.restoring"));
  EXPECT_FALSE(fs::exists(path_ + "/data.creating"));
}

TEST_F(FolderTest, ARestoreIsPreparedWhereNothingIs) {
  ASSERT_THAT(PrepareRestore(path_ + "/"), IsOk());
  EXPECT_THAT(InspectFolder(path_), IsOkAndHolds(FolderState::kRestoring));
  EXPECT_FALSE(fs::exists(path_ + "/LOCK"));
  EXPECT_FALSE(fs::exists(path_ + ".data.restoring"));
  Fill({});
  ASSERT_THAT(PrepareRestore(path_), IsOk());
  EXPECT_THAT(InspectFolder(path_), IsOkAndHolds(FolderState::kRestoring));
  for (const char* name : {"data/", "LOCK"}) {
    SCOPED_TRACE(name);
    Fill({name});
    ASSERT_THAT(PrepareRestore(path_), IsOk());
    EXPECT_FALSE(fs::exists(path_ + "/data.restoring")) << "of another's store";
  }
  Fill({"notes"});
  EXPECT_THAT(PrepareRestore(path_), StatusIs(StatusCode::kFailedPrecondition, "notes"));
}

TEST_F(FolderTest, AFolderInTheWayOfARestoreStays) {
  fs::create_directories(path_ + ".data.restoring/data.restoring");  // one that was cut short
  ASSERT_THAT(PrepareRestore(path_), IsOk());
  EXPECT_FALSE(fs::exists(path_ + ".data.restoring"));
  fs::remove_all(path_);
  fs::create_directory(path_ + ".data.restoring");
  Write(path_ + ".data.restoring/notes", "text");
  EXPECT_THAT(PrepareRestore(path_), Not(IsOk()));
  EXPECT_EQ(Read(path_ + ".data.restoring/notes"), "text");
  EXPECT_FALSE(fs::exists(path_));
}

// --- Table files in the making ---

TEST_F(FolderTest, LoadingIsMadeEmptyAndTakenAway) {
  Fill({"LOCK", "data/"});
  EXPECT_THAT(RemoveLoading(path_), IsOk()) << "there is none";
  ASSERT_THAT(ClearLoading(path_), IsOk());
  EXPECT_TRUE(fs::is_empty(LoadingPath(path_)));
  Write(LoadingPath(path_) + "/0.sst", "half");
  fs::create_directory(LoadingPath(path_) + "/folder");
  ASSERT_THAT(ClearLoading(path_), IsOk());
  EXPECT_TRUE(fs::is_directory(LoadingPath(path_)));
  EXPECT_TRUE(fs::is_empty(LoadingPath(path_)));
  EXPECT_THAT(InspectFolder(path_), IsOkAndHolds(FolderState::kComplete));
  Write(LoadingPath(path_) + "/0.sst", "half");
  ASSERT_THAT(RemoveLoading(path_), IsOk());
  EXPECT_FALSE(fs::exists(LoadingPath(path_)));
  EXPECT_TRUE(fs::exists(DataPath(path_)));
}

TEST_F(FolderTest, WhatStandsInTheWayOfLoadingIsReplaced) {
  Fill({"data/", "data.loading"});
  ASSERT_THAT(ClearLoading(path_), IsOk());
  EXPECT_TRUE(fs::is_directory(LoadingPath(path_)));
}

TEST_F(FolderTest, LoadingOfAnAbsentStoreIsAnError) {
  EXPECT_THAT(ClearLoading(folder_.path("absent")), StatusIs(StatusCode::kNotFound, "data.loading: cannot make"));
}

}  // namespace
}  // namespace tallystick::storage
