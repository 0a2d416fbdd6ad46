// A folder of a test's own, gone when the test is over.

#ifndef TALLYSTICK_TESTS_SUPPORT_TEMP_FOLDER_H_
#define TALLYSTICK_TESTS_SUPPORT_TEMP_FOLDER_H_

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

#include "gtest/gtest.h"

namespace tallystick::testing {

class TempFolder {
 public:
  TempFolder() : path_(::testing::TempDir() + "tallystick-XXXXXX") {
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
