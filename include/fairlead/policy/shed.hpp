// SPDX-License-Identifier: BSL-1.0
// Drops calls under load, the least important first: a handle on shared state.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/policy/layer.hpp>
#include <fairlead/policy/shed_options.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead::policy {

/// What a shedder knows.
struct shed_metrics {
  std::uint32_t in_flight = 0;
  double share = 0;    ///< of the calls that are dropped at this load
  duration service{};  ///< how long one call is worked on
};

/// Drops calls when there is more to do than can be done in time, instead of being late for all.
///
/// *When to use*: outermost in front of what has a queue inside (a bulkhead or an adaptive limit
/// that lets calls wait, a server's handlers), so that those are dropped at once that would be
/// dropped, or be too late, after waiting.
///
/// *Who is dropped*: from `shed_from` times `limit` calls in flight on a growing share of the
/// calls, by `context::criticality` and then by level; at `shed_all` times `limit`, all. The level
/// is taken from the key of the call (`context::key`), so that under load some users get
/// everything instead of all users something; calls without a key are spread evenly. Besides,
/// calls whose deadline would pass before their turn; but never while a place is free.
///
/// *How it counts*: successes tell how long a call is worked on. Other outcomes do not, but for the
/// place that they give back.
///
/// *Errors*: `shed`; allocates nothing.
///
/// A handle: copies share the state; twice in one stack is refused.
///
/// *Thread safety*: every member may be called from any thread.
///
/// *Example*: `policy::shed drop{{.name = "front", .limit = 64}};`
class shed {
 public:
  class permit;
  /// The level of a call within its class, 0 to 127; of the lowest are dropped first.
  using level_function = std::function<std::uint32_t(const context&)>;

  /// Throws `std::invalid_argument`, which names every problem.
  explicit shed(const shed_options& options);
  /// With levels of your own; `level_of` is called with no lock held, by every thread that runs
  /// calls.
  shed(const shed_options& options, level_function level_of);

  shed(const shed& other) noexcept;
  shed(shed&& other) noexcept;
  shed& operator=(const shed& other) noexcept;
  shed& operator=(shed&& other) noexcept;
  ~shed();

  /// The same for options that come from outside. *Errors*: `invalid_argument`.
  [[nodiscard]] static result<shed> make(const shed_options& options);

  /// A permit for one call that begins now, or the error to return instead. *Errors*: `shed`.
  [[nodiscard]] result<permit> admit(const context& cx, time_point now) const;

  [[nodiscard]] shed_metrics metrics() const;
  [[nodiscard]] std::string_view name() const noexcept;

  // The layer protocol; see layer.hpp.
  struct layer_state;
  step enter(layer_state& s, call& c) const;
  step leave(layer_state& s, call& c) const;
  [[nodiscard]] std::string describe() const;
  [[nodiscard]] const void* identity() const noexcept { return shared_.get(); }

 private:
  struct shared;
  explicit shed(std::shared_ptr<shared> s) noexcept : shared_(std::move(s)) {}
  std::shared_ptr<shared> shared_;
};

/// A call in flight. Destroyed without `complete` it says nothing about how long calls take. Keep a
/// handle of its shedder as long as it lives.
class shed::permit {
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
  ~permit() { complete(verdict::neutral, began_); }
  /// Tells how the call ended; once.
  void complete(verdict outcome, time_point now) noexcept {
    if (owner_ != nullptr) {
      settle(outcome, now);
    }
  }

 private:
  friend class shed;
  permit(shared* owner, std::uint32_t in_flight, time_point began) noexcept
      : owner_(owner), in_flight_(in_flight), began_(began) {}
  void settle(verdict outcome, time_point now) noexcept;

  shared* owner_ = nullptr;
  std::uint32_t in_flight_ = 0;  // before it
  time_point began_{};
};

struct shed::layer_state {
  permit held;
};

}  // namespace fairlead::policy
