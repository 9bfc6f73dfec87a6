// SPDX-License-Identifier: BSL-1.0
// Stacks with layers that branch: what such a call is made of is shared with its branches.
//
// How it works: `drive` is the same loop as `run::drive`, over a frame that is shared. An
// `inside_of` stands for the layers inside of the one that branches; each of its runs is a
// coroutine of its own that goes through those layers with a context of its own.
#pragma once

#include <fairlead/core/background.hpp>
#include <fairlead/policy/impl/run.hpp>
#include <fairlead/policy/inner_run.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace fairlead::policy::detail {

/// What a call is made of: the operation, its arguments, and a share of the stack.
template <class Op, class... Args>
struct call_frame {
  using operation = operation_traits<Op, Args...>;
  static constexpr auto nature = operation_idempotency<Op>;
  static constexpr bool detachable = operation_detachable<Op>;
  static constexpr bool awaits = outcome_of<operation_result_t<Op, Args...>>::awaits;

  template <class... Given>
  call_frame(shared_stack s, Op&& o, Given&&... given)
      : stack(std::move(s)), op(std::move(o)), args(std::forward<Given>(given)...) {}
  template <class... Given>
  call_frame(shared_stack s, const Op& o, Given&&... given)
      : stack(std::move(s)), op(o), args(std::forward<Given>(given)...) {}

  decltype(auto) invoke(context& cx) {
    return std::apply([&](Args&... a) -> decltype(auto) { return operation::invoke(op, cx, a...); },
                      args);
  }

  shared_stack stack;
  Op op;
  std::tuple<Args...> args;
};

/// A run whose outcome is an `R`.
template <class R>
class typed_run final : public inner_run {
 public:
  explicit typed_run(call& of) : inner_run(of) {}

  [[nodiscard]] const error* failure() const noexcept override {
    return out_ && !out_->has_value() ? &out_->error() : nullptr;
  }
  void give_to(call& to) override {
    to.type().move(to, &*out_);
    to.judge(outcome());
  }
  [[nodiscard]] std::shared_ptr<const void> copy() const override {
    if constexpr (std::copy_constructible<R>) {
      return std::make_shared<const R>(*out_);
    } else {
      return nullptr;
    }
  }

  void end_with(R&& outcome, verdict v) {
    out_.emplace(std::move(outcome));
    end(v, nullptr);
  }
  void end_thrown(std::exception_ptr e) noexcept { end(verdict::neutral, std::move(e)); }

 private:
  std::optional<R> out_;
};

/// What a run of the inside begins with, and what its outcome counts as in the end.
struct inner_facts {
  time_point limit = no_deadline;
  verdict judged = verdict::neutral;
};

/// What is inside of a layer: `drive(frame, context, facts)` runs it.
template <class R, class Frame, class Drive>
class inside_of final : public inside {
 public:
  inside_of(std::shared_ptr<Frame> frame, Drive drive) noexcept
      : frame_(std::move(frame)), drive_(drive) {}

  [[nodiscard]] bool detachable() const noexcept override { return Frame::detachable; }
  [[nodiscard]] std::shared_ptr<inner_run> prepare(call& of) override {
    return std::make_shared<typed_run<R>>(of);
  }
  [[nodiscard]] task<void> run(std::shared_ptr<inner_run> r) override {
    return body(frame_, drive_, std::static_pointer_cast<typed_run<R>>(std::move(r)));
  }
  void start(std::shared_ptr<inner_run> r) override {
    auto& env = r->surroundings().env();
    env.background().spawn([f = frame_, d = drive_,
                            t = std::static_pointer_cast<typed_run<R>>(std::move(r))](context&) {
      return body(f, d, t);
    });
  }

 private:
  static task<void> body(std::shared_ptr<Frame> frame, Drive drive,
                         std::shared_ptr<typed_run<R>> r) {
    std::exception_ptr thrown;
    try {
      inner_facts facts{.limit = r->limit()};
      R outcome = co_await drive(std::move(frame), r->surroundings(), &facts);
      r->end_with(std::move(outcome), facts.judged);
    } catch (...) {
      thrown = std::current_exception();
    }
    if (thrown) {
      r->end_thrown(std::move(thrown));
    }
  }

  std::shared_ptr<Frame> frame_;
  Drive drive_;
};

template <class R, class... P>
struct branching {
  template <class Op, class... Args>
  static task<R> drive(shared_stack stack, context& cx, Op op, Args... args) {
    auto frame = std::make_shared<call_frame<Op, Args...>>(std::move(stack), std::move(op),
                                                           std::move(args)...);
    return from<0>(std::move(frame), cx, nullptr);
  }

 private:
  template <std::size_t Begin, class Frame>
  static task<R> from(std::shared_ptr<Frame> frame, context& cx, inner_facts* facts) {
    run<Begin, R, P...> r(static_cast<const stack_data<P...>&>(*frame->stack), cx, frame->nature);
    if (facts != nullptr) {
      r.set_deadline(facts->limit);
    }
    auto todo = r.start();
    while (todo != next::done) {
      if (todo == next::invoke) {
        if constexpr (Frame::awaits) {
          R outcome = co_await frame->invoke(r.surroundings());
          todo = r.returned(std::move(outcome));
        } else {
          todo = r.returned(frame->invoke(r.surroundings()));
        }
      } else if (todo == next::pause) {
        if constexpr (r.last_pausing < r.size && r.last_pausing >= Begin) {
          const result<void> waited = co_await r.pause();
          todo = r.resumed(waited);
        }
      } else if (todo == next::branch) {
        if constexpr (last_branching < r.size && last_branching >= Begin) {
          co_await branch<Begin>(r, frame);
          todo = branched<Begin>(r);
        }
      } else {
        if constexpr (r.last_substituting < r.size && r.last_substituting >= Begin) {
          R outcome = co_await r.substitute();
          todo = r.substituted(std::move(outcome));
        }
      }
    }
    if (facts != nullptr) {
      facts->judged = r.call::outcome();
    }
    co_return r.take();
  }

  static constexpr std::size_t last_branching = last_of({branches<P>...});

  template <std::size_t I>
  using policy_t = std::tuple_element_t<I, std::tuple<P...>>;

  template <std::size_t Begin, class Frame>
  struct inner_drive {
    task<R> operator()(std::shared_ptr<Frame> frame, context& cx, inner_facts* facts) const {
      return from<Begin>(std::move(frame), cx, facts);
    }
  };

  // Looks for the layer that branches from layer I on.
  template <std::size_t I, class Run, class Frame>
  static task<void> branch(Run& r, const std::shared_ptr<Frame>& frame) {
    if constexpr (I < last_branching) {
      if (r.at() > I) {
        return branch<I + 1>(r, frame);
      }
    }
    if constexpr (branches<policy_t<I>>) {
      return branch_at<I>(r, frame);
    } else {
      __builtin_unreachable();
    }
  }
  template <std::size_t I, class Run, class Frame>
  static task<void> branch_at(Run& r, std::shared_ptr<Frame> frame) {
    inside_of<R, Frame, inner_drive<I + 1, Frame>> in(std::move(frame), {});
    co_await r.template branch<I>(in);
  }
  template <std::size_t I, class Run>
  static next branched(Run& r) {
    if constexpr (I < last_branching) {
      if (r.at() > I) {
        return branched<I + 1>(r);
      }
    }
    if constexpr (branches<policy_t<I>>) {
      return r.template branched<I>();
    } else {
      __builtin_unreachable();
    }
  }
};

}  // namespace fairlead::policy::detail
