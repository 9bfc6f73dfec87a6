// SPDX-License-Identifier: BSL-1.0
// Keeps a client from sending what its peer would refuse: a handle on shared state.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/policy/layer.hpp>
#include <fairlead/policy/throttle_options.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead::policy {

/// Refuses calls at random, the more of them the smaller the share is that the peer accepts.
///
/// *When to use*: in a client of a peer that sheds load by refusing: refusing costs the peer work
/// too, and a client that refuses itself leaves it that work. Unlike a breaker it never stops
/// completely, and has no states. Put it outside of the retry, or inside to count attempts.
///
/// *How it counts*: requests when they begin, those that it refuses included; accepts are the
/// successes among them. Neutral outcomes (cancelled, refused inside) are taken out again.
///
/// *Errors*: `throttled`; allocates nothing.
///
/// *Randomness*: one draw per call whose probability of being refused is above 0.
///
/// A handle: copies share the state; twice in one stack is refused.
///
/// *Thread safety*: every member may be called from any thread.
///
/// *Example*: `policy::throttle gentle{{.name = "search", .k = 1.5}};`
class throttle {
 public:
  class permit;

  /// Throws `std::invalid_argument`, which names every problem.
  explicit throttle(const throttle_options& options = {});

  throttle(const throttle& other) noexcept;
  throttle(throttle&& other) noexcept;
  throttle& operator=(const throttle& other) noexcept;
  throttle& operator=(throttle&& other) noexcept;
  ~throttle();

  /// The same for options that come from outside. *Errors*: `invalid_argument`.
  [[nodiscard]] static result<throttle> make(const throttle_options& options);

  /// A permit for one call now, or the error to return instead. `random` is drawn from as said
  /// above. *Errors*: `throttled`.
  [[nodiscard]] result<permit> admit(time_point now, random_source& random) const;

  [[nodiscard]] throttle_metrics metrics(time_point now) const;
  [[nodiscard]] std::string_view name() const noexcept;

  // The layer protocol; see layer.hpp.
  struct layer_state;
  step enter(layer_state& s, call& c) const;
  step leave(layer_state& s, call& c) const;
  [[nodiscard]] std::string describe() const;
  [[nodiscard]] const void* identity() const noexcept { return shared_.get(); }

 private:
  struct shared;
  explicit throttle(std::shared_ptr<shared> s) noexcept : shared_(std::move(s)) {}
  std::shared_ptr<shared> shared_;
};

/// One call on its way. Destroyed without `complete` it was never there. Keep a handle of its
/// throttle as long as it lives.
class throttle::permit {
 public:
  permit() noexcept = default;
  permit(permit&& other) noexcept
      : owner_(std::exchange(other.owner_, nullptr)), began_(other.began_) {}
  permit& operator=(permit&& other) noexcept {
    permit old(std::move(*this));
    owner_ = std::exchange(other.owner_, nullptr);
    began_ = other.began_;
    return *this;
  }
  ~permit() {
    if (owner_ != nullptr) {
      forget();
    }
  }
  /// Tells how the call ended; once.
  void complete(verdict outcome, time_point now) noexcept;

 private:
  friend class throttle;
  permit(shared* owner, std::int64_t began) noexcept : owner_(owner), began_(began) {}
  void forget() noexcept;
  shared* owner_ = nullptr;
  std::int64_t began_ = 0;
};

struct throttle::layer_state {
  permit held;
};

}  // namespace fairlead::policy
