// SPDX-License-Identifier: BSL-1.0
// What the client makes of answers: values, absent values, and the typed errors of wrong ones.
#include "support/http_world.hpp"
#include "support/shop.hpp"

#include <limits>
#include <map>
#include <optional>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;

// The outcome of `get<T>` for one answer.
template <class T>
result<T> get_answer(const std::string& text, client_options options = {}) {
  std::optional<result<T>> out;
  with_script(once(text), options, [&](context& cx, client& c, memory_network&) -> task<void> {
    auto got = co_await c.get<T>(cx, "/x");
    out.emplace(std::move(got));
  });
  return out ? std::move(*out) : fail(errors::application{"test", "did not run"});
}

TEST(ClientAnswers, DecodesAStruct) {
  const auto u = get_answer<shop::user>(ok_json(R"({"id":1,"name":"Ann"})"));
  ASSERT_TRUE(u) << u.error().message();
  EXPECT_EQ(u->name, "Ann");
}

TEST(ClientAnswers, DoesNotMistakeOkFalseForAnything) {
  const auto f = get_answer<shop::flag>(ok_json(R"({"ok": false})"));
  ASSERT_TRUE(f);
  EXPECT_FALSE(f->ok);
  const auto u = get_answer<shop::user>(ok_json(R"({"ok": false})"));
  ASSERT_FALSE(u);
  EXPECT_EQ(u.error().kind(), error_kind::serialization_error);
  EXPECT_EQ(u.error().stage(), error_stage::body);
  EXPECT_EQ(u.error().sent(), error_sent::answered);
  const auto e = u.error();
  EXPECT_EQ(e.get<errors::serialization_error>()->pointer, "/id");
  EXPECT_EQ(e.get<errors::serialization_error>()->actual, "missing");
}

TEST(ClientAnswers, TakesNullWhereItMayBe) {
  const auto maybe = get_answer<std::optional<shop::user>>(ok_json("null"));
  ASSERT_TRUE(maybe);
  EXPECT_FALSE(*maybe);
  const auto must = get_answer<shop::user>(ok_json("null"));
  ASSERT_FALSE(must);
  EXPECT_EQ(must.error().kind(), error_kind::serialization_error);
  const auto e = must.error();
  EXPECT_EQ(e.get<errors::serialization_error>()->pointer, "");
  EXPECT_EQ(e.get<errors::serialization_error>()->actual, "null");
  EXPECT_TRUE(get_answer<void>(ok_json("null")));
}

TEST(ClientAnswers, TakesAbsentBodies) {
  const std::string none = "HTTP/1.1 204 No Content\r\n\r\n";
  const std::string empty = ok_json("");
  for (const auto& text : {none, empty}) {
    EXPECT_TRUE(get_answer<void>(text));
    const auto maybe = get_answer<std::optional<shop::user>>(text);
    ASSERT_TRUE(maybe);
    EXPECT_FALSE(*maybe);
    const auto must = get_answer<shop::user>(text);
    ASSERT_FALSE(must);
    EXPECT_EQ(must.error().message(),
              "serialization_error: Response validation failed: the body is empty: expected a JSON "
              "document, got nothing [body]");
    EXPECT_EQ(must.error().sent(), error_sent::answered);
    EXPECT_EQ(*get_answer<std::string>(text), "");
  }
}

TEST(ClientAnswers, NamesWrongContent) {
  const auto u = get_answer<shop::user>(
      "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>");
  ASSERT_FALSE(u);
  EXPECT_EQ(u.error().kind(), error_kind::serialization_error);
  EXPECT_EQ(u.error().stage(), error_stage::body);
  const auto e = u.error();
  const auto message = e.get<errors::serialization_error>()->message;
  EXPECT_TRUE(message.starts_with("Response validation failed: invalid JSON at line 1, column 1"))
      << message;
  EXPECT_TRUE(message.ends_with("(the content type is text/html)")) << message;
}

