// SPDX-License-Identifier: BSL-1.0
// Streams through a broker: in pieces, of any size and at any pace, and their ends. In virtual
// time.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "broker_port_rig.hpp"

namespace fairlead::testing {
namespace {

using namespace std::chrono_literals;

struct pages {
  std::vector<int> sizes;
  using response = stream_of<std::string>;
};
BOOST_DESCRIBE_STRUCT(pages, (), (sizes))
using book = port<pages>;

struct book_service {
  error* end;
  task<result<void>> operator()(context& cx, const pages& r, item_writer<std::string>& out) const {
    for (const auto size : r.sizes) {
      auto taken = co_await out.write(cx, std::string(static_cast<std::size_t>(size), 'x'));
      if (!taken) {
        *end = taken.error();
        co_return taken;
      }
    }
    co_return result<void>();
  }
};

TEST_F(BrokerPort, AnItemThatIsTooLargeEndsItsStream) {
  local_broker_options small;
  small.max_message = 2000;
  in_world(
      [&](context& cx, task_scope& scope) -> task<void> {
        error end = errors::throttled{"nothing"};
        broker_server server(
            broker, service_table::of<book>(std::make_shared<book_service>(book_service{&end})),
            "book", {.max_ahead = 2});
        auto started = co_await server.start(cx, scope);
        EXPECT_TRUE(started);
        const auto b = remote_port<book>(broker_transport(broker, "book"));
        pages wanted;
        wanted.sizes = {10, 1500, 3000, 10, 10, 10, 10};
        std::vector<std::size_t> got;
        const auto keep = [&](context&, std::string&& one) {
          got.push_back(one.size());
          return result<void>();
        };
        auto done = co_await b(cx, wanted, keep);
        EXPECT_EQ(done.error().kind(), error_kind::too_large);
        EXPECT_EQ(done.error().sent(), error_sent::answered);
        EXPECT_EQ(got, (std::vector<std::size_t>{10, 1500}));
        EXPECT_EQ(end.kind(), error_kind::too_large) << "the service learns of it";
        co_await drain(cx, server);
      },
      small);
}

TEST_F(BrokerPort, AStreamThatIsGivenUpLeavesNothingBehind) {
  in_world([&](context& cx, task_scope& scope) -> task<void> {
    error end = errors::throttled{"nothing"};
    broker_server server(
        broker, service_table::of<book>(std::make_shared<book_service>(book_service{&end})),
        "book");
    auto started = co_await server.start(cx, scope);
    EXPECT_TRUE(started);
    const auto b = remote_port<book>(broker_transport(broker, "book"));
    pages wanted;
    wanted.sizes = {60'000, 60'000, 60'000};  // one at a time, and the service has written all
    const auto refuse = [&](context&, std::string&&) -> result<void> {
      return fail(errors::application{"enough", "one will do"});
    };
    auto done = co_await b(cx, wanted, refuse);
    EXPECT_EQ(done.error().message(), "application: enough: one will do");
    auto slept = co_await sleep_for(cx, 1ms);
    EXPECT_TRUE(slept);
    EXPECT_EQ(server.stats().running, 0U);
    EXPECT_EQ(server.stats().streams, 0U);
    EXPECT_EQ(end.kind(), error_kind::throttled) << "the service has ended before";
    co_await drain(cx, server);
  });
}

TEST_F(BrokerPort, AStreamIsAskedForPieceByPiece) {
  in_world([&](context& cx, task_scope& scope) -> task<void> {
    const broker_server_options own{.max_ahead = 2};
    auto server = co_await serve(cx, scope, own);
    auto got = co_await ask(cx, *broker, "shop.list_users", R"({"count":5,"fails":false})");
    std::string text = text_of(got);
    EXPECT_EQ(server->stats().streams, 1U);
    int asked = 0;
    std::string last;
    while (got && !got->reply_to().empty()) {
      last = got->reply_to();
      got = co_await ask(cx, *broker, last, "");
      text += text_of(got);
      ++asked;
    }
    EXPECT_EQ(text,
              "{\"item\":{\"id\":1,\"name\":\"user 1\"}}\n{\"item\":{\"id\":2,\"name\":\"user 2\"}}"
              "\n{\"item\":{\"id\":3,\"name\":\"user 3\"}}\n{\"item\":{\"id\":4,\"name\":\"user "
              "4\"}}\n{\"item\":{\"id\":5,\"name\":\"user 5\"}}\n{\"end\":true}\n");
    EXPECT_GE(asked, 2);
    auto slept = co_await sleep_for(cx, 1ms);
    EXPECT_TRUE(slept);
    got = co_await ask(cx, *broker, last, "");
    EXPECT_EQ(got->header("Nats-Service-Error-Code"), "503") << "it is over";
    EXPECT_EQ(server->stats().streams, 0U);
    co_await drain(cx, *server);
  });
}

struct tick {
  std::chrono::milliseconds every{0};
  using response = stream_of<int>;
};
BOOST_DESCRIBE_STRUCT(tick, (), (every))
using clock_port = port<tick>;

struct clock_service {
  int* cancelled;
  task<result<void>> operator()(context& cx, const tick& r, item_writer<int>& out) const {
    for (int i = 0;; ++i) {
      auto slept = co_await sleep_for(cx, r.every);
      if (slept) {
        slept = co_await out.write(cx, i);
      }
      if (!slept) {
        *cancelled += slept.error().is<errors::cancelled>() ? 1 : 0;
        co_return slept;
      }
    }
  }
};

class BrokerStream : public BrokerPort {
 protected:
  std::unique_ptr<broker_server> clock(broker_server_options options = {}) {
    return std::make_unique<broker_server>(
        broker,
        service_table::of<clock_port>(std::make_shared<clock_service>(clock_service{&cancelled})),
        "clock", std::move(options));
  }
  int cancelled = 0;
};

TEST_F(BrokerStream, ItemsMayBeFarApart) {
  in_world([&](context& cx, task_scope& scope) -> task<void> {
    auto server = clock({.handler_timeout = 1h});
    auto started = co_await server->start(cx, scope);
    EXPECT_TRUE(started);
    const auto c = remote_port<clock_port>(broker_transport(broker, "clock"));
    const auto begun = cx.now();
    int seen_items = 0;
    const auto three = [&](context&, int&& i) -> result<void> {
      EXPECT_EQ(i, seen_items);
      return ++seen_items < 3 ? result<void>() : fail(errors::application{"enough", "three"});
    };
    auto done = co_await c(cx, tick{2min}, three);
    EXPECT_EQ(done.error().message(), "application: enough: three");
    EXPECT_EQ(cx.now() - begun, 6min) << "whatever the broker's own limit for a request";
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
    EXPECT_EQ(cancelled, 1);
    co_await drain(cx, *server);
  });
}

TEST_F(BrokerStream, ACallerWhoAsksNoMoreHasGone) {
  in_world([&](context& cx, task_scope& scope) -> task<void> {
    auto server = clock({.handler_timeout = 1h, .max_ahead = 3, .stream_patience = 20s});
    auto started = co_await server->start(cx, scope);
    EXPECT_TRUE(started);
    auto got = co_await ask(cx, *broker, "clock.tick", R"({"every":1000})");
    EXPECT_EQ(text_of(got), "{\"item\":0}\n");
    auto slept = co_await sleep_for(cx, 22s);
    EXPECT_EQ(cancelled, 0);
    slept = co_await sleep_for(cx, 3s);
    EXPECT_TRUE(slept);
    EXPECT_EQ(cancelled, 1);
    auto late = co_await ask(cx, *broker, got->reply_to(), "");
    EXPECT_EQ(text_of(late).substr(0, 27), "{\"item\":1}\n{\"item\":2}\n{\"ite")
        << "what was there";
    co_await drain(cx, *server);
  });
}

TEST_F(BrokerStream, IsAskedForMoreByOneAtATime) {
  in_world([&](context& cx, task_scope& scope) -> task<void> {
    auto server = clock();
    auto started = co_await server->start(cx, scope);
    EXPECT_TRUE(started);
    auto got = co_await ask(cx, *broker, "clock.tick", R"({"every":100})");
    const auto where = got->reply_to();
    const auto first = [&](context& own) -> task<void> {
      auto one = co_await ask(own, *broker, where, "");
      EXPECT_EQ(text_of(one), "{\"item\":1}\n");
    };
    scope.spawn(first);
    auto second = co_await ask(cx, *broker, where, "");
    EXPECT_EQ(second->header("Nats-Service-Error-Code"), "400");
    auto slept = co_await sleep_for(cx, 1s);
    EXPECT_TRUE(slept);
    server.reset();
  });
}

TEST_F(BrokerStream, TheServersOwnLimitOfTimeEndsIt) {
  in_world([&](context& cx, task_scope& scope) -> task<void> {
    auto server = clock({.handler_timeout = 3s});
    auto started = co_await server->start(cx, scope);
    EXPECT_TRUE(started);
    const auto c = remote_port<clock_port>(broker_transport(broker, "clock"));
    int seen_items = 0;
    const auto count = [&](context&, int&&) {
      ++seen_items;
      return result<void>();
    };
    auto done = co_await c(cx, tick{2s}, count);
    EXPECT_EQ(done.error().kind(), error_kind::timeout) << done.error().message();
    EXPECT_EQ(done.error().sent(), error_sent::answered);
    EXPECT_EQ(seen_items, 1);
    co_await drain(cx, *server);
  });
}

}  // namespace
}  // namespace fairlead::testing
