// SPDX-License-Identifier: BSL-1.0
// A breaker that is made from one set of options, its fleet included: what sets of breakers need.
#pragma once

#include <fairlead/policy/breaker_fleet.hpp>
#include <fairlead/policy/circuit_breaker.hpp>

#include <string_view>
#include <utility>

namespace fairlead::policy {

/// What a breaker can be told, and the fleet that it belongs to.
struct fleet_breaker_options {
  fleet_breaker_options(const breaker_options& options, breaker_fleet members)
      : name(options.name), each(options), fleet(std::move(members)) {}

  std::string_view name;  ///< in place of the name in `each`
  breaker_options each;
  breaker_fleet fleet;
};

/// A `circuit_breaker` in a fleet, for whoever makes many of them from the same options, such as
/// one per host.
///
/// *Thread safety* and everything else: as `circuit_breaker`.
///
/// *Example*:
/// ```cpp
/// policy::breaker_fleet hosts{{.max_open_fraction = 0.3}};
/// policy::fleet_breaker_options options({.failure_rate = 0.5}, hosts);
/// policy::fleet_breaker first(options);
/// policy::fleet_breaker second(options);
/// ```
class fleet_breaker : public circuit_breaker {
 public:
  using options_type = fleet_breaker_options;

  /// Throws `std::invalid_argument`, as a `circuit_breaker` does.
  explicit fleet_breaker(const options_type& options)
      : circuit_breaker(named(options), options.fleet) {}

 private:
  static breaker_options named(const options_type& options) noexcept {
    auto each = options.each;
    each.name = options.name;
    return each;
  }
};

static_assert(layer<fleet_breaker>);

}  // namespace fairlead::policy
