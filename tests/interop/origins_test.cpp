// SPDX-License-Identifier: BSL-1.0
// Our client against the servers of languages: Python's http.server, Go's net/http, Node's http.
#include <fairlead/core/sleep.hpp>
#include <fairlead/http/client.hpp>
#include <fairlead/http/download.hpp>
#include <fairlead/http/event_source.hpp>

#include <gtest/gtest.h>

#include "foreign_server.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace fairlead {
namespace {

using namespace std::chrono_literals;
using http::method;
using testing::find_program;
using testing::foreign_server;
using testing::has;
using testing::value_of;
using testing::with_client;

task<http::response> ask(context& cx, http::client& c, method m, std::string target) {
  auto got = co_await c.request(cx, http::request(m, std::move(target)));
  co_return value_of(std::move(got));
}

class PythonsHttpServer : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (testing::debian_python().empty()) {
      GTEST_SKIP() << "python3 is not installed: nothing was tested";
    }
    std::ofstream(dir.file("hello.txt")) << "hello from python";
    std::ofstream(dir.file("large"), std::ios::binary) << std::string(3'000'000, 'x');
    std::filesystem::create_directory(dir.file("below"));
    server.emplace(std::vector<std::string>{
        testing::debian_python(), testing::script("python/origin.py"), GetParam(), dir.file("")});
  }

  testing::scratch_dir dir;
  std::optional<foreign_server> server;
};

TEST_P(PythonsHttpServer, GivesFilesAndListings) {
  const auto options = http::client_options(server->url()).redirects(1);
  with_client(options, [&](context& cx, http::client& c) -> task<void> {
    auto file = co_await ask(cx, c, method::get, "/hello.txt");
    EXPECT_EQ(file.body(), "hello from python");
    EXPECT_EQ(file.minor_version(), GetParam() == "1.0" ? 0 : 1);
    auto head = co_await ask(cx, c, method::head, "/large");
    EXPECT_EQ(head.headers().get("Content-Length"), "3000000");
    auto large = co_await ask(cx, c, method::get, "/large");
    EXPECT_EQ(large.body().size(), 3'000'000U);
    auto listing = co_await ask(cx, c, method::get, "/");
    EXPECT_TRUE(has(listing.body(), "<a href=\"hello.txt\">"));
    auto below = co_await ask(cx, c, method::get, "/below");  // redirects to /below/
    EXPECT_TRUE(std::string_view(below.redirected_to()).ends_with("/below/"));
    auto missing = co_await ask(cx, c, method::get, "/missing");
    EXPECT_EQ(missing.status(), http::status::not_found);
  });
}

// It knows no ranges, and answers with the whole; nor gzip.
TEST_P(PythonsHttpServer, IgnoresWhatItDoesNotKnow) {
  with_client(http::client_options(server->url()), [](context& cx, http::client& c) -> task<void> {
    http::request r(method::get, "/hello.txt");
    r.header("Range", "bytes=0-4");
    auto got = co_await c.request(cx, std::move(r));
    const auto whole = value_of(std::move(got));
    EXPECT_EQ(whole.status(), http::status::ok);
    EXPECT_EQ(whole.body(), "hello from python");
    const auto changed = whole.headers().get("Last-Modified");
    EXPECT_TRUE(changed);
    http::request again(method::get, "/hello.txt");
    again.header("If-Modified-Since", changed.value_or(""));
    auto same = co_await c.request(cx, std::move(again));
    EXPECT_EQ(value_of(std::move(same)).status(), http::status::not_modified);
  });
}

TEST_P(PythonsHttpServer, BeginsDownloadsAnewWithoutRanges) {
  with_client(http::client_options(server->url()), [&](context& cx, http::client& c) -> task<void> {
    const auto target = dir.file("target");
    const std::string path = "/large";
    const auto announced = co_await testing::break_off(cx, c, path, target, 1'000'000);
    EXPECT_EQ(announced, 3'000'000U);
    auto whole = co_await http::download(cx, c, path, target);
    EXPECT_TRUE(whole) << testing::message_of(whole);
    if (whole) {
      EXPECT_EQ(whole->continued_at, 0U);
    }
    EXPECT_EQ(std::filesystem::file_size(target), 3'000'000U);
  });
}

