// SPDX-License-Identifier: BSL-1.0
// From method and path to a handler.
#pragma once

#include <fairlead/http/handler.hpp>
#include <fairlead/http/method.hpp>
#include <fairlead/http/route_adder.hpp>
#include <fairlead/http/route_options.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http {

namespace detail {
class route_table;
}  // namespace detail

/// Some of the routes of a router, which it must not outlive (the router may be moved); see
/// `route_adder::group`.
///
/// *Example*:
/// ```cpp
/// auto api = routes.group("/api").use(http::cors(allowed)).limits({.deadline = 2s});
/// api.get("/users/{id}", find_user);
/// api.group("/admin").use(guard).del("/users/{id}", remove_user);
/// ```
class route_group : public route_adder<route_group> {
 private:
  template <class Self>
  friend class route_adder;
  friend class router;
  route_group(detail::route_table& table, std::size_t index) noexcept
      : table_(&table), index_(index) {}

  void add_route(method m, std::string_view pattern, const route_options& options,
                 std::shared_ptr<handler> h, std::size_t parameters);
  void add_middleware(std::shared_ptr<middleware> m);
  void set_limits(const route_options& options);
  [[nodiscard]] route_group make_group(std::string_view prefix);

  detail::route_table* table_;
  std::size_t index_;
};

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
/// `std::string`, `std::string_view`); what is read from the query, a header, a form or a
/// middleware
/// (`from_request.hpp`); the body, decoded from JSON, as any other type, or as a
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
class router : public route_adder<router> {
 public:
  router();
  router(router&&) noexcept;
  router& operator=(router&&) noexcept;
  ~router();

  /// Why there is no handler, or that there is one.
  enum class outcome : std::uint8_t { found, not_found, method_not_allowed, options, bad_path };

  struct match_result {
    outcome what = outcome::not_found;
    /// Who answers; owned by the router. Nobody but the server itself when it is null; where
    /// middlewares are to see such answers too, who gives them.
    http::handler* target = nullptr;
    const route_options* options = nullptr;  ///< of the route that was found
    std::string_view pattern;                ///< as it was added; for logs and metrics
    std::string_view allow;  ///< the Allow header of `method_not_allowed` and `options`
  };

  /// Finds the handler and puts the path parameters into `r`.
  [[nodiscard]] match_result match(request& r) const;

  /// "GET /users/{id}", one line per route, in the order of registration.
  [[nodiscard]] std::vector<std::string> routes() const;

 private:
  template <class Self>
  friend class route_adder;

  void add_route(method m, std::string_view pattern, const route_options& options,
                 std::shared_ptr<handler> h, std::size_t parameters);
  void add_middleware(std::shared_ptr<middleware> m);
  void set_limits(const route_options& options);
  [[nodiscard]] route_group make_group(std::string_view prefix);

  std::unique_ptr<detail::route_table> table_;
};

template <class Self>
route_group route_adder<Self>::group(std::string_view prefix) {
  return self().make_group(prefix);
}

}  // namespace fairlead::http
