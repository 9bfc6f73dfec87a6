// SPDX-License-Identifier: BSL-1.0
// A response, as a handler makes it and as a client receives it.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/http/body_source.hpp>
#include <fairlead/http/headers.hpp>
#include <fairlead/http/status.hpp>
#include <fairlead/net/stream.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::http {

/// Takes over a connection whose protocol was changed: `s` begins with what the client has sent
/// already. Runs as the connection's own task, counted and awaited by the server: `cx` has no
/// deadline and is cancelled when the grace period of a drain ends; `calm` is cancelled as soon as
/// the drain begins, so wait under it for what may be broken off, and say goodbye under `cx`. The
/// connection ends when `s` is destroyed. An exception ends the connection, and is counted among
/// `server_stats::dropped`.
using upgrade_handler =
    std::function<task<void>(context& cx, std::unique_ptr<net::stream> s, context& calm)>;

/// Status, headers and body.
///
/// The library writes Content-Length, Date, Connection and Transfer-Encoding; a handler that sets
/// Content-Length or Transfer-Encoding itself gets a 500 sent instead, since a wrong one would let
/// the peer read the next response as part of this one. "Connection: close" is honoured.
///
/// *Thread safety*: a value.
///
/// *Example*:
/// ```cpp
/// co_return http::response(http::status::created).header("Location", "/users/7").body(text);
/// ```
class response {
 public:
  response() = default;
  explicit response(http::status s) : status_(s) {}

  [[nodiscard]] http::status status() const noexcept { return status_; }
  [[nodiscard]] const http::headers& headers() const noexcept { return headers_; }
  [[nodiscard]] http::headers& headers() noexcept { return headers_; }
  [[nodiscard]] const std::string& body() const noexcept { return shared_ ? *shared_ : body_; }
  /// The body's text itself, to write into memory that is there already, or to move from. One that
  /// is shared is copied first.
  [[nodiscard]] std::string& body_text() {
    if (shared_) {
      own_body();
    }
    return body_;
  }
  /// What makes the body while it is sent; null when `body()` is all of it. A server's only.
  [[nodiscard]] const std::shared_ptr<body_source>& source() const noexcept { return source_; }
  /// Header fields after a chunked body; a client's response only.
  [[nodiscard]] const http::headers& trailers() const noexcept;
  /// The URL that answered, when a redirect led the client there; empty otherwise.
  [[nodiscard]] std::string_view redirected_to() const noexcept {
    return extras_.get() != nullptr ? extras_.get()->redirected_to : std::string_view();
  }
  /// The minor version of the peer: 1 for HTTP/1.1, 0 for HTTP/1.0.
  [[nodiscard]] int minor_version() const noexcept { return minor_version_; }

  response& status(http::status s) & {
    status_ = s;
    return *this;
  }
  response&& status(http::status s) && { return std::move(this->status(s)); }
  /// Sets a header, replacing others of that name.
  response& header(std::string_view name, std::string_view value) & {
    headers_.set(name, value);
    return *this;
  }
  response&& header(std::string_view name, std::string_view value) && {
    return std::move(this->header(name, value));
  }
  response& body(std::string text) & {
    body_ = std::move(text);
    shared_.reset();
    source_.reset();
    return *this;
  }
  response&& body(std::string text) && { return std::move(this->body(std::move(text))); }
  /// Sets body and Content-Type.
  response& body(std::string text, std::string_view content_type) & {
    return body(std::move(text)).header("Content-Type", content_type);
  }
  response&& body(std::string text, std::string_view content_type) && {
    return std::move(this->body(std::move(text), content_type));
  }

  /// Sends a text that other responses send too, and copies it nowhere: a page that many ask for,
  /// an answer that is kept. It is held until it was sent, and must not change any more. Null: no
  /// body.
  response& body(std::shared_ptr<const std::string> text) & {
    body_.clear();
    shared_ = std::move(text);
    source_.reset();
    return *this;
  }
  response&& body(std::shared_ptr<const std::string> text) && {
    return std::move(this->body(std::move(text)));
  }
  /// The same with Content-Type.
  response& body(std::shared_ptr<const std::string> text, std::string_view content_type) & {
    return body(std::move(text)).header("Content-Type", content_type);
  }
  response&& body(std::shared_ptr<const std::string> text, std::string_view content_type) && {
    return std::move(this->body(std::move(text), content_type));
  }

