// SPDX-License-Identifier: BSL-1.0
// Random sequences of operations against a naive model; what fails is made short and printed.
#pragma once

#include <fairlead/core/random.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::testing {

/// One operation: which, and a number that it makes of it what it wants.
struct model_step {
  std::size_t what = 0;
  std::uint64_t pick = 0;

  /// A number below `n`, of the digits of `pick` from `place` on.
  [[nodiscard]] std::uint64_t below(std::uint64_t n, unsigned place = 0) const {
    return (pick >> (place * 8U)) % n;
  }
};
using model_steps = std::vector<model_step>;

/// Where and in what a subject parts from its model.
inline std::string at_step(std::size_t i, std::string_view what) {
  return "step " + std::to_string(i) + ": " + std::string(what);
}

template <class T>
T one_of(random_source& random, std::initializer_list<T> choices) {
  return *(choices.begin() + static_cast<std::ptrdiff_t>(random.below(choices.size())));
}

/// Leaves out what is not needed to see that `subject` differs from its model.
template <class Subject>
model_steps shrunk(const Subject& subject, model_steps steps) {
  for (auto length = steps.size() / 2; length != 0; length /= 2) {
    for (std::size_t at = 0; at + length <= steps.size();) {
      auto shorter = steps;
      const auto from = shorter.begin() + static_cast<std::ptrdiff_t>(at);
      shorter.erase(from, from + static_cast<std::ptrdiff_t>(length));
      if (subject.differs(shorter)) {
        steps = std::move(shorter);
      } else {
        at += length;
      }
    }
  }
  return steps;
}

/// Plays `seeds` random sequences of `length` steps. A `Subject` is made of a `random_source&`,
/// from which it draws its options; `names` are its operations, the more often the more often;
/// `differs` plays steps from the beginning and says where it parts from its model; `describe`
/// tells the options.
template <class Subject>
void agrees_with_model(std::uint64_t seeds, std::size_t length) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    random_source r(seed);
    const Subject subject(r);
    model_steps steps;
    for (std::size_t i = 0; i < length; ++i) {
      steps.push_back({static_cast<std::size_t>(r.below(Subject::names.size())), r()});
    }
    if (subject.differs(steps)) {
      steps = shrunk(subject, std::move(steps));
      std::string text;
      for (const auto& s : steps) {
        text += "  " + std::string(Subject::names[s.what]) + " " + std::to_string(s.pick) + "\n";
      }
      FAIL() << "seed " << seed << ", " << subject.describe() << ": " << *subject.differs(steps)
             << " after\n"
             << text;
    }
  }
}

}  // namespace fairlead::testing
