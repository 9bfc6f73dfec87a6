// SPDX-License-Identifier: BSL-1.0
// How it works: one described struct with every field that any kind has; writing fills those of the
// kind, reading picks them by kind.
#include <fairlead/port/wire_error.hpp>

#include <fairlead/json/constraints.hpp>
#include <fairlead/json/decode.hpp>
#include <fairlead/json/encode.hpp>

#include <boost/describe.hpp>

#include <cmath>
#include <cstdint>

namespace fairlead {

namespace wire {

using optional_text = std::optional<std::string>;

struct facts {
  std::string kind;
  std::string code;
  std::string message;
  optional_text target;
  optional_text reason;
  optional_text scope;
  optional_text body;
  optional_text headers;
  optional_text pointer;
  optional_text expected;
  optional_text actual;
  std::optional<unsigned> status;
  std::optional<std::uint64_t> limit;
  std::optional<std::uint64_t> size;
  std::optional<double> limit_ms;
  std::optional<double> retry_after_ms;
};
BOOST_DESCRIBE_STRUCT(facts, (),
                      (kind, code, message, target, reason, scope, body, headers, pointer, expected,
                       actual, status, limit, size, limit_ms, retry_after_ms))

struct envelope {
  facts error;
};
BOOST_DESCRIBE_STRUCT(envelope, (), (error))

}  // namespace wire

namespace {

using wire::facts;
using wire::optional_text;

optional_text some(std::string_view text) {
  return text.empty() ? std::nullopt : optional_text(std::in_place, text);
}
std::string_view view(const optional_text& text) {
  return text ? std::string_view(*text) : std::string_view{};
}

// Durations travel as milliseconds with a fraction: exact to the nanosecond below three months.
double to_ms(duration d) {
  return static_cast<double>(d.count()) / 1e6;
}
duration from_ms(double ms) {
  constexpr double most = 9e15;  // nanoseconds that a double holds exactly
  const double ns = std::round(ms * 1e6);
  return duration(static_cast<duration::rep>(ns > most ? most : ns < -most ? -most : ns));
}
std::optional<double> wait_ms(std::optional<duration> wait) {
  return wait ? std::optional(to_ms(*wait)) : std::nullopt;
}
std::optional<duration> wait_of(const facts& f) {
  return f.retry_after_ms ? std::optional(from_ms(*f.retry_after_ms)) : std::nullopt;
}

// Fills the fields of the alternative; kinds with a single text put it into `target`.
struct write_facts {
  facts& f;

  void operator()(const errors::cancelled&) const {}
  void operator()(const errors::timeout& e) const {
    f.target = some(e.target);
    f.limit_ms = to_ms(e.limit);
    f.scope = some(to_string(e.scope));
  }
  void operator()(const errors::deadline& e) const {
    f.target = some(e.target);
    f.limit_ms = to_ms(e.limit);
  }
  void operator()(const errors::connection_refused& e) const { f.target = some(e.url); }
  void operator()(const errors::connection_reset& e) const { f.target = some(e.url); }
  void operator()(const errors::connection_closed& e) const {
    f.target = some(e.url);
    f.size = e.received;
    f.limit = e.expected;
  }
  void operator()(const errors::unreachable& e) const { f.target = some(e.url); }
  void operator()(const errors::dns_failure& e) const { both(e.host, e.reason); }
  void operator()(const errors::tls_failure& e) const { both(e.url, e.reason); }
  void operator()(const errors::protocol_error& e) const { both(e.url, e.reason); }
  void operator()(const errors::http_error& e) const {
    f.target = some(e.url);
    f.status = e.status;
    f.body = some(e.body);
    f.headers = some(e.headers);
    f.retry_after_ms = wait_ms(e.retry_after);
  }
  void operator()(const errors::serialization_error& e) const {
    f.reason = some(e.message);
    f.pointer = some(e.pointer);
    f.expected = some(e.expected);
    f.actual = some(e.actual);
  }
  void operator()(const errors::too_large& e) const {
    f.target = some(e.what);
    f.limit = e.limit;
    f.size = e.actual;
  }
  void operator()(const errors::circuit_open& e) const { waiting(e.policy, e.retry_after); }
  void operator()(const errors::isolated& e) const { f.target = some(e.policy); }
  void operator()(const errors::bulkhead_full& e) const { limited(e.policy, e.limit); }
  void operator()(const errors::rate_limited& e) const { waiting(e.policy, e.retry_after); }
  void operator()(const errors::throttled& e) const { f.target = some(e.policy); }
  void operator()(const errors::shed& e) const { f.target = some(e.policy); }
  void operator()(const errors::pool_exhausted& e) const { limited(e.origin, e.limit); }
  void operator()(const errors::unavailable& e) const {
    both(e.target, e.reason);
    f.retry_after_ms = wait_ms(e.retry_after);
  }
  void operator()(const errors::outcome_unknown& e) const { both(e.target, e.reason); }
  void operator()(const errors::invalid_url& e) const { both(e.url, e.reason); }
  void operator()(const errors::invalid_argument& e) const { both(e.what, e.reason); }
  void operator()(const errors::application& e) const {
    f.code = e.code;
    f.reason = some(e.message);
  }
  void operator()(const errors::system_error& e) const {
    f.target = some(e.what);
    f.size = static_cast<std::uint64_t>(e.code);
  }

