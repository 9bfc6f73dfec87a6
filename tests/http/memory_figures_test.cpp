// SPDX-License-Identifier: BSL-1.0
// What a connection may cost a server in memory, as docs/http-server.md says. Kernel buffers not
// included.
#include <fairlead/core/run.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/cookie_jar.hpp>
#include <fairlead/http/server.hpp>
#include <fairlead/http/url.hpp>
#include <fairlead/net/network.hpp>

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kib = 1024;
constexpr std::size_t clients = 100;

std::size_t in_use() noexcept {
  const auto m = ::mallinfo2();
  return m.uordblks + m.hblkhd;
}

int connected_socket(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  return fd;
}

// Has `clients` connections that each say `text`, with `requests` whole requests in it, and gives
// what one of them takes of the server's memory once those have been answered.
std::size_t bytes_per_connection(const std::string& text, std::size_t requests) {
  std::size_t each = 0;
  auto done = run(
      [&](context& cx) -> task<result<void>> {
        router r;
        r.post("/{rest...}", [](context&) -> result<std::string> { return "x"; });
        r.get("/{rest...}", [](context&) -> result<std::string> { return "x"; });
        const auto at = net::endpoint::loopback();
        auto listener = net::system_network().listen(cx.env(), at, {});
        const auto port = (*listener)->local().port();
        server app(std::move(r));
        task_scope scope(cx);
        scope.spawn([&](context& own) { return app.serve(own, std::move(*listener)); });
        auto slept = co_await sleep_for(cx, 10ms);
        const auto before = in_use();
        std::vector<int> sockets;
        sockets.reserve(clients);
        for (std::size_t i = 0; i < clients; ++i) {
          sockets.push_back(connected_socket(port));
        }
        for (const int fd : sockets) {
          EXPECT_EQ(::send(fd, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
        }
        for (int i = 0; i < 1000 && app.stats().requests < clients * requests; ++i) {
          slept = co_await sleep_for(cx, 10ms);
        }
        slept = co_await sleep_for(cx, 50ms);
        EXPECT_TRUE(slept);
        EXPECT_EQ(app.stats().requests, clients * requests);
        EXPECT_EQ(app.stats().connections, clients);
        each = (in_use() - before) / clients;
        for (const int fd : sockets) {
          ::close(fd);
        }
        auto drained = co_await app.drain(cx, 5s);
        auto joined = co_await scope.join();
        EXPECT_TRUE(joined);
        co_return drained;
      },
      {.handle_signals = false});
  EXPECT_TRUE(done) << done.error().message();
  return each;
}

TEST(CookieJarMemory, HostsWithoutACookieTakeNone) {
  cookie_jar jar;
  const auto now = std::chrono::system_clock::time_point(std::chrono::hours(400'000));
  const auto visit = [&](int n) {
    const auto host = url::parse("http://host-" + std::to_string(n) + ".example.com/").value();
    jar.store(host, "never=1; Max-Age=0", now);
    jar.store(host, "briefly=1", now);
    jar.store(host, "briefly=1; Max-Age=0", now);
  };
  visit(0);
  const auto before = in_use();
  for (int n = 1; n <= 2000; ++n) {
    visit(n);
  }
  EXPECT_LT(in_use(), before + 16 * kib);
}

TEST(ServerMemory, AnIdleConnection) {
  const auto each = bytes_per_connection("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1);
  RecordProperty("bytes", static_cast<int>(each));
  EXPECT_LE(each, 4 * kib);
}

// Requests that fill, one after the other, every place where a head is kept; the last never ends.
TEST(ServerMemory, AHeadInTheMaking) {
  const std::string path = "GET /" + std::string(15'900, 'p') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  std::string fields = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 95; ++i) {
    fields += "X-Field-" + std::to_string(i) + ": " + std::string(150, 'f') + "\r\n";
  }
  std::string trailers = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  trailers += "A: " + std::string(15'900, 't') + "\r\n\r\n";
  const std::string begun = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  const auto each =
      bytes_per_connection(path + fields + "\r\n" + trailers + begun + std::string(16'000, 'z'), 3);
  RecordProperty("bytes", static_cast<int>(each));
  EXPECT_LE(each, 128 * kib);
}

}  // namespace
}  // namespace fairlead::http
