// SPDX-License-Identifier: BSL-1.0
// Our client against nginx as an origin: files, ranges, compression, and connections that it
// closes.
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/client.hpp>
#include <fairlead/http/download.hpp>

#include <gtest/gtest.h>

#include "foreign_server.hpp"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace fairlead {
namespace {

using namespace std::chrono_literals;
using http::method;
using testing::has;
using testing::value_of;
using testing::with_client;

class NginxOrigin : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto nginx = testing::find_program("nginx");
    if (nginx.empty()) {
      GTEST_SKIP() << "nginx is not installed: nothing was tested (scripts/setup --ci)";
    }
    std::filesystem::permissions(dir.file(""), std::filesystem::perms(0755));
    std::ofstream(dir.file("hello.txt")) << "hello from nginx";
    std::ofstream(dir.file("text.txt")) << std::string(200'000, 't');
    std::ofstream large(dir.file("large"), std::ios::binary);
    for (int i = 0; i < 2'000'000; ++i) {
      large << "0123456789";
    }
    large.close();
    port = testing::free_port();
    std::string config =
        "daemon off; master_process off; pid DIR/pid; error_log stderr;\n"
        "events { worker_connections 256; }\n"
        "http { access_log off; client_body_temp_path DIR/b; proxy_temp_path DIR/p;"
        " fastcgi_temp_path DIR/f; uwsgi_temp_path DIR/u; scgi_temp_path DIR/s;"
        " root DIR; keepalive_timeout 1s; add_header X-Connection $connection; types { text/plain "
        "txt; } default_type "
        "application/octet-stream; gzip on;"
        " gzip_types text/plain; client_max_body_size 10k;\n"
        "server { listen 127.0.0.1:PORT;"
        " location /soon { keepalive_requests 3; try_files /hello.txt =404; }"
        " location /go { return 302 /hello.txt; }"
        " location /no { return 403 no; } } }\n";
    for (const auto& [name, value] : {std::pair<std::string, std::string>("DIR", dir.file("")),
                                      {"PORT", std::to_string(port)}}) {
      for (auto at = config.find(name); at != config.npos; at = config.find(name, at)) {
        config.replace(at, name.size(), value);
        at += value.size();
      }
    }
    std::ofstream(dir.file("nginx.conf")) << config;
    server.emplace(std::vector<std::string>{nginx, "-c", dir.file("nginx.conf"), "-e", "stderr",
                                            "-p", dir.file("")},
                   dir.file("log"));
    options = http::client_options("http://127.0.0.1:" + std::to_string(port)).max_body(64U << 20U);
  }

  // With a client, once nginx listens.
  template <class F>
  void run(F f) {
    with_client(options, [&](context& cx, http::client& c) -> task<void> {
      auto up = co_await testing::listens(cx, port);
      EXPECT_TRUE(up) << server->output();
      co_await f(cx, c);
    });
  }

  testing::scratch_dir dir;
  std::optional<testing::child_process> server;
  std::uint16_t port = 0;
  http::client_options options;
};

task<http::response> ask(context& cx, http::client& c, std::string target) {
  auto got = co_await c.request(cx, http::request(method::get, std::move(target)));
  co_return value_of(std::move(got));
}

TEST_F(NginxOrigin, GivesFilesAndPartsOfThem) {
  options.redirects(2);
  run([](context& cx, http::client& c) -> task<void> {
    auto hello = co_await ask(cx, c, "/hello.txt");
    EXPECT_EQ(hello.body(), "hello from nginx");
    auto followed = co_await ask(cx, c, "/go");
    EXPECT_EQ(followed.body(), "hello from nginx");
    auto large = co_await ask(cx, c, "/large");
    EXPECT_EQ(large.body().size(), 20'000'000U);
    EXPECT_TRUE(large.body().ends_with("0123456789"));
    for (const auto& [range, wanted] :
         {std::pair("bytes=100-104", "01234"), std::pair("bytes=-3", "789")}) {
      http::request r(method::get, "/large");
      r.header("Range", range);
      auto got = co_await c.request(cx, std::move(r));
      const auto part = value_of(std::move(got));
      EXPECT_EQ(part.status(), http::status::partial_content);
      EXPECT_EQ(part.body(), wanted);
    }
    http::request beyond(method::get, "/large");
    beyond.header("Range", "bytes=30000000-");
    auto none = co_await c.request(cx, std::move(beyond));
    EXPECT_EQ(value_of(std::move(none)).status(), http::status::range_not_satisfiable);
    http::request several(method::get, "/large");
    several.header("Range", "bytes=0-1,5-6");
    auto got = co_await c.request(cx, std::move(several));
    const auto parts = value_of(std::move(got));
    EXPECT_TRUE(has(parts.headers().get("Content-Type").value_or(""), "multipart/byteranges"));
    EXPECT_TRUE(has(parts.body(), "bytes 5-6/20000000"));
  });
}

