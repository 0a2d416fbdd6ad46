// A fixture for tests of the program: a folder of its own, a store in it, and short ways to say what is done to it.

#ifndef TALLYSTICK_TESTS_CLI_FIXTURE_H_
#define TALLYSTICK_TESTS_CLI_FIXTURE_H_

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "tests/cli/program.h"

namespace tallystick::cli {

// The counts of an import's summary.
struct Summary {
  std::uint64_t read = 0;
  std::uint64_t created = 0;
  std::uint64_t superseded = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t rejected = 0;

  bool operator==(const Summary&) const = default;
};
std::ostream& operator<<(std::ostream& stream, const Summary& summary);

// Reads standard output that must be a summary and nothing else; a failed expectation, and all zero, when it is not.
Summary SummaryOf(const Finished& finished);

// What a line of input says; the rest has a value that all tests share.
struct EventText {
  std::string id = "";  // empty: none
  std::string customer = "acme";
  std::string type = "message-sent";
  std::string time = "2026-10-01T00:00:00Z";
  std::string properties = "{}";
};

// A line of input, without its end.
std::string Line(const EventText& event);

// An account for each of several cases of one test: it costs less than a store.
std::string AccountOf(std::size_t number);

// The lines of a text, each of which must have an end.
std::vector<std::string> LinesOf(std::string_view text);

// Of lines in the response form: without the ids that the store gave.
std::string WithoutStoredIds(std::string_view lines);

// Of lines in the response form: the customerEventIds, in order.
std::vector<std::string> EventIdsOf(const std::string& lines);

class CliTest : public ::testing::Test {
 protected:
  CliTest();
  ~CliTest() override;

  // A path in the test's folder.
  std::string Path(std::string_view name) const;
  // Writes a file there, and returns its path.
  std::string WriteFile(std::string_view name, std::string_view bytes) const;
  std::string ReadFile(std::string_view name) const;

  // The test's folder is the working folder, and $TALLYSTICK_DB is its store.
  Surroundings Here() const;

  // Runs a command there.
  Finished Tallystick(const std::vector<std::string>& arguments, std::string_view input = "") const;

  // Imports a text, which must be accepted as a whole.
  void Import(std::string_view input) const;
  // Runs a command, which must end well and say nothing to a person, and returns its data.
  std::string DataOf(const std::vector<std::string>& arguments) const;

 private:
  std::string folder_;
};

}  // namespace tallystick::cli

#endif  // TALLYSTICK_TESTS_CLI_FIXTURE_H_
