// SPDX-License-Identifier: BSL-1.0
// What a request type says about the operation it stands for.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/result.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fairlead {

/// A type that stands for one operation: it names its response.
///
/// ```cpp
/// struct get_user {
///   std::int64_t id;
///   using response = user;
///   static constexpr auto route = fairlead::route::get("/users/{id}");
/// };
/// BOOST_DESCRIBE_STRUCT(get_user, (), (id))
/// ```
template <class R>
concept operation = requires { typename R::response; };

/// As `R::response`: the operation is not answered. A call is done when the request was handed
/// over; what becomes of it nobody learns.
struct one_way {};

/// As `R::response`: the operation is answered with any number of `T`, one after the other.
template <class T>
struct stream_of {
  using item = T;
};

/// How an operation is answered.
enum class delivery : unsigned char {
  reply,    ///< with one value, or none
  one_way,  ///< not at all
  stream,   ///< with any number of items
};

namespace detail {

template <class T>
struct answer_of {
  using value = T;
  static constexpr auto how = delivery::reply;
};
template <>
struct answer_of<one_way> {
  using value = void;
  static constexpr auto how = delivery::one_way;
};
template <class T>
struct answer_of<stream_of<T>> {
  using value = void;
  using item = T;
  static constexpr auto how = delivery::stream;
};

}  // namespace detail

/// What a call of `R` gives: `R::response`, and `void` when that is `one_way` or a `stream_of`.
template <operation R>
using response_t = typename detail::answer_of<typename R::response>::value;

/// How `R` is answered: its response says so.
template <operation R>
inline constexpr delivery delivery_of = detail::answer_of<typename R::response>::how;

/// An operation that is answered with a stream.
template <class R>
concept streaming = operation<R> && delivery_of<R> == delivery::stream;

/// One item of the stream that answers `R`.
template <streaming R>
using item_t = typename R::response::item;

/// The HTTP methods that operations travel by.
enum class route_method : unsigned char { get, post, put, patch, del };

/// Where an operation lives on an HTTP server: a method, and a path in which `{name}` stands for a
/// field of the request. Fields that are not in the path travel in the query (get, del) or in the
/// JSON body.
struct route {
  route_method method = route_method::post;
  std::string_view path;

  static constexpr route get(std::string_view path) noexcept { return {route_method::get, path}; }
  static constexpr route post(std::string_view path) noexcept { return {route_method::post, path}; }
  static constexpr route put(std::string_view path) noexcept { return {route_method::put, path}; }
  static constexpr route patch(std::string_view path) noexcept {
    return {route_method::patch, path};
  }
  static constexpr route del(std::string_view path) noexcept { return {route_method::del, path}; }
};

namespace detail {

template <class T>
consteval std::string_view pretty_name() noexcept {
  return __PRETTY_FUNCTION__;
}

consteval std::string_view unqualified(std::string_view text) noexcept {
  text.remove_prefix(text.find("T = ") + 4);
  text = text.substr(0, text.find_first_of(";]"));
  const auto colon = text.rfind("::");
  return colon == std::string_view::npos ? text : text.substr(colon + 2);
}

/// The unqualified name of `T`: "get_user" for `shop::get_user`.
template <class T>
consteval std::string_view type_name() noexcept {
  return unqualified(pretty_name<T>());
}

}  // namespace detail

/// The name of the operation, for messages, metrics and transports without routes:
/// `R::operation_name` when it is there, else the name of the type.
template <operation R>
[[nodiscard]] constexpr std::string_view operation_name() noexcept {
  if constexpr (requires { std::string_view(R::operation_name); }) {
    return R::operation_name;
  } else {
    return detail::type_name<R>();
  }
}

/// Where the operation lives over HTTP: `R::route` when it is there, else `POST /` and its name.
template <operation R>
[[nodiscard]] constexpr fairlead::route operation_route() noexcept {
  if constexpr (requires {
                  { R::route } -> std::convertible_to<fairlead::route>;
                }) {
    return R::route;
  } else {
    return {route_method::post, {}};
  }
}

