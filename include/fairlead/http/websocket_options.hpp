// SPDX-License-Identifier: BSL-1.0
// The words and knobs of WebSockets.
#pragma once

#include <fairlead/core/time.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// What a message holds: text is UTF-8, and is checked to be.
enum class message_kind : std::uint8_t { text, binary };

/// Why a WebSocket is closed (RFC 6455, 7.4). Applications use 4000 to 4999.
enum class close_code : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  unsupported_data = 1003,
  none = 1005,  ///< the peer gave none; never sent
  invalid_text = 1007,
  policy_violation = 1008,
  too_large = 1009,
  extension_missing = 1010,
  internal_error = 1011,
  restarting = 1012,
  try_again_later = 1013,
};

/// Whether messages may be compressed (permessage-deflate, RFC 7692), when the peer agrees.
enum class websocket_compression : std::uint8_t {
  off,
  per_message,  ///< each message alone: no memory is kept between messages
  shared,       ///< later messages refer to earlier ones: smaller, and up to 300 KiB a connection
};

/// Options of a WebSocket, for either side; setters can be chained.
class websocket_options {
 public:
  websocket_options() = default;

  /// The largest message to receive, decompressed, in bytes. Default 1 MiB. More fails with
  /// `too_large`, and the peer is told (1009).
  websocket_options& max_message(std::uint64_t bytes) {
    max_message_ = bytes;
    return *this;
  }
  /// How long nothing may come before the peer is asked with a ping. Default 20 s, as in Python's
  /// websockets. `duration::max()` asks never. Takes effect while somebody reads.
  websocket_options& ping_after(duration quiet) {
    ping_after_ = quiet;
    return *this;
  }
  /// How long the peer may take to answer a ping, or to send anything else. Default 20 s. Then
  /// reading fails with `timeout`, and the connection is closed.
  websocket_options& pong_within(duration limit) {
    pong_within_ = limit;
    return *this;
  }
  /// How long one frame of a message may take to be sent. Default 30 s.
  websocket_options& write_timeout(duration limit) {
    write_timeout_ = limit;
    return *this;
  }
  /// How long `close` waits for the peer's answer. Default 5 s.
  websocket_options& close_timeout(duration limit) {
    close_timeout_ = limit;
    return *this;
  }
  /// Default off: it costs memory and time, and what is worth compressing often is so already.
  websocket_options& compression(websocket_compression how) {
    compression_ = how;
    return *this;
  }
  /// Messages below this many bytes are sent uncompressed. Default 256.
  websocket_options& compress_from(std::size_t bytes) {
    compress_from_ = bytes;
    return *this;
  }
  /// A subprotocol that this side speaks; the one named first is preferred. Default none.
  websocket_options& protocol(std::string_view name) {
    protocols_.emplace_back(name);
    return *this;
  }
  /// For servers: an Origin whose pages may connect, "https://app.example", or "*" for all.
  /// Default: those of the server's own host, and everybody who is not a browser.
  websocket_options& origin(std::string_view of_pages) {
    origins_.emplace_back(of_pages);
    return *this;
  }

  [[nodiscard]] std::uint64_t max_message() const noexcept { return max_message_; }
  [[nodiscard]] duration ping_after() const noexcept { return ping_after_; }
  [[nodiscard]] duration pong_within() const noexcept { return pong_within_; }
  [[nodiscard]] duration write_timeout() const noexcept { return write_timeout_; }
  [[nodiscard]] duration close_timeout() const noexcept { return close_timeout_; }
  [[nodiscard]] websocket_compression compression() const noexcept { return compression_; }
  [[nodiscard]] std::size_t compress_from() const noexcept { return compress_from_; }
  [[nodiscard]] const std::vector<std::string>& protocols() const noexcept { return protocols_; }
  [[nodiscard]] const std::vector<std::string>& origins() const noexcept { return origins_; }

  /// Everything that is wrong, one sentence each; empty when the options can be used.
  [[nodiscard]] std::vector<std::string> problems() const;

 private:
  std::uint64_t max_message_ = 1024 * 1024;
  duration ping_after_ = std::chrono::seconds(20);
  duration pong_within_ = std::chrono::seconds(20);
  duration write_timeout_ = std::chrono::seconds(30);
  duration close_timeout_ = std::chrono::seconds(5);
  websocket_compression compression_ = websocket_compression::off;
  std::size_t compress_from_ = 256;
  std::vector<std::string> protocols_;
  std::vector<std::string> origins_;
};

}  // namespace fairlead::http
