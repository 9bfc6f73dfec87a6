// SPDX-License-Identifier: BSL-1.0
// Random sequences of calls, outcomes and pauses: the breaker and the handle must agree with the
// reference. What fails is
// made as short as possible and printed.
#include "policy/reference_breaker.hpp"

#include <fairlead/core/random.hpp>
#include <fairlead/policy/circuit_breaker.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::policy {
namespace {

using namespace std::chrono_literals;
using testing::reference_breaker;

template <class T>
T one_of(random_source& random, std::initializer_list<T> choices) {
  return *(choices.begin() + static_cast<std::ptrdiff_t>(random.below(choices.size())));
}

breaker_options random_options(random_source& r) {
  breaker_options o;
  switch (r.below(5)) {
    case 0:
      o.consecutive_failures = static_cast<std::uint32_t>(1 + r.below(4));
      break;
    case 1:
      o.of = static_cast<std::uint32_t>(1 + r.below(8));
      o.failures = static_cast<std::uint32_t>(1 + r.below(o.of));
      break;
    case 2:
      o.slow_call_rate = one_of(r, {.25, .5, 1.});
      o.slow_threshold = one_of<duration>(r, {16ms, 40ms, 100ms});
      break;
    case 3:
      o.consecutive_failures = 4;
      [[fallthrough]];
    default:
      o.failure_rate = one_of(r, {.25, .5, .75, 1.});
  }
  if (r.below(2) == 0) {
    o.window_calls = static_cast<std::uint32_t>(2 + r.below(10));
    o.min_throughput = static_cast<std::uint32_t>(1 + r.below(o.window_calls));
  } else {
    o.window = one_of<duration>(r, {40ms, 100ms, 1000ms});
    o.slices = one_of(r, {1U, 4U, 10U});
    o.min_throughput = static_cast<std::uint32_t>(1 + r.below(8));
  }
  o.break_for = one_of<duration>(r, {0ms, 10ms, 50ms});
  o.break_multiplier = one_of(r, {1., 2.});
  o.break_cap = 100ms;
  o.probes = static_cast<std::uint32_t>(1 + r.below(3));
  o.successes = static_cast<std::uint32_t>(1 + r.below(3));
  o.of_probes = o.successes + static_cast<std::uint32_t>(r.below(3));
  o.probe_lease = one_of<duration>(r, {20ms, 200ms});
  return o;
}

verdict random_verdict(random_source& r) {
  return one_of(r, {verdict::success, verdict::success, verdict::failure, verdict::failure,
                    verdict::fatal, verdict::neutral});
}

char letter(breaker_state s) {
  return "COHIDM"[static_cast<int>(s)];
}

// One thing that happens to a breaker. `pick` chooses among the calls in flight.
struct event {
  enum class what : std::uint8_t { admit, complete, drop, pass_time, control };
  what kind{};
  std::uint64_t pick = 0;
  verdict outcome{};
  duration length{};
};
using sequence = std::vector<event>;

sequence random_sequence(random_source& r, bool with_control) {
  sequence out;
  for (int i = 0; i < 150; ++i) {
    const auto n = r.below(100);
    event e;
    e.pick = r();
    e.outcome = random_verdict(r);
    e.length = one_of<duration>(r, {1ms, 5ms, 10ms, 23ms, 50ms});
    e.kind = n < 48                    ? event::what::admit
             : n < 84                  ? event::what::complete
             : n < 88                  ? event::what::drop
             : n < 98 || !with_control ? event::what::pass_time
                                       : event::what::control;
    out.push_back(e);
  }
  return out;
}

std::string in_words(const sequence& events) {
  std::ostringstream out;
  for (const auto& e : events) {
    switch (e.kind) {
      case event::what::admit:
        out << "admit; ";
        break;
      case event::what::complete:
        out << to_string(e.outcome) << " of #" << e.pick << "; ";
        break;
      case event::what::drop:
        out << "drop #" << e.pick << "; ";
        break;
      case event::what::pass_time:
        out << "+" << e.length.count() / 1'000'000 << " ms; ";
        break;
      case event::what::control:
        out << "control " << e.pick % 5 << "; ";
        break;
    }
  }
  return out.str();
}

// The two that must agree with the reference.
struct bare_core {
  using permit = breaker_ticket;
  explicit bare_core(const breaker_options& o) : core(o) {}
  std::optional<permit> admit(time_point now) {
    const auto a = core.admit(now);
    wait = a.retry_after;
    return a.admitted ? std::optional(a.ticket) : std::nullopt;
  }
  void complete(permit& p, verdict v, time_point now) { core.complete(p, v, now); }
  void drop(permit& p, time_point now) { core.complete(p, verdict::neutral, now); }
  breaker_metrics metrics(time_point now) { return core.metrics(now); }
  [[nodiscard]] breaker_core& control() { return core; }

