// SPDX-License-Identifier: BSL-1.0
// Calls as spans of a client: what goes along with requests, a span for each exchange, and what it
// says.
#include "support/server_answers.hpp"
#include "support/spans.hpp"

#include <fairlead/observe/baggage.hpp>
#include <fairlead/observe/span_text.hpp>
#include <fairlead/observe/trace_context.hpp>
#include <fairlead/observe/tracestate.hpp>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;
using observe::span_status;
using observe::tracer;

/// A script that keeps the heads it reads, and answers each with the next of `answers`, then with
/// the last one of them.
script keeping(std::vector<std::string>& heads, std::vector<std::string> answers) {
  return [&heads, answers](context& cx, peer& p, int) -> task<void> {
    for (;;) {
      auto head = co_await p.read_until(cx, "\r\n\r\n");
      if (p.ended) {
        break;
      }
      const auto n = std::min(heads.size(), answers.size() - 1);
      heads.push_back(std::move(head));
      auto said = co_await p.say(cx, answers[n]);
      if (!said) {
        break;
      }
    }
  };
}

/// The value of a header; "-" when it is not there, "2" when it is there twice.
std::string sent(const std::string& head, std::string_view name) {
  const auto mark = "\r\n" + std::string(name) + ": ";
  const auto at = head.find(mark);
  if (at != std::string::npos && head.find(mark, at + 1) != std::string::npos) {
    return "2";
  }
  return header_of(head, name);
}

/// A span per call, and the client's below it.
template <class F>
std::vector<observe::span_record> traced(script s, client_options options, F f) {
  tracer t;
  with_script(std::move(s), std::move(options),
              [&](context& cx, client& c, memory_network& net) -> task<void> {
                observe::span program(t, cx, "program");
                auto under = program.under(cx);
                co_await f(under, c, net);
              });
  auto spans = t.take();
  EXPECT_FALSE(spans.empty());
  EXPECT_EQ(spans.back().name, "program");
  for (std::size_t i = 0; i + 1 < spans.size(); ++i) {
    EXPECT_EQ(spans[i].parent, spans.back().id.span) << spans[i].name;
    EXPECT_EQ(spans[i].kind, observe::span_kind::client);
  }
  return spans;
}

TEST(ClientTraces, AreNoneWhereThereIsNoTrace) {
  std::vector<std::string> heads;
  with_script(keeping(heads, {ok_json("{}")}), {},
              [&](context& cx, client& c, memory_network&) -> task<void> {
                auto got = co_await c.get<response>(cx, "/");
                EXPECT_TRUE(got);
              });
  EXPECT_EQ(sent(heads.at(0), "traceparent"), "-");
}

TEST(ClientTraces, AreASpanForEachCall) {
  std::vector<std::string> heads;
  const auto spans = traced(keeping(heads, {ok_json("{}")}), {},
                            [&](context& cx, client& c, memory_network&) -> task<void> {
                              auto got = co_await c.get<response>(cx, "/users/1?a=b&sig=x");
                              EXPECT_TRUE(got);
                              const std::string text = "text";
                              got = co_await c.post<response>(cx, "/users", text);
                              EXPECT_TRUE(got);
                            });
  ASSERT_EQ(spans.size(), 3U);
  const auto& s = spans[0];
  EXPECT_EQ(s.name, "GET");
  EXPECT_EQ(s.status, span_status::unset);
  EXPECT_EQ(keys_of(s),
            "http.request.method http.response.status_code network.peer.address "
            "network.protocol.version server.address server.port url.full");
  EXPECT_EQ(said(s, names::http_request_method), "GET");
  EXPECT_EQ(said(s, names::url_full), "http://shop/users/1?a=b&sig=REDACTED");
  EXPECT_EQ(said(s, names::server_address), "shop");
  EXPECT_EQ(said(s, names::server_port), "80");
  EXPECT_EQ(said(s, names::http_response_status_code), "200");
  EXPECT_EQ(said(s, names::network_protocol_version), "1.1");
  EXPECT_EQ(spans[1].name, "POST");
  EXPECT_EQ(sent(heads.at(0), "traceparent"), id_of(s)) << "it goes along as the parent";
  EXPECT_EQ(sent(heads.at(1), "traceparent"), id_of(spans[1]));
  EXPECT_EQ(sent(heads.at(0), "tracestate"), "-");
  EXPECT_EQ(sent(heads.at(0), "baggage"), "-");
}

