// SPDX-License-Identifier: BSL-1.0
// The knobs of an HTTP server, each with its default, unit and effect.
#pragma once

#include <fairlead/core/time.hpp>
#include <fairlead/http/access_record.hpp>
#include <fairlead/http/rate_floor.hpp>
#include <fairlead/http/request.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::observe {
class tracer;
}  // namespace fairlead::observe

namespace fairlead::http {

/// Options of a `server`; setters can be chained. The server checks them when it is made and
/// reports everything that is wrong at once.
class server_options {
 public:
  server_options();
  server_options(const server_options& other);
  server_options(server_options&& other) noexcept;
  server_options& operator=(const server_options& other);
  server_options& operator=(server_options&& other) noexcept;
  ~server_options();

  /// How long a client may take to send a request's head, from its first byte, and a new connection
  /// until that byte. Default 10 s. Then 408, or nothing when there was no byte.
  server_options& head_timeout(duration limit) {
    head_timeout_ = limit;
    return *this;
  }
  /// How long a client may take to send a body, from the end of the head. Default 30 s. Then 408.
  server_options& body_timeout(duration limit) {
    body_timeout_ = limit;
    return *this;
  }
  /// The least rate at which a client sends a body. Default 240 bytes per second after 5 s of
  /// grace, as Kestrel's. Then 408. A route may have another (`route_options`), for clients that
  /// have little to send for long.
  server_options& min_body_rate(const rate_floor& floor) {
    min_body_rate_ = floor;
    return *this;
  }
  /// How long a handler may take: the deadline of its context. Default 30 s. A handler that gives
  /// up with it is answered with 504.
  server_options& handler_timeout(duration limit) {
    handler_timeout_ = limit;
    return *this;
  }
  /// How long a client may take to receive a response; of one that is made while it is sent, how
  /// long it may take nothing. Default 30 s. Then the connection is closed.
  server_options& write_timeout(duration limit) {
    write_timeout_ = limit;
    return *this;
  }
  /// The least rate at which a client takes a response. Default 240 bytes per second after 5 s of
  /// grace, as Kestrel's. Then the connection is closed. It counts only while something waits to be
  /// sent, so a stream of events may be silent for as long as it likes.
  server_options& min_write_rate(const rate_floor& floor) {
    min_write_rate_ = floor;
    return *this;
  }
  /// How long a connection may idle between requests. Default 75 s, more than clients usually keep
  /// theirs, so that it is the client who closes.
  server_options& idle_timeout(duration limit) {
    idle_timeout_ = limit;
    return *this;
  }
  /// The largest body of a request, in bytes. Default 1 MiB. More is answered with 413.
  server_options& max_body(std::uint64_t bytes) {
    max_body_ = bytes;
    return *this;
  }
  /// Memory for the bodies of all requests together, from the head of each to its answer, in bytes.
  /// Default 256 MiB; at least `max_body`. An announced body counts whole from the start, a chunked
  /// one as it grows, and one of up to 4 KiB not at all. What does not fit is answered with 503 and
  /// "Retry-After: 1" before its body is read, and its connection is closed.
  ///
  /// A client need not send what it announces to take its share, for the grace of `min_body_rate`,
  /// or for up to `body_timeout` if it keeps that rate: shorten these, or lower `max_body`, where
  /// clients are not trusted and bodies matter.
  server_options& body_memory(std::uint64_t bytes) {
    body_memory_ = bytes;
    return *this;
  }
  /// The largest head of a request, in bytes, and its most header fields. Default 16 KiB and 100.
  /// More is answered with 431, or 414 when the request line alone is too long.
  server_options& max_head(std::size_t bytes, std::size_t fields) {
    max_head_ = bytes;
    max_fields_ = fields;
    return *this;
  }
  /// Connections at a time. Default 10,000. At the limit the system's backlog holds new ones until
  /// one has ended.
  server_options& max_connections(std::size_t n) {
    max_connections_ = n;
    return *this;
  }
  /// Connections at a time from one address, and over IPv6 from one network of 64 bits, all of
  /// which one client may have (RFC 6177); more are closed at once, and counted as
  /// `server_stats::refused`. Default: no limit but `max_connections`, for behind a proxy all come
  /// from one address. Give one to servers that face the internet: otherwise one client can take
  /// all places.
  server_options& max_connections_per_peer(std::size_t n) {
    max_connections_per_peer_ = n;
    return *this;
  }
  /// Called when a request was answered with a status from 500 on, or not at all, through a fault
  /// on this side: with the text of the handler's exception or error. What it throws itself is
  /// dropped. Default: nobody hears of it but the client.
  server_options& on_failure(std::function<void(const request&, std::string_view what)> f) {
    on_failure_ = std::move(f);
    return *this;
  }

