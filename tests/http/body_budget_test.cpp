// SPDX-License-Identifier: BSL-1.0
// The memory that request bodies may take together: the budget alone, and in a server.
#include "detail/body_budget.hpp"
#include "support/http_world.hpp"
#include "support/slow_service.hpp"

#include <string>
#include <vector>

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;
using namespace fairlead::testing;
using detail::body_budget;
using detail::body_permit;

constexpr std::size_t kib = 1024;

TEST(BodyBudget, APermitGrowsAndShrinksAndComesBack) {
  body_budget budget(100 * kib);
  {
    body_permit one(budget);
    EXPECT_TRUE(one.cover(60 * kib));
    EXPECT_EQ(budget.used(), 60 * kib);
    body_permit two(budget);
    EXPECT_TRUE(two.cover(40 * kib));
    EXPECT_FALSE(two.cover(40 * kib + 1));
    EXPECT_EQ(budget.used(), 100 * kib) << "a refusal changes nothing";
    EXPECT_TRUE(one.cover(50 * kib));
    EXPECT_TRUE(two.cover(50 * kib));
    EXPECT_TRUE(one.cover(0));
    EXPECT_EQ(budget.used(), 50 * kib);
  }
  EXPECT_EQ(budget.used(), 0u);
}

TEST(BodyBudget, WhatFitsIntoAReadBufferIsFree) {
  body_budget budget(0);
  body_permit one(budget);
  EXPECT_TRUE(one.cover(4096));
  EXPECT_FALSE(one.cover(4097));
  std::string body;
  for (std::size_t n = 1; n <= 4096; n += 5) {
    EXPECT_TRUE(one.grow(body, n, 1000 * kib)) << n;
    EXPECT_GE(body.capacity(), n);
  }
  EXPECT_FALSE(one.grow(body, 4097, 1000 * kib));
  EXPECT_EQ(budget.used(), 0u);
}

TEST(BodyBudget, GrowingDoublesWhileThatFits) {
  body_budget budget(100 * kib);
  body_permit one(budget);
  std::string body;
  EXPECT_TRUE(one.grow(body, 10 * kib, 90 * kib));
  body.assign(10 * kib, 'x');
  EXPECT_EQ(body.capacity(), 10 * kib) << "exactly what was asked for, or the permit lies";
  EXPECT_TRUE(one.grow(body, 11 * kib, 90 * kib));
  EXPECT_EQ(body.capacity(), 20 * kib);
  EXPECT_EQ(body, std::string(10 * kib, 'x'));
  EXPECT_TRUE(one.grow(body, 50 * kib, 90 * kib));
  EXPECT_TRUE(one.grow(body, 51 * kib, 90 * kib));
  EXPECT_EQ(body.capacity(), 90 * kib) << "never more than a body may have";
  EXPECT_EQ(budget.used(), 90 * kib);
  EXPECT_FALSE(one.grow(body, 101 * kib, 200 * kib));
  EXPECT_EQ(body.capacity(), 90 * kib);
  EXPECT_EQ(budget.used(), 90 * kib);
  EXPECT_TRUE(one.grow(body, 95 * kib, 200 * kib)) << "less than twice, when twice does not fit";
  EXPECT_EQ(budget.used(), 95 * kib);
}

// Takes bodies, and as long as it is told to.
struct upload_service : slow_service {
  std::vector<std::size_t> sizes;
  router routes() {
    auto r = slow_service::routes();
    r.post("/upload", [this](context& cx, const request& q) -> task<result<std::string>> {
      sizes.push_back(q.body().size());
      auto slept = co_await sleep_for(cx, takes);
      if (!slept) {
        co_return tl::unexpected<error>(slept.error());
      }
      co_return "stored";
    });
    return r;
  }
  duration takes{};
};

std::string head_of_upload(std::size_t length, const std::string& more = "") {
  return "POST /upload HTTP/1.1\r\nHost: a\r\n" + more +
         "Content-Length: " + std::to_string(length) + "\r\n\r\n";
}

