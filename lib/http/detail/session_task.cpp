// SPDX-License-Identifier: BSL-1.0
// How it works: a handler that answers without waiting costs nothing but its own frame. When one is
// still running after a moment, a second task starts to watch the connection; it is joined before
// the session goes on, so that nobody else reads from the stream meanwhile.
#include "session_task.hpp"

#include "outgoing_body.hpp"
#include "session.hpp"

#include <fairlead/core/sleep.hpp>
#include <fairlead/core/waiter.hpp>
#include <fairlead/net/close_in_order.hpp>

#include <exception>
#include <memory>
#include <optional>

namespace fairlead::http::detail {

namespace {

using namespace std::chrono_literals;

constexpr duration watch_after = 20ms;        // a handler is watched when it takes longer
constexpr duration look_again_after = 200ms;  // at a client that has sent much ahead
constexpr int most_in_a_row = 16;  // answers without a wait, before others have their turn

// Cancels a handler whose client has gone.
class watch : timer_node {
 public:
  /// `cx` is that of the session, above `handler`.
  watch(context& cx, session& s, cancel_scope& handler, task_scope& watchers, time_point now)
      : timer_node([](timer_node& n) noexcept { static_cast<watch&>(n).start(); }),
        cx_(cx),
        session_(s),
        handler_(handler),
        watchers_(watchers) {
    handler_.env().timers().arm(*this, saturating_add(now, watch_after));
  }
  watch(const watch&) = delete;
  watch& operator=(const watch&) = delete;
  ~watch() { handler_.env().timers().disarm(*this); }

  [[nodiscard]] bool started() const noexcept { return end_ != nullptr; }

  /// Ends the watching task. Once it was started, its end must be awaited before this is destroyed.
  [[nodiscard]] task<wake> stop() noexcept {
    if (own_ != nullptr) {
      own_->cancel();
    }
    return std::move(end_->wait);
  }
  void disarm() noexcept { handler_.env().timers().disarm(*this); }

 private:
  // How the end of the watching task is waited for.
  struct join {
    explicit join(context& cx) : unused(cx), told(joining, unused), wait(told.wait()) {}
    cancel_scope unused;
    waiter told;
    task<wake> wait;
  };

  // All frames are made here, that of the join too: a handler that there is no memory to watch runs
  // unwatched, and one that is watched can always wait for the watching task to end.
  void start() noexcept {
    // Who reads the body while it arrives is the only one to read; what it has not read cannot hide
    // that the client is gone.
    if (session_.body_open()) {
      if (session_.stream().peer_has_left()) {
        handler_.cancel();
      } else {
        auto& env = handler_.env();
        env.timers().arm(*this, saturating_add(env.now(), look_again_after));
      }
      return;
    }
    try {
      end_ = std::make_unique<join>(cx_);
      auto watching = run();
      watchers_.spawn(std::move(watching));
    } catch (...) {
      end_.reset();
    }
  }

  task<void> run() {
    cancel_scope own(cx_);
    own_ = &own;
    try {
      co_await look_until_gone(own);
    } catch (...) {
      own_ = nullptr;  // no memory to go on watching
    }
    own_ = nullptr;
    end_->told.notify();
  }

  task<void> look_until_gone(cancel_scope& own) {
    for (;;) {
      auto ready = co_await session_.stream().wait(own, net::direction::read);
      if (!ready) {
        break;
      }
      const auto seen = session_.look();
      if (seen == session::sign::gone) {
        handler_.cancel();
        break;
      }
      if (seen == session::sign::full) {
        auto slept = co_await sleep_for(own, look_again_after);
        if (!slept) {
          break;
        }
      }
    }
  }

