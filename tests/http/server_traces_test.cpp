// SPDX-License-Identifier: BSL-1.0
// Requests as spans of a server: which trace they belong to, what they say, how they end.
#include "support/pieces_source.hpp"
#include "support/server_answers.hpp"
#include "support/spans.hpp"

#include <fairlead/http/middleware.hpp>
#include <fairlead/observe/baggage.hpp>
#include <fairlead/observe/propagation.hpp>
#include <fairlead/observe/trace_context.hpp>
#include <fairlead/observe/tracestate.hpp>

#include <stdexcept>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;
using observe::span_status;
using observe::tracer;

const std::string trace = "0af7651916cd43dd8448eb211c80319c";
const std::string parent = "b7ad6b7169203331";
const std::string traceparent = "traceparent: 00-" + trace + "-" + parent + "-01\r\n";

/// What a handler's context passes on: "traceparent|tracestate|baggage".
std::string passed_on(const context& cx) {
  const observe::outgoing_trace out(cx.trace());
  std::string text(out.traceparent());
  text.append("|").append(out.tracestate()).append("|").append(out.baggage());
  return text;
}

router echo() {
  router r;
  r.get("/users/{id}",
        [](context& cx, std::int64_t) -> result<std::string> { return passed_on(cx); });
  return r;
}

/// The spans of one request, and what came back.
struct traced {
  std::string answer;
  std::vector<observe::span_record> spans;
};
traced ask_traced(router r, std::string text, server_options options = {},
                  const observe::tracer_options& how = {}) {
  tracer t(how);
  auto answer = answer_to(std::move(r), std::move(text), options.traces(t));
  return {std::move(answer), t.take()};
}

TEST(ServerTraces, AreNoneUnlessAskedFor) {
  const auto answer = answer_to(echo(), ask("GET", "/users/1", traceparent));
  EXPECT_EQ(body_of(answer), "||");
}

TEST(ServerTraces, BeginWithTheRequest) {
  const auto got = ask_traced(echo(), ask("GET", "/users/7?a=1&sig=x", "User-Agent: curl/8\r\n"),
                              {}, {.service = "shop"});
  ASSERT_EQ(got.spans.size(), 1U);
  const auto& s = got.spans[0];
  EXPECT_EQ(s.name, "GET /users/{id}");
  EXPECT_EQ(s.kind, observe::span_kind::server);
  EXPECT_EQ(s.status, span_status::unset);
  EXPECT_FALSE(s.parent.valid());
  EXPECT_EQ(s.by->service, "shop");
  EXPECT_EQ(body_of(got.answer), id_of(s) + "||") << "the handler runs under it";
  EXPECT_EQ(said(s, names::http_request_method), "GET");
  EXPECT_EQ(said(s, names::url_scheme), "http");
  EXPECT_EQ(said(s, names::url_path), "/users/7");
  EXPECT_EQ(said(s, names::url_query), "a=1&sig=REDACTED");
  EXPECT_EQ(said(s, names::http_route), "/users/{id}");
  EXPECT_EQ(said(s, names::http_response_status_code), "200");
  EXPECT_EQ(said(s, names::network_protocol_version), "1.1");
  EXPECT_EQ(said(s, names::server_address), "shop");
  EXPECT_EQ(said(s, names::user_agent), "curl/8");
  EXPECT_EQ(said(s, names::client_address), said(s, names::network_peer_address));
  EXPECT_EQ(said(s, names::error_type), "-");
}

TEST(ServerTraces, GoOnWithWhatCame) {
  const auto got = ask_traced(
      echo(), ask("GET", "/users/7", traceparent + "tracestate: a=1\r\nBaggage: tenant=blue\r\n"));
  ASSERT_EQ(got.spans.size(), 1U);
  const auto& s = got.spans[0];
  EXPECT_EQ(observe::to_string(s.id.trace), trace);
  EXPECT_EQ(observe::to_string(s.parent), parent);
  EXPECT_TRUE(s.parent_is_remote);
  EXPECT_EQ(s.tracestate, "a=1");
  EXPECT_EQ(body_of(got.answer), id_of(s) + "|a=1|tenant=blue");
}

