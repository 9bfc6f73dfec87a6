// SPDX-License-Identifier: BSL-1.0
// How it works: a call lives in the frame of its caller. It stands in line until its bytes are
// written, and a request or a ping then until its answer, its own end or that of the connection
// takes it out. The client's task makes connections, reads what comes and ends calls; beside it,
// while there is a connection, one task writes what the stream did not take at once, and one waits
// to leave a server that announces its end.
#include <fairlead/port/nats_client.hpp>

#include "detail/nats_line.hpp"
#include "detail/nats_session.hpp"
#include "detail/random_name.hpp"
#include "detail/usable.hpp"

#include <fairlead/core/in_line.hpp>
#include <fairlead/core/sleep.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace fairlead {

namespace {

using namespace std::chrono_literals;
namespace nats = detail::nats;

constexpr duration leaves_within = 5s;
constexpr duration looks_every = 10ms;

nats::server_pool pool_of(const nats_options& o, random_source& random) {
  const auto problems = o.problems();
  std::string text;
  for (const auto& one : problems) {
    text.append(text.empty() ? "nats_client: " : "; ").append(one);
  }
  if (!text.empty()) {
    throw std::invalid_argument(text);
  }
  nats::server_pool pool(*nats::parse_servers(o.servers()),
                         reconnect_pace(o.first_pause(), o.longest_pause()));
  pool.shuffle(random);
  return pool;
}

// A place for answers that nobody else can guess.
std::string inbox_of(environment& env) {
  return "_INBOX." + detail::random_name(env) + ".";
}

}  // namespace

struct nats_client::impl : nats::session {
  impl(nats_options o, environment& env)
      : nats::session(o, pool_of(o, env.random()), inbox_of(env)) {}

  enum class turn : std::uint8_t { in_line, at_once };

  // A call's stake, gone with its frame.
  struct stake {
    stake(nats::session& s, nats::pending_call& o, turn when = turn::in_line) : self(s), op(o) {
      if (when == turn::in_line) {
        self.enter(op);
      } else {
        self.send_at_once(op);
      }
    }
    stake(const stake&) = delete;
    stake& operator=(const stake&) = delete;
    ~stake() { self.leave(op); }
    nats::session& self;
    nats::pending_call& op;
  };

  // The client's task, from its begin to its end, whatever ends it.
  struct running {
    running(impl& i, cancel_scope& own) noexcept : self(i) { self.root = &own; }
    running(const running&) = delete;
    running& operator=(const running&) = delete;
    ~running() {
      self.root = nullptr;
      self.ended = true;
      self.end_all();
      self.enders.notify_all();
    }
    impl& self;
  };

  // A subscription, before it is known whether it holds.
  struct trial {
    explicit trial(std::shared_ptr<nats::entry> e) noexcept : one(std::move(e)) {}
    trial(const trial&) = delete;
    trial& operator=(const trial&) = delete;
    ~trial() {
      if (one) {
        one->leave();
        one->inbox->cut();
      }
    }
    std::shared_ptr<nats::entry> one;
  };

  // What the subscriber holds.
  struct holding final : subscription {
    holding(std::shared_ptr<impl> c, std::shared_ptr<nats::entry> e) noexcept
        : client(std::move(c)), one(std::move(e)) {}
    holding(const holding&) = delete;
    holding& operator=(const holding&) = delete;
    ~holding() override {
      one->leave();
      one->inbox->cut();
    }
    task<result<void>> drain(context& cx, duration grace) override {
      return impl::drain_one(client, one, cx, grace);
    }
    subscription_stats stats() const noexcept override { return one->inbox->stats(); }
    std::shared_ptr<impl> client;
    std::shared_ptr<nats::entry> one;
  };

  static task<void> run(std::shared_ptr<impl> self, context cx);
  task<result<void>> asked_for(context& cx);
  task<std::unique_ptr<nats::open_line>> connect(context& cx);
  task<void> use(context& cx, nats::open_line& l);
  task<void> write_loop(context& cx, net::stream& s);
  task<void> read_loop(context& cx, nats::open_line& l);
  task<void> leave_loop(context& cx);
  task<result<void>> carry_out(context& cx, nats::pending_call& op);
  task<void> sync(context& cx, time_point until);

