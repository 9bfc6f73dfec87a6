// SPDX-License-Identifier: BSL-1.0
// How it works: a handler that answers without waiting costs nothing but its own frame. When one is
// still running after a moment, a second task starts to watch the connection; it is joined before
// the session goes on, so that nobody else reads from the stream meanwhile.
#include "session_task.hpp"

#include "session.hpp"

#include <fairlead/core/sleep.hpp>
#include <fairlead/core/waiter.hpp>

#include <exception>

namespace fairlead::http::detail {

namespace {

using namespace std::chrono_literals;

constexpr duration watch_after = 20ms;   // a handler is watched when it takes longer
constexpr duration longest_linger = 1s;  // for a client to read its answer
constexpr int most_in_a_row = 16;        // answers without a wait, before others have their turn
constexpr std::size_t most_lingered = 256 * 1024;

// Cancels a handler whose client has gone.
class watch : timer_node {
 public:
  watch(session& s, cancel_scope& handler, task_scope& watchers, time_point now)
      : timer_node([](timer_node& n) noexcept { static_cast<watch&>(n).start(); }),
        session_(s),
        handler_(handler),
        watchers_(watchers) {
    handler_.env().timers().arm(*this, saturating_add(now, watch_after));
  }
  watch(const watch&) = delete;
  watch& operator=(const watch&) = delete;
  ~watch() { handler_.env().timers().disarm(*this); }

  [[nodiscard]] bool started() const noexcept { return running_; }

  /// Ends the watching task and waits for it. `cx` outlives the handler's context.
  task<void> stop(context& cx) {
    handler_.env().timers().disarm(*this);
    while (running_) {
      cancel_scope unused(cx);
      waiter w(joining, unused);
      joiner_ = &w;
      if (own_ != nullptr) {
        own_->cancel();
      }
      co_await w.wait();
      joiner_ = nullptr;
    }
  }

 private:
  void start() noexcept {
    running_ = true;
    watchers_.spawn([this](context& cx) { return run(cx); });
  }

  task<void> run(context& cx) {
    cancel_scope own(cx);
    own_ = &own;
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
        break;
      }
    }
    own_ = nullptr;
    running_ = false;
    if (joiner_ != nullptr) {
      joiner_->notify();
    }
  }

  session& session_;
  cancel_scope& handler_;
  task_scope& watchers_;
  cancel_scope* own_ = nullptr;
  waiter* joiner_ = nullptr;
  bool running_ = false;
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
task<session_step> run_handler(context& cx, server_state& shared, session& s,
                               task_scope& watchers) {
  const auto now = cx.now();
  const auto limited = cx.with_deadline(saturating_add(now, shared.options.handler_timeout()));
  cancel_scope scope(limited);
  watch client(s, scope, watchers, now);
  std::optional<result<response>> answer;
  std::string thrown;
  try {
    auto outcome = co_await s.target().handle(scope, s.request());
    answer.emplace(std::move(outcome));
  } catch (const std::exception& e) {
    thrown = text_of(e.what());
  } catch (...) {
    thrown = text_of("an exception that is not a std::exception");
  }
  if (client.started()) {
    co_await client.stop(cx);
  }
  if (answer) {
    co_return s.respond(std::move(*answer));
  }
  co_return s.threw(thrown);
}

// Reads what the client still sends, so that closing does not destroy the answer on its way.
task<void> linger(context& cx, net::stream& s) {
  auto limited = cx.with_timeout(longest_linger);
  auto ended = co_await s.shutdown_write(limited);
  std::size_t seen = 0;
  std::array<std::byte, 1024> sink;
  while (ended && seen < most_lingered) {
    auto n = co_await net::read_some(limited, s, sink);
    if (!n || *n == 0) {
      break;
    }
    seen += *n;
  }
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
      step = co_await run_handler(cx, shared, one, watchers);
      continue;
    }
    in_a_row = 0;
    const bool writing = step == session_step::wait_write;
    const context& under = one.idle() ? static_cast<const context&>(idle) : cx;
    auto limited = under.with_deadline(one.limit());
    auto ready =
        co_await one.stream().wait(limited, writing ? net::direction::write : net::direction::read);
    if (!ready) {
      step = one.gave_up(ready.error());
    } else {
      step = writing ? one.write() : one.read();
    }
  }
  if (one.lingers() && !cx.cancelled()) {
    co_await linger(cx, one.stream());
  }
  one.stream().close();
}

}  // namespace fairlead::http::detail