TEST(ClientTraces, PassOnWhatIsNotRecorded) {
  std::vector<std::string> heads;
  const std::string id = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  with_script(keeping(heads, {ok_json("{}")}), {},
              [&](context& cx, client& c, memory_network&) -> task<void> {
                observe::baggage facts;
                EXPECT_TRUE(facts.set("tenant", "Blue Moon"));
                trace_context came(*observe::traceparent::parse(id),
                                   *observe::tracestate::parse("a=1"), facts);
                auto under = cx.with_trace(&came);
                auto got = co_await c.get<response>(under, "/");
                EXPECT_TRUE(got);
              });
  EXPECT_EQ(sent(heads.at(0), "traceparent"), id);
  EXPECT_EQ(sent(heads.at(0), "tracestate"), "a=1");
  EXPECT_EQ(sent(heads.at(0), "baggage"), "tenant=Blue%20Moon");
}

TEST(ClientTraces, LeaveFieldsOfTheCallerAlone) {
  std::vector<std::string> heads;
  const auto spans = traced(keeping(heads, {ok_json("{}")}), {},
                            [&](context& cx, client& c, memory_network&) -> task<void> {
                              const auto own = headers().add("Traceparent", "mine");
                              auto got = co_await c.get<response>(cx, "/", own);
                              EXPECT_TRUE(got);
                            });
  EXPECT_EQ(sent(heads.at(0), "Traceparent"), "mine");
  EXPECT_EQ(sent(heads.at(0), "traceparent"), "-");
  EXPECT_EQ(spans.size(), 2U);
}

TEST(ClientTraces, CanBeSwitchedOff) {
  std::vector<std::string> heads;
  const auto spans = traced(keeping(heads, {ok_json("{}")}), client_options().trace(tracing::none),
                            [&](context& cx, client& c, memory_network&) -> task<void> {
                              auto got = co_await c.get<response>(cx, "/");
                              EXPECT_TRUE(got);
                            });
  EXPECT_EQ(sent(heads.at(0), "traceparent"), "-");
  EXPECT_EQ(spans.size(), 1U);
}

TEST(ClientTraces, TellOfStatusesAndErrors) {
  std::vector<std::string> heads;
  const auto spans = traced(
      keeping(heads, {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
                      "HTTP/1.0 503 Busy\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
                      "nonsense\r\n\r\n"}),
      client_options().timeout(2s), [&](context& cx, client& c, memory_network& net) -> task<void> {
        auto got = co_await c.request(cx, request(method::get, "/"));
        EXPECT_TRUE(got);
        got = co_await c.request(cx, request(method::get, "/"));
        EXPECT_TRUE(got);
        got = co_await c.request(cx, request(method::get, "/"));
        EXPECT_FALSE(got);
        net.connect_takes = 5s;
        got = co_await c.request(cx, request(method::get, "/"));
        EXPECT_FALSE(got);
        got = co_await c.request(cx, request(method::get, "http://shop:81/"));
        EXPECT_FALSE(got);
        net.connect_takes = {};
        got = co_await c.request(cx, request(method::get, "http://shop:81/"));
        EXPECT_FALSE(got);
        got = co_await c.request(cx, request(method::get, "http://nowhere/"));
        EXPECT_FALSE(got);
        cancel_scope gone(cx);
        gone.cancel();
        got = co_await c.request(gone, request(method::get, "/"));
        EXPECT_FALSE(got);
      });
  const std::tuple<const char*, const char*, span_status> expected[] = {
      {"404", "404", span_status::error},          {"503", "503", span_status::error},
      {"-", "protocol_error", span_status::error}, {"-", "timeout", span_status::error},
      {"-", "timeout", span_status::error},        {"-", "connection_refused", span_status::error},
      {"-", "dns_failure", span_status::error},
  };
  ASSERT_EQ(spans.size(), std::size(expected) + 1) << "nothing is sent for one that is cancelled";
  for (std::size_t i = 0; i < std::size(expected); ++i) {
    const auto& [code, type, how] = expected[i];
    EXPECT_EQ(said(spans[i], names::http_response_status_code), code) << i;
    EXPECT_EQ(said(spans[i], names::error_type), type) << i;
    EXPECT_EQ(spans[i].status, how) << i;
  }
  EXPECT_EQ(said(spans[1], names::network_protocol_version), "1.0");
  EXPECT_EQ(said(spans[5], names::server_port), "81");
  EXPECT_EQ(spans[0].message, "");
  EXPECT_NE(spans[5].message.find("http://shop:81/"), std::string::npos);
}

