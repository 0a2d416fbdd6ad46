#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "simdjson.h"
#include "tallystick/event.h"
#include "tests/cli/fixture.h"

namespace tallystick::cli {
namespace {

constexpr std::size_t kInputBytesMax = 64 * 1024;

class RejectsTest : public CliTest {
 protected:
  // Imports the text, and returns its rejects file.
  std::string RejectsOf(std::string_view input) const {
    EXPECT_EQ(Tallystick({"import", "--rejects", "rejects"}, input).status, 3);
    return ReadFile("rejects");
  }
};

TEST_F(RejectsTest, EachLineIsAnObject) {
  EXPECT_EQ(RejectsOf("rubbish\n" + Line({.id = "a"}) + "\n\n{\"customerAlias\":\"b\"}\r\n" +
                      Line({.properties = R"({"a/b":1,"a/b":2})"})),
            R"({"line":1,"error":{"type":"invalid_json","message":"expects a value","pointer":""},"input":"rubbish"})"
            "\n"
            R"({"line":4,"error":{"type":"missing_field","message":"is required","pointer":"/eventType"},)"
            R"("input":"{\"customerAlias\":\"b\"}"})"
            "\n"
            R"({"line":5,"error":{"type":"duplicate_key","message":"is given twice",)"
            R"("pointer":"/eventProperties/a~1b"},"input":"{\"customerAlias\":\"acme\",\"eventType\":\"message-sent\",)"
            R"(\"eventTimestamp\":\"2026-10-01T00:00:00Z\",\"eventProperties\":{\"a/b\":1,\"a/b\":2}}"})"
            "\n");
}

TEST_F(RejectsTest, WithoutRejectedLinesTheFileIsEmpty) {
  WriteFile("rejects", "of an earlier import\n");
  EXPECT_EQ(Tallystick({"import", "--rejects", "rejects"}, Line({.id = "a"})).status, 0);
  EXPECT_EQ(ReadFile("rejects"), "");
}

TEST_F(RejectsTest, StoppingWritesTheLineThatStopped) {
  EXPECT_EQ(Tallystick({"import", "--on-error", "stop", "--rejects", "rejects"}, Line({.id = "a"}) + "\n1\n2\n").status,
            1);
  EXPECT_EQ(ReadFile("rejects"),
            R"({"line":2,"error":{"type":"wrong_type","message":"must be a JSON object","pointer":""},"input":"1"})"
            "\n");
}

// What the object of one rejected line says of the line, whatever bytes that has.
TEST_F(RejectsTest, IsJsonWhateverTheLineHolds) {
  const std::string nul("\0", 1);
  const std::string long_text(kInputBytesMax, 'x');
  struct Case {
    std::string name;
    std::string line;
    std::string input;       // as it is told
    bool in_base64 = false;  // whether the bytes are told too, because the line is not UTF-8
    bool truncated = false;
  };
  const Case kCases[] = {
      {"quotes", R"({"a":"\"\\"})", R"({"a":"\"\\"})"},
      {"control characters", "\x01\x1f\x7f\ttab\r\r" + nul, "\x01\x1f\x7f\ttab\r\r" + nul},
      {"other scripts", "caf\xc3\xa9 \xf0\x9f\x8e\x89", "caf\xc3\xa9 \xf0\x9f\x8e\x89"},
      {"line separators", "\xe2\x80\xa8\xe2\x80\xa9", "\xe2\x80\xa8\xe2\x80\xa9"},
      {"Latin-1", "caf\xe9!", "caf\xef\xbf\xbd!", true},
      {"a surrogate", "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", true},
      {"a cut character", "\xf0\x9f\x8e", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", true},
      {"the longest", long_text, long_text},
      {"a byte more", long_text + "y", long_text, false, true},
      {"a character across the limit", long_text.substr(3) + "\xf0\x9f\x8e\x89", long_text.substr(3), false, true},
      {"an event too long", std::string(3 * kEventJsonBytesMax, 'x'), long_text, false, true},
      {"long and not UTF-8", "\xff" + long_text, "\xef\xbf\xbd" + long_text.substr(1), true, true},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    const std::string rejects = RejectsOf(Line({.id = "a"}) + "\n" + c.line + "\n" + Line({.id = "b"}) + "\n");
    ASSERT_EQ(LinesOf(rejects).size(), 1U);
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    ASSERT_EQ(parser.parse(rejects).get(object), simdjson::SUCCESS);
    EXPECT_EQ(std::uint64_t{object["line"]}, 2U);
    EXPECT_TRUE(std::string_view{object["input"]} == c.input);  // too long to be printed

    const std::string_view exact = std::string_view(c.line).substr(0, kInputBytesMax);
    std::string_view base64;
    EXPECT_EQ(object["inputBase64"].get(base64), c.in_base64 ? simdjson::SUCCESS : simdjson::NO_SUCH_FIELD);
    std::string bytes;
    EXPECT_TRUE(absl::Base64Unescape(absl::string_view(base64.data(), base64.size()), &bytes));
    EXPECT_TRUE(bytes == (c.in_base64 ? exact : ""));

    bool truncated = false;
    EXPECT_EQ(object["truncated"].get(truncated), c.truncated ? simdjson::SUCCESS : simdjson::NO_SUCH_FIELD);
    EXPECT_EQ(truncated, c.truncated);
  }
}