const std::string chunked_head =
    "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string chunk(std::size_t length) {
  std::array<char, 16> size{};
  std::snprintf(size.data(), size.size(), "%zx\r\n", length);
  return size.data() + std::string(length, 'c') + "\r\n";
}

server_options tight(std::uint64_t memory) {
  return server_options().max_body(100 * kib).body_memory(memory);
}

task<void> settle(context& cx) {
  auto slept = co_await sleep_for(cx, 1ms);
  EXPECT_TRUE(slept);
}

TEST(BodyMemory, AnnouncedBodiesReserveAtOnceAndWhatDoesNotFitIsA503) {
  upload_service s;
  std::vector<std::string> failures;
  auto options = tight(150 * kib).on_failure([&](const request& r, std::string_view what) {
    failures.push_back(r.target() + ": " + std::string(what));
  });
  with_server(
      s.routes(), options, [&](context& cx, server& app, memory_network& net) -> task<void> {
        auto first = co_await dial(cx, net);
        auto said = co_await first->say(cx, head_of_upload(100 * kib));
        co_await settle(cx);
        EXPECT_EQ(app.stats().body_memory, 100 * kib) << "no byte of it has come";

        const auto start = cx.now();
        auto text = co_await exchange_raw(cx, net, head_of_upload(60 * kib));
        EXPECT_TRUE(text.starts_with("HTTP/1.1 503 ")) << text;
        EXPECT_NE(text.find("Retry-After: 1\r\n"), std::string::npos) << text;
        EXPECT_NE(text.find("Connection: close\r\n"), std::string::npos) << text;
        EXPECT_NE(text.find("\"code\":\"overloaded\""), std::string::npos) << text;
        EXPECT_EQ(cx.now(), start) << "before a byte of the body";
        EXPECT_EQ(app.stats().bodies_refused, 1u);
        EXPECT_EQ(app.stats().body_memory, 100 * kib);

        auto third = co_await dial(cx, net);
        said = co_await third->say(cx, head_of_upload(50 * kib) + std::string(50 * kib, 'x'));
        text = co_await third->read_until(cx, "stored");
        EXPECT_TRUE(text.starts_with("HTTP/1.1 200 ")) << text;

        said = co_await first->say(cx, std::string(100 * kib, 'x'));
        EXPECT_TRUE(said);
        text = co_await first->read_until(cx, "stored");
        EXPECT_TRUE(text.starts_with("HTTP/1.1 200 ")) << text;
        co_await settle(cx);
        EXPECT_EQ(app.stats().body_memory, 0u);
        EXPECT_EQ(app.stats().bodies_refused, 1u);
      });
  EXPECT_EQ(s.sizes, (std::vector<std::size_t>{50 * kib, 100 * kib}));
  EXPECT_EQ(failures,
            std::vector<std::string>{"/upload: the memory for request bodies is used up"});
}

TEST(BodyMemory, SmallBodiesNeedNothing) {
  upload_service s;
  with_server(s.routes(), tight(100 * kib),
              [&](context& cx, server& app, memory_network& net) -> task<void> {
                auto large = co_await dial(cx, net);
                auto said = co_await large->say(cx, head_of_upload(100 * kib));
                auto small = co_await dial(cx, net);
                for (int i = 0; i < 3; ++i) {
                  said = co_await small->say(cx, head_of_upload(4096) + std::string(4096, 'x'));
                  EXPECT_TRUE(said);
                  auto text = co_await small->read_until(cx, "stored");
                  EXPECT_TRUE(text.starts_with("HTTP/1.1 200 ")) << text;
                  said = co_await small->say(
                      cx, chunked_head + chunk(2000) + chunk(2096) + "0\r\n\r\n");
                  EXPECT_TRUE(said);
                  text = co_await small->read_until(cx, "stored");
                  EXPECT_TRUE(text.starts_with("HTTP/1.1 200 ")) << text;
                }
                EXPECT_EQ(app.stats().body_memory, 100 * kib);
              });
  EXPECT_EQ(s.sizes, std::vector<std::size_t>(6, 4096));
}

