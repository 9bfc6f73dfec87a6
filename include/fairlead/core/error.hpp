// SPDX-License-Identifier: BSL-1.0
// The one error type: a closed sum of kinds, with the facts that policies and people need.
#pragma once

#include <fairlead/core/error_kind.hpp>
#include <fairlead/core/errors.hpp>

#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead {

namespace detail {

struct error_detail;
/// Gives back one share of the block.
void release(error_detail& block) noexcept;
/// Takes one more.
void share(error_detail& block) noexcept;

// Everything of an error but its shared block; copied as plain bytes.
struct error_facts {
  static constexpr std::size_t longest_short_text = 20;

  error_kind kind_;
  error_stage stage_ = error_stage::none;
  error_sent sent_ = error_sent::not_sent;
  retry_stop stop_ = retry_stop::none;
  bool repeatable_ = false;
  std::uint8_t short_length_ = 0;
  std::uint32_t attempts_ = 1;
  std::array<char, longest_short_text> short_text_{};  // when there is no block
  std::uint64_t first_ = 0;
  std::uint64_t second_ = 0;
  duration pushback_ = duration::min();  // when there is none
};

}  // namespace detail

/// Builds one visitor from several lambdas: `e.visit(overloaded{[](const errors::timeout&) {...},
/// ...})`.
template <class... F>
struct overloaded : F... {
  using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>;

/// A failure. Exactly one of the alternatives in `fairlead::errors`, plus where it happened,
/// whether the peer may have seen the request, how many attempts were made, and what caused it.
///
/// At most 64 bytes; copies share the text, moves never throw. Text is allocated on the error path
/// only; a single text of at most 20 bytes (the name of a breaker, a short URL) lives in the error
/// itself, so that such errors, and those without text, allocate and share nothing.
///
/// Handling can be exhaustive at compile time (`visit`) or coarse (`kind`, `is_transient`).
///
/// *Thread safety*: distinct objects may be used from distinct threads, also when they share text.
class [[nodiscard]] error : private detail::error_facts {
 public:
  error(const errors::cancelled& /*e*/) noexcept : error(error_kind::cancelled) {}
  error(const errors::timeout& e);
  error(const errors::deadline& e);
  error(const errors::connection_refused& e);
  error(const errors::connection_reset& e);
  error(const errors::connection_closed& e);
  error(const errors::unreachable& e);
  error(const errors::dns_failure& e);
  error(const errors::tls_failure& e);
  error(const errors::protocol_error& e);
  error(const errors::http_error& e);
  error(const errors::serialization_error& e);
  error(const errors::too_large& e);
  error(const errors::circuit_open& e);
  error(const errors::isolated& e);
  error(const errors::bulkhead_full& e);
  error(const errors::rate_limited& e);
  error(const errors::throttled& e);
  error(const errors::shed& e);
  error(const errors::pool_exhausted& e);
  error(const errors::unavailable& e);
  error(const errors::outcome_unknown& e);
  error(const errors::invalid_url& e);
  error(const errors::invalid_argument& e);
  error(const errors::application& e);
  error(const errors::system_error& e);

  error(const error& other) noexcept : error_facts(other), detail_(other.detail_) {
    if (detail_ != nullptr) {
      detail::share(*detail_);
    }
  }
  error(error&& other) noexcept
      : error_facts(other), detail_(std::exchange(other.detail_, nullptr)) {}
  error& operator=(const error& other) noexcept {
    error copy(other);
    return *this = std::move(copy);
  }
  error& operator=(error&& other) noexcept {
    error_facts::operator=(other);
    std::swap(detail_, other.detail_);
    return *this;
  }
  ~error() {
    if (detail_ != nullptr) {
      detail::release(*detail_);
    }
  }

  [[nodiscard]] error_kind kind() const noexcept { return kind_; }

  /// How far the call had come; `error_stage::none` when it does not apply.
  [[nodiscard]] error_stage stage() const noexcept { return stage_; }

  /// Whether the peer may have seen the request. Defaults to `answered` for `http_error` and
  /// `application`, to `unknown` for what happens on a connection (`connection_reset`,
  /// `connection_closed`, `protocol_error`, `outcome_unknown`), and to `not_sent` for the others.
  /// A retry goes by it, so say it (`with_sent`) where you know better.
  [[nodiscard]] error_sent sent() const noexcept { return sent_; }

