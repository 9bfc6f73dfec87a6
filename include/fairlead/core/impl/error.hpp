// SPDX-License-Identifier: BSL-1.0
// Template parts of error.hpp.
#pragma once

#include <fairlead/core/error.hpp>

namespace fairlead {

// One line per kind: the table that ties an alternative to its enumerator.
#define FAIRLEAD_ERROR_KINDS(X) \
  X(cancelled)                  \
  X(timeout)                    \
  X(deadline)                   \
  X(connection_refused)         \
  X(connection_reset)           \
  X(connection_closed)          \
  X(unreachable)                \
  X(dns_failure)                \
  X(tls_failure)                \
  X(protocol_error)             \
  X(http_error)                 \
  X(serialization_error)        \
  X(too_large)                  \
  X(circuit_open)               \
  X(isolated)                   \
  X(bulkhead_full)              \
  X(rate_limited)               \
  X(throttled)                  \
  X(shed)                       \
  X(pool_exhausted)             \
  X(unavailable)                \
  X(outcome_unknown)            \
  X(invalid_url)                \
  X(invalid_argument)           \
  X(application)                \
  X(system_error)

template <class E>
constexpr error_kind error::kind_of() noexcept {
#define FAIRLEAD_KIND_OF(name)                   \
  if constexpr (std::same_as<E, errors::name>) { \
    return error_kind::name;                     \
  } else
  FAIRLEAD_ERROR_KINDS(FAIRLEAD_KIND_OF) {
    static_assert(!std::same_as<E, E>, "not an alternative of fairlead::error");
  }
#undef FAIRLEAD_KIND_OF
}

#define FAIRLEAD_DECLARE_AS(name) \
  template <>                     \
  errors::name error::as<errors::name>() const noexcept;
FAIRLEAD_ERROR_KINDS(FAIRLEAD_DECLARE_AS)
#undef FAIRLEAD_DECLARE_AS

template <class F>
decltype(auto) error::visit(F&& f) const {
  switch (kind_) {
#define FAIRLEAD_VISIT(name) \
  case error_kind::name:     \
    return std::forward<F>(f)(as<errors::name>());
    FAIRLEAD_ERROR_KINDS(FAIRLEAD_VISIT)
#undef FAIRLEAD_VISIT
  }
  __builtin_unreachable();
}

#undef FAIRLEAD_ERROR_KINDS

}  // namespace fairlead
