// SPDX-License-Identifier: BSL-1.0
// Words for people: reports of bad options, and the descriptions of policies.
#pragma once

#include <fairlead/core/time.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace fairlead::policy {
struct breaker_options;
struct bulkhead_options;
struct rate_limit_options;
}  // namespace fairlead::policy

namespace fairlead::policy::detail {

/// "a; b; c".
[[nodiscard]] std::string joined(const std::vector<std::string>& problems);

/// Throws `std::invalid_argument` with "what 'name': a; b; c" when there are problems.
void throw_if_any(std::string_view what, std::string_view name,
                  const std::vector<std::string>& problems);

/// "250 ms", "3 s", "2 min".
[[nodiscard]] std::string words(duration d);

/// Four digits: "1.5", "0.3333".
[[nodiscard]] std::string number(double x);

/// "50 %".
[[nodiscard]] std::string percent(double share);

[[nodiscard]] std::string describe_breaker(const breaker_options& options, std::string_view name);
[[nodiscard]] std::string describe_bulkhead(const bulkhead_options& options);
[[nodiscard]] std::string describe_rate_limit(const rate_limit_options& options);

}  // namespace fairlead::policy::detail
