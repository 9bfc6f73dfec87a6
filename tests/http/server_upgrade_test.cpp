// SPDX-License-Identifier: BSL-1.0
// Connections that change their protocol, in virtual time.
#include "support/server_answers.hpp"

#include <stdexcept>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

// Says what it reads, until the client ends or the server is to go down.
task<void> echo(context& cx, std::unique_ptr<net::stream> s, context& calm) {
  std::array<std::byte, 64> some;
  for (;;) {
    auto n = co_await net::read_some(calm, *s, some);
    if (!n || *n == 0) {
      auto bye = co_await net::write_all(cx, *s, std::string_view(n ? "end" : "bye"));
      static_cast<void>(bye);
      break;
    }
    auto said = co_await net::write_all(cx, *s, std::span(some).first(*n));
    if (!said) {
      break;
    }
  }
}

router routes(upgrade_handler to = echo) {
  router r;
  r.get("/up", [to](context&) -> result<response> {
    return response().upgrade("echo", to).header("X-Key", "abc");
  });
  r.post("/up", [to](context&, body_reader&) -> result<response> {
    return response().upgrade("echo", to);
  });
  r.get("/interim",
        [](context&) -> result<response> { return response(status::switching_protocols); });
  return r;
}

const std::string switched = "HTTP/1.1 101 Switching Protocols\r\n" + today +
                             "Upgrade: echo\r\nX-Key: abc\r\nConnection: Upgrade\r\n\r\n";

TEST(ServerUpgrade, HandsTheConnectionOver) {
  with_server(routes(), {}, [](context& cx, server& app, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx, ask("GET", "/up"));
    auto text = co_await p->read_until(cx, "\r\n\r\n");
    EXPECT_EQ(text, switched);
    said = co_await p->say(cx, "hello");
    EXPECT_TRUE(said);
    text = co_await p->read_until(cx, "hello");
    EXPECT_EQ(text, "hello");
    auto slept = co_await sleep_for(cx, 1h);
    EXPECT_TRUE(slept) << "no limit of HTTP holds any more";
    EXPECT_EQ(app.stats().connections, 1u);
    EXPECT_EQ(app.stats().upgraded, 1u);
    EXPECT_EQ(app.stats().requests, 1u);
    co_await p->end(cx);
    text = co_await p->read_all(cx);
    EXPECT_EQ(text, "end");
    EXPECT_EQ(app.stats().connections, 0u);
    EXPECT_EQ(app.stats().upgraded, 0u);
  });
}

TEST(ServerUpgrade, BytesThatCameAlongAreRead) {
  with_server(routes(), {}, [](context& cx, server&, memory_network& net) -> task<void> {
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx, ask("GET", "/up") + "GET /not HTTP\r\n");
    EXPECT_TRUE(said);
    co_await p->end(cx);
    auto text = co_await p->read_all(cx);
    EXPECT_EQ(text, switched + "GET /not HTTP\r\nend");
  });
}

TEST(ServerUpgrade, ADrainIsAnnouncedThenEnforced) {
  for (const bool polite : {true, false}) {
    bool cancelled = false;
    const upgrade_handler rude = [&](context& cx, std::unique_ptr<net::stream>,
                                     context&) -> task<void> {
      auto slept = co_await sleep_for(cx, 1h);
      cancelled = !slept;
    };
    with_server(routes(polite ? upgrade_handler(echo) : rude), {},
                [&](context& cx, server& app, memory_network& net) -> task<void> {
                  auto p = co_await dial(cx, net);
                  auto said = co_await p->say(cx, ask("GET", "/up"));
                  auto text = co_await p->read_until(cx, "\r\n\r\n");
                  EXPECT_TRUE(said);
                  const auto begun = cx.now();
                  auto drained = co_await app.drain(cx, 5s);
                  EXPECT_EQ(drained.has_value(), polite);
                  EXPECT_EQ(cx.now() - begun, polite ? 0s : 5s);
                  text = co_await p->read_all(cx);
                  EXPECT_EQ(text, polite ? "bye" : "");
                });
    EXPECT_EQ(cancelled, !polite);
  }
}

TEST(ServerUpgrade, WhatCannotBeUpgradedIsA500) {
  std::string heard;
  const auto options =
      server_options().on_failure([&](const request&, std::string_view what) { heard = what; });
  EXPECT_TRUE(
      answer_to(routes(), "GET /up HTTP/1.0\r\n\r\n", options).starts_with("HTTP/1.1 500 "));
  EXPECT_NE(heard.find("HTTP/1.0"), std::string::npos);
  EXPECT_TRUE(
      answer_to(routes(), ask("POST", "/up", {}, "abc"), options).starts_with("HTTP/1.1 500 "));
  EXPECT_NE(heard.find("body"), std::string::npos);
  EXPECT_TRUE(answer_to(routes(), ask("GET", "/interim"), options).starts_with("HTTP/1.1 500 "));
  EXPECT_NE(heard.find("interim"), std::string::npos);
}

TEST(ServerUpgrade, ADrainingServerRefuses) {
  router r;
  server* self = nullptr;
  r.get("/up", [&](context& cx) -> task<result<response>> {
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept && self->draining());
    co_return response().upgrade("echo", echo);
  });
  with_server(std::move(r), {}, [&](context& cx, server& app, memory_network& net) -> task<void> {
    self = &app;
    auto p = co_await dial(cx, net);
    auto said = co_await p->say(cx, ask("GET", "/up"));
    EXPECT_TRUE(said);
    auto slept = co_await sleep_for(cx, 100ms);
    auto drained = co_await app.drain(cx, 5s);
    EXPECT_TRUE(slept && drained);
    auto text = co_await p->read_all(cx);
    EXPECT_TRUE(text.starts_with("HTTP/1.1 503 ")) << text;
  });
}

TEST(ServerUpgrade, AnExceptionEndsItsConnectionOnly) {
  with_server(routes([](context&, std::unique_ptr<net::stream>, context&) -> task<void> {
                throw std::runtime_error("boom");
                co_return;
              }),
              {}, [](context& cx, server& app, memory_network& net) -> task<void> {
                for (int i = 0; i < 2; ++i) {
                  auto text = co_await exchange_raw(cx, net, ask("GET", "/up"));
                  EXPECT_EQ(text, switched);
                }
                EXPECT_EQ(app.stats().dropped, 2u);
              });
}

TEST(ServerUpgrade, SurvivesAClientThatBreaksAnywhere) {
  const auto text = ask("GET", "/up") + "hello";
  for (std::size_t at = 1; at <= switched.size() + 5; ++at) {
    with_server(routes(), server_options().head_timeout(1s),
                [&](context& cx, server& app, memory_network& net) -> task<void> {
                  net.client_side = net::memory_side().reset_after_writing(at);
                  net.server_side = net::memory_side().reset_after_writing(at);
                  auto got = co_await exchange_raw(cx, net, text);
                  EXPECT_TRUE((switched + "hello").starts_with(got)) << got;
                  auto slept = co_await sleep_for(cx, 2s);
                  EXPECT_TRUE(slept);
                  EXPECT_EQ(app.stats().connections, 0u);
                });
  }
}

}  // namespace
}  // namespace fairlead::http