TEST(ClientAnswers, NamesMalformedJson) {
  const auto deep = std::string(100'000, '[');
  for (const auto& body : {std::string("{\"id\":"), std::string("{\"id\":1}}"), deep,
                           std::string("{\"id\":NaN,\"name\":\"\"}")}) {
    const auto u = get_answer<shop::user>(ok_json(body));
    ASSERT_FALSE(u);
    EXPECT_EQ(u.error().kind(), error_kind::serialization_error);
    EXPECT_EQ(u.error().stage(), error_stage::body);
    EXPECT_EQ(u.error().sent(), error_sent::answered);
    EXPECT_FALSE(u.error().is_transient());
  }
}

TEST(ClientAnswers, TurnsStatusesIntoErrors) {
  const auto r = get_answer<shop::user>(
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nX-Why: tired\r\n"
      "Content-Length: 5\r\n\r\nsorry");
  ASSERT_FALSE(r);
  const auto& e = r.error();
  EXPECT_EQ(e.kind(), error_kind::http_error);
  EXPECT_EQ(e.status(), 503u);
  EXPECT_EQ(e.sent(), error_sent::answered);
  EXPECT_EQ(e.retry_after(), 7s);
  EXPECT_EQ(e.header("x-why"), "tired");
  EXPECT_EQ(e.get<errors::http_error>()->body, "sorry");
  EXPECT_EQ(e.get<errors::http_error>()->url, "http://shop/x");
  EXPECT_TRUE(e.is_transient());
  EXPECT_TRUE(e.repeatable());
  EXPECT_EQ(e.message(), "http_error: status 503 from http://shop/x, retry after 7 s, body: sorry");
}

TEST(ClientAnswers, ReadsRetryAfterDates) {
  // The world begins at 2026-01-01T00:00:00Z, a Thursday.
  const auto r = get_answer<void>(
      "HTTP/1.1 429 Too Many\r\nRetry-After: Thu, 01 Jan 2026 00:01:30 GMT\r\n"
      "Content-Length: 0\r\n\r\n");
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().retry_after(), 90s);
  const auto bad =
      get_answer<void>("HTTP/1.1 429 Too Many\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n");
  EXPECT_FALSE(bad.error().retry_after());
}

TEST(ClientAnswers, OnlyTwoHundredsAreSuccesses) {
  for (const int status : {300, 301, 304, 400, 404, 500, 599, 999}) {
    const auto r =
        get_answer<void>("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: 0\r\n\r\n");
    ASSERT_FALSE(r) << status;
    EXPECT_EQ(r.error().status(), static_cast<unsigned>(status));
  }
  for (const int status : {200, 201, 202, 226, 299}) {
    EXPECT_TRUE(
        get_answer<void>("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: 0\r\n\r\n"));
  }
}

TEST(ClientAnswers, CutsTheBodyOfAnError) {
  const auto r = get_answer<void>("HTTP/1.1 500 Oops\r\nContent-Length: 10\r\n\r\n0123456789",
                                  client_options().max_error_body(4).max_body(5));
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().status(), 500u);
  const auto e = r.error();
  EXPECT_EQ(e.get<errors::http_error>()->body, "0123");
}

TEST(ClientAnswers, AnErrorBodyWithoutEndDoesNotHideTheError) {
  for (const std::string framing : {"Transfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n",
                                    "Content-Length: 900000\r\n\r\n01234567", "\r\n01234567"}) {
    with_script(
        [&](context& cx, peer& p, int) -> task<void> {
          auto head = co_await p.read_until(cx, "\r\n\r\n");
          auto said = co_await p.say(cx, "HTTP/1.1 500 Oops\r\n" + framing);
          EXPECT_TRUE(said);
          auto rest = co_await p.read_all(cx);
        },
        client_options().max_error_body(4),
        [](context& cx, client& c, memory_network&) -> task<void> {
          const auto start = cx.now();
          auto r = co_await c.get<void>(cx, "/x");
          EXPECT_FALSE(r);
          EXPECT_EQ(r.error().status(), 500u) << r.error().message();
          EXPECT_EQ(r.error().get<errors::http_error>()->body, "0123");
          EXPECT_EQ(cx.now(), start);
          EXPECT_EQ(c.stats().connections, 0u) << "its connection is of no further use";
        });
  }
}

TEST(ClientAnswers, RawRequestsGetEveryStatus) {
  with_script(once("HTTP/1.1 404 Nope\r\nX-A: b\r\nContent-Length: 4\r\n\r\nbody"), {},
              [](context& cx, client& c, memory_network&) -> task<void> {
                auto r = co_await c.request(cx, request(method::get, "/x"));
                EXPECT_TRUE(r) << r.error().message();
                if (r) {
                  EXPECT_EQ(r->status(), status::not_found);
                  EXPECT_EQ(r->headers().get("x-a"), "b");
                  EXPECT_EQ(r->body(), "body");
                }
              });
}

TEST(ClientAnswers, SkipsInterimResponses) {
  const auto u = get_answer<shop::user>(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
      ok_json(R"({"id":1,"name":"Ann"})"));
  ASSERT_TRUE(u) << u.error().message();
  EXPECT_EQ(u->id, 1);
}

TEST(ClientAnswers, EndsAFloodOfInterimResponses) {
  std::string flood;
  for (int i = 0; i < 100; ++i) {
    flood += "HTTP/1.1 100 Continue\r\n\r\n";
  }
  const auto r = get_answer<void>(flood);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().message(),
            "protocol_error: http://shop/x: too many interim responses [head]");
}

