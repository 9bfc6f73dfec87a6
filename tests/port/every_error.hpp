// SPDX-License-Identifier: BSL-1.0
// One error of every kind, with data in every field.
#pragma once

#include <fairlead/core/error.hpp>

#include <chrono>
#include <vector>

namespace fairlead::testing {

inline std::vector<error> every_error() {
  using namespace std::chrono_literals;
  return {
      errors::cancelled{},
      errors::timeout{"orders", 1500us, timeout_scope::attempt},
      errors::deadline{"orders", 2s},
      errors::connection_refused{"http://db/"},
      errors::connection_reset{"http://db/"},
      errors::connection_closed{"http://db/", 3, 9},
      errors::unreachable{"http://db/"},
      errors::dns_failure{"db", "no such host"},
      errors::tls_failure{"https://db/", "expired"},
      errors::protocol_error{"http://db/", "no status line"},
      errors::http_error{"http://db/", 429, "slow down", "Retry-After: 3\r\n", 3s},
      errors::serialization_error{"bad", "/a/0", "integer", "\"x\""},
      errors::too_large{"body", 10, 11},
      errors::circuit_open{"db", 250ms},
      errors::isolated{"db"},
      errors::bulkhead_full{"db", 8},
      errors::rate_limited{"db", 40ms},
      errors::throttled{"db"},
      errors::shed{"db"},
      errors::pool_exhausted{"http://db", 64},
      errors::unavailable{"db", "draining", 1s},
      errors::outcome_unknown{"db", "no answer to a write"},
      errors::invalid_url{"htp:/x", "no such scheme"},
      errors::invalid_argument{"limit", "must be positive"},
      errors::application{"out_of_stock", "none left"},
      errors::system_error{"open", 2},
  };
}

}  // namespace fairlead::testing
