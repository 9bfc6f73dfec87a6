// SPDX-License-Identifier: BSL-1.0
// How it works: a session reads requests. With one at a time it handles and answers each before it
// reads on. With more, each is a task in the session's scope, and holds a permit until its reply is
// written; whoever finds the reply that is next in order ready, and nobody writing, writes it and
// all that follow it.
#include <fairlead/net/framed_server.hpp>

#include <fairlead/core/mutex.hpp>
#include <fairlead/core/semaphore.hpp>
#include <fairlead/core/task_scope.hpp>
#include <fairlead/net/close_in_order.hpp>
#include <fairlead/net/framed.hpp>

#include "detail/reply_order.hpp"

#include <array>
#include <cstddef>
#include <deque>
#include <exception>
#include <stdexcept>
#include <utility>

namespace fairlead::net {

namespace {

void check(bool has_handler, const framed_server_options& o) {
  std::string text;
  const auto require = [&](bool holds, std::string_view problem) {
    if (!holds) {
      text += text.empty() ? "net::framed_server: " : "; ";
      text += problem;
    }
  };
  require(has_handler, "there is no handler");
  require(o.max_connections >= 1, "max_connections must be at least 1");
  require(o.max_concurrent >= 1 && o.max_concurrent <= 65'536, "max_concurrent must be 1 to 65536");
  require(o.read_timeout > duration::zero(), "read_timeout must be positive");
  require(o.idle_timeout > duration::zero(), "idle_timeout must be positive");
  require(o.handler_timeout > duration::zero(), "handler_timeout must be positive");
  require(o.write_timeout > duration::zero(), "write_timeout must be positive");
  if (!text.empty()) {
    throw std::invalid_argument(text);
  }
}

// What the client sends cannot be read on, but replies can still reach it.
bool makes_no_sense(const error& e) {
  return e.is<errors::too_large>() || e.is<errors::protocol_error>() || e.is<errors::timeout>() ||
         e.is<errors::connection_closed>();
}

}  // namespace

struct framed_server::impl {
  impl(any_framer f, message_handler h, failure_reply r, open_session s,
       const framed_server_options& o)
      : rule(std::move(f)),
        handler(std::move(h)),
        on_failure(std::move(r)),
        open(std::move(s)),
        options(o),
        connections("framed_server", o.max_connections) {}

  // A request that was worked on: its reply, or nothing when the connection is to be closed in its
  // place; and its permit, which lives until that has gone out.
  struct ready {
    std::optional<std::string> reply;
    semaphore::permit permit;
  };

  // One connection, in the frame of its session.
  struct talk {
    talk(impl& i, const cancel_scope& until_drain, std::unique_ptr<stream> s)
        : self(i),
          reading(until_drain),
          under(std::move(s)),
          messages(*under, i.rule),
          permits(i.options.max_concurrent),
          read_ahead(2 * i.options.max_concurrent),
          replies(i.options.max_concurrent) {
      messages.limit_message_time(i.options.read_timeout);
    }
    impl& self;
    cancel_scope reading;  // cancelled when no more is read, by draining or for this one alone
    std::unique_ptr<stream> under;
    framed<any_framer> messages;
    semaphore permits;
    semaphore read_ahead;  // of a session: messages that were read and are not done with
    async_mutex turn;      // of a session: to write
    std::unique_ptr<message_session> speaks;
    detail::reply_order<ready> replies;
    std::deque<ready> outgoing;  // those whose turn it is
    bool writing = false;
    bool broken = false;   // nothing more can be written
    bool refused = false;  // nothing more shall be: a request is not answered
    bool lingers = false;  // the client may be sending still, and shall read its replies
  };

  // Sends for one message of a session. What it writes it writes under the connection's context:
  // half a message would be the end of all others.
  class sender final : public message_sender {
   public:
    sender(impl& i, talk& t, context& connection) noexcept
        : self_(i), t_(t), connection_(connection) {}
    task<result<void>> send(context& cx, std::string_view message) override;

   private:
    impl& self_;
    talk& t_;
    context& connection_;
  };

  task<void> session(context& cx, const session_surroundings& around, std::unique_ptr<stream> s);
  using message = std::optional<std::string_view>;
  task<result<message>> next(talk& t);
  task<result<message>> read(talk& t);
  task<void> one_by_one(context& cx, talk& t);
  task<result<void>> side_by_side(context& cx, talk& t, task_scope& requests);
  void start(talk& t, task_scope& requests, std::string_view text, semaphore::permit permit);
  task<void> one_request(context& cx, talk& t, std::string request, semaphore::permit permit);
  task<void> one_message(context& cx, talk& t, std::string text, semaphore::permit ahead);
  task<result<void>> handle_message(context& cx, talk& t, std::string_view text);
  [[nodiscard]] static bool goes_on(const context& cx, const talk& t, const task_scope& requests,
                                    const error& e);
  task<std::optional<std::string>> answer(context& cx, std::string_view request);
  task<result<std::string>> handle(context& cx, std::string_view request);
  task<bool> write(context& cx, talk& t, std::string_view reply);
  task<void> write_ready(context& cx, talk& t);
  [[nodiscard]] static bool sends_still(talk& t);

