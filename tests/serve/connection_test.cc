// What happens on connections: keep-alive, pipelining, limits, slow clients, 100-continue and bytes that are no HTTP.

#include <sys/types.h>

#include <cstddef>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/serve/fixture.h"

namespace tallystick::serve {
namespace {

using ::testing::HasSubstr;

using ConnectionTest = ServeTest;

// The resident memory of a process, in KiB.
long MemoryOf(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/status");
  for (std::string word; file >> word;) {
    if (word != "VmRSS:") continue;
    long kib = 0;
    file >> kib;
    return kib;
  }
  return -1;
}

TEST_F(ConnectionTest, OneConnectionServesManyRequests) {
  Client client(port());
  for (int i = 0; i < 50; ++i) {
    const std::optional<Reply> reply = client.Call(PostOf(std::to_string(i)));
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->status, 201);
    // Neither does an error end it.
    EXPECT_EQ(client.Call({.target = "/nowhere"}).value_or(Reply()).status, 404);
    Ask unauthorized = PostOf("x");
    unauthorized.credential = "";
    EXPECT_EQ(client.Call(unauthorized).value_or(Reply()).status, 401);
  }
}

TEST_F(ConnectionTest, RequestsMayBeSentAhead) {
  Client client(port());
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += ToText(PostOf(std::to_string(i)));
  ASSERT_TRUE(client.Send(requests));
  for (int i = 0; i < 100; ++i) {
    const std::optional<Reply> reply = client.Read();
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(MemberOf(reply->body, "customerEventId"), std::to_string(i));
  }
}

TEST_F(ConnectionTest, AClientMayAskForTheEnd) {
  Client client(port());
  Ask ask{.target = "/healthz", .headers = "Connection: close\r\n"};
  const std::optional<Reply> reply = client.Call(ask);
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->header("connection"), "close");
  EXPECT_TRUE(client.Ended());

