// SPDX-License-Identifier: BSL-1.0
// How it works: an attempt that stops says which way of the stream beneath it waits for, which need
// not be its own. Two waits for the same way are one: the second is woken when the first ends, and
// then looks again.
#include "tls_stream.hpp"

#include "os_error.hpp"

namespace fairlead::net::detail {

namespace {

using namespace std::chrono_literals;

constexpr duration end_patience = 5s;  // for room to say close_notify; as Go's crypto/tls

constexpr std::size_t index_of(direction d) noexcept {
  return d == direction::read ? 0 : 1;
}

}  // namespace

tls_stream::tls_stream(std::shared_ptr<const tls_context> shared, std::unique_ptr<stream> under)
    : under_(std::move(under)), engine_(std::move(shared), *under_) {}

error tls_stream::named(const error& e, const context& cx, const context& limited) const {
  error out = e;
  if (e.is<errors::deadline>()) {
    if (limited.deadline() < cx.deadline()) {
      out = errors::timeout{engine_.name(), engine_.handshake_timeout(), timeout_scope::connect};
    } else {
      out = errors::deadline{engine_.name(), {}};
    }
  }
  return out.at(error_stage::tls).with_sent(error_sent::not_sent);
}

task<result<void>> tls_stream::handshake(context& cx) {
  auto limited = cx.with_timeout(engine_.handshake_timeout());
  result<void> ready = limited.check();
  while (ready) {
    const auto now = engine_.handshake();
    if (now == tls_progress::done) {
      co_return ready;
    }
    if (now == tls_progress::failed) {
      co_return fail(engine_.failure());
    }
    ready = co_await under_->wait(
        limited, now == tls_progress::want_read ? direction::read : direction::write);
  }
  co_return fail(named(ready.error(), cx, limited));
}

io_attempt tls_stream::attempted(const tls_step& step, block& of) {
  switch (step.what) {
    case tls_progress::done:
      of = block::none;
      return step.bytes;
    case tls_progress::want_read:
      of = block::read;
      break;
    case tls_progress::want_write:
      of = block::write;
      break;
    case tls_progress::failed:
      of = block::none;
      if (step.bytes == 0) {
        return fail(engine_.failure());
      }
      break;  // the next attempt fails again
  }
  return step.bytes > 0 ? io_attempt(step.bytes) : std::nullopt;
}

io_attempt tls_stream::try_read(std::span<std::byte> into) {
  if (closed_) {
    return fail(closed_error(peer()));
  }
  return attempted(engine_.read(into), reads_);
}

io_attempt tls_stream::try_write(const_buffers from) {
  if (closed_) {
    return fail(closed_error(peer()));
  }
  return attempted(engine_.write(from), writes_);
}

bool tls_stream::worth_trying(direction towards) const noexcept {
  const auto blocks = towards == direction::read ? reads_ : writes_;
  if (closed_ || blocks != block::none) {
    return closed_;
  }
  return (towards == direction::read && engine_.has_pending()) || under_->worth_trying(towards);
}

task<result<void>> tls_stream::wait(context& cx, direction towards) {
  const auto blocks = std::exchange(blocked(towards), block::none);
  if (closed_ || (towards == direction::read && blocks == block::none && engine_.has_pending())) {
    auto alive = cx.cancelled() ? cx.check() : result<void>{};
    co_return alive;
  }
  engine_.rest();
  auto below = towards;
  if (blocks != block::none) {
    below = blocks == block::read ? direction::read : direction::write;
  }
  auto ready = co_await wait_below(cx, below);
  if (!ready) {
    blocked(towards) = blocks;
  }
  co_return ready;
}

task<result<void>> tls_stream::wait_below(context& cx, direction towards) {
  const auto i = index_of(towards);
  if (waiting_[i]) {
    return following_[i].wait(cx);
  }
  return lead(cx, towards);
}

task<result<void>> tls_stream::lead(context& cx, direction towards) {
  // Also when this coroutine is destroyed while it waits.
  struct leader {
    leader(bool& w, wait_slot& f) noexcept : waiting(w), following(f) { waiting = true; }
    leader(const leader&) = delete;
    leader& operator=(const leader&) = delete;
    ~leader() {
      waiting = false;
      following.notify();
    }
    bool& waiting;
    wait_slot& following;
  };
  const leader here(waiting_[index_of(towards)], following_[index_of(towards)]);
  auto ready = co_await under_->wait(cx, towards);
  co_return ready;
}

bool tls_stream::peer_has_left() noexcept {
  return closed_ || engine_.peer_ended() || under_->peer_has_left();
}

const tls_info* tls_stream::tls() const noexcept {
  if (!info_) {
    try {
      info_ = std::make_unique<tls_info>(engine_.describe());
    } catch (...) {  // no memory to say it
    }
  }
  return info_.get();
}

task<result<void>> tls_stream::shutdown_write(context& cx) {
  if (cx.cancelled()) {
    co_return fail(errors::cancelled{});
  }
  if (closed_) {
    co_return fail(closed_error(peer()));
  }
  auto limited = cx.with_timeout(end_patience);
  for (;;) {
    const auto said = engine_.close_notify();
    if (said == tls_progress::done) {
      break;
    }
    if (said == tls_progress::failed) {
      co_return fail(engine_.failure());
    }
    auto ready = co_await wait_below(limited, direction::write);
    if (!ready && ready.error().is<errors::deadline>() && limited.deadline() < cx.deadline()) {
      error late = errors::timeout{peer(), end_patience, timeout_scope::drain};
      co_return fail(late.with_sent(error_sent::unknown));
    }
    if (!ready) {
      co_return ready;
    }
  }
  auto ended = co_await under_->shutdown_write(cx);
  co_return ended;
}

void tls_stream::close() noexcept {
  if (closed_) {
    return;
  }
  closed_ = true;
  try {
    if (engine_.may_end()) {
      static_cast<void>(engine_.close_notify());  // as far as there is room
    }
  } catch (...) {  // no memory to say why not
  }
  under_->close();
}

// Without close_notify the peer takes it for what it is.
void tls_stream::abort() noexcept {
  if (!closed_) {
    closed_ = true;
    under_->abort();
  }
}

}  // namespace fairlead::net::detail
