// SPDX-License-Identifier: BSL-1.0
// Keeps the breakers of one set from opening all at once.
#pragma once

#include <fairlead/core/result.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::policy {

/// How many breakers of a set may be open.
struct fleet_options {
  /// At most this share of the members (rounded down, but always one) may be open at the same time.
  /// In (0, 1]; 0.1 is what gRPC (A50) and Envoy eject at most.
  double max_open_fraction = 0.1;
  /// When more than this share of the members is open, or would be if it were allowed, it is
  /// probably not the members that fail: open breakers let calls through until fewer are. In
  /// (0, 1]; 1 = never. 0.5 is Envoy's panic threshold.
  double panic_fraction = 0.5;
  /// Of fewer members no share says anything: each may open. Default 5, as gRPC (A50) has it.
  std::uint32_t min_members = 5;
};

/// Everything that is wrong with `options`, one sentence each.
[[nodiscard]] std::vector<std::string> problems_of(const fleet_options& options);

/// What a fleet knows.
struct fleet_counts {
  std::uint32_t members = 0;
  std::uint32_t open = 0;  ///< open, half-open or isolated
  std::uint32_t held = 0;  ///< would be open, but for the others
};

/// The rule alone: counts in, decisions out.
///
/// *Thread safety*: immutable.
class fleet_core {
 public:
  /// `options` must be free of problems.
  explicit fleet_core(const fleet_options& options) noexcept : options_(options) {}

  /// How many of `members` may be open at the same time.
  [[nodiscard]] std::uint32_t most_open(std::uint32_t members) const noexcept;
  /// True when one more may open.
  [[nodiscard]] bool may_open(const fleet_counts& now) const noexcept {
    return now.open < most_open(now.members);
  }
  /// True when so many fail that open breakers should let calls through.
  [[nodiscard]] bool panics(const fleet_counts& now) const noexcept;
  [[nodiscard]] const fleet_options& options() const noexcept { return options_; }

 private:
  fleet_options options_;
};

/// A set of breakers of which only so many may be open at the same time, so that a fault which they
/// all see (the network, a bad release of this program) does not cut the program off from every
/// peer. Made once and given to each breaker of the set when that is made.
///
/// *When to use*: with one breaker per host, shard or replica of the same service.
///
/// *What happens*: a breaker that would open asks; when its fleet has no place left it stays closed
/// and keeps counting, and opens with the first outcome that finds its rule still met and a place
/// free. Half-open and isolated breakers keep their places. What is done by hand is always done.
/// When more than `panic_fraction` of the members fail, the open ones let calls through, and these
/// count for nothing; probes go on. Isolated breakers refuse all the same.
///
/// A breaker that nobody calls any more keeps its state and its place: drop the handles of peers
/// that are gone.
///
/// A handle: copies share the state. *Thread safety*: every member may be called from any thread.
///
/// *Example*:
/// ```cpp
/// policy::breaker_fleet replicas{{.max_open_fraction = 0.3}};
/// policy::circuit_breaker a{{.name = "replica-a"}, replicas};
/// policy::circuit_breaker b{{.name = "replica-b"}, replicas};
/// ```
class breaker_fleet {
 public:
  class seat;

  /// Throws `std::invalid_argument`, which names every problem, when `options` cannot be used.
  explicit breaker_fleet(const fleet_options& options = {});
  /// The same for options that come from outside. *Errors*: `invalid_argument`.
  [[nodiscard]] static result<breaker_fleet> make(const fleet_options& options);

  [[nodiscard]] fleet_counts counts() const noexcept;
  /// True while open breakers let calls through.
  [[nodiscard]] bool panicking() const noexcept;
  /// "at most 30 % of its fleet open at the same time".
  [[nodiscard]] std::string describe() const;
  [[nodiscard]] const void* identity() const noexcept { return shared_.get(); }

 private:
  struct shared;
  explicit breaker_fleet(std::shared_ptr<shared> s) noexcept : shared_(std::move(s)) {}

  std::shared_ptr<shared> shared_;
};

/// One member of a fleet; leaves it when destroyed. A fleet counts up to 2 097 151 members; more of
/// them open as they like.
///
/// *Thread safety*: none for one seat, but for `panicking`; the seats of a fleet may belong to
/// different threads.
class breaker_fleet::seat {
 public:
  explicit seat(const breaker_fleet& fleet);
  seat(const seat&) = delete;
  seat& operator=(const seat&) = delete;
  ~seat();

  /// The member's rule is met: takes a place among the open ones, or is held. True when it may
  /// open.
  [[nodiscard]] bool ask_to_open() noexcept;
  /// The member refuses calls, whatever the others do.
  void must_open() noexcept { take(standing::open); }
  /// The member is fine.
  void stay_closed() noexcept { take(standing::fine); }

  [[nodiscard]] bool held() const noexcept { return standing_ == standing::held; }
  [[nodiscard]] bool panicking() const noexcept;
  [[nodiscard]] std::string describe() const { return breaker_fleet(shared_).describe(); }

 private:
  enum class standing : std::uint8_t { outside, fine, held, open };
  void take(standing wanted) noexcept;

  std::shared_ptr<shared> shared_;
  standing standing_ = standing::outside;
};

}  // namespace fairlead::policy
