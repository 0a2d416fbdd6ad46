// A folder of a test's own, gone when the test is over.

#ifndef TALLYSTICK_TESTS_SUPPORT_TEMP_FOLDER_H_
#define TALLYSTICK_TESTS_SUPPORT_TEMP_FOLDER_H_

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

#include "gtest/gtest.h"

namespace tallystick::testing {

// In memory where the machine has a file system for that: for tests that make very many files and need no disk.
inline std::string MemoryDir() {
  const std::string memory = "/dev/shm/";
  return ::access(memory.c_str(), W_OK) == 0 ? memory : ::testing::TempDir();
}

class TempFolder {
 public:
  explicit TempFolder(const std::string& parent = ::testing::TempDir()) : path_(parent + "tallystick-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make a folder: " + path_);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;  // what is left behind does no harm
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_TEMP_FOLDER_H_
