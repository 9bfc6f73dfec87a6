// SPDX-License-Identifier: BSL-1.0
// A world in which time is virtual and everything happens in an order that a seed decides.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/spawn.hpp>
#include <fairlead/sim/trace.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace fairlead::sim {

/// In which order a world runs what is ready at the same instant.
enum class ordering : std::uint8_t {
  shuffled,  ///< one that the seed picks: finds code that relies on luck
  arrival,   ///< first come, first served, as an `io_context` of one thread does
};

/// Decides which of the things that are ready at the same instant runs next: for tests that try
/// every order, where a seed tries one.
class picker {
 public:
  picker() = default;
  picker(const picker&) = delete;
  picker& operator=(const picker&) = delete;
  virtual ~picker() = default;

  /// One of `choices`, counted from 0 in the order in which they became ready; a timer that goes
  /// off comes last. Asked only when there are several.
  [[nodiscard]] virtual std::size_t pick(std::size_t choices) = 0;
};

/// How a world behaves.
struct world_options {
  /// Decides the order of things, and every random number that code draws in the world.
  std::uint64_t seed = 1;
  ordering order = ordering::shuffled;
  /// Asked in place of `order`, when there is one; must outlive the world.
  picker* picks = nullptr;
  /// Steps that one call may take before it throws `stalled`: a livelock. Default 10 million.
  std::uint64_t step_limit = 10'000'000;
  /// Trace lines that are remembered; default 10 000. The digest covers all.
  std::size_t kept_trace_lines = 10'000;
  /// Civil time when the world begins; default 2026-01-01T00:00:00Z.
  std::chrono::system_clock::time_point begin{std::chrono::seconds(1'767'225'600)};
};

/// Nothing will ever happen again that the caller waits for, or things never stop happening. The
/// text says which, what is suspended, and ends with the last lines of the trace.
class stalled : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Runs unmodified coroutines deterministically: an executor of its own, a virtual clock, timers
/// that cost no real time, and a seed that decides the order of what is ready at the same instant.
/// The same seed gives the same trace, byte for byte.
///
/// Virtual time moves only when nothing is ready, and then straight to the next timer. Exceptions
/// that leave a task come out of the call that ran it.
///
/// When a world is destroyed its tasks are cancelled and run to their end; what is still suspended
/// then is destroyed where it stands. Tests look at `leftovers` before.
///
/// *Thread safety*: none, and it throws `std::logic_error` when another thread posts into it.
///
/// *Example*:
/// ```cpp
/// fairlead::sim::world world(42);
/// auto answer = world.run([&](fairlead::context& cx) { return ask(cx); });
/// ```
class world {
 public:
  explicit world(std::uint64_t seed = 1);
  explicit world(const world_options& options);
  world(const world&) = delete;
  world& operator=(const world&) = delete;
  ~world();

  [[nodiscard]] environment& env() noexcept;
  /// The context under which tasks run: no deadline, cancelled by `cancel`.
  [[nodiscard]] context& root() noexcept;
  [[nodiscard]] time_point now() const noexcept;
  /// Since the world began.
  [[nodiscard]] duration elapsed() const noexcept;

  /// Runs `f` (takes `context&`, gives a task) until it has ended, moving time as needed, and
  /// returns what it gives. Throws `stalled`, after cancelling everything, when it never would.
  template <branch F>
  auto run(F f) -> branch_result_t<F> {
    using outcome = branch_result_t<F>;
    using value = std::conditional_t<std::is_void_v<outcome>, std::monostate, outcome>;
    auto out = std::make_shared<std::optional<value>>();
    start("run", body(std::move(f), &root(), out));
    run_until(
        [](const void* slot) {
          return static_cast<const std::optional<value>*>(slot)->has_value();
        },
        out.get());
    if constexpr (!std::is_void_v<outcome>) {
      return std::move(**out);
    }
  }

  /// Starts `f` beside everything else; it begins to run with the next step. `name` appears in the
  /// trace and among the leftovers.
  template <branch F>
  void spawn(std::string_view name, F f) {
    using outcome = branch_result_t<F>;
    using value = std::conditional_t<std::is_void_v<outcome>, std::monostate, outcome>;
    start(name, body(std::move(f), &root(), std::make_shared<std::optional<value>>()));
  }

  /// Runs one thing that is ready at this instant; false when nothing is.
  bool step();
  /// Runs everything that is ready at this instant. Time stands still.
  void run_ready();
  /// Runs everything up to `length` from now, and leaves the clock there.
  void advance(duration length);
  /// Runs until nothing is ready and no timer is armed; time moves as needed.
  void run_until_idle();

  /// When the earliest timer goes off; `no_deadline` when none is armed.
  [[nodiscard]] time_point next_timer() const noexcept;

  /// Cancels the root context.
  void cancel() noexcept;

  /// What has not come to an end: tasks that were spawned and are suspended, things that are ready,
  /// timers that are armed, coroutines that somebody else spawned here. Empty in a quiet world.
  [[nodiscard]] std::vector<std::string> leftovers() const;

  [[nodiscard]] trace& log() noexcept;
  [[nodiscard]] const trace& log() const noexcept;
  /// Appends an event to the trace. Say nothing in it that differs between runs or compilers.
  void note(std::string_view event);

 private:
  template <class F, class V>
  static task<void> body(F f, context* cx, std::shared_ptr<std::optional<V>> out) {
    if constexpr (std::is_same_v<V, std::monostate>) {
      co_await f(*cx);
      out->emplace();
    } else {
      auto outcome = co_await f(*cx);
      out->emplace(std::move(outcome));
    }
  }

  void start(std::string_view name, task<void> body);
  void run_until(bool (*done)(const void*), const void* arg);

  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace fairlead::sim
