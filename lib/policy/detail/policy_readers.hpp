// SPDX-License-Identifier: BSL-1.0
// Reads one policy out of configuration, per type.
#pragma once

#include <fairlead/policy/from_json.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::policy::detail {

/// What the policies of one document share while they are read.
struct reading {
  const std::vector<configured_budget>& budgets;
  time_point origin;
};

/// A policy that was read.
struct read_policy {
  any_layer layer;
  configured_policy::handle state = {};
};

/// One type of policy.
struct policy_type {
  std::string_view name;
  /// Reads everything but `type`. Nothing when that failed; then problems were reported.
  std::optional<read_policy> (*read)(config_reader& from, const std::string& name,
                                     const reading& all);
  /// A policy made from a handle that is carried over.
  bool has_state;
};

[[nodiscard]] std::span<const policy_type> policy_types() noexcept;

/// The layer around a handle; nothing for policies without state.
[[nodiscard]] std::optional<any_layer> layer_around(const configured_policy::handle& state);

/// Reads one budget.
[[nodiscard]] std::optional<retry_budget> read_budget(config_reader& from, std::string_view name);

}  // namespace fairlead::policy::detail