// W3C Trace Context, over the wire.
TEST(ServerTraces, FollowTheRulesOfW3c) {
  const std::string id = trace + "-" + parent;
  const std::pair<std::string, bool> cases[] = {
      {"traceparent: 00-" + id + "-01\r\n", true},
      {"TraceParent: 00-" + id + "-01\r\n", true},
      {"traceparent: cc-" + id + "-01\r\n", true},
      {"traceparent: cc-" + id + "-01-what the future brings\r\n", true},
      {"traceparent: ff-" + id + "-01\r\n", false},
      {"traceparent: 00-" + id + "-01-more\r\n", false},
      {"traceparent: 00-" + id + "-1\r\n", false},
      {"traceparent: 00-" + id + "-0X\r\n", false},
      {"traceparent: 00-0AF7651916CD43DD8448EB211C80319C-" + parent + "-01\r\n", false},
      {"traceparent: 00-" + std::string(32, '0') + "-" + parent + "-01\r\n", false},
      {"traceparent: 00-" + trace + "-" + std::string(16, '0') + "-01\r\n", false},
      {"traceparent: " + std::string(5000, '0') + "\r\n", false},
      {"traceparent:\r\n", false},
      {traceparent + traceparent, false},
      {traceparent + "traceparent: \r\n", false},
  };
  for (const auto& [fields, good] : cases) {
    const auto got = ask_traced(echo(), ask("GET", "/users/7", fields + "tracestate: a=1\r\n"));
    ASSERT_EQ(got.spans.size(), 1U) << fields;
    const auto& s = got.spans[0];
    EXPECT_EQ(observe::to_string(s.id.trace) == trace, good) << fields;
    EXPECT_EQ(s.tracestate, good ? "a=1" : "") << fields;
    EXPECT_TRUE(got.answer.starts_with("HTTP/1.1 200 ")) << fields;
  }
}

TEST(ServerTraces, TakeWhatIsTooMuchAsW3cSays) {
  std::string many;
  for (int i = 0; i < 33; ++i) {
    many += "tracestate: k" + std::to_string(i) + "=v\r\n";
  }
  auto got = ask_traced(echo(), ask("GET", "/users/7", traceparent + many));
  EXPECT_EQ(got.spans.at(0).tracestate, "") << "more than 32 entries";
  EXPECT_EQ(observe::to_string(got.spans[0].id.trace), trace);
  many = "tracestate: a=1\r\ntracestate: b=2\r\nbaggage: x=1\r\nbaggage: y=2;p,bad member\r\n";
  got = ask_traced(echo(), ask("GET", "/users/7", traceparent + many));
  EXPECT_EQ(got.spans.at(0).tracestate, "a=1,b=2");
  EXPECT_TRUE(got.answer.ends_with("|a=1,b=2|x=1,y=2;p")) << got.answer;
}

TEST(ServerTraces, DoWhatTheSamplerSays) {
  auto got = ask_traced(echo(), ask("GET", "/users/7"), {}, {.sample = observe::sampler::never()});
  EXPECT_TRUE(got.spans.empty());
  EXPECT_TRUE(body_of(got.answer).ends_with("-02||")) << "it is a trace nonetheless";
  const auto unsampled = "traceparent: 00-" + trace + "-" + parent + "-00\r\n";
  got = ask_traced(echo(), ask("GET", "/users/7", unsampled));
  EXPECT_TRUE(got.spans.empty()) << "the caller decides";
  EXPECT_TRUE(body_of(got.answer).starts_with("00-" + trace)) << got.answer;
  got = ask_traced(echo(), ask("GET", "/users/7", unsampled), {},
                   {.sample = observe::sampler::always()});
  EXPECT_EQ(got.spans.size(), 1U) << "it does not";
}

TEST(ServerTraces, ArePassedOnWhereNothingIsRecorded) {
  const auto options = server_options().passes_traces_on();
  auto got = answer_to(echo(), ask("GET", "/users/7", traceparent + "baggage: a=b\r\n"), options);
  EXPECT_EQ(body_of(got), "00-" + trace + "-" + parent + "-01||a=b") << "as it came";
  got = answer_to(echo(), ask("GET", "/users/7"), options);
  EXPECT_EQ(body_of(got), "||");
}