  Client old(port());
  ASSERT_TRUE(old.Send("GET /healthz HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(old.Read().value_or(Reply()).header("connection"), "close");
  EXPECT_TRUE(old.Ended());
}

TEST_F(ConnectionTest, ARequestMayComeByteByByte) {
  Client client(port());
  for (const char c : ToText(PostOf("slow"))) ASSERT_TRUE(client.Send(std::string(1, c)));
  EXPECT_EQ(client.Read().value_or(Reply()).status, 201);
}

TEST_F(ConnectionTest, TheLastChunkMayComeInAnyPieces) {
  const std::string last = "0\r\n\r\n";
  for (std::size_t cut = 1; cut < last.size(); ++cut) {
    Client client(port());
    ASSERT_TRUE(
        client.Send("POST /api/usage-events HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nAuthorization: Basic " +
                    credential_ + "\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"));
    EXPECT_EQ(client.Read()->status, 100);  // from here on, the server reads the body
    ASSERT_TRUE(client.Send(last.substr(0, cut)));
    Call({.target = "/healthz"});  // so that it has most likely read that
    ASSERT_TRUE(client.Send(last.substr(cut)));
    const std::optional<Reply> reply = client.Read();
    ASSERT_TRUE(reply.has_value()) << cut;
    EXPECT_EQ(reply->status, 400) << "an empty body is no event";
  }
}

TEST_F(ConnectionTest, WhatStandsBesideChunksIsLimited) {
  for (const std::string beside : {"5;x=", "0\r\nx: "}) {
    Client client(port());
    ASSERT_TRUE(client.Send(
        "POST /api/usage-events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nAuthorization: Basic " +
        credential_ + "\r\nContent-Type: application/json\r\n\r\n" + beside + std::string(1024 * 1024, 'x')));
    // An answer, though the line has not ended.
    EXPECT_EQ(client.Read().value_or(Reply()).status, 400) << beside;
  }
}

TEST_F(ConnectionTest, ABodyMayComeInChunks) {
  Client client(port());
  Ask ask = PostOf("chunked");
  const std::string body = ask.body;
  ask.body = "";
  ask.headers = "Transfer-Encoding: chunked\r\n";
  std::string head = ToText(ask);
  head.erase(head.find("Content-Length: 0\r\n"), 19);
  ASSERT_TRUE(client.Send(head + "5;x=y\r\n" + body.substr(0, 5) + "\r\n"));
  std::string rest = body.substr(5);
  char size[16];
  std::snprintf(size, sizeof size, "%zx", rest.size());
  ASSERT_TRUE(client.Send(std::string(size) + "\r\n" + rest + "\r\n0\r\nTrailer: x\r\n\r\n"));
  EXPECT_EQ(client.Read().value_or(Reply()).status, 201);

  // Chunks count against the limit too.
  Client endless(port());
  ASSERT_TRUE(endless.Send(head));
  const std::string chunk = "10000\r\n" + std::string(65536, 'x') + "\r\n";
  for (int i = 0; i < 33 && endless.Send(chunk); ++i) continue;
  const std::optional<Reply> reply = endless.Read();
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 413);

  Client broken(port());
  ASSERT_TRUE(broken.Send(head + "nonsense\r\n"));
  EXPECT_EQ(broken.Read().value_or(Reply()).status, 400);
  EXPECT_TRUE(broken.Ended());
}

TEST_F(ConnectionTest, AClientThatWaitsIsToldToGoOnOrNot) {
  Client client(port());
  Ask ask = PostOf("expected");
  ask.headers = "Expect: 100-continue\r\n";
  const std::string text = ToText(ask);
  const std::size_t head = text.size() - ask.body.size();
  ASSERT_TRUE(client.Send(text.substr(0, head)));
  EXPECT_EQ(client.Read().value_or(Reply()).status, 100);
  ASSERT_TRUE(client.Send(text.substr(head)));
  EXPECT_EQ(client.Read().value_or(Reply()).status, 201);

  ask.credential = "";
  ASSERT_TRUE(client.Send(ToText(ask).substr(0, ToText(ask).size() - ask.body.size())));
  EXPECT_EQ(client.Read().value_or(Reply()).status, 401);  // without a 100
  EXPECT_TRUE(client.Ended());                             // nobody knows whether the body comes
}

TEST_F(ConnectionTest, WhatIsTooLargeIsRefusedBeforeItIsRead) {
  for (const bool waits : {false, true}) {
    Client client(port());
    Ask ask = PostOf("x");
    ask.body = "";
    ask.headers = waits ? "Expect: 100-continue\r\n" : "";
    std::string text = ToText(ask);
    text.replace(text.find("Content-Length: 0"), 17, "Content-Length: 3000000");
    ASSERT_TRUE(client.Send(text));
    EXPECT_EQ(client.Read().value_or(Reply()).status, 413);
    EXPECT_TRUE(client.Ended());
  }
  // A client that sends on all the same gets to read why.
  Client client(port());
  Ask ask = PostOf("x");
  ask.body = std::string(8'000'000, ' ');
  EXPECT_EQ(client.Call(ask).value_or(Reply()).status, 413);
  EXPECT_TRUE(client.Ended());

  Ask batch = PostOf("x");
  batch.target = "/api/usage-events/batch";
  batch.body = "[" + std::string(16 * 1024 * 1024 - 2, ' ') + "]";
  EXPECT_EQ(Call(batch).status, 200);
  batch.body += ' ';
  EXPECT_EQ(Call(batch).status, 413);

  for (const std::string& line : {"GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n",
                                  "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(20'000, 'a') + "\r\n\r\n"}) {
    Client large(port());
    ASSERT_TRUE(large.Send(line));
    EXPECT_EQ(large.Read().value_or(Reply()).status, 431);
    EXPECT_TRUE(large.Ended());
  }
}

TEST_F(ConnectionTest, WhatIsNoHttpIsRefused) {
  const std::string post = "POST /api/usage-events HTTP/1.1\r\nHost: x\r\n";
  for (const std::string& text : {
           std::string("nonsense\r\n\r\n"),
           std::string("GET / HTTP/3.0\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\n\r\n"),  // no host
           std::string("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost: x\r\nNo colon\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n"),
           std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15),  // TLS
           std::string("\0\0\0\0\r\n\r\n", 8),
           post + "Content-Length: -1\r\n\r\n",
           post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
           post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
           post + "Transfer-Encoding: gzip\r\n\r\n",
           post + "Transfer-Encoding: gzip, chunked\r\n\r\n",
           post + "Authorization: Basic a\r\nAuthorization: Basic b\r\n\r\n",
       }) {
    Client client(port());
    ASSERT_TRUE(client.Send(text));
    const std::optional<Reply> reply = client.Read();
    ASSERT_TRUE(reply.has_value()) << text;
    EXPECT_EQ(reply->status, 400) << text;
    EXPECT_THAT(reply->body, HasSubstr(R"("type":"malformed_request")")) << text;
    EXPECT_TRUE(client.Ended()) << text;
  }
  EXPECT_EQ(Call({.target = "/healthz"}).status, 200);
}

TEST_F(ConnectionTest, ASlowClientIsLeft) {
  Start({"--client-timeout", "1"});
  Client silent(port());
  Client in_head(port());
  Client in_body(port());
  Client idle(port());
  EXPECT_EQ(idle.Call({.target = "/healthz"}).value_or(Reply()).status, 200);
  ASSERT_TRUE(in_head.Send("GET /healthz HT"));
  const std::string post = ToText(PostOf("x"));
  ASSERT_TRUE(in_body.Send(post.substr(0, post.size() - 1)));
  for (Client* client : {&silent, &in_head, &in_body, &idle}) EXPECT_TRUE(client->Ended());
  EXPECT_EQ(Call({.target = "/api/usage-events/x", .credential = credential_}).status, 404);
}

TEST_F(ConnectionTest, AThousandSlowClientsCostLittleAndStopNobody) {
  EXPECT_EQ(Call(PostOf("before")).status, 201);
  const long before = MemoryOf(process().id());
  std::vector<Client> slow;
  const std::string post = ToText(PostOf("slow"));
  for (std::size_t i = 0; i < 1000; ++i) {
    slow.emplace_back(port());
    // Each stops somewhere in its head or body, or at the very beginning.
    ASSERT_TRUE(slow.back().Send(post.substr(0, i % post.size())));
  }
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Call(PostOf("good-" + std::to_string(i))).status, 201);
  const long added = MemoryOf(process().id()) - before;
  EXPECT_LT(added, 100 * 1024) << "KiB";
  std::cout << "a thousand slow connections: " << added << " KiB\n";
}

TEST_F(ConnectionTest, ThereAreSoManyConnectionsAtMost) {
  Start({"--max-connections", "3"});
  std::vector<Client> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(port());
    EXPECT_EQ(clients.back().Call({.target = "/healthz"}).value_or(Reply()).status, 200);
  }
  Client fourth(port());
  const std::optional<Reply> refused = fourth.Read();
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->status, 503);
  EXPECT_TRUE(fourth.Ended());
  EXPECT_EQ(clients.front().Call({.target = "/healthz"}).value_or(Reply()).status, 200);

  clients.pop_back();
  std::optional<Reply> reply;
  while (!reply.has_value() || reply->status == 503) reply = Client(port()).Call({.target = "/healthz"});
  EXPECT_EQ(reply->status, 200);
}

}  // namespace
}  // namespace tallystick::serve