TEST(BodyMemory, ChunkedBodiesReserveWhileTheyGrow) {
  upload_service s;
  with_server(s.routes(), tight(150 * kib),
              [&](context& cx, server& app, memory_network& net) -> task<void> {
                auto p = co_await dial(cx, net);
                auto said = co_await p->say(cx, chunked_head);
                co_await settle(cx);
                EXPECT_EQ(app.stats().body_memory, 0u);
                std::uint64_t before = 0;
                for (std::size_t n = 10 * kib; n <= 90 * kib; n += 10 * kib) {
                  said = co_await p->say(cx, chunk(10 * kib));
                  co_await settle(cx);
                  const auto now = app.stats().body_memory;
                  EXPECT_GE(now, n);
                  EXPECT_LE(now, 100 * kib);
                  EXPECT_GE(now, before);
                  before = now;
                }
                auto other = co_await dial(cx, net);
                said = co_await other->say(cx, chunked_head + chunk(30 * kib));
                co_await settle(cx);
                EXPECT_EQ(app.stats().bodies_refused, 0u);
                said = co_await other->say(cx, chunk(30 * kib));
                EXPECT_TRUE(said);
                auto text = co_await other->read_all(cx);
                EXPECT_TRUE(text.starts_with("HTTP/1.1 503 ")) << text;
                EXPECT_EQ(app.stats().bodies_refused, 1u);
                EXPECT_LE(app.stats().body_memory, 100 * kib);
                said = co_await p->say(cx, "0\r\n\r\n");
                text = co_await p->read_until(cx, "stored");
                EXPECT_TRUE(text.starts_with("HTTP/1.1 200 ")) << text;
                co_await settle(cx);
                EXPECT_EQ(app.stats().body_memory, 0u);
              });
  EXPECT_EQ(s.sizes, std::vector<std::size_t>{90 * kib});
}

TEST(BodyMemory, AClientThatAsksFirstIsNotToldToGoOn) {
  upload_service s;
  with_server(s.routes(), tight(100 * kib),
              [&](context& cx, server&, memory_network& net) -> task<void> {
                auto large = co_await dial(cx, net);
                auto said = co_await large->say(cx, head_of_upload(100 * kib));
                EXPECT_TRUE(said);
                co_await settle(cx);
                const std::string expect = "Expect: 100-continue\r\n";
                auto text = co_await exchange_raw(cx, net, head_of_upload(5 * kib, expect));
                EXPECT_TRUE(text.starts_with("HTTP/1.1 503 ")) << text;
              });
}

TEST(BodyMemory, IsHeldWhileTheHandlerRunsAndGoneWithTheAnswer) {
  upload_service s;
  s.takes = 1s;
  with_server(s.routes(), tight(100 * kib),
              [&](context& cx, server& app, memory_network& net) -> task<void> {
                auto p = co_await dial(cx, net);
                auto said =
                    co_await p->say(cx, head_of_upload(100 * kib) + std::string(100 * kib, 'x'));
                auto slept = co_await sleep_for(cx, 500ms);
                EXPECT_TRUE(said && slept);
                EXPECT_EQ(s.sizes.size(), 1u);
                EXPECT_EQ(app.stats().body_memory, 100 * kib);
                auto text = co_await p->read_until(cx, "stored");
                EXPECT_EQ(app.stats().body_memory, 0u);
                EXPECT_EQ(app.stats().connections, 1u);
              });
}

