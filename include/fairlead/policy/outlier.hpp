// SPDX-License-Identifier: BSL-1.0
// Leaves endpoints out of a set while they do much worse than the others: a handle.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/policy/outlier_options.hpp>
#include <fairlead/policy/verdict.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace fairlead::policy {

/// What a detector knows.
struct outlier_metrics {
  std::size_t endpoints = 0;
  std::size_t ejected = 0;
  bool panicking = false;  ///< too many are ejected, so all are used
};

/// Watches the endpoints of one set (the hosts behind a name, the connections of a pool) and tells
/// which of them not to use for now.
///
/// *When to use*: in a balancer or pool. Where a breaker judges one peer by itself, this compares
/// peers with each other, so that a failure that hits all of them ejects nobody.
///
/// *How it counts*: successes and failures of each endpoint per `interval`; neutral outcomes do not
/// count. Endpoints are compared when the first outcome after an interval is recorded, or by
/// `sweep`; there is no timer. An ejected endpoint comes back when its time is over.
///
/// *The panic rule*: when so many are ejected that less than `panic_below` of them are left, all
/// count as usable until enough are back.
///
/// A handle: copies share the state.
///
/// *Thread safety*: every member may be called from any thread; `usable` and most `record` take no
/// lock.
///
/// *Example*:
/// ```cpp
/// policy::outlier_detector detector;
/// auto host = detector.add();
/// if (host.usable(cx.now())) { ... host.record(verdict::success, cx.now()); }
/// ```
class outlier_detector {
 public:
  class endpoint;

  /// Throws `std::invalid_argument`, which names every problem.
  explicit outlier_detector(const outlier_options& options = {});
  /// The same for options that come from outside. *Errors*: `invalid_argument`.
  [[nodiscard]] static result<outlier_detector> make(const outlier_options& options);

  /// A further endpoint of the set, until the result is destroyed.
  [[nodiscard]] endpoint add() const;
  /// Compares the endpoints now. Returns how many were ejected.
  std::size_t sweep(time_point now) const;
  [[nodiscard]] outlier_metrics metrics(time_point now) const;
  [[nodiscard]] std::string describe() const;
  [[nodiscard]] const void* identity() const noexcept { return shared_.get(); }

 private:
  struct shared;
  explicit outlier_detector(std::shared_ptr<shared> s) noexcept : shared_(std::move(s)) {}
  std::shared_ptr<shared> shared_;
};

/// One endpoint of a set; leaves it when destroyed. Keeps the set alive.
class outlier_detector::endpoint {
 public:
  endpoint(endpoint&& other) noexcept;
  endpoint& operator=(endpoint&& other) noexcept;
  ~endpoint();

  /// Tells how a call to it ended.
  void record(verdict outcome, time_point now) const;
  /// False while it is ejected, unless too many are.
  [[nodiscard]] bool usable(time_point now) const noexcept;
  /// True while it is ejected, even if it is used all the same.
  [[nodiscard]] bool ejected(time_point now) const noexcept;

 private:
  friend class outlier_detector;
  struct state;
  explicit endpoint(std::unique_ptr<state> s) noexcept;
  std::unique_ptr<state> state_;
};

}  // namespace fairlead::policy
