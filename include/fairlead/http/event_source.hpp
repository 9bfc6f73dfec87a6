// SPDX-License-Identifier: BSL-1.0
// The client's side of server-sent events: one stream over many connections.
#pragma once

#include <fairlead/http/client.hpp>
#include <fairlead/http/server_event.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::http {

/// Options of an `event_source`; setters can be chained.
class event_source_options {
 public:
  event_source_options() = default;

  /// How long to wait before connecting again, until the server says otherwise, though not less
  /// than 500 ms as in Firefox, or than this if it is less. Default 3 s, as browsers do. Doubles
  /// with every connection that gave no event; the real wait is drawn from the upper half of that.
  event_source_options& retry(duration wait) {
    retry_ = wait;
    return *this;
  }
  /// The longest wait. Default 60 s.
  event_source_options& max_retry(duration wait) {
    max_retry_ = wait;
    return *this;
  }
  /// Silence after which the connection counts as dead and is made again. Default 60 s: servers
  /// send something every 15 s or so.
  event_source_options& idle_timeout(duration limit) {
    idle_timeout_ = limit;
    return *this;
  }
  /// Where to go on: the id of the last event that was seen. Default: at the start.
  event_source_options& last_event_id(std::string_view id) {
    last_event_id_ = id;
    return *this;
  }
  /// A header for every request.
  event_source_options& header(std::string_view name, std::string_view value) {
    headers_.set(name, value);
    return *this;
  }
  /// The largest event, in bytes. Default 1 MiB.
  event_source_options& max_event(std::size_t bytes) {
    max_event_ = bytes;
    return *this;
  }

  [[nodiscard]] duration retry() const noexcept { return retry_; }
  [[nodiscard]] duration max_retry() const noexcept { return max_retry_; }
  [[nodiscard]] duration idle_timeout() const noexcept { return idle_timeout_; }
  [[nodiscard]] const std::string& last_event_id() const noexcept { return last_event_id_; }
  [[nodiscard]] const http::headers& headers() const noexcept { return headers_; }
  [[nodiscard]] std::size_t max_event() const noexcept { return max_event_; }

 private:
  duration retry_ = std::chrono::seconds(3);
  duration max_retry_ = std::chrono::seconds(60);
  duration idle_timeout_ = std::chrono::seconds(60);
  std::string last_event_id_;
  http::headers headers_;
  std::size_t max_event_ = std::size_t{1} << 20U;
};

/// Reads events, and connects again when the connection is lost or the server ends it: with the id
/// of the last event, so that a server that keeps them leaves none out.
///
/// *Thread safety*: none; it belongs to the executor of its client, and must not outlive it.
///
/// *Example*:
/// ```cpp
/// http::event_source prices(client, "/prices");
/// for (;;) {
///   auto event = co_await prices.read(cx);
///   if (!event || !*event) { break; }  // for good: an error, or the server wants no more of it
///   show((*event)->type, (*event)->data);
/// }
/// ```
class event_source {
 public:
  event_source(client& c, std::string target, event_source_options options = {});
  event_source(event_source&&) noexcept;
  event_source& operator=(event_source&&) noexcept;
  ~event_source();

  /// The next event, or nothing when the server has said that there are no more (204). The views
  /// are valid until the next `read`.
  ///
  /// *Completes when* one has come, however many connections that takes; the deadline of `cx` is
  /// the only limit.
  /// *Errors*: `cancelled`, `deadline`: reading may go on, on a new connection; `http_error` for a
  /// status that will not get better; `protocol_error` for an answer that is no event stream;
  /// `too_large`; `invalid_url`, `invalid_argument`. What may get better is tried again.
  [[nodiscard]] task<result<std::optional<server_event>>> read(context& cx);

  /// The id of the last event; for storing where to go on.
  [[nodiscard]] const std::string& last_event_id() const noexcept;
  /// How many connections have been made so far.
  [[nodiscard]] std::uint64_t connections() const noexcept;
  /// Why the last connection ended; nothing when the server ended it in order.
  [[nodiscard]] const std::optional<error>& last_failure() const noexcept;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace fairlead::http
