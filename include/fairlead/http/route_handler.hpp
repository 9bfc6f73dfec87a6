// SPDX-License-Identifier: BSL-1.0
// Makes a handler of a callable: path parameters and body in, value out. The template part of
// router.hpp.
#pragma once

#include <fairlead/http/body_reader.hpp>
#include <fairlead/http/codec.hpp>
#include <fairlead/http/error_response.hpp>
#include <fairlead/http/from_request.hpp>
#include <fairlead/http/handler.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace fairlead::http {

namespace detail {

template <class F>
struct signature : signature<decltype(&F::operator())> {};
template <class R, class... A>
struct signature<R (*)(A...)> {
  using result = R;
  using arguments = std::tuple<A...>;
};
template <class C, class R, class... A>
struct signature<R (C::*)(A...)> : signature<R (*)(A...)> {};
template <class C, class R, class... A>
struct signature<R (C::*)(A...) const> : signature<R (*)(A...)> {};

template <class A>
inline constexpr bool is_parameter = std::is_arithmetic_v<A> || std::is_same_v<A, std::string> ||
                                     std::is_same_v<A, std::string_view>;

/// Stand for what is passed by reference, among the values that are read for a handler.
struct the_request {};
struct the_stream {};
template <class A>
struct argument_of {
  using type = std::remove_cvref_t<A>;
};
template <>
struct argument_of<const request&> {
  using type = the_request;
};
template <>
struct argument_of<request> {
  using type = the_request;
};
template <>
struct argument_of<body_reader&> {
  using type = the_stream;
};
template <class A>
using argument_value = typename argument_of<A>::type;

/// Whether an argument reads the body as it arrives.
template <class A>
inline constexpr bool is_stream =
    std::is_same_v<A, the_stream> || requires { requires A::reads_stream; };

/// Whether an argument stands for the body: what is neither a parameter nor read from elsewhere.
template <class A>
constexpr bool find_body() {
  if constexpr (is_parameter<A> || std::is_same_v<A, the_request>) {
    return false;
  } else if constexpr (from_request<A>) {
    return is_stream<A> || requires { requires A::reads_body; };
  } else {
    return true;
  }
}
template <class A>
inline constexpr bool is_body = find_body<A>();

/// For a handler that was called without the stream that it asks for.
[[noreturn]] void no_stream();

/// Where the arguments of a handler come from; counts them at compile time.
template <class Arguments>
struct argument_plan;
template <class... A>
struct argument_plan<std::tuple<context&, A...>> {
  static constexpr std::size_t count = sizeof...(A);
  static constexpr std::size_t parameters =
      (std::size_t{0} + ... + (is_parameter<std::remove_cvref_t<A>> ? 1U : 0U));
  static constexpr std::size_t requests =
      (std::size_t{0} + ... + (std::is_same_v<argument_value<A>, the_request> ? 1U : 0U));
  static constexpr bool streams = (false || ... || is_stream<argument_value<A>>);
  static constexpr std::size_t bodies =
      (std::size_t{0} + ... + (is_body<argument_value<A>> ? 1U : 0U));
  static_assert(requests <= 1 && bodies <= 1,
                "a handler takes context&, at most one const request&, path parameters, what is "
                "read from the request, and at most one body");
  using values = std::tuple<argument_value<A>...>;
};

/// The n-th argument, of type `A`, given how many parameters stand before it.
template <class A>
result<void> read_argument(A& out, const request& r, std::size_t parameters_before) {
  if constexpr (is_parameter<A>) {
    return read_text(out, r.param(parameters_before), "path parameter",
                     r.param_name(parameters_before));
  } else if constexpr (from_request<A>) {
    auto made = A::from_request(r);
    if (!made) {
      return tl::unexpected<error>(std::move(made).error());
    }
    out = std::move(*made);
    return {};
  } else {
    return json::codec::of<A>().decode_into(&out, r.body());
  }
}

/// A value other than a response as one: 204 for nothing, text for strings, JSON for the rest.
template <class T>
result<response> to_response(result<T>&& value, const request& r) {
  if (!value) {
    return tl::unexpected<error>(std::move(value).error());
  }
  if constexpr (std::is_void_v<T>) {
    return r.reply(status::no_content);
  } else {
    auto out = r.reply();
    if constexpr (is_text<T>) {
      out.body_text() = std::string_view(*value);
    } else if (auto done = json::codec::of<T>().encode_to(out.body_text(), &*value); !done) {
      // The service broke its own promise; that is not the client's fault.
      return error_response(status::internal_server_error, "serialization_error",
                            "the response could not be encoded");
    }
    out.headers().add("Content-Type", content_type_of<T>());
    return out;
  }
}

template <class R>
struct handler_result;
template <class T>
struct handler_result<task<result<T>>> {
  using type = T;
  static constexpr bool waits = true;
};
template <class T>
struct handler_result<result<T>> {
  using type = T;
  static constexpr bool waits = false;
};

}  // namespace detail

