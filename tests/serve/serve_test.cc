// The program as a whole: how it starts and ends, what it says, and what stays when it is killed.

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "credentials/credential.h"
#include "credentials/credential_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tallystick/store.h"
#include "tests/serve/fixture.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"

namespace tallystick::serve {
namespace {

using testing::Finished;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::MatchesRegex;
using ::testing::Not;
using testing::Process;

// Clients that post events until the server goes, and know which were acknowledged.
class Load {
 public:
  Load(std::uint16_t port, const std::vector<Ask>& kinds, int clients) {
    for (int i = 0; i < clients; ++i) {
      threads_.emplace_back([this, port, i, kind = kinds[static_cast<std::size_t>(i) % kinds.size()]] {
        Client client(port);
        for (int n = 0;; ++n) {
          const std::string id = "load-" + std::to_string(i) + "-" + std::to_string(n);
          Ask ask = kind;
          ask.body.replace(ask.body.find("ID"), 2, id);
          const std::optional<Reply> reply = client.Call(ask);
          if (!reply.has_value()) return;
          if (reply->status != 201) {
            ++failed_;
            return;
          }
          const std::lock_guard lock(mutex_);
          acknowledged_.push_back(id);
          changed_.notify_all();
          if (reply->header("connection") == "close") return;
        }
      });
    }
  }
  ~Load() { Join(); }

  // Until so many more events were acknowledged.
  void AwaitMore(std::size_t events) {
    std::unique_lock lock(mutex_);
    const std::size_t enough = acknowledged_.size() + events;
    changed_.wait(lock, [&] { return acknowledged_.size() >= enough; });
  }

  // The ids that were acknowledged, once the server has gone.
  std::vector<std::string> Join() {
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
    return acknowledged_;
  }
  int failed() const { return failed_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> acknowledged_;  // guarded by mutex_ while threads run
  std::atomic<int> failed_ = 0;
  std::vector<std::thread> threads_;
};

class ProgramTest : public ServeTest {
 protected:
  // The ids of all events that the store holds, of both accounts.
  std::vector<std::string> StoredIds() {
    std::vector<std::string> ids;
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(db());
    EXPECT_THAT(store, IsOk());
    for (const Uuid& account : {account_, other_account_}) {
      EventIterator events = (*store)->Scan({.account = account});
      for (; events.Valid(); events.Next()) ids.emplace_back(events.event().customer_event_id);
      EXPECT_THAT(events.status(), IsOk());
    }
    return ids;
  }

  std::vector<Ask> BothAccounts() const {
    std::vector<Ask> kinds = {PostOf("ID"), PostOf("ID")};
    kinds[1].credential = other_credential_;
    return kinds;
  }

