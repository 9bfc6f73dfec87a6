// SPDX-License-Identifier: BSL-1.0
// Load shedding as a plain class: who is dropped when there is more to do than can be done.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/policy/limit_laws.hpp>
#include <fairlead/policy/shed_options.hpp>

#include <cstdint>
#include <vector>

namespace fairlead::policy {

/// Why a call was dropped, if it was.
enum class shed_reason : std::uint8_t {
  none,
  load,  ///< there is too much to do, and others are more important
  late,  ///< it would wait until after its deadline
};

/// What is known about a call that asks to come in.
struct shed_facts {
  fairlead::criticality criticality = fairlead::criticality::critical;
  std::uint32_t level = 0;      ///< within its class; of the lowest are dropped first
  std::uint32_t in_flight = 0;  ///< calls before it
  time_point now{};
  time_point deadline = no_deadline;
};

/// The decision, and what it goes by: how important the last calls were, and how long one takes.
///
/// *Thread safety*: none.
class shed_core {
 public:
  /// Levels are 0 to 127; higher ones count as 127.
  static constexpr std::uint32_t levels = 128;

  /// `options` must be free of problems.
  explicit shed_core(const shed_options& options);

  [[nodiscard]] shed_reason decide(const shed_facts& facts) noexcept;

  /// A call that came in with `in_flight` before it succeeded after `latency`.
  void succeeded(duration latency, std::uint32_t in_flight) noexcept;

  /// What share of the calls is dropped while so many are in flight.
  [[nodiscard]] double share(std::uint32_t in_flight) const noexcept;
  /// How long one call is worked on; zero before the first has ended.
  [[nodiscard]] duration service() const noexcept;
  /// How long a call that finds so many in flight would wait for its turn.
  [[nodiscard]] duration expected_wait(std::uint32_t in_flight) const noexcept;

 private:
  [[nodiscard]] bool among_the_least(std::uint32_t rank, double share) noexcept;
  void remember(std::uint32_t rank) noexcept;

  double limit_;
  double from_;
  double all_;
  bool predict_;
  std::vector<std::uint16_t> recent_;    // ranks of the last calls
  std::vector<std::uint32_t> per_rank_;  // how many of them have it
  std::size_t next_ = 0;
  std::size_t known_ = 0;
  double carry_ = 0;  // what part of a call of the deciding rank is still to be dropped
  moving_average service_;
};

}  // namespace fairlead::policy