  /// How many times the operation was invoked; 1 unless a retry says otherwise.
  [[nodiscard]] std::uint32_t attempts() const noexcept { return attempts_; }

  /// Which rule kept a retry from going on; `retry_stop::none` outside a retry.
  [[nodiscard]] retry_stop suppressed_by() const noexcept { return stop_; }

  /// True when the operation that failed is idempotent by its own nature (an HTTP GET, a query), so
  /// that repeating it is safe whatever was sent. What a retry goes by when neither the context nor
  /// the operation says anything.
  [[nodiscard]] bool repeatable() const noexcept { return repeatable_; }

  /// The error behind this one, or nullptr. Owned by this error.
  [[nodiscard]] const error* cause() const noexcept;

  /// True when the same call may well succeed a little later: network kinds, timeouts, rejections
  /// that pass, and the HTTP statuses 408 425 429 500 502 503 504. Never for `cancelled` and
  /// `deadline`.
  [[nodiscard]] bool is_transient() const noexcept;

  /// True when a policy or a pool refused the call before the operation ran.
  [[nodiscard]] bool is_rejection() const noexcept;

  /// The status of an `http_error`, else 0.
  [[nodiscard]] unsigned status() const noexcept;

  /// How long the peer or the policy asks to wait, when it said so.
  [[nodiscard]] std::optional<duration> retry_after() const noexcept;

  /// Exactly how long the peer wants a retry to wait, when it said so in gRPC's way (pushback); the
  /// waits after that begin anew. Negative: the peer does not want another attempt.
  [[nodiscard]] std::optional<duration> pushback() const noexcept;

  /// The first header of that name (ASCII case-insensitive) of an `http_error`.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept;

  /// The alternative `E` when it is the one held. Its text is valid as long as this error lives and
  /// is not moved or changed.
  template <class E>
  [[nodiscard]] std::optional<E> get() const {
    return kind_ == kind_of<E>() ? std::optional<E>(as<E>()) : std::nullopt;
  }

  /// True when the alternative `E` is the one held.
  template <class E>
  [[nodiscard]] bool is() const noexcept {
    return kind_ == kind_of<E>();
  }

  /// Calls `f` with the alternative held. Does not build when `f` cannot take every one of them.
  template <class F>
  decltype(auto) visit(F&& f) const;

  /// One line for people: kind, data, stage, attempts and causes. No line breaks, at most about 500
  /// bytes.
  [[nodiscard]] std::string message() const;

  /// Fluent annotations, for those who make errors.
  error& at(error_stage stage) noexcept;
  error& with_sent(error_sent sent) noexcept;
  error& with_attempts(std::uint32_t attempts) noexcept;
  error& with_suppressed_by(retry_stop stop) noexcept;
  error& mark_repeatable() noexcept;
  /// Takes that back.
  error& clear_repeatable() noexcept;
  /// Sets what `retry_after` gives; no effect on kinds that carry no such wait.
  error& with_retry_after(duration wait) noexcept {
    if (carries_wait()) {
      second_ = static_cast<std::uint64_t>(wait.count());
    }
    return *this;
  }
  /// Sets what `pushback` gives, on any kind.
  error& with_pushback(duration wait) noexcept {
    pushback_ = wait;
    return *this;
  }
  error& with_cause(const error& cause);
  /// Names the URL or the target where none is set yet; allocates when the text is long.
  error& with_target(std::string_view target);

 private:
  template <class E>
  static constexpr error_kind kind_of() noexcept;
  template <class E>
  E as() const noexcept;

  explicit error(error_kind kind) noexcept : error_facts{.kind_ = kind} {}
  error(error_kind kind, std::uint64_t first, std::uint64_t second, std::string_view a,
        std::string_view b, std::string_view c, std::string_view d);
  detail::error_detail& own_detail();
  std::string_view text(int i) const noexcept;
  std::optional<duration> optional_wait() const noexcept;
  bool carries_wait() const noexcept {
    return kind_ == error_kind::circuit_open || kind_ == error_kind::rate_limited ||
           kind_ == error_kind::http_error || kind_ == error_kind::unavailable;
  }

  detail::error_detail* detail_ = nullptr;
};

static_assert(sizeof(error) <= 64);

/// `e.message()`, so that test frameworks and logs print an error as its line.
std::string to_string(const error& e);

}  // namespace fairlead

#include <fairlead/core/impl/error.hpp>
