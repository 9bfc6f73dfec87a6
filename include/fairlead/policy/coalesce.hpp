// SPDX-License-Identifier: BSL-1.0
// Lets calls for the same thing at the same time share one run.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/policy/impl/branches.hpp>  // IWYU pragma: keep
#include <fairlead/policy/inner_run.hpp>
#include <fairlead/policy/layer.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::policy {

/// What calls share, and for how long.
struct coalesce_options {
  /// In events and errors; "coalesce" when empty. Copied.
  std::string_view name = {};
  /// How long a shared run may take, beside the deadlines of those who wait for it.
  duration limit = duration::max();
};

/// Everything that is wrong with `options`, one sentence each.
[[nodiscard]] std::vector<std::string> problems_of(const coalesce_options& options);

/// Calls with the same `context::key` that are under way at the same time share one run (a
/// "flight") of what is inside, and its outcome. Calls without a key pass through.
///
/// *When to use*: for reads that many ask for at once, such as a value that has just left a cache.
/// Outside of everything that costs: retry, limits, breaker.
///
/// *Who owns the run*: the flight. It goes on while anybody waits for it, whoever came first and
/// whether that one has given up, and is cancelled when the last has left. It therefore has no
/// deadline of its own but `coalesce_options::limit`, and the operation must own what it uses:
/// `policy::detachable`. It runs on the executor of the first caller, with his criticality and key.
///
/// *What is shared*: the outcome, by copy, values and errors alike, with those who wait at that
/// moment; nothing is kept. Results of different types with the same key do not mix.
///
/// *Cancellation and deadline* of one caller end his wait, not the flight.
///
/// *Errors*: `invalid_argument` for a call with the key of the very flight it is made in, which
/// would wait for itself, and for an operation that is not detachable; `unavailable` when the event
/// loop on which the flight ran was destroyed.
///
/// A handle: copies share the flights. *Thread safety*: everything may be called from any thread;
/// values are copied by several threads at once.
///
/// *Example*:
/// ```cpp
/// policy::stack shared{policy::coalesce{}, policy::retry{}};
/// context mine = cx.with_key(url);
/// const auto fetch = policy::detachable([client, url](context& c) { return client->get(c, url);
/// }); auto page = co_await shared.run(mine, fetch);
/// ```
class coalesce {
 public:
  explicit coalesce(const coalesce_options& options = {});
  /// For options that come from outside. *Errors*: `invalid_argument`.
  [[nodiscard]] static result<coalesce> make(const coalesce_options& options);

  /// How many runs are shared now.
  [[nodiscard]] std::size_t flights() const;

  // The layer protocol; see layer.hpp.
  static constexpr bool copies = true;
  struct layer_state {};
  step enter(layer_state& s, call& c) const;
  [[nodiscard]] task<void> branch(layer_state& s, call& c, inside& in) const;
  [[nodiscard]] std::string describe() const;
  [[nodiscard]] const void* identity() const noexcept { return shared_.get(); }

 private:
  struct shared;
  struct flight;
  class party;
  std::shared_ptr<shared> shared_;
};

}  // namespace fairlead::policy