  /// Called when a request has been answered, its answer broke off, or its client left before there
  /// was one (`access_record::client_left`), also for one that could not be read: for access logs
  /// and metrics. What it throws is dropped. Default: nothing is recorded, and nothing measured.
  ///
  /// *Example*:
  /// ```cpp
  /// options.on_access([&](const http::access_record& r) { log << http::json_log_line(r) << "\n";
  /// });
  /// ```
  server_options& on_access(std::function<void(const access_record&)> f) {
    on_access_ = std::move(f);
    return *this;
  }

  /// Each request whose head was understood is a span, from its head to the last byte of its
  /// answer: it goes on with the trace that came with it (traceparent, tracestate, baggage; W3C
  /// Trace Context), or begins one. Handlers and the sources of streamed answers have it in their
  /// contexts, middlewares too. Named and annotated by OpenTelemetry's semantic conventions for
  /// HTTP. `by` must outlive the server.
  ///
  /// A server that faces strangers had better decide by itself what is sampled: give its tracer a
  /// sampler that does not follow the caller's. Default: traces are none of its business.
  server_options& traces(observe::tracer& by) {
    tracer_ = &by;
    takes_traces_ = true;
    return *this;
  }
  /// Records nothing, but what came with a request is in the contexts of its handlers, so that
  /// clients that they call with these pass it on.
  server_options& passes_traces_on() {
    tracer_ = nullptr;
    takes_traces_ = true;
    return *this;
  }

  [[nodiscard]] duration head_timeout() const noexcept { return head_timeout_; }
  [[nodiscard]] duration body_timeout() const noexcept { return body_timeout_; }
  [[nodiscard]] duration handler_timeout() const noexcept { return handler_timeout_; }
  [[nodiscard]] duration write_timeout() const noexcept { return write_timeout_; }
  [[nodiscard]] duration idle_timeout() const noexcept { return idle_timeout_; }
  [[nodiscard]] const rate_floor& min_body_rate() const noexcept { return min_body_rate_; }
  [[nodiscard]] const rate_floor& min_write_rate() const noexcept { return min_write_rate_; }
  [[nodiscard]] std::uint64_t max_body() const noexcept { return max_body_; }
  [[nodiscard]] std::uint64_t body_memory() const noexcept { return body_memory_; }
  [[nodiscard]] std::size_t max_head() const noexcept { return max_head_; }
  [[nodiscard]] std::size_t max_fields() const noexcept { return max_fields_; }
  [[nodiscard]] std::size_t max_connections() const noexcept { return max_connections_; }
  /// Nothing: no limit.
  [[nodiscard]] std::optional<std::size_t> max_connections_per_peer() const noexcept {
    return max_connections_per_peer_;
  }
  [[nodiscard]] const std::function<void(const request&, std::string_view what)>& on_failure()
      const noexcept {
    return on_failure_;
  }
  [[nodiscard]] const std::function<void(const access_record&)>& on_access() const noexcept {
    return on_access_;
  }
  /// Who records; null where nothing is recorded.
  [[nodiscard]] observe::tracer* tracer() const noexcept { return tracer_; }
  /// False when the fields of traces are left alone.
  [[nodiscard]] bool takes_traces() const noexcept { return takes_traces_; }

  /// Everything that is wrong, one sentence each; empty when the options can be used.
  [[nodiscard]] std::vector<std::string> problems() const;

 private:
  duration head_timeout_ = std::chrono::seconds(10);
  duration body_timeout_ = std::chrono::seconds(30);
  duration handler_timeout_ = std::chrono::seconds(30);
  duration write_timeout_ = std::chrono::seconds(30);
  duration idle_timeout_ = std::chrono::seconds(75);
  rate_floor min_body_rate_;
  rate_floor min_write_rate_;
  std::uint64_t max_body_ = 1024 * 1024;
  std::uint64_t body_memory_ = 256 * 1024 * 1024;
  std::size_t max_head_ = 16 * 1024;
  std::size_t max_fields_ = 100;
  std::size_t max_connections_ = 10'000;
  std::optional<std::size_t> max_connections_per_peer_;
  std::function<void(const request&, std::string_view what)> on_failure_;
  std::function<void(const access_record&)> on_access_;
  observe::tracer* tracer_ = nullptr;
  bool takes_traces_ = false;
};

}  // namespace fairlead::http
