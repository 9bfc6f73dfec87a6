// SPDX-License-Identifier: BSL-1.0
// Real sockets: our client and server over loopback, and curl against our server.
#include <fairlead/http/client.hpp>
#include <fairlead/http/server.hpp>

#include <fairlead/core/run.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>

#include <gtest/gtest.h>

#include "support/scratch_dir.hpp"
#include "support/shop.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;

router routes() {
  router r;
  r.get("/users/{id}",
        [](context&, std::int64_t id) -> result<shop::user> { return shop::user{id, "Ann"}; });
  r.post("/users", [](context&, shop::user body) -> result<shop::user> { return body; });
  r.post("/length", [](context&, const request& q) -> result<std::string> {
    return std::to_string(q.body().size());
  });
  r.get("/big", [](context&) -> result<std::string> { return std::string(3'000'000, 'x'); });
  r.get("/slow", [](context& cx) -> task<result<std::string>> {
    auto slept = co_await sleep_for(cx, 60s);
    if (!slept) {
      co_return tl::unexpected<error>(slept.error());
    }
    co_return "late";
  });
  return r;
}

// Runs `f(context&, base URL, server&)` against a server on an ephemeral port.
template <class F>
void with_loopback_server(F f) {
  auto done = run(
      [&](context& cx) -> task<result<void>> {
        const auto at = net::endpoint::loopback();
        auto listener = net::system_network().listen(cx.env(), at, {});
        if (!listener) {
          co_return tl::unexpected<error>(listener.error());
        }
        const auto base = "http://127.0.0.1:" + std::to_string((*listener)->local().port());
        server app(routes(), server_options().max_body(10'000'000));
        task_scope scope(cx);
        scope.spawn([&](context& own) { return app.serve(own, std::move(*listener)); });
        co_await f(cx, base, app);
        auto drained = co_await app.drain(cx, 5s);
        auto joined = co_await scope.join();
        EXPECT_TRUE(joined);
        co_return drained;
      },
      {.handle_signals = false});
  EXPECT_TRUE(done) << done.error().message();
}

TEST(HttpLoopback, ValuesGoThereAndBack) {
  with_loopback_server([](context& cx, const std::string& base, server& app) -> task<void> {
    client c(cx.env(), client_options(base));
    for (int i = 0; i < 200; ++i) {
      auto got = co_await c.get<shop::user>(cx, "/users/" + std::to_string(i));
      EXPECT_TRUE(got) << got.error().message();
    }
    const shop::user bob{7, "Bob"};
    auto made = co_await c.post<shop::user>(cx, "/users", bob);
    EXPECT_TRUE(made) << made.error().message();
    EXPECT_EQ(app.stats().accepted, 1u);
    EXPECT_EQ(app.stats().requests, 201u);
  });
}

TEST(HttpLoopback, LargeBodiesGoBothWays) {
  with_loopback_server([](context& cx, const std::string& base, server&) -> task<void> {
    client c(cx.env(), client_options(base));
    auto big = co_await c.get<std::string>(cx, "/big");
    EXPECT_TRUE(big) << big.error().message();
    EXPECT_EQ(big->size(), 3'000'000u);
    const std::string upload(5'000'000, 'u');
    auto counted = co_await c.post<std::string>(cx, "/length", upload);
    EXPECT_TRUE(counted) << counted.error().message();
    EXPECT_EQ(*counted, "5000000");
  });
}

TEST(HttpLoopback, ManyAtOnce) {
  with_loopback_server([](context& cx, const std::string& base, server& app) -> task<void> {
    client c(cx.env(), client_options(base).pool({.per_origin = 8}));
    task_scope scope(cx);
    int ok = 0;
    const auto one = [&](context& own) -> task<void> {
      for (int i = 0; i < 20; ++i) {
        auto got = co_await c.get<shop::user>(own, "/users/1");
        ok += got ? 1 : 0;
      }
    };
    for (int i = 0; i < 32; ++i) {
      scope.spawn(one);
    }
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
    EXPECT_EQ(ok, 640);
    EXPECT_LE(app.stats().accepted, 8u);
  });
}

