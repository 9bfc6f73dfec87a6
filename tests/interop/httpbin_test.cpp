// SPDX-License-Identifier: BSL-1.0
// Our client against httpbin.
#include <fairlead/http/client.hpp>

#include <gtest/gtest.h>

#include "foreign_server.hpp"

#include <string>
#include <vector>

namespace fairlead {
namespace {

using namespace std::chrono_literals;
using http::method;
using testing::foreign_server;
using testing::has;
using testing::value_of;
using testing::with_client;

// One server for all tests: it takes a second to start.
class Httpbin : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (testing::python_has("httpbin")) {
      server = std::make_unique<foreign_server>(std::vector<std::string>{
          testing::debian_python(), testing::script("python/httpbin_origin.py")});
    }
  }
  static void TearDownTestSuite() { server.reset(); }

  void SetUp() override {
    if (!server) {
      GTEST_SKIP() << "python3-httpbin is not installed: nothing was tested (scripts/setup --ci)";
    }
    options = http::client_options(server->url()).timeout(15s);
  }

  template <class F>
  void run(F f) {
    with_client(options, std::move(f));
  }

  static std::unique_ptr<foreign_server> server;
  http::client_options options;
};

std::unique_ptr<foreign_server> Httpbin::server;

// The answer to a request without a body, whatever its status.
task<http::response> ask(context& cx, http::client& c, method m, std::string target) {
  auto got = co_await c.request(cx, http::request(m, std::move(target)));
  co_return value_of(std::move(got));
}

TEST_F(Httpbin, SeesOurMethodsAndBodies) {
  run([](context& cx, http::client& c) -> task<void> {
    auto got = co_await ask(cx, c, method::get, "/get?a=1&b=two%20words");
    EXPECT_TRUE(has(got.body(), "\"b\":\"two words\"")) << got.body();
    EXPECT_TRUE(has(got.body(), "\"User-Agent\":\"fairlead/0.1\""));
    for (const auto& [m, path] :
         {std::pair(method::post, "/post"), std::pair(method::put, "/put"),
          std::pair(method::patch, "/patch"), std::pair(method::del, "/delete")}) {
      http::request r(m, path);
      r.body("{\"n\":[1, 2]}").header("Content-Type", "application/json");
      auto sent = co_await c.request(cx, std::move(r));
      const auto answer = value_of(std::move(sent));
      EXPECT_EQ(answer.status(), http::status::ok) << path;
      EXPECT_TRUE(has(answer.body(), "\"n\":[")) << path;
    }
  });
}

TEST_F(Httpbin, GivesEveryStatus) {
  run([](context& cx, http::client& c) -> task<void> {
    for (const int status : {200, 201, 202, 204, 206, 304, 400, 404, 418, 429, 500, 503}) {
      auto got = co_await ask(cx, c, method::get, "/status/" + std::to_string(status));
      EXPECT_EQ(to_int(got.status()), static_cast<unsigned>(status));
    }
    auto head = co_await ask(cx, c, method::head, "/bytes/1000");
    EXPECT_EQ(head.headers().get("Content-Length"), "1000");
    EXPECT_EQ(head.body(), "");
    auto allowed = co_await ask(cx, c, method::options, "/get");
    EXPECT_TRUE(has(allowed.headers().get("Allow").value_or(""), "GET"));
    auto typed = co_await c.get<std::string>(cx, "/status/418");
    EXPECT_FALSE(typed);
    EXPECT_EQ(typed.error().kind(), error_kind::http_error);
    EXPECT_EQ(typed.error().status(), 418U);
  });
}

TEST_F(Httpbin, IsDecoded) {
  run([](context& cx, http::client& c) -> task<void> {
    std::vector<std::string> codings = {"gzip", "deflate"};
#ifdef FAIRLEAD_BROTLI
    codings.emplace_back("brotli");
#endif
    for (const auto& coding : codings) {
      auto got = co_await ask(cx, c, method::get, "/" + coding);
      EXPECT_TRUE(has(got.body(), "\"method\":\"GET\"")) << coding;
      EXPECT_FALSE(got.headers().get("Content-Encoding"));
    }
    http::request plain(method::get, "/gzip");
    plain.header("Accept-Encoding", "gzip");
    auto raw = co_await c.request(cx, std::move(plain));
    EXPECT_TRUE(value_of(std::move(raw)).body().starts_with("\x1f\x8b"));
  });
}

