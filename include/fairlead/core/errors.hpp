// SPDX-License-Identifier: BSL-1.0
// One small struct per error kind, with the data that the kind carries.
#pragma once

#include <fairlead/core/error_kind.hpp>
#include <fairlead/core/time.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

/// The alternatives of `fairlead::error`. They are views: build an `error` from one (it copies the
/// text), or receive one from `error::visit` (valid as long as that error lives). Members from the
/// back on may be left out.
namespace fairlead::errors {

struct cancelled {};

/// `target` is the URL or the name of the operation, `limit` what was allowed.
struct timeout {
  std::string_view target;
  duration limit{};
  timeout_scope scope = timeout_scope::total;
};

/// `limit` is how long the caller had allowed; zero when it is not known.
struct deadline {
  std::string_view target;
  duration limit{};
};

struct connection_refused {
  std::string_view url;
};
struct connection_reset {
  std::string_view url;
};
/// `received` and `expected` count body bytes; `expected` is 0 when no length was announced.
struct connection_closed {
  std::string_view url;
  std::uint64_t received = 0;
  std::uint64_t expected = 0;
};
struct unreachable {
  std::string_view url;
};
struct dns_failure {
  std::string_view host;
  std::string_view reason = {};
};
struct tls_failure {
  std::string_view url;
  std::string_view reason = {};
};
struct protocol_error {
  std::string_view url;
  std::string_view reason = {};
};

/// `headers` is the response's header block, one `Name: value` per CRLF line (`error::header` reads
/// it); `body` is cut at the client's error-body limit.
struct http_error {
  std::string_view url;
  unsigned status = 0;
  std::string_view body = {};
  std::string_view headers = {};
  std::optional<duration> retry_after = {};
};

/// `pointer` is a JSON Pointer (RFC 6901), "" for the whole document.
struct serialization_error {
  std::string_view message;
  std::string_view pointer = {};
  std::string_view expected = {};
  std::string_view actual = {};
};

/// `what` names the thing ("response body"), `limit` and `actual` are bytes (or items, as `what`
/// says); `actual` is 0 when it is not known.
struct too_large {
  std::string_view what;
  std::uint64_t limit = 0;
  std::uint64_t actual = 0;
};

struct circuit_open {
  std::string_view policy;
  std::optional<duration> retry_after = {};
};
struct isolated {
  std::string_view policy;
};
struct bulkhead_full {
  std::string_view policy;
  std::uint64_t limit = 0;
};
struct rate_limited {
  std::string_view policy;
  std::optional<duration> retry_after = {};
};
struct throttled {
  std::string_view policy;
};
struct shed {
  std::string_view policy;
};
struct pool_exhausted {
  std::string_view origin;
  std::uint64_t limit = 0;
};
struct unavailable {
  std::string_view target;
  std::string_view reason = {};
  std::optional<duration> retry_after = {};
};
struct outcome_unknown {
  std::string_view target;
  std::string_view reason = {};
};
struct invalid_url {
  std::string_view url;
  std::string_view reason = {};
};
struct invalid_argument {
  std::string_view what;
  std::string_view reason = {};
};

/// What a service answers when its own rules refuse: `code` is for programs, `message` for people.
struct application {
  std::string_view code;
  std::string_view message = {};
};

struct system_error {
  std::string_view what;
  int code = 0;
};

}  // namespace fairlead::errors
