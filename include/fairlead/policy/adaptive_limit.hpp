// SPDX-License-Identifier: BSL-1.0
// A limit on calls in flight that finds its own value: a handle on shared state.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/policy/adaptive_options.hpp>
#include <fairlead/policy/layer.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead::policy {

/// What an adaptive limit knows.
struct adaptive_metrics {
  std::uint32_t limit = 0;
  std::uint32_t in_use = 0;
  std::uint32_t waiting = 0;
};

/// Lets as many calls through at a time as the peer can use, and finds out how many that is.
///
/// *When to use*: where the right bulkhead size is not known or changes: in a client of a peer that
/// becomes slow when it has too much to do, or in front of a server's own handlers. Put it inside
/// of the retry, so that each attempt is one observation.
///
/// *How it counts*: successes give their duration, failures count as signs of overload
/// (`adaptive_options`). Cancellations, rejections by inner policies and exceptions count for
/// nothing and give the place back. The limit rises only while at least half of it is used.
///
/// *When it is full*: refuses at once, or with `queue` lets calls wait, first come, first served,
/// until `max_wait` or their deadline.
///
/// *Errors*: `bulkhead_full` with the limit (allocates only for a name); of a wait `deadline` and
/// `cancelled`.
///
/// A handle: copies share the state; twice in one stack is refused.
///
/// *Thread safety*: every member may be called from any thread; a place that is free is taken
/// without a lock.
///
/// *Example*: `policy::adaptive_limit limit{{.name = "search", .max = 500}};`
class adaptive_limit {
 public:
  class permit;

  /// Throws `std::invalid_argument`, which names every problem.
  explicit adaptive_limit(const adaptive_options& options = {});

  adaptive_limit(const adaptive_limit& other) noexcept;
  adaptive_limit(adaptive_limit&& other) noexcept;
  adaptive_limit& operator=(const adaptive_limit& other) noexcept;
  adaptive_limit& operator=(adaptive_limit&& other) noexcept;
  ~adaptive_limit();

  /// The same for options that come from outside. *Errors*: `invalid_argument`.
  [[nodiscard]] static result<adaptive_limit> make(const adaptive_options& options);

  /// A place for one call that begins now, without waiting. *Errors*: `bulkhead_full`.
  [[nodiscard]] result<permit> admit(time_point now) const;

  [[nodiscard]] adaptive_metrics metrics() const noexcept;
  [[nodiscard]] std::string_view name() const noexcept;

  // The layer protocol; see layer.hpp.
  struct layer_state;
  step enter(layer_state& s, call& c) const;
  step leave(layer_state& s, call& c) const;
  [[nodiscard]] task<result<void>> pause(layer_state& s, call& c) const;
  step resume(layer_state& s, call& c, const result<void>& waited) const;
  [[nodiscard]] std::string describe() const;
  [[nodiscard]] const void* identity() const noexcept { return shared_.get(); }

 private:
  struct shared;
  explicit adaptive_limit(std::shared_ptr<shared> s) noexcept : shared_(std::move(s)) {}
  step refuse(call& c, error e) const;
  std::shared_ptr<shared> shared_;
};

/// A place in flight. Destroyed without `complete` it counts for nothing and is free again. Keep a
/// handle of its limit as long as it lives.
class adaptive_limit::permit {
 public:
  permit() noexcept = default;
  permit(permit&& other) noexcept
      : owner_(std::exchange(other.owner_, nullptr)),
        in_flight_(other.in_flight_),
        began_(other.began_) {}
  permit& operator=(permit&& other) noexcept {
    permit old(std::move(*this));
    owner_ = std::exchange(other.owner_, nullptr);
    in_flight_ = other.in_flight_;
    began_ = other.began_;
    return *this;
  }
  ~permit() {
    if (owner_ != nullptr) {
      (void)settle(verdict::neutral, began_);
    }
  }
  /// Tells how the call ended; once.
  void complete(verdict outcome, time_point now) noexcept {
    if (owner_ != nullptr) {
      (void)settle(outcome, now);
    }
  }

 private:
  friend class adaptive_limit;
  permit(shared* owner, std::uint32_t in_flight, time_point began) noexcept
      : owner_(owner), in_flight_(in_flight), began_(began) {}
  // The new limit, when it moved; else 0.
  std::uint32_t settle(verdict outcome, time_point now) noexcept;

  shared* owner_ = nullptr;
  std::uint32_t in_flight_ = 0;
  time_point began_{};
};

struct adaptive_limit::layer_state {
  permit held;
};

}  // namespace fairlead::policy