TEST_F(Httpbin, StreamsInChunks) {
  run([](context& cx, http::client& c) -> task<void> {
    auto lines = co_await ask(cx, c, method::get, "/stream/20");
    EXPECT_EQ(lines.headers().get("Transfer-Encoding"), "chunked");
    EXPECT_EQ(std::count(lines.body().begin(), lines.body().end(), '\n'), 20);
    auto bytes = co_await ask(cx, c, method::get, "/stream-bytes/50000?chunk_size=777");
    EXPECT_EQ(bytes.body().size(), 50'000U);
    auto whole = co_await ask(cx, c, method::get, "/bytes/70000");
    EXPECT_EQ(whole.body().size(), 70'000U);
    auto dripped = co_await testing::pieces_of(cx, c, "/drip?duration=0.4&numbytes=4&delay=0");
    EXPECT_EQ(dripped.all, "****");
    EXPECT_GT(dripped.count, 1);
  });
}

TEST_F(Httpbin, GivesRanges) {
  run([](context& cx, http::client& c) -> task<void> {
    http::request r(method::get, "/range/1024");
    r.header("Range", "bytes=10-19");
    auto got = co_await c.request(cx, std::move(r));
    const auto part = value_of(std::move(got));
    EXPECT_EQ(part.status(), http::status::partial_content);
    EXPECT_EQ(part.body(), "klmnopqrst");
    EXPECT_EQ(part.headers().get("Content-Range"), "bytes 10-19/1024");
    auto etag = co_await ask(cx, c, method::get, "/etag/x");
    EXPECT_EQ(etag.status(), http::status::ok);
    http::request again(method::get, "/etag/x");
    again.header("If-None-Match", "\"x\"");
    auto same = co_await c.request(cx, std::move(again));
    EXPECT_EQ(value_of(std::move(same)).status(), http::status::not_modified);
  });
}

TEST_F(Httpbin, RedirectsAndWeFollow) {
  options.redirects(5);
  run([](context& cx, http::client& c) -> task<void> {
    for (const std::string path : {"/redirect/5", "/relative-redirect/3", "/absolute-redirect/3",
                                   "/redirect-to?url=%2Fget&status_code=307"}) {
      auto got = co_await ask(cx, c, method::get, path);
      EXPECT_EQ(got.status(), http::status::ok) << path;
      EXPECT_TRUE(std::string_view(got.redirected_to()).ends_with("/get")) << path;
    }
    auto much = co_await c.request(cx, http::request(method::get, "/redirect/6"));
    EXPECT_FALSE(much);
    EXPECT_EQ(much.error().kind(), error_kind::protocol_error) << testing::message_of(much);
    http::request kept(method::post, "/redirect-to?url=%2Fpost&status_code=307");
    kept.body("twice");
    auto posted = co_await c.request(cx, std::move(kept));
    EXPECT_TRUE(has(value_of(std::move(posted)).body(), "\"data\":\"twice\""));
    http::request dropped(method::post, "/redirect-to?url=%2Fget&status_code=303");
    dropped.body("once");
    auto gotten = co_await c.request(cx, std::move(dropped));
    EXPECT_EQ(value_of(std::move(gotten)).status(), http::status::ok);
  });
}

TEST_F(Httpbin, SetsCookies) {
  const auto jar = std::make_shared<http::cookie_jar>();
  options.redirects(3).cookies(jar);
  run([](context& cx, http::client& c) -> task<void> {
    auto set = co_await ask(cx, c, method::get, "/cookies/set?a=1&b=two");
    EXPECT_TRUE(has(set.body(), "\"a\":\"1\""));
    auto removed = co_await ask(cx, c, method::get, "/cookies/delete?a");
    EXPECT_FALSE(has(removed.body(), "\"a\""));
    EXPECT_TRUE(has(removed.body(), "\"b\":\"two\""));
  });
  EXPECT_EQ(jar->size(), 1U);
}

TEST_F(Httpbin, AsksForPasswords) {
  run([](context& cx, http::client& c) -> task<void> {
    auto without = co_await ask(cx, c, method::get, "/basic-auth/ann/secret");
    EXPECT_EQ(without.status(), http::status::unauthorized);
    EXPECT_TRUE(has(without.headers().get("WWW-Authenticate").value_or(""), "Basic"));
    http::request basic(method::get, "/basic-auth/ann/secret");
    basic.header("Authorization", "Basic YW5uOnNlY3JldA==");
    auto with = co_await c.request(cx, std::move(basic));
    EXPECT_EQ(value_of(std::move(with)).status(), http::status::ok);
    http::request bearer(method::get, "/bearer");
    bearer.header("Authorization", "Bearer t0ken");
    auto known = co_await c.request(cx, std::move(bearer));
    EXPECT_TRUE(has(value_of(std::move(known)).body(), "\"token\":\"t0ken\""));
  });
}

TEST_F(Httpbin, IsSlow) {
  run([](context& cx, http::client& c) -> task<void> {
    auto limited = cx.with_timeout(200ms);
    auto slow = co_await c.request(limited, http::request(method::get, "/delay/1"));
    EXPECT_FALSE(slow);
    EXPECT_EQ(slow.error().kind(), error_kind::deadline) << testing::message_of(slow);
    auto waited = co_await ask(cx, c, method::get, "/delay/1");
    EXPECT_EQ(waited.status(), http::status::ok);
    auto links = co_await ask(cx, c, method::get, "/links/3/0");
    EXPECT_TRUE(has(links.body(), "/links/3/1"));
  });
}

// Werkzeug reads chunked bodies, and answers before the body has come where nobody reads it.
TEST_F(Httpbin, TakesBodiesInPieces) {
  run([](context& cx, http::client& c) -> task<void> {
    const auto source =
        http::make_body([](context& own, http::body_writer& out) -> task<result<void>> {
          for (int i = 0; i < 100; ++i) {
            auto sent = co_await out.write(own, "0123456789");
            if (!sent) {
              co_return sent;
            }
          }
          co_return result<void>();
        });
    http::request r(method::post, "/post");
    r.body(source);
    auto got = co_await c.request(cx, std::move(r));
    const auto answer = value_of(std::move(got));
    EXPECT_EQ(answer.status(), http::status::ok);
    EXPECT_TRUE(has(answer.body(), "0123456789012345678901234567890123456789"));
    http::request expecting(method::post, "/post");
    expecting.body(std::string(100'000, 'x')).header("Expect", "100-continue");
    auto asked = co_await c.request(cx, std::move(expecting));
    EXPECT_EQ(value_of(std::move(asked)).status(), http::status::ok);
  });
}

}  // namespace
}  // namespace fairlead
