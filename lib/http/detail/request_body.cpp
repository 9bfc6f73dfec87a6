// SPDX-License-Identifier: BSL-1.0
#include "request_body.hpp"

#include <fairlead/core/when_any.hpp>

#include <algorithm>
#include <charconv>

namespace fairlead::http::detail {

namespace {

void append_hex(std::string& out, std::uint64_t n) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), n, 16).ptr;
  out.append(digits.data(), end);
}

}  // namespace

result<bool> body_pieces::add(std::string_view piece) {
  if (size_ && piece.size() > *size_ - total_) {
    return fail(errors::too_large{"request body", *size_, total_ + piece.size()});
  }
  total_ += piece.size();
  if (kept_.size() + piece.size() <= most_kept) {
    kept_ += piece;
    return false;
  }
  frame(piece);
  return true;
}

bool body_pieces::flush() {
  if (kept_.empty()) {
    return false;
  }
  frame({});
  return true;
}

void body_pieces::frame(std::string_view piece) {
  before_.clear();
  after_.clear();
  if (!size_) {
    append_hex(before_, kept_.size() + piece.size());
    before_ += "\r\n";
    after_ = "\r\n";
  }
  views_ = {before_, kept_, piece, after_};
}

result<void> body_pieces::end() {
  if (size_ && total_ < *size_) {
    return fail(errors::invalid_argument{
        "request body", "its source made " + std::to_string(total_) + " bytes and announced " +
                            std::to_string(*size_)});
  }
  if (auto good = check_headers(trailers_); !good) {
    return good;
  }
  if (size_) {
    static_cast<void>(flush());
    return {};
  }
  if (flush()) {
    after_ += "0\r\n";
  } else {
    after_ = "0\r\n";
    views_ = {};
  }
  after_ += trailers_.text();
  after_ += "\r\n";
  views_[3] = after_;
  return {};
}

bool body_pieces::done() const noexcept {
  return std::all_of(views_.begin(), views_.end(), [](const auto& v) { return v.empty(); });
}

net::io_attempt body_pieces::try_write(net::stream& s) {
  std::array<std::span<const std::byte>, 4> spans;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    spans[i] = std::as_bytes(std::span(views_[i]));
  }
  auto attempt = s.try_write(spans);
  if (attempt && *attempt) {
    auto n = **attempt;
    for (auto& v : views_) {
      const auto here = std::min(n, v.size());
      v.remove_prefix(here);
      n -= here;
    }
    if (done()) {
      kept_.clear();
    }
  }
  return attempt;
}

task<result<void>> wait_for_either(context& cx, net::stream& s) {
  const auto readable = [&](context& own) { return s.wait(own, net::direction::read); };
  const auto writable = [&](context& own) { return s.wait(own, net::direction::write); };
  auto first = co_await when_any_ok(cx, readable, writable);
  co_return first;
}

result<void> request_body::refuse() const {
  if (failure_) {
    return tl::unexpected<error>(*failure_);
  }
  error e = errors::connection_closed{};
  if (*step_ == next_step::failed) {
    e = exchange_.failure();
  }
  return tl::unexpected<error>(e.at(error_stage::write));
}

result<void> request_body::stop(next_step why) {
  step_ = why;
  return refuse();
}

result<void> request_body::stop(const error& why) {
  failure_ = why;
  failure_->at(error_stage::write);
  return refuse();
}

task<result<void>> request_body::send(context& cx) {
  while (!pieces_.done()) {
    const auto attempt = pieces_.try_write(stream_);
    if (attempt && *attempt) {
      exchange_.wrote(**attempt);
      continue;
    }
    if (attempt) {
      co_return stop(exchange_.write_failed(stream_, attempt->error()));
    }
    if (const auto heard = exchange_.listen(stream_); heard != next_step::body) {
      co_return stop(heard);
    }
    result<void> ready;
    if (exchange_.may_listen()) {
      ready = co_await wait_for_either(cx, stream_);
    } else {
      ready = co_await stream_.wait(cx, net::direction::write);
    }
    if (!ready) {
      co_return stop(ready.error());
    }
  }
  if (const auto heard = exchange_.listen(stream_); heard != next_step::body) {
    co_return stop(heard);
  }
  // A peer that takes everything at once must not keep a deadline from being seen.
  auto alive = cx.check();
  if (!alive) {
    co_return stop(alive.error());
  }
  co_return alive;
}

task<result<void>> request_body::write(context& cx, std::string_view piece) {
  if (stopped()) {
    co_return refuse();
  }
  auto now = pieces_.add(piece);
  if (!now) {
    co_return stop(now.error());
  }
  if (!*now) {
    co_return result<void>();
  }
  auto sent = co_await send(cx);
  co_return sent;
}

task<result<void>> request_body::flush(context& cx) {
  if (stopped()) {
    co_return refuse();
  }
  if (!pieces_.flush()) {
    co_return result<void>();
  }
  auto sent = co_await send(cx);
  co_return sent;
}

task<result<void>> request_body::finish(context& cx) {
  if (auto whole = pieces_.end(); !whole) {
    co_return stop(whole.error());
  }
  auto sent = co_await send(cx);
  co_return sent;
}

}  // namespace fairlead::http::detail
