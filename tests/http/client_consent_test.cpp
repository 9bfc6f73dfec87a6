// SPDX-License-Identifier: BSL-1.0
// Asking the server before a body is sent (Expect: 100-continue).
#include "support/http_world.hpp"
#include "support/pieces_source.hpp"

#include <optional>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

const std::string no_content = "HTTP/1.1 204 No Content\r\n\r\n";
const std::string too_large = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno";

http::request put(std::shared_ptr<body_source> body) {
  return http::request(method::put, "/x").body(std::move(body));
}

std::string body_of(const std::string& seen) {
  return seen.substr(seen.find("\r\n\r\n") + 4);
}

struct consent_run {
  std::string seen;
  duration took{};
  std::optional<unsigned> status;
  client_stats after;
};

// `answers` come one after the other: after the head, and after the body once that has come.
consent_run ask(http::request r, client_options options, std::string after_head) {
  consent_run out;
  const auto server = [&](context& cx, peer& p, int) -> task<void> {
    auto head = co_await p.read_until(cx, "\r\n\r\n");
    out.seen += head;
    auto said = co_await p.say(cx, after_head);
    EXPECT_TRUE(said);
    auto body = co_await p.read_until(cx, "abc");
    out.seen += body;
    if (!p.ended) {
      said = co_await p.say(cx, no_content);
      auto rest = co_await p.read_all(cx);
    }
  };
  with_script(server, options, [&](context& cx, client& c, memory_network&) -> task<void> {
    const auto start = cx.now();
    auto answer = co_await c.request(cx, r);
    if (answer) {
      out.status = to_int(answer->status());
    }
    out.took = cx.now() - start;
    out.after = c.stats();
  });
  return out;
}

TEST(ClientConsent, TheBodyFollowsThe100) {
  const auto options = client_options().expect_continue(3);
  for (const auto& r :
       {put(sized_pieces_of("abc")), http::request(method::put, "/x").body("abc")}) {
    const auto o = ask(r, options, "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(o.status, 204u);
    EXPECT_NE(o.seen.find("Expect: 100-continue\r\n"), std::string::npos) << o.seen;
    EXPECT_EQ(body_of(o.seen), "abc");
    EXPECT_EQ(o.took, 0s);
    EXPECT_EQ(o.after.idle, 1u);
  }
}

TEST(ClientConsent, OtherInterimAnswersAreNone) {
  const auto o = ask(put(sized_pieces_of("abc")), client_options().expect_continue(1),
                     "HTTP/1.1 103 Early Hints\r\n\r\n");
  EXPECT_EQ(o.status, 204u);
  EXPECT_EQ(o.took, 1s) << "as without an answer";
}

TEST(ClientConsent, WithoutAnAnswerTheBodyIsSentAfterAWhile) {
  auto o = ask(put(sized_pieces_of("abc")), client_options().expect_continue(1), "");
  EXPECT_EQ(o.status, 204u);
  EXPECT_EQ(o.took, 1s);
  o = ask(put(sized_pieces_of("abc")), client_options().expect_continue(1, 300ms), "");
  EXPECT_EQ(o.took, 300ms);
  o = ask(put(sized_pieces_of("abc")), client_options().expect_continue(1, 1min).timeout(2s), "");
  EXPECT_FALSE(o.status) << "the wait is within the limit of the call";
  EXPECT_EQ(o.took, 2s);
}

TEST(ClientConsent, AnAnswerInsteadOfItMeansNoBody) {
  const std::vector<std::pair<std::string, unsigned>> answers = {
      {too_large, 413u},
      {"HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n", 417u},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200u},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200u}};
  for (const auto& [text, status] : answers) {
    auto source = sized_pieces_of("abc");
    const auto o = ask(put(source), client_options().expect_continue(1), text);
    EXPECT_EQ(o.status, status);
    EXPECT_EQ(source->runs, 0);
    EXPECT_EQ(body_of(o.seen), "");
    EXPECT_EQ(o.after.connections, 0u) << "the server may still wait for the body on it";
  }
}

TEST(ClientConsent, IsAskedForFromTheThresholdOn) {
  const auto from_four = client_options().expect_continue(4);
  EXPECT_EQ(ask(put(sized_pieces_of("abc")), from_four, "").took, 0s);
  EXPECT_EQ(ask(put(sized_pieces_of("abcd")), from_four, "").took, 1s);
  EXPECT_EQ(ask(put(pieces_of("abc")), from_four, "").took, 1s) << "unknown size";
  EXPECT_EQ(ask(put(sized_pieces_of("abc")), {}, "").took, 0s) << "not by itself";
  auto own = put(sized_pieces_of("abc"));
  own.header("Expect", "100-continue");
  const auto o = ask(own, {}, "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(o.status, 204u);
  EXPECT_EQ(o.seen.find("Expect"), o.seen.rfind("Expect")) << "once";
}

TEST(ClientConsent, AStreamGetsTheAnswerToo) {
  const auto refuse = [](context& cx, peer& p, int) -> task<void> {
    auto head = co_await p.read_until(cx, "\r\n\r\n");
    auto said = co_await p.say(cx, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_TRUE(said);
    auto rest = co_await p.read_all(cx);
    EXPECT_EQ(rest, "");
  };
  with_script(refuse, client_options().expect_continue(1),
              [](context& cx, client& c, memory_network&) -> task<void> {
                auto r = co_await c.stream(cx, put(sized_pieces_of("abc")));
                EXPECT_TRUE(r);
                auto text = co_await read_all(cx, r->body(), 10);
                EXPECT_EQ(*text, "hello");
                EXPECT_EQ(c.stats().connections, 0u);
              });
}

TEST(ClientConsent, TheServerOfOursGivesIt) {
  router routes;
  routes.put("/x", [](context&, const request& q) -> task<result<response>> {
    co_return response().body("got " + std::to_string(q.body().size()));
  });
  with_server(std::move(routes), {}, [](context& cx, server&, memory_network& net) -> task<void> {
    client c(cx.env(),
             client_options("http://shop").network(net).expect_continue(1).max_body(1 << 20));
    const auto start = cx.now();
    auto source = pieces(std::vector<std::string>(100, std::string(1000, 'x')));
    auto r = co_await c.request(cx, put(source));
    EXPECT_TRUE(r);
    EXPECT_EQ(r->status(), status::ok) << r->body();
    EXPECT_NE(r->body().find("got 100000"), std::string::npos) << r->body();
    EXPECT_LT(cx.now() - start, 1s);
  });
}

}  // namespace
}  // namespace fairlead::http
