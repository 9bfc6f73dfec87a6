// SPDX-License-Identifier: BSL-1.0
// Drives the state machine of a breaker with scripts of outcomes.
#pragma once

#include <fairlead/policy/breaker_core.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace fairlead::testing {

using namespace fairlead::policy;
using namespace std::chrono_literals;

// Plays a script of outcomes at one instant after the other.
class bench {
 public:
  explicit bench(breaker_options options) : core(options) {}

  breaker_admission admit() {
    auto a = core.admit(now);
    note(a.change);
    return a;
  }
  void complete(const breaker_ticket& t, verdict v, std::optional<duration> retry_after = {}) {
    note(core.complete(t, v, now, retry_after));
  }
  // S F X N: admit and complete at once. Returns the state after each: C O H, or R for a rejection.
  std::string play(std::string_view script) {
    std::string out;
    for (const char c : script) {
      if (c == ' ') {
        continue;
      }
      const auto a = admit();
      if (!a.admitted) {
        out += 'R';
        continue;
      }
      complete(a.ticket, c == 'S'   ? verdict::success
                         : c == 'F' ? verdict::failure
                         : c == 'X' ? verdict::fatal
                                    : verdict::neutral);
      out += letter();
    }
    return out;
  }
  void slow_success(duration length) {
    const auto a = admit();
    now += length;
    complete(a.ticket, verdict::success);
  }
  [[nodiscard]] char letter() const { return "COHIDM"[static_cast<int>(core.raw_state())]; }
  [[nodiscard]] breaker_metrics metrics() { return core.metrics(now); }

  breaker_core core;
  time_point now{1000s};
  std::string changes;

 private:
  void note(const std::optional<breaker_change>& c) {
    if (c) {
      changes += "COHIDM"[static_cast<int>(c->from)];
      changes += "COHIDM"[static_cast<int>(c->to)];
      changes += ' ';
    }
  }
};

inline breaker_options consecutive(std::uint32_t n) {
  return {.consecutive_failures = n, .break_for = 5s, .successes = 1};
}

inline breaker_options recovery(std::uint32_t probes, std::uint32_t k, std::uint32_t n) {
  return {
      .consecutive_failures = 1, .break_for = 5s, .probes = probes, .successes = k, .of_probes = n};
}

// A breaker that has just been half-opened, with nothing voted yet.
inline bench half_open(const breaker_options& o) {
  bench b(o);
  b.play("F");
  b.now += 5s;
  return b;
}

}  // namespace fairlead::testing
