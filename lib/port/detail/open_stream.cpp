// SPDX-License-Identifier: BSL-1.0
#include "detail/open_stream.hpp"

#include "detail/broker_calls.hpp"
#include "detail/last_word.hpp"
#include "detail/stream_lines.hpp"

#include <utility>

namespace fairlead::detail {

namespace {

constexpr std::size_t most_at_once = std::size_t{64} << 10U;  // bytes, unless one line is longer
constexpr duration longest_wait = std::chrono::seconds(5);    // for the first line of an answer

}  // namespace

// One request is answered at a time.
class open_stream::turn {
 public:
  explicit turn(bool& asked) noexcept : asked_(asked) { asked_ = true; }
  turn(const turn&) = delete;
  turn& operator=(const turn&) = delete;
  ~turn() { asked_ = false; }

 private:
  bool& asked_;
};

task<result<void>> open_stream::until_room(context& cx) {
  while (!buffer_.has_room() && !buffer_.ended()) {
    context limited = cx.with_timeout(patience_);
    auto woken = co_await taken_.wait(limited);
    if (!woken && woken.error().is<errors::deadline>() && cx.check()) {
      woken = fail(errors::cancelled{});  // the caller has gone
    }
    if (!woken) {
      co_return woken;
    }
  }
  co_return result<void>();
}

task<result<void>> open_stream::write(context& cx, std::string item) {
  auto room = co_await until_room(cx);
  if (room && spoiled_) {
    room = fail(*spoiled_);
  }
  if (room) {
    buffer_.add(item_line(item));
    arrived_.notify();
  }
  co_return room;
}

void open_stream::end(std::string line) {
  buffer_.end(std::move(line));
  arrived_.notify();
}

task<void> open_stream::all_taken(context& cx) {
  while (!buffer_.over()) {
    context limited = cx.with_timeout(patience_);
    auto woken = co_await taken_.wait(limited);
    if (!woken) {
      break;
    }
  }
}

void open_stream::close() noexcept {
  closed_ = true;
  arrived_.notify();
}

task<void> open_stream::give(context& cx, std::string reply_to) {
  if (asked_) {
    co_await refuse(cx, reply_to);
    co_return;
  }
  const turn mine(asked_);
  context limited = cx.with_timeout(longest_wait);
  while (!buffer_.ready() && !closed_) {
    auto woken = co_await arrived_.wait(limited);
    if (!woken) {
      break;
    }
  }
  if (buffer_.ready() || !(closed_ || cx.cancelled())) {
    co_await hand_over(cx, reply_to);
  }
}

// As many lines as the broker carries at a time.
task<void> open_stream::hand_over(context& cx, const std::string& reply_to) {
  const last_word by(cx);
  for (auto most = most_at_once;;) {
    const auto part = buffer_.front(most);
    broker_message reply(reply_to, part.text);
    if (!part.last) {
      reply.reply_to(subject_);
    }
    auto sent = co_await broker_.publish(by.cx(), reply);
    if (sent) {
      buffer_.pop(part);
      taken_.notify();
      break;
    }
    if (!sent.error().is<errors::too_large>() || spoiled_) {
      break;  // the caller has his own limit
    }
    if (part.lines > 1) {
      most = part.text.size() / 2;
    } else {
      spoiled_ = sent.error();
      buffer_.fail(error_line(*spoiled_));
      taken_.notify();
    }
  }
}

task<void> open_stream::refuse(context& cx, const std::string& reply_to) {
  auto reply = error_message(errors::invalid_argument{subject_, "is asked for more already"});
  reply.subject(reply_to);
  auto sent = co_await broker_.publish(cx, reply);
  static_cast<void>(sent);
}

}  // namespace fairlead::detail