/// A handler from a callable; see `router` for what it may take and give.
template <class F>
class route_handler final : public handler {
  using sig = detail::signature<F>;
  using plan = detail::argument_plan<typename sig::arguments>;
  using answer = detail::handler_result<typename sig::result>;
  using values = typename plan::values;

 public:
  static constexpr std::size_t parameters = plan::parameters;

  explicit route_handler(F f) : f_(std::move(f)) {}

  [[nodiscard]] bool takes_stream() const noexcept override { return plan::streams; }

  task<result<response>> handle(context& cx, const request& r) override {
    if constexpr (plan::count == plan::requests && answer::waits &&
                  std::is_same_v<typename answer::type, response>) {
      // The handler's own task: no frame of ours.
      if constexpr (plan::requests == 1) {
        return f_(cx, r);
      } else {
        return f_(cx);
      }
    } else {
      return run(cx, r);
    }
  }

 private:
  // A request is passed by reference, the rest from the values that were read.
  template <std::size_t I>
  static decltype(auto) argument(values& v, const request& r) {
    using type = std::tuple_element_t<I, values>;
    if constexpr (std::is_same_v<type, detail::the_request>) {
      return (r);
    } else if constexpr (std::is_same_v<type, detail::the_stream>) {
      return (*r.incoming());
    } else {
      return std::move(std::get<I>(v));
    }
  }

  template <std::size_t I = 0, std::size_t Before = 0>
  static result<void> read(values& v, const request& r) {
    if constexpr (I < plan::count) {
      using type = std::tuple_element_t<I, values>;
      if constexpr (std::is_same_v<type, detail::the_request>) {
        return read<I + 1, Before>(v, r);
      } else if constexpr (std::is_same_v<type, detail::the_stream>) {
        if (r.incoming() == nullptr) {
          detail::no_stream();
        }
        return read<I + 1, Before>(v, r);
      } else {
        if (auto done = detail::read_argument(std::get<I>(v), r, Before); !done) {
          return done;
        }
        return read<I + 1, Before + (detail::is_parameter<type> ? 1 : 0)>(v, r);
      }
    } else {
      return {};
    }
  }

  template <std::size_t... I>
  typename sig::result call(context& cx, const request& r, values& v, std::index_sequence<I...>) {
    return f_(cx, argument<I>(v, r)...);
  }

  task<result<response>> run(context& cx, const request& r) {
    values v;
    if (auto done = read(v, r); !done) {
      co_return tl::unexpected<error>(std::move(done).error());
    }
    using made = typename answer::type;
    constexpr std::make_index_sequence<plan::count> each;
    if constexpr (std::is_same_v<made, response> && answer::waits) {
      co_return co_await call(cx, r, v, each);
    } else if constexpr (std::is_same_v<made, response>) {
      co_return call(cx, r, v, each);
    } else if constexpr (answer::waits) {
      auto out = co_await call(cx, r, v, each);
      co_return detail::to_response(std::move(out), r);
    } else {
      auto out = call(cx, r, v, each);
      co_return detail::to_response(std::move(out), r);
    }
  }

  F f_;
};

}  // namespace fairlead::http
