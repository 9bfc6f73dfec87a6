// SPDX-License-Identifier: BSL-1.0
// What stands around handlers: sees the request before them and the answer after them.
#pragma once

#include <fairlead/core/context.hpp>
#include <fairlead/core/task.hpp>
#include <fairlead/http/request.hpp>
#include <fairlead/http/response.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace fairlead::http {

namespace detail {
class chained_handler;
}  // namespace detail

/// What runs inside a middleware: the next one, or the handler. A small value; valid until the
/// middleware has ended.
class next {
 public:
  /// The answer from inside, or the error that the handler ended in, which the server has not made
  /// an answer yet (`error_response` does). May be called several times, or not at all. A context
  /// with an earlier deadline holds for everything inside.
  [[nodiscard]] task<result<response>> operator()(context& cx) const;

 private:
  friend class detail::chained_handler;
  next(const detail::chained_handler& chain, std::size_t at, const request& r) noexcept
      : chain_(&chain), at_(at), request_(&r) {}

  const detail::chained_handler* chain_;
  std::size_t at_;
  const request* request_;
};

/// Stands around handlers. Middlewares made from lambdas are of this kind; derive from it for those
/// that have more to them.
///
/// A middleware may answer itself instead of calling `inner`, change the answer, measure it, attach
/// values to the request (`attached`), and turn errors into answers. It costs one coroutine frame,
/// its own; routes without middleware cost nothing.
///
/// It ends before a streamed answer is sent: see `response::body`. Requests that could not be read
/// (400, 408, 413, 431 ...) do not come this far.
///
/// *Thread safety*: called on the executor of the server, several at a time.
class middleware {
 public:
  middleware() = default;
  middleware(const middleware&) = delete;
  middleware& operator=(const middleware&) = delete;
  virtual ~middleware() = default;

  [[nodiscard]] virtual task<result<response>> handle(context& cx, const request& r,
                                                      next inner) = 0;
};

namespace detail {

template <class F>
class callable_middleware final : public middleware {
 public:
  explicit callable_middleware(F f) : f_(std::move(f)) {}
  [[nodiscard]] task<result<response>> handle(context& cx, const request& r, next inner) override {
    return f_(cx, r, inner);
  }

 private:
  F f_;
};

}  // namespace detail

/// A middleware from a callable `task<result<response>>(context&, const request&, next)`, which is
/// kept as long as the router.
///
/// *Example*:
/// ```cpp
/// auto timed = http::make_middleware(
///     [&](context& cx, const http::request& r, http::next inner) -> task<result<http::response>> {
///       const auto begun = cx.now();
///       auto answer = co_await inner(cx);
///       times.record(r.route(), cx.now() - begun);
///       co_return answer;
///     });
/// ```
template <class F>
  requires std::is_invocable_r_v<task<result<response>>, F&, context&, const request&, next>
[[nodiscard]] std::shared_ptr<middleware> make_middleware(F f) {
  return std::make_shared<detail::callable_middleware<F>>(std::move(f));
}

}  // namespace fairlead::http