  /// Sends what `source` makes instead of a text: with Content-Length when the source knows its
  /// size, else chunked (to an HTTP/1.0 client: until the connection is closed). Not run for HEAD
  /// and for statuses without a body.
  ///
  /// It runs after the handler has ended, under a context that is cancelled when the client leaves
  /// and when the server's grace period ends, and that has no deadline: what bounds it is
  /// `write_timeout`, each time the client takes nothing. The request that was answered lives until
  /// the source has ended. When the source fails before anything was sent, its error is answered as
  /// a handler's would be; later, the connection is broken off so that the client notices.
  response& body(std::shared_ptr<body_source> source) & {
    body_.clear();
    shared_.reset();
    source_ = std::move(source);
    return *this;
  }
  response&& body(std::shared_ptr<body_source> source) && {
    return std::move(this->body(std::move(source)));
  }
  /// The same with Content-Type.
  response& body(std::shared_ptr<body_source> source, std::string_view content_type) & {
    return body(std::move(source)).header("Content-Type", content_type);
  }
  response&& body(std::shared_ptr<body_source> source, std::string_view content_type) && {
    return std::move(this->body(std::move(source), content_type));
  }

  /// Changes the protocol of the connection: answers 101 with "Upgrade: `protocol`" and the other
  /// headers that are set here, then hands the connection to `f`. Nothing of the request is alive
  /// then. Checking what the client asked for, and its Origin, is the caller's business. An
  /// HTTP/1.0 client, and one whose body was not read, get a 500 instead; a server that is being
  /// drained answers 503.
  response& upgrade(std::string_view protocol, upgrade_handler f) & {
    status_ = http::status::switching_protocols;
    extras_.made().upgrade = std::make_shared<upgrade_handler>(std::move(f));
    return header("Upgrade", protocol);
  }
  response&& upgrade(std::string_view protocol, upgrade_handler f) && {
    return std::move(this->upgrade(protocol, std::move(f)));
  }
  [[nodiscard]] bool upgrades() const noexcept {
    return extras_.get() != nullptr && extras_.get()->upgrade != nullptr;
  }

  /// The error that it speaks of, when `error_response` made it: what the server reports when the
  /// status is 500 or more. It is not sent.
  [[nodiscard]] const error* cause() const noexcept {
    return extras_.get() != nullptr && extras_.get()->cause ? &*extras_.get()->cause : nullptr;
  }
  response& because(const error& e) & {
    extras_.made().cause = e;
    return *this;
  }
  response&& because(const error& e) && { return std::move(this->because(e)); }

  /// Forgets everything but the memory; the status is 200 then.
  void clear() noexcept;

 private:
  friend struct response_access;

  void own_body();

  // What few responses have; apart, so that the others move as little as can be.
  struct extras {
    http::headers trailers;
    std::optional<error> cause;
    std::shared_ptr<upgrade_handler> upgrade;
    std::string redirected_to;
  };
  class extras_box {
   public:
    extras_box() noexcept = default;
    extras_box(const extras_box& other) : made_(other.copy()) {}
    extras_box(extras_box&& other) noexcept = default;
    extras_box& operator=(const extras_box& other) {
      made_ = other.copy();
      return *this;
    }
    extras_box& operator=(extras_box&& other) noexcept = default;
    ~extras_box() = default;

    [[nodiscard]] const extras* get() const noexcept { return made_.get(); }
    [[nodiscard]] extras& made() {
      if (!made_) {
        made_ = std::make_unique<extras>();
      }
      return *made_;
    }
    void reset() noexcept { made_.reset(); }

   private:
    [[nodiscard]] std::unique_ptr<extras> copy() const {
      return made_ ? std::make_unique<extras>(*made_) : nullptr;
    }

    std::unique_ptr<extras> made_;
  };

  http::status status_ = http::status::ok;
  int minor_version_ = 1;
  http::headers headers_;
  std::string body_;
  std::shared_ptr<const std::string> shared_;  // the body instead of `body_`; mostly null
  std::shared_ptr<body_source> source_;        // mostly null
  extras_box extras_;
};

}  // namespace fairlead::http
