// SPDX-License-Identifier: BSL-1.0
// How the readers, the router and the server fill requests and responses in place.
#pragma once

#include <fairlead/http/request.hpp>
#include <fairlead/http/response.hpp>

#include <memory>
#include <string>
#include <utility>

namespace fairlead::http {

struct headers_access {
  headers& h;

  static constexpr std::string_view separator = ": ";
  static constexpr std::string_view line_end = "\r\n";

  /// Appends a field that a parser has checked as `headers::add` would.
  void add_checked(std::string_view name, std::string_view value) const {
    h.insert(h.index_.size(), name, value);
  }
  /// Says where a field of `set_text` is, which has to follow once all of them are known.
  void add_index(std::size_t offset, std::string_view name, std::size_t value) const {
    h.mark(name);
    h.index_.push_back({static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(name.size()),
                        static_cast<std::uint32_t>(value)});
  }
  /// All fields in wire form, checked as `headers::add` would.
  void set_text(std::string_view fields) const { h.text_ = fields; }
};

struct request_access {
  request& r;

  void set_method(http::method m) const noexcept { r.method_ = m; }
  void set_minor(int minor) const noexcept { r.minor_version_ = minor; }
  void set_peer(std::string_view peer) const noexcept { r.peer_ = peer; }
  void set_spare(response* spare) const noexcept { r.spare_ = spare; }
  void set_route(std::string_view pattern) const noexcept { r.route_ = pattern; }
  void set_server_ready(bool ready) const noexcept { r.server_ready_ = ready; }
  void set_incoming(body_reader* body) const noexcept { r.incoming_ = body; }
  [[nodiscard]] std::string& target() const noexcept { return r.target_; }
  [[nodiscard]] http::headers& fields() const noexcept { return r.headers_; }
  [[nodiscard]] http::headers& trailers() const {
    if (!r.trailers_) {
      r.trailers_ = std::make_shared<http::headers>();
    }
    return *r.trailers_;
  }
  [[nodiscard]] std::string& body() const noexcept { return r.body_; }

  void clear_params() const noexcept {
    r.params_.clear();
    r.param_text_.clear();
  }
  /// The decoded path and its segments; once a route has matched, its parameters.
  using piece = request::param_entry;
  [[nodiscard]] std::string& path_text() const noexcept { return r.param_text_; }
  [[nodiscard]] std::vector<piece>& pieces() const noexcept { return r.params_; }
  void clear() const noexcept {
    r.method_ = http::method::get;
    r.minor_version_ = 1;
    r.target_.clear();
    r.headers_.clear();
    r.trailers_.reset();
    r.body_.clear();
    r.source_.reset();
    r.route_ = {};
    clear_params();
  }
};

struct response_access {
  response& r;

  void set_minor(int minor) const noexcept { r.minor_version_ = minor; }
  [[nodiscard]] http::headers& fields() const noexcept { return r.headers_; }
  [[nodiscard]] http::headers& trailers() const { return r.extras_.made().trailers; }
  [[nodiscard]] std::string& body() const noexcept { return r.body_; }
  /// Lets go of what a body is made of that is not this response's own.
  void drop_others() const noexcept {
    r.shared_.reset();
    r.source_.reset();
  }
  [[nodiscard]] std::shared_ptr<upgrade_handler> take_upgrade() const {
    return std::move(r.extras_.made().upgrade);
  }
  void set_redirected_to(std::string url) const { r.extras_.made().redirected_to = std::move(url); }
  void clear() const noexcept { r.clear(); }
};

}  // namespace fairlead::http