/// Whether the operation may happen twice without harm: `R::idempotent` when it is there, else what
/// its HTTP method says (RFC 9110, 9.2.2).
template <operation R>
[[nodiscard]] constexpr bool operation_idempotent() noexcept {
  if constexpr (requires {
                  { R::idempotent } -> std::convertible_to<bool>;
                }) {
    return R::idempotent;
  } else {
    constexpr auto method = operation_route<R>().method;
    return method == route_method::get || method == route_method::put ||
           method == route_method::del;
  }
}

/// What a call may take at most, whatever the caller's deadline: `R::timeout` when it is there,
/// else 0, which says nothing.
template <operation R>
[[nodiscard]] constexpr duration operation_timeout() noexcept {
  if constexpr (requires {
                  { R::timeout } -> std::convertible_to<duration>;
                }) {
    static_assert(duration(R::timeout) > duration::zero(), "an operation's timeout is positive");
    return R::timeout;
  } else {
    return duration::zero();
  }
}

/// `R::version` when it is there, else 1. From 2 on it is part of the name on the wire, so that one
/// service may serve an operation in several versions side by side.
template <operation R>
[[nodiscard]] constexpr std::uint32_t operation_version() noexcept {
  if constexpr (requires {
                  { R::version } -> std::convertible_to<std::uint32_t>;
                }) {
    static_assert(R::version >= 1, "versions are counted from 1");
    return R::version;
  } else {
    return 1;
  }
}

namespace detail {

consteval std::size_t digits_of(std::uint32_t n) noexcept {
  std::size_t digits = 1;
  for (; n >= 10; n /= 10) {
    ++digits;
  }
  return digits;
}

// "get_user.v2"
template <operation R>
struct versioned_name {
  static constexpr std::string_view name = operation_name<R>();
  static constexpr std::uint32_t version = operation_version<R>();
  static constexpr auto text = [] {
    std::array<char, name.size() + 2 + digits_of(version)> out{};
    auto* at = out.data() + name.copy(out.data(), name.size());
    *at++ = '.';
    *at++ = 'v';
    auto rest = version;
    for (auto* digit = out.data() + out.size(); digit != at; rest /= 10) {
      *--digit = static_cast<char>('0' + rest % 10);
    }
    return out;
  }();
};

}  // namespace detail

/// The name that the operation has on the wire: `operation_name`, and ".v2" behind it for
/// version 2.
template <operation R>
[[nodiscard]] constexpr std::string_view wire_name() noexcept {
  if constexpr (operation_version<R>() == 1) {
    return operation_name<R>();
  } else {
    return {detail::versioned_name<R>::text.data(), detail::versioned_name<R>::text.size()};
  }
}

/// What a transport knows of an operation. Its texts live as long as the program.
struct operation_info {
  std::string_view name;  ///< `wire_name`
  fairlead::route at;     ///< `operation_route`
  idempotency nature = idempotency::not_idempotent;
  delivery how = delivery::reply;
};

namespace detail {

/// What an operation is by nature.
template <operation R>
inline constexpr fairlead::idempotency nature_of =
    operation_idempotent<R>() ? idempotency::idempotent : idempotency::not_idempotent;

/// `cx`, with `nature` where the caller has not decided it.
[[nodiscard]] inline context with_nature(const context& cx, idempotency nature) noexcept {
  return cx.idempotency() == idempotency::by_operation ? cx.with_idempotency(nature) : cx;
}

}  // namespace detail

/// What a transport knows of `R`.
template <operation R>
[[nodiscard]] constexpr operation_info operation_info_of() noexcept {
  return {wire_name<R>(), operation_route<R>(), detail::nature_of<R>, delivery_of<R>};
}

/// `cx`, with the idempotency of `R` where the caller has not decided it.
template <operation R>
[[nodiscard]] context for_operation(const context& cx) noexcept {
  return detail::with_nature(cx, detail::nature_of<R>);
}

}  // namespace fairlead
