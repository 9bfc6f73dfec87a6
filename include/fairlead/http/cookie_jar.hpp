// SPDX-License-Identifier: BSL-1.0
// Cookies (RFC 6265) that clients keep and send back.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/http/url.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// What a cookie says about requests from other sites. Kept for those who look; a client that is no
/// browser has no sites, so it makes no difference to what is sent.
enum class same_site : std::uint8_t { unset, none, lax, strict };

/// One cookie as a jar has it.
struct cookie {
  cookie() noexcept {}  // not an aggregate

  std::string name;
  std::string value;
  std::string domain;      ///< in lower case, without a leading dot
  std::string path = "/";  ///< starts with '/'
  /// Nothing for a cookie of the session, which lives as long as the jar.
  std::optional<std::chrono::system_clock::time_point> expires;
  bool host_only = true;  ///< for `domain` itself, not for what is below it
  bool secure = false;    ///< for https only
  bool http_only = false;
  http::same_site same_site = http::same_site::unset;
};

/// How much a jar keeps; beyond it, what was not used for longest goes first.
struct cookie_limits {
  std::size_t per_domain = 180;  ///< what browsers keep
  std::size_t total = 3000;      ///< RFC 6265, 6.1
  std::size_t bytes = 4096;      ///< of name and value; a larger cookie is ignored. RFC 6265, 6.1
};

/// Keeps the cookies that servers set, and says which go with a request.
///
/// What is not to be believed is ignored, as RFC 6265 and its revision say: a domain that is not
/// the server's, a secure cookie that did not come over https, or that would be overwritten by one
/// that did not, a `__Host-` or `__Secure-` name without what it promises. There is no list of
/// public suffixes here: a domain of one label ("com") is refused, one like "co.uk" is not known
/// for what it is. So share a jar only among servers that may know of each other, or use one each.
/// A cookie lives for 400 days at most.
///
/// *Thread safety*: full; clients on several event loops may share one.
///
/// *Example*:
/// ```cpp
/// auto jar = std::make_shared<http::cookie_jar>();
/// http::client shop(env, http::client_options("https://shop").cookies(jar));
/// auto in = co_await shop.post(cx, "/login", word);   // Set-Cookie: sid=...
/// auto cart = co_await shop.get<cart>(cx, "/cart");   // Cookie: sid=...
/// ```
class cookie_jar {
 public:
  using time_point = std::chrono::system_clock::time_point;

  explicit cookie_jar(const cookie_limits& limits = {});
  cookie_jar(const cookie_jar&) = delete;
  cookie_jar& operator=(const cookie_jar&) = delete;
  ~cookie_jar();

  /// Takes the value of a Set-Cookie header that came from `from` at `now`.
  void store(const url& from, std::string_view set_cookie, time_point now);

  /// The value of the Cookie header for a request to `to`, longest paths first; empty when there is
  /// none to send.
  [[nodiscard]] std::string header_for(const url& to, time_point now);

  /// Everything that has not expired, by domain.
  [[nodiscard]] std::vector<cookie> all(time_point now) const;
  [[nodiscard]] std::size_t size() const;
  void clear();

  /// As text in the format of Netscape's and curl's cookie files, which does not say `same_site`.
  /// Cookies of the session are in it.
  [[nodiscard]] std::string save(time_point now) const;
  /// Adds what `save` wrote; expired ones are left out.
  ///
  /// *Errors*: `invalid_argument` with the number of the line; nothing is added then.
  [[nodiscard]] result<void> load(std::string_view text, time_point now);

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace fairlead::http
