// SPDX-License-Identifier: BSL-1.0
// What a client owns, and one call on it.
#pragma once

#include "exchange.hpp"
#include "pool.hpp"

#include <fairlead/http/client.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::http {

namespace detail {
class call;
}  // namespace detail

struct client::impl {
  impl(environment& e, client_options o);
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;
  ~impl();

  /// `r` lives in the frame that awaits.
  task<result<void>> run(context& caller, outgoing& r, answer_taker take);
  task<void> obtain(detail::call& call, detail::connection_pool::turn& turn, detail::lease& place,
                    result<void>& outcome);

  /// The base URL joined with `target`, checked; what it refers to lives in `memory`.
  result<detail::destination> resolve(detail::exchange_memory& memory,
                                      const std::string& target) const;
  [[nodiscard]] http::connector* connector_of(const url& to) const noexcept;

  std::unique_ptr<detail::exchange_memory> borrow();
  void give_back(std::unique_ptr<detail::exchange_memory> memory);

  environment& env;
  client_options options;
  std::optional<url> base;
  headers defaults;
  net::network& net;
  detail::connection_pool pool;
  std::vector<std::unique_ptr<detail::exchange_memory>> spare;
  std::size_t calls = 0;  // in flight
};

namespace detail {

/// One call: its deadline, its destination, and the names that its errors get.
class call {
 public:
  call(client::impl& owner, const context& caller, http::request& r, answer_rule rule);
  call(const call&) = delete;
  call& operator=(const call&) = delete;
  ~call();

  /// Everything that can be refused before a connection is looked for.
  [[nodiscard]] result<void> prepare();

  [[nodiscard]] context& cx() noexcept { return bounded_; }
  [[nodiscard]] const destination& to() const noexcept { return to_; }
  [[nodiscard]] http::connector& opens() const noexcept { return *connector_; }
  [[nodiscard]] exchange& steps() noexcept { return *exchange_; }

  /// The error as the caller sees it: with the URL, and with the limit that ran out by name.
  [[nodiscard]] tl::unexpected<error> failed(const error& e) const;
  [[nodiscard]] tl::unexpected<error> failed_at(error_stage stage, const error& e) const;
  [[nodiscard]] tl::unexpected<error> pool_exhausted() const;

  /// The stale-connection rule.
  [[nodiscard]] bool may_go_again(const lease& place);

  /// Hands a complete response to `take`.
  [[nodiscard]] result<void> deliver(const answer_taker& take);

 private:
  [[nodiscard]] std::string url_text() const;
  [[nodiscard]] error named(const error& e) const;
  [[nodiscard]] error with_history(const error& e) const;
  [[nodiscard]] bool replayable() const noexcept;
  [[nodiscard]] error status_error(const response& r) const;

  client::impl& owner_;
  http::request& request_;
  answer_rule rule_;
  std::unique_ptr<exchange_memory> memory_;
  context caller_;
  time_point start_;
  context bounded_;
  destination to_;
  http::connector* connector_ = nullptr;
  std::optional<exchange> exchange_;
  bool went_again_ = false;
  error_sent sent_before_ = error_sent::not_sent;  // by the attempt that met a stale connection
};

}  // namespace detail
}  // namespace fairlead::http
