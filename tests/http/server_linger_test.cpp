// SPDX-License-Identifier: BSL-1.0
// What the server reads after its last answer, so that closing does not take the answer away from a
// client that is still sending: enough for any client that stops, and never without end.
#include "support/http_world.hpp"

#include <string>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

const std::string too_large =
    "POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\n\r\n";

router routes() {
  router r;
  r.post("/length", [](context&, const request& q) -> result<std::string> {
    return std::to_string(q.body().size());
  });
  return r;
}

TEST(ServerLinger, AClientThatSendsMegabytesMoreReadsItsAnswer) {
  with_server(routes(), {}, [](context& cx, server&, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx, too_large);
    EXPECT_TRUE(said);
    const std::string part(64 * 1024, 'x');
    for (int i = 0; i < 160; ++i) {  // what the buffers of two kernels may hold
      said = co_await p->say(cx, part);
      EXPECT_TRUE(said) << "part " << i;
    }
    auto text = co_await p->read_all(cx);
    EXPECT_TRUE(text.starts_with("HTTP/1.1 413 ")) << text;
  });
}

TEST(ServerLinger, AClientThatNeverStopsIsCutOff) {
  with_server(routes(), {}, [](context& cx, server& app, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx, too_large);
    const std::string part(64 * 1024, 'x');
    int parts = 0;
    while (said && parts < 10'000) {
      said = co_await p->say(cx, part);
      ++parts;
    }
    EXPECT_LT(parts, 300) << "of 64 KiB";
    EXPECT_EQ(app.stats().connections, 0u);
  });
}

TEST(ServerLinger, AClientThatSaysNothingMoreIsWaitedForOnlySoLong) {
  with_server(routes(), {}, [](context& cx, server& app, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx, too_large);
    EXPECT_TRUE(said);
    const auto start = cx.now();
    auto slept = co_await sleep_for(cx, 1900ms);
    EXPECT_TRUE(slept);
    EXPECT_EQ(app.stats().connections, 1u) << "the answer may be on its way";
    slept = co_await sleep_for(cx, 200ms);
    EXPECT_EQ(app.stats().connections, 0u);
    auto text = co_await p->read_all(cx);
    EXPECT_TRUE(text.starts_with("HTTP/1.1 413 ")) << text;
    EXPECT_EQ(cx.now() - start, 2100ms);
  });
}

// The client could not know that its connection ends, and has sent its next requests.
TEST(ServerLinger, AnAnswerThatClosesUnaskedIsNotLostToWhatWasSentAhead) {
  router r;
  r.get("/close", [](context&) -> result<response> {
    return response().header("Connection", "close").body("bye", "text/plain");
  });
  with_server(std::move(r), {}, [](context& cx, server& app, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx, "GET /close HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(said);
    auto slept = co_await sleep_for(cx, 1ms);
    EXPECT_TRUE(slept);
    for (int i = 0; i < 100; ++i) {
      said = co_await p->say(cx, "GET /" + std::string(10'000, 'x') + " HTTP/1.1\r\n\r\n");
      EXPECT_TRUE(said) << i;
    }
    auto text = co_await p->read_all(cx);
    EXPECT_TRUE(text.ends_with("\r\n\r\nbye")) << text;
    EXPECT_EQ(app.stats().requests, 1u);
  });
}

}  // namespace
}  // namespace fairlead::http
