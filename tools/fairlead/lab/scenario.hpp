// SPDX-License-Identifier: BSL-1.0
// What `fairlead lab` replays: the operation's script, the calls, and what is done by hand.
#pragma once

#include <fairlead/policy/from_json.hpp>

#include <boost/json/value.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::lab {

enum class act_outcome : std::uint8_t { success, failure, fatal, neutral, hang };
[[nodiscard]] std::string_view to_string(act_outcome o) noexcept;

/// What one run of the operation does.
struct act {
  duration after{};
  act_outcome outcome = act_outcome::success;
  bool ignores_cancel = false;
  std::optional<duration> retry_after;
  std::optional<duration> pushback;
  std::optional<error_sent> sent;
  std::optional<std::uint32_t> status;
  boost::json::value value;
};

/// One top-level caller.
struct caller {
  duration at{};
  std::optional<duration> deadline;
  std::optional<duration> cancel_at;
  bool idempotent = true;
  std::string key;
  std::uint32_t cost = 1;
};

enum class deed : std::uint8_t { isolate, force_closed, metrics_only, reset, open_for, resize };

/// Something done by hand.
struct action {
  duration at{};
  deed what{};
  std::string policy;
  duration length{};      // of open_for
  std::uint32_t max = 0;  // of resize
};

/// A fallback that runs an operation of its own.
struct fallback_script {
  std::vector<act> acts;
  std::string name;
};

struct scenario {
  std::uint64_t seed = 1;
  std::vector<act> operation;
  std::vector<caller> calls;
  std::vector<action> actions;
  std::vector<double> uniform;
  std::optional<duration> end;
  policy::configuration config;
};

/// The latest instant of a scenario.
inline constexpr duration latest = std::chrono::milliseconds(1'000'000'000);

/// Reads the array of acts at `key`; at least one.
[[nodiscard]] std::vector<act> read_acts(policy::config_reader& from, std::string_view key);

/// Reads a scenario whose grids and windows begin at `origin`; `extension` knows the policies that
/// only the lab has. Nothing when there are problems, which are added to `found`.
[[nodiscard]] std::optional<scenario> read_scenario(const boost::json::value& document,
                                                    const policy::config_extension& extension,
                                                    time_point origin,
                                                    policy::config_problems& found);

}  // namespace fairlead::lab
