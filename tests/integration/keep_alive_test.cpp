// SPDX-License-Identifier: BSL-1.0
// Ten thousand requests over one connection, client and server real, on loopback. Counts the
// allocations of its process, so it is a program of its own.
#include <fairlead/core/run.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/client.hpp>
#include <fairlead/http/server.hpp>

#include <gtest/gtest.h>
#include <boost/describe.hpp>

#ifdef FAIRLEAD_COUNTS_ALLOCATIONS
#include "support/count_allocations.hpp"
#else
namespace fairlead::testing {
// Nothing can be counted where a sanitizer replaces the allocator.
static std::uint64_t allocations() noexcept {
  return 0;
}
}  // namespace fairlead::testing
#endif

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <string>

namespace shop {

struct offer {
  std::int64_t id = 0;
  std::string name;
  double price = 0;
  bool in_stock = false;
};
BOOST_DESCRIBE_STRUCT(offer, (), (id, name, price, in_stock))

}  // namespace shop

namespace fairlead {
namespace {

using namespace std::chrono_literals;

constexpr int requests = 10'000;
constexpr int warm_up = 100;  // buffers grow and frames are made
// What happens once in a while, however many requests there are: a timer is armed anew.
constexpr std::uint64_t now_and_then = 20;

const std::string long_name(2000, 'n');

// A shop whose answers tell which request they belong to.
http::router routes() {
  http::router r;
  r.get("/offers/{id}", [](context&, std::int64_t id) -> result<shop::offer> {
    return shop::offer{id, "kettle", 12.5, id % 2 == 0};
  });
  r.get("/long/{id}",
        [](context&, const http::request& q, std::int64_t id) -> result<http::response> {
          auto out = q.reply();
          out.headers().add("Content-Type", "application/json");
          out.body_text().append(R"({"id":)").append(std::to_string(id)).append(R"(,"name":")");
          out.body_text().append(long_name).append(R"(","price":1,"in_stock":true})");
          return out;
        });
  return r;
}

// Runs `ask(context&, client&)` beside a server, and checks what is left of them.
template <class Ask>
void with_shop(std::uint64_t expected_requests, Ask ask) {
  auto done = run(
      [&](context& cx) -> task<result<void>> {
        const auto at = net::endpoint::loopback();
        auto listener = net::system_network().listen(cx.env(), at, {});
        if (!listener) {
          co_return tl::unexpected<error>(listener.error());
        }
        const auto base = "http://127.0.0.1:" + std::to_string((*listener)->local().port());
        http::server app(routes());
        task_scope scope(cx);
        scope.spawn([&](context& own) { return app.serve(own, std::move(*listener)); });
        {
          http::client c(cx.env(), http::client_options(base));
          co_await ask(cx, c);
          EXPECT_EQ(c.stats().connections, 1U);
          EXPECT_EQ(c.stats().idle, 1U);
        }
        EXPECT_EQ(app.stats().accepted, 1U) << "every request went over one connection";
        EXPECT_EQ(app.stats().requests, expected_requests);
        auto drained = co_await app.drain(cx, 5s);
        auto joined = co_await scope.join();
        EXPECT_TRUE(joined);
        EXPECT_EQ(app.stats().connections, 0U);
        co_return drained;
      },
      {.handle_signals = false});
  EXPECT_TRUE(done) << done.error().message();
}

// "/offers/17", in memory that is there already.
class path {
 public:
  explicit path(std::string_view prefix) : text_(prefix), prefix_(prefix.size()) {
    text_.reserve(prefix_ + 20);
  }
  std::string_view of(int id) {
    text_.resize(prefix_);
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), id).ptr;
    text_.append(digits.data(), end);
    return text_;
  }

 private:
  std::string text_;
  std::size_t prefix_;
};

// How many allocations both sides make in the counted requests; every answer must be the right one.
template <class Check>
std::uint64_t allocations_of_gets(std::string_view prefix, Check is_right) {
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  with_shop(warm_up + requests, [&](context& cx, http::client& c) -> task<void> {
    path at(prefix);
    int right = 0;
    for (int i = 0; i < warm_up + requests; ++i) {
      if (i == warm_up) {
        before = testing::allocations();
      }
      auto got = co_await c.get<shop::offer>(cx, at.of(i));
      right += got && is_right(*got, i) ? 1 : 0;
    }
    after = testing::allocations();
    EXPECT_EQ(right, warm_up + requests);
  });
  return after - before;
}

TEST(KeepAlive, TenThousandGetsAllocateNothingOnEitherSide) {
  const auto counted = allocations_of_gets("/offers/", [](const shop::offer& o, int i) {
    return o.id == i && o.name == "kettle" && o.price == 12.5 && o.in_stock == (i % 2 == 0);
  });
  ::testing::Test::RecordProperty("allocations_per_request",
                                  std::to_string(static_cast<double>(counted) / requests));
  EXPECT_LE(counted, now_and_then) << "in " << requests << " requests";
}

TEST(KeepAlive, AValueThatOwnsMemoryCostsThatMemoryOnly) {
  const auto counted = allocations_of_gets(
      "/long/", [](const shop::offer& o, int i) { return o.id == i && o.name == long_name; });
#ifdef FAIRLEAD_COUNTS_ALLOCATIONS
  EXPECT_GE(counted, std::uint64_t{requests}) << "the name of each offer";
  EXPECT_LE(counted, requests + now_and_then) << "and nothing else";
#else
  EXPECT_EQ(counted, 0U);
#endif
}

}  // namespace
}  // namespace fairlead
