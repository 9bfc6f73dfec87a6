// SPDX-License-Identifier: BSL-1.0
// A body as it arrives, piece by piece: a response's at a client, a request's at a server.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/http/headers.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::http {

/// A body that is read while it arrives. Nothing is read ahead of `read` but one buffer, so the
/// peer feels it when nobody reads (backpressure).
///
/// *Thread safety*: none.
///
/// *Example*:
/// ```cpp
/// for (;;) {
///   auto piece = co_await body.read(cx);
///   if (!piece) { co_return tl::unexpected(std::move(piece).error()); }
///   if (!*piece) { break; }  // the end
///   hash.update(**piece);
/// }
/// ```
class body_reader {
 public:
  body_reader() = default;
  body_reader(const body_reader&) = delete;
  body_reader& operator=(const body_reader&) = delete;
  virtual ~body_reader() = default;

  /// The next bytes, never none, or nothing at the end of the body. Without its transfer coding,
  /// and without its content coding where that is decoded. The view is valid until the next `read`.
  ///
  /// *Completes when* something has come.
  /// *Errors* (stage body): `connection_closed`, `connection_reset` when the body was cut off;
  /// `protocol_error`, `too_large`; `timeout`, `deadline`, `cancelled`. The same error again when
  /// asked again.
  /// *Cancellation*: the connection cannot be used for anything else afterwards.
  [[nodiscard]] virtual task<result<std::optional<std::string_view>>> read(context& cx) = 0;

  /// How many bytes the peer has announced, as they travel; nothing when it has not.
  [[nodiscard]] virtual std::optional<std::uint64_t> announced() const noexcept = 0;

  /// The header fields after the body; empty until the end has been read.
  [[nodiscard]] virtual const headers& trailers() const noexcept = 0;
};

/// All that is left of the body, at most `limit` bytes.
///
/// *Errors*: those of `read`; `too_large` beyond the limit.
[[nodiscard]] task<result<std::string>> read_all(context& cx, body_reader& body,
                                                 std::uint64_t limit);

}  // namespace fairlead::http
