// SPDX-License-Identifier: BSL-1.0
// Absolute http and https URLs: strict parsing, resolution of references, errors that say where.
#pragma once

#include <fairlead/core/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::http {

/// An absolute URL with scheme http or https, in normal form (RFC 3986, 6.2.2): scheme and host in
/// lower case, no default port, no dot segments, at least "/" as path. A fragment is dropped, since
/// it never goes over the wire.
///
/// Parsing is strict, because what parsers disagree on is what attackers use. Refused, with the
/// position in the text: white space and control characters, non-ASCII characters (encode them;
/// write internationalised host names in their "xn--" form), user information, a host that looks
/// like an IPv4 address but is none, zone identifiers, ports above 65535, broken percent-encoding,
/// and the characters `" < > \ ^ { | }` and the back-quote in a path.
///
/// *Thread safety*: a value.
///
/// *Example*:
/// ```cpp
/// auto base = http::url::parse("http://users:8080/api/");
/// auto one = base->resolve("users/1?full=yes");   // http://users:8080/api/users/1?full=yes
/// ```
class url {
 public:
  /// *Errors*: `invalid_url` with the text (at most 160 bytes of it) and what is wrong where.
  [[nodiscard]] static result<url> parse(std::string_view text);

  /// The URL that `reference` means from here (RFC 3986, 5.2): an absolute URL, "//host/path",
  /// "/path", "path", "?query" or "". *Errors*: as `parse`.
  [[nodiscard]] result<url> resolve(std::string_view reference) const;

  /// This URL with `target` appended to its path: "http://h/api" and "/users/1" (or "users/1") give
  /// "http://h/api/users/1". An absolute URL as `target` replaces this one. A query of this URL is
  /// dropped. That is how `client_options::base_url` and the target of a call are joined.
  /// *Errors*: as `parse`.
  [[nodiscard]] result<url> join(std::string_view target) const;

  /// "http" or "https".
  [[nodiscard]] std::string_view scheme() const noexcept { return part(0, scheme_); }
  /// In lower case; an IPv6 address without its brackets.
  [[nodiscard]] std::string_view host() const noexcept;
  /// The one given, else 80 or 443.
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// What a Host header says: the host, with brackets if need be, and the port unless it is the
  /// default.
  [[nodiscard]] std::string_view authority() const noexcept {
    return part(authority_begin(), authority_);
  }
  /// "http://host:port", without the default port: what a connection is good for.
  [[nodiscard]] std::string_view origin() const noexcept {
    return part(0, authority_begin() + authority_);
  }
  /// Starts with '/'; still encoded.
  [[nodiscard]] std::string_view path() const noexcept;
  /// Without the '?'; still encoded; empty when there is none.
  [[nodiscard]] std::string_view query() const noexcept;
  /// What a request line says: path and, if there is one, '?' and query.
  [[nodiscard]] std::string_view target() const noexcept {
    return std::string_view(text_).substr(authority_begin() + authority_);
  }
  [[nodiscard]] const std::string& to_string() const noexcept { return text_; }

  friend bool operator==(const url& a, const url& b) noexcept { return a.text_ == b.text_; }

 private:
  url() = default;
  [[nodiscard]] std::string_view part(std::size_t at, std::size_t n) const noexcept {
    return std::string_view(text_).substr(at, n);
  }
  [[nodiscard]] std::size_t authority_begin() const noexcept { return scheme_ + 3; }

  std::string text_;
  std::size_t scheme_ = 0;
  std::size_t authority_ = 0;
  std::uint16_t port_ = 0;
};

/// What is wrong with `target` as the "/path?query" of a request line, or nothing. For those who
/// build targets by hand; every client call checks.
[[nodiscard]] result<void> check_target(std::string_view target);

}  // namespace fairlead::http
