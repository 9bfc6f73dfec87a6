// SPDX-License-Identifier: BSL-1.0
// A request, as a client sends it and as a server's handler receives it.
#pragma once

#include <fairlead/http/body_source.hpp>
#include <fairlead/http/headers.hpp>
#include <fairlead/http/method.hpp>
#include <fairlead/http/response.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {

class body_reader;
namespace detail {
class attachment_node;

/// What is attached to one request, and not to its copies (see `attached`).
struct attachment_list {
  attachment_list() = default;
  attachment_list(const attachment_list& /*other*/) noexcept {}
  attachment_list& operator=(const attachment_list& /*other*/) noexcept { return *this; }
  ~attachment_list() = default;
  const attachment_node* first = nullptr;
};
}  // namespace detail

/// Method, target, headers and body. The same type on both sides: what only a server knows (path
/// parameters, peer) is empty on a client's request.
///
/// *Thread safety*: a value.
///
/// *Example*:
/// ```cpp
/// auto r = http::request(http::method::put, "/users/1").header("If-Match", tag).body(text);
/// ```
class request {
 public:
  request() noexcept;
  request(const request& other);
  request(request&& other) noexcept;
  request& operator=(const request& other);
  request& operator=(request&& other) noexcept;
  ~request();
  /// A client's `target` is "/path?query" or "path", joined with the client's base URL, or an
  /// absolute URL.
  explicit request(http::method m, std::string target);

  [[nodiscard]] http::method method() const noexcept { return method_; }
  /// As sent: "/path?query", still encoded.
  [[nodiscard]] const std::string& target() const noexcept { return target_; }
  /// The target up to the '?', still encoded.
  [[nodiscard]] std::string_view path() const noexcept;
  /// The target after the '?', still encoded.
  [[nodiscard]] std::string_view query() const noexcept;
  /// The first value of that name in the query, decoded; nothing when there is none or when it is
  /// encoded wrongly.
  [[nodiscard]] std::optional<std::string> query_value(std::string_view name) const;

  [[nodiscard]] const http::headers& headers() const noexcept { return headers_; }
  [[nodiscard]] http::headers& headers() noexcept { return headers_; }
  [[nodiscard]] const std::string& body() const noexcept { return body_; }

  /// Sets a header, replacing others of that name.
  request& header(std::string_view name, std::string_view value) & {
    headers_.set(name, value);
    return *this;
  }
  request&& header(std::string_view name, std::string_view value) && {
    return std::move(this->header(name, value));
  }
  /// Sets the body. Content-Length is written by the library; set Content-Type yourself.
  request& body(std::string text) & {
    body_ = std::move(text);
    source_.reset();
    return *this;
  }
  request&& body(std::string text) && { return std::move(this->body(std::move(text))); }
  /// Sets body and Content-Type.
  request& body(std::string text, std::string_view content_type) & {
    return body(std::move(text)).header("Content-Type", content_type);
  }
  request&& body(std::string text, std::string_view content_type) && {
    return std::move(this->body(std::move(text), content_type));
  }
  /// A client's: sends what `source` makes, with Content-Length when it knows its size, else
  /// chunked. Copies of the request share the source.
  request& body(std::shared_ptr<body_source> source) & {
    body_.clear();
    source_ = std::move(source);
    return *this;
  }
  request&& body(std::shared_ptr<body_source> source) && {
    return std::move(this->body(std::move(source)));
  }
  /// The same with Content-Type.
  request& body(std::shared_ptr<body_source> source, std::string_view content_type) & {
    return body(std::move(source)).header("Content-Type", content_type);
  }
  request&& body(std::shared_ptr<body_source> source, std::string_view content_type) && {
    return std::move(this->body(std::move(source), content_type));
  }
  /// What makes the body while it is sent; null when `body()` is all of it.
  [[nodiscard]] const std::shared_ptr<body_source>& source() const noexcept { return source_; }

  // What a server adds.

  /// The path parameter of that name in the route's pattern, decoded; nothing when the route has
  /// none of that name.
  [[nodiscard]] std::optional<std::string_view> param(std::string_view name) const noexcept;
  /// The n-th path parameter, decoded. `n` must be less than `param_count()`.
  [[nodiscard]] std::string_view param(std::size_t n) const noexcept;
  /// The name of the n-th path parameter in the route's pattern. `n` as above.
  [[nodiscard]] std::string_view param_name(std::size_t n) const noexcept {
    return params_[n].name;
  }
  [[nodiscard]] std::size_t param_count() const noexcept { return params_.size(); }
  /// Header fields after a chunked body.
  [[nodiscard]] const http::headers& trailers() const noexcept;
  /// The body as it arrives, where the handler takes it so (see `handler::takes_stream`); null
  /// elsewhere, and then the body is in `body()`. It may be read until the answer has been sent, by
  /// the handler and after it by the source of a streamed answer.
  [[nodiscard]] body_reader* incoming() const noexcept { return incoming_; }
  /// The minor version: 1 for HTTP/1.1, 0 for HTTP/1.0.
  [[nodiscard]] int minor_version() const noexcept { return minor_version_; }
  /// The pattern of the route that answers, as it was added; empty when there is none.
  [[nodiscard]] std::string_view route() const noexcept { return route_; }
  /// Whether the server that received it still wants more of its kind; see `server::withdraw`.
  [[nodiscard]] bool server_ready() const noexcept { return server_ready_; }
  /// Where the request came from, "127.0.0.1:40000".
  [[nodiscard]] std::string_view peer() const noexcept { return peer_; }

  /// An empty response that reuses the memory of the previous one on this connection, so that a
  /// steady connection allocates nothing. A plain `response(s)` works as well.
  [[nodiscard]] response reply(status s = status::ok) const;

 private:
  friend struct request_access;
  friend class detail::attachment_node;
  struct param_entry {
    std::string_view name;  // of the route's pattern
    std::size_t offset;     // into param_text_
    std::size_t size;
  };

  http::method method_ = http::method::get;
  int minor_version_ = 1;
  std::string target_;
  http::headers headers_;
  std::shared_ptr<http::headers> trailers_;  // mostly null; never changed once read
  std::string body_;
  std::shared_ptr<body_source> source_;  // mostly null
  std::string param_text_;
  std::vector<param_entry> params_;
  std::string_view peer_;
  std::string_view route_;
  response* spare_ = nullptr;
  body_reader* incoming_ = nullptr;
  mutable detail::attachment_list attachments_;
  bool server_ready_ = true;
};

}  // namespace fairlead::http
