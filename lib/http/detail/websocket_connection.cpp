// SPDX-License-Identifier: BSL-1.0
// How it works: the reader never waits for the peer to take something, or two sides that answer
// each other's pings could wait for one another for ever: what it has to say is written as far as
// it fits, and the rest goes before the next frame or at the next look. Writers take turns; a
// message goes as frames of bounded size, so that control frames find a place between them.
#include "websocket_connection.hpp"

#include <fairlead/core/errors.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace fairlead::http::detail {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t first_read = 16 * 1024;
constexpr std::size_t largest_frame = 64 * 1024;
constexpr duration keep_idle = 1s;      // idle so long, give back memory
constexpr duration look_again = 100ms;  // at control frames that could not be sent
constexpr std::size_t most_kept = 64 * 1024;
constexpr duration longest_goodbye = 1s;  // for a peer to read why it is left
constexpr std::size_t most_dropped = 1024 * 1024;

std::optional<message_deflater> deflater_of(const std::optional<deflate_terms>& terms,
                                            endpoint_role self) {
  if (!terms) {
    return std::nullopt;
  }
  const bool client = self == endpoint_role::client;
  return message_deflater(
      client ? terms->client_bits : terms->server_bits,
      (client ? terms->client_forgets : terms->server_forgets) ? takeover::forget : takeover::keep);
}

websocket_inbox inbox_of(const std::optional<deflate_terms>& terms, endpoint_role self,
                         std::uint64_t max_message) {
  const websocket_inbox::rules rules{self, max_message};
  if (!terms) {
    return websocket_inbox(rules);
  }
  const bool client = self == endpoint_role::client;
  return websocket_inbox(
      rules,
      message_inflater(client ? terms->server_bits : terms->client_bits,
                       (client ? terms->server_forgets : terms->client_forgets) ? takeover::forget
                                                                                : takeover::keep));
}

// True while one coroutine reads.
class reading_mark {
 public:
  explicit reading_mark(bool& mark) noexcept : mark_(mark) { mark_ = true; }
  reading_mark(const reading_mark&) = delete;
  reading_mark& operator=(const reading_mark&) = delete;
  ~reading_mark() { mark_ = false; }

 private:
  bool& mark_;
};

bool may_be_given(close_code code) noexcept {
  const auto n = static_cast<unsigned>(code);
  return (n >= 1000 && n <= 1014 && n != 1004 && n != 1005 && n != 1006) ||
         (n >= 3000 && n <= 4999);
}

}  // namespace

websocket_connection::websocket_connection(environment& env, std::unique_ptr<net::stream> s,
                                           endpoint_role self, websocket_options options,
                                           const std::optional<deflate_terms>& terms,
                                           std::string protocol)
    : env_(env),
      stream_(std::move(s)),
      self_(self),
      options_(std::move(options)),
      protocol_(std::move(protocol)),
      inbox_(inbox_of(terms, self, options_.max_message())),
      outbox_(self, env),
      alive_(options_.ping_after(), options_.pong_within(), env.now()),
      deflater_(deflater_of(terms, self)) {}

websocket_connection::~websocket_connection() = default;

error websocket_connection::broken(error e) {
  stream_->close();
  if (!broken_ && !end_) {
    broken_ = std::move(e);
  }
  over_.set();
  return broken_ ? *broken_ : e;
}

std::optional<error> websocket_connection::unusable() const {
  if (broken_) {
    return broken_;
  }
  if (end_ || closing_) {
    return errors::connection_closed{stream_->peer(), 0, 0};
  }
  return std::nullopt;
}

error websocket_connection::too_slow(const context& cx, const error& e, duration limit) const {
  if (!e.is<errors::deadline>() || !cx.check()) {
    return e;
  }
  error out = errors::timeout{stream_->peer(), limit, timeout_scope::idle};
  return out.at(e.stage()).with_sent(e.sent());
}

// Reading.