TEST(ServerTraces, SayHowRequestsEnd) {
  router r;
  r.get("/missing", [](context&) -> result<response> { return response(status::not_found); });
  r.get("/down", [](context&) -> result<response> {
    return fail(errors::unavailable{"store", "it is not there", std::nullopt});
  });
  r.get("/throws", [](context&) -> result<response> { throw std::runtime_error("no luck"); });
  r.post("/small", {.max_body = 10},
         [](context&, const request&) -> result<response> { return response(); });
  const auto text = ask("GET", "/missing") + ask("GET", "/nowhere") + ask("PUT", "/small") +
                    ask("GET", "/down") + ask("GET", "/throws") +
                    ask("POST", "/small", {}, std::string(100, 'x'));
  const auto got = ask_traced(std::move(r), text);
  ASSERT_EQ(got.spans.size(), 6U);
  const std::tuple<const char*, const char*, const char*, span_status> expected[] = {
      {"GET /missing", "404", "-", span_status::unset},
      {"GET", "404", "-", span_status::unset},
      {"PUT", "405", "-", span_status::unset},
      {"GET /down", "503", "503", span_status::error},
      {"GET /throws", "500", "500", span_status::error},
      {"POST /small", "413", "-", span_status::unset},
  };
  for (std::size_t i = 0; i < 6; ++i) {
    const auto& s = got.spans[i];
    const auto& [name, code, type, how] = expected[i];
    EXPECT_EQ(s.name, name);
    EXPECT_EQ(said(s, names::http_response_status_code), code) << name;
    EXPECT_EQ(said(s, names::error_type), type) << name;
    EXPECT_EQ(s.status, how) << name;
    EXPECT_FALSE(s.parent.valid()) << name;
  }
  EXPECT_NE(got.spans[0].id.trace, got.spans[1].id.trace) << "each begins its own";
  EXPECT_NE(got.spans[3].message.find("it is not there"), std::string::npos);
  ASSERT_EQ(got.spans[4].events.size(), 1U);
  EXPECT_EQ(got.spans[4].events[0].name, "exception");
  EXPECT_EQ(std::get<std::string>(got.spans[4].events[0].attributes.at(0).value), "no luck");
}

TEST(ServerTraces, LastAsLongAsTheAnswer) {
  router r;
  r.get("/slow", [](context& cx) -> task<result<response>> {
    auto slept = co_await sleep_for(cx, 2s);
    EXPECT_TRUE(slept);
    auto source = make_body([](context& own, body_writer& out) -> task<result<void>> {
      observe::span inner(own, "source");
      auto waited = co_await sleep_for(own, 3s);
      EXPECT_TRUE(waited);
      co_return co_await out.write(own, "done");
    });
    co_return response().body(std::move(source));
  });
  tracer t;
  with_server(std::move(r), server_options().traces(t),
              [&](context& cx, server&, memory_network& net) -> task<void> {
                auto p = co_await dial(cx, net);
                auto said = co_await p->say(cx, ask("GET", "/slow"));
                EXPECT_TRUE(said);
                auto got = co_await p->read_until(cx, "0\r\n\r\n");
                EXPECT_NE(got.find("done"), std::string::npos);
              });
  const auto spans = t.take();
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0].name, "source");
  EXPECT_EQ(spans[0].parent, spans[1].id.span);
  EXPECT_EQ(spans[0].took, 3s);
  EXPECT_EQ(spans[1].took, 5s);
}

TEST(ServerTraces, TellOfAnswersThatBreakOff) {
  router r;
  r.get("/broken", [](context&) -> result<response> {
    auto source = make_body([](context& own, body_writer& out) -> task<result<void>> {
      auto sent = co_await out.write(own, "some");
      EXPECT_TRUE(sent);
      sent = co_await out.flush(own);
      co_return fail(errors::unavailable{"disk", "it is full", std::nullopt});
    });
    return response().body(std::move(source));
  });
  const auto got = ask_traced(std::move(r), ask("GET", "/broken"));
  ASSERT_EQ(got.spans.size(), 1U);
  EXPECT_EQ(said(got.spans[0], names::http_response_status_code), "200");
  EXPECT_EQ(said(got.spans[0], names::error_type), "unavailable");
  EXPECT_EQ(got.spans[0].status, span_status::error);
}

