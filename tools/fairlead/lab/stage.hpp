// SPDX-License-Identifier: BSL-1.0
// Where scripted runs wait for their end: completions come in the order in which the runs began,
// after everything else that happens at that instant.
#pragma once

#include "lab/scenario.hpp"

#include <fairlead/core/task.hpp>
#include <fairlead/core/waiter.hpp>

#include <boost/json/value.hpp>

#include <cstdint>
#include <map>
#include <utility>

namespace fairlead::lab {

/// How a scripted run came to its end.
enum class ending : std::uint8_t { as_scripted, told_to_stop, never };

class stage {
 public:
  /// Runs that ignore their cancellation live under `root`, which is cancelled when all is over.
  explicit stage(context& root) noexcept : root_(root) {}
  stage(const stage&) = delete;
  stage& operator=(const stage&) = delete;

  /// Waits as `a` says, under `cx`.
  [[nodiscard]] task<ending> perform(context& cx, act a);

  /// When the next run ends; `no_deadline` when none is waiting for its end.
  [[nodiscard]] time_point next() const noexcept;
  /// Ends the one that began first among those whose end is due; false when there is none.
  bool complete_one(time_point now);

 private:
  using place = std::pair<time_point, std::uint64_t>;  // the end, and the number of the run
  class seat;

  context& root_;
  std::uint64_t begun_ = 0;
  // By their end, and those that end together in the order of their beginning. Time never passes
  // an end without stopping there, so that all that is due ends at the same instant.
  std::map<place, waiter*> waiting_;
};

/// What a run with that outcome gives. `act_outcome::hang` has none.
[[nodiscard]] result<boost::json::value> outcome_of(const act& a);

/// Whether a script said "fatal" of an error that the default classifier judges by its status.
[[nodiscard]] bool scripted_as_fatal(const error& e);

/// The kind of an error as the lab names it: "failure" and "fatal" for those that a script made.
[[nodiscard]] std::string_view kind_in_lab(const error& e) noexcept;

}  // namespace fairlead::lab
