// SPDX-License-Identifier: BSL-1.0
// The four retry budgets and what each can be told.
#pragma once

#include <fairlead/core/time.hpp>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace fairlead::policy {

/// gRPC's retry throttling (proposal A6): a failure takes one token, a success puts back `ratio` of
/// one, and there are extra attempts while more than half of the tokens are there.
///
/// It tells whether the peer is well; it does not bound how many extra attempts run at once.
struct token_budget {
  std::uint32_t tokens = 10;  ///< at the start, and at most
  double ratio = 0.1;         ///< of a token per success; in thousandths
};

/// Envoy's and failsafe's budget: at the same time no more extra attempts, those included that wait
/// for their turn, than a share of the calls in flight.
struct in_flight_budget {
  double ratio = 0.2;     ///< of the calls in flight (Envoy: 20 %)
  std::uint32_t min = 3;  ///< allowed however few calls are in flight (Envoy: 3)
};

/// Finagle's budget: in a window no more extra attempts than a share of the calls that began in it.
struct window_budget {
  double ratio = 0.2;       ///< of the calls that began in the window (Finagle: 20 %)
  std::uint32_t min = 100;  ///< per window, however few calls began (Finagle: 10 per second)
  duration window = std::chrono::seconds(10);
  std::uint32_t slices = 10;  ///< the steps in which the window moves
};

/// The retry quota of the AWS SDKs: an extra attempt costs tokens, which come back when it
/// succeeds; a call that succeeds at first adds a little.
struct quota_budget {
  std::uint32_t tokens = 500;
  std::uint32_t cost = 5;
  std::uint32_t timeout_cost = 10;  ///< of an extra attempt after a timeout
  std::uint32_t refund = 1;         ///< for a success of a first attempt
};

using budget_options = std::variant<token_budget, in_flight_budget, window_budget, quota_budget>;

/// Everything that is wrong with `options`, one sentence each.
[[nodiscard]] std::vector<std::string> problems_of(const budget_options& options);

}  // namespace fairlead::policy
