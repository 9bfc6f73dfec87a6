// SPDX-License-Identifier: BSL-1.0
// Says what outcomes mean, where the default does not know better.
#pragma once

#include <fairlead/core/result.hpp>
#include <fairlead/policy/layer.hpp>

#include <concepts>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

namespace fairlead::policy {

/// Classifies outcomes for all layers outside of it; it belongs innermost, or just inside the layer
/// that shall see things differently.
///
/// The function gives a `verdict` and takes a value (`const T&`), an error (`const error&`), or the
/// whole `const result<T>&`; a generic lambda is given whole results. What it does not take keeps
/// its verdict. Cancellations stay neutral, whatever it says.
///
/// *Example*:
/// ```cpp
/// policy::classify{[](const job& j) {
///   return j.pending ? policy::verdict::failure : policy::verdict::success;
/// }}
/// ```
template <class F>
class classify {
 public:
  explicit classify(F f) : f_(std::move(f)) {}

  // The layer protocol; see layer.hpp.
  struct layer_state {};
  step enter(layer_state& /*s*/, call& /*c*/) const noexcept { return step::inward; }

  template <class R>
  step leave(layer_state& /*s*/, call& c, const R& outcome) const {
    const auto* e = c.failure();
    if (e != nullptr && e->kind() == error_kind::cancelled) {
      return step::outward;
    }
    using value = result_value_t<R>;
    if constexpr (std::is_invocable_r_v<verdict, const F&, const R&>) {
      c.judge(std::invoke(f_, outcome));
    } else {
      static_assert(std::is_invocable_r_v<verdict, const F&, const error&> ||
                        std::is_invocable_r_v<verdict, const F&,
                                              std::add_lvalue_reference_t<std::add_const_t<value>>>,
                    "a classifier takes a value, an error or a result, and gives a "
                    "policy::verdict");
      if constexpr (std::is_invocable_r_v<verdict, const F&, const error&>) {
        if (e != nullptr) {
          c.judge(std::invoke(f_, *e));
          return step::outward;
        }
      }
      if constexpr (!std::is_void_v<value>) {
        if constexpr (std::is_invocable_r_v<verdict, const F&, const value&>) {
          if (e == nullptr) {
            c.judge(std::invoke(f_, *outcome));
          }
        }
      }
    }
    return step::outward;
  }

  [[nodiscard]] std::string describe() const { return "a classification of its own"; }

 private:
  F f_;
};

}  // namespace fairlead::policy
