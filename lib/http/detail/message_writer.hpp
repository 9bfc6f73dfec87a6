// SPDX-License-Identifier: BSL-1.0
// Heads as text, and the gathered write of a head and a body.
#pragma once

#include <fairlead/http/request.hpp>
#include <fairlead/http/response.hpp>
#include <fairlead/net/stream.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::http::detail {

/// What the client says beside the request's own headers.
struct request_frame {
  std::string_view target;     ///< path and query
  std::string_view authority;  ///< for Host, unless the request has one
  const headers* defaults;     ///< those whose name the request does not have
  enum class consent : std::uint8_t { none, ask };
  consent expect = consent::none;             ///< `ask`: Expect: 100-continue
  std::string_view origin = "";               ///< before the target, for a proxy (absolute-form)
  std::string_view proxy_authorization = {};  ///< what to say to it, if anything
};

/// `invalid_argument` when a header was refused, or is one that the library writes itself.
[[nodiscard]] result<void> check_headers(const headers& h);

/// `invalid_argument` when a request names two hosts, or something that is none.
[[nodiscard]] result<void> check_host(const headers& h);

/// Whether a Connection header says "close".
[[nodiscard]] bool asks_to_close(const headers& h) noexcept;

/// Replaces `out` by request line and headers, with Content-Length or Transfer-Encoding where
/// one is due.
void render_head(std::string& out, const request& r, const request_frame& frame);

/// How the receiver knows where a body ends.
enum class body_framing : std::uint8_t {
  none,         ///< there is no body, and no header that speaks of one
  length,       ///< Content-Length
  chunked,      ///< Transfer-Encoding
  until_close,  ///< for an HTTP/1.0 client, where the length is not known
};

/// What the server says beside the response's own headers.
struct response_frame {
  std::string_view date;
  bool keep_alive = true;
  int minor_version = 1;  ///< of the request
  body_framing framing = body_framing::none;
  std::uint64_t length = 0;  ///< for Content-Length
};
/// Replaces `out` by status line and headers.
void render_head(std::string& out, const response& r, const response_frame& frame);

/// Two pieces of text on their way out.
class gathered {
 public:
  gathered() = default;
  gathered(std::string_view head, std::string_view body) noexcept : pieces_{head, body} {}

  [[nodiscard]] bool done() const noexcept { return pieces_[0].empty() && pieces_[1].empty(); }
  [[nodiscard]] std::size_t body_left() const noexcept { return pieces_[1].size(); }
  /// Bytes written so far, of both.
  [[nodiscard]] std::uint64_t written() const noexcept { return written_; }
  /// One attempt; what was written is not offered again.
  [[nodiscard]] net::io_attempt try_write(net::stream& s);

 private:
  std::array<std::string_view, 2> pieces_;
  std::uint64_t written_ = 0;
};

}  // namespace fairlead::http::detail
