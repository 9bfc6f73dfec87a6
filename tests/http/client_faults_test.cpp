// SPDX-License-Identifier: BSL-1.0
// Broken, slow and silent peers: every failure has its kind, its stage, and says what was sent.
#include "support/http_world.hpp"
#include "support/shop.hpp"

#include <optional>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

const std::string answer = ok_json(R"({"id":1,"name":"Ann"})");
const std::string chunked_answer =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5\r\n{\"id\"\r\n10\r\n:1,\"name\":\"Ann\"}\r\n0\r\nX-T: 1\r\n\r\n";

struct outcome {
  result<shop::user> value = fail(errors::application{"test", "did not run"});
  duration took{};
  int connects = 0;
};

outcome get_from(script s, client_options options = {},
                 std::function<void(memory_network&)> prepare = {}) {
  outcome out;
  with_script(
      std::move(s), options,
      [&](context& cx, client& c, memory_network& net) -> task<void> {
        const auto start = cx.now();
        auto got = co_await c.get<shop::user>(cx, "/x");
        out.value = std::move(got);
        out.took = cx.now() - start;
        out.connects = net.connects;
        EXPECT_EQ(c.stats().connections, out.value ? c.stats().idle : 0u);
      },
      std::move(prepare));
  return out;
}

TEST(ClientFaults, NobodyListens) {
  const auto o = get_from(always(""), client_options("http://shop:81"));
  ASSERT_FALSE(o.value);
  EXPECT_EQ(o.value.error().message(),
            "connection_refused: nobody listens at http://shop:81/x [connect]");
  EXPECT_EQ(o.value.error().sent(), error_sent::not_sent);
}

TEST(ClientFaults, TheNameIsUnknown) {
  const auto o = get_from(always(""), client_options("http://nowhere"));
  ASSERT_FALSE(o.value);
  EXPECT_EQ(o.value.error().message(),
            "dns_failure: cannot resolve nowhere: no such host [resolve]");
  EXPECT_EQ(o.value.error().sent(), error_sent::not_sent);
}

TEST(ClientFaults, OtherConnectFailuresKeepTheirKind) {
  const auto o = get_from(always(""), {}, [](memory_network& net) {
    error e = errors::unreachable{"10.0.0.1:80"};
    net.connect_fails = e.at(error_stage::connect);
  });
  ASSERT_FALSE(o.value);
  EXPECT_EQ(o.value.error().message(), "unreachable: no route to http://shop/x [connect]");
}

// A server that closes, breaks or goes silent after every byte of its answer.
class CutAnswer : public ::testing::TestWithParam<std::string> {};

TEST_P(CutAnswer, ClosedAfterEveryByte) {
  const auto& text = GetParam();
  for (std::size_t n = 0; n < text.size(); ++n) {
    const auto o = get_from(once(text.substr(0, n)));
    ASSERT_FALSE(o.value) << "after " << n;
    const auto& e = o.value.error();
    EXPECT_EQ(e.kind(), error_kind::connection_closed) << e.message();
    EXPECT_EQ(e.stage(), n < text.find("\r\n\r\n") + 4 ? error_stage::head : error_stage::body)
        << "after " << n << ": " << e.message();
    EXPECT_EQ(e.sent(), n == 0 ? error_sent::unknown : error_sent::answered);
    EXPECT_TRUE(e.is_transient());
    EXPECT_EQ(o.took, 0s);
  }
}

TEST_P(CutAnswer, ResetAfterEveryByte) {
  const auto& text = GetParam();
  for (std::size_t n = 0; n < text.size(); ++n) {
    const auto o = get_from(always(text), {}, [&](memory_network& net) {
      net.server_side = net::memory_side().reset_after_writing(n);
    });
    ASSERT_FALSE(o.value) << "after " << n;
    const auto& e = o.value.error();
    EXPECT_EQ(e.kind(), error_kind::connection_reset) << e.message();
    EXPECT_EQ(o.took, 0s);
  }
}

TEST_P(CutAnswer, SilentAfterEveryByte) {
  const auto& text = GetParam();
  for (std::size_t n = 0; n < text.size(); ++n) {
    const auto o = get_from(stall_after(text.substr(0, n)), client_options().timeout(2s));
    ASSERT_FALSE(o.value) << "after " << n;
    const auto& e = o.value.error();
    EXPECT_EQ(e.kind(), error_kind::timeout) << e.message();
    EXPECT_EQ(e.stage(), n < text.find("\r\n\r\n") + 4 ? error_stage::head : error_stage::body);
    EXPECT_EQ(e.sent(), n == 0 ? error_sent::unknown : error_sent::answered);
    EXPECT_EQ(e.get<errors::timeout>()->limit, 2s);
    EXPECT_EQ(e.get<errors::timeout>()->scope, timeout_scope::total);
    EXPECT_EQ(o.took, 2s);
  }
}

TEST_P(CutAnswer, ShortReadsOfEverySize) {
  for (std::size_t n = 1; n < 9; ++n) {
    const auto o = get_from(always(GetParam()), {}, [&](memory_network& net) {
      net.client_side = net::memory_side().max_read(n).max_write(n);
      net.server_side = net::memory_side().max_write(n);
    });
    ASSERT_TRUE(o.value) << o.value.error().message();
    EXPECT_EQ(o.value->name, "Ann");
  }
}

INSTANTIATE_TEST_SUITE_P(Framings, CutAnswer, ::testing::Values(answer, chunked_answer));

TEST(ClientFaults, CountsWhatCameOfABody) {
  const auto o =
      get_from(once("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + std::string(42, 'x')));
  ASSERT_FALSE(o.value);
  EXPECT_EQ(o.value.error().message(),
            "connection_closed: the peer closed the connection to http://shop/x early after 42 of "
            "100 body bytes [body]");
}

TEST(ClientFaults, BrokenWhileWriting) {
  for (std::uint64_t n = 1; n < 120; n += 7) {
    const auto o = get_from(always(answer), {}, [&](memory_network& net) {
      net.client_side =
          net::memory_side().max_write(5).fail_attempt(n, errors::connection_reset{"p"});
    });
    if (o.value) {
      continue;  // the call was over by then
    }
    const auto& e = o.value.error();
    EXPECT_EQ(e.kind(), error_kind::connection_reset);
    if (n == 1) {
      EXPECT_EQ(e.stage(), error_stage::write);
      EXPECT_EQ(e.sent(), error_sent::not_sent);
    } else {
      EXPECT_NE(e.sent(), error_sent::not_sent) << n;
    }
  }
}

TEST(ClientFaults, AnAnswerBeforeTheRequestWasReadCounts) {
  // The server answers 413 and closes while the body is still on its way.
  const auto refuse = [](context& cx, peer& p, int) -> task<void> {
    auto head = co_await p.read_until(cx, "\r\n\r\n");
    auto said = co_await p.say(
        cx, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    static_cast<void>(said);
    p.close();
  };
  with_script(refuse, {}, [](context& cx, client& c, memory_network&) -> task<void> {
    const std::string big(1'000'000, 'x');
    auto r = co_await c.post(cx, "/x", big);
    EXPECT_FALSE(r);
    EXPECT_EQ(r.error().status(), 413u) << r.error().message();
  });
}

// Which phase a limit hits is in the stage; whose limit it was, in the kind.
struct slow_case {
  error_stage stage;
  script server;
  std::function<void(memory_network&)> prepare;
};

std::vector<slow_case> slow_cases() {
  return {
      {error_stage::resolve, always(answer), [](memory_network& n) { n.resolve_takes = 1h; }},
      {error_stage::connect, always(answer), [](memory_network& n) { n.connect_takes = 1h; }},
      {error_stage::write,
       [](context& cx, peer&, int) -> task<void> {
         auto slept = co_await sleep_for(cx, 1h);
         static_cast<void>(slept);
       },
       [](memory_network& n) { n.server_side = net::memory_side().capacity(10); }},
      {error_stage::head, stall_after("HTTP/1.1 200"), {}},
      {error_stage::body, stall_after(answer.substr(0, answer.size() - 1)), {}},
  };
}

TEST(ClientFaults, OneLimitCoversEveryPhase) {
  for (const auto& c : slow_cases()) {
    const auto o = get_from(c.server, {}, c.prepare);
    ASSERT_FALSE(o.value);
    const auto& e = o.value.error();
    EXPECT_EQ(e.kind(), error_kind::timeout) << e.message();
    EXPECT_EQ(e.stage(), c.stage) << e.message();
    EXPECT_EQ(o.took, 5s) << "the default limit";
    EXPECT_EQ(e.get<errors::timeout>()->target, "http://shop/x");
    EXPECT_EQ(e.get<errors::timeout>()->limit, 5s);
    EXPECT_TRUE(e.is_transient());
  }
}

TEST(ClientFaults, TheCallersDeadlineIsADeadline) {
  for (const auto& c : slow_cases()) {
    with_script(
        c.server, {},
        [&](context& cx, client& cl, memory_network&) -> task<void> {
          auto quick = cx.with_timeout(300ms);
          auto r = co_await cl.get<void>(quick, "/x");
          EXPECT_FALSE(r);
          EXPECT_EQ(r.error().kind(), error_kind::deadline) << r.error().message();
          EXPECT_EQ(r.error().stage(), c.stage);
          const auto e = r.error();
          EXPECT_EQ(e.get<errors::deadline>()->limit, 300ms);
          EXPECT_FALSE(e.is_transient());
          EXPECT_EQ(cl.stats().connections, 0u);
        },
        c.prepare);
  }
}

TEST(ClientFaults, ACancelEndsEveryPhaseAtOnce) {
  for (const auto& c : slow_cases()) {
    with_script(
        c.server, {},
        [&](context& cx, client& cl, memory_network&) -> task<void> {
          cancel_scope scope(cx);
          task_scope beside(cx);
          beside.spawn([&](context& own) -> task<void> {
            auto slept = co_await sleep_for(own, 1s);
            static_cast<void>(slept);
            scope.cancel();
          });
          const auto start = cx.now();
          auto r = co_await cl.get<void>(scope, "/x");
          EXPECT_FALSE(r);
          EXPECT_EQ(r.error().kind(), error_kind::cancelled) << r.error().message();
          EXPECT_EQ(r.error().stage(), c.stage);
          EXPECT_EQ(cx.now() - start, 1s);
          EXPECT_EQ(cl.stats().connections, 0u) << "its connection is closed";
          auto joined = co_await beside.join();
          EXPECT_TRUE(joined);
        },
        c.prepare);
  }
}

TEST(ClientFaults, ADeadlineThatHasPassedSendsNothing) {
  with_script(always(answer), {}, [](context& cx, client& c, memory_network& net) -> task<void> {
    auto late = cx.with_timeout(-1s);
    auto r = co_await c.get<void>(late, "/x");
    EXPECT_FALSE(r);
    EXPECT_EQ(r.error().kind(), error_kind::deadline);
    EXPECT_EQ(r.error().sent(), error_sent::not_sent);
    EXPECT_EQ(net.resolves, 0);
  });
}

TEST(ClientFaults, ATrickleDoesNotExtendTheLimit) {
  const auto o = get_from(trickle("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"));
  ASSERT_FALSE(o.value);
  EXPECT_EQ(o.value.error().kind(), error_kind::timeout);
  EXPECT_EQ(o.value.error().stage(), error_stage::body);
  EXPECT_EQ(o.took, 5s);
}

TEST(ClientFaults, ErrorBodiesCountAgainstTheLimitToo) {
  const auto o = get_from(stall_after("HTTP/1.1 500 Oops\r\nContent-Length: 10\r\n\r\nabc"));
  ASSERT_FALSE(o.value);
  EXPECT_EQ(o.value.error().kind(), error_kind::timeout);
  EXPECT_EQ(o.value.error().stage(), error_stage::body);
}

TEST(ClientFaults, AFailureDoesNotAffectTheNextCall) {
  const auto flaky = [](context& cx, peer& p, int n) -> task<void> {
    auto head = co_await p.read_until(cx, "\r\n\r\n");
    const auto text = n == 0 ? answer.substr(0, 30) : answer;
    auto said = co_await p.say(cx, text);
    static_cast<void>(said);
    if (n == 0) {
      p.close();
    } else {
      auto rest = co_await p.read_all(cx);
    }
  };
  with_script(flaky, {}, [](context& cx, client& c, memory_network& net) -> task<void> {
    auto first = co_await c.get<shop::user>(cx, "/x");
    EXPECT_FALSE(first);
    auto second = co_await c.get<shop::user>(cx, "/x");
    EXPECT_TRUE(second);
    EXPECT_EQ(net.connects, 2);
  });
}

}  // namespace
}  // namespace fairlead::http
