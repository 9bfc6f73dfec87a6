// SPDX-License-Identifier: BSL-1.0
// Template parts of framed.hpp.
#pragma once

#include <fairlead/net/framed.hpp>

namespace fairlead::net {

template <framer F>
auto framed<F>::look() -> std::optional<result<message>> {
  auto step = framer_.next(buffer_.unread());
  if (!step) {
    return fail(named(std::move(step).error()));
  }
  if (step->frame) {
    handed_out_ = step->consumed;
    whole_by_ = no_deadline;
    return result<message>(step->frame);
  }
  if (step->consumed > 0) {  // passed over: what comes next has a time of its own
    buffer_.consume(step->consumed);
    whole_by_ = no_deadline;
  }
  return std::nullopt;
}

template <framer F>
auto framed<F>::at_end() -> result<message> {
  auto last = framer_.end(buffer_.unread());
  if (!last) {
    return fail(named(std::move(last).error()));
  }
  handed_out_ = last->consumed;
  return last->frame;
}

template <framer F>
auto framed<F>::arrived() -> std::optional<result<message>> {
  buffer_.consume(std::exchange(handed_out_, 0));
  return look();
}

// How long to wait for more: an idle stream for as long as its buffer is kept.
template <framer F>
context framed<F>::until(context& cx) {
  if (buffer_.idle()) {
    return cx.with_timeout(patience);
  }
  if (message_time_ != duration::max() && !buffer_.unread().empty()) {
    if (whole_by_ == no_deadline) {
      whole_by_ = saturating_add(cx.now(), message_time_);
    }
    return cx.with_deadline(whole_by_);
  }
  return cx;
}

// A wait has ended in `e`: the error for the caller.
template <framer F>
error framed<F>::gave_up(error e, const context& cx) {
  if (e.is<errors::deadline>() && whole_by_ < cx.deadline()) {
    return errors::timeout{stream_.peer(), message_time_, timeout_scope::head};
  }
  return e;
}

template <framer F>
error framed<F>::named(error e) const {
  return e.with_target(stream_.peer()).with_sent(error_sent::unknown);
}

template <framer F>
task<result<std::optional<std::string_view>>> framed<F>::read(context& cx) {
  if (cx.cancelled()) {
    co_return fail(errors::cancelled{});
  }
  buffer_.consume(std::exchange(handed_out_, 0));
  for (;;) {
    auto seen = look();
    if (seen) {
      co_return std::move(*seen);
    }
    io_attempt got;
    if (buffer_.capacity() > 0 && stream_.worth_trying(direction::read)) {
      got = buffer_.fill(stream_);
    }
    while (!got) {
      const bool idle = buffer_.idle();
      context limited = until(cx);
      auto ready = co_await stream_.wait(limited, direction::read);
      if (!ready && idle && ready.error().template is<errors::deadline>() && cx.check()) {
        buffer_.release();
        ready = co_await stream_.wait(cx, direction::read);
      }
      if (!ready) {
        co_return fail(gave_up(std::move(ready).error(), cx));
      }
      got = buffer_.fill(stream_);
    }
    if (!*got) {
      co_return fail(std::move(*got).error());
    }
    if (**got == 0) {
      co_return at_end();
    }
  }
}

template <framer F>
task<result<void>> framed<F>::write(context& cx, std::string_view text) {
  auto edges = framer_.edges(text);
  if (!edges) {
    edges.error().at(error_stage::write);
    co_return fail(std::move(edges).error());
  }
  const std::array pieces = {std::as_bytes(std::span(edges->before())),
                             std::as_bytes(std::span(text)),
                             std::as_bytes(std::span(edges->after()))};
  auto written = co_await write_all(cx, stream_, const_buffers(pieces));
  co_return written;
}

}  // namespace fairlead::net
