// Every C++ example that a document shows is a piece of a file under docs/examples, which is built and run as a test.

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/docs/markdown.h"

namespace tallystick::docs {
namespace {

const char* const kDocuments[] = {"README.md", "docs/GUIDE.md"};

// The text between `// [begin NAME]` and `// [end NAME]`, by "FILE NAME".
std::map<std::string, std::string> Regions() {
  std::map<std::string, std::string> regions;
  const std::filesystem::path root = TALLYSTICK_SOURCE_FOLDER;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root / "docs/examples")) {
    if (entry.path().extension() != ".cc") continue;
    const std::string file = std::filesystem::relative(entry.path(), root).string();
    std::istringstream lines(ReadSource(file));
    std::string name;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("// [begin ")) {
        name = line.substr(10, line.size() - 11);
      } else if (line == "// [end " + name + "]") {
        name.clear();
      } else if (!name.empty()) {
        regions[file + " " + name] += line + "\n";
      }
    }
    EXPECT_EQ(name, "") << file << ": a region does not end";
  }
  return regions;
}

TEST(Quotes, EveryCppBlockIsAPieceOfAnExample) {
  std::vector<std::string> pieces;
  for (const auto& [name, text] : Regions()) pieces.push_back(text);
  for (const char* document : kDocuments) {
    for (const Block& block : FencedBlocks(ReadSource(document))) {
      if (block.info != "cpp") continue;
      EXPECT_THAT(pieces, testing::Contains(block.text)) << document << ":" << block.line;
    }
  }
}

TEST(Quotes, EveryPieceIsQuoted) {
  std::string documents;
  for (const char* document : kDocuments) documents += ReadSource(document);
  for (const auto& [name, text] : Regions()) {
    EXPECT_TRUE(documents.find("```cpp\n" + text + "```\n") != std::string::npos) << name;
  }
}

}  // namespace
}  // namespace tallystick::docs