  context& cx_;
  session& session_;
  cancel_scope& handler_;
  task_scope& watchers_;
  cancel_scope* own_ = nullptr;
  std::unique_ptr<join> end_;  // on the heap: the frame around this must stay small
};

// Never throws: the watching task, which refers to the handler's frame, has to be joined first.
std::string text_of(const char* what) noexcept {
  try {
    return what;
  } catch (...) {
    return {};
  }
}

// Runs the handler; what it throws becomes text.
task<session_step> run_handler(context& cx, session& s, task_scope& watchers) {
  const auto now = cx.now();
  cancel_scope scope(s.traced(cx.with_deadline(saturating_add(now, s.handler_timeout()))));
  watch client(cx, s, scope, watchers, now);
  bool answered = false;
  std::string thrown;
  try {
    auto outcome = co_await s.target().handle(scope, s.request());
    s.take_answer(std::move(outcome));
    answered = true;
  } catch (const std::exception& e) {
    thrown = text_of(e.what());
  } catch (...) {
    thrown = text_of("an exception that is not a std::exception");
  }
  client.disarm();
  if (client.started()) {
    co_await client.stop();
  }
  co_return answered ? s.respond() : s.threw(thrown);
}

// Runs the source of a streamed answer. Nothing but the client's leaving and the server's end ends
// its context: a body may take as long as it takes.
task<session_step> run_source(context& cx, session& s, task_scope& watchers) {
  using how = session::stream_end;
  const auto& o = s.options();
  outgoing_body out(s.stream(), s.encoder(), patience(o.min_write_rate(), o.write_timeout()));
  const auto source = s.answer().source();
  cancel_scope scope(s.traced(cx));
  watch client(cx, s, scope, watchers, cx.now());
  std::optional<result<void>> outcome;
  std::string thrown;
  try {
    auto written = co_await source->write_to(scope, out);
    if (written) {
      written = co_await out.finish(scope);
    }
    outcome.emplace(std::move(written));
  } catch (const std::exception& e) {
    thrown = text_of(e.what());
  } catch (...) {
    thrown = text_of("an exception that is not a std::exception");
  }
  client.disarm();
  if (client.started()) {
    co_await client.stop();
  }
  s.count_streamed(out.taken());
  auto end = out.begun() ? how::broken : how::unsent;
  if (out.lost()) {
    end = how::lost;
  } else if (outcome && *outcome) {
    end = how::whole;
  }
  if (!outcome) {
    co_return s.stream_threw(end, thrown);
  }
  co_return s.streamed(end, std::move(*outcome));
}

// The counter also goes down when the loop goes away under it.
struct upgraded_now {
  explicit upgraded_now(server_stats& s) noexcept : stats(s) { ++stats.upgraded; }
  upgraded_now(const upgraded_now&) = delete;
  upgraded_now& operator=(const upgraded_now&) = delete;
  ~upgraded_now() { --stats.upgraded; }
  server_stats& stats;
};

task<void> run_upgrade(context& cx, server_state& shared, session& s, context& calm) {
  auto taken = s.hand_over();
  const upgraded_now here(shared.stats);
  auto& run = *taken.to;
  co_await run(cx, std::move(taken.stream), calm);
}

}  // namespace

task<void> serve_connection(context& cx, server_state& shared, cancel_scope& idle,
                            task_scope& watchers, std::unique_ptr<net::stream> s) {
  session one(shared, cx.env(), std::move(s));
  auto step = session_step::wait_read;
  int in_a_row = 0;
  while (step != session_step::close) {
    if (step == session_step::read) {
      // A client that pipelines without end, and reads, would keep everything else waiting.
      if (++in_a_row >= most_in_a_row) {
        in_a_row = 0;
        auto turn = co_await yield(cx);
        if (!turn) {
          step = one.gave_up(turn.error());
          continue;
        }
      }
      step = one.read();
      continue;
    }
    if (step == session_step::handle) {
      step = co_await run_handler(cx, one, watchers);
      continue;
    }
    if (step == session_step::upgrade) {
      co_await run_upgrade(cx, shared, one, idle);
      co_return;
    }
    if (step == session_step::stream) {
      step = co_await run_source(cx, one, watchers);
      continue;
    }
    in_a_row = 0;
    const bool writing = step == session_step::wait_write;
    const bool hurries = one.fresh() && idle.cancelled();
    if (hurries) {
      one.hurry();
    }
    const bool calm = one.idle() || (one.fresh() && !hurries);
    const context& under = calm ? static_cast<const context&>(idle) : cx;
    auto limited = under.with_deadline(one.limit());
    auto ready =
        co_await one.stream().wait(limited, writing ? net::direction::write : net::direction::read);
    if (!ready) {
      const bool drains = calm && one.fresh() && idle.cancelled() && !cx.cancelled();
      step = drains ? session_step::wait_read : one.gave_up(ready.error());
    } else {
      step = writing ? one.write() : one.read();
    }
  }
  if (one.lingers() && !cx.cancelled()) {
    co_await net::close_in_order(cx, one.stream());
  } else {
    one.stream().close();
  }
}

}  // namespace fairlead::http::detail