TEST_P(PythonsHttpServer, EchoesBodiesThatEndWithTheConnection) {
  with_client(http::client_options(server->url()), [](context& cx, http::client& c) -> task<void> {
    for (const std::size_t size : {0U, 1U, 100'000U}) {
      const std::string body(size, 'y');
      auto got = co_await c.post<std::string>(cx, "/", body);
      EXPECT_EQ(got, body) << size;
    }
    // Without a length it wants none of it, and says so before the body has gone out.
    const auto endless =
        http::make_body([](context& own, http::body_writer& out) -> task<result<void>> {
          const std::string piece(10'000, 'z');
          for (int i = 0; i < 1000; ++i) {
            auto sent = co_await out.write(own, piece);
            if (!sent) {
              co_return sent;
            }
          }
          co_return result<void>();
        });
    http::request r(method::post, "/");
    r.body(endless);
    auto refused = co_await c.request(cx, std::move(r));
    if (refused) {  // what it has sent may be lost to a reset, for it does not read on
      EXPECT_EQ(refused->status(), http::status::length_required);
    } else {
      EXPECT_TRUE(refused.error().kind() == error_kind::connection_reset ||
                  refused.error().kind() == error_kind::connection_closed)
          << testing::message_of(refused);
    }
    auto after = co_await ask(cx, c, method::get, "/hello.txt");
    EXPECT_EQ(after.body(), "hello from python");
  });
}

INSTANTIATE_TEST_SUITE_P(Speaking, PythonsHttpServer, ::testing::Values("1.0", "1.1"),
                         [](const auto& of) { return of.param == "1.0" ? "Http10" : "Http11"; });

// What Go's and Node's servers have in common; both close idle connections after 500 ms, Node's
// newer versions a second later than they announce.
class Origins : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "Go") {
      const std::string program = FAIRLEAD_GO_SERVER;
      if (program.empty()) {
        GTEST_SKIP() << "golang-go is not installed: nothing was tested (scripts/setup --ci)";
      }
      server.emplace(std::vector<std::string>{program});
    } else {
      if (find_program("node").empty()) {
        GTEST_SKIP() << "nodejs is not installed: nothing was tested (scripts/setup --ci)";
      }
      server.emplace(
          std::vector<std::string>{find_program("node"), testing::script("node/server.js")});
    }
  }

  std::optional<foreign_server> server;
};

TEST_P(Origins, KeepOurConnections) {
  with_client(http::client_options(server->url()), [&](context& cx, http::client& c) -> task<void> {
    for (int i = 0; i < 100; ++i) {
      auto got = co_await ask(cx, c, method::get, "/hello");
      EXPECT_TRUE(got.body().starts_with("hello from "));
    }
    auto before = co_await ask(cx, c, method::get, "/accepted");
    EXPECT_LT(std::stoi(before.body()), 10);  // one, but for pauses of a busy machine
    // It closes the connection; the next call takes another one.
    const auto long_enough = GetParam() == "Go" ? 1s : 2s;
    auto slept = co_await sleep_for(cx, long_enough);
    EXPECT_TRUE(slept);
    auto posted = co_await c.post<std::string>(cx, "/echo", std::string("not lost"));
    EXPECT_EQ(posted, "not lost") << testing::message_of(posted);
    auto after = co_await ask(cx, c, method::get, "/accepted");
    EXPECT_GT(std::stoi(after.body()), std::stoi(before.body()));
  });
}

TEST_P(Origins, ExchangeChunksAndTrailers) {
  with_client(http::client_options(server->url()), [](context& cx, http::client& c) -> task<void> {
    const auto source =
        http::make_body([](context& own, http::body_writer& out) -> task<result<void>> {
          const std::string piece(1000, 'p');
          for (int i = 0; i < 1000; ++i) {
            auto sent = co_await out.write(own, piece);
            if (!sent) {
              co_return sent;
            }
          }
          out.trailer("X-Sum", "42");
          co_return result<void>();
        });
    http::request r(method::post, "/echo");
    r.header("Trailer", "X-Sum").body(source);
    auto got = co_await c.request(cx, std::move(r));
    const auto answer = value_of(std::move(got));
    EXPECT_EQ(answer.body().size(), 1'000'000U);
    EXPECT_EQ(answer.headers().get("Transfer-Encoding"), "chunked");
    EXPECT_EQ(answer.trailers().get("X-Theirs"), "42");
  });
}

