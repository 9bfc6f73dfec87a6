// SPDX-License-Identifier: BSL-1.0
// How it works: a call lives in the frame of its caller. It stands in `waiting`, then, once its
// request went out, in the matcher, until its reply, its own end or that of the connection takes it
// out. The client's task makes connections, reads replies and ends calls; beside it, while there is
// a connection, a second one writes what the stream did not take at once.
#include <fairlead/net/framed_client.hpp>

#include "detail/exchange.hpp"

#include <fairlead/core/in_line.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/net/framed.hpp>
#include <fairlead/net/tls_client.hpp>

#include <stdexcept>
#include <utility>

namespace fairlead::net {

namespace {

constexpr std::size_t most_in_flight = 65'536;

void check(const open_stream& open, const framed_client_options& o) {
  std::string text;
  const auto require = [&](bool holds, std::string_view problem) {
    if (!holds) {
      text += text.empty() ? "net::framed_client: " : "; ";
      text += problem;
    }
  };
  require(static_cast<bool>(open), "there is nothing to connect with");
  require(o.max_in_flight >= 1 && o.max_in_flight <= most_in_flight,
          "max_in_flight must be 1 to 65536");
  require(o.max_waiting >= 1, "max_waiting must be at least 1");
  require(o.max_given_up >= 1, "max_given_up must be at least 1");
  require(o.max_untaken >= 1, "max_untaken must be at least 1");
  require(o.call_timeout > duration::zero(), "call_timeout must be positive");
  require(o.connect_timeout > duration::zero(), "connect_timeout must be positive");
  require(o.write_timeout > duration::zero(), "write_timeout must be positive");
  require(o.idle_timeout > duration::zero(), "idle_timeout must be positive");
  require(o.first_pause > duration::zero(), "first_pause must be positive");
  require(o.longest_pause >= o.first_pause, "longest_pause must not be below first_pause");
  if (!text.empty()) {
    throw std::invalid_argument(text);
  }
}

}  // namespace

struct framed_client::impl : detail::exchange {
  impl(open_stream o, any_framer f, reply_rules rules, const framed_client_options& opts)
      : exchange(std::move(f), std::move(rules), opts), open(std::move(o)) {}

  // A call's stake, gone with its frame.
  struct stake {
    stake(impl& i, detail::pending& c) noexcept : self(i), call(c) { ++self.live; }
    stake(const stake&) = delete;
    stake& operator=(const stake&) = delete;
    ~stake() { self.leave(call); }
    impl& self;
    detail::pending& call;
  };

  // The client's task, from its begin to its end, whatever ends it.
  struct running {
    running(impl& i, cancel_scope& own) noexcept : self(i) { self.root = &own; }
    running(const running&) = delete;
    running& operator=(const running&) = delete;
    ~running() {
      self.root = nullptr;
      self.ended = true;
      self.line = nullptr;
      self.end_all();
      self.enders.notify_all();
    }
    impl& self;
  };

  static task<result<std::string>> call(std::shared_ptr<impl> self, context& cx,
                                        std::string_view request, detail::pending::expects replies);
  static task<result<void>> each_reply(std::shared_ptr<impl> self, context& cx,
                                       std::string_view request, const take_reply& take);
  static task<result<void>> post(std::shared_ptr<impl> self, context& cx, std::string_view message);
  static task<void> run(std::shared_ptr<impl> self, context cx);
  task<result<void>> wanted(context& cx);
  task<result<connection>> connect(context& cx);
  task<void> use(context& cx, stream& s);
  task<void> write_loop(context& cx, stream& s);
  task<void> read_loop(context& cx, stream& s);
  [[nodiscard]] bool keeps_reading(const error& e, const context& cx) const;
  static task<result<void>> drain(std::shared_ptr<impl> self, context& cx, duration grace);

