// SPDX-License-Identifier: BSL-1.0
// Moments as people and other programs read them.
#pragma once

#include <chrono>
#include <string>

namespace fairlead::observe::detail {

/// "2026-01-01T00:00:00.123456Z" (RFC 3339, UTC, microseconds).
[[nodiscard]] std::string timestamp(std::chrono::system_clock::time_point at);

/// "00:00:00.123" of the same.
[[nodiscard]] std::string time_of_day(std::chrono::system_clock::time_point at);

/// "1.5 ms", "2.30 s": three digits that count, for people.
[[nodiscard]] std::string short_duration(std::chrono::nanoseconds d);

}  // namespace fairlead::observe::detail
