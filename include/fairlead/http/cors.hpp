// SPDX-License-Identifier: BSL-1.0
// Cross-origin requests: who may send them from a browser, and read the answers.
#pragma once

#include <fairlead/core/time.hpp>
#include <fairlead/http/method.hpp>
#include <fairlead/http/middleware.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::http {

/// Options of `cors`; setters can be chained. Nothing is allowed unless it is said here, but the
/// methods and headers named below.
class cors_options {
 public:
  cors_options() = default;

  /// An origin as browsers write it, "https://app.example" or "http://localhost:3000"; compared
  /// letter by letter.
  cors_options& origin(std::string o) {
    origins_.push_back(std::move(o));
    return *this;
  }
  /// Everybody; not together with `credentials`.
  cors_options& any_origin() {
    any_origin_ = true;
    return *this;
  }
  /// A method beside GET, HEAD and POST.
  cors_options& allow(http::method m) {
    methods_.push_back(m);
    return *this;
  }
  /// A request header beside those that browsers send anyway and Content-Type.
  cors_options& header(std::string name) {
    headers_.push_back(std::move(name));
    return *this;
  }
  /// A response header that scripts may read beside the usual ones.
  cors_options& expose(std::string name) {
    exposed_.push_back(std::move(name));
    return *this;
  }
  /// Cookies and Authorization may be sent along.
  cors_options& credentials() {
    credentials_ = true;
    return *this;
  }
  /// How long a browser may keep the answer to a preflight. Default 2 h, the most that Chromium
  /// does.
  cors_options& max_age(duration d) {
    max_age_ = d;
    return *this;
  }

  [[nodiscard]] const std::vector<std::string>& origins() const noexcept { return origins_; }
  [[nodiscard]] const std::vector<http::method>& methods() const noexcept { return methods_; }
  [[nodiscard]] const std::vector<std::string>& headers() const noexcept { return headers_; }
  [[nodiscard]] const std::vector<std::string>& exposed() const noexcept { return exposed_; }
  [[nodiscard]] bool allows_any_origin() const noexcept { return any_origin_; }
  [[nodiscard]] bool allows_credentials() const noexcept { return credentials_; }
  [[nodiscard]] duration max_age() const noexcept { return max_age_; }

  /// Everything that is wrong, one sentence each.
  [[nodiscard]] std::vector<std::string> problems() const;

 private:
  std::vector<std::string> origins_;
  std::vector<http::method> methods_ = {method::get, method::head, method::post};
  std::vector<std::string> headers_ = {"Content-Type"};
  std::vector<std::string> exposed_;
  bool any_origin_ = false;
  bool credentials_ = false;
  duration max_age_ = std::chrono::hours(2);
};

/// Answers preflights (OPTIONS with Origin and Access-Control-Request-Method) with 204, or with 403
/// when something in them is not allowed, and says on other answers, those for errors too, who may
/// read them. Requests of origins that are not allowed run all the same, since that is no
/// protection of the server: their answers just cannot be read by scripts. Answers that depend on
/// the origin say "Vary: Origin".
///
/// Throws `std::invalid_argument` naming everything that is wrong with the options.
///
/// *Example*:
/// ```cpp
/// routes.group("/api").use(http::cors(
///     http::cors_options().origin("https://app.example").allow(http::method::put).credentials()));
/// ```
[[nodiscard]] std::shared_ptr<middleware> cors(cors_options options);

}  // namespace fairlead::http
