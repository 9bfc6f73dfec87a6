// SPDX-License-Identifier: BSL-1.0
// From method and path to a handler.
#pragma once

#include <fairlead/http/handler.hpp>
#include <fairlead/http/method.hpp>
#include <fairlead/http/route_handler.hpp>
#include <fairlead/http/route_options.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {

/// A table of routes. Give it to a `server`, or ask it with `match`.
///
/// A pattern is a path whose segments are text, `{name}` (any one segment that is not empty),
/// `{name:int}` (a segment that is a 64-bit integer) or, at the end, `{name...}` (the rest of the
/// path, which may be empty). Text wins over `{name:int}`, that over `{name}`, that over
/// `{name...}`. Which pattern matches does not depend on the order of registration.
///
/// A path is split at '/' first and each segment is percent-decoded once, so an encoded slash stays
/// inside its segment. A trailing slash counts: "/users" and "/users/" are two paths. Paths with
/// the segments "." or "..", a NUL or broken percent-encoding are answered with 400.
///
/// HEAD is answered by the GET route unless there is a HEAD route; OPTIONS with 204 and Allow
/// unless there is an OPTIONS route.
///
/// Handlers are callables that take `context&` and then, in this order and each as needed: `const
/// request&`; the path parameters in the order of the pattern (integers, `double`, `bool`,
/// `std::string`, `std::string_view`); the body, decoded from JSON, as any other type, or as a
/// `body_reader&` that gives it while it arrives (see `handler::takes_stream`). They give
/// `task<result<T>>` or, when they never wait, `result<T>`, where `T` is `response`, `void` (204),
/// `std::string` (text) or anything that can be encoded as JSON (200). They are kept as long as the
/// router, and run several at a time.
///
/// *Thread safety*: none while routes are added; after that, `match` from any thread.
///
/// *Example*:
/// ```cpp
/// http::router routes;
/// routes.get("/users/{id}", [&](context& cx, std::int64_t id) { return users.find(cx, id); });
/// routes.post("/users", [&](context& cx, new_user body) { return users.add(cx, body); });
/// ```
class router {
 public:
  router();
  router(router&&) noexcept;
  router& operator=(router&&) noexcept;
  ~router();

  /// Adds a route. Throws `std::invalid_argument` when the pattern is malformed or says the same as
  /// one that is there for the same method.
  router& add(method m, std::string_view pattern, std::shared_ptr<handler> h) {
    return add(m, pattern, route_options(), std::move(h));
  }
  /// With limits of its own; also throws when those are wrong.
  router& add(method m, std::string_view pattern, const route_options& options,
              std::shared_ptr<handler> h);

  /// The same for a callable; also throws when it takes more path parameters than the pattern has.
  template <class F>
    requires(!std::is_convertible_v<F, std::shared_ptr<handler>>)
  router& add(method m, std::string_view pattern, const route_options& options, F f) {
    using made = route_handler<F>;
    check_parameters(pattern, made::parameters);
    return add(m, pattern, options, std::shared_ptr<handler>(std::make_shared<made>(std::move(f))));
  }
  template <class F>
    requires(!std::is_convertible_v<F, std::shared_ptr<handler>>)
  router& add(method m, std::string_view pattern, F f) {
    return add(m, pattern, route_options(), std::move(f));
  }
  template <class F>
  router& get(std::string_view pattern, F f) {
    return add(method::get, pattern, std::move(f));
  }
  template <class F>
  router& get(std::string_view pattern, const route_options& options, F f) {
    return add(method::get, pattern, options, std::move(f));
  }
  template <class F>
  router& post(std::string_view pattern, F f) {
    return add(method::post, pattern, std::move(f));
  }
  template <class F>
  router& post(std::string_view pattern, const route_options& options, F f) {
    return add(method::post, pattern, options, std::move(f));
  }
  template <class F>
  router& put(std::string_view pattern, F f) {
    return add(method::put, pattern, std::move(f));
  }
  template <class F>
  router& put(std::string_view pattern, const route_options& options, F f) {
    return add(method::put, pattern, options, std::move(f));
  }
  template <class F>
  router& patch(std::string_view pattern, F f) {
    return add(method::patch, pattern, std::move(f));
  }
  template <class F>
  router& patch(std::string_view pattern, const route_options& options, F f) {
    return add(method::patch, pattern, options, std::move(f));
  }
  template <class F>
  router& del(std::string_view pattern, F f) {
    return add(method::del, pattern, std::move(f));
  }
  template <class F>
  router& del(std::string_view pattern, const route_options& options, F f) {
    return add(method::del, pattern, options, std::move(f));
  }

  /// Why there is no handler, or that there is one.
  enum class outcome : std::uint8_t { found, not_found, method_not_allowed, options, bad_path };

  struct match_result {
    outcome what = outcome::not_found;
    http::handler* target = nullptr;         ///< owned by the router
    const route_options* options = nullptr;  ///< of the route that was found
    std::string_view pattern;                ///< as it was added; for logs and metrics
    std::string_view allow;  ///< the Allow header of `method_not_allowed` and `options`
  };

  /// Finds the handler and puts the path parameters into `r`.
  [[nodiscard]] match_result match(request& r) const;

  /// "GET /users/{id}", one line per route, in the order of registration.
  [[nodiscard]] std::vector<std::string> routes() const;

 private:
  static void check_parameters(std::string_view pattern, std::size_t wanted);

  struct table;
  std::unique_ptr<table> table_;
};

}  // namespace fairlead::http
