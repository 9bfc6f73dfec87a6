// SPDX-License-Identifier: BSL-1.0
// Tries every order in which coroutines can run, where a seed tries one.
#pragma once

#include <fairlead/sim/world.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fairlead::testing {

/// Picks what runs next so that, run after run, all orders come up: the choices of a run are a path
/// in a tree, which is walked depth first. Until `begin` things run in the order in which they
/// come, so that a test explores only the race that it is about.
class every_order final : public sim::picker {
 public:
  void begin() { exploring_ = true; }

  std::size_t pick(std::size_t choices) override {
    if (!exploring_) {
      return 0;
    }
    if (at_ == path_.size()) {
      path_.push_back({0, choices});
    }
    EXPECT_EQ(path_[at_].of, choices) << "the same choices led to something else: " << text();
    return path_[at_++].taken;
  }

  /// Turns to the next order; false when there is none.
  bool next() {
    at_ = 0;
    exploring_ = false;
    while (!path_.empty() && ++path_.back().taken == path_.back().of) {
      path_.pop_back();
    }
    return !path_.empty();
  }

  /// "1/2 0/3 2/3": which was taken of how many.
  [[nodiscard]] std::string text() const {
    std::string out;
    for (const auto& one : path_) {
      out += std::to_string(one.taken) + "/" + std::to_string(one.of) + " ";
    }
    return out;
  }

 private:
  struct fork {
    std::size_t taken;
    std::size_t of;
  };
  std::vector<fork> path_;
  std::size_t at_ = 0;
  bool exploring_ = false;
};

/// Runs `f(every_order&)`, which plays one story in a world with that picker, once for each order,
/// until one fails. Returns how many it ran, which is more than one unless nothing was raced; fails
/// the test when there are more than `most`.
template <class F>
std::uint64_t explore(F f, std::uint64_t most = 2'000'000) {
  every_order order;
  std::uint64_t tried = 0;
  bool more = true;
  while (more && tried < most) {
    f(order);
    ++tried;
    if (::testing::Test::HasFailure()) {
      ADD_FAILURE() << "after " << tried << " orders, in the order " << order.text();
      return tried;
    }
    more = order.next();
  }
  EXPECT_FALSE(more) << "not all orders were tried, only " << tried;
  EXPECT_GT(tried, 1U) << "there was nothing to choose";
  return tried;
}

/// A world in which `order` decides.
inline sim::world_options in_order(every_order& order) {
  sim::world_options o;
  o.picks = &order;
  return o;
}

}  // namespace fairlead::testing
