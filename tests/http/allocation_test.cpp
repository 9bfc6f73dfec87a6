// SPDX-License-Identifier: BSL-1.0
// A steady keep-alive exchange reuses its memory, on both sides. Its own program, since it counts
// the allocations of every thread.
#include <fairlead/http/client.hpp>
#include <fairlead/http/server.hpp>

#include <fairlead/core/run.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>

#include <gtest/gtest.h>

#include "support/count_allocations.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string>
#include <string_view>
#include <thread>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;

constexpr int warm_up = 100;
constexpr int counted = 1000;

const std::string answer_body =
    "{\"id\": 1, \"name\": \"a name that does not fit into a small string\"}";

int blocking_socket(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  return fd;
}

// Asks `n` times, one after the other, in plain system calls.
void ask(int fd, std::string_view request, int n) {
  std::array<char, 4096> some;
  for (int i = 0; i < n; ++i) {
    EXPECT_EQ(::send(fd, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
    EXPECT_GT(::recv(fd, some.data(), some.size(), 0), 0);
  }
}

TEST(HttpAllocations, ASteadyRequestCostsTheServerNone) {
  double each = 0;
  auto done = run(
      [&](context& cx) -> task<result<void>> {
        router r;
        r.get("/users/{id}/orders", [](context&, const request& q) -> task<result<response>> {
          auto out = q.reply();
          out.headers().add("Content-Type", "application/json");
          out.body_text() = answer_body;
          co_return out;
        });
        const auto at = net::endpoint::loopback();
        auto listener = net::system_network().listen(cx.env(), at, {});
        const auto port = (*listener)->local().port();
        server app(std::move(r));
        task_scope scope(cx);
        scope.spawn([&](context& own) { return app.serve(own, std::move(*listener)); });
        const std::string text =
            "GET /users/a-user-with-a-long-name/orders HTTP/1.1\r\nHost: a-host-with-a-name\r\n"
            "Accept: application/json\r\nUser-Agent: something\r\n\r\n";
        std::atomic<int> phase{0};
        std::thread asking([&] {
          const int fd = blocking_socket(port);
          ask(fd, text, warm_up);
          phase = 1;
          while (phase != 2) {
            std::this_thread::yield();
          }
          ask(fd, text, counted);
          phase = 3;
          ::close(fd);
        });
        while (phase != 1) {
          auto slept = co_await sleep_for(cx, 1ms);
          static_cast<void>(slept);
        }
        const auto before = testing::allocations_of_this_thread();
        phase = 2;
        while (phase != 3) {
          auto slept = co_await sleep_for(cx, 100ms);
          static_cast<void>(slept);
        }
        each = static_cast<double>(testing::allocations_of_this_thread() - before) / counted;
        asking.join();
        auto drained = co_await app.drain(cx, 1s);
        auto joined = co_await scope.join();
        EXPECT_TRUE(joined);
        co_return drained;
      },
      {.handle_signals = false});
  EXPECT_TRUE(done) << done.error().message();
  RecordProperty("allocations_per_request", std::to_string(each));
  EXPECT_LT(each, 0.05) << "per request";
}

// Answers every request on one connection, in plain system calls.
class plain_server {
 public:
  plain_server() {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    socklen_t size = sizeof at;
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size), 0);
    port = ntohs(at.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  plain_server(const plain_server&) = delete;
  plain_server& operator=(const plain_server&) = delete;
  ~plain_server() {
    thread_.join();
    ::close(listener_);
  }
  std::uint16_t port = 0;

 private:
  void serve() const {
    const int fd = ::accept(listener_, nullptr, nullptr);
    const std::string text =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
        std::to_string(answer_body.size()) + "\r\n\r\n" + answer_body;
    std::array<char, 4096> some;
    while (::recv(fd, some.data(), some.size(), 0) > 0) {
      EXPECT_GT(::send(fd, text.data(), text.size(), 0), 0);
    }
    ::close(fd);
  }
  int listener_ = -1;
  std::thread thread_;
};

TEST(HttpAllocations, ASteadyCallCostsTheClientNone) {
  plain_server there;
  double each = 0;
  auto done = run(
      [&](context& cx) -> task<result<void>> {
        client c(cx.env(), client_options("http://127.0.0.1:" + std::to_string(there.port)));
        std::size_t before = 0;
        for (int i = 0; i < warm_up + counted; ++i) {
          if (i == warm_up) {
            before = testing::allocations_of_this_thread();
          }
          auto r = co_await c.get<void>(cx, "/users/1");
          if (!r) {
            co_return r;
          }
        }
        each = static_cast<double>(testing::allocations_of_this_thread() - before) / counted;
        co_return result<void>{};
      },
      {.handle_signals = false});
  EXPECT_TRUE(done) << done.error().message();
  RecordProperty("allocations_per_call", std::to_string(each));
  EXPECT_LT(each, 0.05) << "per call";
}

}  // namespace
}  // namespace fairlead::http
