#include "tests/cli/fixture.h"

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <system_error>

namespace tallystick::cli {

std::ostream& operator<<(std::ostream& stream, const Summary& summary) {
  return stream << "read " << summary.read << ", created " << summary.created << ", superseded " << summary.superseded
                << ", unchanged " << summary.unchanged << ", rejected " << summary.rejected;
}

Summary SummaryOf(const Finished& finished) {
  static const std::regex form(
      R"(\{"read":(\d+),"created":(\d+),"superseded":(\d+),"unchanged":(\d+),"rejected":(\d+),"seconds":\d+\.\d+\}\n)");
  std::smatch match;
  if (!std::regex_match(finished.out, match, form)) {
    ADD_FAILURE() << "not a summary: " << finished.out << "\nstandard error: " << finished.err;
    return {};
  }
  const auto number = [&match](std::size_t i) { return std::stoull(match[i].str()); };
  return {
      .read = number(1), .created = number(2), .superseded = number(3), .unchanged = number(4), .rejected = number(5)};
}

std::string Line(const EventText& event) {
  return (event.id.empty() ? "{" : "{\"customerEventId\":\"" + event.id + "\",") + "\"customerAlias\":\"" +
         event.customer + "\",\"eventType\":\"" + event.type + "\",\"eventTimestamp\":\"" + event.time +
         "\",\"eventProperties\":" + event.properties + "}";
}

std::string AccountOf(std::size_t number) {
  const std::string digits = std::to_string(number);
  std::string account = "01844220-0000-7000-8000-000000000000";
  return account.replace(account.size() - digits.size(), digits.size(), digits);
}

std::vector<std::string> LinesOf(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    EXPECT_NE(end, std::string_view::npos) << "a line without an end: " << text;
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

std::string WithoutStoredIds(std::string_view lines) {
  constexpr std::string_view kBefore = R"({"id":")";
  constexpr std::string_view kBehind = R"(",)";
  constexpr std::size_t kUuidBytes = 36;
  std::string rest;
  for (const std::string& line : LinesOf(lines)) {
    const std::size_t begin = kBefore.size() + kUuidBytes;
    EXPECT_TRUE(line.starts_with(kBefore) && line.substr(begin, kBehind.size()) == kBehind) << line;
    rest += "{" + line.substr(begin + kBehind.size()) + "\n";
  }
  return rest;
}

std::vector<std::string> EventIdsOf(const std::string& lines) {
  constexpr std::string_view kBefore = R"("customerEventId":")";
  std::vector<std::string> ids;
  for (const std::string& line : LinesOf(lines)) {
    const std::size_t begin = line.find(kBefore) + kBefore.size();
    ids.push_back(line.substr(begin, line.find('"', begin) - begin));
  }
  return ids;
}

CliTest::CliTest() : folder_(::testing::TempDir() + "tallystick-cli-XXXXXX") {
  if (::mkdtemp(folder_.data()) == nullptr) throw std::system_error(errno, std::generic_category(), folder_);
}

CliTest::~CliTest() {
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
}

std::string CliTest::Path(std::string_view name) const { return folder_ + "/" + std::string(name); }

std::string CliTest::WriteFile(std::string_view name, std::string_view bytes) const {
  std::string path = Path(name);
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush();
  EXPECT_TRUE(file.good()) << path;
  return path;
}

std::string CliTest::ReadFile(std::string_view name) const {
  std::ifstream file(Path(name), std::ios::binary);
  EXPECT_TRUE(file.good()) << Path(name);
  return {std::istreambuf_iterator<char>(file), {}};
}

Surroundings CliTest::Here() const { return {.environment = {{"TALLYSTICK_DB", Path("store")}}, .folder = folder_}; }

Finished CliTest::Tallystick(const std::vector<std::string>& arguments, std::string_view input) const {
  return RunProgram(arguments, input, Here());
}

void CliTest::Import(std::string_view input) const {
  const Finished finished = Tallystick({"import"}, input);
  EXPECT_EQ(finished.status, 0) << finished.err;
}

std::string CliTest::DataOf(const std::vector<std::string>& arguments) const {
  Finished finished = Tallystick(arguments);
  EXPECT_EQ(finished.status, 0);
  EXPECT_EQ(finished.err, "");
  return std::move(finished.out);
}

}  // namespace tallystick::cli
