// Input that is made to break an import: it costs itself, and bounded memory.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/fixture.h"

namespace tallystick::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// What sanitizers keep beside each byte that is read makes them slow; they see an overflow in what is left as well.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

class HostileInputTest : public CliTest {
 protected:
  static std::string Repeat(std::string_view text, std::size_t times) {
    std::string repeated;
    for (std::size_t i = 0; i < times; ++i) repeated += text;
    return repeated;
  }

  // Imports two events with a line of this size, and more, between them, through a pipe and never as a whole.
  Finished ImportAround(std::uint64_t line_bytes, const std::vector<std::string>& options) const {
    Surroundings surroundings = Here();
    surroundings.unfinished_input = true;
    std::vector<std::string> arguments = {"import"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    Process process(ProgramPath(), arguments, "", surroundings);
    process.Send(Line({.id = "before"}) + "\n" + R"({"customerEventId":")");
    const std::string piece(128 * 1024, 'x');
    for (std::uint64_t sent = 0; sent < line_bytes; sent += piece.size()) process.Send(piece);
    process.Send("\"}\n" + Line({.id = "behind"}) + "\n");
    process.FinishInput();
    return process.Wait();
  }
};

TEST_F(HostileInputTest, ALineOfMoreThan2GiBCostsItselfAndNoMemory) {
  // More than 32 bits can count, signed; with sanitizers, less.
  const std::uint64_t size = kSanitized ? 64ULL << 20 : (2ULL << 30) + (1 << 20);
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{}, {"--batch", "1000", "--rejects", Path("rejects")}}) {
    const std::string account = AccountOf(options.size());
    const auto import = [&](std::uint64_t line_bytes) {
      std::vector<std::string> all = {"--account", account};
      all.insert(all.end(), options.begin(), options.end());
      return ImportAround(line_bytes, all);
    };
    const Finished small = import(1 << 20);
    const Finished large = import(size);
    EXPECT_EQ(large.status, 3);
    EXPECT_EQ(large.err, "-:2: is longer than 2097152 bytes\n");
    EXPECT_EQ(SummaryOf(large), (Summary{.read = 3, .unchanged = 2, .rejected = 1}));
    EXPECT_LT(large.memory_kib, small.memory_kib + 16 * 1024);
    EXPECT_THAT(EventIdsOf(DataOf({"scan", "--account", account})), ElementsAre("before", "behind"));
  }
  // The rejected line is told with its beginning alone.
  const std::vector<std::string> rejects = LinesOf(ReadFile("rejects"));
  ASSERT_EQ(rejects.size(), 1U);
  EXPECT_THAT(rejects[0], HasSubstr(R"("line":2)"));
  EXPECT_THAT(rejects[0], HasSubstr(R"("truncated":true)"));
  EXPECT_LT(rejects[0].size(), 128U * 1024);
}

TEST_F(HostileInputTest, NestingAHundredThousandDeepCostsItsLine) {
  constexpr std::size_t kDeep = 100'000;
  const std::string arrays = Repeat("[", kDeep) + Repeat("]", kDeep);
  const std::string input = Line({.id = "a"}) + "\n" +                                                //
                            Line({.id = "deep", .properties = R"({"a":)" + arrays + "}"}) + "\n" +    //
                            Line({.id = "deeper", .properties = Repeat(R"({"a":)", kDeep)}) + "\n" +  //
                            arrays + "\n" +                                                           //
                            Line({.id = "text", .properties = R"({"a":")" + arrays + "\"}"}) + "\n";
  const Finished finished = Tallystick({"import", "--rejects", "rejects"}, input);
  EXPECT_EQ(finished.status, 3);
  EXPECT_EQ(SummaryOf(finished), (Summary{.read = 5, .created = 2, .rejected = 3}));
  for (const char* const line : {"-:2: ", "-:3: ", "-:4: "}) EXPECT_THAT(finished.err, HasSubstr(line));
  EXPECT_THAT(finished.err, HasSubstr("is nested deeper than 64 levels"));
  EXPECT_THAT(EventIdsOf(DataOf({"scan"})), ElementsAre("a", "text"));
}

}  // namespace
}  // namespace tallystick::cli