TEST(HttpLoopback, NobodyListens) {
  auto done = run(
      [](context& cx) -> task<result<void>> {
        const auto at = net::endpoint::loopback();
        auto listener = net::system_network().listen(cx.env(), at, {});
        const auto port = (*listener)->local().port();
        listener->reset();
        client c(cx.env(), client_options("http://127.0.0.1:" + std::to_string(port)));
        auto r = co_await c.get<void>(cx, "/");
        co_return r;
      },
      {.handle_signals = false});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind(), error_kind::connection_refused);
  EXPECT_EQ(done.error().stage(), error_stage::connect);
}

// Answers once on each connection, and closes it a while later without having said so.
task<void> answer_and_close(context& cx, net::listener& from, int times) {
  for (int i = 0; i < times; ++i) {
    auto s = co_await from.accept(cx);
    EXPECT_TRUE(s);
    if (!s) {
      break;
    }
    std::array<std::byte, 1024> some;
    auto n = co_await net::read_some(cx, **s, some);
    auto put = co_await net::write_all(cx, **s, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    auto slept = co_await sleep_for(cx, 1ms);
    EXPECT_TRUE(n && put && slept);
  }
}

// What must not be sent twice would fail there.
TEST(HttpLoopback, AConnectionThatWasClosedMeanwhileIsNotUsed) {
  auto done = run(
      [](context& cx) -> task<result<void>> {
        auto listener = net::system_network().listen(cx.env(), net::endpoint::loopback(), {});
        task_scope scope(cx);
        scope.spawn([&](context& own) { return answer_and_close(own, **listener, 3); });
        client c(cx.env(), client_options("http://" + (*listener)->local().to_string()));
        for (int i = 0; i < 3; ++i) {
          auto r = http::request(method::post, "/").body("x");
          auto got = co_await c.request(cx, std::move(r));
          EXPECT_TRUE(got) << got.error().message();
          auto slept = co_await sleep_for(cx, 5ms);
          EXPECT_TRUE(slept);
        }
        scope.cancel();
        auto joined = co_await scope.join();
        co_return joined;
      },
      {.handle_signals = false});
  EXPECT_TRUE(done);
}

TEST(HttpLoopback, TheLimitIsKeptInRealTime) {
  with_loopback_server([](context& cx, const std::string& base, server&) -> task<void> {
    client c(cx.env(), client_options(base).timeout(50ms));
    const auto start = cx.now();
    auto r = co_await c.get<void>(cx, "/slow");
    EXPECT_FALSE(r);
    EXPECT_EQ(r.error().kind(), error_kind::timeout);
    EXPECT_EQ(r.error().stage(), error_stage::head);
    EXPECT_LT(cx.now() - start, 5s);
  });
}

// Runs a command in a thread while the loop turns; gives what it printed.
task<std::string> shell(context& cx, std::string command) {
  std::string out;
  std::atomic<bool> done{false};
  std::thread worker([&] {
    if (auto* pipe = ::popen(command.c_str(), "r")) {
      std::array<char, 4096> some;
      std::size_t n = 0;
      while ((n = std::fread(some.data(), 1, some.size(), pipe)) > 0) {
        out.append(some.data(), n);
      }
      ::pclose(pipe);
    }
    done = true;
  });
  while (!done) {
    auto slept = co_await sleep_for(cx, 2ms);
    if (!slept) {
      break;
    }
  }
  worker.join();
  co_return out;
}

bool has_curl() {
  return std::system("curl --version > /dev/null 2>&1") == 0;
}

#define FAIRLEAD_NEEDS_CURL()                                               \
  if (!has_curl()) {                                                        \
    std::cerr << "SKIPPED: curl is not installed (apt-get install curl)\n"; \
    GTEST_SKIP() << "curl is not installed (apt-get install curl)";         \
  }

TEST(HttpCurl, GetsAndPosts) {
  FAIRLEAD_NEEDS_CURL();
  with_loopback_server([](context& cx, const std::string& base, server& app) -> task<void> {
    auto got = co_await shell(cx, "curl -sS " + base + "/users/1 " + base + "/users/2");
    EXPECT_EQ(got, R"({"id":1,"name":"Ann"}{"id":2,"name":"Ann"})");
    EXPECT_EQ(app.stats().accepted, 1u) << "curl kept the connection";
    got = co_await shell(cx, "curl -sS -d '{\"id\":3,\"name\":\"Bob\"}' " + base + "/users");
    EXPECT_EQ(got, R"({"id":3,"name":"Bob"})");
    got = co_await shell(cx, "curl -sS -o /dev/null -w '%{http_code}' " + base + "/nothing");
    EXPECT_EQ(got, "404");
    got = co_await shell(cx, "curl -sS -I " + base + "/users/1");
    EXPECT_TRUE(got.starts_with("HTTP/1.1 200 OK\r\n")) << got;
    got = co_await shell(cx, "curl -sS -0 " + base + "/users/1");
    EXPECT_EQ(got, R"({"id":1,"name":"Ann"})");
  });
}

TEST(HttpCurl, UploadsInChunksAndWithExpect) {
  FAIRLEAD_NEEDS_CURL();
  with_loopback_server([](context& cx, const std::string& base, server&) -> task<void> {
    const std::string source = "head -c 2000000 /dev/zero | curl -sS --data-binary @- ";
    auto got = co_await shell(cx, source + base + "/length");
    EXPECT_EQ(got, "2000000");
    got = co_await shell(cx, source + "-H 'Transfer-Encoding: chunked' " + base + "/length");
    EXPECT_EQ(got, "2000000");
    got = co_await shell(cx, source + "-H 'Expect: 100-continue' " + base + "/length");
    EXPECT_EQ(got, "2000000");
  });
}

TEST(HttpCurl, AnAnswerToATooLargeBodyArrives) {
  FAIRLEAD_NEEDS_CURL();
  with_loopback_server([](context& cx, const std::string& base, server&) -> task<void> {
    auto got = co_await shell(
        cx,
        "head -c 20000000 /dev/zero | curl -sS -H 'Expect:' --data-binary @- -o /dev/null -w "
        "'%{http_code}' " +
            base + "/length 2>/dev/null");
    EXPECT_EQ(got, "413");
  });
}

TEST(UnixSockets, CarryCallsToo) {
  const testing::scratch_dir dir;
  const auto path = dir.file("http.sock");
  auto done = run(
      [&](context& cx) -> task<result<void>> {
        const auto at = net::endpoint::unix_path(path);
        auto listener = net::system_network().listen(cx.env(), *at, {});
        if (!listener) {
          co_return tl::unexpected<error>(listener.error());
        }
        server app(routes());
        task_scope scope(cx);
        scope.spawn([&](context& own) { return app.serve(own, std::move(*listener)); });
        {
          client c(cx.env(), client_options("http://users").unix_socket(path));
          auto ann = co_await c.get<shop::user>(cx, "/users/7");
          EXPECT_TRUE(ann) << ann.error().message();
          EXPECT_EQ(ann->id, 7);
          client nobody(cx.env(), client_options("http://users").unix_socket(dir.file("none")));
          auto none = co_await nobody.get<void>(cx, "/users/7");
          EXPECT_FALSE(none);
          EXPECT_EQ(none.error().stage(), error_stage::connect);
          EXPECT_EQ(none.error().sent(), error_sent::not_sent);
        }
        auto drained = co_await app.drain(cx, 1s);
        auto joined = co_await scope.join();
        EXPECT_TRUE(joined);
        co_return drained;
      },
      {.handle_signals = false});
  EXPECT_TRUE(done) << done.error().message();
}

TEST(UnixSockets, NeedAPathThatFits) {
  const auto problems = client_options().unix_socket(std::string(200, 'x')).problems();
  ASSERT_EQ(problems.size(), 1u);
}

}  // namespace
}  // namespace fairlead::http
