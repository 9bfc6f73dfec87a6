// SPDX-License-Identifier: BSL-1.0
#include "outgoing_body.hpp"

namespace fairlead::http::detail {

task<result<void>> outgoing_body::write(context& cx, std::string_view piece) {
  if (!failure_ && !encoder_.write(piece)) {
    error e =
        errors::too_large{"body, more than it announced", encoder_.taken() + encoder_.missing(),
                          encoder_.taken() + piece.size()};
    co_return tl::unexpected<error>(e.at(error_stage::write));
  }
  auto sent = co_await push(cx);
  co_return sent;
}

task<result<void>> outgoing_body::flush(context& cx) {
  if (!failure_) {
    encoder_.flush();
  }
  return push(cx);
}

void outgoing_body::trailer(std::string_view name, std::string_view value) {
  if (encoder_.carries_trailers()) {
    trailers_.add(name, value);
  }
}

task<result<void>> outgoing_body::finish(context& cx) {
  const auto good = check_headers(trailers_);
  if (!good) {
    co_return good;
  }
  if (!failure_ && !encoder_.finish(trailers_)) {
    co_return fail(errors::invalid_argument{
        "body", std::to_string(encoder_.missing()) + " bytes less than it announced"});
  }
  auto sent = co_await push(cx);
  co_return sent;
}

// Writes what is due. Every byte that the peer takes buys it time.
task<result<void>> outgoing_body::push(context& cx) {
  while (!failure_ && !encoder_.done()) {
    if (stream_.worth_trying(net::direction::write)) {
      const auto attempt = encoder_.try_write(stream_);
      if (attempt && !*attempt) {
        co_return failed(attempt->error());
      }
      if (attempt) {
        patience_.moved(**attempt);
        continue;
      }
    }
    const auto allowed = patience_.left();
    auto limited = cx.with_deadline(patience_.begin(cx.now()));
    auto ready = co_await stream_.wait(limited, net::direction::write);
    patience_.end(cx.now());
    if (!ready) {
      const bool late = ready.error().is<errors::deadline>() && cx.now() < cx.deadline();
      co_return failed(late ? error(errors::timeout{stream_.peer(), allowed, timeout_scope::idle})
                            : ready.error());
    }
  }
  if (failure_) {
    co_return tl::unexpected<error>(*failure_);
  }
  co_return result<void>{};
}

result<void> outgoing_body::failed(error why) {
  failure_ = why.at(error_stage::write);
  return tl::unexpected<error>(*failure_);
}

}  // namespace fairlead::http::detail
