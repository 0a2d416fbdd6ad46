// Every target over its corpus, which holds all that was ever found, and over some thousand changes of it. libFuzzer,
// which looks for new ways, runs by tools/fuzz.sh.

#include "tests/fuzz/corpus.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/fuzz/targets.h"
#include "tests/support/hex.h"
#include "tests/support/mutated.h"
#include "tests/support/parsed_event.h"
#include "tests/support/random.h"

namespace tallystick::fuzz {
namespace {

using testing::Random;

class CorpusTest : public ::testing::TestWithParam<Target> {
 protected:
  static Finding Run(const std::string& bytes) {
    const testing::Exact exact(bytes);
    return GetParam().run(exact.text());
  }
};

INSTANTIATE_TEST_SUITE_P(Targets, CorpusTest, ::testing::ValuesIn(kTargets),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(CorpusTest, NothingIsFoundInTheCorpus) {
  const std::map<std::string, std::string> corpus = Corpus(GetParam().name);
  ASSERT_GE(corpus.size(), 5U);
  for (const auto& [name, bytes] : corpus) EXPECT_EQ(Run(bytes), std::nullopt) << name;
}

TEST_P(CorpusTest, NothingIsFoundInWhatIsNearlyTheCorpus) {
  Random random;
  std::vector<std::string> corpus;
  for (const auto& [name, bytes] : Corpus(GetParam().name)) corpus.push_back(bytes);
  const std::vector<std::string> words = Dictionary(GetParam().name);
  ASSERT_GE(words.size(), 5U);
  constexpr int kInputs = 5'000;
  for (int i = 0; i < kInputs; ++i) {
    const std::string bytes = testing::Mutated(&random, random.PickFrom(corpus), words);
    ASSERT_EQ(Run(bytes), std::nullopt) << testing::ToHex(bytes);
  }
}

}  // namespace
}  // namespace tallystick::fuzz
