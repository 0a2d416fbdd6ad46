#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/fixture.h"

namespace tallystick::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// More than any disk has.
const std::vector<std::string> kTooMuch = {"--reserve-mib", "17592186044415"};

class ReserveTest : public CliTest {
 protected:
  // With a reserve that no disk has.
  Finished BelowIt(std::vector<std::string> arguments, const std::string& input = "") const {
    arguments.insert(arguments.end(), kTooMuch.begin(), kTooMuch.end());
    return Tallystick(arguments, input);
  }
  static void ExpectRefused(const Finished& finished, const std::string& path) {
    EXPECT_EQ(finished.status, 1);
    EXPECT_EQ(finished.out, "");
    EXPECT_THAT(finished.err, AllOf(StartsWith("tallystick: "), HasSubstr(path + ": the disk has "),
                                    HasSubstr(" bytes free, of which 18446744073708503040 are kept in reserve")));
  }
};

TEST_F(ReserveTest, BelowItNothingIsWritten) {
  const std::string line = Line({.id = "a"}) + "\n";
  ExpectRefused(BelowIt({"import"}, line), "store");
  ExpectRefused(BelowIt({"import", "--batch", "10"}, line), "store");
  ExpectRefused(BelowIt({"meter", "define", "messages", "--type", "message-sent", "--aggregation", "count"}), "store");
  EXPECT_EQ(DataOf({"scan"}), "");
  Import(line);
  ExpectRefused(BelowIt({"backup", Path("backups")}), "backups");
  EXPECT_EQ(Tallystick({"import", "--reserve-mib", "0"}, Line({.id = "b"}) + "\n").status, 0);
  EXPECT_EQ(EventIdsOf(DataOf({"scan"})).size(), 2U);
}

}  // namespace
}  // namespace tallystick::cli