TEST(ServerTraces, TellOfSourcesThatThrow) {
  router r;
  r.get("/throws", [](context&) -> result<response> {
    auto source = make_body([](context& own, body_writer& out) -> task<result<void>> {
      auto sent = co_await out.write(own, "some");
      EXPECT_TRUE(sent);
      sent = co_await out.flush(own);
      throw std::runtime_error("no luck");
    });
    return response().body(std::move(source));
  });
  const auto got = ask_traced(std::move(r), ask("GET", "/throws"));
  ASSERT_EQ(got.spans.size(), 1U);
  EXPECT_EQ(got.spans[0].status, span_status::error);
  EXPECT_EQ(got.spans[0].events.size(), 1U);
}

TEST(ServerTraces, DoNotBlameClientsThatLeave) {
  tracer t;
  router r;
  r.get("/slow", [](context& cx) -> task<result<std::string>> {
    auto slept = co_await sleep_for(cx, 10s);
    EXPECT_FALSE(slept);
    co_return tl::unexpected<error>(slept.error());
  });
  r.post("/body", [](context&, const request&) -> result<response> { return response(); });
  with_server(std::move(r), server_options().traces(t),
              [&](context& cx, server&, memory_network& net) -> task<void> {
                auto p = co_await dial(cx, net);
                auto said = co_await p->say(cx, ask("GET", "/slow"));
                auto slept = co_await sleep_for(cx, 1s);
                p->close();
                slept = co_await sleep_for(cx, 1s);
                auto q = co_await dial(cx, net);
                said = co_await q->say(
                    cx, "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx");
                EXPECT_TRUE(said);
                slept = co_await sleep_for(cx, 1s);
                EXPECT_TRUE(slept);
                q->close();
              });
  const auto spans = t.take();
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(said(spans[0], names::error_type), "cancelled");
  EXPECT_EQ(said(spans[0], names::http_response_status_code), "-") << "there was none";
  EXPECT_EQ(spans[0].status, span_status::unset);
  EXPECT_EQ(spans[1].name, "POST /body");
  EXPECT_EQ(spans[1].status, span_status::unset);
}

TEST(ServerTraces, AreSeenByMiddlewares) {
  router r;
  r.use([](context& cx, const request&, next inner) -> task<result<response>> {
    observe::set_attribute(cx, "tenant", "blue");
    observe::span s(cx, "layer");
    auto under = s.under(cx);
    auto answer = co_await inner(under);
    co_return answer;
  });
  r.get("/x", [](context& cx) -> result<std::string> { return passed_on(cx); });
  const auto got = ask_traced(std::move(r), ask("GET", "/x"));
  ASSERT_EQ(got.spans.size(), 2U);
  EXPECT_EQ(got.spans[0].name, "layer");
  EXPECT_EQ(got.spans[0].parent, got.spans[1].id.span);
  EXPECT_TRUE(body_of(got.answer).starts_with(id_of(got.spans[0])));
  EXPECT_EQ(said(got.spans[1], "tenant"), "blue");
}

TEST(ServerTraces, EndWithTheChangeOfProtocol) {
  router r;
  r.get("/up", [](context&, const request&) -> result<response> {
    return response().upgrade(
        "echo", [](context&, std::unique_ptr<net::stream>, context&) -> task<void> { co_return; });
  });
  const auto got =
      ask_traced(std::move(r), ask("GET", "/up", "Connection: upgrade\r\nUpgrade: echo\r\n"));
  ASSERT_EQ(got.spans.size(), 1U);
  EXPECT_EQ(said(got.spans[0], names::http_response_status_code), "101");
  EXPECT_EQ(got.spans[0].status, span_status::unset);
}

TEST(ServerTraces, AreInAccessRecords) {
  std::vector<std::string> lines;
  tracer t;
  auto options = server_options().on_access(
      [&](const access_record& a) { lines.push_back(json_log_line(a)); });
  auto got = answer_to(echo(), ask("GET", "/users/1"), options);
  got = answer_to(echo(), ask("GET", "/users/1"), options.traces(t));
  const auto spans = t.take();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].find("trace_id"), std::string::npos) << lines[0];
  EXPECT_TRUE(lines[1].ends_with(",\"trace_id\":\"" + observe::to_string(spans.at(0).id.trace) +
                                 "\",\"span_id\":\"" + observe::to_string(spans[0].id.span) +
                                 "\"}"))
      << lines[1];
}

}  // namespace
}  // namespace fairlead::http
