// SPDX-License-Identifier: BSL-1.0
// What is recorded of requests, and the lines made of it.
#include "support/server_answers.hpp"

#include <stdexcept>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

struct noted {
  std::string method;
  std::string target;
  std::string route;
  unsigned status;
  std::uint64_t bytes;
  duration took;
  bool whole;
};

struct recorder {
  server_options options() {
    return server_options().on_access([this](const access_record& r) {
      all.push_back({std::string(to_string(r.request.method())), r.request.target(),
                     std::string(r.request.route()), to_int(r.status), r.bytes, r.took,
                     r.ended == access_record::ending::whole});
    });
  }
  std::vector<noted> all;
};

router routes() {
  router r;
  r.get("/users/{id}", [](context& cx) -> task<result<std::string>> {
    auto slept = co_await sleep_for(cx, 250ms);
    EXPECT_TRUE(slept);
    co_return "hello";
  });
  r.get("/waits", [](context& cx) -> task<result<void>> { return sleep_for(cx, 10s); });
  r.get("/stream", [](context&) -> result<response> {
    return response().body(make_body([](context& cx, body_writer& out) -> task<result<void>> {
      auto sent = co_await out.write(cx, std::string(10'000, 'x'));
      if (sent) {
        sent = co_await sleep_for(cx, 1s);
      }
      co_return sent;
    }));
  });
  r.get("/fails", [](context&) -> result<response> {
    return response().body(make_body([](context& cx, body_writer& out) -> task<result<void>> {
      auto sent = co_await out.write(cx, std::string(10'000, 'x'));
      co_return fail(errors::unavailable{"disk", "gone", std::nullopt});
    }));
  });
  r.get("/large", [](context&) -> result<std::string> { return std::string(200'000, 'x'); });
  r.get("/error", [](context&) -> result<void> { return fail(errors::system_error{"x", 1}); });
  return r;
}

TEST(AccessLog, SaysWhatBecameOfRequests) {
  recorder seen;
  const auto got = answer_to(routes(), ask("GET", "/error"), seen.options());
  static_cast<void>(got);
  with_server(
      routes(), seen.options(), [&](context& cx, server&, memory_network& net) -> task<void> {
        auto text =
            co_await exchange_raw(cx, net, ask("GET", "/users/7?a=b", "Connection: close\r\n"));
        text = co_await exchange_raw(cx, net, ask("HEAD", "/large", "Connection: close\r\n"));
        text = co_await exchange_raw(cx, net, ask("GET", "/nowhere", "Connection: close\r\n"));
        text = co_await exchange_raw(cx, net, ask("GET", "/stream", "Connection: close\r\n"));
        text = co_await exchange_raw(cx, net, ask("GET", "/fails"));
        auto p = co_await dial(cx, net);
        auto said = co_await p->say(cx, "GET /a b HTTP/1.1\r\n\r\n");
        EXPECT_TRUE(said);
        text = co_await p->read_until(cx, "\r\n\r\n");
      });
  ASSERT_EQ(seen.all.size(), 7u);
  const auto check = [&](std::size_t i, noted wanted) {
    const auto& n = seen.all[i];
    EXPECT_EQ(n.method, wanted.method) << i;
    EXPECT_EQ(n.target, wanted.target) << i;
    EXPECT_EQ(n.route, wanted.route) << i;
    EXPECT_EQ(n.status, wanted.status) << i;
    EXPECT_EQ(n.took, wanted.took) << i;
    EXPECT_EQ(n.whole, wanted.whole) << i;
    if (n.status < 300) {
      EXPECT_EQ(n.bytes, wanted.bytes) << i;
    } else {
      EXPECT_GT(n.bytes, 10u) << i;
    }
  };
  check(0, {"GET", "/error", "/error", 500, 0, 0s, true});
  check(1, {"GET", "/users/7?a=b", "/users/{id}", 200, 5, 250ms, true});
  check(2, {"HEAD", "/large", "/large", 200, 0, 0s, true});
  check(3, {"GET", "/nowhere", "", 404, 0, 0s, true});
  check(4, {"GET", "/stream", "/stream", 200, 10'000, 1s, true});
  check(5, {"GET", "/fails", "/fails", 200, 10'000, 0s, false});
  EXPECT_EQ(seen.all[6].status, 505u);
  EXPECT_EQ(seen.all[6].target, "") << "what could not be read";
}

TEST(AccessLog, CountsWhatABrokenAnswerHadSent) {
  recorder seen;
  with_server(routes(), seen.options(),
              [&](context& cx, server&, memory_network& net) -> task<void> {
                net.server_side = net::memory_side().reset_after_writing(5000);
                auto text = co_await exchange_raw(cx, net, ask("GET", "/large"));
                net.server_side = net::memory_side();
                auto p = co_await dial(cx, net);
                auto said = co_await p->say(cx, ask("GET", "/large"));
                auto slept = co_await sleep_for(cx, 31s);
                EXPECT_TRUE(said && slept);
              });
  ASSERT_EQ(seen.all.size(), 2u);
  EXPECT_FALSE(seen.all[0].whole);
  EXPECT_GT(seen.all[0].bytes, 4000u);
  EXPECT_LT(seen.all[0].bytes, 5000u);
  EXPECT_FALSE(seen.all[1].whole) << "the client read nothing for write_timeout";
  EXPECT_LT(seen.all[1].bytes, 70'000u);
  EXPECT_EQ(seen.all[1].took, 30s);
}

TEST(AccessLog, TellsOfClientsThatLeftBeforeTheirAnswer) {
  recorder seen;
  with_server(routes(), seen.options(),
              [&](context& cx, server&, memory_network& net) -> task<void> {
                auto p = co_await dial(cx, net);
                auto said = co_await p->say(cx, ask("GET", "/waits"));
                auto slept = co_await sleep_for(cx, 100ms);
                p->close();
                auto noticed = co_await sleep_for(cx, 100ms);
                EXPECT_TRUE(said && slept && noticed);
              });
  ASSERT_EQ(seen.all.size(), 1u);
  EXPECT_EQ(seen.all[0].target, "/waits");
  EXPECT_EQ(seen.all[0].status, 499u);
  EXPECT_EQ(seen.all[0].bytes, 0u);
  EXPECT_EQ(seen.all[0].took, 100ms);
  EXPECT_FALSE(seen.all[0].whole);
}

TEST(AccessLog, MeasuresEachOfPipelinedRequests) {
  recorder seen;
  const auto got =
      answer_to(routes(), ask("GET", "/error") + ask("GET", "/nowhere"), seen.options());
  EXPECT_EQ(seen.all.size(), 2u);
}

TEST(AccessLog, WhatItThrowsIsDropped) {
  const auto options = server_options().on_access(
      [](const access_record&) { throw std::runtime_error("disk full"); });
  EXPECT_TRUE(answer_to(routes(), ask("GET", "/nowhere") + ask("GET", "/nowhere"), options)
                  .ends_with("}}"));
}

TEST(AccessLog, MakesTheUsualLines) {
  std::vector<std::string> lines;
  const auto options = server_options().on_access([&](const access_record& r) {
    lines.push_back(common_log_line(r));
    lines.push_back(combined_log_line(r));
    lines.push_back(json_log_line(r));
  });
  const auto got = answer_to(
      routes(),
      ask("GET", "/nowhere/\"x\\", "User-Agent: evil\" \\x\xff\r\nReferer: http://a/\r\n"),
      options);
  static_cast<void>(got);
  ASSERT_EQ(lines.size(), 3u);
  const std::string common =
      "memory - - [01/Jan/2026:00:00:00 +0000] \"GET /nowhere/\\x22x\\x5c HTTP/1.1\" 404 ";
  EXPECT_TRUE(lines[0].starts_with(common)) << lines[0];
  EXPECT_EQ(lines[1], lines[0] + " \"http://a/\" \"evil\\x22 \\x5cx\\xff\"");
  EXPECT_TRUE(lines[2].starts_with(
      "{\"time\":\"2026-01-01T00:00:00.000Z\",\"peer\":\"memory:first\",\"method\":\"GET\","
      "\"target\":\"/nowhere/\\\"x\\\\\",\"route\":\"\",\"status\":404,\"bytes\":"))
      << lines[2];
  EXPECT_TRUE(lines[2].ends_with(",\"took_ms\":0.000,\"whole\":true}")) << lines[2];
}

}  // namespace
}  // namespace fairlead::http
