// Reads the project's documents, so that tests can hold them to what the code does.

#ifndef TALLYSTICK_TESTS_DOCS_MARKDOWN_H_
#define TALLYSTICK_TESTS_DOCS_MARKDOWN_H_

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"

namespace tallystick::docs {

// A fenced block: what stands behind the opening fence ("cpp", "hex made"), and the lines between the fences.
struct Block {
  std::string info;
  std::string text;
  int line = 0;  // of the opening fence
};

// The file's text; fails the test when it is not there. `path` counts from the source folder.
inline std::string ReadSource(const std::string& path) {
  std::ifstream file(std::string(TALLYSTICK_SOURCE_FOLDER) + "/" + path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline std::vector<Block> FencedBlocks(const std::string& text) {
  constexpr std::string_view kFence = "```";
  std::vector<Block> blocks;
  std::istringstream lines(text);
  bool inside = false;
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.starts_with(kFence)) {
      inside = !inside;
      if (inside) blocks.push_back({.info = line.substr(kFence.size()), .text = "", .line = number});
    } else if (inside) {
      blocks.back().text += line + "\n";
    }
  }
  EXPECT_FALSE(inside) << "a fence is not closed";
  return blocks;
}

}  // namespace tallystick::docs

#endif  // TALLYSTICK_TESTS_DOCS_MARKDOWN_H_
