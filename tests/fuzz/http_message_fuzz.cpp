// SPDX-License-Identifier: BSL-1.0
// Any bytes as requests to a server and as the response to a client, in pieces of any size: every
// connection comes to an end, nothing is left behind, and what is answered is HTTP.
//
// How it works: the first byte picks the side, the second how many bytes move at a time; the rest
// is what the peer says. Time is virtual, so limits run out at once.
#include <fairlead/core/task_scope.hpp>
#include <fairlead/core/waiter.hpp>
#include <fairlead/http/client.hpp>
#include <fairlead/http/server.hpp>
#include <fairlead/net/memory.hpp>
#include <fairlead/sim/world.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace fairlead;

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

// Accepts one connection, then nothing until it is cancelled.
class one_connection final : public net::listener {
 public:
  explicit one_connection(std::unique_ptr<net::stream> s) : stream_(std::move(s)) {}
  task<result<std::unique_ptr<net::stream>>> accept(context& cx) override {
    if (stream_) {
      co_return std::move(stream_);
    }
    waiter never(cx);
    const auto why = co_await never.wait();
    static_cast<void>(why);
    co_return fail(errors::cancelled{});
  }
  const net::endpoint& local() const noexcept override { return at_; }
  void close() noexcept override {}

 private:
  std::unique_ptr<net::stream> stream_;
  net::endpoint at_ = net::endpoint::loopback();
};

// Hands out one stream.
class one_stream final : public http::connector {
 public:
  explicit one_stream(std::unique_ptr<net::stream> s) : stream_(std::move(s)) {}
  task<result<net::connection>> connect(context&, net::network&, const http::url&) override {
    if (!stream_) {
      co_return fail(errors::connection_refused{"fuzz"});
    }
    co_return net::connection(std::move(stream_));
  }

 private:
  std::unique_ptr<net::stream> stream_;
};

// Says everything, then ends its side and reads to the end.
task<std::string> talk(context& cx, net::stream& s, std::string_view text) {
  auto said = co_await net::write_all(cx, s, text);
  if (said) {
    said = co_await s.shutdown_write(cx);
  }
  std::string seen;
  std::array<std::byte, 4096> some;
  for (;;) {
    auto n = co_await net::read_some(cx, s, some);
    if (!n || *n == 0) {
      break;
    }
    seen.append(reinterpret_cast<const char*>(some.data()), *n);
  }
  s.close();
  co_return seen;
}

http::router routes() {
  http::router r;
  const auto echo = [](context&, const http::request& q) -> result<std::string> {
    return q.body();
  };
  r.get("/{x...}", echo);
  r.post("/{x...}", echo);
  return r;
}

net::memory_side narrow(std::size_t piece) {
  return net::memory_side().max_read(piece).max_write(piece);
}

task<void> as_requests(context& cx, std::string_view text, std::size_t piece) {
  auto ends = net::memory_pair(cx.env(), {}, narrow(piece));
  http::server app(routes(), http::server_options().max_body(1000).max_head(500, 10));
  task_scope scope(cx);
  auto listener = std::make_unique<one_connection>(std::move(ends.second));
  scope.spawn([&](context& own) { return app.serve(own, std::move(listener)); });
  const auto answer = co_await talk(cx, *ends.first, text);
  require(answer.empty() || answer.starts_with("HTTP/1.1 "));
  auto drained = co_await app.drain(cx, std::chrono::seconds(1));
  require(drained.has_value());
  require(app.stats().connections == 0);
  auto joined = co_await scope.join();
  require(joined.has_value());
}

task<void> as_response(context& cx, std::string_view text, std::size_t piece) {
  auto ends = net::memory_pair(cx.env(), narrow(piece), {});
  http::client_options options("http://fuzz");
  options.connector("http", std::make_shared<one_stream>(std::move(ends.first)));
  options.max_body(1000).max_error_body(100).max_head(500, 10);
  task_scope scope(cx);
  {
    http::client c(cx.env(), options);
    scope.spawn([&](context& own) -> task<void> {
      const auto seen = co_await talk(own, *ends.second, text);
      static_cast<void>(seen);
    });
    auto r = co_await c.get<std::string>(cx, "/x");
    require(!r || r->size() <= 1000);
    require(r || r.error().kind() != error_kind::timeout);
  }
  auto joined = co_await scope.join();
  require(joined.has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  const bool requests = data[0] % 2 == 0;
  const std::size_t piece = data[1] == 0 ? 100'000 : data[1];
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  sim::world w(1);
  w.run([&](context& cx) {
    return requests ? as_requests(cx, text, piece) : as_response(cx, text, piece);
  });
  w.run_ready();
  require(w.leftovers().empty());
  return 0;
}
