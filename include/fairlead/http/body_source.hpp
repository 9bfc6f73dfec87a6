// SPDX-License-Identifier: BSL-1.0
// A body that is made while it is sent: a request's at a client, a response's at a server.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace fairlead::http {

/// Where a `body_source` puts its bytes.
///
/// *Thread safety*: none.
class body_writer {
 public:
  body_writer() = default;
  body_writer(const body_writer&) = delete;
  body_writer& operator=(const body_writer&) = delete;
  virtual ~body_writer() = default;

  /// Sends `piece`, which must live until the write has ended; an empty one is fine. Small pieces
  /// may be kept and sent together; a body that takes its time says `flush`.
  ///
  /// *Completes when* it has been sent or kept: with a slow peer it waits (backpressure).
  /// *Errors* (stage write): those of the connection; `too_large` beyond the announced size;
  /// `timeout`, `deadline`, `cancelled`. There is no use in writing more then: return the error.
  [[nodiscard]] virtual task<result<void>> write(context& cx, std::string_view piece) = 0;

  /// Sends what was kept. *Errors*: as above.
  [[nodiscard]] virtual task<result<void>> flush(context& cx) = 0;

  /// A header field to send after the body, where the coding allows it (chunked); dropped where it
  /// does not. What a header must not hold is refused as in `headers::add`.
  virtual void trailer(std::string_view name, std::string_view value) = 0;
};

/// Makes a body while it is sent.
///
/// *Thread safety*: none; a source is used by one message at a time.
class body_source {
 public:
  body_source() = default;
  body_source(const body_source&) = delete;
  body_source& operator=(const body_source&) = delete;
  virtual ~body_source() = default;

  /// How many bytes it makes, when that is known: sent as Content-Length. Without, the body is
  /// chunked (for an HTTP/1.0 peer it ends with the connection).
  [[nodiscard]] virtual std::optional<std::uint64_t> size() const noexcept { return std::nullopt; }

  /// True when `write_to` may be called again, from the start: only then a request can be repeated
  /// or follow a redirect that keeps its body.
  [[nodiscard]] virtual bool repeatable() const noexcept { return false; }

  /// Writes the whole body.
  ///
  /// *Completes when* everything was handed to `out`.
  /// *Errors*: those of `out`, passed on; its own: the message is then broken off in such a way
  /// that the peer notices.
  [[nodiscard]] virtual task<result<void>> write_to(context& cx, body_writer& out) = 0;
};

namespace detail {

template <class F>
class callable_source final : public body_source {
 public:
  callable_source(F f, std::optional<std::uint64_t> size) : f_(std::move(f)), size_(size) {}
  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept override { return size_; }
  [[nodiscard]] task<result<void>> write_to(context& cx, body_writer& out) override {
    return f_(cx, out);
  }

 private:
  F f_;
  std::optional<std::uint64_t> size_;
};

}  // namespace detail

/// A source from a callable `task<result<void>>(context&, body_writer&)`, which is kept until the
/// body has been sent. `size` in bytes when it is known. It is not repeatable.
///
/// *Example*:
/// ```cpp
/// auto rows = http::make_body([&](context& cx, http::body_writer& out) -> task<result<void>> {
///   for (const auto& row : table) {
///     auto sent = co_await out.write(cx, row.csv());
///     if (!sent) { co_return sent; }
///   }
///   co_return result<void>();
/// });
/// ```
template <class F>
  requires std::is_invocable_r_v<task<result<void>>, F&, context&, body_writer&>
[[nodiscard]] std::shared_ptr<body_source> make_body(F f, std::optional<std::uint64_t> size = {}) {
  return std::make_shared<detail::callable_source<F>>(std::move(f), size);
}

}  // namespace fairlead::http
