// SPDX-License-Identifier: BSL-1.0
// What a client owns, and one call on it.
#pragma once

#include "client_span.hpp"
#include "exchange.hpp"
#include "pool.hpp"
#include "redirect_planner.hpp"

#include <fairlead/http/client.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::http {

namespace detail {

class call;
struct call_slot;

/// A call in progress, which goes back to its client's spare ones in the end.
class held_call {
 public:
  held_call() = default;
  held_call(client::impl& owner, const context& caller, http::request& r, answer_rule rule,
            duration limit);
  held_call(held_call&& other) noexcept;
  held_call& operator=(held_call&& other) noexcept;
  ~held_call();

  [[nodiscard]] call* get() const noexcept;
  [[nodiscard]] call& operator*() const noexcept { return *get(); }
  [[nodiscard]] call* operator->() const noexcept { return get(); }

 private:
  client::impl* owner_ = nullptr;
  std::unique_ptr<call_slot> slot_;
};

}  // namespace detail

struct client::impl {
  impl(environment& e, client_options o);
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;
  ~impl();

  /// `r` lives in the frame that awaits.
  task<result<void>> run(context& caller, outgoing& r, answer_taker take);
  /// One call, as far as its exchange is to go. `own` keeps it until then, where nobody else does.
  task<result<void>> run(detail::call& call, detail::held_call own, answer_taker take);
  task<void> obtain(detail::call& call, detail::connection_pool::turn& turn, result<void>& outcome);
  task<void> send(detail::call& call, detail::next_step& step, result<void>& outcome);
  task<void> ask_for_consent(detail::call& call, detail::next_step& step, result<void>& outcome);
  task<void> send_body(detail::call& call, detail::next_step& step, result<void>& outcome);

  task<void> open_one(context& cx, detail::call& call, std::optional<error>& failure);

  /// What an upgrade needs, and what became of it.
  static result<void> check_upgrade(http::request& r);
  static result<upgraded> switched(detail::call& call, const http::request& r);

  /// The base URL joined with `target`, checked; what it refers to lives in `memory`.
  result<detail::destination> resolve(detail::exchange_memory& memory,
                                      const std::string& target) const;
  [[nodiscard]] http::connector* connector_of(const url& to) const noexcept;
  void add_connectors();
  /// The proxy through which `to` is reached; nullptr for none.
  [[nodiscard]] const proxy* proxy_of(const url& to) const;

  std::unique_ptr<detail::call_slot> borrow();
  void give_back(std::unique_ptr<detail::call_slot> slot);

  environment& env;
  client_options options;
  std::optional<url> base;
  headers defaults;
  bool decodes = false;
  net::network& net;
  detail::connection_pool pool;
  std::vector<std::unique_ptr<detail::call_slot>> spare;
  std::size_t calls = 0;                      // in flight
  std::shared_ptr<http::connector> to_proxy;  // of a client with proxies
  std::string proxy_key;                      // in the pool, of what `to_proxy` opens
  bool own_http = false;                      // a connector of the caller's, which goes before
  bool own_https = false;
  std::uint64_t stale_retries = 0;
};

namespace detail {

/// How far an exchange has come, for the hook of the options.
struct exchange_track {
  bool open = false;
  std::uint32_t count = 0;
  time_point began{};
  time_point last{};
  exchange_times times;
};

/// One call: its deadline, its destination, its connection, and the names that its errors get.
class call final : private head_watcher {
 public:
  call(client::impl& owner, exchange_memory& memory, const context& caller, http::request& r,
       answer_rule rule, duration limit);
  call(const call&) = delete;
  call& operator=(const call&) = delete;
  ~call();

  /// How far the exchange goes; before `prepare`.
  void deliver(delivery how, std::uint64_t max_body) noexcept {
    delivery_ = how;
    max_body_ = max_body;
  }
  /// Everything that can be refused before a connection is looked for.
  [[nodiscard]] result<void> prepare();

  [[nodiscard]] context& cx() noexcept { return bounded_; }
  [[nodiscard]] const destination& to() const noexcept { return to_; }
  [[nodiscard]] http::connector& opens() const noexcept { return *connector_; }
  /// What its connection is good for.
  [[nodiscard]] std::string_view pool_key() const noexcept {
    return to_.via == nullptr ? to_.to->origin() : std::string_view(owner_.proxy_key);
  }
  [[nodiscard]] exchange& steps() noexcept { return *exchange_; }
  [[nodiscard]] lease& place() noexcept { return place_; }
  [[nodiscard]] response& answer() noexcept { return memory_.answer; }
  [[nodiscard]] client::impl& owner() const noexcept { return owner_; }
  /// When the call's own limit runs out, and what that limit is.
  [[nodiscard]] time_point latest() const noexcept { return saturating_add(start_, limit_); }
  [[nodiscard]] duration limit() const noexcept { return limit_; }
  [[nodiscard]] time_point start() const noexcept { return start_; }
  [[nodiscard]] std::string url_text() const;
  [[nodiscard]] const http::request& request() const noexcept { return request_; }