TEST(ClientTraces, DoNotCallCancellingAFailure) {
  const auto spans = traced(stall_after(""), client_options(),
                            [&](context& cx, client& c, memory_network&) -> task<void> {
                              task_scope scope(cx);
                              scope.spawn([&](context& own) -> task<void> {
                                auto got = co_await c.request(own, request(method::get, "/"));
                                EXPECT_FALSE(got);
                              });
                              auto slept = co_await sleep_for(cx, 1s);
                              EXPECT_TRUE(slept);
                              scope.cancel();
                              auto joined = co_await scope.join();
                              static_cast<void>(joined);
                            });
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(said(spans[0], names::error_type), "cancelled");
  EXPECT_EQ(spans[0].status, span_status::unset);
  EXPECT_EQ(spans[0].took, 1s);
}

TEST(ClientTraces, HaveASpanForEachRedirect) {
  std::vector<std::string> heads;
  const std::string there = "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n";
  const std::string away =
      "HTTP/1.1 307 Away\r\nLocation: http://shop:81/\r\nContent-Length: 0\r\n\r\n";
  const auto spans = traced(keeping(heads, {there, away}), client_options().redirects(5),
                            [&](context& cx, client& c, memory_network&) -> task<void> {
                              auto got = co_await c.request(cx, request(method::get, "/here"));
                              EXPECT_FALSE(got);
                            });
  ASSERT_EQ(spans.size(), 4U);
  EXPECT_EQ(said(spans[0], names::http_response_status_code), "302");
  EXPECT_EQ(said(spans[0], names::http_request_resend_count), "-");
  EXPECT_EQ(said(spans[1], names::http_response_status_code), "307");
  EXPECT_EQ(said(spans[1], names::url_full), "http://shop/there");
  EXPECT_EQ(said(spans[1], names::http_request_resend_count), "1");
  EXPECT_EQ(said(spans[2], names::error_type), "connection_refused");
  EXPECT_EQ(said(spans[2], names::http_response_status_code), "-") << "it was of the one before";
  EXPECT_EQ(said(spans[2], names::http_request_resend_count), "2");
  EXPECT_EQ(sent(heads.at(0), "traceparent"), id_of(spans[0]));
  EXPECT_EQ(sent(heads.at(1), "traceparent"), id_of(spans[1]));
}

TEST(ClientTraces, HaveASpanForEachAttempt) {
  std::vector<std::string> heads;
  const auto spans = traced(keeping(heads, {ok_json("{}")}), {},
                            [&](context& cx, client& c, memory_network&) -> task<void> {
                              for (std::uint32_t n = 1; n <= 3; ++n) {
                                auto attempt = cx.with_attempt(n);
                                auto got = co_await c.request(attempt, request(method::get, "/"));
                                EXPECT_TRUE(got);
                              }
                            });
  ASSERT_EQ(spans.size(), 4U);
  EXPECT_EQ(said(spans[0], names::http_request_resend_count), "-");
  EXPECT_EQ(said(spans[1], names::http_request_resend_count), "1");
  EXPECT_EQ(said(spans[2], names::http_request_resend_count), "2");
}

