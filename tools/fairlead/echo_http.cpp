// SPDX-License-Identifier: BSL-1.0
#include "echo_replies.hpp"
#include "echo_servers.hpp"
#include "serve_until_stopped.hpp"

#include <fairlead/http/error_response.hpp>
#include <fairlead/http/server.hpp>

namespace fairlead::cli {

namespace {

class echo_handler final : public http::handler {
 public:
  explicit echo_handler(const echo_plan& plan)
      : behaviour_(plan),
        envelope_(plan.protocol == echo_protocol::envelope ? envelope_echo() : nullptr) {}

  task<result<http::response>> handle(context& cx, const http::request& r) override {
    const auto begun = co_await behaviour_.begin(cx);
    if (begun && envelope_) {
      auto reply = co_await envelope_->handle(cx, r);
      co_return reply;
    }
    if (begun) {
      co_return http_reply(r);
    }
    const auto said = begun.error().get<errors::application>();
    if (!said) {
      co_return fail(begun.error());
    }
    co_return envelope_
        ? envelope_error(http::status::internal_server_error, said->message)
        : http::error_response(http::status::service_unavailable, said->code, said->message);
  }

 private:
  echo_behaviour behaviour_;
  std::shared_ptr<http::handler> envelope_;
};

http::router routes_of(const echo_plan& plan) {
  using http::method;
  http::router routes;
  const auto all = std::make_shared<echo_handler>(plan);
  if (plan.protocol == echo_protocol::envelope) {
    routes.add(method::post, "/{rest...}", all);
    return routes;
  }
  for (const auto m :
       {method::get, method::post, method::put, method::patch, method::del, method::options}) {
    routes.add(m, "/{rest...}", all);
  }
  return routes;
}

}  // namespace

task<result<void>> echo_http(context& cx, const echo_plan& plan,
                             std::unique_ptr<net::listener> from) {
  http::server_options options;
  options.idle_timeout(plan.idle_timeout)
      .max_body(plan.max_frame)
      .handler_timeout(plan.delay + std::chrono::seconds(30));
  http::server server(routes_of(plan), options);
  auto outcome = co_await serve_until_stopped(cx, server, std::move(from), drain_grace(plan));
  co_return outcome;
}

}  // namespace fairlead::cli
