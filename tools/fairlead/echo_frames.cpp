// SPDX-License-Identifier: BSL-1.0
#include "echo_replies.hpp"
#include "echo_servers.hpp"
#include "serve_until_stopped.hpp"

#include <fairlead/net/framed_server.hpp>
#include <fairlead/net/json_lines.hpp>
#include <fairlead/net/length_prefix.hpp>
#include <fairlead/net/line.hpp>

namespace fairlead::cli {

namespace {

net::any_framer framer_of(const echo_plan& plan) {
  switch (plan.protocol) {
    case echo_protocol::jsonl:
      return net::json_lines({.limit = plan.max_frame});
    case echo_protocol::length32:
      return net::length_prefix({.limit = plan.max_frame});
    default:
      return net::line({.limit = plan.max_frame});
  }
}

}  // namespace

task<result<void>> echo_frames(context& cx, const echo_plan& plan,
                               std::unique_ptr<net::listener> from) {
  echo_behaviour behaviour(plan);
  const bool json = plan.protocol == echo_protocol::jsonl;
  const auto answer = [&](context& inner, std::string_view text) -> task<result<std::string>> {
    const auto begun = co_await behaviour.begin(inner);
    if (!begun) {
      co_return fail(begun.error());
    }
    co_return json ? jsonl_reply(text) : std::string(text);
  };
  // Only JSON lines have a way to say that something failed; else the connection is closed.
  const auto reply_to = [json](std::string_view text,
                               const error& e) -> std::optional<std::string> {
    const auto said = e.get<errors::application>();
    if (!json || !said) {
      return std::nullopt;
    }
    return jsonl_error(text, said->code, said->message);
  };
  net::framed_server_options options;
  options.idle_timeout = plan.idle_timeout;
  options.handler_timeout = plan.delay + std::chrono::seconds(30);
  net::framed_server server(framer_of(plan), answer, reply_to, options);
  auto outcome = co_await serve_until_stopped(cx, server, std::move(from), drain_grace(plan));
  co_return outcome;
}

}  // namespace fairlead::cli