TEST(ClientTraces, HaveASpanForAConnectionThatHadGoneStale) {
  std::vector<std::string> heads;
  const auto answering = [&](context& cx, peer& p, int n) -> task<void> {
    heads.push_back(co_await p.read_until(cx, "\r\n\r\n"));
    auto said = co_await p.say(cx, ok_json("{}"));
    EXPECT_TRUE(said);
    auto head = co_await p.read_until(cx, "\r\n\r\n");
    if (n == 0) {
      heads.push_back(std::move(head));
      p.close();  // at the moment of use
    }
  };
  const auto spans =
      traced(answering, {}, [&](context& cx, client& c, memory_network&) -> task<void> {
        auto got = co_await c.request(cx, request(method::get, "/1"));
        EXPECT_TRUE(got);
        got = co_await c.request(cx, request(method::get, "/2"));
        EXPECT_TRUE(got);
      });
  ASSERT_EQ(spans.size(), 4U);
  EXPECT_EQ(spans[1].status, span_status::error);
  EXPECT_EQ(said(spans[1], names::http_request_resend_count), "-");
  EXPECT_EQ(spans[2].status, span_status::unset);
  EXPECT_EQ(said(spans[2], names::http_request_resend_count), "1");
  ASSERT_EQ(heads.size(), 3U);
  EXPECT_EQ(sent(heads[1], "traceparent"), id_of(spans[1]));
  EXPECT_EQ(sent(heads[2], "traceparent"), id_of(spans[2]));
}

TEST(ClientTraces, LastAsLongAsAStream) {
  const auto spans = traced(
      [](context& cx, peer& p, int) -> task<void> {
        auto head = co_await p.read_until(cx, "\r\n\r\n");
        auto said = co_await p.say(cx, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
        auto slept = co_await sleep_for(cx, 3s);
        EXPECT_TRUE(slept);
        said = co_await p.say(cx, "cd");
        EXPECT_TRUE(said);
      },
      {},
      [&](context& cx, client& c, memory_network&) -> task<void> {
        auto got = co_await c.stream(cx, request(method::get, "/"));
        EXPECT_TRUE(got);
        std::string all;
        for (;;) {
          auto piece = co_await got->read(cx);
          if (!piece || !*piece) {
            break;
          }
          all += **piece;
        }
        EXPECT_EQ(all, "abcd");
      });
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0].took, 3s);
  EXPECT_EQ(spans[0].status, span_status::unset);
}

TEST(ClientTraces, GoThroughServices) {
  tracer front({.service = "front"});
  tracer back({.service = "back"});
  router behind;
  behind.get("/stock/{id}", [](context& cx, std::int64_t) -> result<std::string> {
    const observe::span s(cx, "look");
    return std::string(cx.trace()->facts().get("tenant").value_or("nobody"));
  });
  with_server(
      std::move(behind), server_options().traces(back),
      [&](context& cx, server&, memory_network& net) -> task<void> {
        client to_stock(cx.env(), client_options("http://stock").network(net));
        router r;
        r.get("/buy/{id}", [&](context& own, std::int64_t id) -> task<result<std::string>> {
          auto got = co_await to_stock.get<std::string>(own, "/stock/" + std::to_string(id));
          co_return got;
        });
        auto listener = net.listen(cx.env(), net::endpoint::loopback(8080), {});
        server app(std::move(r), server_options().traces(front));
        task_scope scope(cx);
        scope.spawn([&](context& own) { return app.serve(own, std::move(*listener)); });
        client c(cx.env(), client_options("http://front:8080").network(net));
        const auto fields =
            headers()
                .add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
                .add("baggage", "tenant=blue");
        auto got = co_await c.get<std::string>(cx, "/buy/7", fields);
        EXPECT_EQ(got, "blue") << "baggage goes all the way";
        auto drained = co_await app.drain(cx, 1s);
        EXPECT_TRUE(drained);
        auto joined = co_await scope.join();
        EXPECT_TRUE(joined);
      });
  auto spans = back.take();
  for (auto& s : front.take()) {
    spans.push_back(std::move(s));
  }
  EXPECT_EQ(spans.size(), 4U);
  EXPECT_EQ(observe::to_tree(spans, {.bar = 0}),
            "trace 0af7651916cd43dd8448eb211c80319c: 4 spans, 0 ns, 2 services\n"
            "GET /buy/{id}       0 ns  front\n"
            "  GET               0 ns  front\n"
            "    GET /stock/{id} 0 ns  back\n"
            "      look          0 ns  back\n");
}

}  // namespace
}  // namespace fairlead::http