  static task<result<void>> publish(std::shared_ptr<impl> self, context& cx,
                                    const broker_message& m);
  static task<result<broker_message>> request(std::shared_ptr<impl> self, context& cx,
                                              const broker_message& m);
  static task<result<void>> ping(std::shared_ptr<impl> self, context& cx);
  static task<result<std::unique_ptr<subscription>>> subscribe(std::shared_ptr<impl> self,
                                                               context& cx, task_scope& scope,
                                                               subscription_options options,
                                                               broker_handler handler);
  static task<result<void>> drain_one(std::shared_ptr<impl> self, std::shared_ptr<nats::entry> one,
                                      context& cx, duration grace);
  static task<result<void>> drain(std::shared_ptr<impl> self, context& cx, duration grace);

  cancel_scope* root = nullptr;  // the task's
};

// ---- the client's task

task<void> nats_client::impl::run(std::shared_ptr<impl> self, context cx) {
  cancel_scope own(cx);
  const running here(*self, own);
  for (;;) {
    auto asked = co_await self->asked_for(own);
    if (!asked) {
      break;
    }
    auto made = co_await self->connect(own);
    if (own.cancelled()) {
      break;
    }
    if (made != nullptr) {
      co_await self->use(own, *made);
    }
  }
}

// Until a connection is wanted, and one may be made.
task<result<void>> nats_client::impl::asked_for(context& cx) {
  while (!wanted() || servers.not_before() > cx.now()) {
    result<void> waited;
    if (wanted()) {
      waited = co_await sleep_until(cx, servers.not_before());
    } else {
      waited = co_await work.wait(cx);
    }
    if (!waited) {
      co_return waited;
    }
  }
  co_return cx.check();
}

task<std::unique_ptr<nats::open_line>> nats_client::impl::connect(context& cx) {
  const nats::server to = servers.current();
  auto made = co_await nats::open(cx, options, to);
  if (made) {
    co_return std::move(*made);
  }
  if (!cx.cancelled()) {
    connect_failed(std::move(made).error(), cx.now(), cx.env().random());
  }
  co_return nullptr;
}

task<void> nats_client::impl::use(context& cx, nats::open_line& l) {
  ++counts.connections;
  if (options.discovery() == nats_discovery::follow) {
    servers.announced(l.info.connect_urls);
  }
  begin_line(*l.stream, l.info, cx.now());
  const auto both = [&](task_scope& beside) -> task<result<void>> {
    beside.spawn([&](context& own) { return write_loop(own, *l.stream); });
    beside.spawn([&](context& own) { return leave_loop(own); });
    pump();
    co_await read_loop(cx, l);
    line = nullptr;
    l.stream->close();
    beside.cancel();
    co_return result<void>{};
  };
  auto joined = co_await with_scope(cx, both);
  static_cast<void>(joined);  // none of them gives an error
  if (!cx.cancelled()) {
    end_line(cx.now(), cx.env().random());
  }
}

task<void> nats_client::impl::write_loop(context& cx, net::stream& s) {
  for (;;) {
    result<void> ready;
    if (unsent.empty()) {
      ready = co_await to_write.wait(cx);
      if (!ready) {
        break;
      }
      continue;
    }
    auto limited = cx.with_timeout(options.write_timeout());
    ready = co_await s.wait(limited, net::direction::write);
    if (line == nullptr || cx.cancelled()) {
      break;
    }
    if (ready) {
      ready = flush();
    } else {
      ready = fail(errors::timeout{s.peer(), options.write_timeout(), timeout_scope::idle});
    }
    if (!ready) {
      break_line(std::move(ready).error());
      break;
    }
    pump();
  }
}

