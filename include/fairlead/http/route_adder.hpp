// SPDX-License-Identifier: BSL-1.0
// How routes and middlewares are added, to a router or to a group of its routes.
#pragma once

#include <fairlead/http/handler.hpp>
#include <fairlead/http/method.hpp>
#include <fairlead/http/middleware.hpp>
#include <fairlead/http/route_handler.hpp>
#include <fairlead/http/route_options.hpp>

#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace fairlead::http {

class route_group;

/// The part that `router` and `route_group` share; `Self` is one of them.
///
/// Middlewares run in the order of `use`, those of the router first, then those of a group, then
/// those of the groups in it, whether the routes were added before or after. They also see what the
/// server answers by itself: those of the router 404 and malformed paths, those of the group that
/// the path's first route is in 405 and OPTIONS.
template <class Self>
class route_adder {
 public:
  /// Adds a route. Throws `std::invalid_argument` when the pattern is malformed or says the same as
  /// one that is there for the same method.
  Self& add(method m, std::string_view pattern, std::shared_ptr<handler> h) {
    return add(m, pattern, route_options(), std::move(h));
  }
  /// With limits of its own; also throws when those are wrong.
  Self& add(method m, std::string_view pattern, const route_options& options,
            std::shared_ptr<handler> h) {
    self().add_route(m, pattern, options, std::move(h), 0);
    return self();
  }

  /// The same for a callable; also throws when it takes more path parameters than the pattern has.
  template <class F>
    requires(!std::is_convertible_v<F, std::shared_ptr<handler>>)
  Self& add(method m, std::string_view pattern, const route_options& options, F f) {
    using made = route_handler<F>;
    self().add_route(m, pattern, options, std::make_shared<made>(std::move(f)), made::parameters);
    return self();
  }
  template <class F>
    requires(!std::is_convertible_v<F, std::shared_ptr<handler>>)
  Self& add(method m, std::string_view pattern, F f) {
    return add(m, pattern, route_options(), std::move(f));
  }

  template <class F>
  Self& get(std::string_view pattern, F f) {
    return add(method::get, pattern, std::move(f));
  }
  template <class F>
  Self& get(std::string_view pattern, const route_options& options, F f) {
    return add(method::get, pattern, options, std::move(f));
  }
  template <class F>
  Self& post(std::string_view pattern, F f) {
    return add(method::post, pattern, std::move(f));
  }
  template <class F>
  Self& post(std::string_view pattern, const route_options& options, F f) {
    return add(method::post, pattern, options, std::move(f));
  }
  template <class F>
  Self& put(std::string_view pattern, F f) {
    return add(method::put, pattern, std::move(f));
  }
  template <class F>
  Self& put(std::string_view pattern, const route_options& options, F f) {
    return add(method::put, pattern, options, std::move(f));
  }
  template <class F>
  Self& patch(std::string_view pattern, F f) {
    return add(method::patch, pattern, std::move(f));
  }
  template <class F>
  Self& patch(std::string_view pattern, const route_options& options, F f) {
    return add(method::patch, pattern, options, std::move(f));
  }
  template <class F>
  Self& del(std::string_view pattern, F f) {
    return add(method::del, pattern, std::move(f));
  }
  template <class F>
  Self& del(std::string_view pattern, const route_options& options, F f) {
    return add(method::del, pattern, options, std::move(f));
  }

  /// Puts a middleware around all routes here, inside those that are there already. Throws
  /// `std::invalid_argument` when it is null.
  Self& use(std::shared_ptr<middleware> m) {
    self().add_middleware(std::move(m));
    return self();
  }
  template <class F>
    requires(!std::is_convertible_v<F, std::shared_ptr<middleware>>)
  Self& use(F f) {
    return use(make_middleware(std::move(f)));
  }

  /// Limits for all routes here that do not say otherwise themselves.
  Self& limits(const route_options& options) {
    self().set_limits(options);
    return self();
  }

  /// Routes whose patterns begin with `prefix`, with middlewares and limits of their own inside
  /// those of here. An empty prefix makes a group for the sake of these alone, also for one route:
  /// `routes.group("").use(guard).get("/admin", f)`. Throws `std::invalid_argument` when the prefix
  /// is neither empty nor begins with "/", or ends with one.
  [[nodiscard]] route_group group(std::string_view prefix);

 private:
  [[nodiscard]] Self& self() noexcept { return static_cast<Self&>(*this); }
};

}  // namespace fairlead::http