  static Finished Run(const std::string& program, const std::vector<std::string>& arguments) {
    return Process(program, arguments).Wait();
  }
};

TEST_F(ProgramTest, ItTakesWhatTheApisClientsSend) {
  const std::string url = "http://127.0.0.1:" + std::to_string(port());
  const Finished curl = Run(
      "curl",
      {"--silent", "--show-error", "--include", "--request", "POST", "--url", url + "/api/usage-events", "--header",
       "Authorization: Basic " + credential_, "--header", "Content-Type: application/json", "--data",
       R"({"customerEventId":"event-id-H4twuTWpYx1rkd8OMTki2hTUcZ","customerAlias":"customer-id-2H4u5BBwBWsS5V2sroRFqJfTXpW",)"
       R"("eventType":"message-sent","eventTimestamp":"2022-10-01T00:00:00Z",)"
       R"("eventProperties":{"length":500,"type":"text_message"}})"});
  EXPECT_EQ(curl.status, 0) << curl.err;
  EXPECT_THAT(curl.out, ::testing::StartsWith("HTTP/1.1 201 Created\r\n"));
  EXPECT_THAT(curl.out, HasSubstr("\r\nTallystick-Outcome: created\r\n"));
  EXPECT_THAT(curl.out, HasSubstr("\r\nLocation: /api/usage-events/event-id-H4twuTWpYx1rkd8OMTki2hTUcZ\r\n"));
  const std::string body = curl.out.substr(curl.out.find("\r\n\r\n") + 4);
  EXPECT_EQ(body,
            R"({"id":")" + MemberOf(body, "id") + R"(","customerEventId":"event-id-H4twuTWpYx1rkd8OMTki2hTUcZ",)" +
                R"("customerAlias":"customer-id-2H4u5BBwBWsS5V2sroRFqJfTXpW","eventType":"message-sent",)" +
                R"("sequenceAccountId":")" + account_.ToString() + R"(","eventTimestamp":"2022-10-01T00:00:00Z",)" +
                R"("eventProperties":{"length":500,"type":"text_message"}})");
}

TEST_F(ProgramTest, ItServesTls) {
  const std::string certificate = Path("cert.pem");
  const std::string key = Path("key.pem");
  const Finished made = Run("openssl", {"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                                        "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                                        "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate});
  ASSERT_EQ(made.status, 0) << made.err;
  Start({"--tls-cert", certificate, "--tls-key", key});
  EXPECT_THAT(process().out(), HasSubstr("https://127.0.0.1:"));
  const std::string url = "https://127.0.0.1:" + std::to_string(port()) + "/healthz";
  const Finished twice = Run("curl", {"--silent", "--show-error", "--cacert", certificate, url, url});
  EXPECT_EQ(twice.status, 0) << twice.err;
  EXPECT_EQ(twice.out, R"({"status":"alive"}{"status":"alive"})");
  EXPECT_NE(Run("curl", {"--silent", url}).status, 0);  // nobody vouches for it
  EXPECT_NE(Run("curl", {"--silent", "--cacert", certificate, "--tls-max", "1.1", url}).status, 0);

  // Plain HTTP gets no answer in HTTP, and harms nobody.
  Client plain(port());
  ASSERT_TRUE(plain.Send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_FALSE(plain.Read().has_value());
  EXPECT_EQ(Run("curl", {"--silent", "--cacert", certificate, url}).status, 0);
  EXPECT_EQ(End(SIGTERM).status, 0);
}

TEST_F(ProgramTest, ItListensWhereItMay) {
  const auto serve = [this](std::vector<std::string> arguments, const std::string& store = "store") {
    arguments.insert(arguments.begin(), {"serve", "--db", Path(store)});
    return Run(TALLYSTICK_PROGRAM, arguments);
  };
  const Finished open = serve({"--listen", "0.0.0.0:0"});
  EXPECT_EQ(open.status, 2);
  EXPECT_THAT(open.err, HasSubstr("--clear-text"));
  for (const char* address :
       {"127.0.0.1", ":80", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:x", "::1:80", "127.0.0.1:-1"}) {
    EXPECT_EQ(serve({"--listen", address}).status, 2) << address;
  }
  EXPECT_EQ(serve({"--listen", "127.0.0.1:0", "--tls-cert", "x"}).status, 2);
  EXPECT_EQ(serve({"--listen", "127.0.0.1:0", "--tls-cert", "/dev/null", "--tls-key", "/dev/null"}).status, 2);
  EXPECT_EQ(serve({"--listen", "127.0.0.1:" + std::to_string(port())}, "other").status, 1);  // somebody does there
  // The store is held by one process.
  const Finished second = serve({"--listen", "127.0.0.1:0"});
  EXPECT_EQ(second.status, 1);
  EXPECT_THAT(second.err, HasSubstr(std::to_string(process().id())));

  EXPECT_EQ(End(SIGINT).status, 0);
  Start({"--listen", "[::1]:0"});
  EXPECT_THAT(process().out(), HasSubstr(R"({"listening":"http://[::1]:)"));
  EXPECT_EQ(End(SIGTERM).status, 0);
  Start({"--listen", "0.0.0.0:0", "--clear-text"});
  EXPECT_EQ(Call({.target = "/healthz"}).status, 200);
}

TEST_F(ProgramTest, EachRequestIsALineOfTheLogWithoutSecrets) {
  Ask post = PostOf("logged");
  post.target += "?secret=parameter";
  Call(post);
  Call(PostOf("a/b"));
  Call({.target = "/api/usage-events/a%2F%22b%22", .credential = credential_});
  Client(port()).Send("GET /healthz HTTP/1.1\r\n");  // goes away in the middle
  Call({.target = "/nowhere", .credential = "dXNlcjpzZWNyZXQ="});
  const Finished finished = End(SIGTERM);
  EXPECT_EQ(finished.status, 0);
  EXPECT_THAT(finished.out, MatchesRegex(R"(\{"listening":"http://127\.0\.0\.1:[0-9]+"\}.)"));
  const std::string line = R"(\{"time":"[0-9TZ:.-]+","client":"127\.0\.0\.1:[0-9]+",)";
  EXPECT_THAT(finished.err, ::testing::ContainsRegex(
                                line + R"("method":"POST","path":"/api/usage-events","route":"/api/usage-events",)" +
                                R"("credential":"[0-9a-f]+","status":201,"requestBytes":[0-9]+,)" +
                                R"("responseBytes":[0-9]+,"seconds":[0-9.]+\})"));
  EXPECT_THAT(finished.err,
              HasSubstr(R"("path":"/api/usage-events/a%2F%22b%22","route":"/api/usage-events/{customerEventId}")"));
  EXPECT_THAT(finished.err, HasSubstr(R"("path":"/nowhere","route":"","credential":"","status":404,)"));
  EXPECT_THAT(finished.err, Not(HasSubstr(credential_)));
  EXPECT_THAT(finished.err, Not(HasSubstr("dXNlcjpzZWNyZXQ=")));
  EXPECT_THAT(finished.err, Not(HasSubstr("parameter")));
}

TEST_F(ProgramTest, CredentialsChangeWhileItRuns) {
  const Ask get{.target = "/api/usage-events", .credential = credential_};
  Client client(port());
  EXPECT_EQ(client.Call(get).value_or(Reply()).status, 200);
  ASSERT_THAT(tools::ChangeCredentials(db(),
                                       [](std::vector<tools::Credential>* credentials) {
                                         credentials->clear();
                                         return absl::OkStatus();
                                       }),
              IsOk());
  while (client.Call(get).value_or(Reply()).status == 200) continue;
  EXPECT_EQ(client.Call(get).value_or(Reply()).status, 401);
}

TEST_F(ProgramTest, KilledUnderLoadItHasAllThatItAcknowledged) {
  Load load(port(), BothAccounts(), 16);
  load.AwaitMore(500);
  EXPECT_EQ(End(SIGKILL).status, -SIGKILL);
  const std::vector<std::string> acknowledged = load.Join();
  EXPECT_EQ(load.failed(), 0);
  EXPECT_GE(acknowledged.size(), 500u);
  const std::vector<std::string> stored = StoredIds();
  const std::set<std::string> there(stored.begin(), stored.end());
  for (const std::string& id : acknowledged) EXPECT_TRUE(there.contains(id)) << id;
}

TEST_F(ProgramTest, AskedToEndUnderLoadItAnswersWhatHasBegunAndCloses) {
  Load load(port(), BothAccounts(), 16);
  load.AwaitMore(500);
  const Finished finished = End(SIGTERM);
  EXPECT_EQ(finished.status, 0) << finished.err;
  const std::vector<std::string> acknowledged = load.Join();
  EXPECT_EQ(load.failed(), 0);
  std::vector<std::string> stored = StoredIds();
  const std::set<std::string> there(stored.begin(), stored.end());
  for (const std::string& id : acknowledged) EXPECT_TRUE(there.contains(id)) << id;
  // Nothing was stored that was not answered.
  EXPECT_EQ(there.size(), acknowledged.size());
}

TEST_F(ProgramTest, PagesMissNothingWhileOthersWrite) {
  constexpr int kEvents = 10'000;
  std::string batch = "[";
  for (int i = 0; i < kEvents; ++i) {
    if (i > 0) batch += ',';
    std::string event = PostOf("stays-" + std::to_string(i)).body;
    const std::string minute = std::to_string(10 + i % 50);
    batch += event.replace(event.find("00:00:00"), 8, "00:" + minute + ":00");
  }
  Ask post = PostOf("x");
  post.target += "/batch";
  post.body = batch + "]";
  ASSERT_EQ(Call(post).status, 200);

  Load load(port(), BothAccounts(), 4);
  for (const std::string& order : {std::string("ASC"), std::string("DESC")}) {
    std::vector<std::string> met;
    std::string more;
    Client client(port());
    do {
      const std::optional<Reply> page =
          client.Call({.target = "/api/usage-events?limit=500&sortOrder=" + order + more, .credential = credential_});
      ASSERT_TRUE(page.has_value());
      ASSERT_EQ(page->status, 200) << page->body;
      for (const std::string& id : EventIdsIn(page->body)) {
        if (id.starts_with("stays-")) met.push_back(id);
      }
      more = MemberOf(page->body, "after") == "null" ? "" : "&after=" + MemberOf(page->body, "after");
      load.AwaitMore(10);
    } while (!more.empty());
    EXPECT_EQ(met.size(), static_cast<std::size_t>(kEvents)) << order;
    std::sort(met.begin(), met.end());
    EXPECT_EQ(std::unique(met.begin(), met.end()), met.end()) << order;
  }
  End(SIGKILL);
}

}  // namespace
}  // namespace tallystick::serve