task<result<std::optional<websocket_piece>>> websocket_connection::read_piece(context& cx) {
  if (broken_) {
    co_return fail(*broken_);
  }
  if (end_) {
    co_return piece_result();
  }
  if (reading_) {
    auto ended = co_await until_closed(cx);
    co_return ended;
  }
  const reading_mark mark(reading_);
  in_.consume(std::exchange(handed_out_, 0));
  for (;;) {
    const auto s = inbox_.feed(in_.writable());
    using what = websocket_inbox::event;
    switch (s.what) {
      case what::piece:
        handed_out_ = s.taken;
        co_return piece_result(websocket_piece{s.kind, s.data, s.ends});
      case what::ping:
        outbox_.answer(s.data);
        flush_control();
        break;
      case what::close: {
        auto done = co_await ended_by_peer(cx, s.code, s.data);
        if (!done) {
          co_return fail(std::move(done).error());
        }
        co_return piece_result();
      }
      case what::fault: {
        auto why = co_await ended_by_fault(cx, s.code, s.data);
        co_return fail(std::move(why));
      }
      case what::pong:
      case what::more:
        break;
    }
    in_.consume(s.taken);
    if (s.taken == 0) {
      auto ready = co_await wait_for_bytes(cx);
      if (!ready) {
        co_return fail(std::move(ready).error());
      }
    }
  }
}

// Somebody else is reading: a mistake, unless it is who closes, as a server that drains does.
task<result<std::optional<websocket_piece>>> websocket_connection::until_closed(context& cx) {
  if (!closing_) {
    co_return fail(errors::invalid_argument{"websocket::read", "somebody else is reading"});
  }
  auto over = co_await over_.wait(cx);
  if (!over) {
    co_return fail(std::move(over).error());
  }
  if (broken_) {
    co_return fail(*broken_);
  }
  co_return piece_result();
}

// Completes when bytes have come.
task<result<void>> websocket_connection::wait_for_bytes(context& cx) {
  // Here and not only where it is waited: a peer that floods is never waited for long.
  if (auto alive = cx.check(); !alive) {
    co_return alive;
  }
  bool attempt = stream_->worth_trying(net::direction::read);
  for (;;) {
    if (attempt) {
      auto got = stream_->try_read(in_.room(first_read));
      if (got && !*got) {
        co_return fail(broken(std::move(*got).error()));
      }
      if (got && **got == 0) {
        co_return fail(broken(errors::connection_closed{stream_->peer(), 0, 0}));
      }
      if (got) {
        in_.commit(**got);
        alive_.heard(env_.now());
        co_return result<void>();
      }
    }
    flush_control();
    const auto now = env_.now();
    auto until = alive_.due();
    const bool keeps_memory = in_.empty() && in_.holds_memory();
    if (outbox_.has_control()) {
      until = std::min(until, saturating_add(now, look_again));
    } else if (keeps_memory) {
      until = std::min(until, saturating_add(now, keep_idle));
    }
    auto limited = cx.with_deadline(until);
    auto ready = co_await stream_->wait(limited, net::direction::read);
    if (broken_) {
      co_return fail(*broken_);  // a writer has met it
    }
    if (!ready && (!ready.error().is<errors::deadline>() || !cx.check())) {
      co_return fail(std::move(ready).error());
    }
    attempt = ready.has_value();
    if (!attempt) {
      if (in_.empty()) {
        in_.release();
      }
      const auto then = alive_.tick(env_.now());
      if (then == websocket_keepalive::action::give_up) {
        co_return fail(
            broken(errors::timeout{stream_->peer(), options_.pong_within(), timeout_scope::idle}));
      }
      if (then == websocket_keepalive::action::ping) {
        outbox_.ask();
      }
    }
  }
}

task<result<std::optional<websocket_message>>> websocket_connection::read(context& cx) {
  if (std::exchange(message_given_, false)) {
    message_.clear();
    if (message_.capacity() > most_kept) {
      std::string().swap(message_);
    }
  }
  for (;;) {
    auto got = co_await read_piece(cx);
    if (!got) {
      co_return fail(std::move(got).error());
    }
    if (!*got) {
      co_return std::optional<websocket_message>();
    }
    const auto& p = **got;
    if (p.ends && message_.empty()) {
      co_return std::optional<websocket_message>(websocket_message{p.kind, p.data});
    }
    message_ += p.data;
    if (p.ends) {
      message_given_ = true;
      co_return std::optional<websocket_message>(websocket_message{p.kind, message_});
    }
  }
}