  open_stream open;
  cancel_scope* root = nullptr;  // the task's
};

task<result<std::string>> framed_client::impl::call(std::shared_ptr<impl> self, context& cx,
                                                    std::string_view request,
                                                    detail::pending::expects replies) {
  detail::pending c;
  c.replies = replies;
  auto ready = self->prepare(cx, c, request);
  if (!ready) {
    co_return fail(std::move(ready).error());
  }
  const stake here(*self, c);
  self->enter(c);
  if (!c.outcome) {
    const context limited = cx.with_deadline(c.limit);
    waiter w(limited, "a reply");
    c.who = &w;
    const auto woken = co_await w.wait();
    c.who = nullptr;
    if (!c.outcome) {
      co_return fail(self->given_up(cx, c, woken));
    }
  }
  co_return std::move(*c.outcome);
}

task<result<void>> framed_client::impl::post(std::shared_ptr<impl> self, context& cx,
                                             std::string_view message) {
  auto sent = co_await call(std::move(self), cx, message, detail::pending::expects::none);
  if (!sent) {
    co_return fail(std::move(sent).error());
  }
  co_return result<void>();
}

task<result<void>> framed_client::impl::each_reply(std::shared_ptr<impl> self, context& cx,
                                                   std::string_view request,
                                                   const take_reply& take) {
  detail::pending c;
  c.replies = detail::pending::expects::several;
  auto ready = self->prepare(cx, c, request);
  if (!ready) {
    co_return ready;
  }
  const stake here(*self, c);
  self->enter(c);
  for (;;) {
    while (!c.untaken.empty()) {
      auto next = std::move(c.untaken.front());
      c.untaken.pop_front();
      auto taken = co_await take(cx, std::move(next));
      if (!taken) {
        co_return taken;
      }
    }
    if (c.outcome) {
      break;
    }
    waiter w(cx, "a reply");
    c.who = &w;
    const auto woken = co_await w.wait();
    c.who = nullptr;
    if (woken != wake::notified && c.untaken.empty() && !c.outcome) {
      co_return fail(self->given_up(cx, c, woken));
    }
  }
  if (!*c.outcome) {
    co_return fail(std::move(*c.outcome).error());
  }
  auto taken = co_await take(cx, std::move(**c.outcome));
  co_return taken;
}

task<void> framed_client::impl::run(std::shared_ptr<impl> self, context cx) {
  cancel_scope own(cx);
  const running here(*self, own);
  for (;;) {
    auto asked = co_await self->wanted(own);
    if (!asked) {
      break;
    }
    auto made = co_await self->connect(own);
    if (own.cancelled()) {
      break;
    }
    if (!made) {
      self->end_waiting(made.error());
      continue;
    }
    ++self->counts.connections;
    co_await self->use(own, **made);
  }
}

// Until a call waits for a connection, and one may be made.
task<result<void>> framed_client::impl::wanted(context& cx) {
  while (waiting.empty() || pace.not_before() > cx.now()) {
    result<void> waited;
    if (waiting.empty()) {
      waited = co_await work.wait(cx);
    } else {
      waited = co_await sleep_until(cx, pace.not_before());
    }
    if (!waited) {
      co_return waited;
    }
  }
  co_return cx.check();
}

task<result<connection>> framed_client::impl::connect(context& cx) {
  auto limited = cx.with_timeout(options.connect_timeout);
  auto made = co_await open(limited);
  if (!made) {
    error e = made.error();
    if (e.is<errors::deadline>()) {
      const error behind = e;
      e = errors::timeout{own_name, options.connect_timeout, timeout_scope::connect};
      e.at(behind.stage()).with_cause(behind);
    }
    e.with_sent(error_sent::not_sent);
    pace.failed(cx.now(), cx.env().random());
    last_failure = e;
    co_return fail(std::move(e));
  }
  co_return made;
}

task<void> framed_client::impl::use(context& cx, stream& s) {
  begin_line(s);
  const auto both = [&](task_scope& beside) -> task<result<void>> {
    beside.spawn([&](context& own) { return write_loop(own, s); });
    pump();
    co_await read_loop(cx, s);
    line = nullptr;
    s.close();
    beside.cancel();
    co_return result<void>{};
  };
  auto joined = co_await with_scope(cx, both);
  static_cast<void>(joined);  // neither of the two gives an error
  line = nullptr;
  // With one request at a time, one that is given up ends the connection: that is no failure of it.
  const bool own_doing = overrun && options.max_in_flight == 1;
  if (broken && !useful && !own_doing) {
    pace.failed(cx.now(), cx.env().random());
    last_failure = *broken;
  }
  if (!cx.cancelled()) {
    end_line();
  }
}

task<void> framed_client::impl::write_loop(context& cx, stream& s) {
  for (;;) {
    result<void> ready;
    if (unsent.empty()) {
      ready = co_await to_write.wait(cx);
      if (!ready) {
        break;
      }
      continue;
    }
    auto limited = cx.with_timeout(options.write_timeout);
    ready = co_await s.wait(limited, direction::write);
    if (line == nullptr || cx.cancelled()) {
      break;
    }
    if (ready) {
      ready = flush();
    } else {
      ready = fail(errors::timeout{s.peer(), options.write_timeout, timeout_scope::idle});
    }
    if (!ready) {
      break_line(std::move(ready).error());
      break;
    }
    pump();
  }
}

// Whether reading ended only because nothing came for a while, and goes on.
bool framed_client::impl::keeps_reading(const error& e, const context& cx) const {
  return e.is<errors::deadline>() && cx.check() && (out.size() > 0 || !waiting.empty());
}

task<void> framed_client::impl::read_loop(context& cx, stream& s) {
  framed<any_framer> in(s, rule);
  struct reading {
    reading(impl& i, const framed<any_framer>& f) noexcept : self(i) { self.incoming = &f; }
    reading(const reading&) = delete;
    reading& operator=(const reading&) = delete;
    ~reading() { self.incoming = nullptr; }
    impl& self;
  };
  const reading here(*this, in);
  while (line != nullptr) {
    // What has come is looked at before more is asked for: it is no reply to that.
    auto next = in.arrived();
    if (!next) {
      pump();
      context limited = cx;
      if (out.size() == 0) {
        limited = cx.with_timeout(options.idle_timeout);
      }
      auto read = co_await in.read(limited);
      next.emplace(std::move(read));
    }
    const auto& got = *next;
    if (got && *got) {
      take(**got);
      continue;
    }
    if (got) {
      break_line(errors::connection_closed{s.peer()});
    } else if (!keeps_reading(got.error(), cx)) {
      const error& e = got.error();
      if (overrun) {
        break_line(errors::unavailable{
            s.peer(), "closed, for the replies to calls that were given up did not come",
            std::nullopt});
      } else if (!e.is<errors::deadline>() && !e.is<errors::cancelled>()) {
        break_line(e);
      }
      break;
    }
  }
}

task<result<void>> framed_client::impl::drain(std::shared_ptr<impl> self, context& cx,
                                              duration grace) {
  self->draining = true;
  const auto idle = [&] { return self->live == 0 || self->ended; };
  auto outcome = co_await fairlead::detail::wait_out(cx, grace, own_name, self->enders, idle);
  if (self->root != nullptr) {
    self->root->cancel();
  }
  const auto over = [&] { return self->ended; };
  co_await fairlead::detail::join_in(cx.env(), self->enders, over);
  co_return outcome;
}

framed_client::framed_client(task_scope& scope, open_stream open, any_framer rule,
                             framed_client_options options)
    : framed_client(scope, std::move(open), std::move(rule), reply_rules(), options) {}

framed_client::framed_client(task_scope& scope, open_stream open, any_framer rule, message_id id_of,
                             framed_client_options options)
    : framed_client(scope, std::move(open), std::move(rule), reply_rules{std::move(id_of), {}, {}},
                    options) {}

framed_client::framed_client(task_scope& scope, open_stream open, any_framer rule,
                             reply_rules rules, framed_client_options options) {
  check(open, options);
  impl_ = std::make_shared<impl>(std::move(open), std::move(rule), std::move(rules), options);
  scope.spawn([self = impl_](context& cx) { return impl::run(self, cx); });
}

framed_client::~framed_client() {
  impl_->draining = true;
  if (impl_->root != nullptr) {
    impl_->root->cancel();
  }
}

task<result<std::string>> framed_client::call(context& cx, std::string_view request) {
  return impl::call(impl_, cx, request, detail::pending::expects::one);
}

task<result<void>> framed_client::call_each(context& cx, std::string_view request,
                                            const take_reply& take) {
  return impl::each_reply(impl_, cx, request, take);
}

task<result<void>> framed_client::post(context& cx, std::string_view message) {
  return impl::post(impl_, cx, message);
}

task<result<void>> framed_client::drain(context& cx, duration grace) {
  return impl::drain(impl_, cx, grace);
}

framed_client_stats framed_client::stats() const noexcept {
  auto out = impl_->counts;
  out.waiting = impl_->waiting.size();
  out.in_flight = impl_->out.size();
  out.given_up = impl_->out.abandoned();
  return out;
}

open_stream connects_to(network& net, std::string host, std::uint16_t port) {
  return
      [&net, host = std::move(host), port](context& cx) { return connect_to(cx, net, host, port); };
}

open_stream connects_to(network& net, std::string host, std::uint16_t port, tls_client client) {
  return [&net, host = std::move(host), port,
          client = std::move(client)](context& cx) -> task<result<connection>> {
    auto made = co_await connect_to(cx, net, host, port);
    if (!made) {
      co_return made;
    }
    const auto begun = cx.env().now();
    auto secured = co_await tls_connect(cx, std::move(made->stream), client, host);
    if (!secured) {
      co_return fail(std::move(secured).error());
    }
    auto times = made->times;
    times.tls = cx.env().now() - begun;
    co_return connection(std::move(*secured), times);
  };
}

open_stream connects_to(network& net, endpoint to) {
  return [&net, to = std::move(to)](context& cx) -> task<result<connection>> {
    const auto begun = cx.now();
    auto made = co_await net.connect(cx, to);
    if (!made) {
      co_return fail(std::move(made).error());
    }
    co_return connection(std::move(*made), connect_times{{}, cx.now() - begun, {}});
  };
}

}  // namespace fairlead::net