task<void> nats_client::impl::read_loop(context& cx, nats::open_line& l) {
  l.in.limit_message_time(options.write_timeout());
  while (line != nullptr) {
    auto next = l.in.arrived();
    if (!next) {
      auto limited = cx.with_deadline(next_tick);
      auto read = co_await l.in.read(limited);
      next.emplace(std::move(read));
      tick(cx.now());
    }
    const auto& got = *next;
    if (line == nullptr || (got && *got)) {
      if (line != nullptr) {
        take(l.op, cx.now());
        pump();
      }
      continue;
    }
    if (got) {
      break_line(errors::connection_closed{l.stream->peer()});
    } else if (!got.error().is<errors::deadline>() || !cx.check()) {
      if (!cx.cancelled()) {
        break_line(got.error());
      }
      break;
    }
  }
}

// Leaves a server in order that has announced its end.
task<void> nats_client::impl::leave_loop(context& cx) {
  while (!lame_duck) {
    auto told = co_await to_leave.wait(cx);
    if (!told) {
      co_return;
    }
  }
  if (line == nullptr) {
    co_return;
  }
  say_farewell();
  // What was sent to us before that has come once this ping is answered.
  nats::pending_call last(nats::pending_call::kind::flush, nullptr);
  const stake here(*this, last, turn::at_once);
  const auto until = saturating_add(cx.now(), leaves_within);
  while (cx.now() < until && line != nullptr && !may_leave()) {
    auto slept = co_await sleep_for(cx, looks_every);
    if (!slept) {
      break;
    }
  }
  if (line != nullptr) {
    break_line(errors::unavailable{line->peer(), "the server shuts down", std::nullopt});
  }
}

// ---- calls

task<result<void>> nats_client::impl::carry_out(context& cx, nats::pending_call& op) {
  auto ready = prepare(cx, op);
  if (!ready) {
    co_return ready;
  }
  const stake here(*this, op);
  while (!op.outcome) {
    const context limited = cx.with_deadline(until(op));
    waiter w(limited);
    op.who = &w;
    const auto woken = co_await w.wait();
    op.who = nullptr;
    if (op.outcome) {
      break;
    }
    auto why = given_up(cx, op, woken);
    if (why) {
      co_return fail(std::move(*why));
    }
  }
  co_return std::move(*op.outcome);
}

task<result<void>> nats_client::impl::publish(std::shared_ptr<impl> self, context& cx,
                                              const broker_message& m) {
  nats::pending_call op(nats::pending_call::kind::publish, &m);
  auto done = co_await self->carry_out(cx, op);
  co_return done;
}

task<result<broker_message>> nats_client::impl::request(std::shared_ptr<impl> self, context& cx,
                                                        const broker_message& m) {
  nats::pending_call op(nats::pending_call::kind::request, &m);
  auto done = co_await self->carry_out(cx, op);
  if (!done) {
    co_return fail(std::move(done).error());
  }
  co_return std::move(op.reply);
}

task<result<void>> nats_client::impl::ping(std::shared_ptr<impl> self, context& cx) {
  nats::pending_call op(nats::pending_call::kind::flush, nullptr);
  auto done = co_await self->carry_out(cx, op);
  co_return done;
}

task<result<std::unique_ptr<subscription>>> nats_client::impl::subscribe(
    std::shared_ptr<impl> self, context& cx, task_scope& scope, subscription_options options,
    broker_handler handler) {
  auto ok = detail::usable(options, handler);
  if (ok && (self->draining || self->ended)) {
    ok = fail(errors::unavailable{own_name, "the client is drained", std::nullopt});
  }
  if (ok) {
    ok = cx.check();
  }
  if (!ok) {
    co_return fail(std::move(ok).error());
  }
  trial made(self->add_entry(self, options));
  made.one->inbox.emplace(scope, std::move(options), std::move(handler), *made.one);
  nats::pending_call op(nats::pending_call::kind::confirm, nullptr);
  ok = co_await self->carry_out(cx, op);
  if (ok && made.one->refused) {
    ok = fail(*made.one->refused);
  }
  if (!ok) {
    co_return fail(std::move(ok).error());
  }
  std::unique_ptr<subscription> out = std::make_unique<holding>(self, std::move(made.one));
  co_return out;
}

// ---- the end

