// SPDX-License-Identifier: BSL-1.0
// Layers that only the lab puts into stacks.
#pragma once

#include "lab/stage.hpp"

#include <fairlead/policy/any_layer.hpp>
#include <fairlead/policy/config_reader.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::lab {

/// Remembers the highest attempt number that each call came to.
struct attempt_log {
  std::map<std::string, std::uint32_t, std::less<>> highest;  // by the call's idempotency key
};

/// Stands just inside the outermost retry.
class attempt_probe {
 public:
  explicit attempt_probe(std::shared_ptr<attempt_log> log) noexcept : log_(std::move(log)) {}
  struct layer_state {};
  policy::step enter(layer_state& s, policy::call& c) const;
  [[nodiscard]] std::string describe() const { return "the lab's probe"; }

 private:
  std::shared_ptr<attempt_log> log_;
};

/// Stands innermost: a failure that the script calls fatal is, whatever its status says.
class script_verdict {
 public:
  struct layer_state {};
  policy::step enter(layer_state& /*s*/, policy::call& /*c*/) const noexcept {
    return policy::step::inward;
  }
  policy::step leave(layer_state& s, policy::call& c) const;
  [[nodiscard]] std::string describe() const { return "the lab's word for fatal"; }
};

/// A fallback that answers with a script of its own, which may fail.
class scripted_fallback {
 public:
  struct script {
    std::vector<act> acts;
    std::string name;
    std::size_t runs = 0;
    stage* where = nullptr;  // set before anything runs
  };
  explicit scripted_fallback(std::shared_ptr<script> s) noexcept : script_(std::move(s)) {}

  static constexpr bool answers = true;
  struct layer_state {
    std::optional<error> original;
    std::optional<result<boost::json::value>> answer;
  };
  policy::step enter(layer_state& s, policy::call& c) const;
  policy::step leave(layer_state& s, policy::call& c) const;
  [[nodiscard]] task<result<void>> pause(layer_state& s, policy::call& c) const;
  policy::step resume(layer_state& s, policy::call& c, const result<void>& waited) const;
  [[nodiscard]] std::string describe() const { return "a fallback for every failure"; }

 private:
  std::shared_ptr<script> script_;
};

/// One that answers with a value.
class constant_fallback : public scripted_fallback {
 public:
  using scripted_fallback::scripted_fallback;
  static constexpr bool answers_everything = true;
};

}  // namespace fairlead::lab
