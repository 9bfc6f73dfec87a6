// SPDX-License-Identifier: BSL-1.0
// The operations that are built on attempts and waits: attempt first, suspend only when that is in
// vain.
#include <fairlead/net/stream.hpp>

namespace fairlead::net {

namespace {

error read_ended(const stream& s, std::size_t received, std::size_t expected) {
  error e = errors::connection_closed{s.peer(), received, expected};
  return e.with_sent(error_sent::unknown);
}

error write_failed(error e, std::uint64_t moved) {
  e.at(error_stage::write);
  if (moved > 0) {
    e.with_sent(error_sent::unknown);
  }
  return e;
}

// What is left to write: the rest of a piece, and the pieces behind it.
class remaining {
 public:
  explicit remaining(std::span<const std::byte> single) noexcept : current_(single) {}
  explicit remaining(const_buffers pieces) noexcept : pieces_(pieces) { next_piece(); }

  [[nodiscard]] bool empty() const noexcept { return current_.empty(); }

  // The rest of a piece that was begun goes alone, so that the list need not be copied.
  io_attempt try_write(stream& s) const {
    return whole_ ? s.try_write(pieces_) : s.try_write(const_buffers(&current_, 1));
  }

  void advance(std::size_t n) noexcept {
    while (n > 0 && n >= current_.size()) {
      n -= current_.size();
      current_ = {};
      if (!pieces_.empty()) {
        pieces_ = pieces_.subspan(1);
        next_piece();
      }
    }
    if (n > 0) {
      current_ = current_.subspan(n);
      whole_ = false;
    }
  }

 private:
  void next_piece() noexcept {
    while (!pieces_.empty() && pieces_.front().empty()) {
      pieces_ = pieces_.subspan(1);
    }
    whole_ = !pieces_.empty();
    current_ = whole_ ? pieces_.front() : std::span<const std::byte>();
  }

  const_buffers pieces_;  // the current one is the first; empty when there is only one
  std::span<const std::byte> current_;
  bool whole_ = false;  // nothing of the current piece has been written
};

task<result<void>> write_rest(context& cx, stream& s, remaining rest) {
  std::uint64_t moved = 0;
  if (cx.cancelled()) {
    co_return fail(write_failed(errors::cancelled{}, moved));
  }
  bool attempt = s.worth_trying(direction::write);
  while (!rest.empty()) {
    if (attempt) {
      auto put = rest.try_write(s);
      if (put && !*put) {
        co_return fail(write_failed(std::move(*put).error(), moved));
      }
      if (put) {
        rest.advance(**put);
        moved += **put;
        attempt = s.worth_trying(direction::write);
        continue;
      }
    }
    auto ready = co_await s.wait(cx, direction::write);
    if (!ready) {
      co_return fail(write_failed(std::move(ready).error(), moved));
    }
    attempt = true;
  }
  co_return result<void>{};
}

}  // namespace

task<result<std::size_t>> read_some(context& cx, stream& s, std::span<std::byte> into) {
  if (cx.cancelled()) {
    co_return fail(errors::cancelled{});
  }
  if (into.empty()) {
    co_return std::size_t{0};
  }
  bool attempt = s.worth_trying(direction::read);
  for (;;) {
    if (attempt) {
      auto got = s.try_read(into);
      if (got) {
        co_return std::move(*got);
      }
    }
    auto ready = co_await s.wait(cx, direction::read);
    if (!ready) {
      co_return fail(std::move(ready).error());
    }
    attempt = true;
  }
}

task<result<void>> read_exactly(context& cx, stream& s, std::span<std::byte> into) {
  if (cx.cancelled()) {
    co_return fail(errors::cancelled{});
  }
  std::size_t done = 0;
  bool attempt = s.worth_trying(direction::read);
  while (done < into.size()) {
    if (attempt) {
      auto got = s.try_read(into.subspan(done));
      if (got && !*got) {
        co_return fail(std::move(*got).error());
      }
      if (got && **got == 0) {
        co_return fail(read_ended(s, done, into.size()));
      }
      if (got) {
        done += **got;
        attempt = s.worth_trying(direction::read);
        continue;
      }
    }
    auto ready = co_await s.wait(cx, direction::read);
    if (!ready) {
      co_return fail(std::move(ready).error());
    }
    attempt = true;
  }
  co_return result<void>{};
}

task<result<void>> write_all(context& cx, stream& s, const_buffers from) {
  return write_rest(cx, s, remaining(from));
}

task<result<void>> write_all(context& cx, stream& s, std::span<const std::byte> from) {
  return write_rest(cx, s, remaining(from));
}

task<result<void>> write_all(context& cx, stream& s, std::string_view from) {
  return write_all(cx, s, std::as_bytes(std::span(from)));
}

}  // namespace fairlead::net