  any_framer rule;
  message_handler handler;
  failure_reply on_failure;
  open_session open;
  framed_server_options options;
  accept_loop connections;
  framed_server_stats counts;
};

task<void> framed_server::impl::session(context& cx, const session_surroundings& around,
                                        std::unique_ptr<stream> s) {
  talk t(*this, around.until_drain, std::move(s));
  if (open) {
    t.speaks = open(t.under->peer());
  }
  if (!t.speaks && options.max_concurrent == 1) {
    co_await one_by_one(cx, t);
  } else {
    const auto body = [&](task_scope& requests) { return side_by_side(cx, t, requests); };
    auto ended = co_await with_scope(cx, body);
    static_cast<void>(ended);  // all that failed has been counted
  }
  if (!t.broken && !cx.cancelled() && (t.lingers || sends_still(t))) {
    co_await close_in_order(cx, *t.under);
  }
  t.under->close();
}

// Whether the client is sending what will not be read: closing now would reset the connection, and
// replies that are under way could be lost.
bool framed_server::impl::sends_still(talk& t) {
  if (!t.reading.cancelled()) {
    return false;
  }
  std::array<std::byte, 64> unread;
  const auto more = t.under->try_read(unread);
  return more && *more && **more > 0;
}

// The next request; nothing when there will be none. Also while nothing more is read, as long as
// requests are here that have come before.
task<result<framed_server::impl::message>> framed_server::impl::next(talk& t) {
  auto here = t.messages.arrived();
  if (!here && t.reading.cancelled()) {
    co_return message();
  }
  if (!here) {
    auto got = co_await read(t);
    here.emplace(std::move(got));
  }
  if (!*here) {
    t.lingers = !t.broken && makes_no_sense(here->error());
    counts.unreadable += t.lingers ? 1 : 0;
  }
  co_return std::move(*here);
}

// One that has begun to come has its own time, however long it was waited for. But no more than
// that: what comes may be passed over, and then the connection is as idle as before.
task<result<framed_server::impl::message>> framed_server::impl::read(talk& t) {
  auto limited = t.reading.with_timeout(options.idle_timeout);
  auto got = co_await t.messages.read(limited);
  while (!got && got.error().is<errors::deadline>() && t.messages.has_unread() &&
         t.reading.check()) {
    auto begun = t.reading.with_timeout(options.read_timeout);
    got = co_await t.messages.read(begun);
  }
  co_return got;
}

task<void> framed_server::impl::one_by_one(context& cx, talk& t) {
  for (;;) {
    auto got = co_await next(t);
    if (!got || !*got) {
      break;
    }
    auto reply = co_await answer(cx, **got);
    if (!reply) {
      t.reading.cancel();
      break;
    }
    const bool more = co_await write(cx, t, *reply);
    if (!more) {
      t.broken = true;
      break;
    }
  }
}

task<result<void>> framed_server::impl::side_by_side(context& cx, talk& t, task_scope& requests) {
  while (!t.broken && !t.refused) {
    auto permit = co_await (t.speaks ? t.read_ahead : t.permits).acquire(cx);
    if (!permit || t.broken || t.refused) {
      break;
    }
    auto got = co_await next(t);
    if (got && *got) {
      start(t, requests, **got, std::move(*permit));
      continue;
    }
    // The client says no more, or nothing to the point, or the server drains: what is in progress
    // is answered.
    if (got || got.error().is<errors::cancelled>() || makes_no_sense(got.error())) {
      break;
    }
    if (!goes_on(cx, t, requests, got.error())) {
      co_return fail(std::move(got).error());
    }
  }
  if (t.broken || t.refused) {
    co_return fail(errors::connection_closed{t.under->peer()});  // ends what is in progress
  }
  if (t.speaks) {
    t.speaks->heard_all();
  }
  co_return result<void>{};
}

void framed_server::impl::start(talk& t, task_scope& requests, std::string_view text,
                                semaphore::permit permit) {
  if (t.speaks && t.speaks->settle(text)) {
    return;
  }
  auto one = [this, &t, own_text = std::string(text),
              held = std::move(permit)](context& own) mutable {
    return t.speaks ? one_message(own, t, std::move(own_text), std::move(held))
                    : one_request(own, t, std::move(own_text), std::move(held));
  };
  requests.spawn(std::move(one));
}

task<void> framed_server::impl::one_request(context& cx, talk& t, std::string request,
                                            semaphore::permit permit) {
  const auto number = t.replies.begin();
  ready done{std::nullopt, std::move(permit)};
  auto reply = co_await answer(cx, request);
  done.reply = std::move(reply);
  if (options.sequence == reply_sequence::as_ready) {
    t.outgoing.push_back(std::move(done));
  } else {
    t.replies.put(number, std::move(done));
    for (auto next = t.replies.take(); next; next = t.replies.take()) {
      t.outgoing.push_back(std::move(*next));
    }
  }
  if (!t.writing) {
    co_await write_ready(cx, t);
  }
}

// Not idle: something is in progress.
bool framed_server::impl::goes_on(const context& cx, const talk& t, const task_scope& requests,
                                  const error& e) {
  return e.is<errors::deadline>() && cx.check() && !t.broken && !t.refused &&
         requests.running() > 0;
}

task<void> framed_server::impl::one_message(context& cx, talk& t, std::string text,
                                            semaphore::permit ahead) {
  const auto held = std::move(ahead);
  const auto permit = co_await t.permits.acquire(cx);
  if (!permit || t.broken || t.refused) {
    co_return;
  }
  auto done = co_await handle_message(cx, t, text);
  if (!done && !t.broken) {
    ++counts.failed;
    t.refused = true;
    t.reading.cancel();
  }
}

task<result<void>> framed_server::impl::handle_message(context& cx, talk& t,
                                                       std::string_view text) {
  sender out(*this, t, cx);
  std::string thrown;
  try {
    auto done = co_await t.speaks->handle(cx, text, out);
    co_return done;
  } catch (const std::exception& e) {
    thrown = e.what();
  } catch (...) {
    thrown = "an exception that is not a std::exception";
  }
  co_return fail(errors::application{"internal", thrown});
}

task<result<void>> framed_server::impl::sender::send(context& cx, std::string_view message) {
  if (auto fits = self_.rule.edges(message); !fits) {
    co_return fail(std::move(fits).error());
  }
  const auto turn = co_await t_.turn.lock(cx);
  if (!turn) {
    co_return fail(turn.error());
  }
  if (!t_.broken) {
    const bool written = co_await self_.write(connection_, t_, message);
    if (written) {
      co_return result<void>();
    }
    t_.broken = true;
    t_.reading.cancel();
    t_.under->close();
  }
  co_return fail(errors::connection_closed{t_.under->peer()});
}

task<void> framed_server::impl::write_ready(context& cx, talk& t) {
  t.writing = true;
  while (!t.outgoing.empty() && !t.broken && !t.refused) {
    const ready next = std::move(t.outgoing.front());
    t.outgoing.pop_front();
    if (!next.reply) {
      t.refused = true;
      t.reading.cancel();
      break;
    }
    const bool written = co_await write(cx, t, *next.reply);
    if (!written) {
      t.broken = true;
      t.under->close();
    }
  }
  t.outgoing.clear();
  t.writing = false;
}

task<result<std::string>> framed_server::impl::handle(context& cx, std::string_view request) {
  auto limited = cx.with_timeout(options.handler_timeout);
  std::string thrown;
  try {
    auto reply = co_await handler(limited, request);
    co_return reply;
  } catch (const std::exception& e) {
    thrown = e.what();
  } catch (...) {
    thrown = "an exception that is not a std::exception";
  }
  co_return fail(errors::application{"internal", thrown});
}

// Nothing: the connection is to be closed.
task<std::optional<std::string>> framed_server::impl::answer(context& cx,
                                                             std::string_view request) {
  auto reply = co_await handle(cx, request);
  if (reply) {
    auto fits = rule.edges(*reply);
    if (fits) {
      co_return std::move(*reply);
    }
    reply = fail(std::move(fits).error());
  }
  ++counts.failed;
  if (!on_failure || cx.cancelled()) {
    co_return std::nullopt;
  }
  co_return on_failure(request, reply.error());
}

task<bool> framed_server::impl::write(context& cx, talk& t, std::string_view reply) {
  auto limited = cx.with_timeout(options.write_timeout);
  auto written = co_await t.messages.write(limited, reply);
  counts.requests += written ? 1 : 0;
  co_return written.has_value();
}

framed_server::framed_server(any_framer rule, message_handler handler,
                             framed_server_options options)
    : framed_server(std::move(rule), std::move(handler), failure_reply(), options) {}

framed_server::framed_server(any_framer rule, message_handler handler, failure_reply on_failure,
                             framed_server_options options) {
  check(static_cast<bool>(handler), options);
  impl_ = std::make_unique<impl>(std::move(rule), std::move(handler), std::move(on_failure),
                                 open_session(), options);
}

framed_server::framed_server(any_framer rule, open_session open, framed_server_options options) {
  check(static_cast<bool>(open), options);
  impl_ = std::make_unique<impl>(std::move(rule), message_handler(), failure_reply(),
                                 std::move(open), options);
}

framed_server::~framed_server() = default;

task<result<void>> framed_server::serve(context& cx, std::unique_ptr<listener> from) {
  auto& self = *impl_;
  return self.connections.serve(
      cx, std::move(from),
      [&self](context& own, const session_surroundings& around, std::unique_ptr<stream> s) {
        return self.session(own, around, std::move(s));
      });
}

task<result<void>> framed_server::drain(context& cx, duration grace) {
  return impl_->connections.drain(cx, grace);
}

bool framed_server::draining() const noexcept {
  return impl_->connections.draining();
}

framed_server_stats framed_server::stats() const noexcept {
  auto out = impl_->counts;
  const auto all = impl_->connections.stats();
  out.connections = all.connections;
  out.accepted = all.accepted;
  return out;
}

}  // namespace fairlead::net
