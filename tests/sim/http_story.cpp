// SPDX-License-Identifier: BSL-1.0
// How it works: three customers ask for prices and place orders, each call under fallback, retry,
// breaker and time limit. Meanwhile links are cut, connections are reset, the server's machine
// crashes and its process is started again. Everything that somebody sees is noted in the trace.
#include "http_story.hpp"

#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/http/client.hpp>
#include <fairlead/http/server.hpp>
#include <fairlead/observe/policy_event.hpp>
#include <fairlead/policy/circuit_breaker.hpp>
#include <fairlead/policy/fallback.hpp>
#include <fairlead/policy/retry.hpp>
#include <fairlead/policy/stack.hpp>
#include <fairlead/policy/timeout.hpp>
#include <fairlead/sim/network.hpp>

#include <boost/describe.hpp>

#include <memory>
#include <optional>
#include <string_view>

namespace tale {

struct price {
  std::int64_t item = 0;
  double amount = 0;
};
BOOST_DESCRIBE_STRUCT(price, (), (item, amount))

struct order {
  std::int64_t item = 0;
  std::string customer;
};
BOOST_DESCRIBE_STRUCT(order, (), (item, customer))

}  // namespace tale

namespace fairlead::sim {

namespace {

using namespace std::chrono_literals;

// Writes what policies do into the trace.
class chronicler final : public observe::sink {
 public:
  explicit chronicler(world& w) : world_(w) {}

  void on_event(const observe::policy_event& e) noexcept override {
    std::string line = "policy " + std::string(e.stack) + " " + std::string(to_string(e.policy)) +
                       " " + std::string(to_string(e.action)) + " attempt " +
                       std::to_string(e.attempt) + " delay " + std::to_string(e.delay.count());
    if (e.action == observe::policy_action::state) {
      line += " " + std::string(e.from) + " to " + std::string(e.to);
      ++transitions;
    }
    if (e.cause != nullptr) {
      line += " because " + e.cause->message();
    }
    retried += e.action == observe::policy_action::retry ? 1 : 0;
    fell_back += e.action == observe::policy_action::fallback ? 1 : 0;
    world_.note(line);
  }

  std::uint64_t retried = 0;
  std::uint64_t fell_back = 0;
  std::uint64_t transitions = 0;

 private:
  world& world_;
};

class story {
 public:
  explicit story(std::uint64_t seed) : w(make_options(seed)), fabric(w), log(w) {
    link_options slow;
    slow.latency = 2ms;
    slow.jitter = 3ms;
    slow.segment = 200;
    fabric.set_link("shop", "customer 2", slow);
  }

  telling tell() {
    w.spawn("shop", [this](context& cx) { return keep_shop(cx); });
    for (int i = 0; i < 3; ++i) {
      w.spawn("customer " + std::to_string(i), [this, i](context& cx) { return visit(cx, i); });
    }
    w.spawn("weather", [this](context& cx) { return weather(cx); });
    w.advance(60s);
    w.cancel();
    w.run_until_idle();
    return {w.log().text(), answered,        log.fell_back,
            log.retried,    log.transitions, w.leftovers().empty()};
  }

 private:
  static world_options make_options(std::uint64_t seed) {
    world_options out;
    out.seed = seed;
    out.kept_trace_lines = 1'000'000;
    return out;
  }

  http::router routes() {
    http::router r;
    r.get("/prices/{item}", [this](context& cx, std::int64_t item) -> task<result<tale::price>> {
      auto slept = co_await sleep_for(cx, duration(w.env().random().below(40'000'000)));
      if (!slept) {
        co_return tl::unexpected<error>(slept.error());
      }
      co_return tale::price{item, static_cast<double>(item) * 1.25};
    });
    r.post("/orders", [this](context&, tale::order o) -> result<tale::order> {
      if (w.env().random().below(4) == 0) {
        return fail(errors::unavailable{"shop", "the till is stuck", 50ms});
      }
      w.note("sold " + std::to_string(o.item) + " to " + o.customer);
      return o;
    });
    return r;
  }

  // The process: it serves until it is ended by a crash, and is started again after a while.
  task<void> keep_shop(context& cx) {
    while (!cx.cancelled()) {
      cancel_scope process(cx);
      running = &process;
      auto listener = fabric.host("shop").listen(w.env(), fabric.address("shop", 80), {});
      if (listener) {
        http::server app(routes());
        auto served = co_await app.serve(process, std::move(*listener));
        w.note(served ? std::string("shop ended") : "shop ended: " + served.error().message());
      }
      running = nullptr;
      auto slept = co_await sleep_for(cx, 3s);
      if (!slept) {
        break;
      }
    }
  }

  task<void> visit(context& cx, int number) {
    const auto name = "customer " + std::to_string(number);
    http::client c(cx.env(),
                   http::client_options("http://shop").network(fabric.host(name)).timeout(2s));
    policy::retry_options again;
    again.max_attempts = 3;
    const auto prices =
        policy::stack{policy::fallback([](const error&) { return tale::price{0, 0}; }),
                      policy::retry(again), breaker, policy::attempt_timeout(100ms)}
            .observed_by(log, name);
    const auto orders =
        policy::stack{policy::total_timeout(1s), policy::retry(again)}.observed_by(log, name);
    for (int n = 0; n < 25; ++n) {
      const auto target = "/prices/" + std::to_string(n);
      auto price =
          co_await prices.run(cx, [&](context& own) { return c.get<tale::price>(own, target); });
      said(name, target, price);
      tale::order wanted;
      wanted.item = n;
      wanted.customer = name;
      auto bought = co_await orders.run(
          cx, [&](context& own) { return c.post<tale::order>(own, "/orders", wanted); });
      said(name, "/orders", bought);
      auto slept = co_await sleep_for(cx, 300ms);
      if (!slept) {
        break;
      }
    }
  }

  template <class T>
  void said(const std::string& who, const std::string& what, const result<T>& answer) {
    answered += answer ? 1 : 0;
    w.note(who + " " + what + ": " + (answer ? "a value" : answer.error().message()));
  }

  task<void> weather(context& cx) {
    auto slept = co_await sleep_for(cx, 1s);
    fabric.reset("customer 0", "shop");
    slept = co_await sleep_for(cx, 500ms);
    fabric.partition("customer 1", "shop");
    slept = co_await sleep_for(cx, 3s);
    fabric.heal();
    slept = co_await sleep_for(cx, 1s);
    fabric.crash("shop");
    if (running != nullptr) {
      running->cancel();
    }
    slept = co_await sleep_for(cx, 6s);
    fabric.refuse(fabric.address("shop", 80), 2);
    fabric.reset("customer 2", "shop");
    static_cast<void>(slept);
  }

  static policy::breaker_options breaker_rules() {
    policy::breaker_options out;
    out.name = "shop";
    out.consecutive_failures = 3;
    out.break_for = 1s;
    return out;
  }

  world w;
  network fabric;
  chronicler log;
  policy::circuit_breaker breaker{breaker_rules()};
  cancel_scope* running = nullptr;
  std::uint64_t answered = 0;
};

}  // namespace

telling tell_http_story(std::uint64_t seed) {
  return story(seed).tell();
}

}  // namespace fairlead::sim