TEST_P(Origins, ContinueWhenAsked) {
  const auto options = http::client_options(server->url()).expect_continue(1000, 10s);
  with_client(options, [](context& cx, http::client& c) -> task<void> {
    const auto started = cx.now();
    auto posted = co_await c.post<std::string>(cx, "/echo", std::string(200'000, 'x'));
    EXPECT_EQ(posted, std::string(200'000, 'x')) << testing::message_of(posted);
    EXPECT_LT(cx.now() - started, 5s);  // not after the wait was over
  });
}

INSTANTIATE_TEST_SUITE_P(Of, Origins, ::testing::Values("Go", "Node"),
                         [](const auto& of) { return of.param; });

class GosServer : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string program = FAIRLEAD_GO_SERVER;
    if (program.empty()) {
      GTEST_SKIP() << "golang-go is not installed: nothing was tested (scripts/setup --ci)";
    }
    server.emplace(std::vector<std::string>{program});
  }
  std::optional<foreign_server> server;
};

TEST_F(GosServer, FlushesPieces) {
  with_client(http::client_options(server->url()), [](context& cx, http::client& c) -> task<void> {
    auto dripped = co_await testing::pieces_of(cx, c, "/drip");
    EXPECT_EQ(dripped.all, "piece 0\npiece 1\npiece 2\npiece 3\npiece 4\n");
    EXPECT_GT(dripped.count, 1);
    auto large = co_await ask(cx, c, method::get, "/large");
    EXPECT_EQ(large.body(), std::string(10'000'000, 'a'));
  });
}

TEST_F(GosServer, RefusesBeforeTheBodyIsSent) {
  const auto options = http::client_options(server->url()).expect_continue(1000, 10s);
  with_client(options, [](context& cx, http::client& c) -> task<void> {
    http::request r(method::post, "/refuse");
    r.body(std::string(1'000'000, 'x'));
    auto refused = co_await c.request(cx, std::move(r));
    EXPECT_EQ(value_of(std::move(refused)).status(), http::status::forbidden);
  });
}

TEST_F(GosServer, BreaksOff) {
  with_client(http::client_options(server->url()), [](context& cx, http::client& c) -> task<void> {
    auto got = co_await c.request(cx, http::request(method::get, "/abort"));
    EXPECT_FALSE(got);  // not 10 000 bytes that pass for the whole
    EXPECT_TRUE(got.error().kind() == error_kind::connection_closed ||
                got.error().kind() == error_kind::connection_reset)
        << testing::message_of(got);
    EXPECT_EQ(got.error().stage(), error_stage::body);
  });
}

TEST(NodesServer, SendsEventsAndIsTakenUpAgain) {
  if (find_program("node").empty()) {
    GTEST_SKIP() << "nodejs is not installed: nothing was tested (scripts/setup --ci)";
  }
  const foreign_server server(
      std::vector<std::string>{find_program("node"), testing::script("node/server.js")});
  with_client(http::client_options(server.url()), [](context& cx, http::client& c) -> task<void> {
    http::event_source events(c, "/events");
    std::string ids;
    for (;;) {
      auto got = co_await events.read(cx);
      EXPECT_TRUE(got) << testing::message_of(got);
      if (!got || !*got) {
        break;
      }
      ids += std::string((*got)->id) + " ";
      EXPECT_EQ((*got)->type, "count");
      EXPECT_EQ((*got)->data, "event " + std::string((*got)->id) + "\nsecond line");
    }
    EXPECT_EQ(ids, "1 2 3 4 5 6 7 ");
    EXPECT_EQ(events.last_event_id(), "7");
  });
}

}  // namespace
}  // namespace fairlead