// The peer's close frame: answered unless it is the answer, then the stream ends too.
task<result<void>> websocket_connection::ended_by_peer(context& cx, close_code code,
                                                       std::string_view reason) {
  end_ = websocket_end{code, std::string(reason)};
  auto limited = cx.with_timeout(options_.close_timeout());
  if (!std::exchange(closing_, true)) {
    auto lock = co_await writing_.lock(limited);
    if (lock) {
      outbox_.close(code, {});
      auto told = co_await write_control(limited);
      static_cast<void>(told);  // the peer may be gone; it said all that it had to say
    }
  }
  if (self_ == endpoint_role::server) {
    auto down = co_await stream_->shutdown_write(limited);
    static_cast<void>(down);
  } else {
    // The server ends the connection, so that it is not the one left waiting (RFC 6455, 7.1.1).
    std::array<std::byte, 512> sink;
    auto rest = co_await net::read_some(limited, *stream_, sink);
    static_cast<void>(rest);
  }
  stream_->close();
  over_.set();
  if (cx.cancelled()) {
    co_return fail(errors::cancelled{});
  }
  co_return result<void>();
}

// The peer is told why, and given a moment to read it before the stream ends.
task<error> websocket_connection::ended_by_fault(context& cx, close_code code,
                                                 std::string_view why) {
  error e = code == close_code::too_large
                ? error(errors::too_large{"WebSocket message", options_.max_message(), 0})
                : error(errors::protocol_error{stream_->peer(), why});
  e.at(error_stage::body).with_sent(error_sent::unknown);
  if (!std::exchange(closing_, true)) {
    auto lock = writing_.try_lock();
    if (lock) {
      outbox_.close(code, why);
      lock = {};
      flush_control();
      auto limited = cx.with_timeout(std::min(options_.close_timeout(), longest_goodbye));
      auto down = co_await stream_->shutdown_write(limited);
      std::size_t seen = 0;
      while (down && seen < most_dropped) {
        in_.clear();
        auto n = co_await net::read_some(limited, *stream_, in_.room(first_read));
        if (!n || *n == 0) {
          break;
        }
        seen += *n;
      }
    }
  }
  static_cast<void>(broken(e));
  co_return e;
}

void websocket_connection::flush_control() {
  if (!outbox_.has_control()) {
    return;
  }
  const auto lock = writing_.try_lock();
  if (!lock) {
    return;  // whoever writes writes them too
  }
  while (outbox_.has_control()) {
    const auto bytes = std::as_bytes(std::span(outbox_.control()));
    const auto put = stream_->try_write(net::const_buffers(&bytes, 1));
    if (!put || !*put) {
      return;  // no room; or broken, which the reader is going to see
    }
    outbox_.control_written(**put);
  }
}

// Writing.

result<void> websocket_connection::check_text(std::string_view data) const {
  utf8_checker text;
  if (text.feed(data) && text.complete()) {
    return {};
  }
  return fail(errors::invalid_argument{"websocket::send", "text must be UTF-8; send it as binary"});
}

task<result<void>> websocket_connection::write_control(context& cx) {
  while (outbox_.has_control()) {
    const auto text = outbox_.control();
    auto put = co_await net::write_all(cx, *stream_, text);
    if (!put) {
      co_return fail(broken(std::move(put).error()));
    }
    outbox_.control_written(text.size());
  }
  co_return result<void>();
}

task<result<void>> websocket_connection::write_frame(context& cx, opcode code,
                                                     std::string_view payload, bool last,
                                                     bool compressed) {
  const auto control = outbox_.has_control() ? outbox_.control() : std::string_view();
  const auto f = outbox_.frame(code, payload, last, compressed);
  const std::array pieces = {std::as_bytes(std::span(control)), std::as_bytes(std::span(f.head)),
                             std::as_bytes(std::span(f.payload))};
  auto limited = cx.with_timeout(options_.write_timeout());
  auto put = co_await net::write_all(limited, *stream_, net::const_buffers(pieces));
  if (put) {
    if (!control.empty()) {
      outbox_.control_written(control.size());
    }
    co_return put;
  }
  error e = too_slow(cx, put.error(), options_.write_timeout());
  const bool untouched =
      e.sent() == error_sent::not_sent && (e.is<errors::cancelled>() || e.is<errors::deadline>());
  if (!untouched) {
    e = broken(std::move(e));
  }
  co_return fail(std::move(e));
}

