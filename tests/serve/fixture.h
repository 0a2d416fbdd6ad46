// A fixture for tests of `tallystick serve`: the program, on a port of its own and with a store of its own.

#ifndef TALLYSTICK_TESTS_SERVE_FIXTURE_H_
#define TALLYSTICK_TESTS_SERVE_FIXTURE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tallystick/uuid.h"
#include "tests/serve/client.h"
#include "tests/support/process.h"
#include "tests/support/stored.h"
#include "tests/support/temp_folder.h"

namespace tallystick::serve {

class ServeTest : public ::testing::Test {
 protected:
  // Makes the store, and a credential for each of two accounts.
  ServeTest();

  // Starts the program, with more arguments if need be. Called by whatever needs a port, if not before.
  void Start(const std::vector<std::string>& arguments = {});
  std::uint16_t port();
  testing::Process& process() { return *process_; }

  // Ends the program by a signal, waits for it, and says how it ended.
  testing::Finished End(int signal);

  // A connection of its own for one request, which must be answered, and as openapi.json says.
  Reply Call(const Ask& ask);

  // The request that stores an event of this id.
  Ask PostOf(const std::string& id, const std::string& properties = "{}") const;

  std::string db() const { return folder_.path("store"); }
  std::string Path(const std::string& name) const { return folder_.path(name); }

  const Uuid account_ = testing::Account(1);
  const Uuid other_account_ = testing::Account(2);
  std::string credential_;
  std::string other_credential_;

 private:
  testing::TempFolder folder_;
  std::unique_ptr<testing::Process> process_;
  std::uint16_t port_ = 0;
};

// The customerEventIds in a text of JSON, in its order.
std::vector<std::string> EventIdsIn(const std::string& json);

// What stands behind `"name":` up to its end, in a text of JSON: a string without its quotes, or a word.
std::string MemberOf(const std::string& json, const std::string& name);

// `400 type pointer`, of an answer that is an error.
std::string ErrorOf(const Reply& reply);

}  // namespace tallystick::serve

#endif  // TALLYSTICK_TESTS_SERVE_FIXTURE_H_
