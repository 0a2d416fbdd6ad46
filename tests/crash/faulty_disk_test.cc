// The faulty disk itself: what a power cut leaves of files and folders, and which calls fail.

#include "tests/support/faulty_disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace tallystick::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Key;
using ::testing::SizeIs;

class FaultyDiskTest : public ::testing::Test {
 protected:
  FaultyDiskTest() {
    fs::create_directory(root_);
    Restart();
  }
  ~FaultyDiskTest() override { WatchFileCalls(nullptr); }

  // Another disk with what is there now, all of it on stable storage.
  void Restart() {
    WatchFileCalls(nullptr);
    disk_ = std::make_shared<FaultyDisk>(root_, 1);
    WatchFileCalls(disk_);
  }

  std::string At(const std::string& name) const { return root_ + "/" + name; }

  // 0, or what went wrong.
  int Append(const std::string& name, const std::string& text) const {
    const int file = ::open(At(name).c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (file < 0) return errno;
    int error = 0;
    for (std::size_t done = 0; done < text.size() && error == 0;) {
      const ssize_t written = ::write(file, text.data() + done, text.size() - done);
      if (written < 0) {
        error = errno;
      } else {
        done += static_cast<std::size_t>(written);
      }
    }
    ::close(file);
    return error;
  }
  int Sync(const std::string& name) const {
    const int file = ::open(name.empty() ? root_.c_str() : At(name).c_str(), O_RDONLY);
    if (file < 0) return errno;
    const int error = ::fsync(file) == 0 ? 0 : errno;
    ::close(file);
    return error;
  }

  // The files' names, below the root, and what they hold; folders end in "/".
  using Files = std::map<std::string, std::string>;
  static Files FilesOf(const std::string& root) {
    Files files;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      const std::string name = fs::relative(entry.path(), root);
      if (entry.is_directory()) {
        files[name + "/"] = "";
        continue;
      }
      std::ifstream file(entry.path());
      files[name] = {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    }
    return files;
  }

  // What may be left after a power cut now, in many tries.
  std::set<Files> Survivors(int tries = 100) {
    disk_->CutPower();
    std::set<Files> survivors;
    for (int i = 0; i < tries; ++i) {
      const std::string saved = folder_.path("saved");
      disk_->SaveSurvivors(saved);
      survivors.insert(FilesOf(saved));
      fs::remove_all(saved);
    }
    return survivors;
  }

  TempFolder folder_{MemoryDir()};
  const std::string root_ = folder_.path("disk");
  std::shared_ptr<FaultyDisk> disk_;
};

// --- Power cuts ---

TEST_F(FaultyDiskTest, WhatIsSyncedSurvives) {
  Append("a", "text");
  Append("a", " and more");
  EXPECT_EQ(Sync("a"), 0);
  EXPECT_EQ(Sync(""), 0);
  EXPECT_THAT(Survivors(), ElementsAre(Files{{"a", "text and more"}}));
}

TEST_F(FaultyDiskTest, AFileIsFoundOnlyOnceItsFolderIsSynced) {
  Append("a", "text");
  EXPECT_EQ(Sync("a"), 0);
  EXPECT_THAT(Survivors(), ElementsAre(Files{}, Files{{"a", "text"}}));
}

TEST_F(FaultyDiskTest, WhatIsWrittenOverZeroesAndSyncedSurvives) {
  const int file = ::open(At("a").c_str(), O_WRONLY | O_CREAT, 0666);
  ASSERT_GE(file, 0);
  EXPECT_EQ(::pwrite(file, "\0\0\0\0", 4, 0), 4);
  EXPECT_EQ(::fsync(file), 0);
  EXPECT_EQ(::write(file, "te", 2), 2);
  EXPECT_EQ(::fsync(file), 0);
  EXPECT_EQ(::write(file, "xt", 2), 2);
  EXPECT_EQ(::fsync(file), 0);
  ::close(file);
  EXPECT_EQ(Sync(""), 0);
  EXPECT_THAT(Survivors(), ElementsAre(Files{{"a", "text"}}));
}

TEST_F(FaultyDiskTest, AFolderMayBeNamedWithASlash) {
  EXPECT_EQ(::mkdir(At("folder/").c_str(), 0777), 0);
  Append("folder/a", "text");
  EXPECT_EQ(Sync("folder/a"), 0);
  EXPECT_EQ(Sync("folder/"), 0);
  EXPECT_EQ(Sync(""), 0);
  EXPECT_THAT(Survivors(), ElementsAre(Files{{"folder/", ""}, {"folder/a", "text"}}));
}

TEST_F(FaultyDiskTest, OfWhatIsNotSyncedAnyBeginningSurvives) {
  Append("a", "0123");
  EXPECT_EQ(Sync("a"), 0);
  EXPECT_EQ(Sync(""), 0);
  Append("a", "4567");
  std::set<std::size_t> sizes;
  bool spoiled = false;
  for (const Files& files : Survivors(300)) {
    ASSERT_THAT(files, ElementsAre(Key("a")));
    const std::string& content = files.at("a");
    EXPECT_EQ(content.substr(0, 4), "0123");
    sizes.insert(content.size());
    spoiled = spoiled || content != std::string("01234567").substr(0, content.size());
  }
  EXPECT_THAT(sizes, ElementsAre(4, 5, 6, 7, 8));
  EXPECT_TRUE(spoiled) << "a sector that never reached the disk";
}

TEST_F(FaultyDiskTest, AWholeSectorOrNothingOfItIsSpoiled) {
  const std::string text(4000, 'x');
  Append("a", text.substr(0, 100));
  EXPECT_EQ(Sync("a"), 0);
  EXPECT_EQ(Sync(""), 0);
  Append("a", text.substr(100));
  bool intact_behind_spoiled = false;
  for (const Files& files : Survivors()) {
    const std::string& content = files.at("a");
    EXPECT_EQ(content.substr(0, 100), text.substr(0, 100));
    const std::size_t last = content.rfind('x') / 512;
    for (std::size_t i = 100; i < content.size(); ++i) {
      if (content[i] != 'x' && i / 512 < last) intact_behind_spoiled = true;
    }
  }
  EXPECT_TRUE(intact_behind_spoiled);
}

TEST_F(FaultyDiskTest, ARenameTakesPlaceAsAWholeOrNotAtAll) {
  Append("a", "old");
  Append("b", "new");
  Restart();
  fs::rename(At("b"), At("a"));
  EXPECT_THAT(Survivors(), ElementsAre(Files{{"a", "new"}}, Files{{"a", "old"}, {"b", "new"}}));
}

TEST_F(FaultyDiskTest, ChangesOfAFolderMayTakePlaceWithoutThoseBefore) {
  Append("a", "");
  Append("b", "");
  fs::create_directory(At("c"));
  Restart();
  fs::remove(At("a"));
  fs::remove(At("b"));
  fs::remove(At("c"));
  Append("d", "");
  EXPECT_THAT(Survivors(1500), SizeIs(16));
}

TEST_F(FaultyDiskTest, WhatIsRemovedIsGoneOnceItsFolderIsSynced) {
  fs::create_directory(At("folder"));
  Append("folder/a", "text");
  Append("folder/b", "text");
  Restart();
  fs::remove(At("folder/a"));
  EXPECT_EQ(Sync("folder"), 0);
  fs::remove_all(At("folder"));
  EXPECT_THAT(Survivors(), ElementsAre(Files{}, Files{{"folder/", ""}}, Files{{"folder/", ""}, {"folder/b", "text"}}));
}

TEST_F(FaultyDiskTest, ALinkLeadsToTheSameFile) {
  Append("a", "text");
  EXPECT_EQ(Sync("a"), 0);
  fs::create_hard_link(At("a"), At("b"));
  fs::remove(At("a"));
  EXPECT_EQ(Sync(""), 0);
  EXPECT_THAT(Survivors(), ElementsAre(Files{{"b", "text"}}));
}

TEST_F(FaultyDiskTest, AFileWrittenAnewMayHoldTheOld) {
  Append("a", "old text");
  Restart();
  const int file = ::open(At("a").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  ASSERT_EQ(::write(file, "new", 3), 3);
  ::close(file);
  EXPECT_THAT(Survivors(), AllOf(Contains(Files{{"a", "old text"}}), Contains(Files{{"a", "new"}})));
  Restart();
  EXPECT_THAT(Survivors(), ElementsAre(Files{{"a", "new"}}));
}

TEST_F(FaultyDiskTest, OfAFileWrittenOverOnlyWhatWasWrittenIsInDoubt) {
  const std::string text(3 * 512, 'o');
  Append("a", text);
  Restart();
  const int file = ::open(At("a").c_str(), O_WRONLY);
  ASSERT_EQ(::pwrite(file, "new", 3, 512), 3);
  ::close(file);
  std::set<char> seen;
  for (const Files& files : Survivors()) {
    std::string content = files.at("a");
    ASSERT_EQ(content.size(), text.size());
    seen.insert(content[512] == 'n' || content[512] == 'o' ? content[512] : '?');
    EXPECT_EQ(content.replace(512, 512, text, 512, 512), text);
  }
  EXPECT_THAT(seen, SizeIs(3));
}

TEST_F(FaultyDiskTest, NothingChangesOnceThePowerIsOff) {
  Append("a", "text");
  Restart();
  disk_->CutPowerAt(3);
  EXPECT_EQ(Append("b", ""), 0);
  EXPECT_EQ(Sync(""), 0);
  EXPECT_FALSE(disk_->power_is_off());
  EXPECT_EQ(Append("c", ""), EIO);
  EXPECT_TRUE(disk_->power_is_off());
  EXPECT_EQ(Sync("b"), EIO);
  const int file = ::open(At("a").c_str(), O_WRONLY);
  EXPECT_EQ(::write(file, "more", 4), 4) << "it does not know yet";
  ::close(file);
  EXPECT_EQ(::unlink(At("a").c_str()), -1);
  EXPECT_EQ(::rename(At("a").c_str(), At("d").c_str()), -1);
  EXPECT_EQ(::mkdir(At("e").c_str(), 0777), -1);
  EXPECT_THAT(Survivors(), ElementsAre(Files{{"a", "text"}, {"b", ""}}));
  EXPECT_EQ(disk_->calls(), 3u) << "those before the cut, and the one that met it";
}

// It might be written to while it is saved, as only a machine that has power does.
TEST_F(FaultyDiskTest, SurvivorsAreNotSavedWhileAFileIsOpen) {
  Append("a", "text");
  disk_->CutPower();
  const int file = ::open(At("a").c_str(), O_WRONLY);
  EXPECT_THROW(disk_->SaveSurvivors(folder_.path("saved")), std::logic_error);
  ::close(file);
  disk_->SaveSurvivors(folder_.path("saved"));
}

TEST_F(FaultyDiskTest, ChanceFollowsFromTheSeed) {
  const auto survivors_of = [this](std::uint64_t seed) {
    WatchFileCalls(nullptr);
    fs::remove_all(root_);
    fs::create_directory(root_);
    disk_ = std::make_shared<FaultyDisk>(root_, seed);
    WatchFileCalls(disk_);
    for (const char* name : {"a", "b", "c"}) Append(name, std::string(2000, 'x'));
    std::vector<Files> all;
    disk_->CutPower();
    for (int i = 0; i < 10; ++i) {
      const std::string saved = folder_.path("saved");
      disk_->SaveSurvivors(saved);
      all.push_back(FilesOf(saved));
      fs::remove_all(saved);
    }
    return all;
  };
  const std::vector<Files> first = survivors_of(7);
  EXPECT_EQ(survivors_of(7), first);
  EXPECT_NE(survivors_of(8), first);
}

// --- Errors ---

TEST_F(FaultyDiskTest, FailsTheNthCallOfAKind) {
  disk_->FailAt(DiskCall::kSync, 2);
  EXPECT_EQ(Append("a", "text"), 0);
  EXPECT_EQ(Sync("a"), 0);
  EXPECT_EQ(Sync(""), 0) << "a folder is another kind";
  EXPECT_FALSE(disk_->has_failed());
  EXPECT_EQ(Sync("a"), EIO);
  EXPECT_TRUE(disk_->has_failed());
  EXPECT_EQ(Sync("a"), 0);
  disk_->FailAt(DiskCall::kSyncFolder, 1);
  EXPECT_EQ(Sync(""), EIO);
  disk_->FailAt(DiskCall::kRename, 1);
  EXPECT_EQ(::rename(At("a").c_str(), At("b").c_str()), -1);
  disk_->FailAt(DiskCall::kCreate, 1);
  EXPECT_EQ(Append("b", ""), EIO);
  disk_->FailAt(DiskCall::kAny, 1);
  EXPECT_EQ(::unlink(At("a").c_str()), -1);
  EXPECT_EQ(::unlink(At("a").c_str()), 0);
}

TEST_F(FaultyDiskTest, AWriteThatFailsMayHaveWrittenAPart) {
  std::set<std::uintmax_t> sizes;
  for (int i = 0; i < 50; ++i) {
    const std::string name = std::to_string(i);
    disk_->FailAt(DiskCall::kWrite, 1);
    EXPECT_EQ(Append(name, "0123"), EIO);
    sizes.insert(fs::file_size(At(name)));
  }
  EXPECT_THAT(sizes, ElementsAre(0, 1, 2, 3));
}

TEST_F(FaultyDiskTest, AFullDiskTakesNothingUntilThereIsRoom) {
  EXPECT_EQ(Append("a", "text"), 0);
  disk_->FillAt(DiskCall::kWrite, 1);
  EXPECT_EQ(Append("a", "more"), ENOSPC);
  EXPECT_EQ(Append("b", ""), ENOSPC);
  EXPECT_EQ(::mkdir(At("folder").c_str(), 0777), -1);
  EXPECT_EQ(Sync("a"), 0) << "what it holds can be synced";
  EXPECT_EQ(::rename(At("a").c_str(), At("c").c_str()), 0);
  EXPECT_EQ(::unlink(At("c").c_str()), 0);
  disk_->Heal();
  EXPECT_EQ(Append("a", "more"), 0);
}

// As on Linux: what could not be written is taken to be on the disk afterwards.
TEST_F(FaultyDiskTest, ASyncThatFailedIsNotMadeGood) {
  Append("a", "text");
  EXPECT_EQ(Sync("a"), 0);
  EXPECT_EQ(Sync(""), 0);
  Append("a", " and more");
  disk_->FailAt(DiskCall::kSync, 1);
  EXPECT_EQ(Sync("a"), EIO);
  EXPECT_EQ(Sync("a"), 0);
  EXPECT_THAT(Survivors(), Contains(Files{{"a", "text"}}));
}

TEST_F(FaultyDiskTest, WhatIsWrittenAnewAfterASyncThatFailedIsSynced) {
  for (const bool at_opening : {true, false}) {
    WatchFileCalls(nullptr);
    fs::remove(At("a"));
    Append("a", "old text");
    Restart();
    Append("a", " and more");
    disk_->FailAt(DiskCall::kSync, 1);
    EXPECT_EQ(Sync("a"), EIO);
    const int file = ::open(At("a").c_str(), O_WRONLY | O_CREAT | (at_opening ? O_TRUNC : 0), 0666);
    if (!at_opening) {
      EXPECT_EQ(::ftruncate(file, 0), 0);
    }
    EXPECT_EQ(::write(file, "new", 3), 3);
    EXPECT_EQ(::fsync(file), 0);
    ::close(file);
    EXPECT_THAT(Survivors(), ElementsAre(Files{{"a", "new"}}));
  }
}

TEST_F(FaultyDiskTest, ADiskThatLiesSyncsNothing) {
  disk_->LieAboutSyncs();
  Append("a", "text");
  EXPECT_EQ(Sync("a"), 0);
  EXPECT_EQ(Sync(""), 0);
  EXPECT_THAT(Survivors(), Contains(Files{}));
}

}  // namespace
}  // namespace tallystick::testing
