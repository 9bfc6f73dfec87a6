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

// A position in a list of pieces.
class remaining {
 public:
  explicit remaining(const_buffers pieces) noexcept : pieces_(pieces) { skip_finished(); }

  [[nodiscard]] bool empty() const noexcept { return pieces_.empty(); }

  // What is left of a piece that was begun goes alone, so that the list need not be copied.
  io_attempt try_write(stream& s) {
    if (offset_ == 0) {
      return s.try_write(pieces_);
    }
    const auto rest = pieces_.front().subspan(offset_);
    return s.try_write(const_buffers(&rest, 1));
  }

  void advance(std::size_t n) noexcept {
    offset_ += n;
    skip_finished();
  }

 private:
  void skip_finished() noexcept {
    while (!pieces_.empty() && offset_ >= pieces_.front().size()) {
      offset_ -= pieces_.front().size();
      pieces_ = pieces_.subspan(1);
    }
  }

  const_buffers pieces_;
  std::size_t offset_ = 0;
};

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
  std::size_t done = 0;
  while (done < into.size()) {
    auto got = co_await read_some(cx, s, into.subspan(done));
    if (!got) {
      co_return fail(std::move(got).error());
    }
    if (*got == 0) {
      co_return fail(read_ended(s, done, into.size()));
    }
    done += *got;
  }
  co_return result<void>{};
}

task<result<void>> write_all(context& cx, stream& s, const_buffers from) {
  remaining rest(from);
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

task<result<void>> write_all(context& cx, stream& s, std::span<const std::byte> from) {
  const std::span<const std::byte> piece = from;
  auto written = co_await write_all(cx, s, const_buffers(&piece, 1));
  co_return written;
}

task<result<void>> write_all(context& cx, stream& s, std::string_view from) {
  return write_all(cx, s, std::as_bytes(std::span(from)));
}

}  // namespace fairlead::net
