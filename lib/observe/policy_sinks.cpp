// SPDX-License-Identifier: BSL-1.0
#include <fairlead/observe/policy_sinks.hpp>

#include <fairlead/core/context.hpp>
#include <fairlead/observe/names.hpp>
#include <fairlead/observe/span.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <string>

namespace fairlead::observe {

namespace {

// What there is to say about an event.
class event_fields {
 public:
  explicit event_fields(const policy_event& e) {
    add("policy", e.name);
    if (!e.stack.empty()) {
      add("pipeline", e.stack);
    }
    add("attempt", e.attempt);
    if (e.delay != duration::zero()) {
      add("delay_ms", std::chrono::duration<double, std::milli>(e.delay).count());
    }
    if (e.cause != nullptr) {
      message_ = e.cause->message();
      add(names::error_type, to_string(e.cause->kind()));
      add("error", message_);
    }
    if (e.action == policy_action::state) {
      add("from", e.from);
      add("to", e.to);
    }
    if (e.action == policy_action::limit) {
      add("value", e.value);
    }
  }

  [[nodiscard]] std::span<const attribute_view> all() const noexcept {
    return std::span(all_).first(size_);
  }

 private:
  void add(std::string_view key, value_view value) noexcept { all_[size_++] = {key, value}; }

  std::string message_;
  std::array<attribute_view, 9> all_{};
  std::size_t size_ = 0;
};

}  // namespace

void span_events::on_event(const policy_event& e) noexcept {
  if (e.cx == nullptr || e.cx->trace() == nullptr || e.cx->trace()->span() == nullptr) {
    return;
  }
  try {
    add_event(*e.cx, to_string(e.action), event_fields(e).all());
  } catch (...) {  // no memory to say it
  }
}

void policy_log::on_event(const policy_event& e) noexcept {
  const auto level = severity_of(e);
  if (!to_.writes(level)) {
    return;
  }
  try {
    const auto message = std::string(to_string(e.policy)) + " " + std::string(to_string(e.action));
    to_.write(level, e.cx, message, event_fields(e).all());
  } catch (...) {  // as above
  }
}

void tee::on_event(const policy_event& event) noexcept {
  for (auto* const s : to_) {
    s->on_event(event);
  }
}

void tee::on_attempt(const attempt_event& event) noexcept {
  for (auto* const s : to_) {
    s->on_attempt(event);
  }
}

void tee::on_execution(const execution_event& event) noexcept {
  for (auto* const s : to_) {
    s->on_execution(event);
  }
}

void tee::on_wait(const wait_event& event) noexcept {
  for (auto* const s : to_) {
    s->on_wait(event);
  }
}

}  // namespace fairlead::observe