TEST(BodyMemory, ComesBackHoweverARequestEnds) {
  enum class end { close, half_close, body_timeout, handler_timeout, cancel_server };
  for (const auto how :
       {end::close, end::half_close, end::body_timeout, end::handler_timeout, end::cancel_server}) {
    for (const std::size_t sent : {std::size_t{0}, 50 * kib, 100 * kib}) {
      SCOPED_TRACE(std::to_string(static_cast<int>(how)) + " after " + std::to_string(sent));
      upload_service s;
      s.takes = 24h;
      run_in_world(1, [&](context& cx) -> task<void> {
        memory_network net;
        auto listener = net.listen(cx.env(), net::endpoint::loopback(80), {});
        server app(s.routes(), tight(100 * kib));
        cancel_scope stop(cx);
        task_scope scope(cx);
        scope.spawn([&](context&) -> task<void> {
          auto served = co_await app.serve(stop, std::move(*listener));
          EXPECT_EQ(served.has_value(), how != end::cancel_server);
        });
        auto p = co_await dial(cx, net);
        auto said = co_await p->say(cx, head_of_upload(100 * kib) + std::string(sent, 'x'));
        auto slept = co_await sleep_for(cx, 100ms);
        EXPECT_TRUE(said && slept);
        EXPECT_EQ(app.stats().body_memory, 100 * kib);
        if (how == end::close) {
          p->close();
        } else if (how == end::half_close) {
          co_await p->end(cx);
        } else if (how == end::cancel_server) {
          stop.cancel();
        } else {
          slept = co_await sleep_for(cx, 31s);
        }
        slept = co_await sleep_for(cx, 1ms);
        EXPECT_TRUE(slept);
        EXPECT_EQ(app.stats().body_memory, 0u);
        p->close();
        auto drained = co_await app.drain(cx, 5s);
        EXPECT_TRUE(drained);
        auto joined = co_await scope.join();
        EXPECT_TRUE(joined);
      });
    }
  }
}

// A buffer that one connection filled and another one borrows is not forgotten.
TEST(BodyMemory, BorrowedBuffersCount) {
  upload_service s;
  with_server(s.routes(), tight(100 * kib),
              [&](context& cx, server& app, memory_network& net) -> task<void> {
                auto p = co_await dial(cx, net);
                auto said =
                    co_await p->say(cx, head_of_upload(40 * kib) + std::string(40 * kib, 'x'));
                auto text = co_await p->read_until(cx, "stored");
                co_await settle(cx);
                EXPECT_EQ(app.stats().body_memory, 0u) << "idle";

                auto borrower = co_await dial(cx, net);
                said = co_await borrower->say(cx, "GET");
                co_await settle(cx);
                EXPECT_EQ(app.stats().body_memory, 40 * kib);
                borrower->close();
                co_await settle(cx);

                auto large = co_await dial(cx, net);  // takes the buffer, and makes it larger
                said = co_await large->say(cx, head_of_upload(100 * kib));
                EXPECT_TRUE(said);
                co_await settle(cx);
                EXPECT_EQ(app.stats().body_memory, 100 * kib);
                auto small = co_await dial(cx, net);
                said = co_await small->say(cx, get("/slow/0"));
                EXPECT_TRUE(said);
                text = co_await small->read_until(cx, "done");
                EXPECT_TRUE(text.starts_with("HTTP/1.1 200 ")) << text;
                EXPECT_EQ(app.stats().body_memory, 100 * kib);
              });
}

TEST(BodyMemory, PipelinedBodiesAreCountedOneByOne) {
  upload_service s;
  with_server(s.routes(), tight(100 * kib),
              [&](context& cx, server& app, memory_network& net) -> task<void> {
                auto p = co_await dial(cx, net);
                std::string all;
                for (const std::size_t n : {90 * kib, 10 * kib, 100 * kib, 1 * kib, 60 * kib}) {
                  all += head_of_upload(n) + std::string(n, 'x');
                }
                task_scope scope(cx);
                scope.spawn([&](context& own) -> task<void> {
                  auto said = co_await p->say(own, all);
                  EXPECT_TRUE(said);
                });
                for (int i = 0; i < 5; ++i) {
                  auto text = co_await p->read_until(cx, "stored");
                  EXPECT_TRUE(text.starts_with("HTTP/1.1 200 ")) << text;
                }
                auto joined = co_await scope.join();
                EXPECT_TRUE(joined);
                co_await settle(cx);
                EXPECT_EQ(app.stats().body_memory, 0u);
                EXPECT_EQ(app.stats().bodies_refused, 0u);
              });
}

TEST(BodyMemory, MustHoldTheLargestBody) {
  const auto problems = server_options().max_body(2000).body_memory(1000).problems();
  EXPECT_EQ(problems, std::vector<std::string>{"body_memory must be at least max_body"});
  EXPECT_TRUE(server_options().problems().empty());
}

}  // namespace
}  // namespace fairlead::http