  void both(std::string_view target, std::string_view reason) const {
    f.target = some(target);
    f.reason = some(reason);
  }
  void waiting(std::string_view target, std::optional<duration> wait) const {
    f.target = some(target);
    f.retry_after_ms = wait_ms(wait);
  }
  void limited(std::string_view target, std::uint64_t limit) const {
    f.target = some(target);
    f.limit = limit;
  }
};

timeout_scope scope_of(std::string_view name) {
  for (const auto scope : {timeout_scope::attempt, timeout_scope::connect, timeout_scope::idle,
                           timeout_scope::head, timeout_scope::drain}) {
    if (name == to_string(scope)) {
      return scope;
    }
  }
  return timeout_scope::total;
}

std::optional<error_kind> kind_of(std::string_view name) {
  for (std::size_t i = 0; i < error_kind_count; ++i) {
    if (name == to_string(static_cast<error_kind>(i))) {
      return static_cast<error_kind>(i);
    }
  }
  return std::nullopt;
}

error make(error_kind kind, const facts& f) {
  const auto target = view(f.target);
  const auto reason = view(f.reason);
  const auto limit = f.limit.value_or(0);
  const auto size = f.size.value_or(0);
  const auto limit_time = from_ms(f.limit_ms.value_or(0));
  switch (kind) {
    case error_kind::cancelled:
      return errors::cancelled{};
    case error_kind::timeout:
      return errors::timeout{target, limit_time, scope_of(view(f.scope))};
    case error_kind::deadline:
      return errors::deadline{target, limit_time};
    case error_kind::connection_refused:
      return errors::connection_refused{target};
    case error_kind::connection_reset:
      return errors::connection_reset{target};
    case error_kind::connection_closed:
      return errors::connection_closed{target, size, limit};
    case error_kind::unreachable:
      return errors::unreachable{target};
    case error_kind::dns_failure:
      return errors::dns_failure{target, reason};
    case error_kind::tls_failure:
      return errors::tls_failure{target, reason};
    case error_kind::protocol_error:
      return errors::protocol_error{target, reason};
    case error_kind::http_error:
      return errors::http_error{target, f.status.value_or(0), view(f.body), view(f.headers),
                                wait_of(f)};
    case error_kind::serialization_error:
      return errors::serialization_error{reason, view(f.pointer), view(f.expected), view(f.actual)};
    case error_kind::too_large:
      return errors::too_large{target, limit, size};
    case error_kind::circuit_open:
      return errors::circuit_open{target, wait_of(f)};
    case error_kind::isolated:
      return errors::isolated{target};
    case error_kind::bulkhead_full:
      return errors::bulkhead_full{target, limit};
    case error_kind::rate_limited:
      return errors::rate_limited{target, wait_of(f)};
    case error_kind::throttled:
      return errors::throttled{target};
    case error_kind::shed:
      return errors::shed{target};
    case error_kind::pool_exhausted:
      return errors::pool_exhausted{target, limit};
    case error_kind::unavailable:
      return errors::unavailable{target, reason, wait_of(f)};
    case error_kind::outcome_unknown:
      return errors::outcome_unknown{target, reason};
    case error_kind::invalid_url:
      return errors::invalid_url{target, reason};
    case error_kind::invalid_argument:
      return errors::invalid_argument{target, reason};
    case error_kind::application:
      return errors::application{f.code, reason};
    case error_kind::system_error:
      return errors::system_error{target, static_cast<int>(size)};
  }
  return errors::protocol_error{target, "unknown kind of error"};
}

}  // namespace

std::string to_wire(const error& e) {
  wire::envelope out;
  out.error.kind = to_string(e.kind());
  out.error.code = out.error.kind;
  out.error.message = e.message();
  e.visit(write_facts{out.error});
  auto text = json::encode(out);
  if (!text) {
    // Something in it is not UTF-8: what came from a peer stays behind.
    wire::envelope plain;
    plain.error.kind = out.error.kind;
    plain.error.code = out.error.kind;
    plain.error.message = out.error.kind;
    text = json::encode(plain);
  }
  return text.value_or(std::string());
}

std::optional<error> from_wire(std::string_view text) {
  const auto read = json::decode<wire::envelope>(text);
  if (!read) {
    return std::nullopt;
  }
  const auto kind = kind_of(read->error.kind);
  if (!kind) {
    return std::nullopt;
  }
  error e = make(*kind, read->error);
  e.with_sent(error_sent::answered);
  return e;
}

}  // namespace fairlead
