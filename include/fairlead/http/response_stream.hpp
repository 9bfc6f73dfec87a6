// SPDX-License-Identifier: BSL-1.0
// A response whose head is in and whose body is read while it arrives.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/core/time.hpp>
#include <fairlead/http/body_reader.hpp>
#include <fairlead/http/response.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace fairlead::http {

namespace detail {
class open_response;
}

/// The limits of one streamed response, where they are to differ from the client's.
struct stream_options {
  /// From the call to the last byte of the body. Default: `client_options::timeout`;
  /// `duration::max()` for as long as something comes.
  std::optional<duration> timeout = std::nullopt;
  /// The longest wait for more of the body. Default: `client_options::read_timeout`.
  std::optional<duration> read_timeout = std::nullopt;
  /// The most bytes of the body, counted after its content coding is undone; more is `too_large`.
  /// Default: any number, since only a buffer of them is held.
  std::optional<std::uint64_t> max_body = std::nullopt;
};

/// A response that is still being received: `client::stream` gives it once the head is in.
///
/// It holds its connection until the body has ended, that is, until `read` has seen its last byte.
/// Destroying it before that closes the connection, unless what is missing has come already and is
/// short (64 KiB at most).
///
/// *Thread safety*: none. It must not outlive its client; one that does ends the program with a
/// message.
///
/// *Example*:
/// ```cpp
/// auto big = co_await client.stream(cx, http::request(http::method::get, "/export"));
/// if (!big) { co_return tl::unexpected(std::move(big).error()); }
/// for (;;) {
///   auto piece = co_await big->read(cx);
///   if (!piece) { co_return tl::unexpected(std::move(piece).error()); }
///   if (!*piece) { break; }  // the end
///   out << **piece;
/// }
/// ```
class response_stream {
 public:
  response_stream(response_stream&&) noexcept;
  response_stream& operator=(response_stream&&) noexcept;
  ~response_stream();

  [[nodiscard]] http::status status() const noexcept { return head().status(); }
  [[nodiscard]] const http::headers& headers() const noexcept { return head().headers(); }
  /// Status and headers; its body is not the response's.
  [[nodiscard]] const response& head() const noexcept;

  /// The next piece; see `body_reader::read`. The deadline of `cx`, the total limit and the limit
  /// for one wait all hold. *Errors*: `timeout` (scope total or idle) and those of
  /// `body_reader::read`, with the URL.
  [[nodiscard]] task<result<std::optional<std::string_view>>> read(context& cx);
  /// The same as an object that others can read from; valid as long as this one.
  [[nodiscard]] body_reader& body() noexcept;
  /// What the server announced as length, as it travels; nothing when it did not.
  [[nodiscard]] std::optional<std::uint64_t> announced() const noexcept;
  /// The fields after the body; empty until its end was read.
  [[nodiscard]] const http::headers& trailers() const noexcept;

 private:
  friend class client;
  explicit response_stream(std::unique_ptr<detail::open_response> open) noexcept;

  std::unique_ptr<detail::open_response> open_;
};

}  // namespace fairlead::http
