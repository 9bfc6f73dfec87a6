// SPDX-License-Identifier: BSL-1.0
// A sink that counts what policies did, for reports and tests.
#pragma once

#include <fairlead/observe/policy_event.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

namespace fairlead::observe {

/// Counts events by stack, policy and action, and keeps the latest changes of state.
///
/// Memory is bounded: one counter per combination that occurs, and at most `keep` changes of state.
///
/// *Thread safety*: every member may be called from any thread.
///
/// *Example*:
/// ```cpp
/// fairlead::observe::recorder seen;
/// auto watched = resilient.observed_by(seen, "users");
/// ...
/// for (const auto& line : seen.counts()) { print(line.stack, line.name, line.action, line.count);
/// }
/// ```
class recorder final : public sink {
 public:
  /// How often one policy did one thing.
  struct count {
    std::string stack;
    policy_kind policy{};
    std::string name;
    policy_action action{};
    std::uint64_t times = 0;
    duration delay{};  ///< all delays together; only of retries
  };
  /// One change of state.
  struct transition {
    std::string stack;
    std::string name;
    std::string from;
    std::string to;
    time_point at{};
  };

  /// `keep` changes of state are remembered (default 1000), the oldest are forgotten first.
  explicit recorder(std::size_t keep = 1000) : keep_(keep) {}

  void on_event(const policy_event& event) noexcept override;

  /// Everything counted so far, ordered by stack, policy, name and action.
  [[nodiscard]] std::vector<count> counts() const;
  /// The latest changes of state, in the order in which they were reported.
  [[nodiscard]] std::vector<transition> transitions() const;
  /// How often `action` happened, in all stacks and policies.
  [[nodiscard]] std::uint64_t total(policy_action action) const;
  /// The same in the stack of that name.
  [[nodiscard]] std::uint64_t total(policy_action action, std::string_view stack) const;
  /// How many events were lost since there was no memory to count them.
  [[nodiscard]] std::uint64_t lost() const;

 private:
  using key = std::tuple<std::string, policy_kind, std::string, policy_action>;
  struct cell {
    std::uint64_t times = 0;
    duration delay{};
  };
  // Finds without making strings.
  struct less {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return a < b;
    }
  };

  void add(const policy_event& event);

  mutable std::mutex lock_;
  std::map<key, cell, less> cells_;
  std::vector<transition> transitions_;  // a ring once it is full
  std::size_t oldest_ = 0;
  std::size_t keep_;
  std::uint64_t lost_ = 0;
};

}  // namespace fairlead::observe
