// SPDX-License-Identifier: BSL-1.0
// A stack that is put together at run time: from configuration, or kept where its type must not
// show.
#pragma once

#include <fairlead/policy/any_layer.hpp>
#include <fairlead/policy/impl/dynamic_run.hpp>
#include <fairlead/policy/stack.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace fairlead::policy {

/// The same as `stack`, with layers that are chosen at run time. A call costs a virtual function
/// per layer and boundary more, and nothing else: the layers' state lies in the call's one frame,
/// up to 768 bytes of it.
///
/// What cannot do what it says is refused when the stack is made, or, where that depends on the
/// operation, by each call with `invalid_argument`.
///
/// Copies share the policies. *Thread safety*: as `stack`.
///
/// *Example*:
/// ```cpp
/// policy::any_stack resilient{policy::stack{policy::total_timeout{3s}, policy::retry{}}};
/// auto user = co_await resilient.run(cx, [&](context& cx) { return client.get<user>(cx, "/1"); });
/// ```
class any_stack {
 public:
  /// Nothing around the operation.
  any_stack() : any_stack(std::vector<any_layer>{}) {}
  /// The outermost first. Throws `std::invalid_argument`, which names every problem.
  explicit any_stack(std::vector<any_layer> layers);
  /// The same policies, without their types.
  template <class... P>
  explicit any_stack(const stack<P...>& s)
      : any_stack(std::apply([](const P&... p) { return std::vector<any_layer>{any_layer(p)...}; },
                             s.layers())) {}

  /// For layers that come from outside. *Errors*: `invalid_argument`.
  [[nodiscard]] static result<any_stack> make(std::vector<any_layer> layers);

  /// As `stack::run`. The operation must be one that can be called again.
  /// *Errors*: also `invalid_argument`, when a cache or coalesced calls stand in the stack and the
  /// result cannot be copied.
  template <class Op, class... Args>
  [[nodiscard]] auto run(context& cx, Op&& op, Args&&... args) const {
    using operation = detail::operation_traits<std::decay_t<Op>, std::decay_t<Args>...>;
    static_assert(operation::repeatable,
                  "an any_stack may hold a retry: its operation must be callable again, with "
                  "(context&, args...) or (args...)");
    using given = detail::operation_result_t<std::decay_t<Op>, std::decay_t<Args>...>;
    using outcome = typename detail::outcome_of<given>::type;
    using frame = detail::call_frame<std::decay_t<Op>, std::decay_t<Args>...>;
    if (data().branches) {
      return detail::drive_dynamic<outcome>(
          std::make_shared<frame>(data_, std::forward<Op>(op), std::forward<Args>(args)...), cx,
          nullptr, 0);
    }
    return detail::drive_dynamic<outcome>(
        frame(data_, std::forward<Op>(op), std::forward<Args>(args)...), cx, nullptr, 0);
  }

  /// As `stack::wrap`.
  template <class Op>
  [[nodiscard]] auto wrap(Op op) const {
    return [self = *this, op = std::move(op)](context& cx, auto&&... args) {
      return self.run(cx, op, std::forward<decltype(args)>(args)...);
    };
  }

  /// As `stack::observed_by`.
  [[nodiscard]] any_stack observed_by(observe::sink& sink, std::string_view name) const;
  [[nodiscard]] std::string describe() const { return data_->describe(); }
  [[nodiscard]] const std::vector<any_layer>& layers() const noexcept { return data().layers; }

 private:
  explicit any_stack(detail::shared_stack data) noexcept : data_(std::move(data)) {}

  [[nodiscard]] const detail::dynamic_data& data() const noexcept {
    return static_cast<const detail::dynamic_data&>(*data_);
  }

  detail::shared_stack data_;
};

}  // namespace fairlead::policy