// Until the server has heard all that was said, and what it said before that has come. Without a
// connection, and when there is no answer, there is nothing to wait for.
task<void> nats_client::impl::sync(context& cx, time_point until) {
  if (line != nullptr) {
    auto limited = cx.with_deadline(until);
    nats::pending_call op(nats::pending_call::kind::flush, nullptr);
    auto answered = co_await carry_out(limited, op);
    static_cast<void>(answered);
  }
}

// Of one subscription: what the server has sent before it heard of it has come once a ping is
// answered.
task<result<void>> nats_client::impl::drain_one(std::shared_ptr<impl> self,
                                                std::shared_ptr<nats::entry> one, context& cx,
                                                duration grace) {
  const auto until = saturating_add(cx.now(), grace);
  self->unsubscribe(*one);
  co_await self->sync(cx, until);
  one->leave();
  const auto left = std::max(until - cx.now(), duration::zero());
  auto drained = co_await one->inbox->drain(cx, left);
  co_return drained;
}

task<result<void>> nats_client::impl::drain(std::shared_ptr<impl> self, context& cx,
                                            duration grace) {
  self->draining = true;
  const auto until = saturating_add(cx.now(), grace);
  const auto left = [&] { return std::max(until - cx.now(), duration::zero()); };
  const auto all = self->entries;
  for (const auto& [id, one] : all) {
    self->unsubscribe(*one);
  }
  co_await self->sync(cx, until);
  result<void> outcome;
  const auto keep = [&](result<void> r) {
    if (!r && outcome) {
      outcome = std::move(r);
    }
  };
  for (const auto& [id, one] : all) {
    one->leave();
    one->inbox->close();
  }
  for (const auto& [id, one] : all) {
    auto drained = co_await one->inbox->drain(cx, left());
    keep(std::move(drained));
  }
  co_await self->sync(cx, until);
  self->closing = true;
  const auto idle = [&] { return self->live == 0 || self->ended; };
  auto waited = co_await detail::wait_out(cx, left(), own_name, self->enders, idle);
  keep(std::move(waited));
  if (self->root != nullptr) {
    self->root->cancel();
  }
  const auto over = [&] { return self->ended; };
  co_await detail::join_in(cx.env(), self->enders, over);
  co_return outcome;
}

nats_client::nats_client(task_scope& scope, nats_options options) {
  auto& env = scope.shared_context().env();
  impl_ = std::make_shared<impl>(std::move(options), env);
  scope.spawn([self = impl_](context& cx) { return impl::run(self, cx); });
}

nats_client::~nats_client() {
  impl_->draining = true;
  impl_->closing = true;
  const auto all = impl_->entries;
  for (const auto& [id, one] : all) {
    one->leave();
    one->inbox->close();
  }
  if (impl_->root != nullptr) {
    impl_->root->cancel();
  }
}

task<result<void>> nats_client::publish(context& cx, const broker_message& m) {
  return impl::publish(impl_, cx, m);
}

task<result<broker_message>> nats_client::request(context& cx, const broker_message& m) {
  return impl::request(impl_, cx, m);
}

task<result<std::unique_ptr<subscription>>> nats_client::subscribe(context& cx, task_scope& scope,
                                                                   subscription_options options,
                                                                   broker_handler handler) {
  return impl::subscribe(impl_, cx, scope, std::move(options), std::move(handler));
}

task<result<void>> nats_client::drain(context& cx, duration grace) {
  return impl::drain(impl_, cx, grace);
}

task<result<void>> nats_client::flush(context& cx) {
  return impl::ping(impl_, cx);
}

nats_client_stats nats_client::stats() const noexcept {
  auto out = impl_->counts;
  out.connected = impl_->line != nullptr;
  out.subscriptions = impl_->entries.size();
  out.requests = impl_->requests.size();
  out.waiting = impl_->waiting.size();
  return out;
}

std::string nats_client::server() const {
  return impl_->servers.current().name();
}

const std::optional<error>& nats_client::last_failure() const noexcept {
  return impl_->last_failure;
}

}  // namespace fairlead