TEST_F(NginxOrigin, IsDecodedAndAskedForChanges) {
  run([](context& cx, http::client& c) -> task<void> {
    auto text = co_await ask(cx, c, "/text.txt");
    EXPECT_EQ(text.body(), std::string(200'000, 't'));
    EXPECT_EQ(text.headers().get("Transfer-Encoding"), "chunked");  // gzip, as nginx sends it
    http::request again(method::get, "/text.txt");
    again.header("If-None-Match", text.headers().get("ETag").value_or(""));
    auto same = co_await c.request(cx, std::move(again));
    EXPECT_EQ(value_of(std::move(same)).status(), http::status::not_modified);
  });
}

TEST_F(NginxOrigin, StreamsAndIsLeftInTheMiddle) {
  run([](context& cx, http::client& c) -> task<void> {
    for (int i = 0; i < 5; ++i) {
      auto large = co_await c.stream(cx, http::request(method::get, "/large"));
      EXPECT_TRUE(large) << testing::message_of(large);
      if (large) {
        auto piece = co_await large->read(cx);
        EXPECT_TRUE(piece && *piece);
        EXPECT_EQ(large->announced(), 20'000'000U);
      }
    }
    auto hello = co_await ask(cx, c, "/hello.txt");
    EXPECT_EQ(hello.body(), "hello from nginx");
    EXPECT_EQ(c.stats().connections, 1U);
  });
}

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream all;
  all << in.rdbuf();
  return all.str();
}

TEST_F(NginxOrigin, ContinuesDownloads) {
  run([&](context& cx, http::client& c) -> task<void> {
    const auto target = dir.file("target");
    const std::string path = "/large";
    const auto announced = co_await testing::break_off(cx, c, path, target, 5'000'000);
    EXPECT_EQ(announced, 20'000'000U);
    EXPECT_FALSE(std::filesystem::exists(target));
    const auto part = std::filesystem::file_size(target + ".part");
    EXPECT_GT(part, 0U);
    EXPECT_LT(part, 20'000'000U);
    auto whole = co_await http::download(cx, c, path, target);
    EXPECT_TRUE(whole) << testing::message_of(whole);
    if (whole) {
      EXPECT_EQ(whole->size, 20'000'000U);
      EXPECT_EQ(whole->continued_at, part);
    }
    EXPECT_TRUE(content(target) == content(dir.file("large")));
  });
}

TEST_F(NginxOrigin, BeginsDownloadsAnewWhenTheFileHasChanged) {
  run([&](context& cx, http::client& c) -> task<void> {
    const auto target = dir.file("target");
    const std::string path = "/large";
    const auto announced = co_await testing::break_off(cx, c, path, target, 5'000'000);
    EXPECT_EQ(announced, 20'000'000U);
    std::filesystem::remove(dir.file("large"));
    std::ofstream(dir.file("large"), std::ios::binary) << std::string(8'000'000, 'n');
    auto whole = co_await http::download(cx, c, path, target);
    EXPECT_TRUE(whole) << testing::message_of(whole);
    if (whole) {
      EXPECT_EQ(whole->continued_at, 0U);
    }
    EXPECT_TRUE(content(target) == std::string(8'000'000, 'n'));
  });
}

TEST_F(NginxOrigin, RefusesABodyThatIsTooLarge) {
  run([](context& cx, http::client& c) -> task<void> {
    for (const bool asks : {false, true}) {
      http::request r(method::post, "/hello.txt");
      r.body(std::string(5'000'000, 'x'));
      if (asks) {
        r.header("Expect", "100-continue");
      }
      auto got = co_await c.request(cx, std::move(r));
      EXPECT_EQ(value_of(std::move(got)).status(), http::status::payload_too_large);
    }
  });
}

TEST_F(NginxOrigin, EndsConnectionsAfterAFewRequests) {
  run([](context& cx, http::client& c) -> task<void> {
    for (int i = 0; i < 30; ++i) {
      auto got = co_await ask(cx, c, "/soon");
      EXPECT_EQ(got.body(), "hello from nginx");
    }
  });
}

// A hundred calls a second, which need one connection or two; and once a second twenty more at a
// time, whose connections then idle for just about the second after which nginx closes them.
TEST_F(NginxOrigin, ThatClosesIdleConnectionsLosesNoRequest) {
  run([](context& cx, http::client& c) -> task<void> {
    int failures = 0;
    int calls = 0;
    std::set<std::string, std::less<>> connections;
    const auto one = [&](context& own) -> task<void> {
      http::request r(method::get, "/hello.txt");
      auto got = co_await c.request(own, std::move(r));
      ++calls;
      if (!got || got->body() != "hello from nginx") {
        ++failures;
        ADD_FAILURE() << testing::message_of(got);
      } else {
        connections.emplace(got->headers().get("X-Connection").value_or(""));
      }
    };
    task_scope scope(cx);
    for (int round = 0; round < 5; ++round) {
      for (int i = 0; i < 20; ++i) {
        scope.spawn([&](context& own) { return one(own); });
      }
      for (int i = 0; i < 97 + round; ++i) {
        auto slept = co_await sleep_for(cx, 10ms);
        EXPECT_TRUE(slept);
        scope.spawn([&](context& own) { return one(own); });
      }
    }
    auto joined = co_await scope.join();
    EXPECT_TRUE(joined);
    EXPECT_EQ(failures, 0);
    EXPECT_GT(connections.size(), 25U);  // it did close some: one round needs no more than about 20
    EXPECT_EQ(calls, 5 * 20 + 97 * 5 + 10);
  });
}

}  // namespace
}  // namespace fairlead
