// SPDX-License-Identifier: BSL-1.0
// How it works: the handler runs as the connection's own task. Beside it waits a task for the
// drain to begin, which then closes the conversation: the handler sees its end when it reads.
#include <fairlead/http/accept_websocket.hpp>

#include "detail/option_problems.hpp"
#include "detail/websocket_connection.hpp"
#include "detail/websocket_handshake.hpp"

#include <fairlead/core/task_scope.hpp>
#include <fairlead/core/waiter.hpp>

#include <memory>
#include <stdexcept>
#include <utility>

namespace fairlead::http {

namespace {

using detail::websocket_connection;

// What the connection's task needs when nothing of the request is alive any more.
struct conversation {
  websocket_handler handler;
  websocket_options options;
  detail::websocket_agreement agreed;
};

// `watching` ends with the handler, or when the drain begins.
task<void> say_goodbye(context& cx, cancel_scope& watching, const bool& handled, websocket& ws) {
  waiter either(watching, "a WebSocket to end");
  const auto why = co_await either.wait();
  static_cast<void>(why);
  if (!handled) {
    auto told = co_await ws.close(cx, close_code::going_away, "the server is stopping");
    static_cast<void>(told);  // the peer may be gone
  }
}

task<result<void>> handle(context& cx, cancel_scope& watching, bool& handled, websocket& ws,
                          const websocket_handler& f) {
  // Whatever ends the handler, exceptions too.
  struct ending {
    ~ending() {
      handled = true;
      watching.cancel();
    }
    cancel_scope& watching;
    bool& handled;
  } const at_end{watching, handled};
  co_await f(cx, ws);
  co_return result<void>();
}

task<void> converse(context& cx, std::unique_ptr<net::stream> s, context& calm, conversation c) {
  websocket ws(std::make_shared<websocket_connection>(
      cx.env(), std::move(s), detail::endpoint_role::server, std::move(c.options), c.agreed.deflate,
      std::move(c.agreed.protocol)));
  cancel_scope watching(calm);
  bool handled = false;
  const auto both = [&](task_scope& beside) {
    beside.spawn([&](context& own) { return say_goodbye(own, watching, handled, ws); });
    return handle(cx, watching, handled, ws, c.handler);
  };
  auto done = co_await with_scope(cx, both);
  static_cast<void>(done);
  auto closed = co_await ws.close(cx);
  static_cast<void>(closed);  // it may be over already, or broken
}

}  // namespace

response accept_websocket(const request& r, websocket_handler f, websocket_options options) {
  if (const auto problems = options.problems(); !problems.empty()) {
    throw std::invalid_argument("accept_websocket: " + detail::in_one_line(problems));
  }
  auto reply = detail::answer_websocket(r, options);
  if (!reply.agreed) {
    return std::move(reply.answer);
  }
  conversation c{std::move(f), std::move(options), std::move(*reply.agreed)};
  return std::move(reply.answer)
      .upgrade("websocket", [made = std::move(c)](context& cx, std::unique_ptr<net::stream> s,
                                                  context& calm) mutable {
        return converse(cx, std::move(s), calm, std::move(made));
      });
}

}  // namespace fairlead::http
