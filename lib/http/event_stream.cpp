// SPDX-License-Identifier: BSL-1.0
// How it works: the producer runs beside a task that sends a comment whenever nothing was sent for
// a while; whichever ends in an error ends the other.
#include <fairlead/http/event_stream.hpp>

#include <fairlead/core/errors.hpp>
#include <fairlead/core/mutex.hpp>
#include <fairlead/core/sleep.hpp>
#include <fairlead/core/task_scope.hpp>

#include <memory>
#include <string>
#include <utility>

namespace fairlead::http {

namespace detail {

/// One event after the other, and when the last one left.
class event_sender {
 public:
  event_sender(body_writer& out, time_point now) noexcept : out_(out), sent_(now) {}

  [[nodiscard]] time_point last_sent() const noexcept { return sent_; }

  task<result<void>> send(context& cx, std::string_view text) {
    auto turn = co_await turns_.lock(cx);
    if (!turn) {
      co_return fail(std::move(turn).error());
    }
    auto put = co_await out_.write(cx, text);
    if (put) {
      put = co_await out_.flush(cx);
    }
    sent_ = cx.env().now();
    co_return put;
  }

 private:
  body_writer& out_;
  async_mutex turns_;
  time_point sent_;
};

}  // namespace detail

namespace {

using detail::event_sender;

task<result<void>> keep_alive(context& cx, event_sender& sender, duration heartbeat) {
  for (;;) {
    auto slept = co_await sleep_until(cx, saturating_add(sender.last_sent(), heartbeat));
    if (!slept) {
      co_return slept;
    }
    if (cx.env().now() - sender.last_sent() >= heartbeat) {
      auto sent = co_await sender.send(cx, ":\n\n");
      if (!sent) {
        co_return sent;
      }
    }
  }
}

class event_source_body final : public body_source {
 public:
  event_source_body(event_producer f, event_stream_options options)
      : f_(std::move(f)), options_(options) {}

  task<result<void>> write_to(context& cx, body_writer& out) override {
    event_sender sender(out, cx.env().now());
    event_writer writer(sender);
    // So that the client has the head at once.
    auto opened = co_await sender.send(cx, ":\n\n");
    if (!opened) {
      co_return opened;
    }
    cancel_scope producing(cx);
    cancel_scope beating(cx);
    std::optional<error> lost;
    const auto produce_all = [&](task_scope& beside) -> task<result<void>> {
      beside.spawn([&](context& own) { return beat(own, beating, producing, sender, lost); });
      auto done = co_await f_(producing, writer);
      beating.cancel();
      co_return done;
    };
    auto done = co_await with_scope(cx, produce_all);
    if (!done && lost) {
      co_return fail(std::move(*lost));
    }
    co_return done;
  }

 private:
  // The client is gone, or takes nothing: the producer need not find out by itself.
  task<void> beat(context&, cancel_scope& beating, cancel_scope& producing, event_sender& sender,
                  std::optional<error>& lost) const {
    auto ended = co_await keep_alive(beating, sender, options_.heartbeat);
    if (!ended && !beating.cancelled()) {
      lost = std::move(ended).error();
      producing.cancel();
    }
  }

  event_producer f_;
  event_stream_options options_;
};

}  // namespace

task<result<void>> event_writer::send(context& cx, server_event e) {
  auto text = format_event(e);
  if (!text) {
    co_return fail(std::move(text).error());
  }
  auto sent = co_await to_.send(cx, *text);
  co_return sent;
}

task<result<void>> event_writer::comment(context& cx, std::string_view text) {
  if (text.find_first_of("\r\n") != text.npos) {
    co_return fail(errors::invalid_argument{"event_writer::comment", "the text has a line break"});
  }
  std::string line = ": ";
  line += text;
  line += "\n\n";
  auto sent = co_await to_.send(cx, line);
  co_return sent;
}

task<result<void>> event_writer::retry(context& cx, duration wait) {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(std::max(wait, duration::zero()));
  const std::string line = "retry: " + std::to_string(ms.count()) + "\n\n";
  auto sent = co_await to_.send(cx, line);
  co_return sent;
}

response event_stream(event_producer f, event_stream_options options) {
  response out;
  out.header("Content-Type", "text/event-stream").header("Cache-Control", "no-store");
  out.header("X-Accel-Buffering", "no");  // nginx would collect events before it passes them on
  out.body(std::make_shared<event_source_body>(std::move(f), options));
  return out;
}

std::string_view last_event_id(const request& r) noexcept {
  return r.headers().get("Last-Event-ID").value_or(std::string_view());
}

}  // namespace fairlead::http
