// SPDX-License-Identifier: BSL-1.0
// One execution of a stack whose layers are known at run time only.
//
// How it works: the same walk inwards and outwards as in `run`, with loops in place of unrolled
// functions, and with the state of the layers side by side in a piece of memory.
#pragma once

#include <fairlead/json/decode.hpp>
#include <fairlead/json/has_form.hpp>
#include <fairlead/policy/any_layer.hpp>
#include <fairlead/policy/impl/branches.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace fairlead::policy::detail {

/// What a dynamic stack is made of.
class dynamic_data final : public stack_base {
 public:
  /// Throws `std::invalid_argument`, which names every problem.
  explicit dynamic_data(std::vector<any_layer> l, observe::sink* to = nullptr,
                        std::string_view as = {});

  std::vector<any_layer> layers;
  std::vector<std::size_t> offsets;  // of the states
  std::size_t room = 0;              // for all states
  bool copies = false;
  bool branches = false;
  std::size_t judged = 0;  // as in `run`

 private:
  std::vector<layer_view> views_;
};

/// Everything that is wrong with a stack of these layers.
[[nodiscard]] std::vector<std::string> problems_in(const std::vector<any_layer>& layers);

[[nodiscard]] std::string text_of(const boost::json::value& v);

/// The states of the layers from `begin` on.
class dynamic_states {
 public:
  dynamic_states(const dynamic_data& data, std::size_t begin);
  dynamic_states(const dynamic_states&) = delete;
  dynamic_states& operator=(const dynamic_states&) = delete;
  ~dynamic_states();
  [[nodiscard]] void* at(std::size_t i) noexcept { return memory_ + data_.offsets[i]; }

 private:
  static constexpr std::size_t inline_room = 768;
  const dynamic_data& data_;
  std::size_t begin_;
  std::size_t made_;
  std::byte* memory_;
  std::unique_ptr<std::max_align_t[]> large_;
  alignas(std::max_align_t) std::byte small_[inline_room];
};

/// The walk through the layers, which does not depend on the type of the result.
class dynamic_walk {
 public:
  dynamic_walk(const dynamic_data& data, std::size_t begin)
      : data_(data), begin_(begin), states_(data, begin) {}

  next start(call& c);
  next refuse_late(call& c);
  next returned(call& c) { return ascend(c, data_.layers.size()); }
  [[nodiscard]] task<result<void>> pause(call& c) {
    return data_.layers[at_].pause(states_.at(at_), c);
  }
  next resumed(call& c, const result<void>& waited) {
    return follow(c, data_.layers[at_].resume(states_.at(at_), c, waited), at_);
  }
  [[nodiscard]] task<void> branch(call& c, inside& in) {
    return data_.layers[at_].branch(states_.at(at_), c, in);
  }
  next branched(call& c) { return ascend(c, at_); }
  /// After `next::substitute`: the value, and going on when it stands.
  [[nodiscard]] const boost::json::value* instead() const noexcept {
    return data_.layers[at_].instead();
  }
  next substituted(call& c) { return ascend(c, at_); }
  [[nodiscard]] std::size_t at() const noexcept { return at_; }
  [[nodiscard]] bool outermost() const noexcept { return begin_ == 0; }

 private:
  next descend(call& c, std::size_t i);
  next ascend(call& c, std::size_t i);
  next follow(call& c, step s, std::size_t i);

  const dynamic_data& data_;
  std::size_t begin_;
  std::size_t at_ = 0;
  dynamic_states states_;
};

template <class R>
class dynamic_run final : public call {
 public:
  dynamic_run(const dynamic_data& data, context& cx, fairlead::idempotency nature,
              std::size_t begin)
      : call(cx, data.seen(), nature,
             outcome_ops<dynamic_run, R, std::copy_constructible<R>>::value),
        data_(data),
        walk_(data, begin) {}