task<result<void>> websocket_connection::write_frames(context& cx, message_state& m,
                                                      std::string_view data, bool last) {
  if (data.empty() && !last) {
    co_return result<void>();
  }
  do {
    const auto part = data.substr(0, largest_frame);
    data.remove_prefix(part.size());
    const bool ends = last && data.empty();
    const auto code = m.begun ? opcode::continuation : m.code;
    auto put = co_await write_frame(cx, code, part, ends, m.compressed && !m.begun);
    if (!put) {
      if (m.begun && !broken_) {
        co_return fail(broken(std::move(put).error()));  // the peer has half a message
      }
      co_return put;
    }
    m.begun = true;
  } while (!data.empty());
  co_return result<void>();
}

task<result<void>> websocket_connection::write_piece(context& cx, message_state& m,
                                                     std::string_view piece, bool last) {
  if (!m.compressed) {
    return write_frames(cx, m, piece, last);
  }
  deflated_.clear();
  deflater_->add(piece, deflated_);
  if (last) {
    deflater_->finish(deflated_);
  }
  return write_frames(cx, m, deflated_, last);
}

task<result<void>> websocket_connection::send(context& cx, message_kind kind,
                                              std::string_view data) {
  if (kind == message_kind::text) {
    if (auto good = check_text(data); !good) {
      co_return good;
    }
  }
  auto lock = co_await turn(cx);
  if (!lock) {
    co_return fail(std::move(lock).error());
  }
  message_state m;
  m.code = kind == message_kind::text ? opcode::text : opcode::binary;
  m.compressed = deflater_ && data.size() >= options_.compress_from();
  auto put = co_await write_piece(cx, m, data, true);
  if (!put && m.compressed && !broken_) {
    put = fail(broken(put.error()));  // the window holds what the peer has not seen
  }
  if (deflated_.capacity() > most_kept) {
    std::string().swap(deflated_);
  }
  co_return put;
}

task<result<void>> websocket_connection::ping(context& cx) {
  if (auto why = unusable()) {
    co_return fail(std::move(*why));
  }
  if (auto alive = cx.check(); !alive) {
    co_return alive;
  }
  outbox_.ask();
  flush_control();
  co_return result<void>();
}

task<result<void>> websocket_connection::close(context& cx, close_code code, std::string reason) {
  utf8_checker text;
  if (!may_be_given(code) || reason.size() > longest_control - 2 || !text.feed(reason) ||
      !text.complete()) {
    co_return fail(errors::invalid_argument{
        "websocket::close",
        "the code is reserved, or the reason is not UTF-8 of at most 123 bytes"});
  }
  if (broken_) {
    co_return fail(*broken_);
  }
  if (end_) {
    co_return result<void>();
  }
  auto limited = cx.with_timeout(options_.close_timeout());
  if (!std::exchange(closing_, true)) {
    auto lock = co_await writing_.lock(limited);
    if (!lock) {
      co_return fail(broken(too_slow(cx, lock.error(), options_.close_timeout())));
    }
    outbox_.close(code, reason);
    auto told = co_await write_control(limited);
    if (!told) {
      co_return fail(too_slow(cx, told.error(), options_.close_timeout()));
    }
  }
  result<void> outcome;
  if (reading_) {
    outcome = co_await over_.wait(limited);
  } else {
    for (;;) {
      auto got = co_await read_piece(limited);
      if (!got) {
        outcome = fail(std::move(got).error());
        break;
      }
      if (!*got) {
        break;
      }
    }
  }
  if (!outcome && !end_) {
    co_return fail(broken(too_slow(cx, outcome.error(), options_.close_timeout())));
  }
  if (broken_) {
    co_return fail(*broken_);
  }
  co_return result<void>();
}

task<result<async_mutex::lock_guard>> websocket_connection::turn(context& cx) {
  auto lock = co_await writing_.lock(cx);
  if (!lock) {
    co_return fail(std::move(lock).error());
  }
  if (auto why = unusable()) {
    co_return fail(std::move(*why));
  }
  co_return std::move(lock);
}

}  // namespace fairlead::http::detail
