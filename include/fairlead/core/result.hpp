// SPDX-License-Identifier: BSL-1.0
// The return type of everything that can fail.
#pragma once

#include <fairlead/core/error.hpp>

#include <tl/expected.hpp>

namespace fairlead {

/// A value or a typed `error`; what every remote call returns. No expected failure throws.
template <class T = void>
using result = tl::expected<T, error>;

/// The error side of a `result`: `co_return fail(errors::cancelled{});`
template <class E>
[[nodiscard]] tl::unexpected<error> fail(E&& e) {
  return tl::unexpected<error>(error(std::forward<E>(e)));
}

/// What `T` is in `result<T>`; `void` stays `void`.
template <class R>
struct result_value;
template <class T>
struct result_value<result<T>> {
  using type = T;
};
template <class R>
using result_value_t = typename result_value<R>::type;

/// True for every `result<T>`.
template <class R>
inline constexpr bool is_result_v = false;
template <class T>
inline constexpr bool is_result_v<result<T>> = true;

}  // namespace fairlead