TEST(ClientAnswers, RefusesAnUnaskedUpgrade) {
  const auto r = get_answer<void>("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n");
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().message(),
            "protocol_error: http://shop/x: the server switched protocols unasked [head]");
}

TEST(ClientAnswers, ReadsEveryFraming) {
  const std::string body = R"({"id":1,"name":"Ann"})";
  const std::vector<std::string> framings = {
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n15\r\n" + body + "\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\n\r\n" + body,
      "HTTP/1.0 200 OK\r\n\r\n" + body,
      "HTTP/1.0 200 OK\r\nContent-Length: 21\r\n\r\n" + body,
  };
  for (const auto& text : framings) {
    const auto u = get_answer<shop::user>(text);
    ASSERT_TRUE(u) << text << u.error().message();
    EXPECT_EQ(u->name, "Ann");
  }
}

TEST(ClientAnswers, RefusesWhatIsNotHttp) {
  const auto r = get_answer<void>("SSH-2.0-OpenSSH_9.2\r\n\r\n");
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().message(),
            "protocol_error: http://shop/x: this is not HTTP/1.1 or HTTP/1.0 [head]");
  EXPECT_EQ(r.error().sent(), error_sent::answered);
  EXPECT_FALSE(r.error().is_transient());
}

TEST(ClientAnswers, NoticesTlsWherePlainHttpWasAskedFor) {
  const auto r = get_answer<void>(std::string("\x15\x03\x03\x00\x02\x02\x46", 7));
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().message(),
            "protocol_error: http://shop/x: the peer answered in TLS: the URL wants https: [head]");
}

TEST(ClientAnswers, RefusesConflictingFraming) {
  const auto r = get_answer<void>(
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().message(),
            "protocol_error: http://shop/x: Content-Length and Transfer-Encoding together [head]");
}

TEST(ClientAnswers, LimitsTheHead) {
  const auto big = get_answer<void>("HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'a') + "\r\n");
  ASSERT_FALSE(big);
  EXPECT_EQ(big.error().message(), "too_large: response head exceeds 16384 [head]");
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 101; ++i) {
    many += "A: b\r\n";
  }
  const auto fields = get_answer<void>(many + "\r\n");
  ASSERT_FALSE(fields);
  EXPECT_EQ(fields.error().message(),
            "too_large: number of response header fields exceeds 100 [head]");
}

TEST(ClientAnswers, LimitsTheBody) {
  const auto limit = client_options().max_body(10);
  const auto announced =
      get_answer<std::string>("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", limit);
  ASSERT_FALSE(announced);
  EXPECT_EQ(announced.error().message(), "too_large: response body exceeds 10 (it has 11) [body]");
  EXPECT_EQ(announced.error().sent(), error_sent::answered);
  const auto chunks = get_answer<std::string>(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n", limit);
  ASSERT_FALSE(chunks);
  EXPECT_EQ(chunks.error().message(), "too_large: response body exceeds 10 [body]");
  const auto endless =
      get_answer<std::string>("HTTP/1.1 200 OK\r\n\r\n" + std::string(1000, 'x'), limit);
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().message(), "too_large: response body exceeds 10 [body]");
  EXPECT_EQ(
      *get_answer<std::string>("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789", limit),
      "0123456789");
}

TEST(ClientAnswers, AHeadRequestHasNoBody) {
  with_script(always("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"), {},
              [](context& cx, client& c, memory_network& net) -> task<void> {
                for (int i = 0; i < 2; ++i) {
                  auto r = co_await c.request(cx, request(method::head, "/x"));
                  EXPECT_TRUE(r) << r.error().message();
                  if (r) {
                    EXPECT_EQ(r->headers().get("Content-Length"), "1000");
                    EXPECT_EQ(r->body(), "");
                  }
                }
                EXPECT_EQ(net.connects, 1);
              });
}

TEST(ClientAnswers, KeepsTrailers) {
  with_script(
      once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 9\r\n\r\n"),
      {}, [](context& cx, client& c, memory_network&) -> task<void> {
        auto r = co_await c.get(cx, "/x");
        EXPECT_TRUE(r);
        if (r) {
          EXPECT_EQ(r->body(), "a");
          EXPECT_EQ(r->trailers().get("x-sum"), "9");
          const response copy = *r;
          r->clear();
          EXPECT_TRUE(r->trailers().empty());
          EXPECT_EQ(copy.trailers().get("x-sum"), "9");
        }
      });
}

}  // namespace
}  // namespace fairlead::http
