// SPDX-License-Identifier: BSL-1.0
// A policy whose type is not known when the program is compiled.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/policy/inner_run.hpp>
#include <fairlead/policy/layer.hpp>

#include <boost/json/value.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

namespace fairlead::policy {

/// Holds any layer that does not look at the type of results: all but `classify` and `fallback`
/// with functions, which belong into a `stack`. Copies share it.
class any_layer {
 public:
  template <class P>
    requires(!std::same_as<P, any_layer>) && layer<P>
  explicit any_layer(P policy) : held_(std::make_shared<const holder<P>>(std::move(policy))) {}

  // The layer protocol with the state given as memory; see layer.hpp.
  [[nodiscard]] std::size_t state_size() const noexcept { return held_->size; }
  [[nodiscard]] std::size_t state_alignment() const noexcept { return held_->alignment; }
  void make_state(void* at) const { held_->make_state(at); }
  void destroy_state(void* at) const noexcept { held_->destroy_state(at); }
  step enter(void* state, call& c) const { return held_->enter(state, c); }
  step leave(void* state, call& c) const { return held_->leave(state, c); }
  [[nodiscard]] task<result<void>> pause(void* state, call& c) const {
    return held_->pause(state, c);
  }
  step resume(void* state, call& c, const result<void>& waited) const {
    return held_->resume(state, c, waited);
  }
  [[nodiscard]] task<void> branch(void* state, call& c, inside& in) const {
    return held_->branch(state, c, in);
  }
  [[nodiscard]] std::string describe() const { return held_->describe(); }
  [[nodiscard]] const void* identity() const noexcept { return held_->identity(); }

  /// The JSON value that it answers with, when it asks for `step::substitute`; else nullptr.
  [[nodiscard]] const boost::json::value* instead() const noexcept { return held_->instead(); }

  /// What it does to a call that others have to know of.
  struct traits {
    bool repeats = false;             ///< runs the operation more than once
    bool answers = false;             ///< may put something in place of a failure
    bool answers_everything = false;  ///< leaves no failure
    bool copies = false;              ///< gives copies of results
    bool branches = false;            ///< runs what is inside by itself
  };
  [[nodiscard]] const traits& nature() const noexcept { return held_->nature; }

 private:
  struct base {
    base(std::size_t s, std::size_t a, traits t) noexcept : size(s), alignment(a), nature(t) {}
    base(const base&) = delete;
    base& operator=(const base&) = delete;
    virtual ~base() = default;
    virtual void make_state(void* at) const = 0;
    virtual void destroy_state(void* at) const noexcept = 0;
    virtual step enter(void* state, call& c) const = 0;
    virtual step leave(void* state, call& c) const = 0;
    virtual task<result<void>> pause(void* state, call& c) const = 0;
    virtual step resume(void* state, call& c, const result<void>& waited) const = 0;
    virtual task<void> branch(void* state, call& c, inside& in) const = 0;
    virtual std::string describe() const = 0;
    virtual const void* identity() const noexcept = 0;
    virtual const boost::json::value* instead() const noexcept = 0;

    const std::size_t size;
    const std::size_t alignment;
    const traits nature;
  };

  template <class P>
  struct holder final : base {
    using state_type = typename P::layer_state;
    static constexpr bool can_leave =
        requires(const P& p, state_type& s, call& c) { p.leave(s, c); };
    static constexpr bool can_pause =
        requires(const P& p, state_type& s, call& c) { p.pause(s, c); };
    static constexpr bool can_branch =
        requires(const P& p, state_type& s, call& c, inside& i) { p.branch(s, c, i); };
    static_assert(
        !requires { &P::template substitute<result<int>>; } &&
            !requires(const P& p, state_type& s, call& c) {
              p.leave(s, c, std::declval<const result<int>&>());
            },
        "this policy looks at the type of results: it can stand in a stack only");

    static consteval traits nature_of() {
      traits t;
      if constexpr (requires { requires P::repeats; }) {
        t.repeats = true;
      }
      if constexpr (requires { requires P::answers; }) {
        t.answers = true;
      }
      if constexpr (requires { requires P::answers_everything; }) {
        t.answers_everything = true;
      }
      if constexpr (requires { requires P::copies; }) {
        t.copies = true;
      }
      t.branches = can_branch;
      return t;
    }

    explicit holder(P p)
        : base(sizeof(state_type), alignof(state_type), nature_of()), policy(std::move(p)) {}

    static state_type& of(void* state) noexcept { return *static_cast<state_type*>(state); }

    void make_state(void* at) const override { ::new (at) state_type(); }
    void destroy_state(void* at) const noexcept override { of(at).~state_type(); }
    step enter(void* state, call& c) const override { return policy.enter(of(state), c); }
    step leave(void* state, call& c) const override {
      if constexpr (can_leave) {
        return policy.leave(of(state), c);
      } else {
        return step::outward;
      }
    }
    task<result<void>> pause(void* state, call& c) const override {
      if constexpr (can_pause) {
        return policy.pause(of(state), c);
      } else {
        return nothing();
      }
    }
    step resume(void* state, call& c, const result<void>& waited) const override {
      if constexpr (can_pause) {
        return policy.resume(of(state), c, waited);
      } else {
        return step::outward;
      }
    }
    task<void> branch(void* state, call& c, inside& in) const override {
      if constexpr (can_branch) {
        return policy.branch(of(state), c, in);
      } else {
        return no_branch();
      }
    }
    std::string describe() const override { return policy.describe(); }
    const void* identity() const noexcept override {
      if constexpr (requires { policy.identity(); }) {
        return policy.identity();
      } else {
        return nullptr;
      }
    }

    const boost::json::value* instead() const noexcept override {
      if constexpr (requires(const P& q) { q.instead(); }) {
        return &policy.instead();
      } else {
        return nullptr;
      }
    }

    static task<result<void>> nothing() { co_return result<void>{}; }
    static task<void> no_branch() { co_return; }

    P policy;
  };

  std::shared_ptr<const base> held_;
};

}  // namespace fairlead::policy
