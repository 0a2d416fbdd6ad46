// The corpus of a target, and the words of its language.

#ifndef TALLYSTICK_TESTS_FUZZ_CORPUS_H_
#define TALLYSTICK_TESTS_FUZZ_CORPUS_H_

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tallystick::fuzz {

inline std::filesystem::path FuzzFolder() { return TALLYSTICK_SOURCE_FOLDER "/tests/fuzz"; }

// What each file holds, by its name.
inline std::map<std::string, std::string> Corpus(std::string_view target) {
  std::map<std::string, std::string> corpus;
  for (const auto& entry : std::filesystem::directory_iterator(FuzzFolder() / "corpus" / target)) {
    std::ifstream file(entry.path(), std::ios::binary);
    corpus[entry.path().filename()] = std::string(std::istreambuf_iterator<char>(file), {});
  }
  return corpus;
}

// libFuzzer's dictionary: a word in quotes on each line that is neither empty nor a comment, in which `\\`, `\"` and
// `\xAB` are escapes.
inline std::vector<std::string> Dictionary(std::string_view target) {
  std::vector<std::string> words;
  std::ifstream file(FuzzFolder() / (std::string(target) + ".dict"));
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::string word;
    for (std::size_t at = line.find('"') + 1; at + 1 < line.size(); ++at) {
      if (line[at] != '\\') {
        word += line[at];
      } else if (line[++at] == 'x') {
        word += static_cast<char>(std::stoi(line.substr(at + 1, 2), nullptr, 16));
        at += 2;
      } else {
        word += line[at];
      }
    }
    words.push_back(word);
  }
  return words;
}

}  // namespace tallystick::fuzz

#endif  // TALLYSTICK_TESTS_FUZZ_CORPUS_H_
