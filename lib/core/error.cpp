// SPDX-License-Identifier: BSL-1.0
// Storage, annotations and the one-line text of errors.
//
// How it works: the numbers of an alternative live in two words of the error itself, and so does a
// single short text. Other text lives in a shared, reference-counted block, which exists only when
// there is long text, several texts or a cause. Copies share the block; a write to a shared block
// copies it first.
#include <fairlead/core/error.hpp>

#include <array>
#include <atomic>
#include <cctype>
#include <charconv>
#include <cstring>
#include <utility>

namespace fairlead {

namespace detail {

struct error_detail {
  std::atomic<std::uint32_t> refs{1};
  std::array<std::string, 4> text;
  std::optional<error> cause;

  error_detail() = default;
  error_detail(const error_detail& other) : text(other.text), cause(other.cause) {}
  error_detail& operator=(const error_detail&) = delete;
  ~error_detail() = default;
};

void share(error_detail& block) noexcept {
  block.refs.fetch_add(1, std::memory_order_relaxed);
}

void release(error_detail& block) noexcept {
  if (block.refs.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    delete &block;
  }
}

}  // namespace detail

namespace {

using detail::error_detail;

constexpr std::uint64_t no_wait = ~std::uint64_t{0};

std::uint64_t from_duration(duration d) noexcept {
  return static_cast<std::uint64_t>(d.count());
}
duration to_duration(std::uint64_t n) noexcept {
  return duration(static_cast<duration::rep>(n));
}
std::uint64_t from_wait(std::optional<duration> wait) noexcept {
  return wait ? from_duration(*wait) : no_wait;
}

}  // namespace

error::error(error_kind kind, std::uint64_t first, std::uint64_t second, std::string_view a,
             std::string_view b, std::string_view c, std::string_view d)
    : error(kind) {
  first_ = first;
  second_ = second;
  const bool alone = b.empty() && c.empty() && d.empty();
  if (alone && a.size() <= longest_short_text) {
    short_length_ = static_cast<std::uint8_t>(a.copy(short_text_.data(), a.size()));
  } else {
    auto& block = own_detail();
    block.text[0] = a;
    block.text[1] = b;
    block.text[2] = c;
    block.text[3] = d;
  }
}

error::error(const errors::timeout& e)
    : error(error_kind::timeout, from_duration(e.limit), static_cast<std::uint64_t>(e.scope),
            e.target, {}, {}, {}) {}
error::error(const errors::deadline& e)
    : error(error_kind::deadline, from_duration(e.limit), 0, e.target, {}, {}, {}) {}
error::error(const errors::connection_refused& e)
    : error(error_kind::connection_refused, 0, 0, e.url, {}, {}, {}) {}
error::error(const errors::connection_reset& e)
    : error(error_kind::connection_reset, 0, 0, e.url, {}, {}, {}) {
  sent_ = error_sent::unknown;
}
error::error(const errors::connection_closed& e)
    : error(error_kind::connection_closed, e.received, e.expected, e.url, {}, {}, {}) {
  sent_ = error_sent::unknown;
}
error::error(const errors::unreachable& e)
    : error(error_kind::unreachable, 0, 0, e.url, {}, {}, {}) {}
error::error(const errors::dns_failure& e)
    : error(error_kind::dns_failure, 0, 0, e.host, e.reason, {}, {}) {}
error::error(const errors::tls_failure& e)
    : error(error_kind::tls_failure, 0, 0, e.url, e.reason, {}, {}) {}
error::error(const errors::protocol_error& e)
    : error(error_kind::protocol_error, 0, 0, e.url, e.reason, {}, {}) {
  sent_ = error_sent::unknown;
}
error::error(const errors::http_error& e)
    : error(error_kind::http_error, e.status, from_wait(e.retry_after), e.url, e.body, e.headers,
            {}) {
  sent_ = error_sent::answered;
}
error::error(const errors::serialization_error& e)
    : error(error_kind::serialization_error, 0, 0, e.message, e.pointer, e.expected, e.actual) {}
error::error(const errors::too_large& e)
    : error(error_kind::too_large, e.limit, e.actual, e.what, {}, {}, {}) {}
error::error(const errors::circuit_open& e)
    : error(error_kind::circuit_open, 0, from_wait(e.retry_after), e.policy, {}, {}, {}) {}
error::error(const errors::isolated& e) : error(error_kind::isolated, 0, 0, e.policy, {}, {}, {}) {}
error::error(const errors::bulkhead_full& e)
    : error(error_kind::bulkhead_full, e.limit, 0, e.policy, {}, {}, {}) {}
error::error(const errors::rate_limited& e)
    : error(error_kind::rate_limited, 0, from_wait(e.retry_after), e.policy, {}, {}, {}) {}
error::error(const errors::throttled& e)
    : error(error_kind::throttled, 0, 0, e.policy, {}, {}, {}) {}
error::error(const errors::shed& e) : error(error_kind::shed, 0, 0, e.policy, {}, {}, {}) {}
error::error(const errors::pool_exhausted& e)
    : error(error_kind::pool_exhausted, e.limit, 0, e.origin, {}, {}, {}) {}
error::error(const errors::unavailable& e)
    : error(error_kind::unavailable, 0, from_wait(e.retry_after), e.target, e.reason, {}, {}) {}
error::error(const errors::outcome_unknown& e)
    : error(error_kind::outcome_unknown, 0, 0, e.target, e.reason, {}, {}) {
  sent_ = error_sent::unknown;
}
error::error(const errors::invalid_url& e)
    : error(error_kind::invalid_url, 0, 0, e.url, e.reason, {}, {}) {}
error::error(const errors::invalid_argument& e)
    : error(error_kind::invalid_argument, 0, 0, e.what, e.reason, {}, {}) {}
error::error(const errors::application& e)
    : error(error_kind::application, 0, 0, e.code, e.message, {}, {}) {
  sent_ = error_sent::answered;
}
error::error(const errors::system_error& e)
    : error(error_kind::system_error, static_cast<std::uint64_t>(e.code), 0, e.what, {}, {}, {}) {}

error_detail& error::own_detail() {
  if (detail_ == nullptr) {
    auto* block = new error_detail;
    detail_ = block;
    block->text[0].assign(short_text_.data(), std::exchange(short_length_, std::uint8_t{0}));
  } else if (detail_->refs.load(std::memory_order_acquire) != 1) {
    auto* copy = new error_detail(*detail_);
    detail::release(*std::exchange(detail_, copy));
  }
  return *detail_;
}

std::string_view error::text(int i) const noexcept {
  if (detail_ != nullptr) {
    return detail_->text[static_cast<std::size_t>(i)];
  }
  return i == 0 ? std::string_view(short_text_.data(), short_length_) : std::string_view{};
}

std::optional<duration> error::optional_wait() const noexcept {
  return second_ == no_wait ? std::nullopt : std::optional<duration>(to_duration(second_));
}

template <>
errors::cancelled error::as<errors::cancelled>() const noexcept {
  return {};
}
template <>
errors::timeout error::as<errors::timeout>() const noexcept {
  return {text(0), to_duration(first_), static_cast<timeout_scope>(second_)};
}
template <>
errors::deadline error::as<errors::deadline>() const noexcept {
  return {text(0), to_duration(first_)};
}
template <>
errors::connection_refused error::as<errors::connection_refused>() const noexcept {
  return {text(0)};
}
template <>
errors::connection_reset error::as<errors::connection_reset>() const noexcept {
  return {text(0)};
}
template <>
errors::connection_closed error::as<errors::connection_closed>() const noexcept {
  return {text(0), first_, second_};
}
template <>
errors::unreachable error::as<errors::unreachable>() const noexcept {
  return {text(0)};
}
template <>
errors::dns_failure error::as<errors::dns_failure>() const noexcept {
  return {text(0), text(1)};
}
template <>
errors::tls_failure error::as<errors::tls_failure>() const noexcept {
  return {text(0), text(1)};
}
template <>
errors::protocol_error error::as<errors::protocol_error>() const noexcept {
  return {text(0), text(1)};
}
template <>
errors::http_error error::as<errors::http_error>() const noexcept {
  return {text(0), static_cast<unsigned>(first_), text(1), text(2), optional_wait()};
}
template <>
errors::serialization_error error::as<errors::serialization_error>() const noexcept {
  return {text(0), text(1), text(2), text(3)};
}
template <>
errors::too_large error::as<errors::too_large>() const noexcept {
  return {text(0), first_, second_};
}
template <>
errors::circuit_open error::as<errors::circuit_open>() const noexcept {
  return {text(0), optional_wait()};
}
template <>
errors::isolated error::as<errors::isolated>() const noexcept {
  return {text(0)};
}
template <>
errors::bulkhead_full error::as<errors::bulkhead_full>() const noexcept {
  return {text(0), first_};
}
template <>
errors::rate_limited error::as<errors::rate_limited>() const noexcept {
  return {text(0), optional_wait()};
}
template <>
errors::throttled error::as<errors::throttled>() const noexcept {
  return {text(0)};
}
template <>
errors::shed error::as<errors::shed>() const noexcept {
  return {text(0)};
}
template <>
errors::pool_exhausted error::as<errors::pool_exhausted>() const noexcept {
  return {text(0), first_};
}
template <>
errors::unavailable error::as<errors::unavailable>() const noexcept {
  return {text(0), text(1), optional_wait()};
}
template <>
errors::outcome_unknown error::as<errors::outcome_unknown>() const noexcept {
  return {text(0), text(1)};
}
template <>
errors::invalid_url error::as<errors::invalid_url>() const noexcept {
  return {text(0), text(1)};
}
template <>
errors::invalid_argument error::as<errors::invalid_argument>() const noexcept {
  return {text(0), text(1)};
}
template <>
errors::application error::as<errors::application>() const noexcept {
  return {text(0), text(1)};
}
template <>
errors::system_error error::as<errors::system_error>() const noexcept {
  return {text(0), static_cast<int>(first_)};
}

const error* error::cause() const noexcept {
  return detail_ != nullptr && detail_->cause ? &*detail_->cause : nullptr;
}

bool error::is_transient() const noexcept {
  switch (kind_) {
    case error_kind::timeout:
    case error_kind::connection_refused:
    case error_kind::connection_reset:
    case error_kind::connection_closed:
    case error_kind::unreachable:
    case error_kind::dns_failure:
    case error_kind::circuit_open:
    case error_kind::bulkhead_full:
    case error_kind::rate_limited:
    case error_kind::throttled:
    case error_kind::shed:
    case error_kind::pool_exhausted:
    case error_kind::unavailable:
      return true;
    case error_kind::http_error:
      switch (first_) {
        case 408:
        case 425:
        case 429:
        case 500:
        case 502:
        case 503:
        case 504:
          return true;
        default:
          return false;
      }
    case error_kind::cancelled:
    case error_kind::deadline:
    case error_kind::tls_failure:
    case error_kind::protocol_error:
    case error_kind::serialization_error:
    case error_kind::too_large:
    case error_kind::isolated:
    case error_kind::outcome_unknown:
    case error_kind::invalid_url:
    case error_kind::invalid_argument:
    case error_kind::application:
    case error_kind::system_error:
      return false;
  }
  return false;
}

bool error::is_rejection() const noexcept {
  switch (kind_) {
    case error_kind::circuit_open:
    case error_kind::isolated:
    case error_kind::bulkhead_full:
    case error_kind::rate_limited:
    case error_kind::throttled:
    case error_kind::shed:
    case error_kind::pool_exhausted:
      return true;
    default:
      return false;
  }
}

unsigned error::status() const noexcept {
  return kind_ == error_kind::http_error ? static_cast<unsigned>(first_) : 0;
}

std::optional<duration> error::retry_after() const noexcept {
  return carries_wait() ? optional_wait() : std::nullopt;
}

std::optional<duration> error::pushback() const noexcept {
  return pushback_ == duration::min() ? std::nullopt : std::optional<duration>(pushback_);
}

std::optional<std::string_view> error::header(std::string_view name) const noexcept {
  if (kind_ != error_kind::http_error) {
    return std::nullopt;
  }
  auto rest = text(2);
  while (!rest.empty()) {
    const auto end = rest.find("\r\n");
    const auto line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 2);
    const auto colon = line.find(':');
    if (colon != name.size() || colon == std::string_view::npos) {
      continue;
    }
    bool same = true;
    for (std::size_t i = 0; i < colon && same; ++i) {
      same = std::tolower(static_cast<unsigned char>(line[i])) ==
             std::tolower(static_cast<unsigned char>(name[i]));
    }
    if (same) {
      auto value = line.substr(colon + 1);
      while (!value.empty() && value.front() == ' ') {
        value.remove_prefix(1);
      }
      return value;
    }
  }
  return std::nullopt;
}

error& error::at(error_stage stage) noexcept {
  stage_ = stage;
  return *this;
}
error& error::with_sent(error_sent sent) noexcept {
  sent_ = sent;
  return *this;
}
error& error::with_attempts(std::uint32_t attempts) noexcept {
  attempts_ = attempts;
  return *this;
}
error& error::with_suppressed_by(retry_stop stop) noexcept {
  stop_ = stop;
  return *this;
}
error& error::clear_repeatable() noexcept {
  repeatable_ = false;
  return *this;
}
error& error::mark_repeatable() noexcept {
  repeatable_ = true;
  return *this;
}
error& error::with_cause(const error& cause) {
  const error copy = cause;  // `cause` may live in the block that own_detail replaces
  own_detail().cause = copy;
  return *this;
}
error& error::with_target(std::string_view target) {
  if (target.empty() || !text(0).empty() || kind_ == error_kind::cancelled) {
    return *this;
  }
  if (detail_ == nullptr && target.size() <= longest_short_text) {
    short_length_ = static_cast<std::uint8_t>(target.copy(short_text_.data(), target.size()));
  } else {
    own_detail().text[0] = target;
  }
  return *this;
}

std::string to_string(const error& e) {
  return e.message();
}

}  // namespace fairlead