  next start() {
    this->begin_execution();
    if constexpr (!std::copy_constructible<R>) {
      if (data_.copies) {
        this->fail(errors::invalid_argument{
            "policy::any_stack",
            "its cache, or coalesced calls, would copy a result that can only "
            "be moved"});
        return next::done;
      }
    }
    return walk_.start(*this);
  }
  next returned(R&& outcome) {
    this->forget_time();
    this->settle(std::move(outcome));
    return walk_.returned(*this);
  }
  [[nodiscard]] task<result<void>> pause() { return walk_.pause(*this); }
  next resumed(const result<void>& waited) {
    this->forget_time();
    return walk_.resumed(*this, waited);
  }
  template <class Frame>
  [[nodiscard]] task<void> branch(std::shared_ptr<Frame> frame);
  next branched() {
    this->forget_time();
    return walk_.branched(*this);
  }
  next substitute() {
    put(*walk_.instead());
    return walk_.substituted(*this);
  }

  // For `outcome_ops`.
  void settle(R&& outcome) {
    R& settled = out_.emplace(std::move(outcome));
    if (settled.has_value()) {
      set_outcome(nullptr, verdict::success);
    } else {
      set_outcome(&settled.error(), default_verdict(settled.error()));
    }
  }
  void drop() noexcept {
    set_outcome(nullptr, verdict::neutral);
    out_.reset();
  }
  [[nodiscard]] const R& outcome() const noexcept { return *out_; }
  [[nodiscard]] R take() {
    if (walk_.outermost()) {
      this->end_execution();
    }
    return std::move(*out_);
  }

 private:
  // A value of configuration in place of the outcome, whose error becomes the cause when the value
  // is none for this result.
  void put(const boost::json::value& v) {
    using value = result_value_t<R>;
    error original = *this->failure();
    if constexpr (std::is_void_v<value>) {
      this->settle(R{});
    } else if constexpr (json::has_form<value>) {
      R decoded = json::decode<value>(text_of(v));
      if (!decoded) {
        decoded.error().with_cause(original);
      }
      this->settle(std::move(decoded));
    } else {
      error e = errors::invalid_argument{
          "policy::any_stack", "its fallback is a JSON value, but the result has no JSON form"};
      this->fail(std::move(e.with_cause(original)));
    }
  }

  const dynamic_data& data_;
  dynamic_walk walk_;
  outcome_slot<R> out_;
};

template <class Frame>
Frame& frame_of(Frame& f) noexcept {
  return f;
}
template <class Frame>
Frame& frame_of(std::shared_ptr<Frame>& f) noexcept {
  return *f;
}
template <class Frame>
inline constexpr bool shared_frame = false;
template <class Frame>
inline constexpr bool shared_frame<std::shared_ptr<Frame>> = true;

/// Goes through the layers from `begin` on; `frame` is a `call_frame`, or a pointer to one that is
/// shared with branches. `facts` are those of a run of the inside.
template <class R, class Frame>
task<R> drive_dynamic(Frame frame, context& cx, inner_facts* facts, std::size_t begin) {
  auto& own = frame_of(frame);
  dynamic_run<R> r(static_cast<const dynamic_data&>(*own.stack), cx, own.nature, begin);
  if (facts != nullptr) {
    r.set_deadline(facts->limit);
  }
  auto todo = r.start();
  while (todo != next::done) {
    if (todo == next::invoke) {
      r.begin_attempt();
      if constexpr (std::remove_reference_t<decltype(own)>::awaits) {
        R outcome = co_await own.invoke(r.surroundings());
        todo = r.returned(std::move(outcome));
      } else {
        todo = r.returned(own.invoke(r.surroundings()));
      }
    } else if (todo == next::pause) {
      const result<void> waited = co_await r.pause();
      todo = r.resumed(waited);
    } else if (todo == next::substitute) {
      todo = r.substitute();
    } else {
      if constexpr (shared_frame<Frame>) {
        co_await r.branch(frame);
      }
      todo = r.branched();
    }
  }
  if (facts != nullptr) {
    facts->judged = r.call::outcome();
  }
  co_return r.take();
}

template <class R, class Frame>
struct dynamic_inside {
  std::size_t begin;
  task<R> operator()(std::shared_ptr<Frame> frame, context& cx, inner_facts* facts) const {
    return drive_dynamic<R>(std::move(frame), cx, facts, begin);
  }
};

template <class R>
template <class Frame>
task<void> dynamic_run<R>::branch(std::shared_ptr<Frame> frame) {
  inside_of<R, Frame, dynamic_inside<R, Frame>> in(std::move(frame), {walk_.at() + 1});
  co_await walk_.branch(*this, in);
}

}  // namespace fairlead::policy::detail
