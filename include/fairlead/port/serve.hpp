// SPDX-License-Identifier: BSL-1.0
// The adapter for a service behind HTTP: the server's side.
#pragma once

#include <fairlead/http/handler.hpp>
#include <fairlead/http/router.hpp>
#include <fairlead/json/decode.hpp>
#include <fairlead/json/encode.hpp>
#include <fairlead/port/detail/http_binding.hpp>
#include <fairlead/port/in_process.hpp>

#include <boost/describe/members.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace fairlead {

namespace detail {

template <class T>
inline constexpr bool is_text_value =
    std::is_enum_v<T> || std::is_convertible_v<const T&, std::string_view>;
template <class D>
inline constexpr bool is_text_value<std::chrono::time_point<std::chrono::system_clock, D>> = true;
template <class T>
inline constexpr bool is_text_value<std::optional<T>> = is_text_value<T>;

template <class R, template <class...> class L, class... D>
bool is_text_member(std::string_view name, L<D...>* /*members*/) {
  return ((name == D::name &&
           is_text_value<std::remove_cvref_t<decltype(std::declval<R&>().*D::pointer)>>) ||
          ...);
}

/// True when the member `name` of `R` is written as a JSON string.
template <class R>
bool has_text_member(std::string_view name) {
  using members = boost::describe::describe_members<R, boost::describe::mod_any_access |
                                                           boost::describe::mod_inherited>;
  return is_text_member<R>(name, static_cast<members*>(nullptr));
}

/// One operation of a service as an HTTP handler.
template <class S, operation R>
class operation_handler final : public http::handler {
 public:
  explicit operation_handler(std::shared_ptr<S> service) : service_(std::move(service)) {}

  task<result<http::response>> handle(context& cx, const http::request& r) override {
    auto request = json::decode<R>(request_text(r, &has_text_member<R>));
    if (!request) {
      co_return error_answer(request.error());
    }
    const context limited = with_remote_deadline(cx, r);
    auto outcome = co_await served<S, R>::once(*service_, limited, *request);
    if (!outcome) {
      co_return error_answer(outcome.error());
    }
    if constexpr (std::is_void_v<response_t<R>>) {
      co_return r.reply(http::status::no_content);
    } else {
      auto answer = r.reply();
      if (auto done = json::encode_to(answer.body_text(), *outcome); !done) {
        co_return bad_answer(done.error(), operation_name<R>());
      }
      answer.headers().add("Content-Type", "application/json");
      co_return answer;
    }
  }

 private:
  std::shared_ptr<S> service_;
};

template <class S, operation... Rs>
void serve_all(http::router& routes, const std::shared_ptr<S>& service,
               const port<Rs...>* /*which*/) {
  static_assert(
      (serves<S, Rs> && ...),
      "the service needs operator()(context&, const Request&) for every request of the port");
  (routes.add(http_operation_of<Rs>().method(), http_operation_of<Rs>().path(),
              std::shared_ptr<http::handler>(std::make_shared<operation_handler<S, Rs>>(service))),
   ...);
}

}  // namespace detail

/// Adds a route for every operation of `Port` to `routes`, answered by `service`: the object that
/// `in_process` takes too. Requests are validated before the service sees them. A service's error
/// is answered with a status that fits (`http::status_of`) and its kind and data in the body, so
/// that an `http_port` gives the caller the same error.
///
/// Those data name hosts and limits of the service; put a gateway between this and the public.
///
/// *Cancellation*: the service's context is cancelled when the caller goes away, and ends with the
/// caller's remaining time. Throws `std::invalid_argument` when a route is taken.
///
/// *Example*:
/// ```cpp
/// http::router routes;
/// serve<shop::users>(routes, std::make_shared<users_service>());
/// http::server server(std::move(routes));
/// ```
template <class Port, class S>
void serve(http::router& routes, std::shared_ptr<S> service) {
  detail::serve_all(routes, service, static_cast<const Port*>(nullptr));
}

/// The same for a service that is moved in.
template <class Port, class S>
void serve(http::router& routes, S service) {
  serve<Port>(routes, std::make_shared<S>(std::move(service)));
}

}  // namespace fairlead
