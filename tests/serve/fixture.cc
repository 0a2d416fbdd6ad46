#include "tests/serve/fixture.h"

#include <signal.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "absl/time/clock.h"
#include "credentials/credential.h"
#include "credentials/credential_file.h"
#include "gmock/gmock.h"
#include "tallystick/store.h"
#include "tests/serve/description.h"
#include "tests/support/status_matchers.h"

namespace tallystick::serve {

using testing::Finished;
using testing::IsOk;
using testing::Process;

ServeTest::ServeTest() {
  EXPECT_THAT(Store::Open(db()), IsOk());
  EXPECT_THAT(
      tools::ChangeCredentials(db(),
                               [this](std::vector<tools::Credential>* credentials) {
                                 for (const auto& [account, basic] : {std::pair(account_, &credential_),
                                                                      std::pair(other_account_, &other_credential_)}) {
                                   tools::IssuedCredential issued = tools::IssueCredential(account, absl::Now());
                                   *basic = issued.basic;
                                   credentials->push_back(issued.kept);
                                 }
                                 return absl::OkStatus();
                               }),
      IsOk());
}

void ServeTest::Start(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"serve", "--db", db()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  if (std::find(words.begin(), words.end(), "--listen") == words.end()) {
    words.insert(words.end(), {"--listen", "127.0.0.1:0"});
  }
  process_ = std::make_unique<Process>(TALLYSTICK_PROGRAM, words);
  ASSERT_TRUE(process_->WaitForOut("\n")) << process_->Wait().err;
  const std::string& line = process_->out();
  const std::size_t colon = line.rfind(':');
  port_ = static_cast<std::uint16_t>(std::stoi(line.substr(colon + 1)));
}

std::uint16_t ServeTest::port() {
  if (process_ == nullptr) Start();
  return port_;
}

Finished ServeTest::End(int signal) {
  ::kill(process_->id(), signal);
  Finished finished = process_->Wait();
  process_ = nullptr;
  return finished;
}

Reply ServeTest::Call(const Ask& ask) {
  const std::optional<Reply> reply = Client(port()).Call(ask);
  EXPECT_TRUE(reply.has_value()) << ask.method << " " << ask.target;
  if (!reply.has_value()) return {};
  EXPECT_THAT(Description::Get().FaultsOf(ask, *reply), ::testing::IsEmpty());
  return *reply;
}

Ask ServeTest::PostOf(const std::string& id, const std::string& properties) const {
  return {.method = "POST",
          .target = "/api/usage-events",
          .credential = credential_,
          .content_type = "application/json",
          .body = R"({"customerEventId":")" + id +
                  R"(","customerAlias":"acme","eventType":"call","eventTimestamp":"2022-10-01T00:00:00Z",)" +
                  R"("eventProperties":)" + properties + "}"};
}

std::vector<std::string> EventIdsIn(const std::string& json) {
  constexpr std::string_view kBefore = R"("customerEventId":")";
  std::vector<std::string> ids;
  for (std::size_t at = json.find(kBefore); at != std::string::npos; at = json.find(kBefore, at)) {
    at += kBefore.size();
    ids.push_back(json.substr(at, json.find('"', at) - at));
  }
  return ids;
}

std::string MemberOf(const std::string& json, const std::string& name) {
  const std::string before = "\"" + name + "\":";
  const std::size_t at = json.find(before);
  if (at == std::string::npos) return "";
  const std::size_t begin = at + before.size();
  if (json[begin] == '"') return json.substr(begin + 1, json.find('"', begin + 1) - begin - 1);
  return json.substr(begin, json.find_first_of(",}", begin) - begin);
}

std::string ErrorOf(const Reply& reply) {
  EXPECT_THAT(reply.body, ::testing::StartsWith(R"({"error":{"type":")"));
  EXPECT_NE(MemberOf(reply.body, "message"), "");
  EXPECT_EQ(reply.header("content-type"), "application/json");
  return std::to_string(reply.status) + " " + MemberOf(reply.body, "type") + " " + MemberOf(reply.body, "pointer");
}

}  // namespace tallystick::serve