  breaker_core core;
  std::optional<duration> wait;
};

struct with_handle {
  using permit = circuit_breaker::permit;
  explicit with_handle(const breaker_options& o) : handle(o) {}
  std::optional<permit> admit(time_point now) {
    auto p = handle.admit(now);
    if (!p) {
      wait = p.error().retry_after();
      return std::nullopt;
    }
    return std::move(*p);
  }
  void complete(permit& p, verdict v, time_point now) { p.complete(v, now); }
  void drop(permit& p, time_point /*now*/) { const auto gone = std::move(p); }
  breaker_metrics metrics(time_point now) { return handle.metrics(now); }
  [[nodiscard]] const circuit_breaker& control() const { return handle; }

  circuit_breaker handle;
  std::optional<duration> wait;
};

template <class Breaker>
void control(Breaker&& b, reference_breaker& expected, std::uint64_t which, time_point now) {
  switch (which % 5) {
    case 0:
      b.isolate(now);
      return expected.set('I', now, {});
    case 1:
      if constexpr (requires { b.disable(now); }) {
        b.disable(now);
      } else {
        b.force_closed(now);
      }
      return expected.set('D', now, {});
    case 2:
      b.metrics_only(now);
      return expected.set('M', now, {});
    case 3:
      b.reset(now);
      return expected.set('C', now, {});
    default:
      b.open_until(now + 30ms, now);
      return expected.set('O', now, now + 30ms);
  }
}

// Plays `events`; says where the two disagree. `look_every`: how often to compare the counts, which
// also collects what the handle counts beside its core.
template <class Subject>
std::optional<std::string> difference(const breaker_options& o, const sequence& events,
                                      std::size_t look_every) {
  Subject subject(o);
  reference_breaker expected(o);
  time_point now{1000s};
  std::vector<std::pair<int, typename Subject::permit>> flying;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto& e = events[i];
    const auto where = [i](const char* what) { return "step " + std::to_string(i) + ": " + what; };
    if (e.kind == event::what::admit) {
      const auto index = expected.admit(now);
      auto p = subject.admit(now);
      if (p.has_value() != (index >= 0)) {
        return where("admission");
      }
      if (p) {
        flying.emplace_back(index, std::move(*p));
      } else if (subject.wait != expected.wait()) {
        return where("retry_after");
      }
    } else if (e.kind == event::what::pass_time) {
      now += e.length;
    } else if (e.kind == event::what::control) {
      control(subject.control(), expected, e.pick, now);
    } else if (!flying.empty()) {
      const auto at = flying.begin() + static_cast<std::ptrdiff_t>(e.pick % flying.size());
      auto [index, permit] = std::move(*at);
      flying.erase(at);
      const bool dropped = e.kind == event::what::drop;
      expected.complete(index, dropped ? verdict::neutral : e.outcome, now);
      dropped ? subject.drop(permit, now) : subject.complete(permit, e.outcome, now);
    }
    if (i % look_every != 0) {
      continue;
    }
    const auto m = subject.metrics(now);
    const auto lazily = m.state == breaker_state::half_open && expected.state() == 'O';
    if (m.era != expected.era() || (letter(m.state) != expected.state() && !lazily)) {
      return where("state");
    }
    if (std::pair<std::size_t, std::size_t>(m.recorded, m.failures) != expected.counted(now)) {
      return where("counts");
    }
  }
  return std::nullopt;
}

// Leaves out what is not needed to see the difference.
template <class Subject>
sequence shrunk(const breaker_options& o, sequence events, std::size_t look_every) {
  for (auto length = events.size() / 2; length != 0; length /= 2) {
    for (std::size_t at = 0; at + length <= events.size();) {
      auto shorter = events;
      shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(at),
                    shorter.begin() + static_cast<std::ptrdiff_t>(at + length));
      if (difference<Subject>(o, shorter, look_every)) {
        events = std::move(shorter);
      } else {
        at += length;
      }
    }
  }
  return events;
}

template <class Subject>
void check(std::uint64_t seeds, std::size_t look_every, bool with_control) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    random_source r(seed);
    const auto o = random_options(r);
    ASSERT_TRUE(problems_of(o).empty());
    const auto events = random_sequence(r, with_control);
    if (difference<Subject>(o, events, look_every)) {
      const auto least = shrunk<Subject>(o, events, look_every);
      FAIL() << "seed " << seed << ", " << *difference<Subject>(o, least, look_every) << ", "
             << circuit_breaker(o).describe() << "\n"
             << in_words(least);
    }
  }
}

TEST(BreakerModel, TheCoreAgreesWithTheReference) {
  check<bare_core>(1500, 1, false);
}

TEST(BreakerModel, TheCoreAgreesWithTheReferenceUnderControlByHand) {
  check<bare_core>(500, 1, true);
}

// The same through the handle, whose short ways must not be seen: neither when every step looks,
// nor when successes gather beside the core for a while.
TEST(BreakerModel, TheHandleAgreesWithTheReference) {
  check<with_handle>(500, 1, true);
  check<with_handle>(500, 13, true);
  check<with_handle>(500, 1000, false);
}

}  // namespace
}  // namespace fairlead::policy
