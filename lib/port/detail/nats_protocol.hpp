// SPDX-License-Identifier: BSL-1.0
// What a NATS server says, cut from its bytes, and what is said to it. No I/O.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/net/framer.hpp>
#include <fairlead/port/broker_message.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::detail::nats {

/// What the server says.
enum class verb : std::uint8_t { info, message, ping, pong, ok, error };

/// One thing that it said; views into the bytes it was cut from.
struct server_op {
  verb what = verb::ok;
  std::string_view text;  ///< the JSON of INFO, the reason of -ERR
  // Of a message:
  std::string_view subject;
  std::string_view reply_to;
  std::uint64_t subscription = 0;
  std::size_t size = 0;  ///< of headers and payload
  /// It is larger than allowed; its bytes are passed over.
  bool oversized = false;
  std::string_view headers;  ///< the block as it came; empty without headers
  std::string_view payload;
};

/// What is taken from a server.
struct protocol_limits {
  std::size_t control_line = 4096;  ///< bytes of a line, but INFO's
  std::size_t info = 65536;         ///< bytes of INFO
  std::size_t message = 8 << 20;    ///< headers and payload of a message
};

/// A framer (net/framer.hpp) whose messages are what the server said; each is also taken apart into
/// `op`, whose views are valid as long as the message.
///
/// *Errors*: `protocol_error` for what is no NATS, `too_large` for lines beyond the limit; nothing
/// can be read after them.
class framer {
 public:
  explicit framer(server_op& op, const protocol_limits& limits = {}) noexcept
      : op_(&op), limits_(limits) {}

  result<net::frame_step> next(std::string_view unread);
  result<net::frame_step> end(std::string_view unread);
  [[nodiscard]] result<net::frame_edges> edges(std::string_view message) const;

 private:
  result<std::size_t> line_end(std::string_view rest);
  [[nodiscard]] std::size_t skip(std::size_t available) noexcept;

  server_op* op_;
  protocol_limits limits_;
  std::size_t searched_ = 0;   // bytes of the line without an end
  std::size_t to_skip_ = 0;    // bytes of a message that is too large
  std::size_t line_size_ = 0;  // of the message whose payload is awaited, with its end
};

/// Takes a control line apart, without its end. `size` and `headers` are set, the bytes not.
///
/// *Errors*: `protocol_error`.
struct control_line {
  server_op op;
  std::size_t header_size = 0;
};
[[nodiscard]] result<control_line> parse_control_line(std::string_view line);

/// A block of headers: "NATS/1.0 503 No Responders\r\nName: value\r\n\r\n".
struct header_block {
  unsigned status = 0;  ///< 0 for none
  std::string_view description;
  std::vector<message_header> headers;
};

/// *Errors*: `protocol_error`; `too_large` for more than 100 headers.
[[nodiscard]] result<header_block> parse_headers(std::string_view block);

/// Appends the control line of `m`, and its headers; payload and "\r\n" are to follow.
void append_publish(std::string& out, const broker_message& m, std::string_view reply_to);
void append_subscribe(std::string& out, std::string_view pattern, std::string_view group,
                      std::uint64_t id);
void append_unsubscribe(std::string& out, std::uint64_t id);

}  // namespace fairlead::detail::nats