TEST_F(RejectsTest, TheInputIsNotReplaced) {
  const std::string lines = Line({.id = "a"}) + "\nrubbish\n";
  const std::string input = WriteFile("input", lines);
  std::filesystem::create_symlink(input, Path("link"));
  for (const std::string rejects : {"input", "./input", "link"}) {
    const Finished finished = Tallystick({"import", "--rejects", rejects, input});
    EXPECT_EQ(finished.status, 2);
    EXPECT_EQ(finished.err,
              "tallystick: " + rejects + ": is the file to import; the rejected lines would replace it\n");
    EXPECT_EQ(ReadFile("input"), lines);
  }
}

// A key could hold what moves the cursor, or a line of its own that looks like ours.
TEST_F(RejectsTest, APersonIsToldInOneLineWithoutControlCharacters) {
  const std::string long_key(1000, 'k');
  const struct {
    std::string key;    // as the line has it
    std::string told;   // on standard error
    std::string exact;  // in the rejects file
  } kCases[] = {
      {R"(a\u001b[2J)", R"(a\u001b[2J)", R"(a\u001b[2J)"},
      {R"(a\n-:7: forged\r)", R"(a\u000a-:7: forged\u000d)", R"(a\n-:7: forged\r)"},
      {"a\x7f", R"(a\u007f)", "a\x7f"},
      {"a\xc2\x9b", R"(a\u009b)", "a\xc2\x9b"},  // U+009B, begins a control sequence
      {R"(a\u0080)", R"(a\u0080)", "a\xc2\x80"},
      {"caf\xc3\xa9 \xc2\xa0\xf0\x9f\x8e\x89", "caf\xc3\xa9 \xc2\xa0\xf0\x9f\x8e\x89",
       "caf\xc3\xa9 \xc2\xa0\xf0\x9f\x8e\x89"},
      {long_key, long_key.substr(0, 255) + "...", long_key},
      {long_key.substr(0, 254) + "\xc3\xa9", long_key.substr(0, 254) + "...", long_key.substr(0, 254) + "\xc3\xa9"},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.key);
    const Finished finished = Tallystick({"import", "--rejects", "rejects"}, "{\"" + c.key + "\":1}");
    EXPECT_EQ(finished.status, 3);
    EXPECT_EQ(finished.err, "-:1: /" + c.told + ": is not a field of an event (byte 1)\n");
    EXPECT_THAT(ReadFile("rejects"), ::testing::HasSubstr("\"pointer\":\"/" + c.exact + "\"}"));
  }
}

TEST_F(RejectsTest, AFilesNameIsToldWithoutControlCharacters) {
  const std::string file = WriteFile("a\n\x9b", "rubbish\n");
  const std::string told = Path("") + R"(a\u000a\x9b)";
  EXPECT_EQ(Tallystick({"import", file}).err, told + ":1: expects a value (byte 0)\n");
  EXPECT_EQ(Tallystick({"import", file + "b"}).err,
            "tallystick: " + told + "b: cannot open: No such file or directory\n");
}

TEST_F(RejectsTest, AnImportThatCannotBeginLeavesTheFileAsItIs) {
  const std::string earlier = RejectsOf("rubbish\n");
  Surroundings here = Here();
  here.unfinished_input = true;
  Process holder(ProgramPath(), {"import", "--batch", "1"}, "rubbish\n", here);
  ASSERT_TRUE(holder.WaitForErr("-:1: "));  // by now it has the store
  EXPECT_EQ(Tallystick({"import", "--rejects", "rejects"}, Line({.id = "a"})).status, 1);
  EXPECT_EQ(ReadFile("rejects"), earlier);
  holder.FinishInput();
  holder.Wait();
  EXPECT_EQ(Tallystick({"import", "--rejects", "rejects"}, Line({.id = "a"})).status, 0);
  EXPECT_EQ(ReadFile("rejects"), "");
}

// It holds less than the one before, of which nothing may be left behind its end.
TEST_F(RejectsTest, AShorterFileReplacesALongerOne) {
  EXPECT_EQ(LinesOf(RejectsOf("rubbish\nrubbish\n")).size(), 2U);
  EXPECT_EQ(LinesOf(RejectsOf("rubbish\n")).size(), 1U);
}

TEST_F(RejectsTest, AFileThatCannotBeWrittenIsAFailure) {
  const Finished finished = Tallystick({"import", "--rejects", "/dev/full"}, "rubbish\n");
  EXPECT_EQ(finished.status, 1);
  EXPECT_THAT(finished.err, ::testing::EndsWith("tallystick: /dev/full: cannot write the rejected lines\n"));
}

}  // namespace
}  // namespace tallystick::cli
