// SPDX-License-Identifier: BSL-1.0
// What `--delay` and `--fail-every` do to the requests of all protocols alike.
#pragma once

#include "echo_plan.hpp"

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>

#include <cstdint>
#include <string>

namespace fairlead::cli {

/// Counts requests, in the order in which they begin.
///
/// *Thread safety*: none.
class echo_behaviour {
 public:
  explicit echo_behaviour(const echo_plan& plan)
      : delay_(plan.delay), fail_every_(plan.fail_every) {}

  /// Waits as long as was asked. *Errors*: `application` with the code "service_error" for a
  /// request that is to fail; `cancelled`, `deadline`.
  [[nodiscard]] task<result<void>> begin(context& cx);

  [[nodiscard]] duration delay() const noexcept { return delay_; }

 private:
  duration delay_;
  std::uint64_t fail_every_;
  std::uint64_t requests_ = 0;
};

}  // namespace fairlead::cli
