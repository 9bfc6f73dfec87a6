// SPDX-License-Identifier: BSL-1.0
// An operation that does what a script says, and a sink that writes down what policies did.
#pragma once

#include <fairlead/core/sleep.hpp>
#include <fairlead/policy/policy.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::testing {

using namespace std::chrono_literals;

/// What one invocation does.
struct act {
  duration after{};
  std::optional<error> fails = {};
  int value = 0;
  bool hangs = false;
  bool ignores_context = false;  // takes its time whatever the deadline says
};

inline act succeed(int value = 1, duration after = {}) {
  return {.after = after, .value = value};
}
inline act fail_with(error e, duration after = {}) {
  return {.after = after, .fails = std::move(e)};
}
/// A failure that may pass, of which the peer has seen nothing.
inline act fail_softly(duration after = {}) {
  return fail_with(errors::unavailable{"users", "down", std::nullopt}, after);
}
/// A connection that was closed before anything left.
inline act never_left() {
  error e = errors::connection_closed{"http://users"};
  return fail_with(e.with_sent(error_sent::not_sent));
}
inline act fail_for_good(duration after = {}) {
  return fail_with(errors::protocol_error{"users", "nonsense"}, after);
}
inline act hang() {
  return {.hangs = true};
}
inline act stubborn(int value, duration after) {
  return {.after = after, .value = value, .ignores_context = true};
}

/// The n-th invocation does the n-th act; the last one repeats.
class scripted_operation {
 public:
  struct invocation {
    duration at{};
    std::uint32_t attempt = 0;
    duration remaining{};
  };

  explicit scripted_operation(std::vector<act> script) : script_(std::move(script)) {}

  task<result<int>> operator()(context& cx) {
    if (calls.empty()) {
      begin_ = cx.now();
    }
    calls.push_back({cx.now() - begin_, cx.attempt(), cx.remaining(cx.now())});
    const act& now = script_[std::min(calls.size(), script_.size()) - 1];
    return perform(cx, now);
  }

  std::vector<invocation> calls;

 private:
  static task<result<int>> perform(context& cx, act todo) {
    if (todo.hangs) {
      auto slept = co_await sleep_until(cx, no_deadline);
      co_return tl::unexpected<error>(slept.error());
    }
    if (todo.after > duration::zero()) {
      if (todo.ignores_context) {
        cancel_scope own(cx.env());
        (void)co_await sleep_for(own, todo.after);
      } else {
        auto slept = co_await sleep_for(cx, todo.after);
        if (!slept) {
          co_return tl::unexpected<error>(slept.error());
        }
      }
    }
    if (todo.fails) {
      co_return tl::unexpected<error>(*todo.fails);
    }
    co_return todo.value;
  }

  std::vector<act> script_;
  time_point begin_{};
};

/// One line per event: "100 ms retry retry 1 +50 ms".
class event_log final : public observe::sink {
 public:
  explicit event_log(time_point begin = {}) : begin_(begin) {}

  void on_event(const observe::policy_event& e) noexcept override {
    std::string line = std::to_string((e.at - begin_) / 1ms) + " " + std::string(e.name) + " " +
                       std::string(to_string(e.action));
    if (e.action == observe::policy_action::state) {
      line += " " + std::string(e.from) + ">" + std::string(e.to);
    } else {
      line += " " + std::to_string(e.attempt);
    }
    if (e.action == observe::policy_action::retry) {
      line += " +" + std::to_string(e.delay / 1ms);
    }
    lines.push_back(std::move(line));
  }

  std::vector<std::string> lines;

 private:
  time_point begin_;
};

using lines = std::vector<std::string>;

/// A retry without randomness.
inline policy::retry steady_retry(std::uint32_t attempts, duration delay) {
  return policy::retry{{.max_attempts = attempts,
                        .backoff = {.kind = policy::backoff_kind::constant,
                                    .delay = delay,
                                    .cap = duration::max(),
                                    .jitter = policy::jitter::none}}};
}

}  // namespace fairlead::testing
