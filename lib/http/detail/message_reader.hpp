// SPDX-License-Identifier: BSL-1.0
// The sans-IO reader of HTTP/1.1 messages: bytes in, a request or a response out.
#pragma once

#include "body_budget.hpp"
#include "message_access.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace fairlead::http::detail {

/// Why a message was refused. A server answers `malformed` with 400, and the rest by name.
enum class fault : std::uint8_t {
  none,
  malformed,
  target_too_long,
  head_too_large,
  too_many_fields,
  body_too_large,
  no_body_memory,
  unknown_method,
  unknown_version,
  unknown_coding,
  truncated,
};

/// What happens with a body that exceeds its limit.
enum class overflow : std::uint8_t {
  refuse,  ///< the message fails with `body_too_large`
  cut,     ///< the rest is counted, not kept, and `cut()` is true
};

/// Where the reader stands after a call.
enum class progress : std::uint8_t {
  more,    ///< everything usable was taken; more input is needed
  head,    ///< the head is complete; call again for the body, with or without more input
  done,    ///< the message is complete; what was not taken belongs to the next one
  failed,  ///< see `failure()`; the connection is of no further use
};

struct reader_limits {
  std::size_t head_bytes = 16 * 1024;
  std::size_t fields = 100;
  std::uint64_t body_bytes = 1024 * 1024;
  body_permit* memory = nullptr;  ///< what the body's buffer has to be covered by, if by anything
};

/// What one call took from the front of its input, and where the message stands.
struct read_step {
  std::size_t taken;
  progress now;
};

/// Reads one message after the other into memory that it reuses.
///
/// Strict where RFC 9112 allows it: no Content-Length beside Transfer-Encoding, no repeated, signed
/// or listed Content-Length, "chunked" as the only coding, no folded headers, no bare CR or LF, no
/// white space before a colon, no control characters, a Host header in HTTP/1.1 requests.
///
/// `Message` is `request` or `response`.
template <class Message>
class message_reader {
 public:
  message_reader();
  message_reader(const message_reader&) = delete;
  message_reader& operator=(const message_reader&) = delete;
  ~message_reader();

  /// Forgets the previous message. `bodyless`: the response to a HEAD request.
  enum class body_rule : std::uint8_t { normal, bodyless };
  void begin(Message& into, const reader_limits& limits, body_rule rule = body_rule::normal);

  /// Sets the rule for the body; call it no later than when the head is complete.
  void limit_body(std::uint64_t bytes, overflow what) noexcept;

  /// The body is taken away piece by piece, so its buffer needs no permit. Call it when the head is
  /// complete.
  void take_away_body() noexcept;

  /// Reads from the front of `bytes`. What was not taken must be offered again, with more behind.
  [[nodiscard]] read_step feed(std::string_view bytes);

  /// The stream has ended: `done` for a response whose body ends with the connection, else
  /// `failed`.
  [[nodiscard]] progress finish();

  /// True once a byte of this message was seen (empty lines before a request do not count).
  [[nodiscard]] bool started() const noexcept;
  /// True when the CR of an empty line before a request was taken, and its LF has not come.
  [[nodiscard]] bool inside_empty_line() const noexcept;
  [[nodiscard]] bool head_complete() const noexcept;
  /// Whether the connection can carry another message after this one.
  [[nodiscard]] bool keep_alive() const noexcept;
  /// Whether a body is announced; meaningful once the head is complete.
  [[nodiscard]] bool has_body() const noexcept;
  /// Body bytes seen, also those that were cut off.
  [[nodiscard]] std::uint64_t body_received() const noexcept;
  /// What Content-Length announced; 0 when nothing did.
  [[nodiscard]] std::uint64_t body_expected() const noexcept;
  /// Whether the message ends where it says so itself, as with Content-Length or without a body.
  [[nodiscard]] bool length_known() const noexcept;
  [[nodiscard]] bool cut() const noexcept;

  [[nodiscard]] fault failure() const noexcept;
  /// In words; for `failure() != none`.
  [[nodiscard]] std::string_view reason() const noexcept;

 private:
  class impl;
  std::unique_ptr<impl> impl_;
};

extern template class message_reader<request>;
extern template class message_reader<response>;

using request_reader = message_reader<request>;
using response_reader = message_reader<response>;

}  // namespace fairlead::http::detail
