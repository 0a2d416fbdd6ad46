#include "lib/storage/files.h"

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/file_calls.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tallystick::storage {
namespace {

using testing::IsOk;
using testing::IsOkAndHolds;

// Every other write is interrupted by a signal, and the others write a byte or two.
class Interruptions : public testing::FileCallWatcher {
 public:
  testing::CallFate Begins(const testing::FileCall& call) override {
    if (call.name != "write") return {};
    if (++writes_ % 2 == 1) return testing::CallFate::Fails(EINTR);
    return {.bytes_max = 2};
  }

  int writes() const { return writes_; }

 private:
  int writes_ = 0;
};

class FilesTest : public ::testing::Test {
 protected:
  ~FilesTest() override { testing::WatchFileCalls(nullptr); }

  testing::TempFolder folder_;
};

TEST_F(FilesTest, AnInterruptedWriteGoesOn) {
  const std::string path = folder_.path("file");
  const auto interruptions = std::make_shared<Interruptions>();
  testing::WatchFileCalls(interruptions);
  EXPECT_THAT(WriteFileAtOnce(path, "12345"), IsOk());
  testing::WatchFileCalls(nullptr);
  EXPECT_EQ(interruptions->writes(), 6);
  EXPECT_THAT(ReadFile(path), IsOkAndHolds("12345"));
  EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));
}

}  // namespace
}  // namespace tallystick::storage
