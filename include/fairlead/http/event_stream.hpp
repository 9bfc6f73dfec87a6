// SPDX-License-Identifier: BSL-1.0
// The server's side of server-sent events: a response that never has to end.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/core/time.hpp>
#include <fairlead/http/request.hpp>
#include <fairlead/http/response.hpp>
#include <fairlead/http/server_event.hpp>

#include <functional>
#include <string_view>

namespace fairlead::http {

namespace detail {
class event_sender;
}

/// Where the events of one response go.
///
/// *Thread safety*: none; several coroutines may send, one event after the other.
class event_writer {
 public:
  explicit event_writer(detail::event_sender& to) noexcept : to_(to) {}

  /// *Completes when* the event was sent: with a slow client it waits (backpressure).
  /// *Errors*: `invalid_argument` (see `format_event`), and nothing is sent; those of the
  /// connection; `cancelled`, `deadline`.
  [[nodiscard]] task<result<void>> send(context& cx, server_event e);
  /// Text that clients pass over; it must not have a line break. *Errors*: as above.
  [[nodiscard]] task<result<void>> comment(context& cx, std::string_view text);
  /// Asks the client to wait that long before it connects again. Rounded up to milliseconds.
  [[nodiscard]] task<result<void>> retry(context& cx, duration wait);

 private:
  detail::event_sender& to_;
};

/// Makes the events of one response. `cx` is cancelled when the client goes away, and when the
/// server's grace period ends.
using event_producer = std::function<task<result<void>>(context& cx, event_writer& out)>;

/// How to send events.
struct event_stream_options {
  /// A comment is sent when nothing else was for so long, so that a client that is gone is noticed
  /// and proxies keep the connection. Default 15 s, as the HTML standard advises.
  duration heartbeat = std::chrono::seconds(15);
};

/// A response of server-sent events, made by `f`, which is kept until it has ended. Has the
/// headers that keep caches away and proxies from holding events back.
///
/// *Example*:
/// ```cpp
/// routes.get("/prices", [&](context&, const http::request& r) -> result<http::response> {
///   return http::event_stream([&, since = std::string(http::last_event_id(r))](
///                                 context& cx, http::event_writer& out) -> task<result<void>> {
///     for (auto feed = prices.since(since);;) {
///       auto price = co_await feed.next(cx);
///       if (!price) { co_return tl::unexpected(std::move(price).error()); }
///       auto sent = co_await out.send(cx, {"price", price->text, price->id});
///       if (!sent) { co_return sent; }
///     }
///   });
/// });
/// ```
[[nodiscard]] response event_stream(event_producer f, event_stream_options options = {});

/// The id of the last event that the client has seen; empty when it connects for the first time.
/// Valid as long as the request.
[[nodiscard]] std::string_view last_event_id(const request& r) noexcept;

}  // namespace fairlead::http