  /// The source whose body is sent from now on, if there is one; it may not be there to be used
  /// twice.
  [[nodiscard]] std::shared_ptr<body_source> begin_body() noexcept;
  /// What the call ends in comes from the source and not from the connection.
  void source_failed() noexcept { source_failed_ = true; }

  /// The error as the caller sees it: with the URL, and with the limit that ran out by name.
  [[nodiscard]] tl::unexpected<error> failed(const error& e) const;
  /// The same for an error that says all that already.
  [[nodiscard]] tl::unexpected<error> finished(const error& e) const;
  [[nodiscard]] tl::unexpected<error> failed_at(error_stage stage, const error& e) const;
  [[nodiscard]] tl::unexpected<error> pool_exhausted() const;

  /// The stale-connection rule.
  [[nodiscard]] bool may_go_again();

  // For the hook of the options; nothing is noted without one.

  enum class phase : std::uint8_t { began, placed, ready, written, heard };
  void note(phase p) noexcept {
    if (track_) {
      note_now(p);
    }
  }
  void note(const net::connect_times& t) noexcept {
    if (track_) {
      track_->times.resolve = t.resolve;
      track_->times.connect = t.connect;
      track_->times.tls = t.tls;
    }
  }
  /// Before each exchange: its span, and the fields that go along with it.
  void begin_trace() {
    if (traced_) {
      begin_trace_now();
    }
  }
  /// The exchange has ended, well or with `why`; told once.
  void report(const error* why) {
    if (span_) {
      end_span(why);
    }
    if (track_ && track_->open) {
      tell(why);
    }
  }
  /// Tells whoever waits for this status.
  void tell_status(const response& r) const;

  /// What a complete response was followed by: `yes` when the call is to go on with the next hop.
  enum class follows : std::uint8_t { no, yes, failed };
  [[nodiscard]] follows follow(result<void>& outcome);

  /// Hands a complete response to `take`.
  [[nodiscard]] result<void> hand_over(const answer_taker& take);
  /// The error that a response outside 2xx is.
  [[nodiscard]] error status_error(const response& r) const;

 private:
  [[nodiscard]] error named(const error& e) const;
  [[nodiscard]] error with_history(const error& e) const;
  /// Whether a request of method `m` may be sent again.
  [[nodiscard]] bool replayable(method m) const noexcept;
  /// The same for the call as a whole.
  [[nodiscard]] bool repeatable() const noexcept { return replayable(asked_as_); }
  head_verdict on_head(response& head) override;
  [[nodiscard]] result<void> aim();
  [[nodiscard]] result<void> check_proxy_headers() const;
  void make_exchange();
  void strip_defaults();
  [[nodiscard]] url here() const;
  void add_cookies();
  void keep_cookies(const response& head);

  client::impl& owner_;
  exchange_memory& memory_;
  http::request& request_;
  answer_rule rule_;
  delivery delivery_ = delivery::whole;
  std::uint64_t max_body_;
  context caller_;
  time_point start_;
  duration limit_;
  context bounded_;
  destination to_;
  http::connector* connector_ = nullptr;
  bool proxied_ = false;  // errors of connecting speak of the proxy
  std::optional<exchange> exchange_;
  lease place_;
  bool went_again_ = false;
  method asked_as_;
  void note_now(phase p) noexcept;
  void tell(const error* why);
  std::optional<exchange_track> track_;
  /// Of this exchange: until it has begun to read, the reader knows the one before.
  [[nodiscard]] bool head_came() const noexcept {
    return exchange_->answered() && exchange_->reader().head_complete();
  }
  void begin_trace_now();
  void end_span(const error* why) noexcept;
  /// Who sets the fields of the trace: who made the request, or we.
  enum class trace_fields : std::uint8_t { unknown, ours, theirs };
  trace_fields trace_fields_ = trace_fields::unknown;
  bool traced_;
  std::uint32_t exchanges_ = 0;      // begun, where they are traced
  std::optional<client_span> span_;  // of the exchange, where it is recorded
  bool source_spent_ = false;
  bool jar_cookies_ = false;  // the Cookie header is of the jar
  bool source_failed_ = false;
  error_sent sent_before_ = error_sent::not_sent;  // by the attempts and hops before this one
  std::optional<redirect_planner> planner_;        // of a client that follows redirects
  result<std::optional<redirect_hop>> planned_;
  std::optional<headers> stripped_;  // the client's headers, for another origin
};

/// A call and its memory, used again by the next.
struct call_slot {
  exchange_memory memory;
  std::optional<call> now;
};

inline call* held_call::get() const noexcept {
  return &*slot_->now;
}

}  // namespace detail
}  // namespace fairlead::http
