// The sample that documents and first steps rely on.

#include <fstream>
#include <iterator>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/fixture.h"

namespace tallystick::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string BytesOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

class SampleTest : public CliTest {
 protected:
  const std::string sample_ = SourcePath("docs/examples/sample-events.ndjson");
};

TEST_F(SampleTest, TheFileIsWhatTheGeneratorGives) {
  const Finished generated = Process("python3", {SourcePath("tools/make-sample.py")}).Wait();
  EXPECT_EQ(generated.status, 0) << generated.err;
  EXPECT_TRUE(generated.out == BytesOf(sample_)) << "run tools/make-sample.py > docs/examples/sample-events.ndjson";
}

TEST_F(SampleTest, TheFileIsAsTheDocumentsSay) {
  const Finished imported = Tallystick({"import", sample_});
  EXPECT_EQ(imported.status, 0);
  EXPECT_EQ(imported.err, "");
  EXPECT_EQ(SummaryOf(imported), (Summary{.read = 2000, .created = 1980, .superseded = 20}));
  EXPECT_EQ(LinesOf(DataOf({"scan", "--from", "2026-10-01T00:00:00Z", "--to", "2026-11-01T00:00:00Z"})).size(), 1980U);
  EXPECT_THAT(DataOf({"verify"}), StartsWith(R"({"ok":true,"events":1980,)"));
  EXPECT_THAT(DataOf({"get", "event-000123"}), HasSubstr(R"("customerEventId":"event-000123")"));

  // What was corrected is corrected back and forth; the answers stay.
  const std::string before = DataOf({"scan"});
  EXPECT_EQ(SummaryOf(Tallystick({"import", sample_})), (Summary{.read = 2000, .superseded = 40, .unchanged = 1960}));
  EXPECT_THAT(DataOf({"stats"}), HasSubstr(R"(0000","events":1980,)"));
  EXPECT_EQ(LinesOf(DataOf({"scan"})).size(), LinesOf(before).size());
}

}  // namespace
}  // namespace tallystick::cli
